//! IACA link certificate: Table B.2.

use super::every_extension::hex;
use super::public_key::EC_CURVES;
use super::rule::{Report, SHALL, rules};
use super::table::{AuthorityRow, KeyUsageRow, Table};
use crate::certificate::{CertificateView, GeneralName, KeyUsage, oid};

const CLAUSE: &str = "B.1.3, Table B.2";

rules! {
    COUNTRY: "link-country", Error, CLAUSE, "subject has a C attribute", SHALL;
    COMMON_NAME: "link-common-name", Error, CLAUSE, "subject has a CN attribute", SHALL;
    ATTRIBUTES: "link-subject-attributes", Warning, CLAUSE, "subject has no attributes beyond C, CN, ST, O and serialNumber", "the table lists no others, but nine of fourteen fielded roots carry L or OU and nothing depends on it";
    CURVE: "link-curve", Error, CLAUSE, "the key is on one of the seven curves for ECDSA", SHALL;
    AUTHORITY_KEY_IDENTIFIER: "link-authority-key-identifier", Error, CLAUSE, "authorityKeyIdentifier is present", SHALL;
    SUBJECT_KEY_IDENTIFIER: "link-subject-key-identifier", Error, CLAUSE, "subjectKeyIdentifier is present", SHALL;
    ISSUER_ALT_NAME: "link-issuer-alt-name", Error, CLAUSE, "issuerAltName is present", SHALL;
    BASIC_CONSTRAINTS: "link-basic-constraints", Error, CLAUSE, "basicConstraints is present", SHALL;
    CRL_DISTRIBUTION_POINTS: "link-crl-distribution-points", Error, CLAUSE, "cRLDistributionPoints is present", SHALL;
    KEY_USAGE: "link-key-usage", Error, CLAUSE, "keyUsage is keyCertSign and cRLSign alone", SHALL;
    KEY_USAGE_CRITICAL: "link-key-usage-critical", Error, CLAUSE, "keyUsage is critical", SHALL;
    AUTHORITY: "link-ca", Error, CLAUSE, "cA is TRUE", SHALL;
    PATH_LENGTH: "link-path-length-0", Error, CLAUSE, "pathLenConstraint is 0", SHALL;
    CONSTRAINTS_CRITICAL: "link-basic-constraints-critical", Error, CLAUSE, "basicConstraints is critical", SHALL;
    KEY_PURPOSE: "link-extended-key-usage", Error, CLAUSE, "extKeyUsage is absent",
        "the table does not list it, and readers that know it would restrict what the authority may issue";
    DISTINCT_KEY: "link-distinct-key", Error, CLAUSE, "the new key is not the key that signs",
        "a certificate of the old key for itself vouches for nothing";
    SUBJECT_ALT_NAME: "link-subject-alt-name", Error, CLAUSE,
        "subjectAltName holds the new name where the name of the authority changes", SHALL;
    SUBJECT_ALT_NAME_UNNEEDED: "link-subject-alt-name-unneeded", Warning, CLAUSE,
        "subjectAltName is absent where the name of the authority stays", "the table has it for a change of name only; harmless";
    VALIDITY: "link-validity-within-old-iaca", Error, CLAUSE, "notAfter is not later than that of the old IACA", SHALL;
    NEW_SUBJECT: "link-new-subject", Error, CLAUSE, "the subject is that of the new IACA, octet by octet", SHALL;
    NEW_KEY: "link-new-key", Error, CLAUSE, "the key is that of the new IACA", SHALL;
}

const TABLE: Table = Table {
    subject_has: &[
        (oid::COUNTRY_NAME, &COUNTRY),
        (oid::COMMON_NAME, &COMMON_NAME),
    ],
    subject_may_have: Some((
        &[
            oid::COUNTRY_NAME,
            oid::COMMON_NAME,
            oid::STATE_OR_PROVINCE_NAME,
            oid::ORGANIZATION_NAME,
            oid::SERIAL_NUMBER,
        ],
        &ATTRIBUTES,
    )),
    validity: None,
    curves: (EC_CURVES, &CURVE),
    present: &[
        (oid::AUTHORITY_KEY_IDENTIFIER, &AUTHORITY_KEY_IDENTIFIER),
        (oid::SUBJECT_KEY_IDENTIFIER, &SUBJECT_KEY_IDENTIFIER),
        (oid::ISSUER_ALT_NAME, &ISSUER_ALT_NAME),
        (oid::BASIC_CONSTRAINTS, &BASIC_CONSTRAINTS),
        (oid::CRL_DISTRIBUTION_POINTS, &CRL_DISTRIBUTION_POINTS),
    ],
    key_usage: KeyUsageRow {
        bits: KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN,
        exact: &KEY_USAGE,
        critical: &KEY_USAGE_CRITICAL,
    },
    key_purpose: None,
    authority: AuthorityRow::PathLengthZero {
        authority: &AUTHORITY,
        path_length: &PATH_LENGTH,
        critical: &CONSTRAINTS_CRITICAL,
        no_key_purpose: &KEY_PURPOSE,
    },
    listed: &[
        oid::SUBJECT_KEY_IDENTIFIER,
        oid::AUTHORITY_KEY_IDENTIFIER,
        oid::KEY_USAGE,
        oid::SUBJECT_ALT_NAME,
        oid::ISSUER_ALT_NAME,
        oid::BASIC_CONSTRAINTS,
        oid::CRL_DISTRIBUTION_POINTS,
        oid::EXTENDED_KEY_USAGE,
    ],
};

pub(super) fn check(
    certificate: &CertificateView<'_>,
    issuer: Option<&CertificateView<'_>>,
    report: &mut Report,
) {
    TABLE.check(certificate, report);
    let extensions = certificate.extensions();
    let own = extensions.subject_key_identifier().ok().flatten();
    let authority = extensions.authority_key_identifier().ok().flatten();
    if let (Some(own), Some(authority)) = (
        own,
        authority.and_then(|authority| authority.key_identifier),
    ) {
        report.require(own != authority, &DISTINCT_KEY, || {
            "subjectKeyIdentifier and authorityKeyIdentifier are the same".into()
        });
    }
    subject_alt_name(certificate, report);
    if let Some(old) = issuer {
        let (own, old) = (certificate.validity().not_after, old.validity().not_after);
        report.require(own.at <= old.at, &VALIDITY, || {
            format!("notAfter {own}, of the old IACA {old}")
        });
    }
}

fn subject_alt_name(certificate: &CertificateView<'_>, report: &mut Report) {
    let extensions = certificate.extensions();
    let Ok(names) = extensions.subject_alt_name() else {
        return;
    };
    if certificate.is_self_issued() {
        return report.require(names.is_none(), &SUBJECT_ALT_NAME_UNNEEDED, || {
            "subjectAltName is present, issuer and subject are the same".into()
        });
    }
    let subject = certificate.subject();
    let named = names.is_some_and(|names| {
        names
            .iter()
            .any(|name| matches!(name, GeneralName::DirectoryName(name) if name == subject))
    });
    report.require(named, &SUBJECT_ALT_NAME, || {
        format!(
            "no directoryName {subject}, issuer is {}",
            certificate.issuer()
        )
    });
}

/// What the link must have in common with the certificate of the new IACA.
pub(super) fn check_target(
    link: &CertificateView<'_>,
    new_iaca: &CertificateView<'_>,
    report: &mut Report,
) {
    let (subject, new) = (link.subject(), new_iaca.subject());
    report.require(subject == new, &NEW_SUBJECT, || {
        format!("{subject}, of the new IACA {new}")
    });
    let same_key = link.public_key_info().der() == new_iaca.public_key_info().der();
    report.require(same_key, &NEW_KEY, || {
        let (own, new) = (link.public_key_info(), new_iaca.public_key_info());
        format!(
            "{}, of the new IACA {}",
            hex(&own.key_identifier()),
            hex(&new.key_identifier())
        )
    });
}
