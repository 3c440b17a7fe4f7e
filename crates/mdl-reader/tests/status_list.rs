//! Why a status is unknown, and which lists are then still needed: the vectors of `testvectors/status.json` by their
//! causes, which the vectors themselves do not tell.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use base64ct::{Base64, Encoding};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_mdoc::tdate::TDate;
use mdl_reader::{
    CheckId, Conditions, Outcome, Report, RevocationVerdict, Session, Verdict, Verifier,
};
use serde_json::Value as Json;

const URI: &str = "https://status.example/1";

/// The test of this id in the file of status vectors.
fn vector(id: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testvectors/status.json");
    let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut tests = file["tests"].as_array().unwrap().iter();
    tests
        .find(|test| test["id"] == id)
        .unwrap_or_else(|| panic!("no vector {id}"))
        .clone()
}

fn bytes(value: &Json) -> Vec<u8> {
    Base64::decode_vec(value.as_str().unwrap()).unwrap()
}

fn list(value: &Json) -> Vec<Vec<u8>> {
    value.as_array().into_iter().flatten().map(bytes).collect()
}

fn slices(list: &[Vec<u8>]) -> Vec<&[u8]> {
    list.iter().map(Vec::as_slice).collect()
}

/// Verifies a vector with these status tokens in place of its own, if any are given.
fn verify(test: &Json, tokens: Option<&[&[u8]]>, look: impl FnOnce(&Report<'_>)) {
    let anchors = test["iaca"].as_array().unwrap().iter();
    let anchors =
        anchors.map(|anchor| TrustAnchor::from_der(&bytes(&anchor["certificate"])).unwrap());
    let verifier = Verifier::new(TrustAnchors::new(anchors));
    let transcript = bytes(&test["session_transcript"]);
    let transcript = SessionTranscript::from_bytes(transcript, &Limits::DEFAULT).unwrap();
    let session = Session::Device {
        transcript: &transcript,
        reader_key: None,
    };
    let crls = list(&test["crls"]);
    let own = list(&test["status_tokens"]);
    let own = slices(&own);
    let at = TDate::parse(test["at"].as_str().unwrap()).unwrap().time;
    let conditions = Conditions {
        crls: &slices(&crls),
        status_tokens: tokens.unwrap_or(&own),
        require_revocation: test["require_revocation"] == true,
        ..Conditions::new(at, session)
    };
    look(&verifier.verify(&bytes(&test["input"]), &conditions));
}

/// Outcome and cause of the status check.
fn status(report: &Report<'_>) -> (Outcome, String) {
    let check = report.documents()[0].check(CheckId::StatusReference);
    let check = check.unwrap();
    let cause = check.cause.as_ref().map(ToString::to_string);
    (check.outcome, cause.unwrap_or_default())
}

/// What keeps each token from answering, by the beginning of the cause.
const UNDETERMINED: &[(&str, &str)] = &[
    ("status-noise", "the token cannot be read"),
    ("status-cut-off", "the token cannot be read"),
    (
        "status-payload-detached",
        "the token cannot be read: the payload is detached",
    ),
    ("status-type-of-jwt", "the token cannot be read: typ"),
    ("status-without-type", "the token cannot be read: typ"),
    (
        "status-mac-algorithm",
        "the token cannot be read: the protected header names no algorithm",
    ),
    ("status-critical-unknown", "the token cannot be read: crit"),
    (
        "status-algorithm-of-other-curve",
        "the signature of the token: algorithm ES384",
    ),
    ("status-signature-altered", "the signature of the token"),
    ("status-cleared-after-signing", "the signature of the token"),
    ("status-of-other-list", "no token of the list"),
    ("status-of-similar-list", "no token of the list"),
    (
        "status-without-subject",
        "the token cannot be read: not a status token in CWT form: sub: missing",
    ),
    (
        "status-without-time-of-issue",
        "the token cannot be read: not a status token in CWT form: iat: missing",
    ),
    ("status-without-expiry", "the token has no exp"),
    (
        "status-issued-later",
        "the token was issued later, at 2026-06-15T12:00:01Z",
    ),
    (
        "status-expired",
        "the token expired at 2026-06-15T11:59:59Z",
    ),
    (
        "status-stale",
        "the token of 2026-06-14T00:00:00Z is out of date",
    ),
    (
        "status-ttl-zero",
        "the token cannot be read: not a status token in CWT form: ttl",
    ),
    (
        "status-three-bits",
        "the token cannot be read: not a status token in CWT form: bits",
    ),
    (
        "status-checksum-wrong",
        "the list cannot be read: list is not DEFLATE",
    ),
    (
        "status-list-cut-off",
        "the list cannot be read: compressed list is cut off",
    ),
    (
        "status-list-prolonged",
        "the list cannot be read: bytes after",
    ),
    ("status-list-raw", "the list cannot be read"),
    (
        "status-identifiers-instead",
        "the token holds a list of the other mechanism",
    ),
    (
        "status-list-instead",
        "the token holds a list of the other mechanism",
    ),
    (
        "status-both-lists",
        "the token cannot be read: not a status token in CWT form: claims",
    ),
    (
        "status-without-certificate",
        "the token carries no certificate",
    ),
    (
        "status-signer-of-other-authority",
        "the certificate of the token's signer is not accepted: no trust anchor",
    ),
    (
        "status-signer-by-impostor",
        "the certificate of the token's signer is not accepted: the signature",
    ),
    (
        "status-signer-expired",
        "the certificate of the token's signer is not accepted: expired",
    ),
    (
        "status-signer-not-yet",
        "the certificate of the token's signer is not accepted: not valid before",
    ),
    (
        "status-signer-key-usage",
        "the certificate of the token's signer is not accepted: key usage",
    ),
    (
        "status-signer-for-documents",
        "the certificate of the token's signer is not accepted: key purpose",
    ),
    (
        "status-signed-by-document-signer",
        "the certificate of the token's signer is not accepted: key purpose",
    ),
    (
        "status-signed-by-iaca",
        "the certificate of the token's signer is not accepted",
    ),
    (
        "status-uri-not-https",
        "the MSO names its list by something else",
    ),
    (
        "status-mechanism-unknown",
        "the MSO names a status mechanism that is not known",
    ),
    (
        "status-other-anchor-in-the-mso",
        "the certificate of the token's signer is not accepted",
    ),
    (
        "status-noise-in-the-mso",
        "the certificate in the MSO cannot anchor",
    ),
];

#[test]
fn an_unknown_status_says_why() {
    for (id, expected) in UNDETERMINED {
        verify(&vector(id), None, |report| {
            let (outcome, cause) = status(report);
            assert_eq!(outcome, Outcome::Undetermined, "{id}: {cause}");
            assert!(cause.starts_with(expected), "{id}: {cause}");
            let revocation = report.documents()[0].revocation();
            assert_eq!(revocation, RevocationVerdict::Unknown, "{id}");
            assert_eq!(report.verdict(), Verdict::Valid, "{id}");
        });
    }
}

#[test]
fn an_answer_says_what_it_is() {
    for (id, expected) in [
        ("status-revoked", "revoked"),
        ("status-suspended", "suspended"),
        (
            "status-value-unknown",
            "status 7, whose meaning is not known",
        ),
        (
            "status-index-beyond-the-list",
            "the status list has no entry 412",
        ),
        ("status-identifier-listed", "revoked"),
    ] {
        verify(&vector(id), None, |report| {
            assert_eq!(status(report), (Outcome::Fail, expected.to_owned()), "{id}");
            let revocation = report.documents()[0].revocation();
            assert_eq!(revocation, RevocationVerdict::Revoked, "{id}");
            assert!(report.needed_status_lists().is_empty(), "{id}");
        });
    }
    verify(&vector("status-valid"), None, |report| {
        assert_eq!(status(report).0, Outcome::Pass);
        let revocation = report.documents()[0].revocation();
        assert_eq!(revocation, RevocationVerdict::NotRevoked);
        assert!(report.needed_status_lists().is_empty());
    });
}

#[test]
fn the_signer_and_the_document_are_both_to_be_good() {
    let mut test = vector("status-valid");
    test["require_revocation"] = false.into();
    test["crls"] = Json::Array(Vec::new());
    verify(&test, None, |report| {
        assert_eq!(status(report).0, Outcome::Pass);
        let revocation = report.documents()[0].revocation();
        assert_eq!(revocation, RevocationVerdict::NotChecked);
    });
}

#[test]
fn lists_without_an_answer_are_named_as_needed() {
    for id in [
        "status-not-given",
        "status-not-given-required",
        "status-stale",
        "status-expired",
        "status-of-other-list",
    ] {
        verify(&vector(id), None, |report| {
            assert_eq!(report.needed_status_lists(), [URI], "{id}");
        });
    }
    for id in [
        // A document that is invalid already, a list that may not be asked, and one that nobody named.
        "status-of-invalid-document",
        "status-two-mechanisms",
        "status-uri-not-https",
        "status-mechanism-unknown",
    ] {
        verify(&vector(id), Some(&[]), |report| {
            assert!(report.needed_status_lists().is_empty(), "{id}");
        });
    }
}

#[test]
fn an_answer_does_not_depend_on_the_order_of_the_tokens() {
    for id in [
        "status-revoked-on-newest-of-two",
        "status-valid-on-newest-of-two",
        "status-forged-beside-good",
        "status-other-list-beside-good",
    ] {
        let test = vector(id);
        let tokens = list(&test["status_tokens"]);
        let mut tokens = slices(&tokens);
        let mut answers = Vec::new();
        for _ in 0..tokens.len() {
            verify(&test, Some(&tokens), |report| answers.push(status(report)));
            tokens.rotate_left(1);
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{id}");
    }
}
