//! A mobile security object on its own, as an issuer has it before signing.

use ciborium::Value;
use mdl_crypto::HashAlgorithm;
use mdl_iaca::trust_anchor::TrustAnchors;
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_reader::{CheckId, Policy, Verifier};

use super::Finding;
use super::document::{check_finding, conditions};
use crate::document_kind::mso_bytes;

/// The checks of a reader that look at nothing but the MSO.
const ON_THE_MSO: [CheckId; 8] = [
    CheckId::Cbor,
    CheckId::CborEncoding,
    CheckId::Mso,
    CheckId::MsoVersion,
    CheckId::DigestAlgorithm,
    CheckId::DeviceKey,
    CheckId::ValidityOrder,
    CheckId::TDateForm,
];

/// Lints a `MobileSecurityObject`, or `MobileSecurityObjectBytes`.
pub(super) fn lint(content: &[u8]) -> Vec<Finding> {
    let payload = mso_bytes(content);
    // The reader judges an MSO in its place in an IssuerSigned; what it says of the empty places around it is left out.
    let issuer_auth = Value::Array(vec![
        Value::Bytes(Vec::new()),
        Value::Map(Vec::new()),
        Value::Bytes(payload.clone()),
        Value::Bytes(Vec::new()),
    ]);
    let issuer_signed = Value::Map(vec![("issuerAuth".into(), issuer_auth)]);
    let mut encoded = Vec::new();
    if let Err(error) = ciborium::into_writer(&issuer_signed, &mut encoded) {
        return vec![Finding::error("unreadable", "8.1", error.to_string())];
    }
    let verifier = Verifier::new(TrustAnchors::new([])).with_policy(Policy::Strict);
    let report = verifier.verify_issuer_signed(&encoded, &conditions());
    let of_documents = report
        .documents()
        .iter()
        .flat_map(|document| document.checks());
    let mut findings: Vec<Finding> = report
        .checks()
        .iter()
        .chain(of_documents)
        .filter(|check| ON_THE_MSO.contains(&check.id))
        .filter_map(check_finding)
        .collect();
    findings.extend(digest_findings(&payload));
    findings
}

/// What a reader sees only of the digests it needs: all of them, here.
fn digest_findings(payload: &[u8]) -> Vec<Finding> {
    let decoded = Checker::new(payload, &Limits::DEFAULT)
        .and_then(|mut checker| MobileSecurityObject::decode(payload, &mut checker));
    let Ok(mso) = decoded else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut names = 0;
    for (name_space, digests) in mso.value_digests.iter() {
        names += 1;
        if digests.is_empty() {
            let found = format!("no digest in {name_space}");
            findings.push(Finding::error("value-digests-empty", "9.1.2.4", found));
        }
        if let Ok(algorithm) = HashAlgorithm::from_name(mso.digest_algorithm) {
            let expected = algorithm.digest_len();
            if let Some((id, digest)) = digests.iter().find(|(_, digest)| digest.len() != expected)
            {
                let found = format!(
                    "{name_space}: digest {id} of {} bytes, not {expected}",
                    digest.len()
                );
                findings.push(Finding::error("value-digest-length", "9.1.2.5", found));
            }
        }
        if let Some((id, _)) = digests.iter().find(|(id, _)| *id >= 1 << 31) {
            let found = format!("{name_space}: digestID {id}");
            findings.push(Finding::error(
                CheckId::DigestIdRange.id(),
                CheckId::DigestIdRange.clause(),
                found,
            ));
        }
    }
    if names == 0 {
        findings.push(Finding::error(
            "value-digests-empty",
            "9.1.2.4",
            "no name space",
        ));
    }
    if let Some(authorizations) = &mso.device_key_info.key_authorizations {
        let mut authorised = authorizations.name_spaces.iter().chain(
            authorizations
                .data_elements
                .iter()
                .map(|(name_space, _)| name_space),
        );
        if authorised.any(|name_space| *name_space == MDL_NAME_SPACE) {
            let found = "the device key may sign elements of the licence";
            findings.push(Finding::error("key-authorizations-licence", "7.2.1", found));
        }
    }
    findings
}
