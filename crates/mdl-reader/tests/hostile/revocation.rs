//! What is still needed about revocation, and OCSP responses that answer it.

use mdl_iaca::ocsp::OcspEvidence;
use mdl_reader::{
    CheckId, Conditions, NeededEvidence, Report, RevocationVerdict, Session, Verdict,
};

use crate::authority::forge::{Forge, children, tlv};
use crate::authority::{CRL_URI, NOW};
use crate::scene::Scene;

const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01];
const RESPONDER: &str = "http://ocsp.utopia.example/";
const GOOD: &[u8] = &[0x80, 0x00];

/// A document signer that names a responder beside its CRL.
fn scene() -> Scene {
    let mut scene = Scene::new();
    let ocsp = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01];
    let access = [tlv(0x06, &ocsp), tlv(0x86, RESPONDER.as_bytes())].concat();
    let access = tlv(0x30, &tlv(0x30, &access));
    let forged = Forge::of(&scene.ds).set(AUTHORITY_INFO_ACCESS, false, &access);
    scene.ds = forged.sign(&scene.authority.key);
    scene
}

/// What the IACA itself answers to a request.
fn answer(scene: &Scene, request: &[u8], status: &[u8]) -> Vec<u8> {
    // OCSPRequest, tbsRequest, requestList, Request, CertID.
    let mut id = children(request).remove(0);
    for _ in 0..3 {
        id = children(&id).remove(0);
    }
    let time = |text: &str| tlv(0x18, text.as_bytes());
    let next = tlv(0xa0, &time("20260602120000Z"));
    let single = [id, status.to_vec(), time("20260601110000Z"), next].concat();
    let subject = Forge::of(&scene.authority.certificate).fields[5].clone();
    let data = [
        tlv(0xa1, &subject),
        time("20260601110000Z"),
        tlv(0x30, &tlv(0x30, &single)),
    ];
    let tbs = tlv(0x30, &data.concat());
    let mut bits = vec![0];
    bits.extend(scene.authority.key.sign(&tbs).to_der());
    let algorithm = Forge::of(&scene.authority.certificate).outer_algorithm;
    let basic = tlv(0x30, &[tbs, algorithm, tlv(0x03, &bits)].concat());
    let kind = tlv(
        0x06,
        &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01],
    );
    let body = tlv(0x30, &[kind, tlv(0x04, &basic)].concat());
    tlv(0x30, &[tlv(0x0a, &[0]), tlv(0xa0, &body)].concat())
}

fn verify<'r>(scene: &Scene, response: &'r [u8], ocsp: &[u8]) -> Report<'r> {
    let evidence = [OcspEvidence {
        response: ocsp,
        nonce: None,
    }];
    let conditions = Conditions {
        ocsp_responses: if ocsp.is_empty() { &[] } else { &evidence },
        require_revocation: true,
        ..Conditions::new(NOW, Session::Static)
    };
    scene.verifier().verify(response, &conditions)
}

fn request(report: &Report<'_>) -> Vec<u8> {
    let needed = report.needed();
    let [crl, NeededEvidence::OcspResponse { uri, request }] = needed.as_slice() else {
        panic!("{needed:?}");
    };
    let of_signer = NeededEvidence::Crl {
        uri: CRL_URI.to_owned(),
    };
    assert_eq!((crl, uri.as_str()), (&of_signer, RESPONDER));
    request.clone()
}

#[test]
fn a_responder_answers_what_is_needed() {
    let scene = scene();
    let response = scene.response();
    let report = verify(&scene, &response, &[]);
    assert_eq!(report.verdict(), Verdict::Invalid);
    let request = request(&report);

    let report = verify(&scene, &response, &answer(&scene, &request, GOOD));
    assert_eq!(report.verdict(), Verdict::Valid);
    let revocation = report.documents()[0].revocation();
    assert_eq!(
        (revocation, report.needed()),
        (RevocationVerdict::NotRevoked, vec![])
    );

    let revoked = tlv(0xa1, &tlv(0x18, b"20260501000000Z"));
    let report = verify(&scene, &response, &answer(&scene, &request, &revoked));
    let failures: Vec<_> = report.failures().map(|check| check.id).collect();
    assert_eq!(failures, [CheckId::DsRevocation]);
    let revocation = report.documents()[0].revocation();
    assert_eq!(
        (revocation, report.needed()),
        (RevocationVerdict::Revoked, vec![])
    );
}

#[test]
fn a_response_that_gives_no_answer_leaves_the_question_open() {
    let scene = scene();
    let response = scene.response();
    let request = request(&verify(&scene, &response, &[]));
    let mut forged = answer(&scene, &request, GOOD);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let unknown = answer(&scene, &request, &[0x82, 0x00]);
    for ocsp in [forged, unknown, b"none".to_vec()] {
        let report = verify(&scene, &response, &ocsp);
        let failures: Vec<_> = report.failures().map(|check| check.id).collect();
        assert_eq!(failures, [CheckId::DsRevocation]);
        assert_eq!(
            report.documents()[0].revocation(),
            RevocationVerdict::Unknown
        );
        assert_eq!(report.needed().len(), 2);
    }
}

#[test]
fn an_invalid_document_needs_nothing() {
    let mut scene = scene();
    scene.mso.doc_type = "other".to_owned();
    let response = scene.response();
    assert_eq!(verify(&scene, &response, &[]).needed(), []);
}
