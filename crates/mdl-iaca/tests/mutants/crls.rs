//! Mutants of CRLs.

use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::certificate::{CertificateView, CrlView, Oid, oid};
use mdl_iaca::lint::{lint_crl, lint_crl_sequence};

use super::{CN, Mutant, UTF8, algorithm, authority_key, copy, envelope};
use crate::authority::forge::{Forge, SEQUENCE, children, extension, name, tlv};
use crate::authority::{Authority, key, serial};

const UTC: u8 = 0x17;
const ISSUING_DISTRIBUTION_POINT: Oid<'static> = Oid::from_content(&[0x55, 0x1d, 0x1c]);
const REASON_CODE: Oid<'static> = Oid::from_content(&[0x55, 0x1d, 0x15]);

/// The fields of a CRL, open to change.
#[derive(Clone)]
struct CrlForge {
    version: Vec<u8>,
    inner_algorithm: Vec<u8>,
    issuer: Vec<u8>,
    this_update: Vec<u8>,
    next_update: Vec<u8>,
    revoked: Vec<u8>,
    extensions: Vec<Vec<u8>>,
    outer_algorithm: Vec<u8>,
}

impl CrlForge {
    fn of(crl: &[u8]) -> Self {
        let parts = children(crl);
        let mut fields = children(&parts[0]).into_iter();
        let mut next = || fields.next().expect("a CRL with entries and extensions");
        Self {
            version: next(),
            inner_algorithm: next(),
            issuer: next(),
            this_update: next(),
            next_update: next(),
            revoked: next(),
            extensions: children(&children(&next())[0]),
            outer_algorithm: parts[1].clone(),
        }
    }

    fn tbs(&self) -> Vec<u8> {
        let mut content = [
            &self.version[..],
            &self.inner_algorithm,
            &self.issuer,
            &self.this_update,
            &self.next_update,
            &self.revoked,
        ]
        .concat();
        content.extend(tlv(0xa0, &tlv(SEQUENCE, &self.extensions.concat())));
        tlv(SEQUENCE, &content)
    }

    fn sign(&self, key: &PrivateKey) -> Vec<u8> {
        let tbs = self.tbs();
        envelope(&tbs, &self.outer_algorithm, &key.sign(&tbs).to_der())
    }

    /// Puts an extension in the place of that of the same type, or at the end.
    fn set(&mut self, oid: Oid<'_>, critical: bool, value: &[u8]) {
        self.remove(oid);
        self.extensions
            .push(extension(oid.as_bytes(), critical, value));
    }

    fn remove(&mut self, oid: Oid<'_>) {
        let oid = tlv(0x06, oid.as_bytes());
        self.extensions
            .retain(|extension| children(extension)[0] != oid);
    }
}

fn utc(text: &str) -> Vec<u8> {
    tlv(UTC, text.as_bytes())
}

fn entry(serial: &[u8], date: &str, extensions: &[u8]) -> Vec<u8> {
    tlv(
        SEQUENCE,
        &[&tlv(0x02, serial)[..], &utc(date), extensions].concat(),
    )
}

pub(crate) fn mutants() -> Vec<Mutant> {
    let authority = Authority::new(Curve::P256);
    let base = CrlForge::of(&authority.crl(300, &[serial(3), serial(4)]));
    let lint = |crl: &[u8], issuer: &[u8]| {
        let issuer = CertificateView::from_der(issuer).unwrap();
        lint_crl(
            &CrlView::from_der(crl).expect("mutants are readable"),
            Some(&issuer),
        )
    };
    let good = base.sign(&authority.key);
    assert_eq!(lint(&good, &authority.certificate), []);

    let mutant = |rule, change: &dyn Fn(&mut CrlForge)| {
        let mut forge = base.clone();
        change(&mut forge);
        let findings = lint(&forge.sign(&authority.key), &authority.certificate);
        Mutant { rule, findings }
    };
    let (aki, number) = (oid::AUTHORITY_KEY_IDENTIFIER, oid::CRL_NUMBER);
    let revoked = |entries: &[Vec<u8>]| tlv(SEQUENCE, &entries.concat());
    let reason = tlv(
        SEQUENCE,
        &extension(REASON_CODE.as_bytes(), false, &[0x0a, 0x01, 0x01]),
    );
    let date = "260530000000Z";
    let mut mutants = vec![
        mutant("crl-version-2", &|crl| crl.version = vec![]),
        mutant("crl-version-2", &|crl| crl.version = tlv(0x02, &[2])),
        mutant("crl-algorithms-agree", &|crl| {
            crl.inner_algorithm = algorithm(oid::ECDSA_WITH_SHA512);
        }),
        mutant("crl-next-update", &|crl| crl.next_update = vec![]),
        mutant("crl-update-order", &|crl| {
            crl.next_update = crl.this_update.clone()
        }),
        mutant("crl-interval-90-days", &|crl| {
            crl.this_update = utc("260601000000Z");
            crl.next_update = utc("260830000001Z");
        }),
        mutant("crl-revoked-empty", &|crl| crl.revoked = revoked(&[])),
        mutant("crl-entry-extensions", &|crl| {
            crl.revoked = revoked(&[entry(&[9], date, &reason)])
        }),
        mutant("crl-entry-serial", &|crl| {
            crl.revoked = revoked(&[entry(&[0x89], date, &[])])
        }),
        mutant("crl-entry-serial", &|crl| {
            crl.revoked = revoked(&[entry(&[9; 21], date, &[])])
        }),
        mutant("crl-entry-serial", &|crl| {
            crl.revoked = revoked(&[entry(&[9], date, &[]), entry(&[9], date, &[])]);
        }),
        mutant("crl-entry-date", &|crl| {
            crl.revoked = revoked(&[entry(&[9], "270101000000Z", &[])]);
        }),
        mutant("crl-entry-time", &|crl| {
            crl.revoked = revoked(&[entry(&[9], "2605300000Z", &[])]);
        }),
        mutant("crl-authority-key-identifier", &|crl| crl.remove(aki)),
        mutant("crl-number", &|crl| crl.remove(number)),
        mutant("crl-number-range", &|crl| {
            crl.set(number, false, &[0x02, 0x01, 0xff])
        }),
        mutant("crl-number-range", &|crl| {
            crl.set(number, false, &tlv(0x02, &[1; 21]))
        }),
        mutant("crl-number-non-critical", &|crl| {
            crl.set(number, true, &[0x02, 0x01, 0x05])
        }),
        mutant("crl-other-extension", &|crl| {
            crl.set(ISSUING_DISTRIBUTION_POINT, true, &[0x30, 0x00]);
        }),
        mutant("prohibited-extension", &|crl| {
            crl.set(oid::FRESHEST_CRL, false, &[0x30, 0x00])
        }),
        mutant("crl-issuer-name", &|crl| {
            crl.issuer = name(&[(CN, UTF8, "Other")])
        }),
        mutant("crl-issuer-key-identifier", &|crl| {
            crl.set(aki, false, &authority_key(&[7; 20]))
        }),
        mutant("time-type", &|crl| {
            crl.this_update = tlv(0x18, b"20260531120000Z")
        }),
    ];
    let foreign = base.sign(&key(Curve::P256, 55));
    let findings = lint(&foreign, &authority.certificate);
    mutants.push(Mutant {
        rule: "crl-issuer-signature",
        findings,
    });
    let issuer = Forge::of(&authority.certificate);
    let no_crl_sign = issuer.set(oid::KEY_USAGE.as_bytes(), true, &[0x03, 0x02, 0x02, 0x04]);
    let no_crl_sign = no_crl_sign.sign(&copy(&authority.key));
    mutants.push(Mutant {
        rule: "crl-issuer-crl-sign",
        findings: lint(&good, &no_crl_sign),
    });

    let follows = |crl: &[u8]| {
        lint_crl_sequence(
            &CrlView::from_der(crl).unwrap(),
            &CrlView::from_der(&good).unwrap(),
        )
    };
    assert_eq!(follows(&authority.crl(301, &[])), []);
    // 255 is lower than 300, although its first octet is higher.
    for number in [300, 255] {
        let findings = follows(&authority.crl(number, &[]));
        mutants.push(Mutant {
            rule: "crl-sequence-number",
            findings,
        });
    }
    let mut earlier = CrlForge::of(&authority.crl(301, &[serial(3)]));
    earlier.this_update = utc("260101000000Z");
    let findings = follows(&earlier.sign(&authority.key));
    mutants.push(Mutant {
        rule: "crl-sequence-time",
        findings,
    });
    mutants
}
