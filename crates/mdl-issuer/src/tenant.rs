//! A tenant: one credential issuer among those of a service.
//!
//! Each has an identifier, an authority with document signers, a source of record and policies of its own. Tenants share
//! the store, the ledger and the listeners, and nothing else.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use mdl_mdoc::data_elements::ElementGate;
use mdl_signer::quota::QuotaScheduler;
use mdl_signer::{Signer, SigningGuard};
use time::Duration;

use crate::record::RecordSource;
use crate::store::Hash;

/// One credential issuer.
#[derive(Debug)]
pub struct Tenant {
    /// Its short name in configuration, logs and the store.
    pub name: String,
    /// The Credential Issuer Identifier: an `https` URL without query, fragment and trailing slash (12.2.1), compared
    /// byte for byte.
    pub issuer: String,
    /// How wallets show the issuer.
    pub display: Vec<IssuerDisplay>,
    /// What it issues.
    pub configurations: Vec<CredentialConfiguration>,
    /// Its certificates and keys, as they are now.
    pub authority: CurrentAuthority,
    /// Where its data elements come from.
    pub records: Arc<dyn RecordSource>,
    /// Bounds and lives.
    pub policy: TenantPolicy,
    /// Whose word it takes for how wallets keep their keys.
    pub key_attestation: KeyAttestationRules,
    /// Shapes of older drafts that it accepts.
    pub legacy: Legacy,
}

impl Tenant {
    /// The configuration with this identifier.
    #[must_use]
    pub fn configuration(&self, id: &str) -> Option<&CredentialConfiguration> {
        self.configurations
            .iter()
            .find(|configuration| configuration.id == id)
    }

    /// The path of the identifier: empty, or from its first slash on.
    #[must_use]
    pub fn path(&self) -> &str {
        issuer_path(&self.issuer)
    }
}

/// The path of a Credential Issuer Identifier: empty, or from its first slash on.
pub(crate) fn issuer_path(issuer: &str) -> &str {
    let (_, rest) = issuer.split_once("://").unwrap_or_default();
    rest.find('/').map_or("", |slash| &rest[slash..])
}

/// Name and logo of an issuer in one language (OpenID4VCI 12.2.4, `display`).
#[derive(Clone, Debug, Default)]
pub struct IssuerDisplay {
    /// The issuer's name.
    pub name: String,
    /// BCP 47.
    pub locale: Option<String>,
    /// Address of a logo, `https` or `data`.
    pub logo: Option<String>,
}

/// Something that can be issued (OpenID4VCI 12.2.4, `credential_configurations_supported`).
#[derive(Debug)]
pub struct CredentialConfiguration {
    /// Its key in the metadata.
    pub id: String,
    /// The document type.
    pub doc_type: String,
    /// OAuth scope.
    pub scope: Option<String>,
    /// How wallets show it.
    pub display: Vec<CredentialDisplay>,
    /// The elements that are announced, in order.
    pub claims: Vec<Claim>,
    /// What a record is held against.
    pub gate: ElementGate,
}

/// How a credential looks in one language.
#[derive(Clone, Debug, Default)]
pub struct CredentialDisplay {
    /// Its name.
    pub name: String,
    /// BCP 47.
    pub locale: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// CSS colour.
    pub background_color: Option<String>,
    /// CSS colour.
    pub text_color: Option<String>,
    /// Address of a logo.
    pub logo: Option<String>,
}

/// An announced data element (OpenID4VCI, appendix C: path of name space and element).
#[derive(Clone, Debug)]
pub struct Claim {
    /// Name space.
    pub name_space: String,
    /// Element identifier.
    pub element: String,
    /// Whether every document has it.
    pub mandatory: bool,
    /// Name and locale.
    pub display: Vec<(String, Option<String>)>,
}

/// The authority of a tenant at this moment: document signers come and go while the service runs. Whoever begins
/// something takes the authority once and keeps to it.
#[derive(Debug)]
pub struct CurrentAuthority(RwLock<Arc<Authority>>);

impl CurrentAuthority {
    /// The authority now.
    #[must_use]
    pub fn get(&self) -> Arc<Authority> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another one in its place. A document signer that was revoked stays so, and one that the new authority does
    /// not have is not revoked by that: what it is signing now is finished. One whose use was approved stays approved.
    pub fn replace(&self, authority: Authority) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for signer in &current.document_signers {
            if signer.guard.is_revoked() {
                authority.revoke(signer.id);
            }
            if !signer.guard.is_held() {
                authority.allow(signer.id);
            }
        }
        *current = Arc::new(authority);
    }

    /// Stops a document signer for good, also what it is signing now. `false`: there is none with that certificate.
    pub fn revoke(&self, id: Hash) -> bool {
        // Under the lock, so that an authority that takes this one's place meanwhile hears of it.
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        current.revoke(id)
    }
}

impl From<Authority> for CurrentAuthority {
    fn from(authority: Authority) -> Self {
        Self(RwLock::new(Arc::new(authority)))
    }
}

/// The certificates and keys of a tenant.
#[derive(Clone, Debug)]
pub struct Authority {
    /// IACA certificates (DER), the newest first.
    pub iacas: Vec<Vec<u8>>,
    /// Document signers, in order of preference.
    pub document_signers: Vec<Arc<DocumentSigner>>,
    /// The key and certificate of status list tokens; without one, documents have no status.
    pub status_signer: Option<StatusSigner>,
    /// The current CRLs (DER) of its roots as the authority last made them, read anew for each answer: the first one is at
    /// `/crl`, the others are at `/crl/2` and so on.
    pub crls: Vec<std::path::PathBuf>,
}

impl Authority {
    fn allow(&self, id: Hash) {
        let same = self.document_signers.iter();
        same.filter(|signer| signer.id == id)
            .for_each(|signer| signer.guard.allow());
    }

    fn revoke(&self, id: Hash) -> bool {
        let signer = self.document_signers.iter().find(|signer| signer.id == id);
        if let Some(signer) = signer {
            signer.guard.revoke();
        }
        signer.is_some()
    }
}

/// A document signer, which only its guard can ask.
#[derive(Debug)]
pub struct DocumentSigner {
    /// SHA-256 of the certificate.
    pub id: Hash,
    /// The certificate (DER).
    pub certificate: Vec<u8>,
    /// Country and, if there is one, state in its subject: what elements are held against.
    pub country: Option<String>,
    /// As above.
    pub state: Option<String>,
    /// The way to its key.
    pub guard: SigningGuard,
    /// What the store of its key allows, if that is limited. Document signers of one key store share it.
    pub key_store: Option<QuotaScheduler>,
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub key_id: Hash,
}

/// Signs status list tokens.
#[derive(Clone)]
pub struct StatusSigner {
    /// The certificate (DER), issued by the IACA.
    pub certificate: Vec<u8>,
    /// The key.
    pub signer: Arc<dyn Signer>,
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub key_id: Hash,
}

impl fmt::Debug for StatusSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusSigner")
            .field("signer", &self.signer)
            .finish_non_exhaustive()
    }
}

/// Bounds and lives.
#[derive(Clone, Debug)]
pub struct TenantPolicy {
    /// Most proofs of one request.
    pub batch_size: u32,
    /// Most issuances under one grant.
    pub batches_per_grant: u32,
    /// Most documents for one person in a day.
    pub documents_per_subject_and_day: u32,
    /// Life of a document, cut off at the document signer's and the licence's end.
    pub validity: Duration,
    /// When a wallet should fetch a new one, counted from issuing; in the MSO as `expectedUpdate`.
    pub expected_update: Option<Duration>,
    /// Times in documents are rounded down to this, so that a batch shares no odd second.
    pub time_granularity: Duration,
    /// Life of an offer unless the operator says less.
    pub offer_life: Duration,
    /// Wrong transaction codes before an offer is locked.
    pub tx_code_attempts: u8,
    /// Life of an access token.
    pub access_token_life: Duration,
    /// Life of a `c_nonce` and of a `DPoP-Nonce`.
    pub nonce_life: Duration,
    /// Whether a token must be bound by DPoP.
    pub require_dpop: bool,
    /// Whether a DPoP proof must carry the service's nonce.
    pub require_dpop_nonce: bool,
    /// How long a repeated request gets its batch again.
    pub repeatable: Duration,
    /// Entries of a new status list; a multiple of 8.
    pub status_list_size: u32,
    /// Lists that are open for allocation at any time.
    pub open_status_lists: u32,
    /// `ttl` of status tokens.
    pub status_ttl: Duration,
    /// `exp` of status tokens, counted from `iat`.
    pub status_life: Duration,
    /// How soon after a change a list is published anew, at the latest.
    pub status_latency: Duration,
}

/// What key attestations are worth (OpenID4VCI 12.2.4, `key_attestations_required`). Without anchors, nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyAttestationRules {
    /// Roots of those whose attestations count (DER).
    pub anchors: Vec<Vec<u8>>,
    /// Whether every proof must have one.
    pub required: bool,
    /// How a key must be kept, one of these; any if there are none. Asked of required attestations.
    pub key_storage: Vec<String>,
    /// How its user must be authenticated, likewise.
    pub user_authentication: Vec<String>,
}

/// Shapes of drafts before 1.0 that wallets in the field still send. All off is the standard.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Legacy {
    /// `proof` in place of `proofs`; the answer also has `credential`.
    pub single_proof: bool,
    /// `c_nonce` in token, credential and proof error answers.
    pub c_nonce_in_token: bool,
    /// `format` and `doctype` in place of an identifier.
    pub format_selector: bool,
    /// Metadata with `display` and `claims` in the configuration and algorithms as strings.
    pub metadata_shape: bool,
    /// Proofs whose `kid` is a `did:jwk` or a `did:key` on P-256.
    pub did_keys: bool,
}
