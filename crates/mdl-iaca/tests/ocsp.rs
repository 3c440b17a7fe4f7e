//! OCSP: responses that OpenSSL makes to our requests, and for every check one in which only that check fails.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authority;

use std::path::Path;
use std::process::Command;

use authority::forge::{Forge, children, split, tlv};
use authority::{Authority, CRL_URI, days, key, serial, sign};
use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::certificate::{CertificateView, OcspResponseView};
use mdl_iaca::crl::CrlProfile;
use mdl_iaca::ocsp::{OcspEvidence, OcspProblem, request};
use mdl_iaca::path::{Outcome, PathCheck, PathConditions, Reason, Role, Step};
use mdl_iaca::profile::{DistinguishedName, OcspSignerProfile, SerialNumber, Validity};
use mdl_iaca::revocation::RevocationEvidence;
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

const NONCE: [u8; 32] = [7; 32];
const OCSP_NOCHECK: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05];

/// An authority with a document signer and an OCSP responder that OpenSSL runs. It works at the real time, because
/// OpenSSL does.
struct Scene {
    authority: Authority,
    ds: Vec<u8>,
    responder_key: PrivateKey,
    responder: Vec<u8>,
    at: OffsetDateTime,
    folder: TempDir,
}

/// What the responder's index says of the document signer.
#[derive(Clone, Copy)]
enum Known {
    Good,
    Revoked,
    Nothing,
}

impl Scene {
    fn new() -> Self {
        let now = OffsetDateTime::now_utc();
        let at = now.replace_nanosecond(0).unwrap();
        let authority = Authority::new(Curve::P256);
        let validity = || Validity::days(at - days(1), 80).unwrap();
        let ds_key = key(Curve::P256, 2);
        let profile = mdl_iaca::profile::DocumentSignerProfile::new(
            &authority.issuer,
            ds_key.public_key().clone(),
            DistinguishedName::new("Utopia DS 1"),
            validity(),
            CRL_URI,
        );
        let ds = sign(profile.build(&serial(77)).unwrap(), &authority.key);
        let responder_key = key(Curve::P256, 3);
        let profile = OcspSignerProfile::without_check(
            &authority.issuer,
            responder_key.public_key().clone(),
            DistinguishedName::new("Utopia OCSP 1"),
            validity(),
        );
        let responder = sign(profile.build(&serial(78)).unwrap(), &authority.key);
        let folder = tempfile::tempdir().unwrap();
        Self {
            authority,
            ds,
            responder_key,
            responder,
            at,
            folder,
        }
    }

    fn anchor(&self) -> TrustAnchor {
        TrustAnchor::from_der(&self.authority.certificate).unwrap()
    }

    fn request(&self, nonce: Option<&[u8]>) -> Vec<u8> {
        let ds = CertificateView::from_der(&self.ds).unwrap();
        request(&self.anchor(), ds.serial(), nonce)
    }

    /// What OpenSSL answers.
    fn response(&self, known: Known, nonce: Option<&[u8]>) -> Vec<u8> {
        self.response_to(&self.request(nonce), known, &["-ndays", "1"])
    }

    fn response_to(&self, request: &[u8], known: Known, more: &[&str]) -> Vec<u8> {
        let (responder, key) = (self.responder.clone(), self.responder_key.clone());
        self.response_by(&responder, &key, request, known, more)
    }

    fn response_by(
        &self,
        responder: &[u8],
        key: &PrivateKey,
        request: &[u8],
        known: Known,
        more: &[&str],
    ) -> Vec<u8> {
        let at = |name: &str| self.folder.path().join(name);
        let view = CertificateView::from_der(&self.ds).unwrap();
        let number = hex::encode_upper(view.serial().as_bytes());
        let index = match known {
            Known::Good => format!("V\t300101000000Z\t\t{number}\tunknown\t/CN=DS\n"),
            Known::Revoked => {
                format!("R\t300101000000Z\t260101000000Z\t{number}\tunknown\t/CN=DS\n")
            }
            Known::Nothing => String::new(),
        };
        std::fs::write(at("index.txt"), index).unwrap();
        std::fs::write(at("request.der"), request).unwrap();
        pem(&at("iaca.pem"), "CERTIFICATE", &self.authority.certificate);
        pem(&at("responder.pem"), "CERTIFICATE", responder);
        pem(&at("key.pem"), "PRIVATE KEY", &key.to_pkcs8_der());
        let output = Command::new("openssl")
            .current_dir(self.folder.path())
            .args([
                "ocsp",
                "-index",
                "index.txt",
                "-CA",
                "iaca.pem",
                "-rsigner",
                "responder.pem",
            ])
            .args([
                "-rkey",
                "key.pem",
                "-reqin",
                "request.der",
                "-respout",
                "response.der",
            ])
            .args(more)
            .output()
            .expect("the openssl command");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        std::fs::read(at("response.der")).unwrap()
    }

    fn judge(&self, response: &[u8]) -> Step {
        self.judge_with(
            &OcspEvidence {
                response,
                nonce: None,
            },
            &[],
            self.at + Duration::minutes(5),
        )
    }

    fn judge_with(&self, evidence: &OcspEvidence<'_>, crls: &[&[u8]], at: OffsetDateTime) -> Step {
        let path = TrustAnchors::new([self.anchor()]).examine(&[&self.ds], Role::DocumentSigner);
        let report = path.evaluate(&PathConditions {
            ocsp: &[*evidence],
            revocation: match crls {
                [] => RevocationEvidence::None,
                crls => RevocationEvidence::Der(crls),
            },
            ..PathConditions::at(at)
        });
        let others = report
            .failures()
            .filter(|step| step.check != PathCheck::Revocation);
        assert_eq!(others.count(), 0);
        report.step(PathCheck::Revocation).clone()
    }

    #[track_caller]
    fn gives_no_answer(&self, response: &[u8]) -> OcspProblem {
        problem(self.judge(response))
    }
}

#[track_caller]
fn problem(step: Step) -> OcspProblem {
    assert_eq!(step.outcome, Outcome::Undetermined, "{step:?}");
    match step.reason.as_deref() {
        Some(Reason::Ocsp(problem)) => (**problem).clone(),
        other => panic!("{other:?}"),
    }
}

fn pem(path: &Path, label: &str, der: &[u8]) {
    use base64ct::{Base64, Encoding};
    let base64 = Base64::encode_string(der);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let text = format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    );
    std::fs::write(path, text).unwrap();
}

/// A response with its signed part changed, and signed again by `key`.
fn resigned(response: &[u8], key: &PrivateKey, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    rebuilt(response, |parts| {
        let mut fields = children(&parts[0]);
        change(&mut fields);
        parts[0] = tlv(0x30, &fields.concat());
        let mut bits = vec![0];
        bits.extend(key.sign(&parts[0]).to_der());
        parts[2] = tlv(0x03, &bits);
    })
}

/// A response with parts of its `BasicOCSPResponse` changed.
fn rebuilt(response: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut outer = children(response);
    let body = children(&outer[1]).remove(0);
    let mut body = children(&body);
    let mut parts = children(split(&body[1]).1);
    change(&mut parts);
    body[1] = tlv(0x04, &tlv(0x30, &parts.concat()));
    outer[1] = tlv(0xa0, &tlv(0x30, &body.concat()));
    tlv(0x30, &outer.concat())
}

/// Position of the list of answers in the signed part: after responderID and producedAt.
const ANSWERS: usize = 2;

/// Changes the one answer: CertID, status, thisUpdate, nextUpdate.
fn change_answer(fields: &mut [Vec<u8>], change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut answer = children(&children(&fields[ANSWERS])[0]);
    change(&mut answer);
    fields[ANSWERS] = tlv(0x30, &tlv(0x30, &answer.concat()));
}

#[test]
fn good_revoked_and_unknown_are_told_apart() {
    let scene = Scene::new();
    let good = scene.judge(&scene.response(Known::Good, None));
    assert_eq!((good.outcome, good.reason), (Outcome::Pass, None));
    let revoked = scene.judge(&scene.response(Known::Revoked, None));
    assert_eq!(revoked.outcome, Outcome::Fail);
    assert!(matches!(
        revoked.reason.as_deref(),
        Some(Reason::Revoked(_))
    ));
    let unknown = scene.response(Known::Nothing, None);
    assert_eq!(
        scene.gives_no_answer(&unknown),
        OcspProblem::UnknownCertificate
    );
}

#[test]
fn every_way_of_naming_responder_and_certificate_is_understood() {
    let scene = Scene::new();
    let by_key = scene.response_to(
        &scene.request(None),
        Known::Good,
        &["-ndays", "1", "-resp_key_id"],
    );
    assert_eq!(scene.judge(&by_key).outcome, Outcome::Pass);
    // Requests that OpenSSL makes itself, with the other hashes.
    pem(
        &scene.folder.path().join("ds.pem"),
        "CERTIFICATE",
        &scene.ds,
    );
    pem(
        &scene.folder.path().join("iaca.pem"),
        "CERTIFICATE",
        &scene.authority.certificate,
    );
    for hash in ["-sha1", "-sha256", "-sha384", "-sha512"] {
        let arguments = [
            "ocsp", hash, "-issuer", "iaca.pem", "-cert", "ds.pem", "-reqout", "r.der",
        ];
        let made = Command::new("openssl")
            .current_dir(scene.folder.path())
            .args(arguments)
            .output();
        assert!(made.unwrap().status.success());
        let request = std::fs::read(scene.folder.path().join("r.der")).unwrap();
        let response = scene.response_to(&request, Known::Good, &["-ndays", "1"]);
        assert_eq!(scene.judge(&response).outcome, Outcome::Pass, "{hash}");
    }
}

#[test]
fn the_authority_itself_may_answer() {
    let scene = Scene::new();
    let (iaca, key) = (&scene.authority.certificate, &scene.authority.key);
    let response = scene.response_by(
        iaca,
        key,
        &scene.request(None),
        Known::Good,
        &["-ndays", "1"],
    );
    assert_eq!(scene.judge(&response).outcome, Outcome::Pass);
}

#[test]
fn an_answer_is_good_from_this_update_to_next_update() {
    let scene = Scene::new();
    let response = scene.response(Known::Good, None);
    let OcspResponseView::Basic(view) = OcspResponseView::from_der(&response).unwrap() else {
        panic!();
    };
    let answer = &view.answers()[0];
    let (from, to) = (answer.this_update.at, answer.next_update.unwrap().at);
    let evidence = OcspEvidence {
        response: &response,
        nonce: None,
    };
    let judge = |at| scene.judge_with(&evidence, &[], at);
    let second = Duration::seconds(1);
    assert_eq!(judge(from).outcome, Outcome::Pass);
    assert_eq!(judge(to).outcome, Outcome::Pass);
    assert_eq!(
        problem(judge(from - second)),
        OcspProblem::NotYetValid(from)
    );
    assert_eq!(problem(judge(to + second)), OcspProblem::Expired(to));
    // What is revoked stays so.
    let response = scene.response(Known::Revoked, None);
    let evidence = OcspEvidence {
        response: &response,
        nonce: None,
    };
    let step = scene.judge_with(&evidence, &[], to + Duration::hours(1));
    assert_eq!(step.outcome, Outcome::Fail);
}

#[test]
fn without_next_update_only_the_nonce_shows_that_an_answer_is_new() {
    let scene = Scene::new();
    let response = scene.response_to(&scene.request(Some(&NONCE)), Known::Good, &[]);
    let judge = |nonce| {
        let evidence = OcspEvidence {
            response: &response,
            nonce,
        };
        scene.judge_with(&evidence, &[], scene.at + Duration::minutes(5))
    };
    assert_eq!(judge(Some(&NONCE[..])).outcome, Outcome::Pass);
    assert_eq!(problem(judge(None)), OcspProblem::NoNextUpdate);
    let other = scene.response(Known::Good, Some(&[8; 32]));
    let evidence = OcspEvidence {
        response: &other,
        nonce: Some(&NONCE),
    };
    let step = scene.judge_with(&evidence, &[], scene.at + Duration::minutes(5));
    assert_eq!(problem(step), OcspProblem::Nonce);
    // A responder that signs ahead of time echoes none.
    let ahead = scene.response(Known::Good, None);
    let evidence = OcspEvidence {
        response: &ahead,
        nonce: Some(&NONCE),
    };
    let step = scene.judge_with(&evidence, &[], scene.at + Duration::minutes(5));
    assert_eq!(step.outcome, Outcome::Pass);
}

#[test]
fn answers_about_other_certificates_or_authorities_do_not_count() {
    let scene = Scene::new();
    let mut other = Forge::of(&scene.ds);
    other.fields[authority::forge::SERIAL] = tlv(0x02, &[9; 16]);
    let other = other.sign(&scene.authority.key);
    let number = CertificateView::from_der(&other).unwrap().serial();
    let asked = request(&scene.anchor(), number, None);
    let response = scene.response_to(&asked, Known::Good, &["-ndays", "1"]);
    assert_eq!(
        scene.gives_no_answer(&response),
        OcspProblem::OtherCertificate
    );

    let good = scene.response(Known::Good, None);
    for hash in [1, 2] {
        let response = resigned(&good, &scene.responder_key, |fields| {
            change_answer(fields, |answer| {
                let mut id = children(&answer[0]);
                id[hash] = tlv(0x04, &[1; 20]);
                answer[0] = tlv(0x30, &id.concat());
            });
        });
        assert_eq!(
            scene.gives_no_answer(&response),
            OcspProblem::OtherCertificate
        );
    }
}

#[test]
fn a_responder_that_the_authority_did_not_certify_for_this_is_not_believed() {
    let scene = Scene::new();
    let good = scene.response(Known::Good, None);
    let by = |certificate: &[u8], key: &PrivateKey| {
        let request = scene.request(None);
        scene.response_by(certificate, key, &request, Known::Good, &["-ndays", "1"])
    };
    // A document signer of the same authority, of which every holder has a certificate.
    let ds_key = key(Curve::P256, 2);
    let as_ds = scene.gives_no_answer(&by(&scene.ds, &ds_key));
    assert!(
        matches!(as_ds, OcspProblem::NotAuthorised(Some(_))),
        "{as_ds:?}"
    );
    // Another authority's responder.
    let stranger = key(Curve::P256, 50);
    let forged = Forge::of(&scene.responder).sign(&stranger);
    let foreign = scene.gives_no_answer(&by(&forged, &scene.responder_key));
    assert!(
        matches!(foreign, OcspProblem::NotAuthorised(Some(_))),
        "{foreign:?}"
    );
    // The right certificate, and the signature of somebody else.
    let forged = resigned(&good, &stranger, |_| {});
    assert!(matches!(
        scene.gives_no_answer(&forged),
        OcspProblem::Signature(_)
    ));
    // No certificate at all.
    let bare = rebuilt(&good, |parts| parts.truncate(3));
    assert_eq!(scene.gives_no_answer(&bare), OcspProblem::NoResponder);
}

#[test]
fn a_responder_is_checked_for_revocation_unless_it_need_not_be() {
    let mut scene = Scene::new();
    scene.responder = Forge::of(&scene.responder)
        .without(OCSP_NOCHECK)
        .sign(&scene.authority.key);
    let response = scene.response(Known::Good, None);
    assert_eq!(
        scene.gives_no_answer(&response),
        OcspProblem::ResponderRevocation
    );
    let crl = |revoked: &[SerialNumber]| {
        let (from, to) = (scene.at - days(1), scene.at + days(20));
        let mut profile = CrlProfile::new(&scene.authority.issuer, 1, from, to).unwrap();
        for number in revoked {
            profile = profile.revoke(number.clone(), from);
        }
        let unsigned = profile.build().unwrap();
        let signature = scene.authority.key.sign(unsigned.to_be_signed());
        unsigned.attach(&signature).unwrap().into_der()
    };
    let evidence = OcspEvidence {
        response: &response,
        nonce: None,
    };
    let at = scene.at + Duration::minutes(5);
    assert_eq!(
        scene.judge_with(&evidence, &[&crl(&[])], at).outcome,
        Outcome::Pass
    );
    // Revoked: a list that answers for the document signer does so itself, hence one that does not.
    let listing = crl(&[serial(78)]);
    let late = scene.at + days(1);
    let step = scene.judge_with(&evidence, &[&listing], late);
    assert_eq!(
        step.outcome,
        Outcome::Pass,
        "the list says good of the document signer"
    );
    let old = {
        let (from, to) = (scene.at - days(2), scene.at - days(1));
        let profile = CrlProfile::new(&scene.authority.issuer, 1, from, to).unwrap();
        let unsigned = profile.revoke(serial(78), from).build().unwrap();
        let signature = scene.authority.key.sign(unsigned.to_be_signed());
        unsigned.attach(&signature).unwrap().into_der()
    };
    let step = scene.judge_with(&evidence, &[&old], at);
    assert_eq!(step.outcome, Outcome::Undetermined, "{step:?}");
}

#[test]
fn whoever_says_revoked_is_believed() {
    let scene = Scene::new();
    let (from, to) = (scene.at - days(1), scene.at + days(20));
    let profile = CrlProfile::new(&scene.authority.issuer, 1, from, to).unwrap();
    let unsigned = profile.clone().build().unwrap();
    let signature = scene.authority.key.sign(unsigned.to_be_signed());
    let empty = unsigned.attach(&signature).unwrap().into_der();
    let unsigned = profile.revoke(serial(77), from).build().unwrap();
    let signature = scene.authority.key.sign(unsigned.to_be_signed());
    let listing = unsigned.attach(&signature).unwrap().into_der();
    let at = scene.at + Duration::minutes(5);
    let (good, revoked) = (
        scene.response(Known::Good, None),
        scene.response(Known::Revoked, None),
    );
    let judge = |response: &[u8], crl: &[u8]| {
        scene
            .judge_with(
                &OcspEvidence {
                    response,
                    nonce: None,
                },
                &[crl],
                at,
            )
            .outcome
    };
    assert_eq!(judge(&good, &empty), Outcome::Pass);
    assert_eq!(judge(&revoked, &empty), Outcome::Fail);
    assert_eq!(judge(&good, &listing), Outcome::Fail);
    // One that gives no answer takes none away.
    assert_eq!(judge(&good, b"no list"), Outcome::Pass);
    assert_eq!(judge(b"no response", &empty), Outcome::Pass);
}

#[test]
fn critical_extensions_that_are_not_known_are_not_passed_over() {
    let scene = Scene::new();
    let good = scene.response(Known::Good, None);
    let extension = |critical: bool| {
        let flag = if critical {
            vec![0x01, 0x01, 0xff]
        } else {
            vec![]
        };
        let content = [tlv(0x06, &[0x2a, 0x03]), flag, tlv(0x04, &[0x05, 0x00])].concat();
        tlv(0xa1, &tlv(0x30, &tlv(0x30, &content)))
    };
    let with = |critical, in_answer| {
        resigned(&good, &scene.responder_key, |fields| {
            if in_answer {
                change_answer(fields, |answer| answer.push(extension(critical)));
            } else {
                fields.push(extension(critical));
            }
        })
    };
    for in_answer in [false, true] {
        let unknown = OcspProblem::UnknownCriticalExtension("1.2.3".into());
        assert_eq!(scene.gives_no_answer(&with(true, in_answer)), unknown);
        assert_eq!(scene.judge(&with(false, in_answer)).outcome, Outcome::Pass);
    }
}

#[test]
fn what_is_no_answer_gives_none() {
    let scene = Scene::new();
    for (response, is_refusal) in [
        (&[0x30, 0x03, 0x0a, 0x01, 0x03][..], true),
        (&[0x30, 0x03, 0x0a, 0x01, 0x00], false),
        (&[0x30, 0x00], false),
        (&[], false),
    ] {
        match scene.gives_no_answer(response) {
            OcspProblem::Refused(status) => assert!(is_refusal && status == 3),
            OcspProblem::Malformed(_) => assert!(!is_refusal, "{response:?}"),
            other => panic!("{other:?}"),
        }
    }
    let good = scene.response(Known::Good, None);
    let large = [good.clone(), vec![0; 64 * 1024]].concat();
    assert!(matches!(
        scene.gives_no_answer(&large),
        OcspProblem::Malformed(_)
    ));
    let many = resigned(&good, &scene.responder_key, |fields| {
        let answer = split(&fields[ANSWERS]).1.to_vec();
        fields[ANSWERS] = tlv(0x30, &answer.repeat(65));
    });
    assert!(matches!(
        scene.gives_no_answer(&many),
        OcspProblem::Malformed(_)
    ));
    // Cut anywhere, it is no response and no panic.
    for length in 0..good.len() {
        assert!(matches!(
            scene.gives_no_answer(&good[..length]),
            OcspProblem::Malformed(_)
        ));
    }
}
