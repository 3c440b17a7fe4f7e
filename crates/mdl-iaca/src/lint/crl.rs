//! Certificate revocation list: Table B.10.

use std::collections::HashSet;

use time::Duration;

use super::every_certificate::{encoding, signature, time};
use super::every_extension::{self, hex, name};
use super::public_key::verification_key;
use super::rule::{Report, Rule, SHALL, rules};
use crate::certificate::{CertificateView, CrlView, KeyUsage, SerialNumber, oid};

const CLAUSE: &str = "B.2, Table B.10";

rules! {
    VERSION: "crl-version-2", Error, CLAUSE, "version is v2", SHALL;
    ALGORITHMS_AGREE: "crl-algorithms-agree", Error, "RFC 5280, 5.1.1.2",
        "the algorithm inside the signed part is the one outside", "otherwise the algorithm is not protected by the signature";
    NEXT_UPDATE: "crl-next-update", Error, CLAUSE, "nextUpdate is present", SHALL;
    UPDATE_ORDER: "crl-update-order", Error, "RFC 5280, 5.1.2.5", "thisUpdate is earlier than nextUpdate",
        "the list would never be current";
    INTERVAL: "crl-interval-90-days", Error, CLAUSE, "nextUpdate is at most 90 days after thisUpdate",
        "a new list is due every 90 days, and readers keep this one until nextUpdate";
    REVOKED_EMPTY: "crl-revoked-empty", Error, CLAUSE, "revokedCertificates is absent when nothing is revoked", SHALL;
    ENTRY_EXTENSIONS: "crl-entry-extensions", Error, CLAUSE, "entries have no extensions, so no reason code", SHALL;
    ENTRY_SERIAL: "crl-entry-serial", Error, CLAUSE, "serial numbers are positive, of at most 20 octets, and listed once",
        "no certificate has another serial number, and an entry that matches nothing revokes nothing";
    ENTRY_DATE: "crl-entry-date", Warning, CLAUSE, "revocation dates are not later than thisUpdate",
        "readers take the certificate for revoked either way";
    ENTRY_TIME: "crl-entry-time", Error, "RFC 5280, 5.1.2.6",
        "revocation dates are UTCTime through 2049 and GeneralizedTime from 2050, with seconds and Z",
        "DER has one form per instant";
    AUTHORITY_KEY_IDENTIFIER: "crl-authority-key-identifier", Error, CLAUSE, "authorityKeyIdentifier is present", SHALL;
    NUMBER: "crl-number", Error, CLAUSE, "cRLNumber is present", SHALL;
    NUMBER_RANGE: "crl-number-range", Error, "RFC 5280, 5.2.3", "cRLNumber is not negative and has at most 20 octets",
        "readers need not understand any other";
    NUMBER_CRITICAL: "crl-number-non-critical", Error, CLAUSE, "cRLNumber is non-critical", SHALL;
    EXTENSION: "crl-other-extension", Error, CLAUSE,
        "there is no extension beyond authorityKeyIdentifier and cRLNumber: no delta, no indirect CRL", SHALL;
    ISSUER_NAME: "crl-issuer-name", Error, CLAUSE, "the issuer is the subject of the IACA, octet by octet", SHALL;
    ISSUER_KEY_IDENTIFIER: "crl-issuer-key-identifier", Error, CLAUSE,
        "authorityKeyIdentifier is the subjectKeyIdentifier of the IACA", SHALL;
    ISSUER_KEY_USAGE: "crl-issuer-crl-sign", Error, "B.3.2", "the IACA has cRLSign", "readers have to reject the list";
    ISSUER_SIGNATURE: "crl-issuer-signature", Error, "B.3.2", "the signature verifies with the key of the IACA",
        "readers have to reject the list";
    SEQUENCE_NUMBER: "crl-sequence-number", Error, CLAUSE, "cRLNumber is higher than that of the list before", SHALL;
    SEQUENCE_TIME: "crl-sequence-time", Error, CLAUSE, "thisUpdate is not earlier than that of the list before",
        "readers that look for the newest list would keep the old one";
}

const MAX_NUMBER_OCTETS: usize = 20;
/// Entries with the same fault are named up to this many times, then counted.
const MAX_NAMED: usize = 5;

pub(super) fn check(crl: &CrlView<'_>, report: &mut Report) {
    encoding(&crl.deviations(), report);
    let version = crl.version();
    report.require(version == 2, &VERSION, || format!("version is v{version}"));
    signature(crl.signed_data(), report);
    report.require(crl.algorithms_agree(), &ALGORITHMS_AGREE, || {
        format!(
            "{} inside, {} outside",
            crl.inner_algorithm(),
            crl.signed_data().algorithm()
        )
    });
    let this_update = crl.this_update();
    time("thisUpdate", &this_update, report);
    match crl.next_update() {
        None => report.add(&NEXT_UPDATE, "no nextUpdate"),
        Some(next_update) => {
            time("nextUpdate", &next_update, report);
            let interval = next_update.at - this_update.at;
            report.require(interval > Duration::ZERO, &UPDATE_ORDER, || {
                format!("thisUpdate {}, nextUpdate {}", this_update, next_update)
            });
            report.require(interval <= Duration::days(90), &INTERVAL, || {
                let seconds = interval.whole_seconds() % 86_400;
                format!("{} days and {seconds} s", interval.whole_days())
            });
        }
    }
    entries(crl, report);
    extensions(crl, report);
}

fn entries(crl: &CrlView<'_>, report: &mut Report) {
    let mut with_extensions = Faults::default();
    let mut serials = Faults::default();
    let mut dates = Faults::default();
    let mut times = Faults::default();
    let mut seen = HashSet::new();
    let mut total = 0usize;
    for entry in crl.revoked() {
        total += 1;
        let serial = entry.serial;
        let (date, octets) = (entry.revocation_date, serial.as_bytes().len());
        let once = seen.insert(serial);
        let proper = once && !serial.is_negative() && !serial.is_zero() && octets <= 20;
        with_extensions.note(!entry.extensions.is_empty(), serial);
        serials.note(!proper, serial);
        dates.note(date.at > crl.this_update().at, serial);
        times.note(!date.is_canonical() || !date.has_type_of_its_year(), serial);
    }
    report.require(total > 0 || !crl.has_revoked_list(), &REVOKED_EMPTY, || {
        "empty list".into()
    });
    with_extensions.report(&ENTRY_EXTENSIONS, total, report);
    serials.report(&ENTRY_SERIAL, total, report);
    dates.report(&ENTRY_DATE, total, report);
    times.report(&ENTRY_TIME, total, report);
}

/// Entries with the same fault; a list may have hundreds of thousands.
#[derive(Default)]
struct Faults {
    count: usize,
    named: Vec<String>,
}

impl Faults {
    fn note(&mut self, faulty: bool, serial: SerialNumber<'_>) {
        if faulty {
            self.count += 1;
            if self.count <= MAX_NAMED {
                self.named.push(serial.to_string());
            }
        }
    }

    fn report(self, rule: &'static Rule, total: usize, report: &mut Report) {
        let more = self.count - self.named.len();
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        report.require(self.count == 0, rule, || {
            format!(
                "{} of {total} entries: {}{more}",
                self.count,
                self.named.join(", ")
            )
        });
    }
}

fn extensions(crl: &CrlView<'_>, report: &mut Report) {
    let extensions = crl.extensions();
    every_extension::check(extensions, report);
    let authority = extensions.get(oid::AUTHORITY_KEY_IDENTIFIER);
    report.require(authority.is_some(), &AUTHORITY_KEY_IDENTIFIER, || {
        "no authorityKeyIdentifier".into()
    });
    match extensions.get(oid::CRL_NUMBER) {
        None => report.add(&NUMBER, "no cRLNumber"),
        Some(number) => {
            report.require(!number.critical, &NUMBER_CRITICAL, || {
                "cRLNumber is critical".into()
            });
        }
    }
    if let Ok(Some(number)) = extensions.crl_number() {
        let proper =
            number.first().is_some_and(|first| *first < 0x80) && number.len() <= MAX_NUMBER_OCTETS;
        report.require(proper, &NUMBER_RANGE, || hex(number));
    }
    for extension in extensions.iter() {
        let listed = matches!(
            extension.oid,
            oid::AUTHORITY_KEY_IDENTIFIER | oid::CRL_NUMBER
        );
        report.require(
            listed || every_extension::is_prohibited(extension.oid),
            &EXTENSION,
            || name(extension.oid),
        );
    }
}

/// The list is that of this IACA.
pub(super) fn check_issuer(crl: &CrlView<'_>, issuer: &CertificateView<'_>, report: &mut Report) {
    let (found, expected) = (crl.issuer(), issuer.subject());
    report.require(found == expected, &ISSUER_NAME, || {
        format!("{found}, of the IACA {expected}")
    });
    let identifier = crl.extensions().authority_key_identifier().ok().flatten();
    let identifier = identifier.and_then(|identifier| identifier.key_identifier);
    let expected = issuer.extensions().subject_key_identifier().ok().flatten();
    if let (Some(found), Some(expected)) = (identifier, expected) {
        report.require(found == expected, &ISSUER_KEY_IDENTIFIER, || {
            format!("{}, of the IACA {}", hex(found), hex(expected))
        });
    }
    let usage = issuer.extensions().key_usage().ok().flatten();
    let signs = usage.is_some_and(|usage| usage.contains(KeyUsage::CRL_SIGN));
    report.require(signs, &ISSUER_KEY_USAGE, || {
        usage.map_or_else(|| "no keyUsage".into(), |usage| usage.to_string())
    });
    let signed = crl.signed_data();
    if signed.algorithm().ecdsa_hash().is_some() && signed.has_ecdsa_form() {
        match verification_key(issuer.public_key_info(), report) {
            Ok(Some(key)) => {
                if let Err(error) = crl.verify_signature(&key) {
                    report.add(&ISSUER_SIGNATURE, error.to_string());
                }
            }
            Ok(None) => {}
            Err(error) => report.add(&ISSUER_SIGNATURE, format!("key of the IACA: {error}")),
        }
    }
}

/// The list may come after `previous`.
pub(super) fn check_sequence(crl: &CrlView<'_>, previous: &CrlView<'_>, report: &mut Report) {
    let number = |crl: &CrlView<'_>| crl.extensions().crl_number().ok().flatten().map(magnitude);
    if let (Some(own), Some(before)) = (number(crl), number(previous)) {
        // Without leading zeros, the longer number is the larger one.
        report.require(
            (own.len(), &own) > (before.len(), &before),
            &SEQUENCE_NUMBER,
            || format!("{}, before {}", hex(&own), hex(&before)),
        );
    }
    let (own, before) = (crl.this_update(), previous.this_update());
    report.require(own.at >= before.at, &SEQUENCE_TIME, || {
        format!("{own}, before {before}")
    });
}

fn magnitude(number: &[u8]) -> Vec<u8> {
    number
        .iter()
        .copied()
        .skip_while(|octet| *octet == 0)
        .collect()
}
