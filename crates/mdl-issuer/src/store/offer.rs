//! Credential offers and the grants that they become.

use time::OffsetDateTime;

use super::{GrantId, Hash, OfferId, UsedValue};

/// A subject reference at rest.
#[derive(Clone, Debug)]
pub struct SealedSubject {
    /// The reference, encrypted by [`crate::seal`].
    pub sealed: Vec<u8>,
    /// Its keyed hash ([`crate::secret::Purpose::Subject`]), under which a person is found again.
    pub hash: Hash,
}

/// What a transaction code must be (OpenID4VCI 4.1.1, `tx_code`).
#[derive(Clone, Debug)]
pub struct TxCodeRule {
    /// Keyed hash of offer and code ([`crate::secret::Purpose::TxCode`]).
    pub hash: Hash,
    /// Digits only, rather than any text.
    pub is_numeric: bool,
    /// Characters of the code.
    pub length: u8,
    /// Wrong codes that are still forgiven before the offer is locked.
    pub attempts_left: u8,
}

/// An offer to be kept.
#[derive(Clone, Debug)]
pub struct NewOffer {
    /// Random; also the end of the offer's address when it is given by reference.
    pub id: OfferId,
    /// The tenant's name.
    pub tenant: String,
    /// What may be collected.
    pub configuration_ids: Vec<String>,
    /// For whom.
    pub subject: SealedSubject,
    /// SHA-256 of the pre-authorized code.
    pub code: Hash,
    /// The transaction code that is asked for, if any.
    pub tx_code: Option<TxCodeRule>,
    /// Now.
    pub created_at: OffsetDateTime,
    /// When it ends unredeemed.
    pub expires_at: OffsetDateTime,
}

/// Where an offer stands. That it has expired follows from the time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OfferState {
    /// May be redeemed.
    Open,
    /// The code was traded for a token.
    Redeemed,
    /// An operator took it back.
    Cancelled,
    /// Too many wrong transaction codes.
    Locked,
}

/// An offer as kept. The sealed subject is gone once the offer is over.
#[derive(Clone, Debug)]
pub struct Offer {
    /// As created.
    pub id: OfferId,
    /// As created.
    pub tenant: String,
    /// As created.
    pub configuration_ids: Vec<String>,
    /// Keyed hash of the subject reference.
    pub subject: Hash,
    /// As created, with the attempts that are left.
    pub tx_code: Option<TxCodeRule>,
    /// Where it stands.
    pub state: OfferState,
    /// As created.
    pub created_at: OffsetDateTime,
    /// As created.
    pub expires_at: OffsetDateTime,
}

/// Which offers to list.
#[derive(Clone, Debug)]
pub struct OfferFilter {
    /// The tenant's name.
    pub tenant: String,
    /// Only offers for this subject.
    pub subject: Option<Hash>,
    /// Only offers older than this one: the last of the page before.
    pub before: Option<OfferId>,
    /// Rows of a page, at most 1,000.
    pub limit: u32,
}

/// A grant to be made of an offer.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Random.
    pub id: GrantId,
    /// SHA-256 of the access token.
    pub token: Hash,
    /// JWK thumbprint of the DPoP key that the token is bound to; `None` for a bearer token.
    pub dpop_key: Option<Hash>,
    /// What may be collected: the offer's configurations, or those of them that the wallet asked for.
    pub configuration_ids: Vec<String>,
    /// Whether the wallet was told credential identifiers, and so names what it collects by them (OpenID4VCI 6.2).
    pub by_identifier: bool,
    /// The `client_id` of the token request; `None` for anonymous access (6.1). Shared by all instances of a wallet.
    pub client_id: Option<String>,
    /// When the token ends.
    pub expires_at: OffsetDateTime,
}

/// A token request that has passed every check that needs no store.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// The tenant's name.
    pub tenant: String,
    /// The offer that [`Store::offer_by_code`](super::Store::offer_by_code) found.
    pub offer: OfferId,
    /// Keyed hash of offer and transaction code, if one was sent.
    pub tx_code: Option<Hash>,
    /// What the code is traded for.
    pub grant: NewGrant,
    /// The `jti` of the DPoP proof, which counts once; consumed only with the code.
    pub once: Vec<UsedValue>,
    /// Now.
    pub now: OffsetDateTime,
}

/// What became of a token request.
#[expect(
    clippy::large_enum_variant,
    reason = "made once per request and taken apart at once: a box would cost more than it saves"
)]
#[derive(Clone, Debug)]
pub enum RedemptionOutcome {
    /// The code is used up, and this is the grant.
    Granted(Grant),
    /// No such code, or its offer is expired, redeemed, cancelled or locked.
    NotOpen,
    /// The offer asks for a transaction code and none was sent.
    TxCodeMissing,
    /// The offer asks for none and one was sent.
    TxCodeUnexpected,
    /// Not the right one; `left` more tries, at 0 the offer is locked.
    TxCodeWrong {
        /// Tries that are left.
        left: u8,
    },
    /// A value that counts once came again.
    Replayed,
}

/// What an access token stands for.
#[derive(Clone, Debug)]
pub struct Grant {
    /// As made.
    pub id: GrantId,
    /// The tenant's name.
    pub tenant: String,
    /// The offer it was made of.
    pub offer: OfferId,
    /// As made.
    pub configuration_ids: Vec<String>,
    /// As made.
    pub by_identifier: bool,
    /// As made.
    pub client_id: Option<String>,
    /// For whom.
    pub subject: SealedSubject,
    /// As made.
    pub dpop_key: Option<Hash>,
    /// When the token ends.
    pub expires_at: OffsetDateTime,
}
