//! The bytes of an entry, and the hash that chains it to the one before.
//!
//! | Octets | Field |
//! |---|---|
//! | 16 | `mdl-ledger-entry`, in ASCII |
//! | 1 | version of the encoding: 1 |
//! | 8 | sequence number, big endian |
//! | 32 | hash of the entry before; zeros for the first |
//! | 8 | time in microseconds since 1970-01-01 UTC, two's complement, big endian |
//! | 1 | purpose: 1 MSO, 2 status list token, 3 CRL, 4 checkpoint |
//! | 32 | SHA-256 of the signing key's SubjectPublicKeyInfo |
//! | 32 | SHA-256 of the bytes that were signed |
//! | 16 | the request |
//! | 4 | length of the tenant's name in octets, big endian |
//! | … | the tenant's name, UTF-8 |
//!
//! The only field without a fixed length comes last and is preceded by its length, so no two entries share an encoding.

use time::OffsetDateTime;

use crate::store::{Hash, LedgerDraft, LedgerHead, LedgerRow, SignaturePurpose};

const MAGIC: &[u8; 16] = b"mdl-ledger-entry";
const VERSION: u8 = 1;

/// The number of a purpose in the encoding; part of the format, never to be changed.
pub(crate) const fn purpose_number(purpose: SignaturePurpose) -> u8 {
    match purpose {
        SignaturePurpose::Mso => 1,
        SignaturePurpose::StatusList => 2,
        SignaturePurpose::Crl => 3,
        SignaturePurpose::Checkpoint => 4,
    }
}

/// The purpose with this number.
pub(crate) const fn purpose_of_number(number: i64) -> Option<SignaturePurpose> {
    match number {
        1 => Some(SignaturePurpose::Mso),
        2 => Some(SignaturePurpose::StatusList),
        3 => Some(SignaturePurpose::Crl),
        4 => Some(SignaturePurpose::Checkpoint),
        _ => None,
    }
}

/// Microseconds since 1970, as the encoding and the databases have them: what is finer is cut off.
pub(crate) fn microseconds(at: OffsetDateTime) -> i64 {
    // Years 1 to 9999, the range of the type, are well within 64 bits of microseconds.
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1000)).unwrap_or(i64::MAX)
}

/// The hash of an entry in its place: SHA-256 of the encoding above.
#[must_use]
pub fn entry_hash(sequence: u64, previous: Hash, entry: &LedgerDraft) -> Hash {
    let mut bytes = Vec::with_capacity(150 + entry.tenant.len());
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&previous.0);
    bytes.extend_from_slice(&microseconds(entry.at).to_be_bytes());
    bytes.push(purpose_number(entry.purpose));
    bytes.extend_from_slice(&entry.key.0);
    bytes.extend_from_slice(&entry.to_be_signed.0);
    bytes.extend_from_slice(&entry.request);
    let length = u32::try_from(entry.tenant.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(entry.tenant.as_bytes());
    Hash::of(&bytes)
}

/// Puts an entry behind the newest one.
pub(crate) fn chain(head: LedgerHead, entry: LedgerDraft) -> LedgerRow {
    let sequence = head.sequence + 1;
    LedgerRow {
        sequence,
        previous: head.hash,
        hash: entry_hash(sequence, head.hash, &entry),
        entry,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn draft() -> LedgerDraft {
        LedgerDraft {
            at: datetime!(2026-06-15 12:00:00.000_001 UTC),
            tenant: "utopia".into(),
            purpose: SignaturePurpose::Mso,
            key: Hash([1; 32]),
            to_be_signed: Hash([2; 32]),
            request: [3; 16],
        }
    }

    #[test]
    fn the_encoding_is_the_documented_one() {
        let mut expected = b"mdl-ledger-entry\x01".to_vec();
        expected.extend(9_u64.to_be_bytes());
        expected.extend([8; 32]);
        expected.extend(1_781_524_800_000_001_i64.to_be_bytes());
        expected.push(1);
        expected.extend([1; 32]);
        expected.extend([2; 32]);
        expected.extend([3; 16]);
        expected.extend([0, 0, 0, 6]);
        expected.extend(b"utopia");
        assert_eq!(entry_hash(9, Hash([8; 32]), &draft()), Hash::of(&expected));
    }

    #[test]
    fn every_field_counts() {
        let hash = |sequence, previous, entry: LedgerDraft| {
            entry_hash(sequence, Hash([previous; 32]), &entry)
        };
        let original = hash(1, 0, draft());
        let others = [
            hash(2, 0, draft()),
            hash(1, 1, draft()),
            hash(
                1,
                0,
                LedgerDraft {
                    at: datetime!(2026-06-15 12:00 UTC),
                    ..draft()
                },
            ),
            hash(
                1,
                0,
                LedgerDraft {
                    tenant: "utopiA".into(),
                    ..draft()
                },
            ),
            hash(
                1,
                0,
                LedgerDraft {
                    purpose: SignaturePurpose::Crl,
                    ..draft()
                },
            ),
            hash(
                1,
                0,
                LedgerDraft {
                    key: Hash([0; 32]),
                    ..draft()
                },
            ),
            hash(
                1,
                0,
                LedgerDraft {
                    to_be_signed: Hash([0; 32]),
                    ..draft()
                },
            ),
            hash(
                1,
                0,
                LedgerDraft {
                    request: [0; 16],
                    ..draft()
                },
            ),
        ];
        for (number, other) in others.iter().enumerate() {
            assert_ne!(*other, original, "{number}");
        }
    }
}
