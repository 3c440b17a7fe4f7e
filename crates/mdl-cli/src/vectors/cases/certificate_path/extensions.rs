//! Purpose, criticality and prohibited extensions of the document signer's certificate.

use super::super::super::forge::{
    AUTHORITY_KEY_IDENTIFIER, BASIC_CONSTRAINTS, BOOLEAN, CERT_AND_CRL_SIGN,
    CRL_DISTRIBUTION_POINTS, Certificate, DIGITAL_SIGNATURE, EXTENDED_KEY_USAGE, FRESHEST_CRL,
    INHIBIT_ANY_POLICY, ISSUER_ALT_NAME, KEY_USAGE, MDL_DS, MDL_READER_AUTH, MDOC_DS,
    NAME_CONSTRAINTS, NON_REPUDIATION, POLICY_CONSTRAINTS, POLICY_MAPPINGS, SUBJECT_KEY_IDENTIFIER,
    ca, purposes, sequence,
};
use super::super::super::vector_file::PolicyName;
use super::super::Layer;
use super::signer;

const UNKNOWN: &str = "1.3.6.1.4.1.32473.99";
const ANY_PURPOSE: &str = "2.5.29.37.0";
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// digitalSignature and keyAgreement.
const TWO_USAGES: &[u8] = &[0x03, 0x02, 0x03, 0x88];

pub(super) fn add(layer: &mut Layer) {
    key_usage(layer);
    key_purpose(layer);
    critical(layer);
    authority(layer);
    profile(layer);
}

fn key_usage(layer: &mut Layer) {
    let usage = |critical: bool, value: &[u8]| {
        signer(|certificate| certificate.set_extension(KEY_USAGE, critical, value))
    };
    for (id, comment, response) in [
        (
            "path-no-key-usage",
            "no key usage",
            signer(|certificate| certificate.remove_extension(KEY_USAGE)),
        ),
        (
            "path-key-usage-cert-sign",
            "the key usage of an authority",
            usage(true, CERT_AND_CRL_SIGN),
        ),
        (
            "path-key-usage-non-repudiation",
            "the key usage of a VICAL signer",
            usage(true, NON_REPUDIATION),
        ),
        (
            "path-key-usage-empty",
            "a key usage without any bit",
            usage(true, &[0x03, 0x01, 0x00]),
        ),
        (
            "path-key-usage-unreadable",
            "a key usage that is no BIT STRING",
            usage(true, &[0x04, 0x01, 0x80]),
        ),
    ] {
        layer
            .response(id, "Purpose", comment, response)
            .fails(["ds-key-usage"]);
    }
    layer
        .response(
            "path-key-usage-not-critical",
            "Profile",
            "the key usage is not critical",
            usage(false, DIGITAL_SIGNATURE),
        )
        .warns(["ds-key-usage"]);
    layer
        .response(
            "path-key-usage-further",
            "Profile",
            "keyAgreement beside digitalSignature",
            usage(true, TWO_USAGES),
        )
        .warns(["ds-key-usage"]);
}

fn key_purpose(layer: &mut Layer) {
    let purpose = |critical: bool, value: &[u8]| {
        signer(|certificate| certificate.set_extension(EXTENDED_KEY_USAGE, critical, value))
    };
    for (id, comment, response) in [
        (
            "path-no-purpose",
            "no key purpose",
            signer(|certificate| certificate.remove_extension(EXTENDED_KEY_USAGE)),
        ),
        (
            "path-purpose-reader",
            "the key purpose of a reader",
            purpose(true, &purposes(&[MDL_READER_AUTH])),
        ),
        (
            "path-purpose-any",
            "anyExtendedKeyUsage",
            purpose(true, &purposes(&[ANY_PURPOSE])),
        ),
        (
            "path-purpose-mdoc-only",
            "the generic purpose of the second edition without that of the mDL",
            purpose(true, &purposes(&[MDOC_DS])),
        ),
        (
            "path-purpose-server",
            "the key purpose of a web server",
            purpose(true, &purposes(&[SERVER_AUTH])),
        ),
        (
            "path-purpose-empty",
            "an empty list of purposes",
            purpose(true, &purposes(&[])),
        ),
        (
            "path-purpose-unreadable",
            "key purposes that are no list",
            purpose(true, &[0x05, 0x00]),
        ),
    ] {
        layer
            .response(id, "Purpose", comment, response)
            .fails(["ds-extended-key-usage"]);
    }
    layer.response(
        "path-purpose-both-editions",
        "Normal",
        "the generic purpose of the second edition beside that of the mDL",
        purpose(true, &purposes(&[MDL_DS, MDOC_DS])),
    );
    layer
        .response(
            "path-purpose-further",
            "Profile",
            "the purpose of a web server beside that of a document signer",
            purpose(true, &purposes(&[MDL_DS, SERVER_AUTH])),
        )
        .warns(["ds-extended-key-usage"]);
    layer
        .response(
            "path-purpose-not-critical",
            "Profile",
            "the key purpose is not critical",
            purpose(false, &purposes(&[MDL_DS])),
        )
        .warns(["ds-extended-key-usage"]);
}

fn critical(layer: &mut Layer) {
    let extension = |oid: &'static str, critical: bool, value: &[u8]| {
        signer(|certificate| certificate.set_extension(oid, critical, value))
    };
    layer
        .response(
            "path-critical-unknown",
            "Critical",
            "a critical extension that nobody knows",
            extension(UNKNOWN, true, &[0x05, 0x00]),
        )
        .fails(["ds-critical-extensions"]);
    layer.response(
        "path-unknown-extension",
        "Normal",
        "an extension that nobody knows, not critical",
        extension(UNKNOWN, false, &[0x05, 0x00]),
    );
    for (id, name, oid) in [
        (
            "path-key-identifier-unreadable",
            "the authority key identifier",
            AUTHORITY_KEY_IDENTIFIER,
        ),
        (
            "path-subject-key-identifier-unreadable",
            "the subject key identifier",
            SUBJECT_KEY_IDENTIFIER,
        ),
        (
            "path-issuer-alt-name-unreadable",
            "the issuer alternative name",
            ISSUER_ALT_NAME,
        ),
        (
            "path-distribution-points-unreadable",
            "the CRL distribution point",
            CRL_DISTRIBUTION_POINTS,
        ),
    ] {
        let case = layer.response(
            id,
            "Critical",
            &format!("{name} cannot be read"),
            extension(oid, false, &[0x05, 0x00]),
        );
        let case = case.fails(["ds-critical-extensions"]);
        if oid == AUTHORITY_KEY_IDENTIFIER {
            case.warns(["trust-anchor"]);
        }
    }
    let twice = signer(|certificate: &mut Certificate| {
        let usage = certificate
            .extensions
            .iter()
            .find(|extension| extension.oid == KEY_USAGE);
        let usage = usage.cloned();
        certificate.extensions.extend(usage);
    });
    layer
        .response(
            "path-extension-twice",
            "Critical",
            "an extension stands twice, which RFC 5280 forbids",
            twice,
        )
        .fails(["x5chain"]);
    for (id, name, oid) in [
        ("path-policy-mappings", "policyMappings", POLICY_MAPPINGS),
        ("path-name-constraints", "nameConstraints", NAME_CONSTRAINTS),
        (
            "path-policy-constraints",
            "policyConstraints",
            POLICY_CONSTRAINTS,
        ),
        (
            "path-inhibit-any-policy",
            "inhibitAnyPolicy",
            INHIBIT_ANY_POLICY,
        ),
        ("path-freshest-crl", "freshestCRL", FRESHEST_CRL),
    ] {
        let critical = oid == NAME_CONSTRAINTS;
        let comment = format!("{name}, {}critical", if critical { "" } else { "not " });
        layer
            .response(
                id,
                "Prohibited",
                &comment,
                extension(oid, critical, &sequence(&[])),
            )
            .fails(["ds-prohibited-extensions"]);
    }
}

fn authority(layer: &mut Layer) {
    let constraints = |value: &[u8]| {
        signer(|certificate| certificate.set_extension(BASIC_CONSTRAINTS, true, value))
    };
    layer
        .response(
            "path-signer-is-authority",
            "Purpose",
            "the document signer is a certificate authority",
            constraints(&ca(None)),
        )
        .fails(["ds-not-ca"]);
    layer
        .response(
            "path-signer-is-authority-0x01",
            "Purpose",
            "likewise, with TRUE written as 1, which is not DER",
            constraints(&sequence(&[&[BOOLEAN, 1, 1]])),
        )
        .fails(["ds-not-ca"]);
    layer
        .response(
            "path-constraints-unreadable",
            "Purpose",
            "basicConstraints cannot be read",
            constraints(&[0x05, 0x00]),
        )
        .fails(["ds-not-ca"]);
    layer.response(
        "path-signer-is-no-authority",
        "Normal",
        "basicConstraints says that it is none",
        constraints(&sequence(&[])),
    );
}

/// Rules for issuers that no check of the path covers.
fn profile(layer: &mut Layer) {
    let short_serial = || signer(|certificate| certificate.serial = vec![0]);
    for (id, comment, make) in [
        (
            "path-no-issuer-alt-name",
            "no issuer alternative name",
            &(|| signer(|certificate| certificate.remove_extension(ISSUER_ALT_NAME)))
                as &dyn Fn() -> Vec<u8>,
        ),
        (
            "path-no-distribution-point",
            "no CRL distribution point",
            &|| signer(|certificate| certificate.remove_extension(CRL_DISTRIBUTION_POINTS)),
        ),
        (
            "path-no-subject-key-identifier",
            "no subject key identifier",
            &|| signer(|certificate| certificate.remove_extension(SUBJECT_KEY_IDENTIFIER)),
        ),
        ("path-serial-zero", "serial number 0", &short_serial),
    ] {
        layer.response(id, "Profile", comment, make());
        layer
            .response(&format!("{id}-strict"), "Profile", comment, make())
            .policy(PolicyName::Strict)
            .fails(["ds-profile"]);
    }
}
