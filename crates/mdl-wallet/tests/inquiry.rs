//! What a holder discloses: only what was asked for, and only what there is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../mdl-iaca/tests/authority/mod.rs"]
mod authority;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use ciborium::Value;
use mdl_crypto::{Algorithm, Curve, PrivateKey};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::builder::{Decoys, ElementSet, Granularity, MdocBuilder, Validity};
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::device_engagement::DeviceEngagement;
use mdl_mdoc::device_request::{DeviceRequest, UnsignedDeviceRequest, UnsignedItemsRequest};
use mdl_mdoc::device_response::DeviceResponse;
use mdl_mdoc::session_transcript::{Handover, SessionTranscript};
use mdl_reader::proximity::Encounter;
use mdl_reader::{Conditions, Verifier};
use mdl_wallet::inquiry::{Inquiry, InquiryError, Reply};
use mdl_wallet::loopback::{Loopback, LoopbackError, memory_streams};
use mdl_wallet::presentation::DeviceAuthentication;
use mdl_wallet::proximity::Engaged;
use mdl_wallet::reader_authentication::{Asking, ReaderTrust};
use time::Duration;

use authority::{Authority, MDL, NOW, key, rng};

/// A licence with its key, and the root it leads to.
struct Licence {
    issuer_signed: Vec<u8>,
    device_key: PrivateKey,
    root: TrustAnchor,
}

fn licence() -> Licence {
    let authority = Authority::new(Curve::P256);
    let (signer, device_key) = (key(Curve::P256, 2), key(Curve::P256, 3));
    let mut elements = ElementSet::new();
    for (identifier, value) in [
        ("family_name", Value::from("Mustermann")),
        ("given_name", "Erika".into()),
        ("age_over_16", true.into()),
        ("age_over_21", true.into()),
        ("age_over_65", false.into()),
    ] {
        elements.add(MDL_NAME_SPACE, identifier, value).unwrap();
    }
    let validity = Validity::coarse(NOW, Duration::days(30), Granularity::Day).unwrap();
    let unsigned = MdocBuilder::new(MDL, &elements, device_key.public_key(), validity)
        .decoys(Decoys::None)
        .build(Algorithm::Es256, &mut rng(5))
        .unwrap();
    let signature = signer.sign(unsigned.to_be_signed());
    let certificate = authority.document_signer(&signer);
    Licence {
        issuer_signed: unsigned
            .attach(&signature, signer.public_key(), &[&certificate])
            .unwrap(),
        device_key,
        root: TrustAnchor::from_der(&authority.certificate).unwrap(),
    }
}

fn transcript() -> SessionTranscript {
    SessionTranscript::from_bytes(vec![0x83, 0xf6, 0xf6, 0xf6], &Limits::DEFAULT).unwrap()
}

fn read(request: &[u8]) -> Result<Inquiry, InquiryError> {
    let anchors = TrustAnchors::new([]);
    let trust = ReaderTrust {
        anchors: &anchors,
        crls: &[],
        at: NOW,
    };
    Inquiry::read(request, &transcript(), &trust)
}

/// `asks` as CBOR without the builder's limits: what a reader that keeps to none may send.
fn request(version: &str, asks: &[&str]) -> Vec<u8> {
    let elements = asks
        .iter()
        .map(|name| (Value::from(*name), Value::from(false)));
    let items = Value::Map(vec![
        ("docType".into(), MDL.into()),
        (
            "nameSpaces".into(),
            Value::Map(vec![(
                MDL_NAME_SPACE.into(),
                Value::Map(elements.collect()),
            )]),
        ),
    ]);
    let mut encoded = Vec::new();
    ciborium::into_writer(&items, &mut encoded).unwrap();
    let items = Value::Tag(24, Box::new(encoded.into()));
    let request = Value::Map(vec![
        ("version".into(), version.into()),
        (
            "docRequests".into(),
            Value::Array(vec![Value::Map(vec![("itemsRequest".into(), items)])]),
        ),
    ]);
    let mut encoded = Vec::new();
    ciborium::into_writer(&request, &mut encoded).unwrap();
    encoded
}

/// What is disclosed to a reader that asks for this: asked, and what answers it.
fn disclosed(asks: &[&str]) -> Vec<(String, String)> {
    let inquiry = read(&request("1.0", asks)).unwrap();
    let disclosures = inquiry.documents[0].disclosures(&licence().issuer_signed);
    let names = disclosures.unwrap().into_iter();
    names
        .map(|disclosure| {
            (
                disclosure.asked().to_owned(),
                disclosure.disclosed().to_owned(),
            )
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = expected.iter();
    pairs
        .map(|(asked, disclosed)| ((*asked).to_owned(), (*disclosed).to_owned()))
        .collect()
}

#[test]
fn only_what_was_asked_for_and_is_there_is_disclosed() {
    let asked = disclosed(&["family_name", "portrait"]);
    assert_eq!(asked, pairs(&[("family_name", "family_name")]));
    assert_eq!(disclosed(&["portrait"]), []);
}

#[test]
fn ages_are_answered_by_the_nearest_statement_and_two_at_most() {
    assert_eq!(
        disclosed(&["age_over_18"]),
        pairs(&[("age_over_18", "age_over_21")])
    );
    assert_eq!(
        disclosed(&["age_over_66"]),
        pairs(&[("age_over_66", "age_over_65")])
    );
    assert_eq!(disclosed(&["age_over_30"]), []);
    let all = disclosed(&["age_over_16", "age_over_21", "age_over_65"]);
    assert_eq!(
        all,
        pairs(&[
            ("age_over_16", "age_over_16"),
            ("age_over_21", "age_over_21")
        ])
    );
    // A question without an answer was asked all the same.
    let third = disclosed(&["age_over_30", "age_over_40", "age_over_16"]);
    assert_eq!(third, []);
}

#[test]
fn one_statement_that_answers_two_questions_is_disclosed_once() {
    let licence = licence();
    let inquiry = read(&request("1.0", &["age_over_18", "age_over_20"])).unwrap();
    let disclosures = inquiry.documents[0]
        .disclosures(&licence.issuer_signed)
        .unwrap();
    assert_eq!(disclosures.len(), 2);
    let transcript = transcript();
    let mut reply = Reply::new(&transcript);
    let signature = DeviceAuthentication::Signature;
    reply
        .document(
            &licence.issuer_signed,
            &disclosures,
            &licence.device_key,
            signature,
        )
        .unwrap();
    let response = reply.into_bytes();
    let mut checker = Checker::new(&response, &Limits::DEFAULT).unwrap();
    let response = DeviceResponse::decode(&response, &mut checker).unwrap();
    let (_, items) = &response.documents[0].issuer_signed.name_spaces[0];
    let names: Vec<_> = items.iter().map(|item| item.element_identifier).collect();
    assert_eq!(names, ["age_over_21"]);
}

#[test]
fn a_document_that_is_withheld_is_an_error_code_and_nothing_else() {
    let transcript = transcript();
    let mut reply = Reply::new(&transcript);
    reply.withhold(MDL);
    let response = reply.into_bytes();
    let mut checker = Checker::new(&response, &Limits::DEFAULT).unwrap();
    let response = DeviceResponse::decode(&response, &mut checker).unwrap();
    assert!(response.documents.is_empty());
    assert_eq!(
        (response.status, response.document_errors),
        (0, vec![(MDL, 0)])
    );
}

#[test]
fn a_request_that_cannot_be_read_is_answered_by_its_status() {
    let status = |request: &[u8]| {
        let error = read(request).unwrap_err();
        let response = error.response();
        let mut checker = Checker::new(&response, &Limits::DEFAULT).unwrap();
        DeviceResponse::decode(&response, &mut checker)
            .unwrap()
            .status
    };
    assert_eq!(status(&request("2.0", &["family_name"])), 10);
    assert_eq!(status(&request("10", &["family_name"])), 10);
    assert_eq!(status(b"\xa1"), 11);
    assert_eq!(status(b""), 11);
    assert_eq!(status(b"\xa0"), 12);
    assert_eq!(status(&request("1.0", &[])), 12);
    // A minor version is no reason to refuse.
    assert!(read(&request("1.9", &["family_name"])).is_ok());
}

/// A whole exchange over a pair of streams: the reader learns one age.
fn exchange<S: Read + Write + Send>(readers_end: S, holders_end: S, mtu: u16) -> usize {
    let licence = licence();
    let engaged = Engaged::new(key(Curve::P256, 8), Vec::new());
    let qr = engaged.engagement().to_qr();
    let licence = &licence;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut connection = Loopback::device(holders_end, mtu).unwrap();
            let message = connection.receive().unwrap().unwrap();
            let (mut session, request) = engaged.establish(&message, Handover::Qr).unwrap();
            let inquiry = read(&request).unwrap();
            let asked = &inquiry.documents[0];
            assert_eq!(asked.asking, Asking::Anonymous);
            let disclosures = asked.disclosures(&licence.issuer_signed).unwrap();
            let mut reply = Reply::new(session.transcript());
            let signature = DeviceAuthentication::Signature;
            reply
                .document(
                    &licence.issuer_signed,
                    &disclosures,
                    &licence.device_key,
                    signature,
                )
                .unwrap();
            let response = reply.into_bytes();
            connection.send(&session.send(&response).unwrap()).unwrap();
            let end = connection.receive().unwrap().unwrap();
            assert!(session.receive(&end).unwrap().ended.is_some());
            assert_eq!(connection.receive().unwrap(), None);
        });
        let engagement = DeviceEngagement::from_qr(&qr, &Limits::DEFAULT).unwrap();
        let encounter = Encounter::new(&engagement, Handover::Qr, key(Curve::P256, 9)).unwrap();
        let items = UnsignedItemsRequest::new(MDL).element(MDL_NAME_SPACE, "age_over_18");
        let request = UnsignedDeviceRequest::new(&[items]).unwrap().into_bytes();
        let (mut session, message) = encounter.establish(&request);
        let mut connection = Loopback::reader(readers_end, mtu).unwrap();
        connection.send(&message).unwrap();
        let message = connection.receive().unwrap().unwrap();
        let response = session.receive(&message).unwrap().data.unwrap();
        let mut checker = Checker::new(&request, &Limits::DEFAULT).unwrap();
        let request = DeviceRequest::decode(&request, &mut checker).unwrap();
        let verifier = Verifier::new(TrustAnchors::new([licence.root.clone()]));
        let conditions = Conditions::new(NOW, session.as_session());
        let answer = verifier.verify_answer(&request, &response, &conditions);
        assert!(answer.is_complete());
        connection.send(&session.terminate()).unwrap();
        let values = connection.values_sent();
        connection.end().unwrap();
        values
    })
}

#[test]
fn a_session_goes_over_streams_in_values_of_the_mtu() {
    let (reader, holder) = memory_streams();
    let few = exchange(reader, holder, 517);
    let (reader, holder) = memory_streams();
    let many = exchange(reader, holder, 23);
    assert!(few < 5 && many > 3 * few, "{few} {many}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (holder, _) = listener.accept().unwrap();
    assert_eq!(exchange(reader, holder, 517), few);
}

#[test]
fn a_stream_that_breaks_off_or_says_something_else_is_an_error() {
    let fails = |bytes: &[u8]| {
        let (mut other, end) = memory_streams();
        other.write_all(bytes).unwrap();
        drop(other);
        Loopback::device(end, 185).unwrap().receive().unwrap_err()
    };
    assert!(matches!(fails(b""), LoopbackError::Io(_)));
    assert!(matches!(fails(b"\x01\x00\x01"), LoopbackError::Io(_)));
    assert!(matches!(
        fails(b"\x09\x00\x01\x01"),
        LoopbackError::Characteristic(9)
    ));
    assert!(matches!(
        fails(b"\x02\x00\x02\x00\x01"),
        LoopbackError::Framing(_)
    ));
}
