//! mDL document signer certificate: Table B.3.

use super::public_key::EC_AND_EDWARDS_CURVES;
use super::rule::{Report, SHALL, rules};
use super::table::{AuthorityRow, KeyPurposeRow, KeyUsageRow, Table};
use crate::certificate::{CertificateView, KeyUsage, oid};

const CLAUSE: &str = "B.1.4, Table B.3";

rules! {
    COUNTRY: "ds-country", Error, CLAUSE, "subject has a C attribute", SHALL;
    COMMON_NAME: "ds-common-name", Error, CLAUSE, "subject has a CN attribute", SHALL;
    ATTRIBUTES: "ds-subject-attributes", Warning, CLAUSE, "subject has no attributes beyond C, CN, ST, L, O and serialNumber", "the table lists no others, but nine of fourteen fielded roots carry L or OU and nothing depends on it";
    VALIDITY: "ds-validity-457-days", Error, CLAUSE, "lifetime is at most 457 days", SHALL;
    CURVE: "ds-curve", Error, CLAUSE, "the key is on one of the seven curves for ECDSA, or Ed25519 or Ed448", SHALL;
    AUTHORITY_KEY_IDENTIFIER: "ds-authority-key-identifier", Error, CLAUSE, "authorityKeyIdentifier is present", SHALL;
    SUBJECT_KEY_IDENTIFIER: "ds-subject-key-identifier", Error, CLAUSE, "subjectKeyIdentifier is present", SHALL;
    ISSUER_ALT_NAME: "ds-issuer-alt-name", Error, CLAUSE, "issuerAltName is present", SHALL;
    CRL_DISTRIBUTION_POINTS: "ds-crl-distribution-points", Error, CLAUSE, "cRLDistributionPoints is present", SHALL;
    KEY_USAGE: "ds-key-usage", Error, CLAUSE, "keyUsage is digitalSignature alone", SHALL;
    KEY_USAGE_CRITICAL: "ds-key-usage-critical", Error, CLAUSE, "keyUsage is critical", SHALL;
    KEY_PURPOSE: "ds-extended-key-usage", Error, CLAUSE, "extKeyUsage lists mdlDS", SHALL;
    KEY_PURPOSE_CRITICAL: "ds-extended-key-usage-critical", Error, CLAUSE, "extKeyUsage is critical", SHALL;
    KEY_PURPOSE_OTHER: "ds-extended-key-usage-other", Error, CLAUSE, "extKeyUsage lists no purpose beyond mdlDS and mdocDS", "a key with a second purpose can be used where it was not meant to be";
    KEY_PURPOSE_SECOND_EDITION: "ds-extended-key-usage-second-edition", Warning, CLAUSE, "extKeyUsage lists mdlDS alone", "the second edition advises mdocDS in addition, readers of the first edition may insist on one purpose";
    NOT_AUTHORITY: "ds-not-authority", Error, CLAUSE, "the subject is not a certificate authority", SHALL;
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
    validity: Some((457, &VALIDITY)),
    curves: (EC_AND_EDWARDS_CURVES, &CURVE),
    present: &[
        (oid::AUTHORITY_KEY_IDENTIFIER, &AUTHORITY_KEY_IDENTIFIER),
        (oid::SUBJECT_KEY_IDENTIFIER, &SUBJECT_KEY_IDENTIFIER),
        (oid::ISSUER_ALT_NAME, &ISSUER_ALT_NAME),
        (oid::CRL_DISTRIBUTION_POINTS, &CRL_DISTRIBUTION_POINTS),
    ],
    key_usage: KeyUsageRow {
        bits: KeyUsage::DIGITAL_SIGNATURE,
        exact: &KEY_USAGE,
        critical: &KEY_USAGE_CRITICAL,
    },
    key_purpose: Some(KeyPurposeRow {
        purpose: oid::MDL_DS,
        advised: Some((oid::MDOC_DS, &KEY_PURPOSE_SECOND_EDITION)),
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
    ],
};

pub(super) fn check(certificate: &CertificateView<'_>, report: &mut Report) {
    TABLE.check(certificate, report);
}
