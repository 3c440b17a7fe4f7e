//! The vectors of `testvectors/`, with the reader alone: outcome, failed checks and warnings of each; nothing given out
//! that did not verify; no value of an element in a report.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::OnceLock;

use base64ct::{Base64, Encoding};
use mdl_crypto::{HashAlgorithm, PrivateKey};
use mdl_iaca::trust_anchor::{RegionScope, TrustAnchor, TrustAnchors};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_mdoc::tdate::TDate;
use mdl_reader::{
    Cause, Conditions, EvidencePart, Outcome, Policy, Report, Session, Verdict, Verifier,
};
use serde_json::Value as Json;

/// Values of elements in the vectors that stand nowhere else, as in names of certificates.
const VALUES: [&str; 4] = ["Musterfrau", "Mustermann", "Erika", "1990-01-02"];

fn bytes(value: &Json) -> Vec<u8> {
    Base64::decode_vec(value.as_str().unwrap()).unwrap()
}

fn texts(value: &Json) -> Vec<&str> {
    let list = value.as_array().into_iter().flatten();
    let mut texts: Vec<_> = list.map(|text| text.as_str().unwrap()).collect();
    texts.sort_unstable();
    texts
}

/// Every test and what the verifier reports on it, verified once for all that is looked at below.
fn reports() -> &'static [(Json, Report<'static>)] {
    static REPORTS: OnceLock<Vec<(Json, Report<'static>)>> = OnceLock::new();
    REPORTS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testvectors");
        let mut reports = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_json = path
                .extension()
                .is_some_and(|extension| extension == "json");
            if !is_json || path.ends_with("schema.json") {
                continue;
            }
            let mut file: Json =
                serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            for test in file["tests"].as_array_mut().unwrap() {
                let test = test.take();
                let report = verify(&test);
                reports.push((test, report));
            }
        }
        assert!(reports.len() >= 150, "{} tests", reports.len());
        reports
    })
}

fn for_each_test(look: impl Fn(&Json, &Report<'_>)) {
    for (test, report) in reports() {
        look(test, report);
    }
}

fn verify(test: &Json) -> Report<'static> {
    let anchors = test["iaca"].as_array().unwrap().iter().map(|anchor| {
        let trusted = TrustAnchor::from_der(&bytes(&anchor["certificate"])).unwrap();
        let limit = |name: &str| anchor[name].as_str().map(str::to_owned);
        let trusted = trusted.only_in(RegionScope {
            country: limit("country"),
            state: limit("state"),
        });
        match anchor.get("doc_types") {
            Some(doc_types) => trusted.only_for(texts(doc_types)),
            None => trusted,
        }
    });
    let policy = match test["policy"].as_str().unwrap() {
        "strict" => Policy::Strict,
        "interop" => Policy::Interop,
        _ => Policy::Iso,
    };
    let verifier = Verifier::new(TrustAnchors::new(anchors)).with_policy(policy);
    let transcript = test.get("session_transcript").map(|transcript| {
        SessionTranscript::from_bytes(bytes(transcript), &Limits::DEFAULT).unwrap()
    });
    let reader_key = test
        .get("reader_key")
        .map(|key| PrivateKey::from_pkcs8_der(&bytes(key)).unwrap());
    let session = transcript
        .as_ref()
        .map_or(Session::Static, |transcript| Session::Device {
            transcript,
            reader_key: reader_key.as_ref(),
        });
    let crls: Vec<_> = test["crls"]
        .as_array()
        .into_iter()
        .flatten()
        .map(bytes)
        .collect();
    let crls: Vec<_> = crls.iter().map(Vec::as_slice).collect();
    let status_tokens: Vec<_> = test["status_tokens"]
        .as_array()
        .into_iter()
        .flatten()
        .map(bytes)
        .collect();
    let status_tokens: Vec<_> = status_tokens.iter().map(Vec::as_slice).collect();
    let at = TDate::parse(test["at"].as_str().unwrap()).unwrap().time;
    let conditions = Conditions {
        doc_type: test["doc_type"].as_str(),
        crls: &crls,
        status_tokens: &status_tokens,
        require_revocation: test["require_revocation"] == true,
        ..Conditions::new(at, session)
    };
    let input = bytes(&test["input"]).leak();
    match test["kind"].as_str().unwrap() {
        "issuer-signed" => verifier.verify_issuer_signed(input, &conditions),
        _ => verifier.verify(input, &conditions),
    }
}

fn with_outcome(report: &Report<'_>, outcome: Outcome) -> Vec<&'static str> {
    let documents = report
        .documents()
        .iter()
        .flat_map(|document| document.checks());
    let checks = report.checks().iter().chain(documents);
    let mut ids: Vec<_> = checks
        .filter(|check| check.outcome == outcome)
        .map(|check| check.id.id())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[test]
fn every_vector_has_its_outcome_checks_and_warnings() {
    for_each_test(|test, report| {
        let id = &test["id"];
        let valid = report.verdict() == Verdict::Valid;
        assert_eq!(valid, test["result"] == "valid", "{id}");
        assert_eq!(
            with_outcome(report, Outcome::Fail),
            texts(&test["checks"]),
            "{id}"
        );
        assert_eq!(
            with_outcome(report, Outcome::Warning),
            texts(&test["warnings"]),
            "{id}"
        );
    });
}

#[test]
fn a_document_that_did_not_verify_gives_out_nothing() {
    for_each_test(|test, report| {
        let response_failed = report
            .checks()
            .iter()
            .any(|check| check.outcome == Outcome::Fail);
        for (index, document) in report.documents().iter().enumerate() {
            let failed = document
                .checks()
                .iter()
                .any(|check| check.outcome == Outcome::Fail);
            let given_out = report.verified(index).is_some();
            assert_eq!(given_out, !failed && !response_failed, "{}", test["id"]);
        }
    });
}

#[test]
fn no_report_shows_a_value() {
    for_each_test(|test, report| {
        let mut shown = format!("{report:?}");
        let documents = report
            .documents()
            .iter()
            .flat_map(|document| document.checks());
        for check in report.checks().iter().chain(documents) {
            if let Some(cause) = &check.cause {
                shown.push_str(&format!("\n{cause}"));
            }
        }
        for value in VALUES {
            let decimal: Vec<_> = value.bytes().map(|byte| byte.to_string()).collect();
            for form in [value.to_owned(), hex::encode(value), decimal.join(", ")] {
                assert!(!shown.contains(&form), "{}: {form}", test["id"]);
            }
        }
    });
}

#[test]
fn evidence_is_where_the_report_says() {
    for_each_test(|test, report| {
        let (id, input) = (&test["id"], bytes(&test["input"]));
        for check in report.checks() {
            let made = check.outcome != Outcome::NotApplicable;
            let evidence = report.evidence(check);
            assert_eq!(evidence.is_some(), made, "{id}: {}", check.id);
            let range = evidence.and_then(|evidence| evidence.bytes);
            let within = range.is_none_or(|range| input.get(range).is_some());
            assert!(within, "{id}: {}", check.id);
        }
        for document in report.documents() {
            for check in document.checks() {
                let Some(evidence) = document.evidence(check) else {
                    continue;
                };
                let part = evidence
                    .bytes
                    .map_or(&[][..], |range| input.get(range).unwrap());
                match evidence.part {
                    EvidencePart::DocumentSigner => {
                        let digest = HashAlgorithm::Sha256.digest(part);
                        let named = evidence.certificate_sha256;
                        assert!(named.is_none_or(|named| named == digest.as_ref()), "{id}");
                    }
                    EvidencePart::IssuerAuth => {
                        // As an array of four, or in tag 18.
                        assert!(matches!(part[0], 0x84 | 0xd2 | 0x98 | 0x9f), "{id}");
                    }
                    EvidencePart::IssuerSignedItems => {
                        let named = check.cause.as_deref().and_then(|cause| match cause {
                            Cause::Element {
                                element_identifier, ..
                            } => Some(element_identifier.as_bytes()),
                            _ => None,
                        });
                        let shows = |name: &[u8]| part.windows(name.len()).any(|at| at == name);
                        assert!(named.is_none_or(shows), "{id}: {}", check.id);
                    }
                    _ => {}
                }
            }
        }
    });
}

#[cfg(feature = "json")]
#[test]
fn the_audit_form_names_nobody() {
    for_each_test(|test, report| {
        let (id, audit) = (&test["id"], mdl_reader::json::audit_to_string(report));
        for value in VALUES {
            assert!(!audit.contains(value), "{id}: {value}");
        }
        let parsed: Json = serde_json::from_str(&audit).unwrap();
        assert_eq!(parsed["verdict"], report.verdict().name(), "{id}");
        for (index, document) in parsed["documents"].as_array().unwrap().iter().enumerate() {
            let verified = report.verified(index);
            let disclosed = document["disclosed"]["elements"].as_object();
            let names = disclosed.map(|names| names.values().map(|list| texts(list).len()).sum());
            let others = document["disclosed"]["others"].as_u64().unwrap_or(0) as usize;
            let all = verified.map(|verified| {
                verified.elements().count() + verified.device_signed_elements().count()
            });
            assert_eq!(names.map(|names: usize| names + others), all, "{id}");
        }
    });
}

#[cfg(feature = "json")]
#[test]
fn the_json_is_the_same_each_time_and_shows_values_of_what_verified_only() {
    for_each_test(|test, report| {
        let (id, json) = (&test["id"], mdl_reader::json::to_string(report));
        if report.verdict() == Verdict::Valid {
            assert!(json.contains("\"elements\""), "{id}");
        } else if (0..report.documents().len()).all(|index| report.verified(index).is_none()) {
            for value in VALUES {
                assert!(!json.contains(value), "{id}: {value}");
            }
        }
        assert_eq!(json, mdl_reader::json::to_string(report), "{id}");
    });
    // Of the whole way from the bytes on, one of each kind of outcome is enough.
    for (test, report) in reports().iter().step_by(25) {
        let again = mdl_reader::json::to_string(&verify(test));
        assert_eq!(again, mdl_reader::json::to_string(report), "{}", test["id"]);
    }
}
