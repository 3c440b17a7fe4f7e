//! Which document signer signs.
//!
//! The first that may, in the operator's order. One whose key failed a moment ago comes after the others, and a batch
//! whose document signer fails is signed by the next. The row of the issuance remembers the one that signed: a repeated
//! request is signed by the same one or by none, because another one's certificate and life would make other documents.

use mdl_signer::quota::{Admission, Busy, Priority, QuotaScheduler};
use time::{Duration, OffsetDateTime};

use super::reason::Reason;
use super::refusal::Refusal;
use crate::store::Hash;
use crate::tenant::{Authority, DocumentSigner};

/// How long one whose key failed comes after the others.
const REST: Duration = Duration::seconds(30);

impl DocumentSigner {
    /// Whether it signs at a time: within its certificate, early enough for every document to end before it does, and
    /// neither revoked nor waiting for approval.
    #[must_use]
    pub fn is_usable(&self, at: OffsetDateTime) -> bool {
        let window = self.guard.window();
        let signs = window.not_before()..=window.stop_signing();
        !self.guard.is_revoked() && !self.guard.is_held() && signs.contains(&at)
    }

    /// Whether its key failed a moment ago, and has not signed since.
    #[must_use]
    pub fn rests(&self, at: OffsetDateTime) -> bool {
        let failed_at = self.guard.failed_at();
        failed_at.is_some_and(|failed_at| at < failed_at + REST)
    }
}

/// A document signer whose key store has taken on the signatures of a batch.
pub(super) struct Engaged<'a> {
    pub(super) signer: &'a DocumentSigner,
    /// None where the key store is not limited.
    pub(super) admission: Option<Admission>,
}

impl DocumentSigner {
    /// Takes on the signatures of a batch that somebody waits for.
    pub(super) fn engage(&self, signatures: u32) -> Result<Engaged<'_>, Busy> {
        let admit = |store: &QuotaScheduler| store.admit(Priority::Interactive, signatures);
        Ok(Engaged {
            signer: self,
            admission: self.key_store.as_ref().map(admit).transpose()?,
        })
    }
}

impl Authority {
    /// The document signer for so many documents that are issued now, and that none of `failed` signs.
    pub(super) fn engage(
        &self,
        signatures: u32,
        failed: &[Hash],
        now: OffsetDateTime,
    ) -> Result<Engaged<'_>, Refusal> {
        let others = || {
            let signers = self.document_signers.iter().map(|signer| &**signer);
            signers.filter(|signer| signer.is_usable(now) && !failed.contains(&signer.id))
        };
        // If all failed, one of them may be back.
        let in_order = others()
            .filter(|signer| !signer.rests(now))
            .chain(others().filter(|signer| signer.rests(now)));
        let mut soonest: Option<Busy> = None;
        for signer in in_order {
            match signer.engage(signatures) {
                Ok(engaged) => return Ok(engaged),
                Err(busy)
                    if soonest.is_none_or(|soonest| busy.retry_after < soonest.retry_after) =>
                {
                    soonest = Some(busy);
                }
                Err(_) => {}
            }
        }
        Err(soonest.map_or_else(|| Reason::NoDocumentSigner.into(), Refusal::from))
    }

    /// The document signer that an issuance was begun with, if it still signs.
    pub(super) fn same_document_signer(
        &self,
        id: Hash,
        now: OffsetDateTime,
    ) -> Option<&DocumentSigner> {
        self.document_signers
            .iter()
            .map(|signer| &**signer)
            .find(|signer| signer.id == id && signer.is_usable(now))
    }
}
