//! From a record to an `IssuerSigned`: gate, build, guard, sign, attach, verify.
//!
//! Nothing leaves that our own reader would not accept under its strict policy.

use mdl_crypto::{HashAlgorithm, PublicKey};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_issuer::issuing::StrictReader;
use mdl_issuer::record::file::Record;
use mdl_mdoc::builder::{
    Decoys, DeviceKeyAuthorizations, Granularity, MdocBuilder, StatusReference, Validity,
};
use mdl_mdoc::data_elements::{DocumentSignerName, ElementGate, GateContext, GateReport};
use mdl_reader::{Conditions, Policy, Session, Verdict, Verifier};
use mdl_signer::{DocumentSignerWindow, GuardError, Proposal, Signer, SigningGuard};
use rand_chacha::ChaCha20Rng;
use time::{Duration, OffsetDateTime};

use crate::authority::{DocumentSigner, Iaca, sign_failure};
use crate::failure::{Failure, Result};
use crate::runtime::wait_for;

/// What is to be issued.
#[derive(Debug)]
pub(crate) struct IssuanceRequest<'a> {
    pub(crate) record: &'a Record,
    /// What the elements are held against.
    pub(crate) gate: &'a ElementGate,
    pub(crate) device_key: &'a PublicKey,
    pub(crate) valid_days: u32,
    pub(crate) expected_update_days: Option<u32>,
    pub(crate) digest_algorithm: HashAlgorithm,
    pub(crate) decoys: Decoys,
    pub(crate) key_authorizations: Option<&'a DeviceKeyAuthorizations>,
    pub(crate) status: Option<&'a StatusReference>,
    pub(crate) at: OffsetDateTime,
}

/// An issued document.
#[derive(Debug)]
pub(crate) struct Issuance {
    pub(crate) issuer_signed: Vec<u8>,
    pub(crate) validity: Validity,
    /// What the element gate remarks on, short of an error.
    pub(crate) remarks: GateReport,
}

/// Why nothing was issued.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The element gate objects.
    Gate(GateReport),
    /// Something else.
    Other(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

/// Issues one document with the key of `signer`, which only a guard will ask.
pub(crate) fn issue(
    request: &IssuanceRequest<'_>,
    iaca: &Iaca,
    document_signer: &DocumentSigner,
    signer: Box<dyn Signer>,
    rng: &mut ChaCha20Rng,
) -> std::result::Result<Issuance, Refusal> {
    let certificate = document_signer.certificate()?;
    let subject = certificate.subject();
    let (country, state) = (subject.country(), subject.state_or_province());
    let validity = validity(request)?;

    let doc_type = request.record.doc_type();
    let context = GateContext {
        document_signer: country.as_deref().map(|country| DocumentSignerName {
            country,
            state: state.as_deref(),
        }),
        ..GateContext::new(doc_type, validity.valid_from(), validity.valid_until())
    };
    let remarks = request
        .gate
        .examine_set(request.record.elements(), &context);
    if remarks.has_errors() {
        return Err(Refusal::Gate(remarks));
    }

    let algorithm = signer.algorithm();
    let mut builder = MdocBuilder::new(
        doc_type,
        request.record.elements(),
        request.device_key,
        validity,
    )
    .digest_algorithm(request.digest_algorithm)
    .decoys(request.decoys);
    if let Some(authorizations) = request.key_authorizations {
        builder = builder.key_authorizations(authorizations);
    }
    if let Some(status) = request.status {
        builder = builder.status(status);
    }
    let unsigned = builder
        .build(algorithm, rng)
        .map_err(|error| Failure::no("the document was not built").because(&error))?;

    let guard = guard(iaca, document_signer, signer)?;
    let proposal = Proposal::new(unsigned.to_be_signed(), unsigned.name_spaces());
    let signature = wait_for(guard.sign(&proposal, request.at))?.map_err(|error| match &error {
        GuardError::Signer(cause) => sign_failure(cause),
        _ => Failure::no("the document was not signed").because(&error),
    })?;
    let issuer_signed = unsigned
        .attach_checked(&signature, guard.public_key(), &[&document_signer.der])
        .map_err(|error| Failure::no("the signature was not attached").because(&error))?;
    verify_own_output(&issuer_signed, iaca, &validity)?;
    Ok(Issuance {
        issuer_signed,
        validity,
        remarks,
    })
}

/// Rounded down to whole days, so that documents issued on one day do not share an odd second.
fn validity(request: &IssuanceRequest<'_>) -> Result<Validity> {
    let refused = |error: &dyn std::error::Error| {
        Failure::usage("the validity of the document does not work out").because(error)
    };
    let days = |days: u32| Duration::days(i64::from(days));
    let validity = Validity::coarse(request.at, days(request.valid_days), Granularity::Day)
        .map_err(|error| refused(&error))?;
    let Some(expected_update_days) = request.expected_update_days else {
        return Ok(validity);
    };
    let expected_update = validity
        .signed()
        .checked_add(days(expected_update_days))
        .ok_or_else(|| Failure::usage("the expected update is beyond the calendar"))?;
    validity
        .with_expected_update(expected_update)
        .map_err(|error| refused(&error))
}

/// The document signer's key behind the rules of a strict reader.
fn guard(
    iaca: &Iaca,
    document_signer: &DocumentSigner,
    signer: Box<dyn Signer>,
) -> Result<SigningGuard> {
    let unusable = |error: &dyn std::error::Error| {
        Failure::usage("the document signer cannot be used").because(error)
    };
    let certificate = document_signer.certificate()?;
    let key = certificate
        .public_key_info()
        .public_key()
        .map_err(|error| unusable(&error))?;
    let validity = certificate.validity();
    let window = DocumentSignerWindow::new(
        validity.not_before.at,
        validity.not_after.at,
        document_signer.longest_mso_life,
    )
    .map_err(|error| unusable(&error))?;
    let rules = StrictReader::new(anchor(iaca)?, &document_signer.der, key.curve());
    let guard = SigningGuard::new(signer, &key, window, Box::new(rules))
        .map_err(|error| unusable(&error))?;
    if document_signer.is_revoked || document_signer.is_retired {
        guard.revoke();
    }
    Ok(guard)
}

fn anchor(iaca: &Iaca) -> Result<TrustAnchor> {
    TrustAnchor::from_der(&iaca.der)
        .map_err(|error| Failure::usage("the root certificate cannot be trusted").because(&error))
}

fn verify_own_output(issuer_signed: &[u8], iaca: &Iaca, validity: &Validity) -> Result<()> {
    let verifier = Verifier::new(TrustAnchors::new([anchor(iaca)?])).with_policy(Policy::Strict);
    let conditions = Conditions::new(validity.valid_from(), Session::Static);
    let report = verifier.verify_issuer_signed(issuer_signed, &conditions);
    match report.verdict() {
        Verdict::Valid => Ok(()),
        verdict => Err(Failure::no(format!(
            "the signed document was thrown away: our own reader calls it {}",
            verdict.name()
        ))),
    }
}
