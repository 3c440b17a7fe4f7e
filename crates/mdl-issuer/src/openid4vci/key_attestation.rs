//! Key attestations in the header of `jwt` proofs: whoever made the wallet says how its keys are kept.
//!
//! Appendix D and F.1; HAIP 1.0, 4.5.1. What is easy to get wrong: an attestation proves nothing by being there. It counts
//! only with a chain to an anchor of the tenant's, and only for the keys that it lists. Where a tenant has no anchors,
//! one that a wallet sends all the same must still be in order, because a broken one is never sent in good faith, and is
//! worth nothing beyond that.
//!
//! `status` of an attestation is not looked up: nothing here fetches an address that a wallet names.

use std::collections::HashMap;

use mdl_crypto::jose::{
    CompactJws, InvalidJwk, InvalidJws, InvalidX5c, JsonObjectError, Jwk, JwkThumbprint, JwsLimits,
    x5c_from_json,
};
use mdl_iaca::certificate::CertificateView;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::proof::{CheckedProof, numeric_date};
use crate::tenant::KeyAttestationRules;

/// `typ` of the header (appendix D.1).
const TYP: &str = "key-attestation+jwt";
/// How far ahead of ours the attester's clock may be.
const LEEWAY: Duration = Duration::minutes(5);
/// One attestation: it lies in the header of a proof.
const LIMITS: JwsLimits = JwsLimits {
    max_bytes: 24 << 10,
    max_header_bytes: 16 << 10,
    max_depth: 12,
};
/// As many keys as one attestation may list.
const MAX_KEYS: usize = 256;

/// The attestations of one request: proofs of a batch often carry the same one, which is checked once.
#[derive(Debug)]
pub struct KeyAttestations<'a> {
    rules: &'a KeyAttestationRules,
    now: OffsetDateTime,
    checked: HashMap<String, KeyAttestation>,
}

/// What an attestation says of keys, as far as it may be believed.
#[derive(Debug)]
struct KeyAttestation {
    keys: Vec<JwkThumbprint>,
    nonce: Option<String>,
}

impl<'a> KeyAttestations<'a> {
    /// None checked yet.
    #[must_use]
    pub fn new(rules: &'a KeyAttestationRules, now: OffsetDateTime) -> Self {
        Self {
            rules,
            now,
            checked: HashMap::new(),
        }
    }

    /// Checks the attestation of a proof whose signature is in order.
    ///
    /// # Errors
    /// [`KeyAttestationError`].
    pub fn check(&mut self, proof: &CheckedProof) -> Result<(), KeyAttestationError> {
        let Some(text) = &proof.key_attestation else {
            return match self.rules.required {
                true => Err(KeyAttestationError::Missing),
                false => Ok(()),
            };
        };
        if !self.checked.contains_key(text) {
            let attestation = verify(text, self.rules, self.now)?;
            self.checked.insert(text.clone(), attestation);
        }
        let attestation = self.checked.get(text);
        let lists = |attestation: &&KeyAttestation| attestation.keys.contains(&proof.thumbprint);
        let attestation = attestation
            .filter(lists)
            .ok_or(KeyAttestationError::OtherKeys)?;
        match &attestation.nonce {
            Some(nonce) if *nonce != proof.nonce => Err(KeyAttestationError::Nonce),
            Some(_) | None => Ok(()),
        }
    }
}

fn verify(
    text: &str,
    rules: &KeyAttestationRules,
    now: OffsetDateTime,
) -> Result<KeyAttestation, KeyAttestationError> {
    let jws = CompactJws::parse(text, &LIMITS)?;
    if !jws.typ().is_some_and(|typ| typ.eq_ignore_ascii_case(TYP)) {
        return Err(KeyAttestationError::Type);
    }
    let chain = jws
        .header()
        .get("x5c")
        .ok_or(KeyAttestationError::NoChain)?;
    let chain = x5c_from_json(chain)?;
    let chain: Vec<CertificateView<'_>> = chain
        .iter()
        .map(|der| CertificateView::from_der(der))
        .collect::<Result<_, _>>()
        .map_err(|_| KeyAttestationError::Certificate)?;
    let leaf = chain.first().ok_or(KeyAttestationError::Certificate)?;
    let key = leaf.public_key_info().public_key();
    let key = key.map_err(|_| KeyAttestationError::Certificate)?;
    jws.verify(&key)
        .map_err(|_| KeyAttestationError::Signature)?;
    if !rules.anchors.is_empty() && !leads_to_an_anchor(&chain, &rules.anchors, now) {
        return Err(KeyAttestationError::Untrusted);
    }
    let claims = jws.claims().map_err(KeyAttestationError::Claims)?;
    check_times(&claims, now)?;
    if rules.required {
        for (claim, wanted) in [
            ("key_storage", &rules.key_storage),
            ("user_authentication", &rules.user_authentication),
        ] {
            if !wanted.is_empty() && !claims_one_of(claims.get(claim), wanted) {
                return Err(KeyAttestationError::Level(claim));
            }
        }
    }
    let nonce = match claims.get("nonce") {
        None => None,
        Some(Value::String(nonce)) => Some(nonce.clone()),
        Some(_) => return Err(KeyAttestationError::Nonce),
    };
    Ok(KeyAttestation {
        keys: attested_keys(&claims)?,
        nonce,
    })
}

/// `attested_keys`: public keys, at least one, none twice.
fn attested_keys(claims: &Map<String, Value>) -> Result<Vec<JwkThumbprint>, KeyAttestationError> {
    let keys = claims.get("attested_keys").and_then(Value::as_array);
    let keys = keys.filter(|keys| (1..=MAX_KEYS).contains(&keys.len()));
    let mut thumbprints = Vec::new();
    for key in keys.ok_or(KeyAttestationError::NoKeys)? {
        let thumbprint = Jwk::parse(key)?.thumbprint();
        if thumbprints.contains(&thumbprint) {
            return Err(KeyAttestationError::KeyTwice);
        }
        thumbprints.push(thumbprint);
    }
    Ok(thumbprints)
}

/// Whether a claim is a list with one of the wanted values (appendix D.2).
fn claims_one_of(claim: Option<&Value>, wanted: &[String]) -> bool {
    let claimed = claim.and_then(Value::as_array).into_iter().flatten();
    claimed
        .filter_map(Value::as_str)
        .any(|value| wanted.iter().any(|wanted| wanted == value))
}

/// `iat` and `exp`, both of which an attestation in a header must have (appendix D.1).
fn check_times(
    claims: &Map<String, Value>,
    now: OffsetDateTime,
) -> Result<(), KeyAttestationError> {
    let time = |name: &'static str| {
        let value = claims.get(name).and_then(numeric_date);
        value.ok_or(KeyAttestationError::NoTime(name))
    };
    if time("iat")? > now + LEEWAY {
        return Err(KeyAttestationError::FromTheFuture);
    }
    if time("exp")? <= now {
        return Err(KeyAttestationError::Expired);
    }
    Ok(())
}

/// Whether each certificate is signed by the next, the last by an anchor, and all are valid now. The anchor itself is
/// not in the chain, and the first certificate not its own issuer (HAIP 1.0, 4.5.1).
fn leads_to_an_anchor(
    chain: &[CertificateView<'_>],
    anchors: &[Vec<u8>],
    now: OffsetDateTime,
) -> bool {
    let anchors: Vec<_> = anchors
        .iter()
        .filter_map(|der| CertificateView::from_der(der).ok())
        .collect();
    let in_order = |certificate: &CertificateView<'_>| {
        let is_anchor = anchors
            .iter()
            .any(|anchor| anchor.der() == certificate.der());
        certificate.validity().contains(now) && !certificate.is_self_issued() && !is_anchor
    };
    let Some(last) = chain.last() else {
        return false;
    };
    chain.iter().all(in_order)
        && chain
            .windows(2)
            .all(|pair| is_authority(&pair[1]) && is_issued_by(&pair[0], &pair[1]))
        && anchors
            .iter()
            .any(|anchor| anchor.validity().contains(now) && is_issued_by(last, anchor))
}

fn is_authority(certificate: &CertificateView<'_>) -> bool {
    let constraints = certificate.extensions().basic_constraints();
    matches!(constraints, Ok(Some(constraints)) if constraints.ca)
}

fn is_issued_by(certificate: &CertificateView<'_>, issuer: &CertificateView<'_>) -> bool {
    let key = issuer.public_key_info().public_key();
    certificate.issuer().der() == issuer.subject().der()
        && key.is_ok_and(|key| certificate.verify_signature(&key).is_ok())
}

/// Why a key attestation does not pass: `invalid_proof` on the wire.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyAttestationError {
    /// The issuer wants one.
    #[error("proof without the key attestation that this issuer requires")]
    Missing,
    /// Not a JWS that can be read.
    #[error("key attestation cannot be read")]
    Jws(#[from] InvalidJws),
    /// `typ` is something else.
    #[error("typ of the key attestation is not {TYP}")]
    Type,
    /// No `x5c`; other ways to name the key are not supported.
    #[error("key attestation without x5c")]
    NoChain,
    /// `x5c` is not a chain.
    #[error("x5c of the key attestation is not a chain of certificates")]
    X5c(#[from] InvalidX5c),
    /// A certificate cannot be read, or the key of the first is of no use here.
    #[error("x5c of the key attestation has no usable certificates")]
    Certificate,
    /// Signed by another key.
    #[error("key attestation is not signed by the key of its certificate")]
    Signature,
    /// The chain does not lead to an anchor of the tenant's.
    #[error("key attestation is not by an attester that this issuer trusts")]
    Untrusted,
    /// Claims that are not a JSON object.
    #[error("claims of the key attestation cannot be read")]
    Claims(#[source] JsonObjectError),
    /// A time is missing or is none.
    #[error("{0} of the key attestation is missing or no time")]
    NoTime(&'static str),
    /// `iat` is ahead.
    #[error("key attestation is from the future")]
    FromTheFuture,
    /// `exp` has passed.
    #[error("key attestation is expired")]
    Expired,
    /// None of the levels that the metadata asks for.
    #[error("{0} of the key attestation is not what this issuer requires")]
    Level(&'static str),
    /// No `attested_keys`, or too many.
    #[error("key attestation has no list of keys")]
    NoKeys,
    /// An entry is not a public key.
    #[error("key attestation lists something that is not a public key")]
    Key(#[from] InvalidJwk),
    /// A key is listed twice.
    #[error("key attestation lists a key twice")]
    KeyTwice,
    /// The key of the proof is not listed.
    #[error("key attestation is not about the key of the proof")]
    OtherKeys,
    /// `nonce` is not that of the proof.
    #[error("nonce of the key attestation is not that of the proof")]
    Nonce,
}
