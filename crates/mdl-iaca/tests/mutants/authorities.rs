//! Mutants of IACA root and link certificates, and of the AAMVA rules.

use mdl_crypto::Curve;
use mdl_iaca::certificate::{CertificateView, oid};
use mdl_iaca::lint::{lint_aamva, lint_link_target};

use super::every::critical;
use super::{
    C, CN, L, Mutant, PRINTABLE, ST, Specimen, UTF8, algorithm, authority_key, ec_spki, new_iaca,
    public_key, purposes, secp256k1, sign_with_sha384, signed_by, subject, times,
};
use crate::authority::forge::{Forge, ISSUER, SUBJECT, name, tlv};
use crate::authority::key;

const KEY_CERT_SIGN_AND_CRL_SIGN: &[u8] = &[0x03, 0x02, 0x01, 0x06];
const UTC: u8 = 0x17;

/// Rows that roots and links share.
fn shared(specimen: &Specimen) -> Vec<Mutant> {
    let rule = |suffix| specimen.rule(suffix);
    // A root stays self-issued.
    let renamed = |attributes: &[(&[u8], u8, &str)]| {
        let name = name(attributes);
        move |forge: Forge| {
            let forge = forge.field(SUBJECT, name.clone());
            if specimen.prefix == "iaca" {
                forge.field(ISSUER, name)
            } else {
                directory_name(forge, &name)
            }
        }
    };
    let utopia: [(&[u8], u8, &str); 2] = [(C, PRINTABLE, "UT"), (ST, UTF8, "UT-01")];
    let without = |oid: oid::Oid<'static>| move |forge: Forge| forge.without(oid.as_bytes());
    let usage = |value: &'static [u8]| {
        move |forge: Forge| forge.set(oid::KEY_USAGE.as_bytes(), true, value)
    };
    let constraints = |critical, value: &'static [u8]| {
        move |forge: Forge| forge.set(oid::BASIC_CONSTRAINTS.as_bytes(), critical, value)
    };
    let ed25519 = key(Curve::Ed25519, 4).public_key().to_spki_der();
    vec![
        specimen.mutant(rule("country"), renamed(&[(CN, UTF8, "Utopia"), utopia[1]])),
        specimen.mutant(rule("common-name"), renamed(&utopia)),
        specimen.mutant(
            rule("subject-attributes"),
            renamed(&[
                utopia[0],
                utopia[1],
                (CN, UTF8, "Utopia"),
                (L, UTF8, "Amaurot"),
            ]),
        ),
        specimen.mutant(rule("curve"), |forge| public_key(forge, &secp256k1())),
        specimen.mutant(rule("curve"), |forge| public_key(forge, &ed25519)),
        specimen.mutant(
            rule("subject-key-identifier"),
            without(oid::SUBJECT_KEY_IDENTIFIER),
        ),
        specimen.mutant(rule("key-usage"), without(oid::KEY_USAGE)),
        specimen.mutant(rule("key-usage"), usage(&[0x03, 0x02, 0x02, 0x04])),
        specimen.mutant(rule("key-usage"), usage(&[0x03, 0x02, 0x01, 0x86])),
        specimen.mutant(rule("key-usage-critical"), |forge| {
            forge.set(oid::KEY_USAGE.as_bytes(), false, KEY_CERT_SIGN_AND_CRL_SIGN)
        }),
        specimen.mutant(rule("issuer-alt-name"), without(oid::ISSUER_ALT_NAME)),
        specimen.mutant(rule("basic-constraints"), without(oid::BASIC_CONSTRAINTS)),
        specimen.mutant(
            rule("ca"),
            constraints(true, &[0x30, 0x03, 0x02, 0x01, 0x00]),
        ),
        specimen.mutant(
            rule("path-length-0"),
            constraints(true, &[0x30, 0x03, 0x01, 0x01, 0xff]),
        ),
        specimen.mutant(
            rule("path-length-0"),
            constraints(true, &[0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x01]),
        ),
        specimen.mutant(rule("basic-constraints-critical"), |forge| {
            critical(forge, oid::BASIC_CONSTRAINTS, false)
        }),
        specimen.mutant(rule("extended-key-usage"), |forge| {
            forge.set(
                oid::EXTENDED_KEY_USAGE.as_bytes(),
                false,
                &purposes(&[oid::MDL_IACA]),
            )
        }),
    ]
}

/// Puts the new name into subjectAltName, as a link certificate must.
fn directory_name(forge: Forge, name: &[u8]) -> Forge {
    let names = tlv(0x30, &tlv(0xa4, name));
    forge.set(oid::SUBJECT_ALT_NAME.as_bytes(), false, &names)
}

pub(crate) fn root() -> Vec<Mutant> {
    let root = Specimen::root();
    let mut mutants = shared(&root);
    let other = name(&[(C, PRINTABLE, "UT"), (CN, UTF8, "Other")]);
    let valid_until =
        |end: &'static str| move |forge| times(forge, (UTC, "240229120000Z"), (UTC, end));
    mutants.extend([
        root.mutant("iaca-self-issued", |forge| forge.field(ISSUER, other)),
        root.judged("iaca-self-signed", &root.base.sign(&key(Curve::P256, 55))),
        root.mutant("iaca-validity-20-years", valid_until("440229120001Z")),
        root.mutant("iaca-authority-key-identifier", |forge| {
            forge.set(
                oid::AUTHORITY_KEY_IDENTIFIER.as_bytes(),
                false,
                &authority_key(&[7; 20]),
            )
        }),
        root.mutant("iaca-crl-distribution-points", |forge| {
            forge.without(oid::CRL_DISTRIBUTION_POINTS.as_bytes())
        }),
        // Nobody here can compute with this curve.
        root.mutant("signature-not-checked", |forge| {
            let forge = signed_by(forge, &algorithm(oid::ECDSA_WITH_SHA512));
            public_key(forge, &ec_spki(oid::BRAINPOOL_P512R1, &[4; 129]))
        }),
        root.mutant("aamva-state-advised", |forge| {
            let us = name(&[(C, PRINTABLE, "US"), (CN, UTF8, "IACA")]);
            forge.field(SUBJECT, us.clone()).field(ISSUER, us)
        }),
        root.judged(
            "iaca-signature-hash",
            &sign_with_sha384(root.base.clone(), &root.signing_key),
        ),
    ]);
    mutants
}

pub(crate) fn link() -> Vec<Mutant> {
    let link = Specimen::link();
    let mut mutants = shared(&link);
    let other = name(&[
        (C, PRINTABLE, "UT"),
        (ST, UTF8, "UT-01"),
        (CN, UTF8, "Utopia 2"),
    ]);
    let without = |oid: oid::Oid<'static>| move |forge: Forge| forge.without(oid.as_bytes());
    let own = link.base.clone().sign(&link.signing_key);
    let own_view = CertificateView::from_der(&own).unwrap();
    let identifier = own_view
        .extensions()
        .subject_key_identifier()
        .unwrap()
        .unwrap();
    let aki = oid::AUTHORITY_KEY_IDENTIFIER.as_bytes();
    mutants.extend([
        link.mutant(
            "link-authority-key-identifier",
            without(oid::AUTHORITY_KEY_IDENTIFIER),
        ),
        link.mutant(
            "link-crl-distribution-points",
            without(oid::CRL_DISTRIBUTION_POINTS),
        ),
        link.mutant("link-subject-alt-name", |forge| {
            forge.field(SUBJECT, other.clone())
        }),
        link.mutant("link-subject-alt-name", |forge| {
            let old = forge.fields[SUBJECT].clone();
            directory_name(forge.field(SUBJECT, other.clone()), &old)
        }),
        link.mutant("link-subject-alt-name-unneeded", |forge| {
            let own = forge.fields[SUBJECT].clone();
            directory_name(forge, &own)
        }),
        link.mutant("link-validity-within-old-iaca", |forge| {
            times(forge, (UTC, "260501000000Z"), (UTC, "491231000000Z"))
        }),
    ]);
    // Without the old IACA, whose identifier would differ as well.
    let alone = Specimen {
        issuer: None,
        ..Specimen::link()
    };
    mutants.push(alone.mutant("link-distinct-key", |forge| {
        forge.set(aki, false, &authority_key(identifier))
    }));

    let target = |certificate: &[u8]| {
        let new = new_iaca().certificate;
        let new = CertificateView::from_der(&new).unwrap();
        lint_link_target(&CertificateView::from_der(certificate).unwrap(), &new)
    };
    assert_eq!(target(&own), []);
    let renamed = link
        .base
        .clone()
        .field(SUBJECT, other)
        .sign(&link.signing_key);
    mutants.push(Mutant {
        rule: "link-new-subject",
        findings: target(&renamed),
    });
    let rekeyed = public_key(
        link.base.clone(),
        &key(Curve::P256, 56).public_key().to_spki_der(),
    );
    let rekeyed = rekeyed.sign(&link.signing_key);
    mutants.push(Mutant {
        rule: "link-new-key",
        findings: target(&rekeyed),
    });
    mutants
}

pub(crate) fn aamva() -> Vec<Mutant> {
    let ds = Specimen::document_signer();
    let lint = |rule, attributes: &[(&[u8], u8, &str)]| {
        let certificate = subject(ds.base.clone(), attributes).sign(&ds.signing_key);
        let issuer = CertificateView::from_der(ds.issuer.as_deref().unwrap()).unwrap();
        let findings = lint_aamva(
            &CertificateView::from_der(&certificate).unwrap(),
            Some(&issuer),
        );
        Mutant { rule, findings }
    };
    let good = [(C, PRINTABLE, "UT"), (ST, UTF8, "UT-01"), (CN, UTF8, "DS")];
    assert_eq!(lint("", &good).findings, []);
    vec![
        lint("aamva-state", &[(C, PRINTABLE, "UT"), (CN, UTF8, "DS")]),
        lint(
            "aamva-state-of-issuer",
            &[(C, PRINTABLE, "UT"), (ST, UTF8, "UT-02")],
        ),
    ]
}
