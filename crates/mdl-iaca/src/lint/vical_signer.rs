//! VICAL signer certificate: Table C.1.

use super::public_key::EC_CURVES;
use super::rule::{Report, SHALL, rules};
use super::table::{AuthorityRow, KeyPurposeRow, KeyUsageRow, Table};
use crate::certificate::{CertificateView, KeyUsage, StringType, oid};

const CLAUSE: &str = "Table C.1";

rules! {
    COUNTRY: "vical-country", Error, CLAUSE, "subject has a C attribute", SHALL;
    ORGANIZATION: "vical-organization", Error, CLAUSE, "subject has an O attribute", SHALL;
    COMMON_NAME: "vical-common-name", Error, CLAUSE, "subject has a CN attribute", SHALL;
    VALIDITY: "vical-validity-1187-days", Error, CLAUSE, "lifetime is at most 1187 days", SHALL;
    CURVE: "vical-curve", Error, CLAUSE, "the key is on one of the seven curves for ECDSA", SHALL;
    AUTHORITY_KEY_IDENTIFIER: "vical-authority-key-identifier", Error, CLAUSE, "authorityKeyIdentifier is present", SHALL;
    SUBJECT_KEY_IDENTIFIER: "vical-subject-key-identifier", Error, CLAUSE, "subjectKeyIdentifier is present", SHALL;
    CRL_DISTRIBUTION_POINTS: "vical-crl-distribution-points", Error, CLAUSE, "cRLDistributionPoints is present", SHALL;
    KEY_USAGE: "vical-key-usage", Error, CLAUSE, "keyUsage is nonRepudiation alone", SHALL;
    KEY_USAGE_CRITICAL: "vical-key-usage-critical", Error, CLAUSE, "keyUsage is critical", SHALL;
    KEY_PURPOSE: "vical-extended-key-usage", Error, CLAUSE, "extKeyUsage lists mdlVICAL", SHALL;
    KEY_PURPOSE_CRITICAL: "vical-extended-key-usage-critical", Error, CLAUSE, "extKeyUsage is critical", SHALL;
    KEY_PURPOSE_OTHER: "vical-extended-key-usage-other", Error, CLAUSE, "extKeyUsage lists no purpose beyond mdlVICAL and mdocVICAL", "a key with a second purpose can be used where it was not meant to be";
    KEY_PURPOSE_SECOND_EDITION: "vical-extended-key-usage-second-edition", Warning, CLAUSE, "extKeyUsage lists mdlVICAL alone", "the second edition advises mdocVICAL in addition, readers of the first edition may insist on one purpose";
    NOT_AUTHORITY: "vical-not-authority", Error, CLAUSE, "the subject is not a certificate authority", SHALL;
    UTF8_NAMES: "vical-utf8-names", Warning, CLAUSE, "O and CN are UTF8String",
        "the table requires it; the signer of the AAMVA VICAL has PrintableString, and readers do not look";
}

const TABLE: Table = Table {
    subject_has: &[
        (oid::COUNTRY_NAME, &COUNTRY),
        (oid::ORGANIZATION_NAME, &ORGANIZATION),
        (oid::COMMON_NAME, &COMMON_NAME),
    ],
    subject_may_have: None,
    validity: Some((1187, &VALIDITY)),
    curves: (EC_CURVES, &CURVE),
    present: &[
        (oid::AUTHORITY_KEY_IDENTIFIER, &AUTHORITY_KEY_IDENTIFIER),
        (oid::SUBJECT_KEY_IDENTIFIER, &SUBJECT_KEY_IDENTIFIER),
        (oid::CRL_DISTRIBUTION_POINTS, &CRL_DISTRIBUTION_POINTS),
    ],
    key_usage: KeyUsageRow {
        bits: KeyUsage::NON_REPUDIATION,
        exact: &KEY_USAGE,
        critical: &KEY_USAGE_CRITICAL,
    },
    key_purpose: Some(KeyPurposeRow {
        purpose: oid::MDL_VICAL,
        advised: Some((oid::MDOC_VICAL, &KEY_PURPOSE_SECOND_EDITION)),
        present: &KEY_PURPOSE,
        critical: &KEY_PURPOSE_CRITICAL,
        nothing_else: &KEY_PURPOSE_OTHER,
    }),
    authority: AuthorityRow::None(&NOT_AUTHORITY),
    listed: &[
        oid::AUTHORITY_KEY_IDENTIFIER,
        oid::SUBJECT_KEY_IDENTIFIER,
        oid::KEY_USAGE,
        oid::EXTENDED_KEY_USAGE,
        oid::CRL_DISTRIBUTION_POINTS,
        oid::AUTHORITY_INFO_ACCESS,
    ],
};

pub(super) fn check(certificate: &CertificateView<'_>, report: &mut Report) {
    TABLE.check(certificate, report);
    for attribute in [oid::ORGANIZATION_NAME, oid::COMMON_NAME] {
        if let Some(attribute) = certificate.subject().attribute(attribute) {
            // Types that no name may have are another rule's finding.
            report.require(
                attribute.string_type != StringType::Printable,
                &UTF8_NAMES,
                || format!("{attribute} is {}", attribute.string_type),
            );
        }
    }
}
