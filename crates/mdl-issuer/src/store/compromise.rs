//! A document signer whose key may be in other hands: what it signed is withdrawn, and its holders get other documents.

use time::OffsetDateTime;

use super::{Hash, IssuanceId};

/// The reason of the status changes that follow from a compromise.
pub const SIGNER_COMPROMISED: &str = "document-signer-compromised";

/// Somebody says that a key may be in other hands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CompromiseReport {
    /// SHA-256 of the certificate (DER).
    pub document_signer: Hash,
    /// When.
    pub at: OffsetDateTime,
    /// Who.
    pub actor: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// A report, and how far the withdrawal is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Compromise {
    /// The first report.
    pub report: CompromiseReport,
    /// Batches that are done with.
    pub batches: u64,
    /// Documents that were made invalid.
    pub documents: u64,
    /// When nothing was left.
    pub finished_at: Option<OffsetDateTime>,
}

/// What is still to be done for a compromise.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CompromiseProgress {
    /// Batches that are not withdrawn yet.
    pub remaining_batches: u64,
    /// People, and what they had of it: waiting to be offered another one.
    pub waiting: u64,
    /// Waiting, and nobody knows any more for whom: the wallet has to come by itself.
    pub unreachable: u64,
    /// Offered and not collected yet.
    pub offered: u64,
    /// With other documents.
    pub replaced: u64,
}

/// Somebody who is to be offered other documents.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reissue {
    /// The tenant's name.
    pub tenant: String,
    /// Keyed hash of the subject reference.
    pub subject: Hash,
    /// What they had.
    pub configuration_id: String,
    /// For which the subject reference was sealed.
    pub issuance: IssuanceId,
    /// The sealed subject reference.
    pub sealed_subject: Vec<u8>,
    /// When it was queued.
    pub queued_at: OffsetDateTime,
    /// Offers that ran out.
    pub attempts: u32,
}

/// The next of the queue.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReissuesDue {
    /// Those whose documents would have been good for longest, first.
    pub due: Vec<Reissue>,
    /// How many were offered since the time asked about.
    pub offered_since: u64,
}
