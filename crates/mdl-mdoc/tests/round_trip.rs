//! What the builder makes, the decoder reads; and independent libraries read it the same way.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ciborium::Value;
use coset::CborSerializable;
use mdl_crypto::{Algorithm, CheckedSignature, Curve, HashAlgorithm, PrivateKey, VerifyError};
use mdl_mdoc::builder::{
    AttachError, BuildError, Decoys, DeviceKeyAuthorizations, ElementError, ElementSet,
    Granularity, IdentifierReference, MdocBuilder, StatusReference, Validity,
};
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::cose::sig_structure;
use mdl_mdoc::device_response::DeviceResponse;
use mdl_mdoc::issuer_signed::decode_issuer_signed;
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_mdoc::presentation::{Presentation, PresentationError, encode_device_response};
use mdl_mdoc::session_transcript::{Handover, SessionTranscript};
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use time::macros::datetime;

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn elements() -> ElementSet {
    let mut elements = ElementSet::new();
    elements
        .add(MDL_NAME_SPACE, "family_name", "Mustermann")
        .unwrap();
    elements
        .add(
            MDL_NAME_SPACE,
            "birth_date",
            Value::Tag(1004, Box::new("1971-09-01".into())),
        )
        .unwrap();
    elements
        .add(MDL_NAME_SPACE, "portrait", vec![0xff; 3000])
        .unwrap();
    elements.add(MDL_NAME_SPACE, "age_over_18", true).unwrap();
    elements.add("org.iso.18013.5.1.aamva", "sex", 2).unwrap();
    elements
}

fn validity() -> Validity {
    Validity::coarse(
        datetime!(2026-06-15 12:34:56 UTC),
        time::Duration::days(30),
        Granularity::Day,
    )
    .unwrap()
}

fn document_signer() -> PrivateKey {
    PrivateKey::generate(Curve::P256, &mut rng(100))
}

fn issue(device_key: &PrivateKey, seed: u64) -> Vec<u8> {
    let unsigned = MdocBuilder::new(
        MDL_DOC_TYPE,
        &elements(),
        device_key.public_key(),
        validity(),
    )
    .build(Algorithm::Es256, &mut rng(seed))
    .unwrap();
    let signature = document_signer().sign_deterministic(unsigned.to_be_signed());
    unsigned
        .attach(
            &signature,
            document_signer().public_key(),
            &[b"certificate"],
        )
        .unwrap()
}

#[test]
fn every_item_has_its_digest_and_the_signature_covers_the_mso() {
    for curve in [
        Curve::P256,
        Curve::P384,
        Curve::P521,
        Curve::Ed25519,
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP384r1,
    ] {
        for algorithm in [
            HashAlgorithm::Sha256,
            HashAlgorithm::Sha384,
            HashAlgorithm::Sha512,
        ] {
            let device_key = PrivateKey::generate(curve, &mut rng(1));
            let signer = PrivateKey::generate(curve, &mut rng(2));
            let elements = elements();
            let unsigned =
                MdocBuilder::new(MDL_DOC_TYPE, &elements, device_key.public_key(), validity())
                    .digest_algorithm(algorithm)
                    .build(curve.algorithm(), &mut rng(3))
                    .unwrap();
            let signature = signer.sign_deterministic(unsigned.to_be_signed());
            let bytes = unsigned
                .attach(&signature, signer.public_key(), &[b"one", b"two"])
                .unwrap();

            let (issuer_signed, mut checker) =
                decode_issuer_signed(&bytes, &Limits::DEFAULT).unwrap();
            let payload = issuer_signed.issuer_auth.payload.unwrap();
            let mso = MobileSecurityObject::decode(payload, &mut checker).unwrap();
            assert_eq!(mso.version, "1.0");
            assert_eq!(mso.digest_algorithm, algorithm.name());
            assert_eq!(mso.doc_type, MDL_DOC_TYPE);
            assert_eq!(
                &mso.device_key_info.device_key.to_public_key().unwrap(),
                device_key.public_key()
            );
            assert_eq!(
                issuer_signed.issuer_auth.unprotected.x5chain,
                [b"one", b"two"]
            );
            let to_be_signed =
                sig_structure(issuer_signed.issuer_auth.protected_bytes, &[], payload);
            signer
                .public_key()
                .verify(
                    curve.algorithm(),
                    &to_be_signed,
                    issuer_signed.issuer_auth.signature,
                )
                .unwrap();
            let mut items = 0;
            for (name_space, name_space_items) in &issuer_signed.name_spaces {
                for item in name_space_items {
                    let digest = mso.value_digests.get(name_space, item.digest_id).unwrap();
                    assert_eq!(digest, item.digest(algorithm).as_ref());
                    assert_eq!(item.random.len(), 32);
                    items += 1;
                }
                assert_eq!(
                    mso.value_digests.name_space(name_space).unwrap().len(),
                    16,
                    "padded with decoys"
                );
            }
            assert_eq!(items, 5);
            let kinds: Vec<_> = checker
                .deviations()
                .iter()
                .map(|deviation| deviation.kind.id())
                .collect();
            assert_eq!(
                kinds,
                ["cbor-key-order"],
                "the order of the standard's examples is not a sorted one"
            );
        }
    }
}

#[test]
fn coset_reads_our_issuer_auth_and_agrees_on_what_is_signed() {
    let device_key = PrivateKey::generate(Curve::P256, &mut rng(1));
    let bytes = issue(&device_key, 2);
    let Value::Map(members) = ciborium::from_reader(bytes.as_slice()).unwrap() else {
        panic!("a map")
    };
    let (_, issuer_auth) = members
        .iter()
        .find(|(key, _)| key.as_text() == Some("issuerAuth"))
        .unwrap();
    let mut encoded = Vec::new();
    ciborium::into_writer(issuer_auth, &mut encoded).unwrap();
    let sign1 = coset::CoseSign1::from_slice(&encoded).unwrap();
    let (issuer_signed, _) = decode_issuer_signed(&bytes, &Limits::DEFAULT).unwrap();
    assert_eq!(encoded, issuer_signed.issuer_auth_bytes.bytes);
    let ours = &issuer_signed.issuer_auth;
    assert_eq!(
        sign1.tbs_data(&[]),
        ours.sig_structure(&[], ours.payload.unwrap())
    );
    let ecdsa = coset::RegisteredLabelWithPrivate::Assigned(coset::iana::Algorithm::ES256);
    assert_eq!(sign1.protected.header.alg, Some(ecdsa));
}

#[test]
fn same_seed_and_time_give_the_same_bytes_and_another_seed_others() {
    let device_key = PrivateKey::generate(Curve::P256, &mut rng(1));
    assert_eq!(issue(&device_key, 7), issue(&device_key, 7));
    assert_ne!(issue(&device_key, 7), issue(&device_key, 8));
}

#[test]
fn bytes_for_a_seed_never_change() {
    let device_key = PrivateKey::generate(Curve::P256, &mut rng(1));
    let digest = HashAlgorithm::Sha256.digest(&issue(&device_key, 7));
    assert_eq!(
        hex::encode(digest.as_ref()),
        "142c0d2a205511a49555320feec281c1cdf3afdcbd822cf9af18ac25c2805621"
    );
}

#[test]
fn digest_identifiers_do_not_follow_the_order_of_elements() {
    let device_key = PrivateKey::generate(Curve::P256, &mut rng(1));
    let mut orders = std::collections::HashSet::new();
    for seed in 0..20 {
        let bytes = issue(&device_key, seed);
        let (issuer_signed, _) = decode_issuer_signed(&bytes, &Limits::DEFAULT).unwrap();
        orders.insert(
            issuer_signed.name_spaces[0]
                .1
                .iter()
                .map(|item| item.digest_id)
                .collect::<Vec<_>>(),
        );
    }
    assert!(
        orders.len() > 15,
        "{} different orders in 20 documents",
        orders.len()
    );
}

#[test]
fn a_name_space_without_elements_gets_a_decoy_and_is_not_disclosed() {
    let device_key = PrivateKey::generate(Curve::P256, &mut rng(1));
    let mut elements = ElementSet::new();
    elements.add_name_space(MDL_NAME_SPACE).unwrap();
    let unsigned = MdocBuilder::new(MDL_DOC_TYPE, &elements, device_key.public_key(), validity())
        .decoys(Decoys::None)
        .build(Algorithm::Es256, &mut rng(2))
        .unwrap();
    let signature = document_signer().sign_deterministic(unsigned.to_be_signed());
    let bytes = unsigned
        .attach(
            &signature,
            document_signer().public_key(),
            &[b"certificate"],
        )
        .unwrap();
    let (issuer_signed, mut checker) = decode_issuer_signed(&bytes, &Limits::DEFAULT).unwrap();
    assert!(issuer_signed.name_spaces.is_empty());
    let mso =
        MobileSecurityObject::decode(issuer_signed.issuer_auth.payload.unwrap(), &mut checker)
            .unwrap();
    assert_eq!(
        mso.value_digests.name_space(MDL_NAME_SPACE).unwrap().len(),
        1
    );
}

#[test]
fn optional_members_are_written_and_read() {
    let device_key = PrivateKey::generate(Curve::P256, &mut rng(1));
    let elements = elements();
    let authorizations = DeviceKeyAuthorizations::new()
        .name_space("com.example")
        .unwrap()
        .element("other", "a")
        .unwrap();
    let status = StatusReference {
        idx: 412,
        uri: "https://example.com/status/1".into(),
        certificate: Some(vec![1, 2]),
    };
    let validity = validity()
        .with_expected_update(datetime!(2026-07-01 00:00 UTC))
        .unwrap();
    let unsigned = MdocBuilder::new(MDL_DOC_TYPE, &elements, device_key.public_key(), validity)
        .key_authorizations(&authorizations)
        .status(&status)
        .salt_len(16)
        .build(Algorithm::Es256, &mut rng(2))
        .unwrap();
    let mut checker = Checker::new(unsigned.payload(), &Limits::DEFAULT).unwrap();
    let mso = MobileSecurityObject::decode(unsigned.payload(), &mut checker).unwrap();
    let read = mso.status.unwrap().status_list.unwrap();
    assert_eq!(
        (read.idx, read.uri, read.certificate),
        (412, status.uri.as_str(), Some(&[1u8, 2][..]))
    );
    let read = mso.device_key_info.key_authorizations.unwrap();
    assert!(read.permits("com.example", "anything") && read.permits("other", "a"));
    assert!(!read.permits("other", "b") && !read.permits(MDL_NAME_SPACE, "family_name"));
    assert_eq!(
        mso.validity_info.expected_update.unwrap().time,
        datetime!(2026-07-01 00:00 UTC)
    );
    assert_eq!(
        mso.validity_info.signed.time,
        datetime!(2026-06-15 00:00 UTC)
    );
    assert!(mso.validity_info.valid_until.is_standard_form);
}

#[test]
fn an_identifier_is_written_and_read() {
    let device_key = PrivateKey::generate(Curve::P256, &mut rng(1));
    let elements = elements();
    let identifier = IdentifierReference {
        id: vec![7; 16],
        uri: "https://example.com/revoked".into(),
        certificate: None,
    };
    let unsigned = MdocBuilder::new(MDL_DOC_TYPE, &elements, device_key.public_key(), validity())
        .status_identifier(&identifier)
        .build(Algorithm::Es256, &mut rng(2))
        .unwrap();
    let mut checker = Checker::new(unsigned.payload(), &Limits::DEFAULT).unwrap();
    let mso = MobileSecurityObject::decode(unsigned.payload(), &mut checker).unwrap();
    let status = mso.status.unwrap();
    assert!(status.status_list.is_none());
    let read = status.identifier_list.unwrap();
    assert_eq!((read.id, read.uri), (&[7; 16][..], &*identifier.uri));
    assert!(read.certificate.is_none());
}

#[test]
fn settings_outside_the_standard_are_refused() {
    let device_key = PrivateKey::generate(Curve::P256, &mut rng(1));
    let elements = elements();
    let builder = || MdocBuilder::new(MDL_DOC_TYPE, &elements, device_key.public_key(), validity());
    let build =
        |builder: MdocBuilder<'_>| builder.build(Algorithm::Es256, &mut rng(2)).unwrap_err();
    assert_eq!(build(builder().salt_len(15)), BuildError::SaltLen(15));
    assert_eq!(build(builder().salt_len(65)), BuildError::SaltLen(65));
    let nothing = DeviceKeyAuthorizations::new();
    assert_eq!(
        build(builder().key_authorizations(&nothing)),
        BuildError::EmptyKeyAuthorizations
    );
    for uri in [
        "http://example.com/1",
        "https://",
        "https:///1",
        "example.com",
    ] {
        let status = StatusReference {
            idx: 0,
            uri: uri.into(),
            certificate: None,
        };
        assert_eq!(
            build(builder().status(&status)),
            BuildError::StatusUri,
            "{uri}"
        );
    }
    let list = StatusReference {
        idx: 0,
        uri: "https://example.com/1".into(),
        certificate: None,
    };
    let identifier = |len| IdentifierReference {
        id: vec![7; len],
        uri: "https://example.com/2".into(),
        certificate: None,
    };
    assert_eq!(
        build(builder().status(&list).status_identifier(&identifier(16))),
        BuildError::TwoStatusMechanisms
    );
    assert_eq!(
        build(builder().status_identifier(&identifier(15))),
        BuildError::StatusIdentifierLen(15)
    );
    let empty = ElementSet::new();
    let no_doc_type = MdocBuilder::new("", &elements, device_key.public_key(), validity());
    assert_eq!(build(no_doc_type), BuildError::EmptyDocType);
    let no_elements = MdocBuilder::new(MDL_DOC_TYPE, &empty, device_key.public_key(), validity());
    assert_eq!(build(no_elements), BuildError::NoNameSpace);
}

#[test]
fn elements_given_twice_or_malformed_are_refused() {
    let mut elements = elements();
    let again = elements
        .add(MDL_NAME_SPACE, "family_name", "Other")
        .unwrap_err();
    assert!(matches!(again, ElementError::Duplicate { .. }));
    let twice = Value::Map(vec![("a".into(), 1.into()), ("a".into(), 2.into())]);
    assert!(matches!(
        elements.add("x", "y", twice).unwrap_err(),
        ElementError::Value { .. }
    ));
    assert_eq!(
        elements.add("x", "", 1).unwrap_err(),
        ElementError::EmptyName
    );
    assert_eq!(
        elements.add("", "y", 1).unwrap_err(),
        ElementError::EmptyName
    );
}

#[test]
fn a_signature_that_does_not_verify_is_not_attached() {
    let device_key = PrivateKey::generate(Curve::P256, &mut rng(1));
    let elements = elements();
    let build = || {
        MdocBuilder::new(MDL_DOC_TYPE, &elements, device_key.public_key(), validity())
            .build(Algorithm::Es256, &mut rng(2))
            .unwrap()
    };
    let other = PrivateKey::generate(Curve::P256, &mut rng(101));
    let signature = other.sign_deterministic(build().to_be_signed());
    let attached = build().attach(
        &signature,
        document_signer().public_key(),
        &[b"certificate"],
    );
    assert!(matches!(attached, Err(AttachError::Signature(_))));
    let signature = document_signer().sign_deterministic(build().to_be_signed());
    let attached = build().attach(&signature, document_signer().public_key(), &[]);
    assert_eq!(attached, Err(AttachError::NoCertificate));
}

#[test]
fn a_checked_signature_is_attached_to_nothing_but_what_it_was_checked_for() {
    let device_key = PrivateKey::generate(Curve::P256, &mut rng(1));
    let elements = elements();
    let build = |seed| {
        MdocBuilder::new(MDL_DOC_TYPE, &elements, device_key.public_key(), validity())
            .build(Algorithm::Es256, &mut rng(seed))
            .unwrap()
    };
    let signer = document_signer();
    let check = |message: &[u8]| {
        let signature = signer.sign_deterministic(message);
        CheckedSignature::check(signer.public_key(), Algorithm::Es256, message, signature).unwrap()
    };
    let checked = check(build(2).to_be_signed());
    let x5chain: &[&[u8]] = &[b"certificate"];
    let key = signer.public_key();
    let attached = build(2).attach_checked(&checked, key, x5chain).unwrap();
    let unchecked = build(2).attach(checked.signature(), key, x5chain).unwrap();
    assert_eq!(attached, unchecked);
    let not_attached = Err(AttachError::Signature(VerifyError::BadSignature));
    assert_eq!(
        build(3).attach_checked(&checked, key, x5chain),
        not_attached
    );
    let other = PrivateKey::generate(Curve::P256, &mut rng(101));
    assert_eq!(
        build(2).attach_checked(&checked, other.public_key(), x5chain),
        not_attached
    );
}

#[test]
fn a_presentation_passes_the_issuers_bytes_on_and_authenticates_the_session() {
    let device_key = PrivateKey::generate(Curve::P256, &mut rng(1));
    let bytes = issue(&device_key, 2);
    let (issuer_signed, _) = decode_issuer_signed(&bytes, &Limits::DEFAULT).unwrap();
    let transcript = SessionTranscript::proximity(&[0xa0], &[0xa0], Handover::Qr);
    let mut presentation = Presentation::new(MDL_DOC_TYPE, &issuer_signed);
    presentation
        .disclose(MDL_NAME_SPACE, "age_over_18")
        .unwrap();
    presentation
        .add_device_signed("com.example", "mood", "fine")
        .unwrap();
    let unknown = presentation.disclose(MDL_NAME_SPACE, "height").unwrap_err();
    assert!(matches!(unknown, PresentationError::NoSuchElement { .. }));
    let twice = presentation
        .disclose(MDL_NAME_SPACE, "age_over_18")
        .unwrap_err();
    assert!(matches!(twice, PresentationError::Duplicate { .. }));
    let document = presentation.prepare(&transcript);
    let to_be_signed = document.to_be_signed(Algorithm::Es256);
    let signature = device_key.sign_deterministic(&to_be_signed);
    let document = document
        .attach_signature(Algorithm::Es256, &signature, device_key.public_key())
        .unwrap();
    let response = encode_device_response(&[document], &["org.example.other"]);

    let mut checker = Checker::new(&response, &Limits::DEFAULT).unwrap();
    let decoded = DeviceResponse::decode(&response, &mut checker).unwrap();
    assert_eq!((decoded.version, decoded.status), ("1.0", 0));
    assert_eq!(decoded.document_errors, [("org.example.other", 0)]);
    let document = &decoded.documents[0];
    let (name_space, items) = &document.issuer_signed.name_spaces[0];
    assert_eq!(
        (*name_space, items.len(), items[0].element_identifier),
        (MDL_NAME_SPACE, 1, "age_over_18")
    );
    assert_eq!(items[0].element_value.as_bool(), Some(true));
    let original = issuer_signed.name_spaces[0]
        .1
        .iter()
        .find(|item| item.element_identifier == "age_over_18")
        .unwrap();
    assert_eq!(items[0].encoded.bytes, original.encoded.bytes);
    assert_eq!(
        document.issuer_signed.issuer_auth_bytes.bytes,
        issuer_signed.issuer_auth_bytes.bytes
    );
    let device_signed = document.device_signed.as_ref().unwrap();
    assert_eq!(device_signed.name_spaces[0].1[0].1.as_text(), Some("fine"));
    let device_signature = device_signed.device_auth.device_signature.as_ref().unwrap();
    assert_eq!(device_signature.payload, None);
    assert_eq!(device_signature.signature, signature.as_bytes());
}
