//! Certification request: RFC 2986, and what makes sense for a certificate of Annex B.

use super::every_certificate::encoding;
use super::every_extension;
use super::public_key::{self, EC_AND_EDWARDS_CURVES, curve};
use super::rule::{Report, rules};
use super::subject_name;
use crate::certificate::{CsrView, SignatureError, oid};

rules! {
    VERSION: "csr-version-1", Error, "RFC 2986, 4.1", "version is v1", "there is no other";
    CURVE: "csr-curve", Error, "B.1, every table", "the key is on a curve that some profile allows",
        "no certificate of Annex B could be issued for it";
    SIGNATURE: "csr-signature", Error, "RFC 2986, 4.2", "the request is signed with its own key",
        "it proves that the requester has the key";
    SIGNATURE_ALGORITHM: "csr-signature-algorithm", Error, "RFC 2986, 4.2",
        "signed by ECDSA with SHA-256, SHA-384 or SHA-512, or by Ed25519 for such a key",
        "proof of possession cannot be checked otherwise";
    SUBJECT: "csr-subject", Warning, "RFC 2986, 4.1", "the subject is not empty",
        "the authority sets C and ST itself, but a request without a name is easily confused with another";
    AUTHORITY: "csr-authority", Warning, "B.1", "the request does not ask for an authority certificate",
        "right for a link certificate only; an authority must not copy it from a document signer's request";
}

pub(super) fn check(csr: &CsrView<'_>, report: &mut Report) {
    encoding(&csr.deviations(), report);
    let version = csr.version();
    report.require(version == 1, &VERSION, || format!("version is v{version}"));
    subject_name::check(csr.subject(), report);
    report.require(!csr.subject().is_empty(), &SUBJECT, || {
        "subject is empty".into()
    });
    let key = csr.public_key_info();
    public_key::check(key, report);
    if let Some(curve) = curve(key) {
        report.require(EC_AND_EDWARDS_CURVES.contains(&curve), &CURVE, || {
            format!(
                "key is {}",
                curve.name().map_or_else(|| curve.to_string(), Into::into)
            )
        });
    }
    every_extension::check(csr.extensions(), report);
    let constraints = csr.extensions().basic_constraints().ok().flatten();
    let authority = constraints.is_some_and(|constraints| constraints.ca);
    report.require(!authority, &AUTHORITY, || {
        "basicConstraints with cA TRUE is asked for".into()
    });

    let algorithm = csr.signed_data().algorithm();
    if algorithm.ecdsa_hash().is_none() && algorithm.oid() != oid::ED25519 {
        report.add(&SIGNATURE_ALGORITHM, format!("signed by {algorithm}"));
    } else if let Ok(Some(key)) = public_key::verification_key(key, report) {
        match csr.verify_signature(&key) {
            Ok(()) => {}
            Err(SignatureError::UnsupportedAlgorithm) => {
                report.add(&SIGNATURE_ALGORITHM, format!("signed by {algorithm}"));
            }
            Err(error) => report.add(&SIGNATURE, error.to_string()),
        }
    }
}
