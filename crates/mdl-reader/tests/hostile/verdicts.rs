//! What follows from the checks: verdicts and values.

use mdl_crypto::Curve;
use mdl_iaca::path::PathCache;
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_reader::{CheckId, Conditions, Outcome, Session, Verdict, Verifier};

use crate::authority::{Authority, NOW, days, key};
use crate::encoding::{array, bstr, int, map, text};
use crate::scene::{Scene, item, response_of};

#[test]
fn one_bad_document_spoils_the_verdict_and_gives_out_nothing_of_itself() {
    let good = Scene::new();
    let mut bad = Scene::new();
    bad.mso.value_digests = Some(map(&[]));
    for (documents, index) in [
        ([bad.document(), good.document()], 1),
        ([good.document(), bad.document()], 0),
    ] {
        let response = response_of(&documents);
        let report = good.verify(&response);
        assert_eq!(report.verdict(), Verdict::Invalid);
        assert!(report.verified(index).is_some());
        assert!(report.verified(1 - index).is_none());
        assert!(report.verified(2).is_none());
    }
}

#[test]
fn nothing_is_given_out_of_a_response_with_an_error_status() {
    let scene = Scene::new();
    let response = map(&[
        (text("version"), text("1.0")),
        (text("documents"), array(&[scene.document()])),
        (text("status"), int(10)),
    ]);
    let report = scene.verify(&response);
    assert_eq!(report.verdict(), Verdict::Invalid);
    assert!(report.verified(0).is_none());
}

#[test]
fn without_a_session_device_signed_values_are_not_given_out() {
    let mut scene = Scene::new();
    scene.device_name_spaces = map(&[(text("example"), map(&[(text("a"), int(1))]))]);
    let response = scene.response();
    let report = scene
        .verifier()
        .verify(&response, &Conditions::new(NOW, Session::Static));
    let document = report.verified(0).unwrap();
    assert_eq!(document.device_signed_elements().count(), 0);
    assert_eq!(report.documents()[0].device_binding(), None);
}

#[test]
fn an_issuer_signed_structure_has_the_type_that_its_issuer_signed() {
    let mut scene = Scene::new();
    scene.mso.doc_type = "other".to_owned();
    let issuer_signed = scene.issuer_signed();
    let conditions = Conditions::new(NOW, Session::Static);
    let report = scene
        .verifier()
        .verify_issuer_signed(&issuer_signed, &conditions);
    assert_eq!(report.verified(0).unwrap().doc_type(), "other");
    let asked = Conditions {
        doc_type: Some(crate::authority::MDL),
        ..conditions
    };
    let report = scene
        .verifier()
        .verify_issuer_signed(&issuer_signed, &asked);
    assert!(report.verified(0).is_none());
    let anchor = TrustAnchor::from_der(&scene.authority.certificate).unwrap();
    let narrow = Verifier::new(TrustAnchors::new(
        [anchor.only_for([crate::authority::MDL])],
    ));
    let report = narrow.verify_issuer_signed(&issuer_signed, &conditions);
    let failures: Vec<_> = report.failures().map(|check| check.id).collect();
    assert_eq!(failures, [CheckId::AnchorDocType]);
    scene.fails(CheckId::DocType);
}

/// A required check that was not made, or does not apply, is not one that passed; only a missing anchor is
/// "untrusted" and not "invalid".
#[test]
fn without_anchor_certificate_payload_or_mso_nothing_is_valid() {
    let scene = Scene::new();
    let response = scene.response();
    let transcript = Scene::transcript();
    let session = Session::Device {
        transcript: &transcript,
        reader_key: None,
    };
    let conditions = Conditions::new(NOW, session);
    for anchors in [
        vec![],
        vec![Authority::named(
            Curve::P256,
            50,
            mdl_iaca::profile::DistinguishedName::new("Another IACA").country("UT"),
        )],
    ] {
        let anchors = anchors
            .iter()
            .map(|authority| TrustAnchor::from_der(&authority.certificate).unwrap());
        let verifier = Verifier::new(TrustAnchors::new(anchors));
        let report = verifier.verify(&response, &conditions);
        assert_eq!(report.verdict(), Verdict::Untrusted);
        assert_eq!(report.documents()[0].issuer_trust(), Verdict::Untrusted);
        assert_eq!(
            report.documents()[0].device_binding(),
            Some(Verdict::Valid),
            "of a document that nobody vouches for"
        );
        assert!(report.verified(0).is_none());
    }
    // Same name, another key: the signature decides.
    let namesake = Authority::named(Curve::P256, 51, crate::authority::iaca_name());
    let anchor = TrustAnchor::from_der(&namesake.certificate).unwrap();
    let report = Verifier::new(TrustAnchors::new([anchor])).verify(&response, &conditions);
    assert_eq!(report.verdict(), Verdict::Invalid);

    let mut without_certificate = Scene::new();
    without_certificate.issuer_unprotected = Some(map(&[]));
    let mut without_algorithm = Scene::new();
    without_algorithm.issuer_protected = map(&[]);
    for scene in [without_certificate, without_algorithm] {
        let response = scene.response();
        let report = scene.verify(&response);
        let document = &report.documents()[0];
        assert_eq!(
            document.check(CheckId::IssuerSignature).unwrap().outcome,
            Outcome::NotChecked
        );
        assert_eq!(document.issuer_trust(), Verdict::Invalid);
        assert_eq!(document.device_binding(), Some(Verdict::Invalid));
        assert!(report.verified(0).is_none());
    }
    for bytes in [&[][..], &[0xa0], &[0xf6], b"junk"] {
        let report = scene.verify(bytes);
        assert_eq!(report.verdict(), Verdict::Invalid);
        assert!(report.verified(0).is_none());
    }
}

#[test]
fn a_shared_cache_carries_no_trust_from_one_verifier_to_another() {
    let scene = Scene::new();
    let response = scene.response();
    let conditions = Conditions::new(NOW, Session::Static);
    let mut cache = PathCache::new(8);
    let trusting = scene.verifier();
    for _ in 0..2 {
        let report = trusting.verify_cached(&response, &conditions, &mut cache);
        assert_eq!(report.verdict(), Verdict::Valid);
    }
    assert_eq!(cache.len(), 1);
    let nobody = Verifier::new(TrustAnchors::new([]));
    let report = nobody.verify_cached(&response, &conditions, &mut cache);
    assert_eq!(report.verdict(), Verdict::Untrusted);
    let anchor = TrustAnchor::from_der(&scene.authority.certificate).unwrap();
    let narrow = Verifier::new(TrustAnchors::new([anchor.only_for(["other"])]));
    let report = narrow.verify_cached(&response, &conditions, &mut cache);
    assert_eq!(report.verdict(), Verdict::Invalid);
    let later = Conditions::new(NOW + days(400), Session::Static);
    let report = trusting.verify_cached(&response, &later, &mut cache);
    let failures: Vec<_> = report.failures().map(|check| check.id).collect();
    assert_eq!(failures, [CheckId::DsValidity, CheckId::ValidUntil]);
    // Another leaf behind the same name is another path.
    let mut forged = Scene::new();
    forged.ds_key = key(Curve::P256, 98);
    forged.ds = Authority::named(Curve::P256, 97, crate::authority::iaca_name())
        .document_signer(&forged.ds_key);
    let response = forged.response();
    let report = trusting.verify_cached(&response, &conditions, &mut cache);
    assert_eq!(report.verdict(), Verdict::Invalid);
}

#[test]
fn strangers_cannot_fill_the_cache_with_bytes_behind_a_genuine_certificate() {
    let mut scene = Scene::new();
    let verifier = scene.verifier();
    let conditions = Conditions::new(NOW, Session::Static);
    let mut cache = PathCache::new(8);
    for junk in 0..20u8 {
        let chain = array(&[bstr(&scene.ds), bstr(&[junk])]);
        scene.issuer_unprotected = Some(map(&[(int(33), chain)]));
        let response = scene.response();
        let report = verifier.verify_cached(&response, &conditions, &mut cache);
        assert_eq!(report.verdict(), Verdict::Valid);
        let check = report.documents()[0].check(CheckId::X5chain).unwrap();
        assert_eq!(check.outcome, Outcome::Warning);
    }
    assert_eq!(cache.len(), 1);
}

#[test]
fn a_digest_of_another_length_name_space_or_id_is_not_the_digest() {
    let good = Scene::new();
    let (name_space, items) = &good.name_spaces[0];
    let digest = mdl_crypto::HashAlgorithm::Sha256.digest(&items[0]);
    let only = |name: &str, id: i64, digest: &[u8]| {
        let mut scene = Scene::new();
        scene.name_spaces[0].1 = vec![item(0, "family_name", text("Mustermann"))];
        scene.mso.value_digests = Some(map(&[(text(name), map(&[(int(id), bstr(digest))]))]));
        scene
    };
    let whole = only(name_space, 0, digest.as_ref());
    assert_eq!(whole.verify(&whole.response()).verdict(), Verdict::Valid);
    only(name_space, 0, &digest.as_ref()[..31]).fails(CheckId::ValueDigest);
    only(name_space, 0, &[]).fails(CheckId::ValueDigest);
    only(name_space, 1, digest.as_ref()).fails(CheckId::ValueDigestPresent);
    only("other", 0, digest.as_ref()).fails(CheckId::ValueDigestPresent);
}
