//! OCSP signer certificate: Table B.8.

use super::public_key::EC_CURVES_WITHOUT_P320;
use super::rule::{Report, SHALL, rules};
use super::table::lifetime;
use super::table::{AuthorityRow, KeyPurposeRow, KeyUsageRow, Table};
use crate::certificate::{CertificateView, KeyUsage, oid};

const CLAUSE: &str = "Table B.8";

rules! {
    COUNTRY: "ocsp-country", Error, CLAUSE, "subject has a C attribute", SHALL;
    COMMON_NAME: "ocsp-common-name", Error, CLAUSE, "subject has a CN attribute", SHALL;
    ATTRIBUTES: "ocsp-subject-attributes", Warning, CLAUSE, "subject has no attributes beyond C, CN, ST, L, O and serialNumber", "the table lists no others, but nine of fourteen fielded roots carry L or OU and nothing depends on it";
    CURVE: "ocsp-curve", Error, CLAUSE, "the key is on one of the curves for ECDSA other than brainpoolP320r1", SHALL;
    AUTHORITY_KEY_IDENTIFIER: "ocsp-authority-key-identifier", Error, CLAUSE, "authorityKeyIdentifier is present", SHALL;
    SUBJECT_KEY_IDENTIFIER: "ocsp-subject-key-identifier", Error, CLAUSE, "subjectKeyIdentifier is present", SHALL;
    ISSUER_ALT_NAME: "ocsp-issuer-alt-name", Error, CLAUSE, "issuerAltName is present", SHALL;
    KEY_USAGE: "ocsp-key-usage", Error, CLAUSE, "keyUsage is digitalSignature alone", SHALL;
    KEY_USAGE_CRITICAL: "ocsp-key-usage-critical", Error, CLAUSE, "keyUsage is critical", SHALL;
    KEY_PURPOSE: "ocsp-extended-key-usage", Error, CLAUSE, "extKeyUsage lists OCSPSigning", SHALL;
    KEY_PURPOSE_CRITICAL: "ocsp-extended-key-usage-critical", Error, CLAUSE, "extKeyUsage is critical", SHALL;
    KEY_PURPOSE_OTHER: "ocsp-extended-key-usage-other", Error, CLAUSE, "extKeyUsage lists no purpose beyond OCSPSigning", "a key with a second purpose can be used where it was not meant to be";
    NOT_AUTHORITY: "ocsp-not-authority", Error, CLAUSE, "the subject is not a certificate authority", SHALL;
    REVOCATION: "ocsp-crl-dp-or-nocheck", Error, CLAUSE,
        "either cRLDistributionPoints or id-pkix-ocsp-nocheck is present, not both", SHALL;
    VALIDITY: "ocsp-validity-457-days", Error, CLAUSE, "lifetime is at most 457 days with cRLDistributionPoints", SHALL;
    VALIDITY_NOCHECK: "ocsp-validity-90-days", Error, CLAUSE, "lifetime is at most 90 days with id-pkix-ocsp-nocheck", SHALL;
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
            oid::LOCALITY_NAME,
        ],
        &ATTRIBUTES,
    )),
    validity: None,
    curves: (EC_CURVES_WITHOUT_P320, &CURVE),
    present: &[
        (oid::AUTHORITY_KEY_IDENTIFIER, &AUTHORITY_KEY_IDENTIFIER),
        (oid::SUBJECT_KEY_IDENTIFIER, &SUBJECT_KEY_IDENTIFIER),
        (oid::ISSUER_ALT_NAME, &ISSUER_ALT_NAME),
    ],
    key_usage: KeyUsageRow {
        bits: KeyUsage::DIGITAL_SIGNATURE,
        exact: &KEY_USAGE,
        critical: &KEY_USAGE_CRITICAL,
    },
    key_purpose: Some(KeyPurposeRow {
        purpose: oid::OCSP_SIGNING,
        advised: None,
        present: &KEY_PURPOSE,
        critical: &KEY_PURPOSE_CRITICAL,
        nothing_else: &KEY_PURPOSE_OTHER,
    }),
    authority: AuthorityRow::None(&NOT_AUTHORITY),
    listed: &[
        oid::AUTHORITY_KEY_IDENTIFIER,
        oid::SUBJECT_KEY_IDENTIFIER,
        oid::KEY_USAGE,
        oid::SUBJECT_ALT_NAME,
        oid::ISSUER_ALT_NAME,
        oid::EXTENDED_KEY_USAGE,
        oid::CRL_DISTRIBUTION_POINTS,
        oid::OCSP_NOCHECK,
    ],
};

pub(super) fn check(certificate: &CertificateView<'_>, report: &mut Report) {
    TABLE.check(certificate, report);
    let has = |extension| certificate.extensions().get(extension).is_some();
    match (has(oid::CRL_DISTRIBUTION_POINTS), has(oid::OCSP_NOCHECK)) {
        (true, false) => lifetime(certificate, 457, &VALIDITY, report),
        (false, true) => lifetime(certificate, 90, &VALIDITY_NOCHECK, report),
        (true, true) => report.add(&REVOCATION, "both are present"),
        (false, false) => report.add(&REVOCATION, "neither is present"),
    }
}
