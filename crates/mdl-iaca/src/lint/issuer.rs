//! What a certificate must have in common with the certificate that issued it.

use super::every_certificate::hash_fits_curve;
use super::every_extension::hex;
use super::profile::Profile;
use super::public_key::{curve, verification_key};
use super::rule::{Report, SHALL, rules};
use crate::certificate::{CertificateView, KeyUsage};

rules! {
    NAME: "issuer-name", Error, "B.1, every table", "the issuer is the subject of the issuing certificate, octet by octet", SHALL;
    KEY_IDENTIFIER: "issuer-key-identifier", Error, "B.1, every table",
        "authorityKeyIdentifier is the subjectKeyIdentifier of the issuing certificate", SHALL;
    AUTHORITY: "issuer-authority", Error, "RFC 5280, 6.1.4", "the issuing certificate is an authority with keyCertSign",
        "readers have to reject the path";
    SIGNATURE: "issuer-signature", Error, "B.3.1", "the signature verifies with the key of the issuing certificate",
        "readers have to reject the path";
    HASH: "issuer-signature-hash", Info, "B.1, every table", "the hash has the strength of the issuing key's curve",
        "the tables allow any of the three; implementations pair SHA-256, SHA-384 and SHA-512 with 256, 384 and 512 bits and more";
    VALIDITY: "issuer-validity", Warning, "B.1.1", "the certificate is valid only while the issuing one is",
        "readers check both at the current time, so it does not break a path while both are valid";
    COUNTRY: "issuer-country", Error, "B.1, Tables B.2, B.3 and B.8", "C is that of the IACA", SHALL;
    STATE_MISSING: "issuer-state-missing", Error, "B.1, Tables B.2, B.3 and B.8",
        "ST is present if the IACA has it", SHALL;
    STATE: "issuer-state", Error, "B.1, Tables B.2, B.3 and B.8", "ST is that of the IACA", SHALL;
    STATE_ADDED: "issuer-state-added", Info, "12.8", "ST is present only if the IACA has it",
        "allowed, but some readers insist that both have it or neither";
}

pub(super) fn check(
    certificate: &CertificateView<'_>,
    profile: Option<Profile>,
    issuer: &CertificateView<'_>,
    report: &mut Report,
) {
    let (found, expected) = (certificate.issuer(), issuer.subject());
    report.require(found == expected, &NAME, || {
        if found.to_string() == expected.to_string() {
            format!("{found}, in another encoding")
        } else {
            format!("issuer {found}, subject of the issuing certificate {expected}")
        }
    });
    let identifier = certificate
        .extensions()
        .authority_key_identifier()
        .ok()
        .flatten();
    let identifier = identifier.and_then(|identifier| identifier.key_identifier);
    let expected = issuer.extensions().subject_key_identifier().ok().flatten();
    if let (Some(found), Some(expected)) = (identifier, expected) {
        report.require(found == expected, &KEY_IDENTIFIER, || {
            format!(
                "{}, the issuing certificate has {}",
                hex(found),
                hex(expected)
            )
        });
    }
    authority(issuer, report);
    signature(certificate, issuer, report);

    let (own, outer) = (certificate.validity(), issuer.validity());
    let before = own.not_before.at < outer.not_before.at;
    // For a link certificate the end is a row of its own table.
    let after = own.not_after.at > outer.not_after.at && profile != Some(Profile::IacaLink);
    report.require(!before && !after, &VALIDITY, || {
        let (not_before, not_after) = (outer.not_before, outer.not_after);
        format!("the issuing certificate is valid from {not_before} to {not_after} only")
    });
    let from_iaca = matches!(
        profile,
        Some(Profile::IacaLink | Profile::DocumentSigner | Profile::OcspSigner)
    );
    if from_iaca {
        jurisdiction(certificate, issuer, report);
    }
}

fn authority(issuer: &CertificateView<'_>, report: &mut Report) {
    let extensions = issuer.extensions();
    let constraints = extensions.basic_constraints().ok().flatten();
    let usage = extensions.key_usage().ok().flatten();
    let authority = constraints.is_some_and(|constraints| constraints.ca);
    let signs = usage.is_some_and(|usage| usage.contains(KeyUsage::KEY_CERT_SIGN));
    report.require(authority && signs, &AUTHORITY, || {
        let usage = usage.map_or_else(|| "absent".into(), |usage| usage.to_string());
        format!("issuing certificate: cA {authority}, keyUsage {usage}")
    });
}

fn signature(certificate: &CertificateView<'_>, issuer: &CertificateView<'_>, report: &mut Report) {
    let signed = certificate.signed_data();
    if let Some(curve) = curve(issuer.public_key_info()) {
        report.require(hash_fits_curve(signed, curve), &HASH, || {
            format!(
                "{} by a key on {}",
                signed.algorithm(),
                curve.name().unwrap_or("another curve")
            )
        });
    }
    // Algorithm and form are findings of their own.
    if signed.algorithm().ecdsa_hash().is_none() || !signed.has_ecdsa_form() {
        return;
    }
    match verification_key(issuer.public_key_info(), report) {
        Ok(Some(key)) => {
            if let Err(error) = certificate.verify_signature(&key) {
                report.add(&SIGNATURE, error.to_string());
            }
        }
        Ok(None) => {}
        Err(error) => report.add(
            &SIGNATURE,
            format!("key of the issuing certificate: {error}"),
        ),
    }
}

fn jurisdiction(
    certificate: &CertificateView<'_>,
    issuer: &CertificateView<'_>,
    report: &mut Report,
) {
    let (subject, iaca) = (certificate.subject(), issuer.subject());
    if let (Some(own), Some(expected)) = (subject.country(), iaca.country()) {
        report.require(own == expected, &COUNTRY, || {
            format!(
                "C is {}, of the IACA {}",
                own.escape_debug(),
                expected.escape_debug()
            )
        });
    }
    match (subject.state_or_province(), iaca.state_or_province()) {
        (Some(own), Some(expected)) => report.require(own == expected, &STATE, || {
            format!(
                "ST is {}, of the IACA {}",
                own.escape_debug(),
                expected.escape_debug()
            )
        }),
        (None, Some(expected)) => {
            report.add(
                &STATE_MISSING,
                format!("no ST, of the IACA {}", expected.escape_debug()),
            );
        }
        (Some(own), None) => {
            report.add(
                &STATE_ADDED,
                format!("ST is {}, the IACA has none", own.escape_debug()),
            );
        }
        (None, None) => {}
    }
}
