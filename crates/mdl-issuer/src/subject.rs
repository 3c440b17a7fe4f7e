//! Subject references on their way into the store and back.
//!
//! A person is in the store twice: sealed, for the one fetch of the record, and as a keyed hash, to be found again by.
//! Both are bound to the tenant, and the sealed form to its offer or batch, so that no row can be given another's person.

use crate::record::SubjectReference;
use crate::seal::SealError;
use crate::secret::Purpose;
use crate::service::Service;
use crate::store::{Hash, IssuanceId, OfferId, SealedSubject};

impl Service {
    /// Under what a person is found in the store.
    #[must_use]
    pub fn subject_hash(&self, tenant: &str, subject: &SubjectReference) -> Hash {
        let parts = [tenant.as_bytes(), subject.expose().as_bytes()];
        Hash(self.secret.mac(Purpose::Subject, &parts))
    }

    /// A subject reference as an offer keeps it.
    ///
    /// # Errors
    /// The key-encryption key cannot be reached.
    pub async fn seal_subject(
        &self,
        tenant: &str,
        offer: OfferId,
        subject: &SubjectReference,
    ) -> Result<SealedSubject, SealError> {
        let context = context(tenant, offer);
        let sealed = self.sealer.seal(&context, subject.expose().as_bytes());
        Ok(SealedSubject {
            sealed: sealed.await?,
            hash: self.subject_hash(tenant, subject),
        })
    }

    /// The subject reference of an offer, or of the grant that it became.
    ///
    /// # Errors
    /// The key-encryption key cannot be reached, or this is not what was sealed for that offer.
    pub async fn open_subject(
        &self,
        tenant: &str,
        offer: OfferId,
        subject: &SealedSubject,
    ) -> Result<SubjectReference, SealError> {
        let context = context(tenant, offer);
        let reference = self.sealer.open(&context, &subject.sealed).await?;
        std::str::from_utf8(&reference)
            .ok()
            .and_then(SubjectReference::new)
            .ok_or(SealError::DoesNotOpen)
    }
}

impl Service {
    /// A subject reference as a batch keeps it, for as long as its documents may have to be replaced.
    pub(crate) async fn seal_holder(
        &self,
        tenant: &str,
        issuance: IssuanceId,
        subject: &SubjectReference,
    ) -> Result<Vec<u8>, SealError> {
        let context = holder_context(tenant, issuance);
        let sealed = self.sealer.seal(&context, subject.expose().as_bytes());
        sealed.await
    }

    /// For whom a batch was issued.
    pub(crate) async fn open_holder(
        &self,
        tenant: &str,
        issuance: IssuanceId,
        sealed: &[u8],
    ) -> Result<SubjectReference, SealError> {
        let context = holder_context(tenant, issuance);
        let reference = self.sealer.open(&context, sealed).await?;
        std::str::from_utf8(&reference)
            .ok()
            .and_then(SubjectReference::new)
            .ok_or(SealError::DoesNotOpen)
    }
}

fn holder_context(tenant: &str, issuance: IssuanceId) -> Vec<u8> {
    [b"holder\0".as_slice(), &issuance.0, tenant.as_bytes()].concat()
}

fn context(tenant: &str, offer: OfferId) -> Vec<u8> {
    [b"subject\0".as_slice(), &offer.0, tenant.as_bytes()].concat()
}
