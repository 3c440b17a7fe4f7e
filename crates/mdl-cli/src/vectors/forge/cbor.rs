//! CBOR as a forger needs it: written in shortest form unless told otherwise, and able to write what no encoder would.

/// A data item to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cbor {
    Unsigned(u64),
    /// The integer −1 − n.
    Negative(u64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Self>),
    Map(Map),
    Tag(u64, Box<Self>),
    Bool(bool),
    Null,
    /// Written as it is, well-formed or not.
    Raw(Vec<u8>),
}

/// Entries in the order of writing; nothing keeps keys apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Map(pub(crate) Vec<(Cbor, Cbor)>);

impl Cbor {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    /// `#6.24(bstr)` around encoded CBOR.
    pub(crate) fn encoded(content: Vec<u8>) -> Self {
        Self::Tag(24, Box::new(Self::Bytes(content)))
    }

    /// `tdate`: tag 0.
    pub(crate) fn tdate(text: &str) -> Self {
        Self::Tag(0, Box::new(text.into()))
    }

    /// `full-date`: tag 1004.
    pub(crate) fn full_date(text: &str) -> Self {
        Self::Tag(1004, Box::new(text.into()))
    }

    /// The same item with its first head written in nine bytes.
    pub(crate) fn with_longest_head(&self) -> Self {
        let shortest = self.to_bytes();
        let (initial, rest) = (shortest[0], &shortest[1..]);
        let len = match initial & 0x1f {
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => 0,
        };
        let argument = match len {
            0 => u64::from(initial & 0x1f),
            _ => rest[..len]
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        let mut wide = vec![initial & 0xe0 | 27];
        wide.extend(argument.to_be_bytes());
        wide.extend(&rest[len..]);
        Self::Raw(wide)
    }

    /// An array, map or string in indefinite length; a string in one chunk.
    pub(crate) fn with_indefinite_length(&self) -> Self {
        let mut bytes = Vec::new();
        match self {
            Self::Array(elements) => {
                bytes.push(0x9f);
                elements
                    .iter()
                    .for_each(|element| element.write(&mut bytes));
            }
            Self::Map(map) => {
                bytes.push(0xbf);
                map.write_entries(&mut bytes);
            }
            Self::Text(_) => {
                bytes.push(0x7f);
                self.write(&mut bytes);
            }
            string => {
                bytes.push(0x5f);
                string.write(&mut bytes);
            }
        }
        bytes.push(0xff);
        Self::Raw(bytes)
    }

    /// The entries of a map, for changing them.
    pub(crate) fn as_map(&mut self) -> &mut Map {
        match self {
            Self::Map(map) => map,
            other => panic!("the forge made a map here, not {other:?}"),
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Unsigned(value) => write_head(bytes, 0, *value),
            Self::Negative(value) => write_head(bytes, 1, *value),
            Self::Bytes(content) => {
                write_head(bytes, 2, content.len() as u64);
                bytes.extend(content);
            }
            Self::Text(text) => {
                write_head(bytes, 3, text.len() as u64);
                bytes.extend(text.as_bytes());
            }
            Self::Array(elements) => {
                write_head(bytes, 4, elements.len() as u64);
                elements.iter().for_each(|element| element.write(bytes));
            }
            Self::Map(map) => {
                write_head(bytes, 5, map.0.len() as u64);
                map.write_entries(bytes);
            }
            Self::Tag(number, content) => {
                write_head(bytes, 6, *number);
                content.write(bytes);
            }
            Self::Bool(false) => bytes.push(0xf4),
            Self::Bool(true) => bytes.push(0xf5),
            Self::Null => bytes.push(0xf6),
            Self::Raw(raw) => bytes.extend(raw),
        }
    }
}

/// A head in its shortest form.
pub(crate) fn write_head(bytes: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    let big_endian = argument.to_be_bytes();
    match argument {
        0..=23 => bytes.push(major | argument as u8),
        24..=0xff => bytes.extend([major | 24, argument as u8]),
        0x100..=0xffff => {
            bytes.push(major | 25);
            bytes.extend(&big_endian[6..]);
        }
        0x1_0000..=0xffff_ffff => {
            bytes.push(major | 26);
            bytes.extend(&big_endian[4..]);
        }
        _ => {
            bytes.push(major | 27);
            bytes.extend(big_endian);
        }
    }
}

impl Map {
    pub(crate) fn new<K: Into<Cbor>>(entries: impl IntoIterator<Item = (K, Cbor)>) -> Self {
        Self(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    }

    /// Replaces the value of a key in its place, or adds the entry at the end.
    pub(crate) fn set(&mut self, key: impl Into<Cbor>, value: impl Into<Cbor>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(other, _)| *other == key) {
            Some(entry) => entry.1 = value,
            None => self.0.push((key, value)),
        }
    }

    /// Adds an entry, whether or not its key is there already.
    pub(crate) fn push(&mut self, key: impl Into<Cbor>, value: impl Into<Cbor>) {
        self.0.push((key.into(), value.into()));
    }

    pub(crate) fn remove(&mut self, key: impl Into<Cbor>) {
        let key = key.into();
        self.0.retain(|(other, _)| *other != key);
    }

    pub(crate) fn rename(&mut self, key: impl Into<Cbor>, new: impl Into<Cbor>) {
        let key = key.into();
        if let Some(entry) = self.0.iter_mut().find(|(other, _)| *other == key) {
            entry.0 = new.into();
        }
    }

    /// The value of a key that the forge put there.
    pub(crate) fn value(&mut self, key: impl Into<Cbor>) -> &mut Cbor {
        let key = key.into();
        match self.0.iter_mut().find(|(other, _)| *other == key) {
            Some((_, value)) => value,
            None => panic!("the forge made no entry {key:?}"),
        }
    }

    /// The map under a key that the forge put there.
    pub(crate) fn map(&mut self, key: impl Into<Cbor>) -> &mut Self {
        self.value(key).as_map()
    }

    fn write_entries(&self, bytes: &mut Vec<u8>) {
        for (key, value) in &self.0 {
            key.write(bytes);
            value.write(bytes);
        }
    }
}

impl From<i64> for Cbor {
    fn from(value: i64) -> Self {
        match u64::try_from(value) {
            Ok(value) => Self::Unsigned(value),
            Err(_) => Self::Negative(value.unsigned_abs() - 1),
        }
    }
}

impl From<i32> for Cbor {
    fn from(value: i32) -> Self {
        i64::from(value).into()
    }
}

impl From<&str> for Cbor {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cbor {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Cbor {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Cbor {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<bool> for Cbor {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Map> for Cbor {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<Vec<Self>> for Cbor {
    fn from(elements: Vec<Self>) -> Self {
        Self::Array(elements)
    }
}
