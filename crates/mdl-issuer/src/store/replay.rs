//! Values that count once.

use time::OffsetDateTime;

use super::Hash;

/// What a value that counts once is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum UsedPurpose {
    /// A `c_nonce` (OpenID4VCI 7).
    CredentialNonce,
    /// The `jti` of a DPoP proof together with its key (RFC 9449, 11.1).
    DpopProof,
    /// Ledger entries that belong to no issuance: the store's own, by which it knows a repetition.
    LedgerEntries,
}

/// A value that counts once, and the time from which on it is refused for its age alone.
#[derive(Clone, Copy, Debug)]
pub struct UsedValue {
    /// What it is.
    pub purpose: UsedPurpose,
    /// SHA-256 of the value, tenant included.
    pub value: Hash,
    /// When it gets too old; the record of it is kept for a while longer ([`CLOCK_DIFFERENCE`](super::CLOCK_DIFFERENCE)).
    pub expires_at: OffsetDateTime,
}
