//! Requests of readers that are who they say, and of others: each forged in one place.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../mdl-iaca/tests/authority/mod.rs"]
mod authority;

use ciborium::Value;
use mdl_crypto::{Algorithm, Curve, PrivateKey};
use mdl_iaca::profile::{DistinguishedName, ReaderAuthenticationProfile, Validity};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::cose::sig_structure;
use mdl_mdoc::device_request::{
    AttachError, ReaderAuthForm, UnsignedDeviceRequest, UnsignedItemsRequest,
    reader_authentication_all_bytes, reader_authentication_bytes,
};
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_wallet::inquiry::Inquiry;
use mdl_wallet::reader_authentication::{Asking, ReaderAuthError, ReaderTrust};

use authority::{Authority, CRL_URI, MDL, NOW, days, key, serial, sign};

const SERIAL: u64 = 9;

/// A reader below an authority, and the session it is in.
struct Scene {
    authority: Authority,
    key: PrivateKey,
    certificate: Vec<u8>,
    crls: Vec<Vec<u8>>,
}

/// The parts of a `readerAuth`.
struct ReaderAuth {
    protected: Value,
    unprotected: Value,
    payload: Value,
    signature: Option<Vec<u8>>,
}

fn transcript() -> SessionTranscript {
    SessionTranscript::from_bytes(vec![0x83, 0xf6, 0xf6, 0xf6], &Limits::DEFAULT).unwrap()
}

fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn items_request() -> Value {
    let elements = Value::Map(vec![("family_name".into(), false.into())]);
    let items = Value::Map(vec![
        ("docType".into(), MDL.into()),
        (
            "nameSpaces".into(),
            Value::Map(vec![(MDL_NAME_SPACE.into(), elements)]),
        ),
    ]);
    Value::Tag(24, Box::new(encode(&items).into()))
}

impl Scene {
    fn new(curve: Curve) -> Self {
        let authority = Authority::new(Curve::P256);
        let key = key(curve, 6);
        let profile = ReaderAuthenticationProfile::new(
            &authority.issuer,
            key.public_key().clone(),
            DistinguishedName::new("Gate 7"),
            Validity::days(NOW - days(10), 400).unwrap(),
            CRL_URI,
        );
        let certificate = sign(profile.build(&serial(SERIAL)).unwrap(), &authority.key);
        Self {
            authority,
            key,
            certificate,
            crls: Vec::new(),
        }
    }

    fn reader_auth(&self) -> ReaderAuth {
        let algorithm = self.key.curve().algorithm().cose();
        ReaderAuth {
            protected: Value::Map(vec![(1.into(), algorithm.into())]),
            unprotected: Value::Map(vec![(33.into(), self.certificate.clone().into())]),
            payload: Value::Null,
            signature: None,
        }
    }

    fn sign1(&self, parts: ReaderAuth, payload: &[u8]) -> Value {
        let protected = encode(&parts.protected);
        let signed = sig_structure(&protected, &[], payload);
        let signature = self.key.sign(&signed).as_bytes().to_vec();
        Value::Array(vec![
            protected.into(),
            parts.unprotected,
            parts.payload,
            parts.signature.unwrap_or(signature).into(),
        ])
    }

    /// A request with this `readerAuth`.
    fn request(&self, parts: ReaderAuth) -> Vec<u8> {
        let items = items_request();
        let payload = reader_authentication_bytes(&transcript(), &encode(&items));
        let reader_auth = self.sign1(parts, &payload);
        let doc_request = Value::Map(vec![
            ("itemsRequest".into(), items),
            ("readerAuth".into(), reader_auth),
        ]);
        encode(&Value::Map(vec![
            ("version".into(), "1.0".into()),
            ("docRequests".into(), Value::Array(vec![doc_request])),
        ]))
    }

    /// Who asks, for each document.
    fn all_asking(&self, request: &[u8]) -> Vec<Asking> {
        let anchor = TrustAnchor::from_der(&self.authority.certificate).unwrap();
        let anchors = TrustAnchors::new([anchor]);
        let crls: Vec<&[u8]> = self.crls.iter().map(Vec::as_slice).collect();
        let trust = ReaderTrust {
            anchors: &anchors,
            crls: &crls,
            at: NOW,
        };
        let inquiry = Inquiry::read(request, &transcript(), &trust).unwrap();
        inquiry
            .documents
            .into_iter()
            .map(|asked| asked.asking)
            .collect()
    }

    fn asking(&self, request: &[u8]) -> Asking {
        self.all_asking(request).remove(0)
    }

    #[track_caller]
    fn refuses(&self, request: &[u8], expected: &ReaderAuthError) {
        assert_eq!(self.asking(request), Asking::NotBelieved(expected.clone()));
    }
}

fn is_gate(asking: &Asking) -> bool {
    matches!(asking, Asking::Authenticated(name) if name.common_name.as_deref() == Some("Gate 7"))
}

#[test]
fn a_reader_of_any_curve_is_believed() {
    let edwards = [Curve::Ed25519];
    for curve in authority::ECDSA_CURVES.into_iter().chain(edwards) {
        let scene = Scene::new(curve);
        let request = scene.request(scene.reader_auth());
        assert!(is_gate(&scene.asking(&request)), "{}", curve.name());
    }
}

#[test]
fn a_request_without_a_signature_is_anonymous() {
    let scene = Scene::new(Curve::P256);
    let items = UnsignedItemsRequest::new(MDL).element(MDL_NAME_SPACE, "family_name");
    let request = UnsignedDeviceRequest::new(&[items]).unwrap().into_bytes();
    assert_eq!(scene.asking(&request), Asking::Anonymous);
}

#[test]
fn the_algorithm_is_protected_and_one_of_the_standards() {
    let scene = Scene::new(Curve::P256);
    for protected in [
        Value::Map(Vec::new()),
        Value::Map(vec![(1.into(), (-257).into())]),
        Value::Map(vec![(1.into(), "ES256".into())]),
    ] {
        let parts = ReaderAuth {
            protected,
            ..scene.reader_auth()
        };
        scene.refuses(&scene.request(parts), &ReaderAuthError::Algorithm);
    }
    let mut unprotected = scene.reader_auth();
    let certificate = scene.certificate.clone();
    unprotected.protected = Value::Map(Vec::new());
    unprotected.unprotected = Value::Map(vec![
        (1.into(), (-7).into()),
        (33.into(), certificate.into()),
    ]);
    scene.refuses(&scene.request(unprotected), &ReaderAuthError::Algorithm);
}

#[test]
fn headers_leave_nothing_open() {
    let scene = Scene::new(Curve::P256);
    let with = |protected: Vec<(Value, Value)>, unprotected: Vec<(Value, Value)>| {
        let mut parts = scene.reader_auth();
        if let Value::Map(members) = &mut parts.protected {
            members.extend(protected);
        }
        if let Value::Map(members) = &mut parts.unprotected {
            members.extend(unprotected);
        }
        scene.request(parts)
    };
    let alg = || (Value::from(1), Value::from(-7));
    let named = || (Value::from("x"), Value::from(0));
    let crit = |label: i64| (Value::from(2), Value::Array(vec![label.into()]));
    assert!(is_gate(&scene.asking(&with(vec![crit(1)], vec![]))));
    assert!(is_gate(&scene.asking(&with(vec![named()], vec![]))));
    for request in [
        with(vec![], vec![alg()]),
        with(vec![named()], vec![named()]),
        with(vec![crit(99), (99.into(), 0.into())], vec![]),
        with(vec![], vec![crit(33)]),
    ] {
        scene.refuses(&request, &ReaderAuthError::Header);
    }
}

#[test]
fn an_attached_payload_is_refused_even_if_it_is_the_right_one() {
    let scene = Scene::new(Curve::P256);
    let payload = reader_authentication_bytes(&transcript(), &encode(&items_request()));
    let parts = ReaderAuth {
        payload: payload.into(),
        ..scene.reader_auth()
    };
    scene.refuses(&scene.request(parts), &ReaderAuthError::PayloadAttached);
}

#[test]
fn the_certificate_is_that_of_a_reader_of_a_trusted_authority() {
    let certificate = |check| ReaderAuthError::Certificate {
        checks: vec![check],
    };
    let mut scene = Scene::new(Curve::P256);
    let none = ReaderAuth {
        unprotected: Value::Map(Vec::new()),
        ..scene.reader_auth()
    };
    scene.refuses(&scene.request(none), &certificate("x5chain"));
    // What the same authority makes for another purpose.
    let reader = scene.certificate.clone();
    scene.certificate = scene.authority.document_signer(&scene.key);
    let request = scene.request(scene.reader_auth());
    scene.refuses(&request, &certificate("ds-extended-key-usage"));
    scene.certificate = reader;
    let request = scene.request(scene.reader_auth());
    scene.crls = vec![scene.authority.crl(1, &[])];
    assert!(is_gate(&scene.asking(&request)));
    scene.crls = vec![scene.authority.crl(2, &[serial(SERIAL)])];
    scene.refuses(&request, &certificate("revocation"));
}

#[test]
fn a_signature_by_another_key_or_over_something_else_is_refused() {
    let mut scene = Scene::new(Curve::P256);
    let bad = |asking: Asking| matches!(asking, Asking::NotBelieved(ReaderAuthError::Signature(_)));
    let mut parts = scene.reader_auth();
    parts.signature = Some(vec![1; 64]);
    let request = scene.request(parts);
    assert!(bad(scene.asking(&request)));
    scene.key = key(Curve::P256, 7);
    let request = scene.request(scene.reader_auth());
    assert!(bad(scene.asking(&request)));
}

/// Two documents, signed in this form by the builder.
fn signed(scene: &Scene, form: ReaderAuthForm) -> Vec<u8> {
    let items = |doc_type: &str| UnsignedItemsRequest::new(doc_type).element("n", "e");
    let request = UnsignedDeviceRequest::new(&[items(MDL), items("other")]).unwrap();
    let request = request.prepare(&transcript(), Algorithm::Es256, form);
    let messages = request.to_be_signed().iter();
    let signatures: Vec<_> = messages.map(|message| scene.key.sign(message)).collect();
    request
        .attach(&signatures, scene.key.public_key(), &[&scene.certificate])
        .unwrap()
}

#[test]
fn both_forms_of_signature_cover_every_document() {
    let scene = Scene::new(Curve::P256);
    for form in [ReaderAuthForm::EachDocument, ReaderAuthForm::WholeRequest] {
        let request = signed(&scene, form);
        let all = scene.all_asking(&request);
        assert!(all.len() == 2 && all.iter().all(is_gate), "{form:?}");
        // Another document type in the second request.
        let at = request
            .windows(5)
            .position(|window| window == b"other")
            .unwrap();
        let mut changed = request.clone();
        changed[at] = b'O';
        let all = scene.all_asking(&changed);
        let first_alone = form == ReaderAuthForm::EachDocument;
        assert_eq!(
            (is_gate(&all[0]), is_gate(&all[1])),
            (first_alone, false),
            "{form:?}"
        );
    }
}

#[test]
fn a_signature_over_the_whole_request_covers_its_information() {
    let scene = Scene::new(Curve::P256);
    let items = items_request();
    let info = Value::Tag(24, Box::new(encode(&Value::Map(Vec::new())).into()));
    let whole = |signed_info: Option<&Value>| {
        let encoded = encode(&items);
        let signed_info = signed_info.map(encode);
        let payload = reader_authentication_all_bytes(
            &transcript(),
            [encoded.as_slice()].into_iter(),
            signed_info.as_deref(),
        );
        let signature = scene.sign1(scene.reader_auth(), &payload);
        encode(&Value::Map(vec![
            ("version".into(), "1.1".into()),
            (
                "docRequests".into(),
                Value::Array(vec![Value::Map(vec![(
                    "itemsRequest".into(),
                    items.clone(),
                )])]),
            ),
            ("deviceRequestInfo".into(), info.clone()),
            ("readerAuthAll".into(), Value::Array(vec![signature])),
        ]))
    };
    assert!(is_gate(&scene.asking(&whole(Some(&info)))));
    assert!(!is_gate(&scene.asking(&whole(None))));
}

#[test]
fn nothing_is_attached_that_does_not_verify() {
    let scene = Scene::new(Curve::P256);
    let items = UnsignedItemsRequest::new(MDL).element("n", "e");
    let request = UnsignedDeviceRequest::new(&[items]).unwrap();
    let request = request.prepare(
        &transcript(),
        Algorithm::Es256,
        ReaderAuthForm::EachDocument,
    );
    let good = scene.key.sign(&request.to_be_signed()[0]);
    let other = key(Curve::P256, 7);
    let public = scene.key.public_key();
    let certificate: &[&[u8]] = &[&scene.certificate];
    let attach = |signatures: &[_], key, x5chain: &[&[u8]]| {
        request.clone().attach(signatures, key, x5chain).err()
    };
    assert_eq!(
        attach(std::slice::from_ref(&good), public, certificate),
        None
    );
    let refused = attach(std::slice::from_ref(&good), other.public_key(), certificate);
    assert!(
        matches!(refused, Some(AttachError::Signature(_))),
        "{refused:?}"
    );
    let count = AttachError::Count {
        expected: 1,
        found: 0,
    };
    assert_eq!(attach(&[], public, certificate), Some(count));
    assert_eq!(
        attach(&[good], public, &[]),
        Some(AttachError::NoCertificate)
    );
}
