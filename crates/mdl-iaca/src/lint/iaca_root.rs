//! IACA root certificate: Table B.1.

use super::every_certificate::hash_fits_curve;
use super::every_extension::hex;
use super::public_key::{EC_CURVES, curve, verification_key};
use super::rule::{Report, SHALL, rules};
use super::table::{AuthorityRow, KeyUsageRow, Table};
use crate::certificate::{CertificateView, KeyUsage, oid};
use time::{Date, Month, OffsetDateTime};

const CLAUSE: &str = "B.1.2, Table B.1";

rules! {
    COUNTRY: "iaca-country", Error, CLAUSE, "subject has a C attribute", SHALL;
    COMMON_NAME: "iaca-common-name", Error, CLAUSE, "subject has a CN attribute", SHALL;
    ATTRIBUTES: "iaca-subject-attributes", Warning, CLAUSE, "subject has no attributes beyond C, CN, ST, O and serialNumber", "the table lists no others, but nine of fourteen fielded roots carry L or OU and nothing depends on it";
    CURVE: "iaca-curve", Error, CLAUSE, "the key is on one of the seven curves for ECDSA", SHALL;
    SUBJECT_KEY_IDENTIFIER: "iaca-subject-key-identifier", Error, CLAUSE, "subjectKeyIdentifier is present", SHALL;
    ISSUER_ALT_NAME: "iaca-issuer-alt-name", Error, CLAUSE, "issuerAltName is present", SHALL;
    BASIC_CONSTRAINTS: "iaca-basic-constraints", Error, CLAUSE, "basicConstraints is present", SHALL;
    KEY_USAGE: "iaca-key-usage", Error, CLAUSE, "keyUsage is keyCertSign and cRLSign alone", SHALL;
    KEY_USAGE_CRITICAL: "iaca-key-usage-critical", Error, CLAUSE, "keyUsage is critical", SHALL;
    AUTHORITY: "iaca-ca", Error, CLAUSE, "cA is TRUE", SHALL;
    PATH_LENGTH: "iaca-path-length-0", Error, CLAUSE, "pathLenConstraint is 0", SHALL;
    CONSTRAINTS_CRITICAL: "iaca-basic-constraints-critical", Error, CLAUSE, "basicConstraints is critical", SHALL;
    KEY_PURPOSE: "iaca-extended-key-usage", Error, CLAUSE, "extKeyUsage is absent",
        "the table does not list it, and readers that know it would restrict what the authority may issue";
    SELF_ISSUED: "iaca-self-issued", Error, CLAUSE, "issuer and subject are the same octets", SHALL;
    SELF_SIGNED: "iaca-self-signed", Error, CLAUSE, "the signature verifies with the key of the certificate", SHALL;
    VALIDITY: "iaca-validity-20-years", Error, CLAUSE, "lifetime is at most 20 years",
        "the table requires it; a year is a calendar year here, since it is not defined in days";
    AUTHORITY_KEY_IDENTIFIER: "iaca-authority-key-identifier", Error, CLAUSE,
        "authorityKeyIdentifier, if present, is the subject key identifier",
        "not listed, but half of the fielded roots have it; another value would name another key";
    CRL_DISTRIBUTION_POINTS: "iaca-crl-distribution-points", Warning, CLAUSE,
        "cRLDistributionPoints is present",
        "mandatory in the first edition, optional and discouraged in the second: some readers insist on it";
    HASH: "iaca-signature-hash", Info, CLAUSE, "the hash has the strength of the curve",
        "the table allows any of the three; implementations pair SHA-256, SHA-384 and SHA-512 with 256, 384 and 512 bits and more";
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
        (oid::SUBJECT_KEY_IDENTIFIER, &SUBJECT_KEY_IDENTIFIER),
        (oid::ISSUER_ALT_NAME, &ISSUER_ALT_NAME),
        (oid::BASIC_CONSTRAINTS, &BASIC_CONSTRAINTS),
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
        oid::ISSUER_ALT_NAME,
        oid::BASIC_CONSTRAINTS,
        oid::CRL_DISTRIBUTION_POINTS,
        oid::EXTENDED_KEY_USAGE,
    ],
};

pub(super) fn check(certificate: &CertificateView<'_>, report: &mut Report) {
    TABLE.check(certificate, report);
    let extensions = certificate.extensions();
    report.require(certificate.is_self_issued(), &SELF_ISSUED, || {
        format!(
            "issuer {}, subject {}",
            certificate.issuer(),
            certificate.subject()
        )
    });
    let validity = certificate.validity();
    let (start, end) = (validity.not_before, validity.not_after);
    report.require(end.at <= years_after(start.at, 20), &VALIDITY, || {
        format!("valid from {start} to {end}")
    });
    let present = extensions.get(oid::CRL_DISTRIBUTION_POINTS).is_some();
    report.require(present, &CRL_DISTRIBUTION_POINTS, || {
        "no cRLDistributionPoints".into()
    });
    let own = extensions.subject_key_identifier().ok().flatten();
    let authority = extensions.authority_key_identifier().ok().flatten();
    if let (Some(own), Some(authority)) = (
        own,
        authority.and_then(|authority| authority.key_identifier),
    ) {
        report.require(own == authority, &AUTHORITY_KEY_IDENTIFIER, || {
            format!("{}, subjectKeyIdentifier is {}", hex(authority), hex(own))
        });
    }
    self_signed(certificate, report);
}

fn self_signed(certificate: &CertificateView<'_>, report: &mut Report) {
    let key = certificate.public_key_info();
    // A key of another kind, and an algorithm of another kind, are findings of their own.
    let Some(curve) = curve(key).filter(|curve| EC_CURVES.contains(curve)) else {
        return;
    };
    let signed = certificate.signed_data();
    report.require(hash_fits_curve(signed, curve), &HASH, || {
        format!(
            "{} with a key on {}",
            signed.algorithm(),
            curve.name().unwrap_or("another curve")
        )
    });
    if !signed.has_ecdsa_form() || signed.algorithm().ecdsa_hash().is_none() {
        return;
    }
    // A key that is no point of its curve is a finding of its own.
    if let Ok(Some(key)) = verification_key(key, report)
        && let Err(error) = certificate.verify_signature(&key)
    {
        report.add(&SELF_SIGNED, error.to_string());
    }
}

/// The same day and time `years` later; 1 March where 29 February does not exist.
fn years_after(start: OffsetDateTime, years: i32) -> OffsetDateTime {
    let date = start.date();
    let year = date.year() + years;
    let later = date
        .replace_year(year)
        .or_else(|_| Date::from_calendar_date(year, Month::March, 1));
    later.map_or(start, |date| start.replace_date(date))
}
