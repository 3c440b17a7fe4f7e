//! The credential request: what is asked for, and the proofs of the keys.
//!
//! Section 8.2, errors 8.3.1.2. The steps stand in the order in which the first failure decides the code: selector,
//! scope, encryption, proofs, nonce, uniqueness.

use std::collections::HashSet;

use mdl_crypto::PublicKey;
use mdl_crypto::jose::{JsonLimits, JsonObjectError, parse_json_object};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::authorization_details::credential_identifier;
use super::error_code::ErrorCode;
use super::key_attestation::KeyAttestationError;
use super::nonce::{self, NonceKind};
use super::proof::{CheckedProof, ProofError};
use crate::issuing::IssueError;
use crate::secret::ServiceSecret;
use crate::store::{Grant, StoreError, UsedValue};
use crate::tenant::{CredentialConfiguration, Tenant};

/// The longest request body, in bytes.
pub const MAX_BYTES: usize = 512 << 10;

/// A request that is well formed and within what its access token is for. Its proofs are not checked yet.
#[derive(Debug)]
pub struct CredentialRequest<'t> {
    /// What is asked for.
    pub configuration: &'t CredentialConfiguration,
    /// `jwt` proofs, one for each key, no more than the batch size. That there is one, [`combine`] checks.
    pub proofs: Vec<String>,
    /// Whether the proof came as `proof`, in the way of drafts up to 15.
    pub is_single_proof: bool,
}

/// Reads a request body.
///
/// # Errors
/// The first of [`CredentialError`] in the order of the module's description.
pub fn parse<'t>(
    body: &[u8],
    tenant: &'t Tenant,
    grant: &Grant,
) -> Result<CredentialRequest<'t>, CredentialError> {
    let limits = JsonLimits {
        max_bytes: MAX_BYTES,
        max_depth: 12,
    };
    let request = parse_json_object(body, &limits)?;
    let configuration = select(&request, tenant, grant)?;
    if request.contains_key("credential_response_encryption") {
        return Err(CredentialError::EncryptionNotOffered);
    }
    let (proofs, is_single_proof) = proofs(&request, tenant)?;
    if proofs.len() > usize::try_from(tenant.policy.batch_size).unwrap_or(usize::MAX) {
        return Err(CredentialError::TooManyProofs);
    }
    Ok(CredentialRequest {
        configuration,
        proofs,
        is_single_proof,
    })
}

fn select<'t>(
    request: &Map<String, Value>,
    tenant: &'t Tenant,
    grant: &Grant,
) -> Result<&'t CredentialConfiguration, CredentialError> {
    let configuration_id = text(request, "credential_configuration_id")?;
    let identifier = text(request, "credential_identifier")?;
    // An unknown value is named as such even where the other selector would have been the right one.
    let by_configuration = configuration_id
        .map(|id| {
            tenant
                .configuration(id)
                .ok_or(CredentialError::UnknownConfiguration)
        })
        .transpose()?;
    let by_identifier = identifier
        .map(|identifier| named(identifier, tenant, grant))
        .transpose()?;
    let configuration = match (by_configuration, by_identifier) {
        (Some(_), Some(_)) => return Err(CredentialError::BothSelectors),
        (Some(_), None) if grant.by_identifier => return Err(CredentialError::IdentifierNeeded),
        (Some(configuration), None) | (None, Some(configuration)) => configuration,
        (None, None) if tenant.legacy.format_selector => by_format(request, tenant, grant)?,
        (None, None) => return Err(CredentialError::NoSelector),
    };
    if grant.configuration_ids.contains(&configuration.id) {
        Ok(configuration)
    } else {
        Err(CredentialError::NotAuthorized)
    }
}

/// The configuration behind a credential identifier that the token answer gave out.
fn named<'t>(
    identifier: &str,
    tenant: &'t Tenant,
    grant: &Grant,
) -> Result<&'t CredentialConfiguration, CredentialError> {
    grant
        .configuration_ids
        .iter()
        .filter(|_| grant.by_identifier)
        .find(|id| credential_identifier(id) == identifier)
        .and_then(|id| tenant.configuration(id))
        .ok_or(CredentialError::UnknownIdentifier)
}

/// Drafts 13 and 14: `format` and `doctype`; some wallets send neither where the token allows one thing only.
fn by_format<'t>(
    request: &Map<String, Value>,
    tenant: &'t Tenant,
    grant: &Grant,
) -> Result<&'t CredentialConfiguration, CredentialError> {
    match text(request, "format")? {
        Some("mso_mdoc") => {
            let doc_type = text(request, "doctype")?.ok_or(CredentialError::NoSelector)?;
            tenant
                .configurations
                .iter()
                .filter(|configuration| configuration.doc_type == doc_type)
                .max_by_key(|configuration| grant.configuration_ids.contains(&configuration.id))
                .ok_or(CredentialError::UnsupportedType)
        }
        Some(_) => Err(CredentialError::UnsupportedFormat),
        None => match grant.configuration_ids.as_slice() {
            [only] => tenant
                .configuration(only)
                .ok_or(CredentialError::UnknownConfiguration),
            _ => Err(CredentialError::NoSelector),
        },
    }
}

fn text<'r>(
    request: &'r Map<String, Value>,
    member: &'static str,
) -> Result<Option<&'r str>, CredentialError> {
    request
        .get(member)
        .map(|value| value.as_str().ok_or(CredentialError::NotText(member)))
        .transpose()
}

/// The proofs, and whether they came in the way of older drafts.
fn proofs(
    request: &Map<String, Value>,
    tenant: &Tenant,
) -> Result<(Vec<String>, bool), CredentialError> {
    let Some(proofs) = request.get("proofs") else {
        return match request.get("proof") {
            Some(proof) if tenant.legacy.single_proof => Ok((vec![single_proof(proof)?], true)),
            Some(_) | None => Err(CredentialError::NoProofs),
        };
    };
    let proofs = proofs.as_object().ok_or(CredentialError::ProofsShape)?;
    if proofs.len() != 1 {
        return Err(CredentialError::ProofsShape);
    }
    let jwt = proofs.get("jwt").ok_or(CredentialError::ProofType)?;
    let jwt = jwt.as_array().ok_or(CredentialError::ProofsShape)?;
    let proofs = jwt
        .iter()
        .map(|proof| proof.as_str().map(str::to_owned))
        .collect::<Option<_>>()
        .ok_or(CredentialError::ProofsShape)?;
    Ok((proofs, false))
}

fn single_proof(proof: &Value) -> Result<String, CredentialError> {
    let member = |name| proof.get(name).and_then(Value::as_str);
    match (member("proof_type"), member("jwt")) {
        (Some("jwt"), Some(jwt)) => Ok(jwt.to_owned()),
        (Some("jwt"), None) | (None, _) => Err(CredentialError::ProofsShape),
        (Some(_), _) => Err(CredentialError::ProofType),
    }
}

/// What checked proofs are about.
#[derive(Debug)]
pub struct ProvenKeys {
    /// The device keys, in the order of the proofs.
    pub keys: Vec<PublicKey>,
    /// The `c_nonce` that they share, to be used up.
    pub nonce: UsedValue,
}

/// Holds checked proofs together: a nonce of ours, the same for all, and every key once.
///
/// # Errors
/// [`CredentialError::StaleNonce`], [`CredentialError::SeveralNonces`], [`CredentialError::KeyTwice`], and
/// [`CredentialError::NoProofs`] for none at all.
pub fn combine(
    proofs: Vec<CheckedProof>,
    secret: &ServiceSecret,
    tenant: &Tenant,
    now: OffsetDateTime,
) -> Result<ProvenKeys, CredentialError> {
    let (kind, life) = (NonceKind::Credential, tenant.policy.nonce_life);
    let mut shared = None;
    for proof in &proofs {
        let expires_at = nonce::check(secret, kind, &tenant.name, &proof.nonce, now, life)
            .map_err(|_| CredentialError::StaleNonce)?;
        shared.get_or_insert((proof.nonce.as_str(), expires_at));
    }
    let (nonce, expires_at) = shared.ok_or(CredentialError::NoProofs)?;
    if proofs.iter().any(|proof| proof.nonce != nonce) {
        return Err(CredentialError::SeveralNonces);
    }
    let mut seen = HashSet::new();
    if !proofs.iter().all(|proof| seen.insert(proof.thumbprint)) {
        return Err(CredentialError::KeyTwice);
    }
    let nonce = nonce::used(&tenant.name, nonce, expires_at);
    Ok(ProvenKeys {
        keys: proofs.into_iter().map(|proof| proof.key).collect(),
        nonce,
    })
}

/// Why a credential request got no credentials, its access token being in order.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// Not `application/json`.
    #[error("credential request is not application/json")]
    ContentType,
    /// The body is over [`MAX_BYTES`].
    #[error("credential request is too long")]
    TooLong,
    /// An encrypted request, or a wish for an encrypted response.
    #[error("encryption of requests and responses is not offered")]
    EncryptionNotOffered,
    /// Not a JSON object.
    #[error("credential request cannot be read: {0}")]
    Json(#[from] JsonObjectError),
    /// A member is not text.
    #[error("{0} is not text")]
    NotText(&'static str),
    /// A configuration that is not in the metadata.
    #[error("no such credential configuration")]
    UnknownConfiguration,
    /// An identifier that the token answer did not give out.
    #[error("no such credential identifier under this access token")]
    UnknownIdentifier,
    /// Both kinds of selector.
    #[error("both credential_configuration_id and credential_identifier")]
    BothSelectors,
    /// Neither kind of selector.
    #[error("neither credential_configuration_id nor credential_identifier")]
    NoSelector,
    /// A configuration where the token answer gave out identifiers.
    #[error("the token response named credential_identifiers: send one of them")]
    IdentifierNeeded,
    /// The token is for other configurations.
    #[error("access token is not for this credential configuration")]
    NotAuthorized,
    /// Another `format` than `mso_mdoc`.
    #[error("format is not mso_mdoc")]
    UnsupportedFormat,
    /// A `doctype` that is not issued.
    #[error("doctype is not issued here")]
    UnsupportedType,
    /// No proof at all.
    #[error("no proofs")]
    NoProofs,
    /// `proofs` is not an object with one array of texts.
    #[error("proofs is not an object with one array of texts")]
    ProofsShape,
    /// Another type of proof than `jwt`.
    #[error("proofs of another type than jwt")]
    ProofType,
    /// More proofs than the batch size.
    #[error("more proofs than batch_size")]
    TooManyProofs,
    /// A proof does not pass.
    #[error("{0}")]
    Proof(#[from] ProofError),
    /// The key attestation of a proof does not pass.
    #[error("{0}")]
    KeyAttestation(#[from] KeyAttestationError),
    /// A nonce that is not ours or is old.
    #[error("nonce of a proof is not one of this issuer or too old")]
    StaleNonce,
    /// Proofs with different nonces.
    #[error("proofs do not share one nonce")]
    SeveralNonces,
    /// Two proofs by one key.
    #[error("two proofs by the same key")]
    KeyTwice,
    /// Refused after the proofs were in order.
    #[error("{0}")]
    Issue(#[from] IssueError),
    /// The store does not work.
    #[error("the store does not work")]
    Store(#[from] StoreError),
}

impl CredentialError {
    /// The code on the wire.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::ContentType
            | Self::TooLong
            | Self::Json(_)
            | Self::NotText(_)
            | Self::BothSelectors
            | Self::NoSelector
            | Self::IdentifierNeeded
            | Self::TooManyProofs => ErrorCode::InvalidCredentialRequest,
            Self::EncryptionNotOffered => ErrorCode::InvalidEncryptionParameters,
            Self::UnknownConfiguration => ErrorCode::UnknownCredentialConfiguration,
            Self::UnknownIdentifier => ErrorCode::UnknownCredentialIdentifier,
            Self::NotAuthorized => ErrorCode::InsufficientScope,
            Self::UnsupportedFormat => ErrorCode::UnsupportedCredentialFormat,
            Self::UnsupportedType => ErrorCode::UnsupportedCredentialType,
            Self::NoProofs
            | Self::ProofsShape
            | Self::ProofType
            | Self::Proof(_)
            | Self::KeyAttestation(_)
            | Self::SeveralNonces
            | Self::KeyTwice => ErrorCode::InvalidProof,
            Self::StaleNonce | Self::Issue(IssueError::NonceUsed) => ErrorCode::InvalidNonce,
            Self::Issue(IssueError::Replayed) => ErrorCode::InvalidDpopProof,
            Self::Issue(IssueError::GrantOver) => ErrorCode::InvalidToken,
            Self::Issue(IssueError::Denied { .. }) => ErrorCode::CredentialRequestDenied,
            Self::Issue(IssueError::Unavailable { .. } | IssueError::Busy { .. })
            | Self::Store(StoreError::Unavailable(_)) => ErrorCode::TemporarilyUnavailable,
            Self::Issue(IssueError::Fault { .. }) | Self::Store(StoreError::Corrupt(_)) => {
                ErrorCode::ServerError
            }
        }
    }
}
