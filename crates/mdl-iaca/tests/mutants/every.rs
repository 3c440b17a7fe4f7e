//! Mutants of the rules that all profiles share.

use mdl_crypto::Curve;
use mdl_iaca::certificate::{CertificateView, Oid, oid};
use mdl_iaca::lint::{Profile, lint_certificate};

use super::{
    C, CN, Mutant, O, PRINTABLE, ST, Specimen, UTF8, algorithm, authority_key, copy,
    distribution_point, ec_spki, envelope, full_name, general_name, public_key, sign_with_sha384,
    signed_by, spki, subject, times,
};
use crate::authority::forge::{
    ALGORITHM, Forge, ISSUER, SEQUENCE, SERIAL, extension, name, split, tlv,
};
use crate::authority::{Authority, CRL_URI, key};
use mdl_iaca::profile::DistinguishedName;

const CRITICAL: bool = true;
const UTC: u8 = 0x17;
const GENERALIZED: u8 = 0x18;
/// An extension of nobody's.
const PRIVATE: Oid<'static> =
    Oid::from_content(&[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xc5, 0x21, 0x01]);
const ECDSA_WITH_SHA1: Oid<'static> =
    Oid::from_content(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]);

pub(crate) fn certificate() -> Vec<Mutant> {
    let ds = Specimen::document_signer();
    let good = ds.base.sign(&ds.signing_key);
    let mut mutants = Vec::new();

    let view = CertificateView::from_der(&good).unwrap();
    let findings = lint_certificate(&view, Some(Profile::Crl), None);
    mutants.push(Mutant {
        rule: "document-kind",
        findings,
    });
    let aimless = ds
        .base
        .clone()
        .without(oid::EXTENDED_KEY_USAGE.as_bytes())
        .sign(&ds.signing_key);
    let findings = lint_certificate(&CertificateView::from_der(&aimless).unwrap(), None, None);
    mutants.push(Mutant {
        rule: "profile-unknown",
        findings,
    });

    let mut long_length = vec![SEQUENCE, 0x83, 0x00];
    long_length.extend(&good[2..]);
    assert_eq!(good[1], 0x82);
    mutants.push(ds.judged("der-encoding", &long_length));
    let change = |serial: &[u8]| {
        let serial = tlv(0x02, serial);
        move |forge: Forge| forge.field(SERIAL, serial)
    };
    mutants.push(ds.mutant("der-encoding", change(&[0, 0x11, 2, 3, 4, 5, 6, 7, 8])));
    for critical in [0x01, 0x00] {
        mutants.push(ds.mutant("der-encoding", |mut forge| {
            let oid = if critical == 0 {
                PRIVATE
            } else {
                oid::KEY_USAGE
            };
            let fields = [
                tlv(0x06, oid.as_bytes()),
                tlv(0x01, &[critical]),
                tlv(0x04, &[0x03, 0x02, 0x07, 0x80]),
            ];
            if critical != 0 {
                forge = forge.without(oid.as_bytes());
            }
            forge.extensions.push(tlv(SEQUENCE, &fields.concat()));
            forge
        }));
    }
    mutants.push(ds.mutant("version-3", |forge| {
        forge.field(0, tlv(0xa0, &[0x02, 0x01, 0x01]))
    }));
    mutants.push(ds.mutant("serial-positive", change(&[0x80, 2, 3, 4, 5, 6, 7, 8])));
    mutants.push(ds.mutant("serial-positive", change(&[0])));
    mutants.push(ds.mutant("serial-20-octets", change(&[0x11; 21])));
    mutants.push(ds.mutant("serial-entropy", change(&[0x11; 7])));

    let sha1 = algorithm(ECDSA_WITH_SHA1);
    mutants.push(ds.mutant("signature-algorithm", |forge| signed_by(forge, &sha1)));
    let rsa = algorithm(oid::RSA_ENCRYPTION);
    mutants.push(ds.mutant("signature-algorithm", |forge| signed_by(forge, &rsa)));
    let null = [
        tlv(0x06, oid::ECDSA_WITH_SHA256.as_bytes()),
        vec![0x05, 0x00],
    ]
    .concat();
    let null = tlv(SEQUENCE, &null);
    mutants.push(ds.mutant("signature-algorithm-parameters", |forge| {
        signed_by(forge, &null)
    }));
    let sha384 = algorithm(oid::ECDSA_WITH_SHA384);
    mutants.push(ds.mutant("signature-algorithms-agree", |forge| {
        forge.field(ALGORITHM, sha384)
    }));
    for signature in [
        &[0x30, 0x00][..],
        &[0xde, 0xad],
        &[0x30, 0x06, 2, 1, 0x80, 2, 1, 1],
    ] {
        let damaged = envelope(&ds.base.tbs(), &ds.base.outer_algorithm, signature);
        mutants.push(ds.judged("signature-encoding", &damaged));
    }

    let (early, late) = ("260510000000Z", "260601000000Z");
    let swapped = |forge| times(forge, (UTC, late), (UTC, early));
    mutants.push(ds.mutant("validity-order", swapped));
    let generalized = |forge| times(forge, (UTC, early), (GENERALIZED, "20260601000000Z"));
    mutants.push(ds.mutant("time-type", generalized));
    let no_seconds = |forge| times(forge, (UTC, "2605100000Z"), (UTC, late));
    mutants.push(ds.mutant("time-format", no_seconds));
    let zone = |forge| times(forge, (UTC, early), (UTC, "260601000000+0100"));
    mutants.push(ds.mutant("time-format", zone));
    for tag in [0x81, 0x82] {
        mutants.push(ds.mutant("unique-identifiers", |mut forge| {
            forge.fields.push(tlv(tag, &[0, 1]));
            forge
        }));
    }
    mutants
}

/// On a reader certificate, whose names need not fit those of an IACA.
pub(crate) fn names() -> Vec<Mutant> {
    let reader = Specimen::reader();
    let with = |rule, attributes: &[(&[u8], u8, &str)]| {
        reader.mutant(rule, |forge| {
            let attributes = [&[(CN, UTF8, "Reader")], attributes].concat();
            subject(forge, &attributes)
        })
    };
    let serial = oid::SERIAL_NUMBER.as_bytes();
    vec![
        with("name-country-printable", &[(C, UTF8, "UT")]),
        with("name-country-alpha-2", &[(C, PRINTABLE, "ut")]),
        with("name-country-alpha-2", &[(C, PRINTABLE, "UTO")]),
        with(
            "name-state-iso-3166-2",
            &[(C, PRINTABLE, "UT"), (ST, UTF8, "01")],
        ),
        with(
            "name-state-iso-3166-2",
            &[(C, PRINTABLE, "UT"), (ST, UTF8, "US-CA")],
        ),
        with("name-serial-number-printable", &[(serial, UTF8, "1")]),
        with("name-string-type", &[(O, 0x14, "Teletex")]),
        with("name-string-type", &[(O, 0x16, "IA5")]),
        with("name-string-content", &[(O, PRINTABLE, "a@b")]),
        with("name-repeated-attribute", &[(CN, UTF8, "Reader")]),
    ]
}

pub(crate) fn public_keys() -> Vec<Mutant> {
    let ds = Specimen::document_signer();
    let with = |rule, spki: Vec<u8>| ds.mutant(rule, |forge| public_key(forge, &spki));
    let p256 = key(Curve::P256, 3);
    let point = p256.public_key().key_bits();
    let mut compressed = vec![0x02];
    compressed.extend(&point[1..33]);
    let mut off_curve = point.to_vec();
    off_curve[64] ^= 1;
    let edwards = key(Curve::Ed25519, 3);
    let edwards_bits = edwards.public_key().key_bits();
    vec![
        with(
            "public-key-named-curve",
            spki(oid::EC_PUBLIC_KEY, &[0x30, 0x00], point),
        ),
        with(
            "public-key-named-curve",
            spki(oid::EC_PUBLIC_KEY, &[], point),
        ),
        with(
            "public-key-edwards-parameters",
            spki(oid::ED25519, &[0x05, 0x00], edwards_bits),
        ),
        with(
            "public-key-uncompressed",
            ec_spki(oid::SECP256R1, &compressed),
        ),
        with("public-key-point", ec_spki(oid::SECP256R1, &off_curve)),
        with("public-key-point", ec_spki(oid::SECP256R1, &point[..64])),
        with(
            "public-key-point",
            ec_spki(oid::BRAINPOOL_P512R1, &[4; 128]),
        ),
        with("public-key-point", spki(oid::ED448, &[], &[1; 56])),
    ]
}

pub(crate) fn extensions() -> Vec<Mutant> {
    let ds = Specimen::document_signer();
    let mut mutants = Vec::new();
    let mut set = |rule, oid: Oid<'_>, critical, value: &[u8]| {
        mutants.push(ds.mutant(rule, |forge| forge.set(oid.as_bytes(), critical, value)));
    };
    for prohibited in [
        oid::POLICY_MAPPINGS,
        oid::NAME_CONSTRAINTS,
        oid::POLICY_CONSTRAINTS,
        oid::INHIBIT_ANY_POLICY,
        oid::FRESHEST_CRL,
    ] {
        set("prohibited-extension", prohibited, false, &[0x30, 0x00]);
        set("prohibited-extension", prohibited, CRITICAL, &[0x30, 0x00]);
    }
    let garbage = &[0x30, 0x03, 0x01];
    for (oid, critical) in [
        (oid::KEY_USAGE, CRITICAL),
        (oid::EXTENDED_KEY_USAGE, CRITICAL),
        (oid::SUBJECT_KEY_IDENTIFIER, false),
        (oid::AUTHORITY_KEY_IDENTIFIER, false),
        (oid::ISSUER_ALT_NAME, false),
        (oid::SUBJECT_ALT_NAME, false),
        (oid::CRL_DISTRIBUTION_POINTS, false),
        (oid::AUTHORITY_INFO_ACCESS, false),
        (oid::BASIC_CONSTRAINTS, false),
        (oid::OCSP_NOCHECK, false),
    ] {
        set("extension-value", oid, critical, garbage);
    }
    set(
        "key-usage-encoding",
        oid::KEY_USAGE,
        CRITICAL,
        &[0x03, 0x03, 0x07, 0x80, 0x00],
    );
    set(
        "key-usage-encoding",
        oid::KEY_USAGE,
        CRITICAL,
        &[0x03, 0x02, 0x00, 0x80],
    );
    set(
        "authority-key-identifier-value",
        oid::AUTHORITY_KEY_IDENTIFIER,
        false,
        &[0x30, 0x00],
    );
    let names = |tag, text: &[u8]| tlv(SEQUENCE, &general_name(tag, text));
    set(
        "issuer-alt-name-contact",
        oid::ISSUER_ALT_NAME,
        false,
        &names(0x82, b"dmv.example"),
    );
    set(
        "general-name-ascii",
        oid::ISSUER_ALT_NAME,
        false,
        &names(0x86, "https://ä".as_bytes()),
    );
    set(
        "general-name-ascii",
        oid::ISSUER_ALT_NAME,
        false,
        &names(0x81, b""),
    );

    let uri = || general_name(0x86, CRL_URI.as_bytes());
    let host = || general_name(0x82, b"dmv.example");
    let mut points = |rule, fields: &[Vec<u8>]| {
        set(
            rule,
            oid::CRL_DISTRIBUTION_POINTS,
            false,
            &distribution_point(fields),
        );
    };
    points("crl-dp-uri", &[full_name(&[host()])]);
    points("crl-dp-uri", &[]);
    points(
        "crl-dp-http",
        &[full_name(&[general_name(0x86, b"ldap://dmv.example")])],
    );
    points("crl-dp-other-name", &[full_name(&[uri(), host()])]);
    points("crl-dp-relative-name", &[tlv(0xa0, &tlv(0xa1, &[]))]);
    points(
        "crl-dp-reasons",
        &[full_name(&[uri()]), tlv(0x81, &[0x01, 0x02])],
    );
    let directory = tlv(0xa4, &name(&[(CN, UTF8, "Other")]));
    points(
        "crl-dp-crl-issuer",
        &[full_name(&[uri()]), tlv(0xa2, &directory)],
    );

    let access = |location: Vec<u8>| {
        let access = [tlv(0x06, oid::ACCESS_OCSP.as_bytes()), location].concat();
        tlv(SEQUENCE, &tlv(SEQUENCE, &access))
    };
    let by_host = access(host());
    set(
        "authority-info-access-ocsp-uri",
        oid::AUTHORITY_INFO_ACCESS,
        false,
        &by_host,
    );
    let by_uri = access(uri());
    set(
        "authority-info-access-non-critical",
        oid::AUTHORITY_INFO_ACCESS,
        CRITICAL,
        &by_uri,
    );
    set(
        "subject-alt-name-non-critical",
        oid::SUBJECT_ALT_NAME,
        CRITICAL,
        &names(0x86, b"urn:x"),
    );
    set(
        "unlisted-critical-extension",
        PRIVATE,
        CRITICAL,
        &[0x05, 0x00],
    );
    set(
        "unlisted-critical-extension",
        oid::BASIC_CONSTRAINTS,
        CRITICAL,
        &[0x30, 0x00],
    );
    set(
        "unlisted-critical-extension",
        oid::CERTIFICATE_POLICIES,
        CRITICAL,
        &[0x30, 0x00],
    );
    set("unlisted-extension", PRIVATE, false, &[0x05, 0x00]);
    set(
        "unlisted-extension",
        oid::BASIC_CONSTRAINTS,
        false,
        &[0x30, 0x00],
    );
    set(
        "unlisted-extension",
        oid::AUTHORITY_INFO_ACCESS,
        false,
        &by_uri,
    );
    let other_key = tlv(0x04, &[7; 20]);
    set(
        "subject-key-identifier-value",
        oid::SUBJECT_KEY_IDENTIFIER,
        false,
        &other_key,
    );

    for (rule, oid) in [
        (
            "subject-key-identifier-non-critical",
            oid::SUBJECT_KEY_IDENTIFIER,
        ),
        (
            "authority-key-identifier-non-critical",
            oid::AUTHORITY_KEY_IDENTIFIER,
        ),
        ("issuer-alt-name-non-critical", oid::ISSUER_ALT_NAME),
        ("crl-dp-non-critical", oid::CRL_DISTRIBUTION_POINTS),
    ] {
        mutants.push(ds.mutant(rule, |forge| critical(forge, oid, CRITICAL)));
    }
    let ocsp = Specimen::ocsp();
    mutants.push(ocsp.mutant("ocsp-nocheck-non-critical", |forge| {
        forge.without(oid::CRL_DISTRIBUTION_POINTS.as_bytes()).set(
            oid::OCSP_NOCHECK.as_bytes(),
            CRITICAL,
            &[0x05, 0x00],
        )
    }));
    mutants
}

/// The extension as it is, with another criticality.
pub(crate) fn critical(forge: Forge, oid: Oid<'_>, critical: bool) -> Forge {
    let needle = tlv(0x06, oid.as_bytes());
    let found = forge
        .extensions
        .iter()
        .find(|extension| split(extension).1.starts_with(&needle));
    let fields = crate::authority::forge::children(found.expect("extension is there"));
    let value = split(fields.last().unwrap()).1.to_vec();
    assert!(!extension(oid.as_bytes(), critical, &value).is_empty());
    forge.set(oid.as_bytes(), critical, &value)
}

pub(crate) fn issuers() -> Vec<Mutant> {
    let ds = Specimen::document_signer();
    let utopia = name(&[(CN, UTF8, "Utopia IACA"), (C, PRINTABLE, "UT")]);
    let aki = oid::AUTHORITY_KEY_IDENTIFIER;
    let mut mutants = vec![
        ds.mutant("issuer-name", |forge| forge.field(ISSUER, utopia)),
        ds.mutant("issuer-key-identifier", |forge| {
            forge.set(aki.as_bytes(), false, &authority_key(&[7; 20]))
        }),
        ds.judged("issuer-signature", &ds.base.sign(&key(Curve::P256, 55))),
        ds.judged("issuer-signature", &ds.base.sign(&key(Curve::P384, 55))),
        ds.judged(
            "issuer-signature-hash",
            &sign_with_sha384(ds.base.clone(), &ds.signing_key),
        ),
    ];
    let subject_of = |rule, attributes: &[(&[u8], u8, &str)]| {
        ds.mutant(rule, |forge| {
            let attributes = [&[(CN, UTF8, "DS"), (C, PRINTABLE, "UT")], attributes].concat();
            subject(forge, &attributes)
        })
    };
    mutants.push(subject_of("issuer-state-missing", &[]));
    mutants.push(subject_of("issuer-state", &[(ST, UTF8, "UT-02")]));

    // Issuing certificates that differ from the good one.
    let root = Forge::of(ds.issuer.as_deref().unwrap());
    let usage = oid::KEY_USAGE;
    let short = |forge| times(forge, (UTC, "260101000000Z"), (UTC, "260701000000Z"));
    for (rule, issuer) in [
        (
            "issuer-authority",
            root.clone()
                .set(usage.as_bytes(), CRITICAL, &[3, 2, 1, 0x02]),
        ),
        (
            "issuer-authority",
            root.clone().without(oid::BASIC_CONSTRAINTS.as_bytes()),
        ),
        ("issuer-validity", short(root)),
    ] {
        let issuer = Some(issuer.sign(&ds.signing_key));
        let changed = Specimen {
            issuer,
            signing_key: copy(&ds.signing_key),
            base: ds.base.clone(),
            ..ds
        };
        mutants.push(changed.mutant(rule, |forge| forge));
    }
    let stateless = Authority::named(
        Curve::P256,
        1,
        DistinguishedName::new("Utopia").country("UT"),
    );
    let certificate = stateless.document_signer(&key(Curve::P256, 2));
    let ds = Specimen::new(Profile::DocumentSigner, "ds", &certificate, &stateless);
    mutants.push(ds.mutant("issuer-country", |forge| {
        subject(forge, &[(CN, UTF8, "DS"), (C, PRINTABLE, "DE")])
    }));
    mutants.push(ds.mutant("issuer-state-added", |forge| {
        subject(
            forge,
            &[(CN, UTF8, "DS"), (C, PRINTABLE, "UT"), (ST, UTF8, "UT-01")],
        )
    }));
    mutants
}
