use super::MajorType;

/// Writes heads and strings in shortest form with definite lengths (18013-5, 8.1).
///
/// The verifier uses it only for the frames of `Sig_structure` and its kin, around slices that stay as received.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

/// Length only: what is written may be personal data.
impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Writer({} bytes)", self.bytes.len())
    }
}

impl Writer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
        }
    }

    /// Writes after what is there.
    pub(crate) fn onto(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    pub(crate) fn head(&mut self, major: MajorType, argument: u64) -> &mut Self {
        let major = (major as u8) << 5;
        let big_endian = argument.to_be_bytes();
        match argument {
            0..=23 => self.bytes.push(major | argument as u8),
            24..=0xff => self.bytes.extend_from_slice(&[major | 24, argument as u8]),
            0x100..=0xffff => {
                self.bytes.push(major | 25);
                self.bytes.extend_from_slice(&big_endian[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.bytes.push(major | 26);
                self.bytes.extend_from_slice(&big_endian[4..]);
            }
            _ => {
                self.bytes.push(major | 27);
                self.bytes.extend_from_slice(&big_endian);
            }
        }
        self
    }

    pub(crate) fn unsigned(&mut self, value: u64) -> &mut Self {
        self.head(MajorType::Unsigned, value)
    }

    pub(crate) fn integer(&mut self, value: i64) -> &mut Self {
        match u64::try_from(value) {
            Ok(value) => self.head(MajorType::Unsigned, value),
            Err(_) => self.head(MajorType::Negative, value.unsigned_abs() - 1),
        }
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(MajorType::Bytes, value.len() as u64).raw(value)
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.head(MajorType::Text, value.len() as u64)
            .raw(value.as_bytes())
    }

    pub(crate) fn array(&mut self, len: usize) -> &mut Self {
        self.head(MajorType::Array, len as u64)
    }

    pub(crate) fn map(&mut self, len: usize) -> &mut Self {
        self.head(MajorType::Map, len as u64)
    }

    pub(crate) fn tag(&mut self, number: u64) -> &mut Self {
        self.head(MajorType::Tag, number)
    }

    /// `#6.24(bstr)` around `content`.
    pub(crate) fn encoded_cbor(&mut self, content: &[u8]) -> &mut Self {
        self.tag(24).bytes(content)
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.raw(&[0xf6])
    }

    pub(crate) fn boolean(&mut self, value: bool) -> &mut Self {
        self.raw(&[if value { 0xf5 } else { 0xf4 }])
    }

    /// Bytes that already are CBOR.
    pub(crate) fn raw(&mut self, encoded: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(encoded);
        self
    }

    /// `len` zero bytes, to be filled by the caller.
    pub(crate) fn zeroed(&mut self, len: usize) -> &mut [u8] {
        let start = self.bytes.len();
        self.bytes.resize(start + len, 0);
        &mut self.bytes[start..]
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Bytes that a head with this argument takes: 1, 2, 3, 5 or 9.
pub(crate) fn head_len(argument: u64) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}
