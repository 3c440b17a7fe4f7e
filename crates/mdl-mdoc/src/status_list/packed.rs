//! The list itself: one entry of one to eight bits for each credential. draft-ietf-oauth-status-list, 4.1 and 7.1.

use super::{CompressedStatusList, zlib};

/// Bits of one entry.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum StatusBits {
    /// Valid or not: the only width that ISO/IEC 18013-5 has.
    One,
    /// Room for suspension.
    Two,
    /// Room for values of an application.
    Four,
    /// Room for every value.
    Eight,
}

impl StatusBits {
    /// The number: 1, 2, 4 or 8.
    pub const fn get(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    /// The largest value of an entry.
    pub const fn max_value(self) -> u8 {
        u8::MAX >> (8 - self.get())
    }

    const fn entries_per_byte(self) -> u64 {
        8 / self.get() as u64
    }
}

impl TryFrom<u64> for StatusBits {
    type Error = UnknownStatusBits;

    fn try_from(bits: u64) -> Result<Self, UnknownStatusBits> {
        Ok(match bits {
            1 => Self::One,
            2 => Self::Two,
            4 => Self::Four,
            8 => Self::Eight,
            other => return Err(UnknownStatusBits(other)),
        })
    }
}

/// A width that does not exist.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("status entries of {0} bits; there are entries of 1, 2, 4 and 8")]
pub struct UnknownStatusBits(pub u64);

/// What an entry means (draft-ietf-oauth-status-list, 7.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StatusType {
    /// 0: valid.
    Valid,
    /// 1: revoked, for good.
    Invalid,
    /// 2: suspended for now.
    Suspended,
    /// An application's own or a reserved value. Whoever does not know it must not take it for valid.
    Other(u8),
}

impl From<u8> for StatusType {
    fn from(value: u8) -> Self {
        match value {
            0 => Self::Valid,
            1 => Self::Invalid,
            2 => Self::Suspended,
            other => Self::Other(other),
        }
    }
}

/// Entries, packed from the least significant bit of each byte on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusList {
    bits: StatusBits,
    packed: Vec<u8>,
}

/// Why an entry cannot be set.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// Beyond the end of the list.
    #[error("status index {idx} in a list of {len} entries")]
    OutOfRange {
        /// The index.
        idx: u64,
        /// Entries of the list.
        len: u64,
    },
    /// A value that needs more bits than an entry has.
    #[error("status value {value} does not fit in {bits} bits")]
    Value {
        /// The value.
        value: u8,
        /// Bits of an entry.
        bits: u8,
    },
}

impl StatusList {
    /// A list with room for at least `entries`, all valid. Their number is rounded up to whole bytes.
    pub fn new(bits: StatusBits, entries: usize) -> Self {
        let entries_per_byte = bits.entries_per_byte() as usize;
        Self::from_packed(bits, vec![0; entries.div_ceil(entries_per_byte)])
    }

    /// A list from its bytes as packed.
    pub fn from_packed(bits: StatusBits, packed: Vec<u8>) -> Self {
        Self { bits, packed }
    }

    /// Bits of an entry.
    pub fn bits(&self) -> StatusBits {
        self.bits
    }

    /// The bytes as packed.
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    /// How many entries there are.
    pub fn len(&self) -> u64 {
        self.packed.len() as u64 * self.bits.entries_per_byte()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// The value of an entry; `None` beyond the end.
    pub fn get(&self, idx: u64) -> Option<u8> {
        let (byte, shift) = place(self.bits, idx);
        let byte = self.packed.get(usize::try_from(byte).ok()?)?;
        Some((byte >> shift) & self.bits.max_value())
    }

    /// Changes an entry.
    ///
    /// # Errors
    /// An index beyond the end, or a value too large for an entry.
    pub fn set(&mut self, idx: u64, value: u8) -> Result<(), EntryError> {
        let len = self.len();
        let mask = self.bits.max_value();
        if value > mask {
            let bits = self.bits.get();
            return Err(EntryError::Value { value, bits });
        }
        let (byte, shift) = place(self.bits, idx);
        let byte = usize::try_from(byte)
            .ok()
            .and_then(|byte| self.packed.get_mut(byte))
            .ok_or(EntryError::OutOfRange { idx, len })?;
        *byte = *byte & !(mask << shift) | value << shift;
        Ok(())
    }

    /// The form in which a token carries the list, at the highest level of compression.
    pub fn compress(&self) -> CompressedStatusList {
        CompressedStatusList {
            bits: self.bits,
            lst: zlib::compress(&self.packed),
            aggregation_uri: None,
        }
    }
}

/// Byte and shift of an entry.
pub(super) fn place(bits: StatusBits, idx: u64) -> (u64, u32) {
    let entries_per_byte = bits.entries_per_byte();
    let shift = (idx % entries_per_byte) as u32 * u32::from(bits.get());
    (idx / entries_per_byte, shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTHS: [StatusBits; 4] = [
        StatusBits::One,
        StatusBits::Two,
        StatusBits::Four,
        StatusBits::Eight,
    ];

    #[test]
    fn entries_keep_to_themselves() {
        for bits in WIDTHS {
            let mut list = StatusList::new(bits, 64);
            assert_eq!(list.len(), 64);
            for idx in 0..64 {
                list.set(idx, (idx as u8).wrapping_mul(7) & bits.max_value())
                    .unwrap();
            }
            for idx in 0..64 {
                let expected = (idx as u8).wrapping_mul(7) & bits.max_value();
                assert_eq!(list.get(idx), Some(expected), "{bits:?} {idx}");
            }
            list.set(9, 0).unwrap();
            assert_eq!(list.get(9), Some(0));
            assert_eq!(list.get(8), Some(56 & bits.max_value()));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut list = StatusList::new(StatusBits::Two, 5);
        assert_eq!(list.len(), 8);
        assert_eq!(list.get(8), None);
        assert_eq!(list.get(u64::MAX), None);
        assert_eq!(
            list.set(8, 1),
            Err(EntryError::OutOfRange { idx: 8, len: 8 })
        );
        assert_eq!(list.set(0, 4), Err(EntryError::Value { value: 4, bits: 2 }));
        assert!(StatusList::new(StatusBits::One, 0).is_empty());
    }

    #[test]
    fn widths_and_values_have_their_meaning() {
        for bits in WIDTHS {
            assert_eq!(StatusBits::try_from(u64::from(bits.get())), Ok(bits));
        }
        for bits in [0, 3, 5, 16, u64::MAX] {
            assert_eq!(StatusBits::try_from(bits), Err(UnknownStatusBits(bits)));
        }
        let types = [0, 1, 2, 3, 255].map(StatusType::from);
        assert_eq!(
            types[..3],
            [
                StatusType::Valid,
                StatusType::Invalid,
                StatusType::Suspended
            ]
        );
        assert_eq!(types[3..], [StatusType::Other(3), StatusType::Other(255)]);
    }
}
