//! One record of a key's use, and one entry of the ledger, as small as sorting needs them.

use super::sorted::Record;

/// A record: a key was used, or somebody tried to.
///
/// The order brings duplicates, which CloudTrail delivers now and then, beside each other.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct KeyUse {
    /// Which key, see [`KeyNames`](super::KeyNames).
    pub(super) key: u32,
    /// Microseconds since 1970.
    pub(super) at: i64,
    /// What tells it from others: the event's identifier.
    pub(super) id: [u8; 16],
    /// 0 for a signature; otherwise the reason why there is none, see [`Failures`](super::tally::Failures).
    pub(super) failure: u32,
    /// Who, see [`Principals`](super::Principals).
    pub(super) principal: u32,
    /// Number of the file it was read from.
    pub(super) file: u32,
    /// Its place in the file, from 1.
    pub(super) number: u32,
}

impl KeyUse {
    /// Whether it is another delivery of the same record.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.key, self.at, self.id, self.failure) == (other.key, other.at, other.id, other.failure)
    }
}

/// An entry of the ledger.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Entry {
    pub(super) key: u32,
    /// Microseconds since 1970.
    pub(super) at: i64,
    pub(super) sequence: u64,
}

impl Record for KeyUse {
    type Bytes = [u8; 44];
    const ZEROS: [u8; 44] = [0; 44];

    fn to_bytes(self) -> [u8; 44] {
        let mut bytes = Self::ZEROS;
        bytes[..4].copy_from_slice(&self.key.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.at.to_le_bytes());
        bytes[12..28].copy_from_slice(&self.id);
        bytes[28..32].copy_from_slice(&self.failure.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.principal.to_le_bytes());
        bytes[36..40].copy_from_slice(&self.file.to_le_bytes());
        bytes[40..].copy_from_slice(&self.number.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; 44]) -> Self {
        Self {
            key: u32::from_le_bytes(part(bytes, 0)),
            at: i64::from_le_bytes(part(bytes, 4)),
            id: part(bytes, 12),
            failure: u32::from_le_bytes(part(bytes, 28)),
            principal: u32::from_le_bytes(part(bytes, 32)),
            file: u32::from_le_bytes(part(bytes, 36)),
            number: u32::from_le_bytes(part(bytes, 40)),
        }
    }
}

impl Record for Entry {
    type Bytes = [u8; 20];
    const ZEROS: [u8; 20] = [0; 20];

    fn to_bytes(self) -> [u8; 20] {
        let mut bytes = Self::ZEROS;
        bytes[..4].copy_from_slice(&self.key.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.at.to_le_bytes());
        bytes[12..].copy_from_slice(&self.sequence.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; 20]) -> Self {
        Self {
            key: u32::from_le_bytes(part(bytes, 0)),
            at: i64::from_le_bytes(part(bytes, 4)),
            sequence: u64::from_le_bytes(part(bytes, 12)),
        }
    }
}

fn part<const N: usize>(bytes: &[u8], from: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[from..from + N]);
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_were_written() {
        let key_use = KeyUse {
            key: 1,
            at: -2,
            id: [3; 16],
            failure: 4,
            principal: 5,
            file: 6,
            number: 7,
        };
        assert_eq!(KeyUse::from_bytes(&key_use.to_bytes()), key_use);
        let entry = Entry {
            key: 1,
            at: 2,
            sequence: u64::MAX,
        };
        assert_eq!(Entry::from_bytes(&entry.to_bytes()), entry);
    }
}
