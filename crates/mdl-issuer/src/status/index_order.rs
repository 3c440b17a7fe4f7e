//! The order in which the indices of a list are given out.
//!
//! A counter would tell who was licensed when, and which documents came together (Token Status List, 12 and 13). Random
//! draws collide more and more as a list fills. So the nth document gets the nth element of a secret permutation of all
//! indices: unpredictable without the key, and unique without a look at what was given out before.

use std::fmt;

use mdl_crypto::hmac_sha256;
use zeroize::Zeroizing;

const ROUNDS: u8 = 8;

/// A secret permutation of the indices below a size: a Feistel network over the next even number of bits, walked
/// until it lands below the size.
#[derive(Clone)]
pub struct IndexOrder {
    key: Zeroizing<[u8; 32]>,
    size: u32,
    half_bits: u32,
}

impl IndexOrder {
    /// The permutation of `0..size` under `key`. `size` is at least 1.
    #[must_use]
    pub fn new(key: [u8; 32], size: u32) -> Self {
        let bits = u32::BITS - size.saturating_sub(1).leading_zeros();
        Self {
            key: Zeroizing::new(key),
            size,
            half_bits: bits.div_ceil(2).max(1),
        }
    }

    /// How many indices there are.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// The index of the nth document, counted from 0. `None` beyond the size.
    #[must_use]
    pub fn index(&self, nth: u32) -> Option<u32> {
        if nth >= self.size {
            return None;
        }
        let mut value = u64::from(nth);
        // Walking a cycle of the larger permutation ends, because it leads back to `nth`, which is below the size.
        loop {
            value = self.permute(value);
            if value < u64::from(self.size) {
                return u32::try_from(value).ok();
            }
        }
    }

    fn permute(&self, value: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits, value & mask);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ (self.round(round, right) & mask));
        }
        (left << self.half_bits) | right
    }

    fn round(&self, round: u8, half: u64) -> u64 {
        let mac = hmac_sha256(&*self.key, &[&[round], &half.to_be_bytes()]);
        let mut first = [0; 8];
        first.copy_from_slice(&mac[..8]);
        u64::from_be_bytes(first)
    }
}

impl fmt::Debug for IndexOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexOrder")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_given_out_once() {
        for size in [1, 2, 3, 8, 1000, 4096] {
            let order = IndexOrder::new([9; 32], size);
            let mut given: Vec<u32> = (0..size).map(|nth| order.index(nth).unwrap()).collect();
            assert_eq!(order.index(size), None);
            given.sort_unstable();
            assert!(given.iter().copied().eq(0..size), "size {size}");
        }
    }

    #[test]
    fn another_key_gives_another_order() {
        let first = |key: u8| IndexOrder::new([key; 32], 1 << 20).index(0).unwrap();
        assert_ne!(first(1), first(2));
    }
}
