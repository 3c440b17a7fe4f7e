//! The vectors of `testvectors/` through the owned interface: the same verdicts, the same report, and values of what is
//! valid only.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use base64ct::{Base64, Encoding};
use mdl_verifier::{
    CheckOutcome, Conditions, InputError, InputKind, Outcome, Policy, ReaderKey, Session,
    TrustedCertificate, Verdict, Verification, Verifier,
};
use serde_json::Value as Json;

const AT: i64 = 1_781_524_800;

fn bytes(value: &Json) -> Vec<u8> {
    Base64::decode_vec(value.as_str().unwrap()).unwrap()
}

fn texts(value: &Json) -> Vec<&str> {
    let list = value.as_array().into_iter().flatten();
    let mut texts: Vec<_> = list.map(|text| text.as_str().unwrap()).collect();
    texts.sort_unstable();
    texts
}

fn byte_strings(value: &Json) -> Vec<Vec<u8>> {
    value.as_array().into_iter().flatten().map(bytes).collect()
}

fn verify(test: &Json) -> Verification {
    let trusted: Vec<_> = test["iaca"]
        .as_array()
        .unwrap()
        .iter()
        .map(|anchor| TrustedCertificate {
            certificate: bytes(&anchor["certificate"]),
            doc_types: anchor
                .get("doc_types")
                .map(|doc_types| texts(doc_types).into_iter().map(str::to_owned).collect()),
            country: anchor["country"].as_str().map(str::to_owned),
            state: anchor["state"].as_str().map(str::to_owned),
        })
        .collect();
    let policy = match test["policy"].as_str().unwrap() {
        "strict" => Policy::Strict,
        "interop" => Policy::Interop,
        _ => Policy::Iso,
    };
    let session = match test.get("session_transcript") {
        Some(session_transcript) => Session::Transcript {
            session_transcript: bytes(session_transcript),
            reader_key: test
                .get("reader_key")
                .map(|key| ReaderKey::from_pkcs8(&bytes(key)).unwrap()),
        },
        None => Session::Static,
    };
    let at = test["at"].as_str().unwrap();
    let at = time::OffsetDateTime::parse(at, &time::format_description::well_known::Rfc3339);
    let conditions = Conditions {
        doc_type: test["doc_type"].as_str().map(str::to_owned),
        crls: byte_strings(&test["crls"]),
        status_tokens: byte_strings(&test["status_tokens"]),
        require_revocation: test["require_revocation"] == true,
        ..Conditions::new(at.unwrap().unix_timestamp(), session)
    };
    let verifier = Verifier::new(&trusted, policy).unwrap();
    let input = bytes(&test["input"]);
    match test["kind"].as_str().unwrap() {
        "issuer-signed" => verifier.verify_issuer_signed(&input, &conditions).unwrap(),
        _ => verifier.verify(&input, &conditions).unwrap(),
    }
}

fn with_outcome(verification: &Verification, outcome: Outcome) -> Vec<&str> {
    let documents = verification.documents().iter();
    let checks = documents.flat_map(|document| &document.checks);
    let mut ids: Vec<_> = verification
        .checks()
        .iter()
        .chain(checks)
        .filter(|check| check.outcome == outcome)
        .map(|CheckOutcome { id, .. }| id.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[test]
fn every_vector_has_its_outcome_and_gives_out_values_only_if_it_is_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testvectors");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json")
            || path.ends_with("schema.json")
        {
            continue;
        }
        let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for test in file["tests"].as_array().unwrap() {
            let id = &test["id"];
            let verification = verify(test);
            let valid = test["result"] == "valid";
            assert_eq!(verification.verdict() == Verdict::Valid, valid, "{id}");
            let failed = with_outcome(&verification, Outcome::Fail);
            assert_eq!(failed, texts(&test["checks"]), "{id}");
            let warnings = with_outcome(&verification, Outcome::Warning);
            assert_eq!(warnings, texts(&test["warnings"]), "{id}");
            match verification.verified() {
                Ok(documents) => {
                    assert!(valid, "{id}");
                    assert_eq!(documents.len(), verification.documents().len(), "{id}");
                    let is_issuer_signed = InputKind::of(&bytes(&test["input"]));
                    let expected = match test["kind"].as_str().unwrap() {
                        "issuer-signed" => InputKind::IssuerSigned,
                        _ => InputKind::DeviceResponse,
                    };
                    assert_eq!(is_issuer_signed, expected, "{id}");
                }
                Err(refused) => {
                    assert!(!valid, "{id}");
                    assert_eq!(refused.verdict, verification.verdict(), "{id}");
                }
            }
            // One that is valid beside one that is not may be had, by its number only.
            for (index, document) in verification.documents().iter().enumerate() {
                let given_out = verification.verified_document(index).is_ok();
                let response_failed = verification
                    .checks()
                    .iter()
                    .any(|check| check.outcome == Outcome::Fail);
                let expected = document.verdict == Verdict::Valid && !response_failed;
                assert_eq!(given_out, expected, "{id}");
            }
            count += 1;
        }
    }
    assert!(count >= 150, "{count} tests");
}

#[test]
fn arguments_that_cannot_be_used_are_errors_that_say_which() {
    let trusted = |certificate: &[u8]| TrustedCertificate {
        certificate: certificate.to_vec(),
        doc_types: None,
        country: None,
        state: None,
    };
    let error = Verifier::new(&[trusted(b"no certificate")], Policy::Iso).unwrap_err();
    assert!(matches!(error, InputError::Certificate { index: 0, .. }));
    assert!(error.message().starts_with("trusted certificate 0: "));
    let verifier = Verifier::new(&[], Policy::Iso).unwrap();
    let refused = |at, session| verifier.verify(&[0xa0], &Conditions::new(at, session));
    let transcript = |session_transcript: &[u8]| Session::Transcript {
        session_transcript: session_transcript.to_vec(),
        reader_key: None,
    };
    let error = refused(AT, transcript(&[0x82, 0xf6, 0xf6])).unwrap_err();
    assert!(matches!(error, InputError::SessionTranscript(_)));
    assert!(refused(AT, transcript(&[0x83, 0xf6, 0xf6, 0xf6])).is_ok());
    let thumbprint = Session::OpenId4VpDcApi {
        origin: "https://example.com".into(),
        nonce: "nonce".into(),
        jwk_thumbprint: Some(vec![0; 31]),
    };
    let error = refused(AT, thumbprint).unwrap_err();
    assert_eq!(error, InputError::JwkThumbprint { length: 31 });
    let engagement = |device_engagement: &[u8]| Session::Qr {
        device_engagement: device_engagement.to_vec(),
        e_reader_key: vec![0xa0],
        reader_key: None,
    };
    let error = refused(AT, engagement(&[0xa1])).unwrap_err();
    assert!(matches!(error, InputError::Engagement { .. }));
    assert!(refused(AT, engagement(&[0xa0])).is_ok());
    let error = refused(i64::MAX, Session::Static).unwrap_err();
    assert_eq!(error, InputError::Time(i64::MAX));
    assert!(matches!(
        ReaderKey::from_pkcs8(&[]),
        Err(InputError::ReaderKey(_))
    ));
}
