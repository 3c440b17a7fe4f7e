//! mdoc reader authentication certificate: Table B.6.

use super::public_key::EC_AND_EDWARDS_CURVES;
use super::rule::{Report, SHALL, rules};
use super::table::{AuthorityRow, KeyPurposeRow, KeyUsageRow, Table};
use crate::certificate::{CertificateView, KeyUsage, oid};

const CLAUSE: &str = "Table B.6";

rules! {
    COMMON_NAME: "reader-common-name", Error, CLAUSE, "subject has a CN attribute", SHALL;
    VALIDITY: "reader-validity-1187-days", Error, CLAUSE, "lifetime is at most 1187 days", SHALL;
    CURVE: "reader-curve", Error, CLAUSE, "the key is on one of the seven curves for ECDSA, or Ed25519 or Ed448", SHALL;
    AUTHORITY_KEY_IDENTIFIER: "reader-authority-key-identifier", Error, CLAUSE, "authorityKeyIdentifier is present", SHALL;
    SUBJECT_KEY_IDENTIFIER: "reader-subject-key-identifier", Error, CLAUSE, "subjectKeyIdentifier is present", SHALL;
    CRL_DISTRIBUTION_POINTS: "reader-crl-distribution-points", Error, CLAUSE, "cRLDistributionPoints is present", SHALL;
    KEY_USAGE: "reader-key-usage", Error, CLAUSE, "keyUsage is digitalSignature alone", SHALL;
    KEY_USAGE_CRITICAL: "reader-key-usage-critical", Error, CLAUSE, "keyUsage is critical", SHALL;
    KEY_PURPOSE: "reader-extended-key-usage", Error, CLAUSE, "extKeyUsage lists mdlReaderAuth", SHALL;
    KEY_PURPOSE_CRITICAL: "reader-extended-key-usage-critical", Error, CLAUSE, "extKeyUsage is critical", SHALL;
    KEY_PURPOSE_OTHER: "reader-extended-key-usage-other", Error, CLAUSE, "extKeyUsage lists no purpose beyond mdlReaderAuth and mdocReaderAuth", "a key with a second purpose can be used where it was not meant to be";
    KEY_PURPOSE_SECOND_EDITION: "reader-extended-key-usage-second-edition", Warning, CLAUSE, "extKeyUsage lists mdlReaderAuth alone", "the second edition advises mdocReaderAuth in addition, readers of the first edition may insist on one purpose";
    NOT_AUTHORITY: "reader-not-authority", Error, CLAUSE, "the subject is not a certificate authority", SHALL;
    ISSUER_ALT_NAME: "reader-issuer-alt-name", Warning, CLAUSE,
        "issuerAltName is present if an IACA issued the certificate",
        "whether the issuer is an IACA shows only in that it has an issuerAltName and a country itself";
}

const TABLE: Table = Table {
    subject_has: &[(oid::COMMON_NAME, &COMMON_NAME)],
    subject_may_have: None,
    validity: Some((1187, &VALIDITY)),
    curves: (EC_AND_EDWARDS_CURVES, &CURVE),
    present: &[
        (oid::AUTHORITY_KEY_IDENTIFIER, &AUTHORITY_KEY_IDENTIFIER),
        (oid::SUBJECT_KEY_IDENTIFIER, &SUBJECT_KEY_IDENTIFIER),
        (oid::CRL_DISTRIBUTION_POINTS, &CRL_DISTRIBUTION_POINTS),
    ],
    key_usage: KeyUsageRow {
        bits: KeyUsage::DIGITAL_SIGNATURE,
        exact: &KEY_USAGE,
        critical: &KEY_USAGE_CRITICAL,
    },
    key_purpose: Some(KeyPurposeRow {
        purpose: oid::MDL_READER_AUTH,
        advised: Some((oid::MDOC_READER_AUTH, &KEY_PURPOSE_SECOND_EDITION)),
        present: &KEY_PURPOSE,
        critical: &KEY_PURPOSE_CRITICAL,
        nothing_else: &KEY_PURPOSE_OTHER,
    }),
    authority: AuthorityRow::None(&NOT_AUTHORITY),
    listed: &[
        oid::AUTHORITY_KEY_IDENTIFIER,
        oid::SUBJECT_KEY_IDENTIFIER,
        oid::KEY_USAGE,
        oid::ISSUER_ALT_NAME,
        oid::EXTENDED_KEY_USAGE,
        oid::CRL_DISTRIBUTION_POINTS,
        oid::AUTHORITY_INFO_ACCESS,
    ],
};

pub(super) fn check(
    certificate: &CertificateView<'_>,
    issuer: Option<&CertificateView<'_>>,
    report: &mut Report,
) {
    TABLE.check(certificate, report);
    let from_iaca = issuer.is_some_and(|issuer| {
        issuer.extensions().get(oid::ISSUER_ALT_NAME).is_some()
            && issuer.subject().country().is_some()
    });
    let present = certificate.extensions().get(oid::ISSUER_ALT_NAME).is_some();
    report.require(present || !from_iaca, &ISSUER_ALT_NAME, || {
        "no issuerAltName".into()
    });
}
