//! Ledger entries as the store keeps them. How they are chained is said in [`crate::ledger`].

use time::OffsetDateTime;

use super::Hash;

/// What a signature was made for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignaturePurpose {
    /// A mobile security object.
    Mso,
    /// A status list token.
    StatusList,
    /// A certificate revocation list.
    Crl,
    /// A checkpoint of the ledger itself.
    Checkpoint,
}

/// An entry to be appended: one signature.
#[derive(Clone, Debug)]
pub struct LedgerDraft {
    /// When it was made.
    pub at: OffsetDateTime,
    /// The tenant's name.
    pub tenant: String,
    /// What for.
    pub purpose: SignaturePurpose,
    /// SHA-256 of the signing key's SubjectPublicKeyInfo.
    pub key: Hash,
    /// SHA-256 of the bytes that were signed.
    pub to_be_signed: Hash,
    /// The request that asked for it.
    pub request: [u8; 16],
}

/// An entry in its place.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// From 1, without gaps.
    pub sequence: u64,
    /// Hash of the entry before; zeros for the first.
    pub previous: Hash,
    /// Hash of this entry: over `previous`, the sequence number and the content.
    pub hash: Hash,
    /// The content.
    pub entry: LedgerDraft,
}

/// The newest entry: sequence number and hash; 0 and zeros while there is none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LedgerHead {
    /// Its number.
    pub sequence: u64,
    /// Its hash.
    pub hash: Hash,
}

/// A signed statement of what the newest entry was at some time: entries up to it can no longer be cut off unseen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LedgerCheckpoint {
    /// The entry it is about.
    pub head: LedgerHead,
    /// When it was signed.
    pub at: OffsetDateTime,
    /// The compact JWS, see [`crate::ledger`].
    pub token: String,
}
