//! ISO/IEC 18013-5, Annex D from end to end: engagement, session, request with reader authentication, response, verdict.
//! Every message comes out byte for byte. The vectors are in the folder `shared/vectors` beside the checkout; where that is
//! absent the tests say so and pass.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use mdl_crypto::{Algorithm, Curve, PrivateKey, Signature};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::cbor::{Checker, Limits, Reader};
use mdl_mdoc::device_engagement::DeviceEngagement;
use mdl_mdoc::device_request::{
    DeviceRequest, ReaderAuthForm, UnsignedDeviceRequest, UnsignedItemsRequest,
};
use mdl_mdoc::session::SessionStatus;
use mdl_mdoc::session_transcript::Handover;
use mdl_mdoc::tdate::TDate;
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
use mdl_reader::proximity::Encounter;
use mdl_reader::{Conditions, Verdict, Verifier};
use mdl_wallet::inquiry::{Inquiry, Reply};
use mdl_wallet::presentation::DeviceAuthentication;
use mdl_wallet::proximity::Engaged;
use mdl_wallet::reader_authentication::{Asking, ReaderAuthError, ReaderTrust};
use serde_json::Value as Json;
use time::{Duration, OffsetDateTime};

struct AnnexD(Vec<Json>);

impl AnnexD {
    fn read() -> Option<Self> {
        let path = "../../../shared/vectors/annex_d.json";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("skipped: the published vectors are not beside this checkout");
            return None;
        };
        Some(Self(serde_json::from_str(&text).unwrap()))
    }

    fn vector(&self, id: &str) -> &Json {
        self.0.iter().find(|vector| vector["id"] == id).unwrap()
    }

    fn bytes(&self, id: &str, member: &str) -> Vec<u8> {
        hex::decode(self.vector(id)[member].as_str().unwrap()).unwrap()
    }

    fn cbor(&self, id: &str) -> Vec<u8> {
        self.bytes(id, "cbor_hex")
    }

    fn key(&self, id: &str) -> PrivateKey {
        PrivateKey::from_scalar(Curve::P256, &self.bytes(id, "d_hex")).unwrap()
    }

    fn anchors(&self, id: &str) -> TrustAnchors {
        TrustAnchors::new([TrustAnchor::from_der(&self.bytes(id, "der_hex")).unwrap()])
    }

    fn at(&self) -> OffsetDateTime {
        let time = self.vector("annexd-device-request")["validation_time"].as_str();
        TDate::parse(time.unwrap()).unwrap().time
    }

    fn ndef(&self, message: &str) -> Vec<u8> {
        let expected = &self.vector("annexd-session-transcript")["expected"];
        hex::decode(expected["handover"][message].as_str().unwrap()).unwrap()
    }
}

/// What the reader of Annex D asks for, in its order.
fn items_request() -> UnsignedItemsRequest {
    let request = UnsignedItemsRequest::new(MDL_DOC_TYPE);
    [
        ("family_name", true),
        ("document_number", true),
        ("driving_privileges", true),
        ("issue_date", true),
        ("expiry_date", true),
        ("portrait", false),
    ]
    .into_iter()
    .fold(request, |request, (identifier, retained)| {
        if retained {
            request.retained_element(MDL_NAME_SPACE, identifier)
        } else {
            request.element(MDL_NAME_SPACE, identifier)
        }
    })
}

/// The `IssuerSigned` of the published response: all that the device of Annex D discloses of it.
fn issuer_signed(response: &[u8]) -> &[u8] {
    let key = b"\x6cissuerSigned";
    let at = response.windows(key.len()).position(|window| window == key);
    let at = at.unwrap() + key.len();
    Reader::new(&response[at..], at).raw().unwrap().bytes
}

#[test]
fn annex_d_goes_from_engagement_to_verdict_byte_for_byte() {
    let Some(annex_d) = AnnexD::read() else {
        return;
    };
    let (select, request) = (
        annex_d.ndef("select_message_hex"),
        annex_d.ndef("request_message_hex"),
    );
    let handover = Handover::Nfc {
        select: &select,
        request: Some(&request),
    };

    // Engagement by NFC, which names no ways to reach the device.
    let engaged = Engaged::new(annex_d.key("annexd-key-ephemeral-device"), Vec::new());
    let shown = engaged.engagement().as_bytes().to_vec();
    let engagement = DeviceEngagement::decode(shown, &Limits::DEFAULT).unwrap();
    let e_reader_key = annex_d.key("annexd-key-ephemeral-reader");
    let encounter = Encounter::new(&engagement, handover, e_reader_key).unwrap();
    let published = annex_d.bytes("annexd-session-transcript", "session_transcript_hex");
    assert_eq!(encounter.transcript().as_bytes(), published);

    // The request: the reader's private key is not published, its signature and certificate are.
    let request = UnsignedDeviceRequest::new(&[items_request()]).unwrap();
    let request = request.prepare(
        encounter.transcript(),
        Algorithm::Es256,
        ReaderAuthForm::EachDocument,
    );
    let published = annex_d.cbor("annexd-device-request");
    let mut checker = Checker::new(&published, &Limits::DEFAULT).unwrap();
    let decoded = DeviceRequest::decode(&published, &mut checker).unwrap();
    let reader_auth = decoded.doc_requests[0].reader_auth.clone().unwrap();
    let detached = annex_d.bytes("annexd-reader-auth", "detached_payload_hex");
    assert!(request.to_be_signed()[0].ends_with(&detached));
    let reader = annex_d.bytes("annexd-cert-reader", "der_hex");
    let certificate = mdl_iaca::certificate::CertificateView::from_der(&reader).unwrap();
    let reader_key = certificate.public_key_info().public_key().unwrap();
    let signature = Signature::from_bytes(Curve::P256, reader_auth.signature).unwrap();
    let request = request
        .attach(&[signature], &reader_key, &[&reader])
        .unwrap();
    assert_eq!(hex::encode(&request), hex::encode(&published));
    let (mut session, message) = encounter.establish(&request);
    assert_eq!(message, annex_d.cbor("annexd-session-establishment"));

    // The holder is shown who asks, and what for.
    let (mut holder, received) = engaged.establish(&message, handover).unwrap();
    assert_eq!(received, request);
    let anchors = annex_d.anchors("annexd-cert-reader-root");
    let trust = ReaderTrust {
        anchors: &anchors,
        crls: &[],
        at: annex_d.at(),
    };
    let inquiry = Inquiry::read(&received, holder.transcript(), &trust).unwrap();
    let asked = &inquiry.documents[0];
    let Asking::Authenticated(name) = &asked.asking else {
        panic!("{:?}", asked.asking);
    };
    assert_eq!(name.common_name.as_deref(), Some("reader"));
    let asked_for = asked.elements.iter().filter(|(_, _, retain)| *retain);
    assert_eq!((asked.elements.len(), asked_for.count()), (6, 5));

    // The response, in the published order of the elements.
    let published = annex_d.cbor("annexd-device-response");
    let issuer_signed = issuer_signed(&published);
    let mut disclosures = asked.disclosures(issuer_signed).unwrap();
    let order = [
        "family_name",
        "issue_date",
        "expiry_date",
        "document_number",
        "portrait",
    ];
    disclosures.sort_by_key(|disclosure| {
        let mut order = order.iter();
        order
            .position(|name| *name == disclosure.disclosed())
            .unwrap_or(order.len() + 9)
    });
    let mut reply = Reply::new(holder.transcript());
    let device_key = annex_d.key("annexd-key-static-device");
    let e_reader_key = annex_d.key("annexd-key-ephemeral-reader");
    let mac = DeviceAuthentication::Mac(e_reader_key.public_key());
    reply
        .document(issuer_signed, &disclosures, &device_key, mac)
        .unwrap();
    let response = reply.into_bytes();
    assert_eq!(hex::encode(&response), hex::encode(&published));
    let message = holder.send(&response).unwrap();
    assert_eq!(message, annex_d.cbor("annexd-session-data"));

    // The verdict, and what the response has to do with the request.
    let received = session.receive(&message).unwrap();
    let received = received.data.unwrap();
    let verifier = Verifier::new(annex_d.anchors("annexd-cert-iaca"));
    let conditions = Conditions::new(annex_d.at(), session.as_session());
    let answer = verifier.verify_answer(&decoded, &received, &conditions);
    assert_eq!(answer.report().verdict(), Verdict::Valid);
    assert!(answer.is_complete());
    let document = &answer.documents()[0];
    assert_eq!(
        (document.not_requested.len(), document.retained.len()),
        (0, 5)
    );
    assert!(answer.verified(0).is_some());

    let end = session.terminate();
    assert_eq!(end, annex_d.cbor("annexd-session-termination"));
    let received = holder.receive(&end).unwrap();
    assert_eq!(received.ended, Some(SessionStatus::Termination));
}

#[test]
fn the_reader_of_annex_d_is_believed_in_its_time_session_and_authority_only() {
    let Some(annex_d) = AnnexD::read() else {
        return;
    };
    let request = annex_d.cbor("annexd-device-request");
    let transcript = annex_d.bytes("annexd-session-transcript", "session_transcript_hex");
    let asking = |anchors: &str, at: OffsetDateTime, transcript: &[u8], request: &[u8]| {
        let transcript = transcript.to_vec();
        let transcript = mdl_mdoc::session_transcript::SessionTranscript::from_bytes(
            transcript,
            &Limits::DEFAULT,
        );
        let anchors = annex_d.anchors(anchors);
        let trust = ReaderTrust {
            anchors: &anchors,
            crls: &[],
            at,
        };
        let inquiry = Inquiry::read(request, &transcript.unwrap(), &trust).unwrap();
        inquiry.documents[0].asking.clone()
    };
    let (root, at) = ("annexd-cert-reader-root", annex_d.at());
    let good = asking(root, at, &transcript, &request);
    assert!(matches!(good, Asking::Authenticated(_)), "{good:?}");
    let certificate = |check| {
        Asking::NotBelieved(ReaderAuthError::Certificate {
            checks: vec![check],
        })
    };
    let late = at + Duration::days(3 * 365);
    assert_eq!(
        asking(root, late, &transcript, &request),
        certificate("ds-validity")
    );
    let other = asking("annexd-cert-iaca", at, &transcript, &request);
    assert_eq!(other, certificate("trust-anchor"));
    let elsewhere = asking(root, at, &[0x83, 0xf6, 0xf6, 0xf6], &request);
    let signature =
        |asking: &Asking| matches!(asking, Asking::NotBelieved(ReaderAuthError::Signature(_)));
    assert!(signature(&elsewhere), "{elsewhere:?}");
    // A document more than the reader signed: family_name becomes a name that was not asked for.
    let at_name = request
        .windows(11)
        .position(|window| window == b"family_name")
        .unwrap();
    let mut changed = request.clone();
    changed[at_name] = b'F';
    let changed = asking(root, at, &transcript, &changed);
    assert!(signature(&changed), "{changed:?}");
}
