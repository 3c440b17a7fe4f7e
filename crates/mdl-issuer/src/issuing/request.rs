//! What is asked of the engine, and what it gives.

use std::fmt;
use std::sync::Arc;

use mdl_crypto::PublicKey;
use time::OffsetDateTime;

use crate::store::{Grant, IssuanceId, UsedValue};
use crate::tenant::{CredentialConfiguration, Tenant};

/// A credential request whose access token and proofs were checked.
#[derive(Clone, Debug)]
pub struct IssueRequest<'a> {
    /// The credential issuer.
    pub tenant: &'a Arc<Tenant>,
    /// What the access token stands for.
    pub grant: &'a Grant,
    /// What is asked for: one of the tenant's configurations, and of the grant's.
    pub configuration: &'a CredentialConfiguration,
    /// The keys whose possession the proofs have shown: one document each.
    pub device_keys: Vec<PublicKey>,
    /// The `c_nonce` of the proofs.
    pub nonce: Option<UsedValue>,
    /// The `jti` of the DPoP proof.
    pub once: Vec<UsedValue>,
    /// Identifies the request in logs and in the ledger.
    pub request: [u8; 16],
}

/// A batch that is in the ledger and may leave.
#[derive(Clone)]
pub struct IssuedBatch {
    /// `IssuerSigned`, encoded, in the order of the device keys.
    pub documents: Vec<Vec<u8>>,
    /// The issuance that they are.
    pub issuance: IssuanceId,
    /// What the wallet calls the batch in a notification (OpenID4VCI 8.3); the same when the request is repeated.
    pub notification_id: String,
    /// When the documents end.
    pub valid_until: OffsetDateTime,
}

impl fmt::Debug for IssuedBatch {
    /// Without the documents, which are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedBatch")
            .field("documents", &self.documents.len())
            .field("issuance", &self.issuance)
            .finish_non_exhaustive()
    }
}
