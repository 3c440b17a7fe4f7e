//! What holds for every certificate: version, serial number, algorithms, times, encoding.

use super::rule::{Report, SHALL, rules};
use crate::certificate::{CertificateView, Deviation, SignedData, Time, oid};

rules! {
    DOCUMENT_KIND: "document-kind", Error, "B.1.1", "the document is what the chosen profile is for",
        "none of the profile's rules could be checked";
    PROFILE_UNKNOWN: "profile-unknown", Warning, "B.1.1", "the certificate says which profile it follows",
        "only the rules that every profile shares were checked; name the profile to have the rest";
    DER_ENCODING: "der-encoding", Error, "B.1.1", "the encoding is DER",
        "strict readers cannot read anything else";
    VERSION: "version-3", Error, "B.1, every table", "version is v3", SHALL;
    SERIAL_POSITIVE: "serial-positive", Error, "B.1, every table", "the serial number is above zero", SHALL;
    SERIAL_LENGTH: "serial-20-octets", Error, "B.1, every table", "the serial number has at most 20 octets", SHALL;
    SERIAL_ENTROPY: "serial-entropy", Warning, "B.1, every table",
        "the serial number has at least 63 random bits",
        "randomness cannot be seen: below 8 octets it is unlikely, but a random value may happen to be short";
    SIGNATURE_ALGORITHM: "signature-algorithm", Error, "B.1, every table",
        "signed by ECDSA with SHA-256, SHA-384 or SHA-512", SHALL;
    SIGNATURE_PARAMETERS: "signature-algorithm-parameters", Error, "RFC 5758, 3.2",
        "the signature algorithm has no parameters", "the RFC that defines the algorithm requires it";
    SIGNATURE_ALGORITHMS_AGREE: "signature-algorithms-agree", Error, "RFC 5280, 4.1.1.2",
        "the algorithm inside the signed part is the one outside",
        "otherwise the algorithm is not protected by the signature";
    SIGNATURE_ENCODING: "signature-encoding", Error, "RFC 5758, 3.2",
        "the signature is a DER ECDSA-Sig-Value in whole octets", "nobody could verify it";
    VALIDITY_ORDER: "validity-order", Error, "RFC 5280, 4.1.2.5", "notBefore is earlier than notAfter",
        "the certificate would never be valid";
    TIME_TYPE: "time-type", Error, "RFC 5280, 4.1.2.5",
        "UTCTime for years through 2049, GeneralizedTime from 2050", "DER certificates have one form per instant";
    TIME_FORMAT: "time-format", Error, "RFC 5280, 4.1.2.5.1 and 4.1.2.5.2",
        "times have seconds, no fraction, and end in Z", "DER certificates have one form per instant";
    UNIQUE_IDENTIFIERS: "unique-identifiers", Error, "RFC 5280, 4.1.2.8",
        "issuerUniqueID and subjectUniqueID are absent", "no profile lists them and certificate makers shall not write them";
}

/// Twenty octets is also what RFC 5280, 4.1.2.2 makes readers accept.
const MAX_SERIAL_OCTETS: usize = 20;
/// 63 random bits need eight octets.
const MIN_RANDOM_OCTETS: usize = 8;

pub(super) fn check(certificate: &CertificateView<'_>, report: &mut Report) {
    encoding(&certificate.deviations(), report);
    let version = certificate.version();
    report.require(version == 3, &VERSION, || format!("version is v{version}"));

    let serial = certificate.serial();
    let octets = serial.as_bytes().len();
    if serial.is_negative() {
        report.add(
            &SERIAL_POSITIVE,
            format!("serial number {serial} is negative"),
        );
    } else if serial.is_zero() {
        report.add(&SERIAL_POSITIVE, "serial number is zero");
    } else if octets < MIN_RANDOM_OCTETS {
        report.add(
            &SERIAL_ENTROPY,
            format!("serial number {serial} has {octets} octets"),
        );
    }
    report.require(octets <= MAX_SERIAL_OCTETS, &SERIAL_LENGTH, || {
        format!("serial number has {octets} octets")
    });

    signature(certificate.signed_data(), report);
    report.require(
        certificate.algorithms_agree(),
        &SIGNATURE_ALGORITHMS_AGREE,
        || {
            let (inner, outer) = (certificate.inner_algorithm(), certificate.outer_algorithm());
            if inner.oid() == outer.oid() {
                format!("{inner} both inside and outside, with different parameters")
            } else {
                format!("{inner} inside, {outer} outside")
            }
        },
    );

    let validity = certificate.validity();
    report.require(
        validity.not_before.at < validity.not_after.at,
        &VALIDITY_ORDER,
        || {
            format!(
                "notBefore {}, notAfter {}",
                validity.not_before, validity.not_after
            )
        },
    );
    time("notBefore", &validity.not_before, report);
    time("notAfter", &validity.not_after, report);
    report.require(
        !certificate.has_unique_identifier(),
        &UNIQUE_IDENTIFIERS,
        || "unique identifier is present".into(),
    );
}

/// DER in every octet.
pub(super) fn encoding(deviations: &[Deviation], report: &mut Report) {
    for Deviation { offset, kind } in deviations {
        report.add(&DER_ENCODING, format!("at byte {offset}: {kind}"));
    }
}

/// Algorithm and form of the signature; whether it verifies needs a key.
pub(super) fn signature(signed: &SignedData<'_>, report: &mut Report) {
    let algorithm = signed.algorithm();
    if algorithm.ecdsa_hash().is_none() {
        return report.add(&SIGNATURE_ALGORITHM, format!("signed by {algorithm}"));
    }
    report.require(
        algorithm.parameters().is_none(),
        &SIGNATURE_PARAMETERS,
        || format!("{algorithm} with parameters"),
    );
    report.require(signed.has_ecdsa_form(), &SIGNATURE_ENCODING, || {
        format!(
            "{} octets that are no ECDSA-Sig-Value",
            signed.signature().len()
        )
    });
}

/// Type and form of one time.
pub(super) fn time(name: &str, time: &Time<'_>, report: &mut Report) {
    report.require(time.has_type_of_its_year(), &TIME_TYPE, || {
        format!("{name}: {} for the year {}", time.encoding, time.at.year())
    });
    report.require(time.is_canonical(), &TIME_FORMAT, || {
        format!("{name} is written {}", time.text.escape_ascii())
    });
}

/// Whether the algorithm is the one that ECDSA keys of this curve are paired with by custom.
pub(super) fn hash_fits_curve(signed: &SignedData<'_>, curve: oid::Oid<'_>) -> bool {
    let usual = match curve {
        oid::SECP256R1 | oid::BRAINPOOL_P256R1 => oid::ECDSA_WITH_SHA256,
        oid::SECP384R1 | oid::BRAINPOOL_P320R1 | oid::BRAINPOOL_P384R1 => oid::ECDSA_WITH_SHA384,
        oid::SECP521R1 | oid::BRAINPOOL_P512R1 => oid::ECDSA_WITH_SHA512,
        _ => return true,
    };
    // Another kind of algorithm is another rule's finding.
    signed.algorithm().ecdsa_hash().is_none() || signed.algorithm().oid() == usual
}
