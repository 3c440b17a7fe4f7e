//! CRLs as they may be received: each problem alone, and what it does to the answer.

mod authority;

use authority::forge::{self, Forge, SEQUENCE, children, extension, tlv};
use authority::{Authority, NOW, days, iaca_name, serial};
use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::certificate::SerialNumber as Received;
use mdl_iaca::profile::SerialNumber;
use mdl_iaca::revocation::{
    CrlDeviation, CrlProblem, RevocationAnswer, RevocationEvidence, RevocationStatus, VerifiedCrl,
};
use mdl_iaca::trust_anchor::TrustAnchor;
use time::{Duration, OffsetDateTime};

const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 0x14];
const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 0x1c];
const DELTA_CRL_INDICATOR: &[u8] = &[0x55, 0x1d, 0x1b];
const REASON_CODE: &[u8] = &[0x55, 0x1d, 0x15];
const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 0x1d];

/// The fields of a CRL, open to change.
#[derive(Clone)]
struct CrlForge {
    /// version, signature, issuer, thisUpdate, nextUpdate.
    fields: Vec<Vec<u8>>,
    entries: Option<Vec<Vec<u8>>>,
    extensions: Vec<Vec<u8>>,
    algorithm: Vec<u8>,
}

impl CrlForge {
    fn of(crl: &[u8]) -> Self {
        let parts = children(crl);
        let mut fields = children(&parts[0]);
        let extensions = children(&children(&fields.pop().expect("extensions"))[0]);
        let entries = (fields.len() == 6).then(|| children(&fields.pop().expect("entries")));
        Self {
            fields,
            entries,
            extensions,
            algorithm: parts[1].clone(),
        }
    }

    fn entry(mut self, serial: &SerialNumber, extensions: &[Vec<u8>]) -> Self {
        let mut content = [tlv(0x02, serial.as_be_bytes()), tlv(0x17, b"260501000000Z")].concat();
        if !extensions.is_empty() {
            content.extend(tlv(SEQUENCE, &extensions.concat()));
        }
        self.entries
            .get_or_insert_default()
            .push(tlv(SEQUENCE, &content));
        self
    }

    fn extension(mut self, oid: &[u8], critical: bool, value: &[u8]) -> Self {
        self.extensions.push(extension(oid, critical, value));
        self
    }

    fn without_extension(mut self, index: usize) -> Self {
        self.extensions.remove(index);
        self
    }

    fn sign(&self, key: &PrivateKey) -> Vec<u8> {
        let mut content = self.fields.concat();
        if let Some(entries) = &self.entries {
            content.extend(tlv(SEQUENCE, &entries.concat()));
        }
        if !self.extensions.is_empty() {
            content.extend(tlv(0xa0, &tlv(SEQUENCE, &self.extensions.concat())));
        }
        let tbs = tlv(SEQUENCE, &content);
        let bits = [vec![0], key.sign(&tbs).to_der()].concat();
        tlv(
            SEQUENCE,
            &[tbs, self.algorithm.clone(), tlv(0x03, &bits)].concat(),
        )
    }
}

struct Scene {
    authority: Authority,
    anchor: TrustAnchor,
}

impl Scene {
    fn new() -> Self {
        let authority = Authority::new(Curve::P256);
        let anchor = TrustAnchor::from_der(&authority.certificate).expect("an anchor");
        Self { authority, anchor }
    }

    fn forge(&self) -> CrlForge {
        CrlForge::of(&self.authority.crl(1, &[]))
    }

    /// What the lists say now about certificate 77.
    fn ask(&self, crls: &[&[u8]]) -> RevocationStatus {
        self.ask_at(crls, NOW)
    }

    fn ask_at(&self, crls: &[&[u8]], at: OffsetDateTime) -> RevocationStatus {
        let number = serial(77);
        let evidence = RevocationEvidence::Der(crls);
        evidence.status(
            &self.anchor,
            Received::from_content(number.as_be_bytes()),
            at,
        )
    }

    #[track_caller]
    fn is_undetermined(&self, crl: &[u8], expected: impl Fn(&CrlProblem) -> bool) {
        match self.ask(&[crl]).answer {
            RevocationAnswer::Undetermined(problem) if expected(&problem) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn good() -> RevocationAnswer {
    RevocationAnswer::Good {
        this_update: NOW - days(1),
    }
}

#[test]
fn a_current_list_says_good_or_revoked() {
    let scene = Scene::new();
    let empty = scene.authority.crl(1, &[]);
    assert_eq!(
        scene.ask(&[&empty]),
        RevocationStatus {
            answer: good(),
            deviation: None
        }
    );
    let others = scene.authority.crl(1, &[serial(1), serial(2)]);
    assert_eq!(scene.ask(&[&others]).answer, good());
    let listed = scene.authority.crl(1, &[serial(1), serial(77), serial(2)]);
    assert_eq!(
        scene.ask(&[&listed]).answer,
        RevocationAnswer::Revoked {
            since: NOW - days(2)
        }
    );
}

#[test]
fn without_lists_nothing_is_checked() {
    let scene = Scene::new();
    assert_eq!(scene.ask(&[]).answer, RevocationAnswer::NotChecked);
}

#[test]
fn lists_that_are_not_the_issuers_give_no_answer() {
    let scene = Scene::new();
    scene.is_undetermined(b"\x30\x00", |problem| {
        matches!(problem, CrlProblem::Malformed(_))
    });
    let other = Authority::named(
        Curve::P256,
        9,
        mdl_iaca::profile::DistinguishedName::new("Other").country("UT"),
    );
    scene.is_undetermined(&other.crl(1, &[]), |problem| {
        *problem == CrlProblem::OtherIssuer
    });
    let namesake = Authority::named(Curve::P256, 9, iaca_name());
    scene.is_undetermined(&namesake.crl(1, &[]), |problem| {
        matches!(problem, CrlProblem::Signature(_))
    });
    let mut sha384 = scene.forge();
    sha384.algorithm = tlv(
        SEQUENCE,
        &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
    );
    let crl = sha384.sign(&scene.authority.key);
    scene.is_undetermined(&crl, |problem| *problem == CrlProblem::AlgorithmsDiffer);
}

#[test]
fn a_stranger_does_not_revoke() {
    let scene = Scene::new();
    let namesake = Authority::named(Curve::P256, 9, iaca_name());
    let forged = namesake.crl(99, &[serial(77)]);
    let genuine = scene.authority.crl(1, &[]);
    for crls in [[forged.as_slice(), &genuine], [genuine.as_slice(), &forged]] {
        assert_eq!(scene.ask(&crls).answer, good());
    }
}

#[test]
fn an_issuer_that_may_not_sign_lists_gives_no_answer() {
    let mut scene = Scene::new();
    let crl = scene.authority.crl(1, &[]);
    let root = Forge::of(&scene.authority.certificate).set(
        forge::KEY_USAGE,
        true,
        &[0x03, 0x02, 0x02, 0x04],
    );
    scene.anchor = TrustAnchor::from_der(&root.sign(&scene.authority.key)).expect("an anchor");
    scene.is_undetermined(&crl, |problem| *problem == CrlProblem::NoCrlSign);
}

#[test]
fn a_list_is_current_from_this_update_to_next_update() {
    let scene = Scene::new();
    let crl = scene.authority.crl(1, &[]);
    let (this_update, next_update) = (NOW - days(1), NOW + days(29));
    let second = Duration::seconds(1);
    assert_eq!(scene.ask_at(&[&crl], this_update).answer, good());
    assert_eq!(scene.ask_at(&[&crl], next_update).answer, good());
    assert_eq!(
        scene.ask_at(&[&crl], this_update - second).answer,
        RevocationAnswer::Undetermined(CrlProblem::NotYetValid(this_update))
    );
    assert_eq!(
        scene.ask_at(&[&crl], next_update + second).answer,
        RevocationAnswer::Undetermined(CrlProblem::Expired(next_update))
    );
    let mut endless = scene.forge();
    endless.fields.pop();
    let crl = endless.sign(&scene.authority.key);
    scene.is_undetermined(&crl, |problem| *problem == CrlProblem::NoNextUpdate);
}

#[test]
fn a_revocation_outlives_its_list() {
    let scene = Scene::new();
    let crl = scene.authority.crl(1, &[serial(77)]);
    let answer = scene.ask_at(&[&crl], NOW + days(400)).answer;
    assert_eq!(
        answer,
        RevocationAnswer::Revoked {
            since: NOW - days(2)
        }
    );
}

#[test]
fn partial_lists_give_no_answer() {
    let scene = Scene::new();
    let undetermined = |forge: CrlForge, expected: &CrlProblem| {
        scene.is_undetermined(&forge.sign(&scene.authority.key), |problem| {
            problem == expected
        });
    };
    for critical in [true, false] {
        undetermined(
            scene
                .forge()
                .extension(ISSUING_DISTRIBUTION_POINT, critical, &[0x30, 0x00]),
            &CrlProblem::IssuingDistributionPoint,
        );
        undetermined(
            scene
                .forge()
                .extension(DELTA_CRL_INDICATOR, critical, &[0x02, 0x01, 0x01]),
            &CrlProblem::Delta,
        );
    }
    undetermined(
        scene.forge().extension(&[0x2a, 0x03], true, &[0x05, 0x00]),
        &CrlProblem::UnknownCriticalExtension("1.2.3".to_owned()),
    );
}

#[test]
fn entries_of_indirect_and_delta_lists_give_no_answer() {
    let scene = Scene::new();
    let indirect = extension(CERTIFICATE_ISSUER, true, &[0x30, 0x00]);
    let crl = scene
        .forge()
        .entry(&serial(77), &[indirect])
        .sign(&scene.authority.key);
    scene.is_undetermined(
        &crl,
        |problem| matches!(problem, CrlProblem::CriticalEntryExtension(oid) if oid == "2.5.29.29"),
    );
    let removal = extension(REASON_CODE, false, &[0x0a, 0x01, 0x08]);
    let crl = scene
        .forge()
        .entry(&serial(77), std::slice::from_ref(&removal))
        .sign(&scene.authority.key);
    scene.is_undetermined(&crl, |problem| *problem == CrlProblem::RemoveFromCrl);
    // Listed once more without it, the certificate is revoked.
    let crl = scene
        .forge()
        .entry(&serial(77), &[removal])
        .entry(&serial(77), &[])
        .sign(&scene.authority.key);
    assert!(matches!(
        scene.ask(&[&crl]).answer,
        RevocationAnswer::Revoked { .. }
    ));
}

#[test]
fn reason_codes_are_a_deviation_and_no_obstacle() {
    let scene = Scene::new();
    let compromise = extension(REASON_CODE, false, &[0x0a, 0x01, 0x01]);
    let crl = scene
        .forge()
        .entry(&serial(1), std::slice::from_ref(&compromise))
        .sign(&scene.authority.key);
    let status = scene.ask(&[&crl]);
    assert_eq!(
        (status.answer, status.deviation),
        (good(), Some(CrlDeviation::EntryExtensions))
    );
    let crl = scene
        .forge()
        .entry(&serial(77), &[compromise])
        .sign(&scene.authority.key);
    let status = scene.ask(&[&crl]);
    assert!(matches!(status.answer, RevocationAnswer::Revoked { .. }));
    assert_eq!(status.deviation, Some(CrlDeviation::EntryExtensions));
}

#[test]
fn other_deviations_are_named() {
    let scene = Scene::new();
    let deviation = |forge: CrlForge| {
        let status = scene.ask(&[&forge.sign(&scene.authority.key)]);
        assert_eq!(status.answer, good());
        status.deviation
    };
    let identifier = tlv(SEQUENCE, &tlv(0x80, &[7; 20]));
    let mut other_identifier = scene.forge();
    other_identifier.extensions[0] = extension(forge::AUTHORITY_KEY_IDENTIFIER, false, &identifier);
    let mut empty = scene.forge();
    empty.entries = Some(Vec::new());
    let mut version_1 = scene.forge();
    version_1.fields.remove(0);
    assert_eq!(
        deviation(other_identifier),
        Some(CrlDeviation::AuthorityKeyIdentifier)
    );
    assert_eq!(
        deviation(scene.forge().without_extension(0)),
        Some(CrlDeviation::NoAuthorityKeyIdentifier)
    );
    assert_eq!(
        deviation(scene.forge().without_extension(1)),
        Some(CrlDeviation::NoNumber)
    );
    assert_eq!(
        deviation(scene.forge().extension(&[0x2a, 0x03], false, &[0x05, 0x00])),
        Some(CrlDeviation::FurtherExtensions)
    );
    assert_eq!(deviation(empty), Some(CrlDeviation::EmptyList));
    assert_eq!(deviation(version_1), Some(CrlDeviation::Version));
    let mut bad_number = scene.forge();
    bad_number.extensions[1] = extension(CRL_NUMBER, false, &[0x05, 0x00]);
    let crl = bad_number.sign(&scene.authority.key);
    scene.is_undetermined(&crl, |problem| matches!(problem, CrlProblem::Malformed(_)));
}

#[test]
fn the_newest_list_counts() {
    let scene = Scene::new();
    let older = scene.authority.crl(1, &[serial(77)]);
    // Made later, after the certificate had expired and was taken off.
    let mut newer = scene.forge();
    newer.fields[3] = tlv(0x17, b"260601100000Z");
    let newer = newer.sign(&scene.authority.key);
    for crls in [[older.as_slice(), &newer], [newer.as_slice(), &older]] {
        assert!(matches!(
            scene.ask(&crls).answer,
            RevocationAnswer::Good { .. }
        ));
    }
    // One from the future does not count before its time.
    let mut future = scene.forge();
    future.fields[3] = tlv(0x17, b"260602120000Z");
    let future = future.sign(&scene.authority.key);
    assert!(matches!(
        scene.ask(&[&future, &older]).answer,
        RevocationAnswer::Revoked { .. }
    ));
}

#[test]
fn a_verified_list_answers_for_its_issuer_only() {
    let scene = Scene::new();
    let crl = scene.authority.crl(1, &[serial(77)]);
    let verified = [VerifiedCrl::from_der(&crl, &scene.anchor).expect("a good list")];
    let evidence = RevocationEvidence::Verified(&verified);
    let number = serial(77);
    let number = Received::from_content(number.as_be_bytes());
    assert!(matches!(
        evidence.status(&scene.anchor, number, NOW).answer,
        RevocationAnswer::Revoked { .. }
    ));

    let namesake = Authority::named(Curve::P256, 9, iaca_name());
    let namesake = TrustAnchor::from_der(&namesake.certificate).expect("an anchor");
    assert_eq!(
        evidence.status(&namesake, number, NOW).answer,
        RevocationAnswer::Undetermined(CrlProblem::OtherIssuer)
    );
    let missing = VerifiedCrl::from_der(&crl, &namesake).map(|_| ());
    assert!(matches!(missing, Err(CrlProblem::Signature(_))));
}

#[test]
fn a_long_list_is_searched_to_its_end() {
    let scene = Scene::new();
    let mut forge = scene.forge();
    for index in 1..=20_000u32 {
        let serial = SerialNumber::from_be_bytes(&index.to_be_bytes()).expect("positive");
        forge = forge.entry(&serial, &[]);
    }
    let crl = forge.entry(&serial(77), &[]).sign(&scene.authority.key);
    assert!(matches!(
        scene.ask(&[&crl]).answer,
        RevocationAnswer::Revoked { .. }
    ));
}
