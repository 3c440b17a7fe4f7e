//! Which document signer signs.
//!
//! The first that may, in the operator's order, and the row of the issuance remembers it: a repeated request is signed
//! by the same one or by none, because another one's certificate and life would make other documents.

use time::OffsetDateTime;

use crate::store::Hash;
use crate::tenant::{Authority, DocumentSigner};

impl DocumentSigner {
    /// Whether it signs at a time: within its certificate, early enough for every document to end before it does, and
    /// not revoked.
    #[must_use]
    pub fn is_usable(&self, at: OffsetDateTime) -> bool {
        let window = self.guard.window();
        let signs = window.not_before()..=window.stop_signing();
        !self.guard.is_revoked() && signs.contains(&at)
    }
}

impl Authority {
    /// The document signer for documents that are issued now.
    #[must_use]
    pub fn document_signer(&self, now: OffsetDateTime) -> Option<&DocumentSigner> {
        self.document_signers
            .iter()
            .find(|signer| signer.is_usable(now))
    }

    /// The document signer that an issuance was begun with, if it still signs.
    #[must_use]
    pub fn same_document_signer(&self, id: Hash, now: OffsetDateTime) -> Option<&DocumentSigner> {
        self.document_signers
            .iter()
            .find(|signer| signer.id == id && signer.is_usable(now))
    }
}
