//! Trust bundles: a good one, and for every check one in which only that check fails.

use std::sync::LazyLock;

use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::trust_anchor::{AnchorDeviation, AnchorSource, DocTypeScope, TrustAnchors};
use mdl_mdoc::cose::sig_structure;
use mdl_mdoc::trust_bundle::{
    BundledAnchor, InvalidTrustBundle, SignedTrustBundle, TRUST_BUNDLE_TYPE, TrustBundleContent,
    TrustBundleLimits, UnsignedTrustBundle, UnusableContent,
};
use mdl_reader::trust_bundle::{
    BundleConditions, LastAccepted, TrustBundle, TrustBundleError, UnusableAnchor,
};
use mdl_reader::{CheckId, Conditions, Policy, RevocationVerdict, Session, Verdict, Verifier};

use crate::authority::{Authority, MDL, NOW, days, key};
use crate::encoding::{NULL, array, bstr, head, int, map, tag, tdate, text};
use crate::scene::Scene;

fn publisher() -> PrivateKey {
    key(Curve::P256, 70)
}

fn content(anchors: Vec<BundledAnchor>) -> TrustBundleContent {
    TrustBundleContent {
        publisher: "Utopia Police".into(),
        sequence: 7,
        issued: NOW - days(1),
        next_update: NOW + days(6),
        not_after: NOW + days(29),
        anchors,
        crls: vec![],
        status_tokens: vec![],
    }
}

fn anchor(certificate: &[u8]) -> BundledAnchor {
    BundledAnchor {
        certificate: certificate.to_vec(),
        ..BundledAnchor::default()
    }
}

/// One for all: two that are made alike differ in their signatures, which are not of every backend reproducible.
static ROOT: LazyLock<Vec<u8>> = LazyLock::new(|| Authority::new(Curve::P256).certificate);

fn one_anchor() -> TrustBundleContent {
    content(vec![anchor(&ROOT)])
}

fn signed_by(key: &PrivateKey, content: &TrustBundleContent) -> Vec<u8> {
    let unsigned = UnsignedTrustBundle::new(content, key.public_key()).unwrap();
    let signature = key.sign_deterministic(unsigned.to_be_signed());
    unsigned.attach(&signature).unwrap()
}

fn signed(content: &TrustBundleContent) -> Vec<u8> {
    signed_by(&publisher(), content)
}

fn verify(bundle: &[u8]) -> Result<TrustBundle, TrustBundleError> {
    verify_with(bundle, &BundleConditions::at(NOW))
}

fn verify_with(
    bundle: &[u8],
    conditions: &BundleConditions,
) -> Result<TrustBundle, TrustBundleError> {
    TrustBundle::verify(bundle, publisher().public_key(), conditions)
}

#[test]
fn anchors_with_scope_and_evidence_come_out_as_they_went_in() {
    let scene = Scene::new();
    let scoped = BundledAnchor {
        doc_types: Some(vec![MDL.into()]),
        country: Some("UT".into()),
        state: Some("UT-01".into()),
        origin: Some("VICAL of Utopia Lists, issue 9".into()),
        ..anchor(&scene.authority.certificate)
    };
    let content = TrustBundleContent {
        crls: vec![scene.authority.crl(1, &[])],
        status_tokens: vec![vec![1, 2, 3]],
        ..content(vec![scoped])
    };
    let bundle = verify(&signed(&content)).unwrap();
    assert_eq!(bundle.identity.sequence, 7);
    assert_eq!(bundle.status_tokens, content.status_tokens);
    let trusted = &bundle.trust_anchors[0];
    assert_eq!(*trusted.scope(), DocTypeScope::Only(vec![MDL.into()]));
    assert_eq!(trusted.region().country.as_deref(), Some("UT"));
    assert_eq!(trusted.region().state.as_deref(), Some("UT-01"));
    let source = AnchorSource::Bundle {
        publisher: "Utopia Police".into(),
        sequence: 7,
        origin: Some("VICAL of Utopia Lists, issue 9".into()),
    };
    assert_eq!(*trusted.source(), source);

    let crls: Vec<&[u8]> = bundle.crls.iter().map(Vec::as_slice).collect();
    let conditions = Conditions {
        crls: &crls,
        require_revocation: true,
        ..Conditions::new(NOW, Session::Static)
    };
    let response = scene.response();
    let verifier = Verifier::new(TrustAnchors::new(bundle.trust_anchors.clone()));
    let report = verifier.verify(&response, &conditions);
    assert_eq!(report.verdict(), Verdict::Valid);
    let revocation = report.documents()[0].revocation();
    assert_eq!(revocation, RevocationVerdict::NotRevoked);

    // Trusted for another state: the same document is not accepted.
    let mut elsewhere = content.clone();
    elsewhere.anchors[0].state = Some("UT-02".into());
    let bundle = verify(&signed(&elsewhere)).unwrap();
    let verifier = Verifier::new(TrustAnchors::new(bundle.trust_anchors));
    let report = verifier.verify(&response, &conditions);
    let failures: Vec<_> = report.failures().map(|check| check.id).collect();
    assert_eq!(failures, [CheckId::AnchorRegion]);
}

#[test]
fn any_key_signs() {
    let curves = [
        Curve::P256,
        Curve::P384,
        Curve::P521,
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP384r1,
        Curve::Ed25519,
    ];
    for curve in curves {
        let key = key(curve, 71);
        let bundle = signed_by(&key, &one_anchor());
        let conditions = BundleConditions::at(NOW);
        let result = TrustBundle::verify(&bundle, key.public_key(), &conditions);
        assert!(result.is_ok(), "{curve:?}: {result:?}");
    }
}

#[test]
fn another_key_gives_no_trust() {
    let stranger = key(Curve::P256, 72);
    let result = verify(&signed_by(&stranger, &one_anchor()));
    assert!(
        matches!(result, Err(TrustBundleError::OtherKey(_))),
        "{result:?}"
    );

    // Under the name of the right one.
    let unsigned = UnsignedTrustBundle::new(&one_anchor(), publisher().public_key()).unwrap();
    let forged = stranger.sign_deterministic(unsigned.to_be_signed());
    assert!(unsigned.attach(&forged).is_err());
    let mut bundle = signed(&one_anchor());
    let last = bundle.len() - 1;
    bundle[last] ^= 1;
    let result = verify(&bundle);
    assert!(
        matches!(result, Err(TrustBundleError::Signature(_))),
        "{result:?}"
    );
}

#[test]
fn a_bundle_is_used_from_its_issue_to_its_end() {
    let bundle = signed(&one_anchor());
    let at = |at, policy| {
        let conditions = BundleConditions {
            policy,
            ..BundleConditions::at(at)
        };
        verify_with(&bundle, &conditions).map(|bundle| bundle.is_due(at))
    };
    let content = one_anchor();
    let second = time::Duration::seconds(1);
    assert_eq!(at(content.issued, Policy::Iso), Ok(false));
    let early = at(content.issued - second, Policy::Iso);
    assert_eq!(early, Err(TrustBundleError::IssuedLater(content.issued)));
    let due = content.next_update;
    assert_eq!(at(due, Policy::Strict), Ok(false));
    assert_eq!(
        at(due + second, Policy::Strict),
        Err(TrustBundleError::Stale(due))
    );
    assert_eq!(at(due + second, Policy::Iso), Ok(true));
    assert_eq!(at(due + second, Policy::Interop), Ok(true));
    let end = content.not_after;
    assert_eq!(at(end, Policy::Iso), Ok(true));
    assert_eq!(
        at(end + second, Policy::Iso),
        Err(TrustBundleError::Expired(end))
    );
}

#[test]
fn an_older_bundle_does_not_replace_a_newer_one() {
    let of_sequence = |sequence| {
        signed(&TrustBundleContent {
            sequence,
            ..one_anchor()
        })
    };
    let newest = of_sequence(7);
    let identity = verify(&newest).unwrap().identity;
    let after = |bundle: &[u8], last_accepted: LastAccepted| {
        let conditions = BundleConditions {
            last_accepted: Some(last_accepted),
            ..BundleConditions::at(NOW)
        };
        verify_with(bundle, &conditions).map(|bundle| bundle.identity.sequence)
    };
    assert_eq!(after(&newest, identity), Ok(7));
    assert_eq!(after(&of_sequence(8), identity), Ok(8));
    let rollback = TrustBundleError::Rollback {
        sequence: 6,
        last: 7,
    };
    assert_eq!(after(&of_sequence(6), identity), Err(rollback));
    let mut other = one_anchor();
    other.publisher = "Utopia Customs".into();
    let other = after(&signed(&other), identity);
    assert_eq!(other, Err(TrustBundleError::OtherOfSameSequence(7)));
}

#[test]
fn anchors_that_cannot_be_used_are_left_out() {
    let authority = Authority::new(Curve::P256);
    let signer = authority.document_signer(&key(Curve::P256, 2));
    let content = content(vec![
        anchor(&[1, 2, 3]),
        anchor(&signer),
        anchor(&authority.certificate),
    ]);
    let bundle = verify(&signed(&content)).unwrap();
    assert_eq!(bundle.trust_anchors.len(), 1);
    let reasons: Vec<_> = bundle.unusable.iter().collect();
    assert!(
        matches!(
            reasons[..],
            [
                (0, UnusableAnchor::TrustAnchor(_)),
                (1, UnusableAnchor::Profile(AnchorDeviation::NotCa)),
            ]
        ),
        "{reasons:?}"
    );
    let none = super::trust_bundle::content(vec![anchor(&signer)]);
    let none = verify(&signed(&none)).map(|bundle| bundle.trust_anchors.len());
    assert_eq!(none, Err(TrustBundleError::NoUsableAnchor));
}

#[test]
fn content_that_no_reader_would_accept_is_not_signed() {
    let refused = |change: fn(&mut TrustBundleContent)| {
        let mut content = one_anchor();
        change(&mut content);
        UnsignedTrustBundle::new(&content, publisher().public_key()).unwrap_err()
    };
    assert_eq!(refused(|c| c.anchors.clear()), UnusableContent::NoAnchor);
    assert_eq!(
        refused(|c| c.next_update = c.issued),
        UnusableContent::Times
    );
    let shorter = |c: &mut TrustBundleContent| c.not_after = c.next_update - days(1);
    assert_eq!(refused(shorter), UnusableContent::Times);
    assert_eq!(
        refused(|c| c.publisher.clear()),
        UnusableContent::Name("publisher")
    );
    let long = |c: &mut TrustBundleContent| c.publisher = "x".repeat(257);
    assert_eq!(refused(long), UnusableContent::Name("publisher"));
    let no_type = |c: &mut TrustBundleContent| c.anchors[0].doc_types = Some(vec![]);
    assert_eq!(refused(no_type), UnusableContent::DocTypes);
    let no_country = |c: &mut TrustBundleContent| c.anchors[0].country = Some(String::new());
    assert_eq!(refused(no_country), UnusableContent::Name("country"));
    let crls = |c: &mut TrustBundleContent| c.crls = vec![vec![]; 2_001];
    let too_many = UnusableContent::TooMany {
        what: "crls",
        limit: 2_000,
    };
    assert_eq!(refused(crls), too_many);
}

/// A bundle byte by byte: what no builder makes, signed with the right key.
struct Forged {
    protected: Vec<(Vec<u8>, Vec<u8>)>,
    unprotected: Vec<(Vec<u8>, Vec<u8>)>,
    members: Vec<(Vec<u8>, Vec<u8>)>,
    anchor: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Forged {
    fn new() -> Self {
        let kid = mdl_crypto::HashAlgorithm::Sha256.digest(&publisher().public_key().to_spki_der());
        Self {
            protected: vec![
                (int(1), int(-7)),
                (int(4), bstr(kid.as_bytes())),
                (int(16), text(TRUST_BUNDLE_TYPE)),
            ],
            unprotected: vec![],
            members: vec![
                (text("issued"), tdate("2026-05-31T12:00:00Z")),
                (text("anchors"), vec![]),
                (text("version"), text("1.0")),
                (text("notAfter"), tdate("2026-06-30T12:00:00Z")),
                (text("sequence"), int(7)),
                (text("publisher"), text("Utopia Police")),
                (text("nextUpdate"), tdate("2026-06-07T12:00:00Z")),
            ],
            anchor: vec![(text("certificate"), bstr(&ROOT))],
        }
    }

    fn set(mut self, name: &str, value: Vec<u8>) -> Self {
        let member = self.members.iter_mut().find(|(key, _)| *key == text(name));
        member.unwrap().1 = value;
        self
    }

    fn payload(&self) -> Vec<u8> {
        let mut members = self.members.clone();
        for (name, value) in &mut members {
            if *name == text("anchors") && value.is_empty() {
                *value = array(&[map(&self.anchor)]);
            }
        }
        map(&members)
    }

    fn untagged(&self) -> Vec<u8> {
        self.untagged_over(&self.payload())
    }

    fn untagged_over(&self, payload: &[u8]) -> Vec<u8> {
        let protected = map(&self.protected);
        let signature = publisher().sign_deterministic(&sig_structure(&protected, &[], payload));
        array(&[
            bstr(&protected),
            map(&self.unprotected),
            bstr(payload),
            bstr(signature.as_bytes()),
        ])
    }

    fn bundle(&self) -> Vec<u8> {
        tag(18, self.untagged())
    }

    #[track_caller]
    fn refused(&self) -> InvalidTrustBundle {
        match verify(&self.bundle()) {
            Err(TrustBundleError::Decode(error)) => error,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_forged_bundle_without_a_fault_is_accepted() {
    let forged = Forged::new();
    assert_eq!(verify(&forged.bundle()).unwrap().trust_anchors.len(), 1);
    // The builder writes the very same bytes.
    assert_eq!(forged.bundle(), signed(&one_anchor()));
}

#[test]
fn headers_other_than_those_of_a_bundle_are_refused() {
    let mut forged = Forged::new();
    forged.protected[2].1 = text("application/statuslist+cwt");
    assert_eq!(forged.refused(), InvalidTrustBundle::Type);
    for left_out in 0..3 {
        let mut forged = Forged::new();
        forged.protected.remove(left_out);
        assert_eq!(forged.refused(), InvalidTrustBundle::Headers);
    }
    let mut forged = Forged::new();
    forged.protected.push((int(33), bstr(&[1])));
    assert_eq!(forged.refused(), InvalidTrustBundle::Headers);
    let mut forged = Forged::new();
    forged.unprotected.push((int(4), bstr(&[1; 32])));
    assert_eq!(forged.refused(), InvalidTrustBundle::Headers);
    let mut forged = Forged::new();
    forged.protected[0].1 = int(5); // HMAC 256/256
    assert_eq!(forged.refused(), InvalidTrustBundle::Algorithm);
    let mut forged = Forged::new();
    forged.protected[1].1 = bstr(&[1; 20]);
    assert!(matches!(forged.refused(), InvalidTrustBundle::Decode(_)));

    let untagged = verify(&Forged::new().untagged()).unwrap_err();
    assert_eq!(untagged, InvalidTrustBundle::Untagged.into());
    let forged = Forged::new();
    let detached = array(&[
        bstr(&map(&forged.protected)),
        map(&[]),
        vec![NULL],
        bstr(&[1; 64]),
    ]);
    let detached = verify(&tag(18, detached)).unwrap_err();
    assert_eq!(detached, InvalidTrustBundle::PayloadDetached.into());
}

#[test]
fn members_that_are_not_known_missing_or_out_of_range_are_refused() {
    let mut forged = Forged::new();
    forged.members.push((text("proprietary!!"), int(1)));
    assert!(forged.refused().to_string().contains("not a trust bundle"));
    let mut forged = Forged::new();
    forged.anchor.insert(0, (text("onlyFor"), text("x")));
    assert!(matches!(forged.refused(), InvalidTrustBundle::Decode(_)));
    for left_out in 0..Forged::new().members.len() {
        let mut forged = Forged::new();
        forged.members.remove(left_out);
        assert!(matches!(forged.refused(), InvalidTrustBundle::Decode(_)));
    }
    let mut forged = Forged::new();
    forged.anchor.clear();
    assert!(matches!(forged.refused(), InvalidTrustBundle::Decode(_)));
    for (member, value) in [
        ("version", text("1.1")),
        ("anchors", array(&[])),
        ("publisher", text("")),
        ("publisher", text(&"x".repeat(257))),
        ("sequence", int(-1)),
        ("issued", tdate("2026-05-31T12:00:00+00:00")),
        ("nextUpdate", tdate("2026-05-31T12:00:00Z")),
        ("notAfter", tdate("2026-06-07T11:59:59Z")),
    ] {
        let forged = Forged::new().set(member, value);
        let reason = forged.refused();
        assert!(
            matches!(reason, InvalidTrustBundle::Decode(_)),
            "{member}: {reason}"
        );
    }
}

#[test]
fn encodings_other_than_the_deterministic_one_are_refused() {
    let mut forged = Forged::new();
    forged.members.swap(2, 3);
    let reason = forged.refused();
    assert!(matches!(
        reason,
        InvalidTrustBundle::Encoding {
            id: "cbor-key-order",
            ..
        }
    ));
    // The sequence in two bytes where one would do.
    let forged = Forged::new().set("sequence", vec![0x18, 7]);
    let reason = forged.refused();
    assert!(matches!(
        reason,
        InvalidTrustBundle::Encoding {
            id: "cbor-non-shortest",
            ..
        }
    ));
    let forged = Forged::new();
    let mut payload = forged.payload();
    payload[0] = 0xbf;
    payload.push(0xff);
    let result = verify(&tag(18, forged.untagged_over(&payload))).unwrap_err();
    assert!(matches!(
        result,
        TrustBundleError::Decode(InvalidTrustBundle::Encoding {
            id: "cbor-indefinite",
            ..
        })
    ));
}

#[test]
fn limits_come_before_everything_else() {
    let limits = TrustBundleLimits {
        max_bytes: 4096,
        max_anchors: 1,
        max_crls: 1,
        max_status_tokens: 1,
    };
    let decode = |content: &TrustBundleContent| {
        let bundle = signed(content);
        SignedTrustBundle::decode(&bundle, &limits).map(|_| ())
    };
    assert_eq!(decode(&one_anchor()), Ok(()));
    let two = vec![one_anchor().anchors.remove(0); 2];
    assert!(decode(&content(two)).is_err());
    let mut crls = one_anchor();
    crls.crls = vec![vec![1]; 2];
    assert!(decode(&crls).is_err());
    let mut tokens = one_anchor();
    tokens.status_tokens = vec![vec![1]; 2];
    assert!(decode(&tokens).is_err());
    let mut large = one_anchor();
    large.crls = vec![vec![1; 4096]];
    assert!(decode(&large).is_err());
    // A length that is announced and not there allocates nothing.
    let mut announced = vec![0xd2, 0x84, 0x41, 0xa0, 0xa0];
    announced.extend(head(2, u64::MAX >> 1));
    assert!(SignedTrustBundle::decode(&announced, &limits).is_err());
}
