//! `issuerAuth`: its COSE headers and its signature (V4, V7).

use mdl_crypto::Algorithm;
use mdl_mdoc::cose::{AlgorithmId, CoseSign1, Critical, Header};

use super::signer::Signer;
use crate::checks::Checks;
use crate::{Cause, CheckId};

/// Checks headers and payload; gives the algorithm if the protected header names one of the standard's.
pub(super) fn check_headers(issuer_auth: &CoseSign1<'_>, checks: &mut Checks) -> Option<Algorithm> {
    let (protected, unprotected) = (&issuer_auth.protected, &issuer_auth.unprotected);
    checks.pass_unless(
        CheckId::IssuerAuthHeaders,
        label_twice(protected, unprotected),
    );
    checks.pass_unless(
        CheckId::IssuerAuthCritical,
        critical(protected, unprotected),
    );
    let detached = issuer_auth
        .payload
        .is_none()
        .then_some(Cause::PayloadDetached);
    checks.pass_unless(CheckId::IssuerAuthPayload, detached);
    let form = match (
        unprotected.x5chain.is_empty(),
        protected.x5chain_is_array_of_one || unprotected.x5chain_is_array_of_one,
    ) {
        (_, true) => Some("a single certificate in an array"),
        (true, false) if !protected.x5chain.is_empty() => Some("x5chain in the protected header"),
        _ => None,
    };
    checks.pass_unless(CheckId::X5chainForm, form.map(Cause::X5chainForm));
    match signature_algorithm(protected, unprotected) {
        Ok(algorithm) => {
            checks.pass(CheckId::IssuerAuthAlgorithm);
            Some(algorithm)
        }
        Err(cause) => {
            checks.deviation(CheckId::IssuerAuthAlgorithm, cause);
            None
        }
    }
}

/// Checks the issuer's signature with the document signer's key.
pub(super) fn check_signature(
    issuer_auth: &CoseSign1<'_>,
    algorithm: Option<Algorithm>,
    signer: &Signer,
    checks: &mut Checks,
) {
    let (Some(algorithm), Some(payload), Some(key)) = (algorithm, issuer_auth.payload, &signer.key)
    else {
        let needs = Cause::Needs("algorithm, payload or document signer's key is missing");
        return checks.not_checked(CheckId::IssuerSignature, needs);
    };
    let signed = issuer_auth.sig_structure(&[], payload);
    let result = key.verify(algorithm, &signed, issuer_auth.signature);
    checks.pass_unless(CheckId::IssuerSignature, result.err().map(Cause::Signature));
}

/// The algorithm of a signature: in the protected header, and one of the standard's four.
pub(super) fn signature_algorithm(
    protected: &Header<'_>,
    unprotected: &Header<'_>,
) -> Result<Algorithm, Cause> {
    match protected.algorithm {
        Some(AlgorithmId::Number(number)) => {
            Algorithm::from_cose(number).map_err(|_| Cause::Algorithm)
        }
        Some(AlgorithmId::Name(_)) => Err(Cause::Algorithm),
        None if unprotected.algorithm.is_some() => Err(Cause::UnprotectedAlgorithm),
        None => Err(Cause::NoAlgorithm),
    }
}

/// A label that stands in both headers, which RFC 9052, 3 forbids: which of the two holds would be a guess.
pub(crate) fn label_twice(protected: &Header<'_>, unprotected: &Header<'_>) -> Option<Cause> {
    let number = unprotected
        .labels
        .iter()
        .find(|label| protected.labels.contains(label));
    let text = unprotected
        .text_labels
        .iter()
        .find(|label| protected.text_labels.contains(label));
    match (number, text) {
        (Some(label), _) => Some(Cause::LabelTwice(*label)),
        (None, Some(_)) => Some(Cause::TextLabelTwice),
        (None, None) => None,
    }
}

/// `crit` belongs into the protected header and must name only what is processed here.
pub(crate) fn critical(protected: &Header<'_>, unprotected: &Header<'_>) -> Option<Cause> {
    let acceptable =
        protected.critical != Critical::NotUnderstood && unprotected.critical == Critical::Absent;
    (!acceptable).then_some(Cause::Critical)
}
