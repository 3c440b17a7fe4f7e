//! Path validation: a good path, and for every check a path in which only that check fails.

mod authority;

use authority::forge::{self, Forge};
use authority::{Authority, MDL, NOW, days, iaca_name, iaca_profile, key, serial, sign};
use mdl_crypto::{Algorithm, Curve, PrivateKey, VerifyError};
use mdl_iaca::path::{Outcome, PathCache, PathCheck, PathConditions, PathReport, Reason, Role};
use mdl_iaca::profile::{
    DistinguishedName, MsoRevocationListSignerProfile, OcspSignerProfile,
    ReaderAuthenticationProfile, SerialNumber, Validity, VicalSignerProfile,
};
use mdl_iaca::revocation::RevocationEvidence;
use mdl_iaca::trust_anchor::{AnchorDeviation, RegionScope, TrustAnchor, TrustAnchors};

/// A path that passes every check, as a starting point for those that fail one.
struct Scene {
    authority: Authority,
    ds_key: PrivateKey,
    ds: Vec<u8>,
}

impl Scene {
    fn new() -> Self {
        let authority = Authority::new(Curve::P256);
        let ds_key = key(Curve::P256, 2);
        let ds = authority.document_signer(&ds_key);
        Self {
            authority,
            ds_key,
            ds,
        }
    }

    fn forge(&self) -> Forge {
        Forge::of(&self.ds)
    }

    fn anchor(&self) -> TrustAnchor {
        TrustAnchor::from_der(&self.authority.certificate).expect("an IACA")
    }

    /// The outcome for a leaf with the authority's own anchor and an empty CRL.
    fn judge(&self, leaf: &[u8]) -> Verdict {
        self.judge_with(&[leaf], [self.anchor()], NOW)
    }

    fn judge_with(
        &self,
        chain: &[&[u8]],
        anchors: impl IntoIterator<Item = TrustAnchor>,
        at: time::OffsetDateTime,
    ) -> Verdict {
        let crl = self.authority.crl(1, &[]);
        let crls = [crl.as_slice()];
        let conditions = PathConditions {
            at,
            doc_type: Some(MDL),
            revocation: RevocationEvidence::Der(&crls),
            ocsp: &[],
        };
        let path = TrustAnchors::new(anchors).examine(chain, Role::DocumentSigner);
        Verdict::of(&path.evaluate(&conditions))
    }
}

/// What is kept of a report: every check that did not pass, and whether there is a key.
#[derive(Debug, PartialEq)]
struct Verdict {
    failed: Vec<&'static str>,
    warned: Vec<&'static str>,
    reasons: Vec<Reason>,
    validated: bool,
}

impl Verdict {
    fn of(report: &PathReport<'_>) -> Self {
        let with = |outcome| {
            let steps = report
                .steps()
                .iter()
                .filter(move |step| step.outcome == outcome);
            steps.map(|step| step.check.id()).collect()
        };
        Self {
            failed: with(Outcome::Fail),
            warned: with(Outcome::Warning),
            reasons: report
                .steps()
                .iter()
                .filter_map(|step| step.reason.as_deref().cloned())
                .collect(),
            validated: report.validated().is_some(),
        }
    }

    #[track_caller]
    fn fails_only(&self, check: &str, reason: impl Fn(&Reason) -> bool) {
        assert_eq!(
            (self.failed.as_slice(), self.validated),
            ([check].as_slice(), false),
            "{self:?}"
        );
        assert!(self.reasons.iter().any(reason), "{self:?}");
    }

    #[track_caller]
    fn warns_only(&self, check: &str, reason: &Reason) {
        assert!(self.validated && self.failed.is_empty(), "{self:?}");
        assert_eq!(self.warned, [check], "{self:?}");
        assert!(self.reasons.contains(reason), "{self:?}");
    }

    #[track_caller]
    fn passes(&self) {
        assert!(
            self.validated && self.failed.is_empty() && self.warned.is_empty(),
            "{self:?}"
        );
    }
}

#[test]
fn a_document_signer_below_its_iaca_is_validated() {
    let scene = Scene::new();
    let region = RegionScope {
        country: Some("UT".into()),
        state: Some("UT-01".into()),
    };
    let anchors = TrustAnchors::new([scene.anchor().only_for([MDL]).only_in(region)]);
    let crl = scene.authority.crl(1, &[serial(5)]);
    let crls = [crl.as_slice()];
    let path = anchors.examine(&[&scene.ds], Role::DocumentSigner);
    let report = path.evaluate(&PathConditions {
        at: NOW,
        doc_type: Some(MDL),
        revocation: RevocationEvidence::Der(&crls),
        ocsp: &[],
    });
    for step in report.steps() {
        assert_eq!(
            (step.outcome, step.reason.as_deref()),
            (Outcome::Pass, None),
            "{}",
            step.check
        );
    }
    let validated = report.validated().expect("every check passed");
    assert_eq!(validated.key(), scene.ds_key.public_key());
    assert_eq!(
        (validated.country(), validated.state()),
        (Some("UT"), Some("UT-01"))
    );
    assert_eq!(validated.anchor().der(), scene.authority.certificate);

    let signature = scene.ds_key.sign(b"message");
    assert_eq!(
        validated.verify(Algorithm::Es256, b"message", signature.as_bytes()),
        Ok(())
    );
    assert!(matches!(
        validated.verify(Algorithm::Es384, b"message", signature.as_bytes()),
        Err(VerifyError::AlgorithmMismatch { .. })
    ));
}

#[test]
fn without_evidence_and_scope_nothing_is_claimed_about_them() {
    let scene = Scene::new();
    let path = TrustAnchors::new([scene.anchor()]).examine(&[&scene.ds], Role::DocumentSigner);
    let report = path.evaluate(&PathConditions::at(NOW));
    assert_eq!(
        report.step(PathCheck::Revocation).outcome,
        Outcome::NotChecked
    );
    assert_eq!(
        report.step(PathCheck::AnchorDocType).outcome,
        Outcome::NotApplicable
    );
    assert!(report.validated().is_some());
}

#[test]
fn a_chain_without_certificate_fails() {
    let scene = Scene::new();
    let none = scene.judge_with(&[], [scene.anchor()], NOW);
    none.fails_only("x5chain", |reason| *reason == Reason::NoCertificate);
    let junk = scene.judge(b"\x30\x03\x02\x01\x01");
    junk.fails_only("x5chain", |reason| matches!(reason, Reason::Malformed(_)));
    let mut trailing = scene.ds.clone();
    trailing.push(0);
    scene
        .judge(&trailing)
        .fails_only("x5chain", |reason| matches!(reason, Reason::Malformed(_)));
}

#[test]
fn certificates_after_the_leaf_are_ignored_with_a_warning() {
    let scene = Scene::new();
    let verdict = scene.judge_with(
        &[&scene.ds, &scene.authority.certificate],
        [scene.anchor()],
        NOW,
    );
    verdict.warns_only("x5chain", &Reason::FurtherCertificates(1));
}

#[test]
fn an_outer_algorithm_other_than_the_inner_one_fails() {
    let scene = Scene::new();
    // The inner field lies, the outer one says what was done.
    let sha384 = forge::tlv(
        0x30,
        &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
    );
    let leaf = scene
        .forge()
        .field(forge::ALGORITHM, sha384)
        .sign(&scene.authority.key);
    scene
        .judge(&leaf)
        .fails_only("ds-algorithm", |reason| *reason == Reason::AlgorithmsDiffer);
}

#[test]
fn a_signature_algorithm_outside_annex_b_fails() {
    let scene = Scene::new();
    let sha1 = forge::tlv(
        0x30,
        &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01],
    );
    let mut leaf = scene.forge().field(forge::ALGORITHM, sha1.clone());
    leaf.outer_algorithm = sha1;
    scene.judge(&leaf.sign(&scene.authority.key)).fails_only(
        "ds-algorithm",
        |reason| matches!(reason, Reason::SignatureAlgorithm(oid) if oid == "1.2.840.10045.4.1"),
    );
}

#[test]
fn a_public_key_that_is_no_point_fails() {
    let scene = Scene::new();
    let mut spki = scene.forge().fields[forge::PUBLIC_KEY].clone();
    *spki.last_mut().unwrap() ^= 1;
    let leaf = scene
        .forge()
        .field(forge::PUBLIC_KEY, spki)
        .sign(&scene.authority.key);
    scene.judge(&leaf).fails_only("ds-public-key", |reason| {
        matches!(reason, Reason::PublicKey(_))
    });
}

#[test]
fn an_unknown_issuer_is_untrusted() {
    let scene = Scene::new();
    let other = Authority::named(
        Curve::P256,
        9,
        DistinguishedName::new("Other IACA")
            .country("UT")
            .state("UT-01"),
    );
    let anchor = TrustAnchor::from_der(&other.certificate).unwrap();
    let verdict = scene.judge_with(&[&scene.ds], [anchor], NOW);
    verdict.fails_only("trust-anchor", |reason| *reason == Reason::UnknownIssuer);
}

#[test]
fn without_trust_anchors_nothing_is_trusted() {
    let scene = Scene::new();
    let verdict = scene.judge_with(&[&scene.ds], [], NOW);
    verdict.fails_only("trust-anchor", |reason| *reason == Reason::NoTrustAnchors);
}

#[test]
fn an_altered_certificate_fails_by_its_signature_alone() {
    let scene = Scene::new();
    // Another serial number, the signature of the original.
    let altered = scene
        .forge()
        .field(forge::SERIAL, forge::tlv(0x02, &[0x55; 16]));
    let mut parts = forge::children(&scene.ds);
    parts[0] = altered.tbs();
    let leaf = forge::tlv(forge::SEQUENCE, &parts.concat());
    scene.judge(&leaf).fails_only("ds-signature", |reason| {
        matches!(reason, Reason::Signature(_))
    });
}

#[test]
fn the_same_name_and_key_identifier_with_another_key_is_no_issuer() {
    let scene = Scene::new();
    let leaf = scene.forge().sign(&key(Curve::P256, 666));
    scene.judge(&leaf).fails_only("ds-signature", |reason| {
        matches!(reason, Reason::Signature(_))
    });
}

#[test]
fn an_expired_or_future_document_signer_fails() {
    let scene = Scene::new();
    let not_after = NOW + days(80);
    scene
        .judge_with(&[&scene.ds], [scene.anchor()], not_after)
        .failed
        .iter()
        .for_each(|id| assert_ne!(*id, "ds-validity"));
    // The CRL is out of date by then, which leaves the revocation undetermined and fails nothing.
    scene
        .judge_with(
            &[&scene.ds],
            [scene.anchor()],
            not_after + time::Duration::seconds(1),
        )
        .fails_only("ds-validity", |reason| {
            *reason == Reason::Expired(not_after)
        });
    let not_before = NOW - days(10);
    scene
        .judge_with(
            &[&scene.ds],
            [scene.anchor()],
            not_before - time::Duration::seconds(1),
        )
        .fails_only("ds-validity", |reason| {
            *reason == Reason::NotYetValid(not_before)
        });
}

#[test]
fn a_document_signer_valid_for_too_long_is_warned_of() {
    let scene = Scene::new();
    let times = [
        forge::tlv(0x17, b"260101000000Z"),
        forge::tlv(0x17, b"310101000000Z"),
    ]
    .concat();
    let leaf = scene
        .forge()
        .field(forge::VALIDITY, forge::tlv(0x30, &times))
        .sign(&scene.authority.key);
    scene
        .judge(&leaf)
        .warns_only("ds-validity", &Reason::ValidityTooLong { limit_days: 457 });
}

#[test]
fn an_expired_iaca_fails() {
    let scene = Scene::new();
    // An IACA of the same key and name that ended yesterday; the document signer still is valid.
    let times = [
        forge::tlv(0x17, b"250101000000Z"),
        forge::tlv(0x17, b"260531120000Z"),
    ]
    .concat();
    let expired = Forge::of(&scene.authority.certificate)
        .field(forge::VALIDITY, forge::tlv(0x30, &times))
        .sign(&scene.authority.key);
    let anchor = TrustAnchor::from_der(&expired).unwrap();
    scene
        .judge_with(&[&scene.ds], [anchor.clone()], NOW)
        .fails_only("iaca-validity", |reason| {
            matches!(reason, Reason::Expired(_))
        });
    // Renewed with the same key, the valid one is used.
    scene
        .judge_with(&[&scene.ds], [anchor, scene.anchor()], NOW)
        .passes();
}

#[test]
fn a_revoked_document_signer_fails() {
    let scene = Scene::new();
    let crl = scene.authority.crl(2, &[serial(77)]);
    let crls = [crl.as_slice()];
    let path = TrustAnchors::new([scene.anchor()]).examine(&[&scene.ds], Role::DocumentSigner);
    let report = path.evaluate(&PathConditions {
        revocation: RevocationEvidence::Der(&crls),
        ..PathConditions::at(NOW)
    });
    Verdict::of(&report).fails_only("revocation", |reason| {
        *reason == Reason::Revoked(NOW - days(2))
    });
}

#[test]
fn a_crl_of_another_issuer_leaves_revocation_undetermined() {
    let scene = Scene::new();
    let other = Authority::named(
        Curve::P256,
        9,
        DistinguishedName::new("Other IACA").country("UT"),
    );
    let crl = other.crl(2, &[serial(77)]);
    let crls = [crl.as_slice()];
    let path = TrustAnchors::new([scene.anchor()]).examine(&[&scene.ds], Role::DocumentSigner);
    let report = path.evaluate(&PathConditions {
        revocation: RevocationEvidence::Der(&crls),
        ..PathConditions::at(NOW)
    });
    assert_eq!(
        report.step(PathCheck::Revocation).outcome,
        Outcome::Undetermined
    );
    assert!(
        report.validated().is_some(),
        "what undetermined means is the policy of the caller"
    );
}

#[test]
fn key_usage_is_that_of_a_signer() {
    let scene = Scene::new();
    let judge = |forge: Forge| scene.judge(&forge.sign(&scene.authority.key));
    judge(scene.forge().without(forge::KEY_USAGE)).fails_only("ds-key-usage", |reason| {
        *reason == Reason::Absent("keyUsage")
    });
    judge(
        scene
            .forge()
            .set(forge::KEY_USAGE, true, &[0x03, 0x02, 0x06, 0x40]),
    )
    .fails_only("ds-key-usage", |reason| {
        *reason == Reason::KeyUsage("digitalSignature")
    });
    judge(scene.forge().set(forge::KEY_USAGE, true, &[0x04, 0x00]))
        .fails_only("ds-key-usage", |reason| {
            matches!(reason, Reason::MalformedExtension("keyUsage", _))
        });
    judge(
        scene
            .forge()
            .set(forge::KEY_USAGE, true, &[0x03, 0x02, 0x06, 0xc0]),
    )
    .warns_only("ds-key-usage", &Reason::FurtherKeyUsage);
    judge(
        scene
            .forge()
            .set(forge::KEY_USAGE, false, &[0x03, 0x02, 0x07, 0x80]),
    )
    .warns_only("ds-key-usage", &Reason::NotCritical("keyUsage"));
}

/// `ExtKeyUsageSyntax` of purposes 1.0.18013.5.1.x.
fn purposes(last_arcs: &[u8]) -> Vec<u8> {
    let oids: Vec<Vec<u8>> = last_arcs
        .iter()
        .map(|arc| forge::tlv(0x06, &[0x28, 0x81, 0x8c, 0x5d, 0x05, 0x01, *arc]))
        .collect();
    forge::tlv(0x30, &oids.concat())
}

#[test]
fn a_certificate_for_another_purpose_is_no_document_signer() {
    let scene = Scene::new();
    let judge = |forge: Forge| scene.judge(&forge.sign(&scene.authority.key));
    judge(
        scene
            .forge()
            .set(forge::EXTENDED_KEY_USAGE, true, &purposes(&[6])),
    )
    .fails_only("ds-extended-key-usage", |reason| {
        *reason == Reason::KeyPurpose("mdlDS")
    });
    // anyExtendedKeyUsage is not the purpose either.
    let any = forge::tlv(0x30, &forge::tlv(0x06, &[0x55, 0x1d, 0x25, 0x00]));
    judge(scene.forge().set(forge::EXTENDED_KEY_USAGE, true, &any))
        .fails_only("ds-extended-key-usage", |reason| {
            *reason == Reason::KeyPurpose("mdlDS")
        });
    judge(scene.forge().without(forge::EXTENDED_KEY_USAGE))
        .fails_only("ds-extended-key-usage", |reason| {
            *reason == Reason::Absent("extKeyUsage")
        });
    judge(
        scene
            .forge()
            .set(forge::EXTENDED_KEY_USAGE, true, &[0x30, 0x01, 0x06]),
    )
    .fails_only("ds-extended-key-usage", |reason| {
        matches!(reason, Reason::MalformedExtension(..))
    });
    judge(
        scene
            .forge()
            .set(forge::EXTENDED_KEY_USAGE, true, &purposes(&[2, 6])),
    )
    .warns_only(
        "ds-extended-key-usage",
        &Reason::FurtherKeyPurpose("1.0.18013.5.1.6".to_owned()),
    );
    judge(
        scene
            .forge()
            .set(forge::EXTENDED_KEY_USAGE, false, &purposes(&[2])),
    )
    .warns_only("ds-extended-key-usage", &Reason::NotCritical("extKeyUsage"));
}

#[test]
fn the_purpose_of_the_second_edition_may_stand_beside_the_first() {
    let scene = Scene::new();
    let unsigned = scene
        .authority
        .document_signer_profile(&scene.ds_key)
        .with_mdoc_purpose()
        .build(&serial(77))
        .unwrap();
    scene.judge(&sign(unsigned, &scene.authority.key)).passes();
}

#[test]
fn an_unknown_critical_extension_fails() {
    let scene = Scene::new();
    let judge = |forge: Forge| scene.judge(&forge.sign(&scene.authority.key));
    judge(scene.forge().set(&[0x2a, 0x03], true, &[0x05, 0x00]))
        .fails_only("ds-critical-extensions", |reason| {
            *reason == Reason::UnknownCriticalExtension("1.2.3".to_owned())
        });
    judge(scene.forge().set(&[0x2a, 0x03], false, &[0x05, 0x00])).passes();
    judge(
        scene
            .forge()
            .set(forge::ISSUER_ALT_NAME, false, &[0x05, 0x00]),
    )
    .fails_only("ds-critical-extensions", |reason| {
        matches!(reason, Reason::MalformedExtension("issuerAltName", _))
    });
}

#[test]
fn the_country_is_that_of_the_iaca() {
    let scene = Scene::new();
    let judge = |attributes: &[(&[u8], u8, &str)]| {
        let leaf = scene
            .forge()
            .field(forge::SUBJECT, forge::name(attributes))
            .sign(&scene.authority.key);
        scene.judge(&leaf)
    };
    let st = (forge::ST, forge::UTF8, "UT-01");
    judge(&[(forge::C, forge::PRINTABLE, "XX"), st]).fails_only("ds-country", |reason| {
        *reason
            == Reason::Differs {
                leaf: "XX".to_owned(),
                anchor: "UT".to_owned(),
            }
    });
    judge(&[st]).fails_only("ds-country", |reason| *reason == Reason::MissingInLeaf);
    let c = (forge::C, forge::PRINTABLE, "UT");
    judge(&[c, c, st]).fails_only("ds-country", |reason| *reason == Reason::Ambiguous);
    judge(&[(forge::C, forge::UTF8, "UT"), st])
        .warns_only("ds-country", &Reason::NotPrintableString);
}

#[test]
fn the_state_is_that_of_the_iaca_if_both_have_one() {
    let scene = Scene::new();
    let judge = |attributes: &[(&[u8], u8, &str)]| {
        let leaf = scene
            .forge()
            .field(forge::SUBJECT, forge::name(attributes))
            .sign(&scene.authority.key);
        scene.judge(&leaf)
    };
    let c = (forge::C, forge::PRINTABLE, "UT");
    judge(&[c, (forge::ST, forge::UTF8, "UT-02")]).fails_only("ds-state", |reason| {
        matches!(reason, Reason::Differs { .. })
    });
    judge(&[c, (forge::ST, forge::PRINTABLE, "UT-01")]).passes();
    judge(&[c]).warns_only("ds-state", &Reason::MissingInLeaf);
}

#[test]
fn only_the_document_signer_may_have_a_state() {
    let name = || DistinguishedName::new("Utopia IACA").country("UT");
    let authority = Authority::named(Curve::P256, 1, name());
    let scene = Scene {
        ds_key: key(Curve::P256, 2),
        ds: authority.document_signer(&key(Curve::P256, 2)),
        authority,
    };
    scene.judge(&scene.ds).passes();
    let subject = forge::name(&[
        (forge::C, forge::PRINTABLE, "UT"),
        (forge::ST, forge::UTF8, "UT-02"),
    ]);
    let leaf = scene
        .forge()
        .field(forge::SUBJECT, subject)
        .sign(&scene.authority.key);
    let verdict = scene.judge(&leaf);
    verdict.passes();
    assert_eq!(verdict.reasons, [Reason::MissingInAnchor]);
}

#[test]
fn an_intermediate_authority_exceeds_the_path_length() {
    let scene = Scene::new();
    let intermediate_key = key(Curve::P256, 3);
    let name = DistinguishedName::new("Intermediate")
        .country("UT")
        .state("UT-01");
    let own = sign(
        iaca_profile(&intermediate_key, name)
            .build(&serial(3))
            .unwrap(),
        &intermediate_key,
    );
    let issuer = Forge::of(&scene.authority.certificate).fields[forge::ISSUER].clone();
    let intermediate = Forge::of(&own)
        .field(forge::ISSUER, issuer)
        .sign(&scene.authority.key);
    let subject = Forge::of(&own).fields[forge::SUBJECT].clone();
    let leaf = scene
        .forge()
        .field(forge::ISSUER, subject)
        .sign(&intermediate_key);
    let verdict = scene.judge_with(&[&leaf, &intermediate], [scene.anchor()], NOW);
    verdict.fails_only("path-length", |reason| *reason == Reason::Intermediate);
    // Without it in the chain nobody knows the issuer.
    scene
        .judge(&leaf)
        .fails_only("trust-anchor", |reason| *reason == Reason::UnknownIssuer);
}

#[test]
fn a_certificate_authority_is_no_document_signer() {
    let scene = Scene::new();
    let judge = |value: &[u8]| {
        scene.judge(
            &scene
                .forge()
                .set(forge::BASIC_CONSTRAINTS, true, value)
                .sign(&scene.authority.key),
        )
    };
    judge(&[0x30, 0x03, 0x01, 0x01, 0xff])
        .fails_only("ds-not-ca", |reason| *reason == Reason::IsCa);
    judge(&[0x05, 0x00]).fails_only("ds-not-ca", |reason| {
        matches!(reason, Reason::MalformedExtension(..))
    });
    judge(&[0x30, 0x00]).passes();
}

#[test]
fn an_iaca_is_no_document_signer_of_its_own() {
    let scene = Scene::new();
    let verdict = scene.judge(&scene.authority.certificate);
    assert!(!verdict.validated);
    assert!(
        verdict.reasons.contains(&Reason::LeafIsAnchor),
        "{verdict:?}"
    );
    for check in [
        "path-length",
        "ds-not-ca",
        "ds-key-usage",
        "ds-extended-key-usage",
    ] {
        assert!(verdict.failed.contains(&check), "{verdict:?}");
    }
}

#[test]
fn an_anchor_without_authority_fails_by_its_profile() {
    let scene = Scene::new();
    let anchor = |forge: Forge| TrustAnchor::from_der(&forge.sign(&scene.authority.key)).unwrap();
    let root = || Forge::of(&scene.authority.certificate);
    let judge = |forge: Forge| scene.judge_with(&[&scene.ds], [anchor(forge)], NOW);
    judge(root().without(forge::BASIC_CONSTRAINTS)).fails_only("iaca-profile", |reason| {
        *reason == Reason::Anchor(AnchorDeviation::NotCa)
    });
    // cRLSign alone.
    judge(root().set(forge::KEY_USAGE, true, &[0x03, 0x02, 0x01, 0x02]))
        .fails_only("iaca-profile", |reason| {
            *reason == Reason::Anchor(AnchorDeviation::NoKeyCertSign)
        });
    judge(root().set(&[0x2a, 0x03], true, &[0x05, 0x00]))
        .fails_only("iaca-profile", |reason| matches!(reason, Reason::Anchor(_)));
    // pathLen 1.
    judge(root().set(
        forge::BASIC_CONSTRAINTS,
        true,
        &[0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x01],
    ))
    .warns_only("iaca-profile", &Reason::Anchor(AnchorDeviation::PathLength));
    judge(root().without(forge::ISSUER_ALT_NAME)).warns_only(
        "iaca-profile",
        &Reason::Anchor(AnchorDeviation::NoIssuerAltName),
    );
    judge(root().set(forge::KEY_USAGE, false, &[0x03, 0x02, 0x01, 0x06])).warns_only(
        "iaca-profile",
        &Reason::Anchor(AnchorDeviation::KeyUsageNotCritical),
    );
}

#[test]
fn a_prohibited_extension_fails() {
    let scene = Scene::new();
    for (oid, critical) in [
        (forge::NAME_CONSTRAINTS, true),
        (&[0x55, 0x1d, 0x2e], false),
    ] {
        let leaf = scene
            .forge()
            .set(oid, critical, &[0x30, 0x00])
            .sign(&scene.authority.key);
        scene
            .judge(&leaf)
            .fails_only("ds-prohibited-extensions", |reason| {
                matches!(reason, Reason::Prohibited(_))
            });
    }
}

#[test]
fn an_anchor_for_another_document_type_fails() {
    let scene = Scene::new();
    let narrow = scene.anchor().only_for(["org.iso.23220.photoid.1"]);
    scene
        .judge_with(&[&scene.ds], [narrow.clone()], NOW)
        .fails_only("anchor-doc-type", |reason| {
            *reason == Reason::DocType(MDL.to_owned())
        });
    // Another source trusts the same certificate for it.
    scene
        .judge_with(&[&scene.ds], [narrow, scene.anchor()], NOW)
        .passes();
}

#[test]
fn an_anchor_for_another_region_fails() {
    let scene = Scene::new();
    for (country, state) in [
        (Some("AT"), None),
        (None, Some("UT-02")),
        (Some("UT"), Some("UT-02")),
    ] {
        let region = RegionScope {
            country: country.map(str::to_owned),
            state: state.map(str::to_owned),
        };
        let narrow = scene.anchor().only_in(region);
        scene
            .judge_with(&[&scene.ds], [narrow.clone()], NOW)
            .fails_only("anchor-region", |reason| *reason == Reason::Region);
        // Another source trusts the same certificate for it.
        scene
            .judge_with(&[&scene.ds], [narrow, scene.anchor()], NOW)
            .passes();
    }
}

#[test]
fn of_two_anchors_with_one_name_the_one_that_signed_is_used() {
    let scene = Scene::new();
    for seed in 10..14 {
        let re_keyed = Authority::named(Curve::P384, seed, iaca_name());
        let anchor = TrustAnchor::from_der(&re_keyed.certificate).unwrap();
        scene
            .judge_with(&[&scene.ds], [anchor, scene.anchor()], NOW)
            .passes();
    }
}

#[test]
fn a_key_identifier_that_misleads_is_warned_of() {
    let scene = Scene::new();
    let judge = |forge: Forge| {
        let re_keyed = Authority::named(Curve::P256, 10, iaca_name());
        let decoy = TrustAnchor::from_der(&re_keyed.certificate).unwrap();
        scene.judge_with(
            &[&forge.sign(&scene.authority.key)],
            [decoy, scene.anchor()],
            NOW,
        )
    };
    let decoy_identifier = Authority::named(Curve::P256, 10, iaca_name())
        .issuer
        .key_identifier()
        .to_vec();
    let misleading = forge::tlv(0x30, &forge::tlv(0x80, &decoy_identifier));
    judge(
        scene
            .forge()
            .set(forge::AUTHORITY_KEY_IDENTIFIER, false, &misleading),
    )
    .warns_only("trust-anchor", &Reason::AuthorityKeyIdentifier);
    judge(scene.forge().without(forge::AUTHORITY_KEY_IDENTIFIER))
        .warns_only("trust-anchor", &Reason::NoAuthorityKeyIdentifier);
}

#[test]
fn a_cached_path_is_judged_anew() {
    let scene = Scene::new();
    let anchors = TrustAnchors::new([scene.anchor()]);
    let mut cache = PathCache::new(8);
    let path = cache.examine(&anchors, &[&scene.ds], Role::DocumentSigner);
    assert!(
        path.evaluate(&PathConditions::at(NOW))
            .validated()
            .is_some()
    );
    let again = cache.examine(&anchors, &[&scene.ds], Role::DocumentSigner);
    assert!(std::sync::Arc::ptr_eq(&path, &again));

    let late = again.evaluate(&PathConditions::at(NOW + days(81)));
    Verdict::of(&late).fails_only("ds-validity", |reason| matches!(reason, Reason::Expired(_)));
    let crl = scene.authority.crl(2, &[serial(77)]);
    let crls = [crl.as_slice()];
    let revoked = again.evaluate(&PathConditions {
        revocation: RevocationEvidence::Der(&crls),
        ..PathConditions::at(NOW)
    });
    Verdict::of(&revoked).fails_only("revocation", |reason| matches!(reason, Reason::Revoked(_)));
}

#[test]
fn the_cache_knows_trust_lists_roles_and_strangers_apart() {
    let scene = Scene::new();
    let anchors = TrustAnchors::new([scene.anchor()]);
    let mut cache = PathCache::new(8);
    cache.examine(&anchors, &[&scene.ds], Role::DocumentSigner);

    let narrow = TrustAnchors::new([scene.anchor().only_for(["other"])]);
    assert_ne!(anchors.id(), narrow.id());
    let path = cache.examine(&narrow, &[&scene.ds], Role::DocumentSigner);
    let report = path.evaluate(&PathConditions {
        doc_type: Some(MDL),
        ..PathConditions::at(NOW)
    });
    Verdict::of(&report).fails_only("anchor-doc-type", |_| true);

    let nobody = TrustAnchors::new([]);
    let path = cache.examine(&nobody, &[&scene.ds], Role::DocumentSigner);
    assert!(
        path.evaluate(&PathConditions::at(NOW))
            .validated()
            .is_none()
    );
    let path = cache.examine(&anchors, &[&scene.ds], Role::ReaderAuthentication);
    Verdict::of(&path.evaluate(&PathConditions::at(NOW)))
        .fails_only("ds-extended-key-usage", |reason| {
            *reason == Reason::KeyPurpose("mdlReaderAuth")
        });

    // Three signatures verified; the path without anchors is not kept.
    assert_eq!(cache.len(), 3);
}

#[test]
fn a_serial_number_of_the_profile_is_found_on_the_list() {
    let scene = Scene::new();
    for bytes in [&[0x01][..], &[0x80], &[0x7f; 20]] {
        let number = SerialNumber::from_be_bytes(bytes).unwrap();
        let unsigned = scene
            .authority
            .document_signer_profile(&scene.ds_key)
            .build(&number)
            .unwrap();
        let leaf = sign(unsigned, &scene.authority.key);
        let crl = scene.authority.crl(2, &[serial(1), number, serial(2)]);
        let crls = [crl.as_slice()];
        let path = TrustAnchors::new([scene.anchor()]).examine(&[&leaf], Role::DocumentSigner);
        let report = path.evaluate(&PathConditions {
            revocation: RevocationEvidence::Der(&crls),
            ..PathConditions::at(NOW)
        });
        assert_eq!(report.step(PathCheck::Revocation).outcome, Outcome::Fail);
    }
}

#[test]
fn a_document_signer_that_outlives_its_iaca_is_not_built() {
    let authority = Authority::new(Curve::P256);
    let validity = Validity::days(authority.issuer.not_after() - days(5), 10).unwrap();
    let name = DistinguishedName::new("Utopia DS");
    let profile = mdl_iaca::profile::DocumentSignerProfile::new(
        &authority.issuer,
        key(Curve::P256, 2).public_key().clone(),
        name,
        validity,
        authority::CRL_URI,
    );
    assert!(matches!(
        profile.build(&serial(1)),
        Err(mdl_iaca::profile::ProfileError::OutlivesIssuer { .. })
    ));
}

#[test]
fn each_role_is_validated_by_its_own_rules() {
    let authority = Authority::new(Curve::P256);
    let anchors =
        TrustAnchors::new([TrustAnchor::from_der(&authority.certificate).expect("an IACA")]);
    let issuer = &authority.issuer;
    let leaf_key = key(Curve::P256, 2);
    let public = || leaf_key.public_key().clone();
    // Another country and state than the authority's: no concern of most roles.
    let name = || {
        DistinguishedName::new("Leaf")
            .country("XX")
            .state("XX-1")
            .organization("Org")
    };
    let validity = Validity::days(NOW, 1187).expect("a validity");
    let short = Validity::days(NOW, 90).expect("a validity");
    let leaves = [
        (
            Role::DocumentSigner,
            authority
                .document_signer_profile(&leaf_key)
                .build(&serial(1)),
        ),
        (
            Role::ReaderAuthentication,
            ReaderAuthenticationProfile::new(
                issuer,
                public(),
                name(),
                validity,
                authority::CRL_URI,
            )
            .build(&serial(2)),
        ),
        (
            Role::OcspSigner,
            OcspSignerProfile::without_check(
                issuer,
                public(),
                DistinguishedName::new("OCSP"),
                short,
            )
            .build(&serial(3)),
        ),
        (
            Role::MsoRevocationListSigner,
            MsoRevocationListSignerProfile::new(issuer, public(), name(), validity)
                .build(&serial(4)),
        ),
        (
            Role::VicalSigner,
            VicalSignerProfile::new(issuer, public(), name(), validity, authority::CRL_URI)
                .build(&serial(5)),
        ),
    ];
    let leaves = leaves.map(|(role, unsigned)| {
        (
            role,
            sign(unsigned.expect("within the profile"), &authority.key),
        )
    });
    for (own_role, leaf) in &leaves {
        for (role, _) in &leaves {
            let path = anchors.examine(&[leaf], *role);
            let verdict = Verdict::of(&path.evaluate(&PathConditions::at(NOW)));
            if own_role == role {
                verdict.passes();
            } else {
                assert!(!verdict.validated, "{own_role:?} as {role:?}");
                assert!(
                    verdict.failed.contains(&"ds-extended-key-usage"),
                    "{own_role:?} as {role:?}"
                );
            }
        }
    }
}

#[test]
fn edwards_keys_are_for_document_signers_and_readers() {
    let scene = Scene::new();
    let leaf = scene.authority.document_signer(&key(Curve::Ed25519, 4));
    let anchors = TrustAnchors::new([scene.anchor()]);
    let outcome = |role| {
        let path = anchors.examine(&[&leaf], role);
        let step = path
            .evaluate(&PathConditions::at(NOW))
            .step(PathCheck::DsPublicKey)
            .clone();
        (step.outcome, step.reason.map(|reason| *reason))
    };
    assert_eq!(outcome(Role::DocumentSigner), (Outcome::Pass, None));
    assert_eq!(outcome(Role::ReaderAuthentication), (Outcome::Pass, None));
    let refused = (Outcome::Fail, Some(Reason::Curve("Ed25519")));
    assert_eq!(outcome(Role::OcspSigner), refused);
    assert_eq!(outcome(Role::MsoRevocationListSigner), refused);
}
