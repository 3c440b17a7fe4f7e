//! MSO revocation list signer certificate: Table B.9 of the second edition.

use super::every_extension::name;
use super::public_key::EC_CURVES;
use super::rule::{Report, SHALL, rules};
use super::table::{AuthorityRow, KeyUsageRow, Table};
use crate::certificate::{CertificateView, KeyUsage, oid};

const CLAUSE: &str = "Table B.9";

rules! {
    VALIDITY: "status-validity-1187-days", Error, CLAUSE, "lifetime is at most 1187 days", SHALL;
    CURVE: "status-curve", Error, CLAUSE, "the key is on one of the seven curves for ECDSA", SHALL;
    AUTHORITY_KEY_IDENTIFIER: "status-authority-key-identifier", Error, CLAUSE, "authorityKeyIdentifier is present", SHALL;
    SUBJECT_KEY_IDENTIFIER: "status-subject-key-identifier", Error, CLAUSE, "subjectKeyIdentifier is present", SHALL;
    KEY_USAGE: "status-key-usage", Error, CLAUSE, "keyUsage is digitalSignature alone", SHALL;
    KEY_USAGE_CRITICAL: "status-key-usage-critical", Error, CLAUSE, "keyUsage is critical", SHALL;
    NOT_AUTHORITY: "status-not-authority", Error, CLAUSE, "the subject is not a certificate authority", SHALL;
    KEY_PURPOSE_CRITICAL: "status-extended-key-usage-critical", Warning, CLAUSE, "extKeyUsage, if present, is non-critical",
        "advised only, since the key purpose for status signing has no number yet";
    KEY_PURPOSE_OTHER: "status-extended-key-usage-other", Error, CLAUSE,
        "extKeyUsage, if present, lists no purpose of another profile",
        "a key with a second purpose can be used where it was not meant to be";
}

const TABLE: Table = Table {
    subject_has: &[],
    subject_may_have: None,
    validity: Some((1187, &VALIDITY)),
    curves: (EC_CURVES, &CURVE),
    present: &[
        (oid::AUTHORITY_KEY_IDENTIFIER, &AUTHORITY_KEY_IDENTIFIER),
        (oid::SUBJECT_KEY_IDENTIFIER, &SUBJECT_KEY_IDENTIFIER),
    ],
    key_usage: KeyUsageRow {
        bits: KeyUsage::DIGITAL_SIGNATURE,
        exact: &KEY_USAGE,
        critical: &KEY_USAGE_CRITICAL,
    },
    key_purpose: None,
    authority: AuthorityRow::None(&NOT_AUTHORITY),
    listed: &[
        oid::AUTHORITY_KEY_IDENTIFIER,
        oid::SUBJECT_KEY_IDENTIFIER,
        oid::KEY_USAGE,
        oid::EXTENDED_KEY_USAGE,
        oid::CRL_DISTRIBUTION_POINTS,
    ],
};

pub(super) fn check(certificate: &CertificateView<'_>, report: &mut Report) {
    TABLE.check(certificate, report);
    let extensions = certificate.extensions();
    if let (Some(extension), Ok(Some(purposes))) = (
        extensions.get(oid::EXTENDED_KEY_USAGE),
        extensions.extended_key_usage(),
    ) {
        report.require(!extension.critical, &KEY_PURPOSE_CRITICAL, || {
            "extKeyUsage is critical".into()
        });
        // Every purpose with a name here is that of something else.
        for purpose in purposes
            .purposes()
            .filter(|purpose| purpose.name().is_some())
        {
            report.add(&KEY_PURPOSE_OTHER, name(purpose));
        }
    }
}
