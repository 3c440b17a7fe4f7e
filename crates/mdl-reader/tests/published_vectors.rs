//! Documents of other issuers, read from the folder `shared/vectors` beside the checkout. Where that folder is absent
//! the tests say so and pass.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_mdoc::tdate::TDate;
use mdl_reader::vical::Vical;
use mdl_reader::{CheckId, Conditions, Outcome, Policy, Report, Session, Verdict, Verifier};
use serde_json::Value as Json;
use time::OffsetDateTime;

fn vectors(file: &str) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors")
        .join(file);
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).unwrap(),
        Err(_) => {
            eprintln!("skipped: {file} of the published vectors is not beside this checkout");
            Vec::new()
        }
    }
}

fn vector<'v>(vectors: &'v [Json], id: &str) -> &'v Json {
    vectors
        .iter()
        .find(|vector| vector["id"] == id)
        .unwrap_or_else(|| panic!("no vector {id}"))
}

fn bytes(value: &Json) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn time_of(vector: &Json) -> OffsetDateTime {
    TDate::parse(vector["validation_time"].as_str().unwrap())
        .unwrap()
        .time
}

fn outcome(report: &Report<'_>, id: CheckId) -> Outcome {
    report.documents()[0].check(id).unwrap().outcome
}

fn failures(report: &Report<'_>) -> Vec<&'static str> {
    report.failures().map(|check| check.id.id()).collect()
}

#[test]
fn annex_d_response_is_valid_in_its_time_and_with_its_iaca_only() {
    let annex_d = vectors("annex_d.json");
    for vector_json in annex_d.iter().filter(|vector| {
        vector["id"]
            .as_str()
            .unwrap()
            .starts_with("annexd-device-response")
    }) {
        let original = vector(&annex_d, "annexd-device-response");
        let response = bytes(&original["cbor_hex"]);
        let transcript =
            bytes(&vector(&annex_d, "annexd-session-transcript")["session_transcript_hex"]);
        let transcript = SessionTranscript::from_bytes(transcript, &Limits::DEFAULT).unwrap();
        let reader_key = &vector(&annex_d, "annexd-key-ephemeral-reader")["d_hex"];
        let reader_key = PrivateKey::from_scalar(Curve::P256, &bytes(reader_key)).unwrap();
        let iaca = vector_json["trusted_iaca"]
            .as_str()
            .unwrap_or("annexd-cert-iaca");
        let iaca = TrustAnchor::from_der(&bytes(&vector(&annex_d, iaca)["der_hex"])).unwrap();
        let verifier = Verifier::new(TrustAnchors::new([iaca]));
        let session = Session::Device {
            transcript: &transcript,
            reader_key: Some(&reader_key),
        };
        let report = verifier.verify(&response, &Conditions::new(time_of(vector_json), session));
        let valid = vector_json["expected"]["outcome"] == "valid";
        assert_eq!(
            report.verdict() == Verdict::Valid,
            valid,
            "{}: {:?}",
            vector_json["id"],
            failures(&report)
        );
        assert_eq!(report.verified(0).is_some(), valid);
        if valid {
            assert_eq!(outcome(&report, CheckId::MsoOutlivesDs), Outcome::Warning);
            let document = report.verified(0).unwrap();
            let names: Vec<_> = document
                .elements()
                .map(|(_, identifier, _)| identifier)
                .collect();
            let expected = vector_json["expected"]["elements"]["org.iso.18013.5.1"]
                .as_object()
                .unwrap();
            assert_eq!(names, expected.keys().collect::<Vec<_>>());
            let undisclosed: Vec<_> = document.undisclosed().collect();
            assert_eq!(
                undisclosed,
                [("org.iso.18013.5.1", 7), ("org.iso.18013.5.1.US", 4)]
            );
        }
        let without_key = Session::Device {
            transcript: &transcript,
            reader_key: None,
        };
        let report = verifier.verify(
            &response,
            &Conditions::new(time_of(vector_json), without_key),
        );
        assert!(failures(&report).contains(&"reader-key"));
    }
}

#[test]
fn documents_of_other_issuers_get_the_expected_outcome_and_parts() {
    for vector in vectors("issuers.json") {
        let id = vector["id"].as_str().unwrap();
        let expected = &vector["expected"];
        let anchors = vector["trusted_iaca_pem"]
            .as_str()
            .map(|pem| TrustAnchor::from_der(&pem_to_der(pem)).unwrap());
        let verifier = Verifier::new(TrustAnchors::new(anchors));
        if let Some(encoded) = vector["issuer_signed_base64"].as_str() {
            let bytes = decode_base64(encoded);
            let report = verifier
                .verify_issuer_signed(&bytes, &Conditions::new(time_of(&vector), Session::Static));
            assert_eq!(
                report.verdict(),
                Verdict::Untrusted,
                "{id}: {:?}",
                failures(&report)
            );
            assert_eq!(
                outcome(&report, CheckId::IssuerSignature),
                Outcome::Pass,
                "{id}"
            );
            assert_eq!(
                outcome(&report, CheckId::ValueDigest),
                Outcome::Pass,
                "{id}"
            );
            continue;
        }
        let response = decode_base64(vector["device_response_base64"].as_str().unwrap());
        let transcript = SessionTranscript::from_bytes(
            bytes(&vector["session_transcript_hex"]),
            &Limits::DEFAULT,
        )
        .unwrap();
        let session = Session::Device {
            transcript: &transcript,
            reader_key: None,
        };
        let report = verifier.verify(&response, &Conditions::new(time_of(&vector), session));
        let valid = expected["outcome"] == "valid";
        assert_eq!(
            report.verdict() == Verdict::Valid,
            valid,
            "{id}: {:?}",
            failures(&report)
        );
        assert_eq!(
            outcome(&report, CheckId::IssuerSignature),
            Outcome::Pass,
            "{id}"
        );
        let digests_fit = expected["digest_mismatches"].as_array().unwrap().is_empty();
        assert_eq!(
            outcome(&report, CheckId::ValueDigest) == Outcome::Pass,
            digests_fit,
            "{id}"
        );
        let device_auth = [CheckId::DeviceAuthentication, CheckId::DeviceAuthPayload]
            .iter()
            .all(|check| outcome(&report, *check) == Outcome::Pass);
        assert_eq!(
            device_auth,
            expected["device_auth_valid"].as_bool().unwrap(),
            "{id}"
        );
        for note in expected["notes"].as_array().into_iter().flatten() {
            match note.as_str().unwrap() {
                "mso-outlives-ds" => {
                    assert_eq!(outcome(&report, CheckId::MsoOutlivesDs), Outcome::Warning)
                }
                "non-shortest" => assert!(
                    report
                        .deviations()
                        .iter()
                        .any(|d| d.kind.id() == "cbor-non-shortest")
                ),
                other => panic!("a new note: {other}"),
            }
        }
        let strict = verifier.clone().with_policy(Policy::Strict);
        let report = strict.verify(&response, &Conditions::new(time_of(&vector), session));
        assert_ne!(
            report.verdict(),
            Verdict::Valid,
            "{id}: none of them is without a deviation"
        );
    }
}

#[test]
fn the_aamva_vical_verifies_until_its_signer_expires_and_below_its_root_only() {
    let vicals = vectors("vical.json");
    let annex_d = vectors("annex_d.json");
    for case in vicals
        .iter()
        .filter(|vector| vector["trust_anchor"].is_string())
    {
        let id = case["id"].as_str().unwrap();
        let encoded = decode_base64(
            vector(&vicals, "vical-aamva-2025-11-18")["vical_base64"]
                .as_str()
                .unwrap(),
        );
        let root = match case["trust_anchor"].as_str().unwrap() {
            "vical-aamva-root" => {
                pem_to_der(vector(&vicals, "vical-aamva-root")["pem"].as_str().unwrap())
            }
            other => bytes(&vector(&annex_d, other)["der_hex"]),
        };
        let root = TrustAnchor::from_der(&root).unwrap();
        let result = Vical::verify(&encoded, &root, time_of(case), &Limits::DEFAULT);
        let expected = &case["expected"];
        assert_eq!(
            result.is_ok(),
            expected["outcome"] == "valid",
            "{id}: {result:?}"
        );
        let Ok(vical) = result else { continue };
        assert_eq!(vical.provider, expected["provider"].as_str().unwrap());
        assert_eq!(vical.issue_id, expected["vical_issue_id"].as_u64());
        assert!(
            vical.is_due(time_of(case)),
            "nextUpdate is a day after issue"
        );
        assert!(vical.unusable.is_empty(), "{:?}", vical.unusable);
        // Key identifiers wrapped twice, members in capital letters, the state AK, the root in the chain; and six
        // entries whose validity is that of the certificate in another time zone.
        let mut counts = std::collections::BTreeMap::new();
        for deviation in &vical.deviations {
            *counts.entry(deviation.id()).or_insert(0) += 1;
        }
        assert_eq!(
            counts.into_iter().collect::<Vec<_>>(),
            [
                ("vical-entry-differs", 12),
                ("vical-entry-ski", 14),
                ("vical-entry-spelling", 15),
                ("vical-entry-state", 1),
                ("vical-x5chain", 1),
            ]
        );
        let fingerprints: Vec<_> = vical
            .trust_anchors
            .iter()
            .map(|anchor| hex::encode(anchor.fingerprint()))
            .collect();
        let listed: Vec<_> = expected["certificates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|certificate| certificate["sha256_fingerprint_hex"].as_str().unwrap())
            .collect();
        assert_eq!(fingerprints, listed);
        let mdl_only = vical.trust_anchors.iter().all(|anchor| {
            anchor.scope().contains("org.iso.18013.5.1.mDL") && !anchor.scope().contains("other")
        });
        assert!(mdl_only);

        let mut altered = encoded.clone();
        let at = altered.len() - 200;
        altered[at] ^= 1;
        assert!(Vical::verify(&altered, &root, time_of(case), &Limits::DEFAULT).is_err());
    }
}

fn pem_to_der(pem: &str) -> Vec<u8> {
    decode_base64(
        &pem.lines()
            .filter(|line| !line.starts_with("-----"))
            .collect::<String>(),
    )
}

/// Standard base64, for test data only.
fn decode_base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0u32;
    let mut count = 0;
    let mut bytes = Vec::new();
    for character in text.bytes().filter(|character| *character != b'=') {
        bits = bits << 6 | alphabet.iter().position(|c| *c == character).unwrap() as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}
