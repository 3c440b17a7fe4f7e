use super::DecodeErrorKind;

/// Major types of CBOR (RFC 8949, 3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MajorType {
    /// 0: an unsigned integer.
    Unsigned,
    /// 1: a negative integer, −1 − argument.
    Negative,
    /// 2: a byte string.
    Bytes,
    /// 3: a text string.
    Text,
    /// 4: an array.
    Array,
    /// 5: a map.
    Map,
    /// 6: a tag.
    Tag,
    /// 7: simple values and floats.
    Simple,
}

impl MajorType {
    /// Name for error messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned integer",
            Self::Negative => "negative integer",
            Self::Bytes => "byte string",
            Self::Text => "text string",
            Self::Array => "array",
            Self::Map => "map",
            Self::Tag => "tag",
            Self::Simple => "simple value or float",
        }
    }
}

/// One head (RFC 8949, 3): major type, argument, and how it was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) major: MajorType,
    /// Additional information, 0 to 31.
    pub(crate) info: u8,
    /// The argument; 0 for an indefinite length.
    pub(crate) argument: u64,
    /// Bytes of the head itself: 1, 2, 3, 5 or 9.
    pub(crate) len: usize,
}

impl Head {
    /// Reads the head at the start of `bytes`.
    #[inline]
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, DecodeErrorKind> {
        let (&initial, rest) = bytes.split_first().ok_or(DecodeErrorKind::Truncated)?;
        let major = match initial >> 5 {
            0 => MajorType::Unsigned,
            1 => MajorType::Negative,
            2 => MajorType::Bytes,
            3 => MajorType::Text,
            4 => MajorType::Array,
            5 => MajorType::Map,
            6 => MajorType::Tag,
            _ => MajorType::Simple,
        };
        let info = initial & 0x1f;
        match (info, rest) {
            // Nearly every head: no argument beyond the initial byte, or one of one byte.
            (0..=23, _) => Ok(Self {
                major,
                info,
                argument: u64::from(info),
                len: 1,
            }),
            (24, [argument, ..]) => Ok(Self {
                major,
                info,
                argument: u64::from(*argument),
                len: 2,
            }),
            _ => Self::read_longer(major, info, rest),
        }
    }

    /// The argument of a head of this type, and what follows it; `None` unless the head is there and as short as can
    /// be. The quick way.
    #[inline]
    pub(crate) fn split_shortest(major: MajorType, bytes: &[u8]) -> Option<(u64, &[u8])> {
        match *bytes {
            [initial, ref rest @ ..] if initial >> 5 == major as u8 && initial & 0x1f < 24 => {
                Some((u64::from(initial & 0x1f), rest))
            }
            [initial, argument @ 24..=255, ref rest @ ..] if initial == (major as u8) << 5 | 24 => {
                Some((u64::from(argument), rest))
            }
            _ => {
                let head = Self::read(bytes).ok().filter(|head| {
                    head.major == major && !head.is_indefinite() && !head.is_longer_than_needed()
                })?;
                Some((head.argument, bytes.get(head.len..)?))
            }
        }
    }

    /// Apart from [`read`](Self::read) so that it stays small enough to be inlined where items are walked over.
    #[inline(never)]
    fn read_longer(major: MajorType, info: u8, rest: &[u8]) -> Result<Self, DecodeErrorKind> {
        let (argument, len) = match info {
            25 => (u64::from(u16::from_be_bytes(first(rest)?)), 3),
            26 => (u64::from(u32::from_be_bytes(first(rest)?)), 5),
            27 => (u64::from_be_bytes(first(rest)?), 9),
            // Only strings, arrays, maps and the break come without an argument (RFC 8949, 3.2).
            31 if !matches!(
                major,
                MajorType::Unsigned | MajorType::Negative | MajorType::Tag
            ) =>
            {
                (0, 1)
            }
            24 => return Err(DecodeErrorKind::Truncated),
            _ => return Err(DecodeErrorKind::ReservedHead),
        };
        Ok(Self {
            major,
            info,
            argument,
            len,
        })
    }

    pub(crate) fn is_indefinite(self) -> bool {
        self.info == 31
    }

    pub(crate) fn is_break(self) -> bool {
        self.info == 31 && self.major == MajorType::Simple
    }

    /// Whether a shorter head could carry the same argument. Says nothing of floats, whose width carries precision.
    #[inline]
    pub(crate) fn is_longer_than_needed(self) -> bool {
        if self.info < 24 || self.major == MajorType::Simple {
            return false;
        }
        match self.info {
            24 => self.argument < 24,
            25 => self.argument <= 0xff,
            26 => self.argument <= 0xffff,
            27 => self.argument <= 0xffff_ffff,
            _ => false,
        }
    }
}

#[inline]
fn first<const N: usize>(bytes: &[u8]) -> Result<[u8; N], DecodeErrorKind> {
    bytes
        .first_chunk::<N>()
        .copied()
        .ok_or(DecodeErrorKind::Truncated)
}
