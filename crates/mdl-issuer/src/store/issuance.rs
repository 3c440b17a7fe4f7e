//! Issuances: batches of documents for one request.
//!
//! The row holds everything that makes a batch what it is besides the record and the document signer: seed, time,
//! status positions. Building the batch again from the row gives the same mobile security objects, so a request that is
//! repeated after a crash or a lost answer never makes a second batch.

use time::OffsetDateTime;

use super::{GrantId, Hash, IssuanceId, LedgerDraft, StatusPosition, UsedValue};

/// What a reservation would create if the request is new.
#[derive(Clone, Debug)]
pub struct NewIssuance {
    /// Random.
    pub id: IssuanceId,
    /// 32 random bytes, sealed: salts and digest identifiers come from it.
    pub sealed_seed: Vec<u8>,
    /// SHA-256 of the certificate (DER) of the document signer that is to sign.
    pub document_signer: Hash,
    /// The time from which the validity of the documents is counted.
    pub issued_at: OffsetDateTime,
    /// When a repetition is no longer answered, and the seed is erased.
    pub repeatable_until: OffsetDateTime,
    /// The latest end that the documents may have, if each gets a place in a status list.
    pub status_until: Option<OffsetDateTime>,
}

/// How much one grant, one person and one device key may have.
#[derive(Clone, Copy, Debug)]
pub struct ReservationLimits {
    /// Issuances under one grant.
    pub batches_per_grant: u32,
    /// Documents for one person since `counted_from`.
    pub documents_per_subject: u32,
    /// Where the counting begins.
    pub counted_from: OffsetDateTime,
}

/// A credential request that has passed every check that needs no store.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// The tenant's name.
    pub tenant: String,
    /// Under which grant.
    pub grant: GrantId,
    /// Keyed hash of the subject reference.
    pub subject: Hash,
    /// What identifies the request: SHA-256 over configuration and sorted device key thumbprints.
    pub request_key: Hash,
    /// What is asked for.
    pub configuration_id: String,
    /// Keyed hashes of the device keys, in the order of the proofs: one document each.
    pub device_keys: Vec<Hash>,
    /// The `c_nonce`, if the request had one. Used before by this very request: a repetition. By another: refused.
    pub nonce: Option<UsedValue>,
    /// The DPoP proof's `jti`.
    pub once: Vec<UsedValue>,
    /// Bounds.
    pub limits: ReservationLimits,
    /// What to create.
    pub new: NewIssuance,
    /// Now.
    pub now: OffsetDateTime,
}

/// What became of a reservation. Nothing is recorded, not even the nonce, unless it is `Reserved` or `Repeated`.
#[derive(Clone, Debug)]
pub enum ReservationOutcome {
    /// A new issuance.
    Reserved(Issuance),
    /// The request was here before: this is what it began.
    Repeated(Issuance),
    /// The request was here before, and was answered again as often as any is
    /// ([`MAX_REPETITIONS`](super::MAX_REPETITIONS)).
    RepeatedTooOften,
    /// The `c_nonce` was used by another request.
    NonceUsed,
    /// A value that counts once came again.
    Replayed,
    /// The grant is gone, expired or of another tenant.
    GrantOver,
    /// The grant has had all its batches.
    GrantExhausted,
    /// The person has had all documents for the period.
    SubjectLimit,
    /// A device key is in another document.
    DeviceKeyUsed,
    /// No status list has room: an operator's fault, worth a retry.
    NoStatusPosition,
}

/// Where an issuance stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IssuanceState {
    /// Begun; no signature has left.
    Reserved,
    /// In the ledger; its signatures may have left.
    Issued {
        /// SHA-256 over the to-be-signed bytes of all documents, in order.
        to_be_signed: Hash,
    },
}

/// An issuance as kept.
#[derive(Clone, Debug)]
pub struct Issuance {
    /// As created.
    pub id: IssuanceId,
    /// The tenant's name.
    pub tenant: String,
    /// Under which grant.
    pub grant: GrantId,
    /// Keyed hash of the subject reference.
    pub subject: Hash,
    /// What was asked for.
    pub configuration_id: String,
    /// Documents of the batch.
    pub batch_size: u32,
    /// The sealed seed, until it is erased.
    pub sealed_seed: Option<Vec<u8>>,
    /// SHA-256 of the certificate (DER) of the document signer: the one that is to sign, then the one that did.
    pub document_signer: Hash,
    /// As created.
    pub issued_at: OffsetDateTime,
    /// As created.
    pub repeatable_until: OffsetDateTime,
    /// One position per document, in the order of the proofs; empty without status.
    pub status: Vec<StatusPosition>,
    /// Where it stands.
    pub state: IssuanceState,
    /// When the documents end: those that were issued.
    pub valid_until: Option<OffsetDateTime>,
    /// What the wallet last reported.
    pub notified: Option<NotificationEvent>,
}

/// The end of an issuance, before its signatures leave.
#[derive(Clone, Debug)]
pub struct Completion {
    /// Which.
    pub id: IssuanceId,
    /// SHA-256 of the certificate (DER) of the document signer that signed: another than the issuance began with, if the
    /// key of that one failed.
    pub document_signer: Hash,
    /// SHA-256 over the to-be-signed bytes of all documents, in order.
    pub to_be_signed: Hash,
    /// When the documents end.
    pub valid_until: OffsetDateTime,
    /// SHA-256 of the `notification_id` that the wallet will be told.
    pub notification: Option<Hash>,
    /// The subject reference, sealed for this issuance: whom to offer others, should these be withdrawn.
    pub sealed_subject: Option<Vec<u8>>,
    /// One per signature.
    pub ledger: Vec<LedgerDraft>,
    /// Now.
    pub now: OffsetDateTime,
}

/// What became of a completion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CompletionOutcome {
    /// In the ledger: the answer may leave. Also for a repetition with the same bytes, whose new signatures have ledger
    /// entries of their own.
    Completed,
    /// Was completed with other bytes or by another document signer: these signatures must not leave. Nothing was
    /// recorded.
    Differs,
}

/// What a wallet reports (OpenID4VCI 11.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotificationEvent {
    /// `credential_accepted`: the seed is erased.
    Accepted,
    /// `credential_failure`
    Failure,
    /// `credential_deleted`
    Deleted,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotificationOutcome {
    /// Recorded, now or before.
    Recorded,
    /// No such identifier under this grant.
    Unknown,
}
