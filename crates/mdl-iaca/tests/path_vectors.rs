//! Document signers of other projects, from the shared vector folder where it is present.

mod shared_vectors;

use mdl_iaca::path::{Outcome, PathCheck, PathConditions, Role};
use mdl_iaca::trust_anchor::{AnchorDeviation, AnchorSource, TrustAnchor, TrustAnchors};
use shared_vectors::{certificate, load, pem, vical, vical_roots};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

#[test]
fn paths_of_other_projects_come_out_as_expected() {
    let Some(vectors) = load("certificate_paths.json") else {
        return;
    };
    assert!(vectors.len() >= 6);
    for vector in vectors {
        let id = vector["id"].as_str().expect("an id");
        let chain: Vec<Vec<u8>> = vector["chain_pem"]
            .as_array()
            .expect("a chain")
            .iter()
            .map(pem)
            .collect();
        let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        let anchor = TrustAnchor::from_der(&pem(&vector["trusted_iaca_pem"])).expect("an anchor");
        let at = vector["validation_time"].as_str().expect("a time");
        let at = OffsetDateTime::parse(at, &Rfc3339).expect("RFC 3339");

        let path = TrustAnchors::new([anchor]).examine(&chain, Role::DocumentSigner);
        let report = path.evaluate(&PathConditions::at(at));
        let failed: Vec<_> = report.failures().map(|step| step.check.id()).collect();
        let expected: &[&str] = match id {
            "path-isomdl-ds" | "path-multipaz-p384" => &[],
            "path-isomdl-ds-expired" => &["ds-validity", "iaca-validity"],
            // Its leaf is a certificate authority as well.
            "path-isomdl-intermediate" => &["path-length", "ds-not-ca"],
            // The vector leaves it open; a certificate authority is refused here.
            "path-isomdl-ds-is-ca" => &["ds-not-ca"],
            "path-multipaz-wrong-anchor" => &["trust-anchor", "ds-validity"],
            other => panic!("unknown vector {other}"),
        };
        let outcome = vector["expected"]["outcome"].as_str();
        assert_eq!(failed, expected, "{id}: {:?}", report.steps());
        match outcome {
            Some("valid") => assert!(report.validated().is_some(), "{id}"),
            Some("invalid") => assert!(report.validated().is_none(), "{id}"),
            other => assert_eq!(other, Some("either"), "{id}"),
        }
    }
}

#[test]
fn every_root_of_the_vical_becomes_an_anchor() {
    let Some(vectors) = load("vical.json") else {
        return;
    };
    let roots = vical_roots(&vical(&vectors).0);
    assert_eq!(roots.len(), 14);
    let anchors: Vec<TrustAnchor> = roots
        .iter()
        .map(|der| {
            let source = AnchorSource::Vical {
                provider: "AAMVA".to_owned(),
                issue_id: None,
            };
            TrustAnchor::from_der(der)
                .expect("a real root")
                .with_source(source)
        })
        .collect();
    for anchor in &anchors {
        let fatal: Vec<_> = anchor
            .deviations()
            .iter()
            .filter(|deviation| deviation.is_fatal())
            .collect();
        assert_eq!(
            fatal,
            Vec::<&AnchorDeviation>::new(),
            "{:?}",
            anchor.state()
        );
        assert_eq!(anchor.country(), Some("US"));
    }
    let list = TrustAnchors::new(anchors);
    assert_eq!(list.len(), 14);
    // None of them is a document signer.
    for der in &roots {
        let report = list.examine(&[der], Role::DocumentSigner);
        let report = report.evaluate(&PathConditions::at(OffsetDateTime::UNIX_EPOCH));
        assert_eq!(report.step(PathCheck::PathLength).outcome, Outcome::Fail);
        assert!(report.validated().is_none());
    }
}

#[test]
fn the_signer_of_the_vical_validates_below_its_issuer() {
    let Some(vectors) = load("vical.json") else {
        return;
    };
    let (_, chain) = vical(&vectors);
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let issuer = certificate(&vectors, "vical-aamva-intermediate");
    let anchors = TrustAnchors::new([TrustAnchor::from_der(&issuer).expect("an anchor")]);
    let path = anchors.examine(&chain, Role::VicalSigner);
    let report = path.evaluate(&PathConditions::at(datetime!(2025-12-01 0:00 UTC)));
    assert!(report.validated().is_some(), "{:?}", report.steps());

    let late = path.evaluate(&PathConditions::at(datetime!(2026-06-15 12:00 UTC)));
    let failed: Vec<_> = late.failures().map(|step| step.check).collect();
    assert_eq!(failed, [PathCheck::DsValidity]);

    let as_document_signer = anchors.examine(&chain[..1], Role::DocumentSigner);
    let report = as_document_signer.evaluate(&PathConditions::at(datetime!(2025-12-01 0:00 UTC)));
    assert_eq!(
        report.step(PathCheck::DsExtendedKeyUsage).outcome,
        Outcome::Fail
    );
    assert!(report.validated().is_none());
}
