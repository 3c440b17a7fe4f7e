//! Renewal of a root: a good link, and for every check a link in which only that check fails.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authority;

use authority::forge::{self, Forge, tlv};
use authority::{Authority, CRL_URI, MDL, NOW, days, iaca_name, iaca_profile, key, serial, sign};
use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::crl::CrlProfile;
use mdl_iaca::path::{PathConditions, Role};
use mdl_iaca::profile::{DistinguishedName, LinkCertificateProfile, Validity};
use mdl_iaca::revocation::RevocationEvidence;
use mdl_iaca::trust_anchor::{
    AnchorDeviation, AnchorSource, DocTypeScope, LinkError, RegionScope, TrustAnchor,
    TrustAnchorError, TrustAnchors, renewed_roots,
};
use time::OffsetDateTime;

const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];

/// An authority, its successor and the link between them.
struct Scene {
    old: Authority,
    new: Authority,
    link: Vec<u8>,
}

impl Scene {
    fn new() -> Self {
        Self::to(Authority::named(Curve::P256, 5, new_name()))
    }

    fn to(new: Authority) -> Self {
        let old = Authority::new(Curve::P384);
        let link = link(&old, &new, 6);
        Self { old, new, link }
    }

    fn old_anchor(&self) -> TrustAnchor {
        TrustAnchor::from_der(&self.old.certificate).unwrap()
    }

    fn follow(&self) -> Result<TrustAnchor, LinkError> {
        self.follow_at(NOW)
    }

    fn follow_at(&self, at: OffsetDateTime) -> Result<TrustAnchor, LinkError> {
        let none = RevocationEvidence::None;
        self.old_anchor()
            .follow_link(&self.link, &self.new.certificate, at, &none)
    }

    /// The link with something changed, signed again by the old root.
    fn with_link(mut self, change: impl FnOnce(Forge) -> Forge) -> Self {
        self.link = change(Forge::of(&self.link)).sign(&self.old.key);
        self
    }

    /// The new root with something changed, signed again by itself.
    fn with_new(mut self, change: impl FnOnce(Forge) -> Forge) -> Self {
        self.new.certificate = change(Forge::of(&self.new.certificate)).sign(&self.new.key);
        self
    }
}

fn new_name() -> DistinguishedName {
    DistinguishedName::new("Utopia IACA 2")
        .country("UT")
        .state("UT-01")
        .organization("Utopia DMV")
}

fn link(old: &Authority, new: &Authority, seed: u64) -> Vec<u8> {
    let validity = Validity::days(NOW - days(5), 365).unwrap();
    let profile = LinkCertificateProfile::new(&old.issuer, &new.issuer, validity, CRL_URI);
    sign(profile.build(&serial(seed)).unwrap(), &old.key)
}

fn validity(from: &[u8], to: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(0x17, from), tlv(0x17, to)].concat())
}

#[test]
fn a_link_hands_trust_and_scope_to_the_successor() {
    let scene = Scene::new();
    let region = RegionScope {
        country: Some("UT".into()),
        state: None,
    };
    let old = scene.old_anchor().only_for([MDL]).only_in(region.clone());
    let none = RevocationEvidence::None;
    let new = old
        .follow_link(&scene.link, &scene.new.certificate, NOW, &none)
        .unwrap();
    assert_eq!(new.der(), scene.new.certificate);
    assert_eq!(*new.scope(), DocTypeScope::Only(vec![MDL.to_owned()]));
    assert_eq!(*new.region(), region);
    let from = old.fingerprint();
    assert_eq!(*new.source(), AnchorSource::Link { from });

    let ds_key = key(Curve::P256, 8);
    let ds = scene.new.document_signer(&ds_key);
    let path = TrustAnchors::new([new]).examine(&[&ds], Role::DocumentSigner);
    let conditions = PathConditions {
        doc_type: Some(MDL),
        ..PathConditions::at(NOW)
    };
    assert!(path.evaluate(&conditions).validated().is_some());
    // The link itself is no step of a path.
    let path = TrustAnchors::new([old]).examine(&[&ds, &scene.link], Role::DocumentSigner);
    assert!(path.evaluate(&conditions).validated().is_none());
}

#[test]
fn an_authority_that_keeps_its_name_is_followed_too() {
    let scene = Scene::to(Authority::named(Curve::P256, 5, iaca_name()));
    let new = scene.follow().unwrap();
    assert_eq!(new.subject(), scene.old_anchor().subject());
    let certificates = [scene.link.clone(), scene.new.certificate.clone()];
    let none = RevocationEvidence::None;
    let (found, unused) = renewed_roots(&[scene.old_anchor()], &certificates, NOW, &none);
    assert_eq!((found.len(), unused), (1, vec![]));
}

#[test]
fn several_renewals_in_a_row_are_followed_in_any_order() {
    let scene = Scene::new();
    let third = Authority::named(
        Curve::P256,
        9,
        DistinguishedName::new("Utopia IACA 3")
            .country("UT")
            .state("UT-01"),
    );
    let stranger = Authority::named(
        Curve::P256,
        10,
        DistinguishedName::new("Elsewhere")
            .country("UT")
            .state("UT-01"),
    );
    let last = link(&scene.new, &third, 11);
    let foreign = link(&stranger, &third, 12);
    let certificates = [
        third.certificate.clone(),
        last,
        foreign.clone(),
        scene.new.certificate.clone(),
        scene.link.clone(),
        stranger.certificate.clone(),
    ];
    let none = RevocationEvidence::None;
    let (found, unused) = renewed_roots(&[scene.old_anchor()], &certificates, NOW, &none);
    let found: Vec<_> = found.iter().map(TrustAnchor::der).collect();
    assert_eq!(found, [&scene.new.certificate, &third.certificate]);
    assert_eq!(unused, [(foreign.as_slice(), LinkError::Issuer)]);
}

#[test]
fn the_reason_of_the_attempt_that_got_furthest_is_given() {
    let scene = Scene::new().with_link(|link| link.without(SUBJECT_KEY_IDENTIFIER));
    let certificates = [scene.link.clone(), scene.new.certificate.clone()];
    let stranger = Authority::named(Curve::P256, 10, DistinguishedName::new("X").country("UT"));
    let stranger = TrustAnchor::from_der(&stranger.certificate).unwrap();
    let none = RevocationEvidence::None;
    for anchors in [
        [scene.old_anchor(), stranger.clone()],
        [stranger, scene.old_anchor()],
    ] {
        let (found, unused) = renewed_roots(&anchors, &certificates, NOW, &none);
        assert!(found.is_empty());
        let reason = LinkError::SubjectKeyIdentifier;
        assert_eq!(unused, [(scene.link.as_slice(), reason)]);
    }
}

#[test]
fn old_root_link_and_new_root_must_be_valid() {
    let scene = Scene::new();
    let expected = [
        // The link begins five days before, and ends first of the three.
        (NOW - days(6), "the link"),
        (NOW + days(361), "the link"),
        (NOW + days(9 * 365), "the old root"),
    ];
    for (at, who) in expected {
        assert_eq!(scene.follow_at(at).unwrap_err(), LinkError::NotValid(who));
    }
    let expired = scene.with_new(|new| {
        let short = validity(b"250101000000Z", b"260531000000Z");
        new.field(forge::VALIDITY, short)
    });
    let not_valid = LinkError::NotValid("the new root");
    assert_eq!(expired.follow().unwrap_err(), not_valid);
}

#[test]
fn a_link_of_another_issuer_is_refused() {
    let other = forge::name(&[
        (forge::C, forge::PRINTABLE, "UT"),
        (forge::CN, forge::UTF8, "X"),
    ]);
    let scene = Scene::new().with_link(|link| link.field(forge::ISSUER, other));
    assert_eq!(scene.follow().unwrap_err(), LinkError::Issuer);
}

#[test]
fn a_link_must_name_the_old_roots_key() {
    let absent = Scene::new().with_link(|link| link.without(forge::AUTHORITY_KEY_IDENTIFIER));
    let other = tlv(0x30, &tlv(0x80, &[7; 20]));
    let other =
        Scene::new().with_link(|link| link.set(forge::AUTHORITY_KEY_IDENTIFIER, false, &other));
    for scene in [absent, other] {
        assert_eq!(
            scene.follow().unwrap_err(),
            LinkError::AuthorityKeyIdentifier
        );
    }
}

#[test]
fn the_algorithms_of_a_link_must_agree() {
    // ecdsa-with-SHA256 inside, SHA384 outside.
    let sha256 = tlv(
        0x30,
        &tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]),
    );
    let scene = Scene::new().with_link(|link| link.field(forge::ALGORITHM, sha256));
    assert_eq!(scene.follow().unwrap_err(), LinkError::AlgorithmsDiffer);
}

#[test]
fn a_link_that_somebody_else_signed_is_refused() {
    let mut scene = Scene::new();
    let stranger = PrivateKey::generate(Curve::P384, &mut authority::rng(99));
    scene.link = Forge::of(&scene.link).sign(&stranger);
    assert!(matches!(
        scene.follow().unwrap_err(),
        LinkError::Signature(_)
    ));
}

#[test]
fn a_link_must_not_outlive_the_old_root() {
    let long = validity(b"260525000000Z", b"400101000000Z");
    let scene = Scene::new().with_link(|link| link.field(forge::VALIDITY, long));
    assert_eq!(scene.follow().unwrap_err(), LinkError::OutlivesOldRoot);
}

#[test]
fn a_link_for_another_name_or_key_is_refused() {
    let mut scene = Scene::new();
    let name = DistinguishedName::new("Utopia IACA 9")
        .country("UT")
        .state("UT-01");
    let unsigned = iaca_profile(&scene.new.key, name)
        .build(&serial(7))
        .unwrap();
    scene.new.certificate = sign(unsigned, &scene.new.key);
    assert_eq!(scene.follow().unwrap_err(), LinkError::Subject);

    let mut scene = Scene::new();
    scene.new = Authority::named(Curve::P256, 12, new_name());
    assert_eq!(scene.follow().unwrap_err(), LinkError::Key);
}

#[test]
fn a_link_must_identify_its_own_key() {
    let absent = Scene::new().with_link(|link| link.without(SUBJECT_KEY_IDENTIFIER));
    let other = tlv(0x04, &[7; 20]);
    let other = Scene::new().with_link(|link| link.set(SUBJECT_KEY_IDENTIFIER, false, &other));
    for scene in [absent, other] {
        assert_eq!(scene.follow().unwrap_err(), LinkError::SubjectKeyIdentifier);
    }
}

#[test]
fn a_link_must_be_for_an_authority_without_others_below() {
    let no_ca = tlv(0x30, &[]);
    let any_length = tlv(0x30, &[0x01, 0x01, 0xff]);
    let one = tlv(0x30, &[0x01, 0x01, 0xff, 0x02, 0x01, 0x01]);
    for constraints in [no_ca, any_length, one] {
        let scene =
            Scene::new().with_link(|link| link.set(forge::BASIC_CONSTRAINTS, true, &constraints));
        assert_eq!(scene.follow().unwrap_err(), LinkError::NotAuthority);
    }
    let scene = Scene::new().with_link(|link| link.without(forge::BASIC_CONSTRAINTS));
    assert_eq!(scene.follow().unwrap_err(), LinkError::NotAuthority);
}

#[test]
fn the_key_usage_of_a_link_is_that_of_a_root() {
    let cert_sign_only: &[u8] = &[0x03, 0x02, 0x02, 0x04];
    let with_digital_signature: &[u8] = &[0x03, 0x02, 0x01, 0x86];
    for usage in [cert_sign_only, with_digital_signature] {
        let scene = Scene::new().with_link(|link| link.set(forge::KEY_USAGE, true, usage));
        assert_eq!(scene.follow().unwrap_err(), LinkError::KeyUsage);
    }
    let scene = Scene::new().with_link(|link| link.without(forge::KEY_USAGE));
    assert_eq!(scene.follow().unwrap_err(), LinkError::KeyUsage);
}

#[test]
fn extensions_that_are_not_understood_or_prohibited_are_refused() {
    let scene = Scene::new().with_link(|link| link.set(&[0x2a, 0x03], true, &[0x05, 0x00]));
    let error = scene.follow().unwrap_err();
    assert_eq!(error, LinkError::UnknownCriticalExtension("1.2.3".into()));
    let scene =
        Scene::new().with_link(|link| link.set(forge::NAME_CONSTRAINTS, false, &tlv(0x30, &[])));
    assert!(matches!(
        scene.follow().unwrap_err(),
        LinkError::Prohibited(_)
    ));
}

#[test]
fn a_successor_in_another_country_or_state_is_refused() {
    let elsewhere = DistinguishedName::new("Utopia IACA 2")
        .country("AT")
        .state("UT-01");
    let wider = DistinguishedName::new("Utopia IACA 2").country("UT");
    for (name, reason) in [(elsewhere, LinkError::Country), (wider, LinkError::State)] {
        // The linter keeps the builder from making such a link.
        let mut scene = Scene::new();
        scene.new = Authority::named(Curve::P256, 5, name);
        let subject = Forge::of(&scene.new.certificate).fields[forge::SUBJECT].clone();
        let scene = scene.with_link(|link| link.field(forge::SUBJECT, subject));
        assert_eq!(scene.follow().unwrap_err(), reason);
    }
}

#[test]
fn a_successor_must_be_a_root_and_an_authority() {
    let scene = Scene::new().with_new(|new| new.without(forge::BASIC_CONSTRAINTS));
    let reason = LinkError::NewRootProfile(AnchorDeviation::NotCa);
    assert_eq!(scene.follow().unwrap_err(), reason);

    // A certificate for name and key of the new root that is not its own.
    let mut scene = Scene::new();
    scene.new.certificate = scene.link.clone();
    let reason = LinkError::NewRootProfile(AnchorDeviation::NotSelfIssued);
    assert_eq!(scene.follow().unwrap_err(), reason);

    let mut scene = Scene::new();
    scene.new.certificate = Forge::of(&scene.new.certificate).sign(&scene.old.key);
    let reason = scene.follow().unwrap_err();
    let self_signature = matches!(
        reason,
        LinkError::NewRoot(TrustAnchorError::SelfSignature(_))
    );
    assert!(self_signature, "{reason:?}");
}

#[test]
fn an_old_root_that_is_no_authority_vouches_for_nothing() {
    let mut scene = Scene::new();
    scene.old.certificate = Forge::of(&scene.old.certificate)
        .without(forge::BASIC_CONSTRAINTS)
        .sign(&scene.old.key);
    let reason = LinkError::OldRootProfile(AnchorDeviation::NotCa);
    assert_eq!(scene.follow().unwrap_err(), reason);
}

#[test]
fn a_link_that_the_old_root_revoked_is_refused() {
    let scene = Scene::new();
    let crl = |revoked| {
        let (from, to) = (NOW - days(1), NOW + days(29));
        let profile = CrlProfile::new(&scene.old.issuer, 2, from, to).unwrap();
        let profile = profile.revoke(revoked, NOW - days(2));
        let unsigned = profile.build().unwrap();
        let signature = scene.old.key.sign(unsigned.to_be_signed());
        unsigned.attach(&signature).unwrap().into_der()
    };
    let follow = |crl: &[u8]| {
        let old = scene.old_anchor();
        let evidence = RevocationEvidence::Der(&[crl]);
        old.follow_link(&scene.link, &scene.new.certificate, NOW, &evidence)
            .map(|_| ())
    };
    assert_eq!(follow(&crl(serial(6))), Err(LinkError::Revoked));
    assert_eq!(follow(&crl(serial(60))), Ok(()));
}

#[test]
fn other_bytes_are_no_link() {
    let scene = Scene::new();
    let none = RevocationEvidence::None;
    let result = scene
        .old_anchor()
        .follow_link(b"link", &scene.new.certificate, NOW, &none);
    assert!(matches!(result.unwrap_err(), LinkError::Malformed(_)));
}
