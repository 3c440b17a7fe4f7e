//! Which document signer signs.
//!
//! The first that may, in the operator's order. One whose key failed a moment ago comes after the others, and a batch
//! whose document signer fails is signed by the next. The row of the issuance remembers the one that signed: a repeated
//! request is signed by the same one or by none, because another one's certificate and life would make other documents.

use time::{Duration, OffsetDateTime};

use crate::store::Hash;
use crate::tenant::{Authority, DocumentSigner};

/// How long one whose key failed comes after the others.
const REST: Duration = Duration::seconds(30);

impl DocumentSigner {
    /// Whether it signs at a time: within its certificate, early enough for every document to end before it does, and
    /// not revoked.
    #[must_use]
    pub fn is_usable(&self, at: OffsetDateTime) -> bool {
        let window = self.guard.window();
        let signs = window.not_before()..=window.stop_signing();
        !self.guard.is_revoked() && signs.contains(&at)
    }

    /// Whether its key failed a moment ago, and has not signed since.
    #[must_use]
    pub fn rests(&self, at: OffsetDateTime) -> bool {
        let failed_at = self.guard.failed_at();
        failed_at.is_some_and(|failed_at| at < failed_at + REST)
    }
}

impl Authority {
    /// The document signer for documents that are issued now.
    #[must_use]
    pub fn document_signer(&self, now: OffsetDateTime) -> Option<&DocumentSigner> {
        self.document_signer_but(&[], now)
    }

    /// The document signer for documents that these did not sign.
    pub(super) fn document_signer_but(
        &self,
        failed: &[Hash],
        now: OffsetDateTime,
    ) -> Option<&DocumentSigner> {
        let others = || {
            let signers = self.document_signers.iter();
            signers.filter(|signer| signer.is_usable(now) && !failed.contains(&signer.id))
        };
        // If all failed, one of them may be back.
        let rested = others().find(|signer| !signer.rests(now));
        rested.or_else(|| others().next())
    }

    /// The document signer that an issuance was begun with, if it still signs.
    pub(super) fn same_document_signer(
        &self,
        id: Hash,
        now: OffsetDateTime,
    ) -> Option<&DocumentSigner> {
        self.document_signers
            .iter()
            .find(|signer| signer.id == id && signer.is_usable(now))
    }
}
