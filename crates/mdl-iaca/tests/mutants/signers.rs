//! Mutants of the certificates whose subject is no authority.

use mdl_crypto::Curve;
use mdl_iaca::certificate::{Oid, oid};

use super::every::critical;
use super::{
    C, CN, L, Mutant, O, PRINTABLE, ST, Specimen, UTF8, ec_spki, public_key, purposes, secp256k1,
    subject, valid_for,
};
use crate::authority::forge::Forge;
use crate::authority::key;

const STATUS_SIGNING: Oid<'static> = Oid::from_content(&[0x2b, 6, 1, 5, 5, 7, 3, 0x7f]);

fn without(oid: Oid<'static>) -> impl FnOnce(Forge) -> Forge {
    move |forge| forge.without(oid.as_bytes())
}

/// Rows that all of them share.
fn shared(specimen: &Specimen, usage: &'static [u8]) -> Vec<Mutant> {
    let rule = |suffix| specimen.rule(suffix);
    let set_usage = |critical, value: &'static [u8]| {
        move |forge: Forge| forge.set(oid::KEY_USAGE.as_bytes(), critical, value)
    };
    vec![
        specimen.mutant(rule("curve"), |forge| public_key(forge, &secp256k1())),
        specimen.mutant(
            rule("authority-key-identifier"),
            without(oid::AUTHORITY_KEY_IDENTIFIER),
        ),
        specimen.mutant(
            rule("subject-key-identifier"),
            without(oid::SUBJECT_KEY_IDENTIFIER),
        ),
        specimen.mutant(rule("key-usage"), without(oid::KEY_USAGE)),
        specimen.mutant(
            rule("key-usage"),
            set_usage(true, &[0x03, 0x02, 0x06, 0xc0]),
        ),
        specimen.mutant(rule("key-usage-critical"), set_usage(false, usage)),
        specimen.mutant(rule("not-authority"), |forge| {
            forge.set(
                oid::BASIC_CONSTRAINTS.as_bytes(),
                false,
                &[0x30, 0x03, 0x01, 0x01, 0xff],
            )
        }),
    ]
}

const DIGITAL_SIGNATURE: &[u8] = &[0x03, 0x02, 0x07, 0x80];
const NON_REPUDIATION: &[u8] = &[0x03, 0x02, 0x06, 0x40];

/// Rows of a mandatory key purpose.
fn key_purpose(
    specimen: &Specimen,
    purpose: Oid<'static>,
    advised: Option<Oid<'static>>,
) -> Vec<Mutant> {
    let rule = |suffix| specimen.rule(suffix);
    let eku = oid::EXTENDED_KEY_USAGE;
    let set = |list: &[Oid<'static>]| {
        let value = purposes(list);
        move |forge: Forge| forge.set(eku.as_bytes(), true, &value)
    };
    let mut mutants = vec![
        specimen.mutant(rule("extended-key-usage"), without(eku)),
        specimen.mutant(rule("extended-key-usage"), set(&[])),
        specimen.mutant(rule("extended-key-usage-critical"), |forge| {
            critical(forge, eku, false)
        }),
        specimen.mutant(
            rule("extended-key-usage-other"),
            set(&[purpose, oid::CLIENT_AUTH]),
        ),
    ];
    if let Some(advised) = advised {
        let second = rule("extended-key-usage-second-edition");
        mutants.push(specimen.mutant(second, set(&[purpose, advised])));
    }
    mutants
}

/// A subject of a country, with this name and more.
fn named(attributes: &[(&'static [u8], u8, &'static str)]) -> impl FnOnce(Forge) -> Forge {
    let attributes = attributes.to_vec();
    move |forge| subject(forge, &attributes)
}

const COUNTRY: (&[u8], u8, &str) = (C, PRINTABLE, "UT");
const STATE: (&[u8], u8, &str) = (ST, UTF8, "UT-01");
const NAME: (&[u8], u8, &str) = (CN, UTF8, "Signer");

/// Subject rows of the certificates below an IACA that name its country.
fn subjects(specimen: &Specimen) -> Vec<Mutant> {
    let unit = (oid::ORGANIZATIONAL_UNIT_NAME.as_bytes(), UTF8, "Unit");
    let rule = |suffix| specimen.rule(suffix);
    vec![
        specimen.mutant(rule("country"), named(&[STATE, NAME])),
        specimen.mutant(rule("common-name"), named(&[COUNTRY, STATE])),
        specimen.mutant(
            rule("common-name"),
            named(&[COUNTRY, STATE, (CN, UTF8, "")]),
        ),
        specimen.mutant(
            rule("subject-attributes"),
            named(&[COUNTRY, STATE, NAME, unit]),
        ),
    ]
}

pub(crate) fn document_signer() -> Vec<Mutant> {
    let ds = Specimen::document_signer();
    let mut mutants = shared(&ds, DIGITAL_SIGNATURE);
    mutants.extend(key_purpose(&ds, oid::MDL_DS, Some(oid::MDOC_DS)));
    mutants.extend(subjects(&ds));
    mutants.push(ds.mutant("ds-validity-457-days", |forge| valid_for(forge, 457, 1)));
    mutants.push(ds.mutant("ds-issuer-alt-name", without(oid::ISSUER_ALT_NAME)));
    mutants.push(ds.mutant(
        "ds-crl-distribution-points",
        without(oid::CRL_DISTRIBUTION_POINTS),
    ));
    mutants
}

pub(crate) fn reader() -> Vec<Mutant> {
    let reader = Specimen::reader();
    let mut mutants = shared(&reader, DIGITAL_SIGNATURE);
    mutants.extend(key_purpose(
        &reader,
        oid::MDL_READER_AUTH,
        Some(oid::MDOC_READER_AUTH),
    ));
    mutants.push(reader.mutant("reader-validity-1187-days", |forge| {
        valid_for(forge, 1187, 1)
    }));
    mutants.push(reader.mutant("reader-common-name", named(&[COUNTRY])));
    mutants.push(reader.mutant("reader-issuer-alt-name", without(oid::ISSUER_ALT_NAME)));
    let no_point = without(oid::CRL_DISTRIBUTION_POINTS);
    mutants.push(reader.mutant("reader-crl-distribution-points", no_point));
    mutants
}

pub(crate) fn ocsp() -> Vec<Mutant> {
    let ocsp = Specimen::ocsp();
    let mut mutants = shared(&ocsp, DIGITAL_SIGNATURE);
    mutants.extend(key_purpose(&ocsp, oid::OCSP_SIGNING, None));
    mutants.extend(subjects(&ocsp));
    let nocheck = |forge: Forge| forge.set(oid::OCSP_NOCHECK.as_bytes(), false, &[0x05, 0x00]);
    let p320 = ec_spki(oid::BRAINPOOL_P320R1, &[4; 81]);
    let ed25519 = key(Curve::Ed25519, 4).public_key().to_spki_der();
    mutants.extend([
        ocsp.mutant("ocsp-curve", |forge| public_key(forge, &p320)),
        ocsp.mutant("ocsp-curve", |forge| public_key(forge, &ed25519)),
        ocsp.mutant("ocsp-issuer-alt-name", without(oid::ISSUER_ALT_NAME)),
        ocsp.mutant(
            "ocsp-crl-dp-or-nocheck",
            without(oid::CRL_DISTRIBUTION_POINTS),
        ),
        ocsp.mutant("ocsp-crl-dp-or-nocheck", nocheck),
        ocsp.mutant("ocsp-validity-457-days", |forge| valid_for(forge, 457, 1)),
        ocsp.mutant("ocsp-validity-90-days", |forge| {
            nocheck(valid_for(forge, 90, 1)).without(oid::CRL_DISTRIBUTION_POINTS.as_bytes())
        }),
    ]);
    mutants
}

pub(crate) fn status() -> Vec<Mutant> {
    let status = Specimen::status();
    let mut mutants = shared(&status, DIGITAL_SIGNATURE);
    let ed25519 = key(Curve::Ed25519, 4).public_key().to_spki_der();
    let eku = oid::EXTENDED_KEY_USAGE.as_bytes();
    mutants.extend([
        status.mutant("status-curve", |forge| public_key(forge, &ed25519)),
        status.mutant("status-validity-1187-days", |forge| {
            valid_for(forge, 1187, 1)
        }),
        status.mutant("status-extended-key-usage-critical", |forge| {
            forge.set(eku, true, &purposes(&[STATUS_SIGNING]))
        }),
        status.mutant("status-extended-key-usage-other", |forge| {
            forge.set(eku, false, &purposes(&[STATUS_SIGNING, oid::MDL_DS]))
        }),
    ]);
    mutants
}

pub(crate) fn vical() -> Vec<Mutant> {
    let vical = Specimen::vical();
    let mut mutants = shared(&vical, NON_REPUDIATION);
    mutants.extend(key_purpose(&vical, oid::MDL_VICAL, Some(oid::MDOC_VICAL)));
    let organization = (O, UTF8, "Lists");
    let no_point = without(oid::CRL_DISTRIBUTION_POINTS);
    mutants.extend([
        vical.mutant("vical-country", named(&[organization, NAME])),
        vical.mutant("vical-organization", named(&[COUNTRY, NAME])),
        vical.mutant("vical-common-name", named(&[COUNTRY, organization])),
        vical.mutant(
            "vical-utf8-names",
            named(&[COUNTRY, NAME, (O, PRINTABLE, "Lists")]),
        ),
        vical.mutant("vical-validity-1187-days", |forge| {
            valid_for(forge, 1187, 1)
        }),
        vical.mutant("vical-key-usage", |forge| {
            forge.set(oid::KEY_USAGE.as_bytes(), true, DIGITAL_SIGNATURE)
        }),
        vical.mutant("vical-crl-distribution-points", no_point),
    ]);
    mutants
}

/// What is at the limit or allowed and must not be found fault with.
pub(crate) fn good() -> Vec<(Specimen, Forge)> {
    let mut good = Vec::new();
    let mut add = |specimen: Specimen, change: &dyn Fn(Forge) -> Forge| {
        let forge = change(specimen.base.clone());
        good.push((specimen, forge));
    };
    add(Specimen::document_signer(), &|forge| {
        valid_for(forge, 457, 0)
    });
    add(
        Specimen::document_signer(),
        &named_good(&[COUNTRY, STATE, NAME, (L, UTF8, "Amaurot")]),
    );
    add(Specimen::reader(), &|forge| valid_for(forge, 1187, 0));
    for spki in [
        ec_spki(oid::BRAINPOOL_P320R1, &[4; 81]),
        ec_spki(oid::BRAINPOOL_P512R1, &[4; 129]),
        super::spki(oid::ED448, &[], &[1; 57]),
        key(Curve::Ed25519, 4).public_key().to_spki_der(),
        key(Curve::P521, 4).public_key().to_spki_der(),
        key(Curve::BrainpoolP384r1, 4).public_key().to_spki_der(),
    ] {
        add(Specimen::document_signer(), &|forge| {
            public_key(forge, &spki)
        });
    }
    add(Specimen::status(), &|forge| {
        forge.set(
            oid::EXTENDED_KEY_USAGE.as_bytes(),
            false,
            &purposes(&[STATUS_SIGNING]),
        )
    });
    add(Specimen::ocsp(), &|forge| {
        valid_for(forge, 90, 0)
            .without(oid::CRL_DISTRIBUTION_POINTS.as_bytes())
            .set(oid::OCSP_NOCHECK.as_bytes(), false, &[0x05, 0x00])
    });
    good
}

fn named_good(attributes: &'static [(&'static [u8], u8, &'static str)]) -> impl Fn(Forge) -> Forge {
    move |forge| subject(forge, attributes)
}
