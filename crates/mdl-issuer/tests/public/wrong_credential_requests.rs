//! Wrong credential requests, their proofs apart: what each gets, and that nonce and token are still good afterwards.

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::Curve;
use serde_json::json;
use time::Duration;

use crate::rig::{CredentialAttempt, DMV, NOT_OFFERED, Rig, STRICT, Session};

type Change = fn(&mut CredentialAttempt, &Rig, &Session);

/// Name, what is changed, status, code on the wire.
const WRONG: &[(&str, Change, u16, &str)] = &[
    // 1. Access token and DPoP.
    (
        "no Authorization",
        |a, _, _| a.envelope.headers.clear(),
        401,
        "invalid_token",
    ),
    (
        "Authorization twice",
        |a, _, _| {
            let again = a.envelope.headers[0].clone();
            a.envelope.headers.push(again);
        },
        400,
        "invalid_request",
    ),
    (
        "another scheme",
        |a, _, _| a.envelope.headers[0].1 = "Basic eDp5".into(),
        401,
        "invalid_token",
    ),
    (
        "a scheme alone",
        |a, _, _| a.envelope.headers[0].1 = "DPoP".into(),
        401,
        "invalid_token",
    ),
    (
        "token in the query",
        |a, _, s| a.envelope.uri = format!("{}?access_token={}", a.envelope.uri, s.token),
        400,
        "invalid_request",
    ),
    (
        "token in the query alone",
        |a, _, s| {
            a.envelope.headers.clear();
            a.envelope.uri = format!("{}?access_token={}", a.envelope.uri, s.token);
        },
        400,
        "invalid_request",
    ),
    (
        "unknown token",
        |a, rig, s| {
            a.envelope.headers[0].1 = format!("DPoP {}", "A".repeat(43));
            a.envelope.dpop =
                vec![rig.dpop_proof(DMV, "/credential", &s.key, Some(&"A".repeat(43)))];
        },
        401,
        "invalid_token",
    ),
    (
        "token of 257 characters",
        |a, _, _| a.envelope.headers[0].1 = format!("DPoP {}", "A".repeat(257)),
        401,
        "invalid_token",
    ),
    (
        "token that is none",
        |a, _, _| a.envelope.headers[0].1 = "DPoP a\"b".into(),
        401,
        "invalid_token",
    ),
    (
        "bound token shown as bearer",
        |a, _, s| a.envelope.headers[0].1 = format!("Bearer {}", s.token),
        401,
        "invalid_token",
    ),
    (
        "bound token shown as bearer without proof",
        |a, _, s| {
            a.envelope.dpop.clear();
            a.envelope.headers[0].1 = format!("Bearer {}", s.token);
        },
        401,
        "invalid_token",
    ),
    (
        "no DPoP proof",
        |a, _, _| a.envelope.dpop.clear(),
        401,
        "invalid_dpop_proof",
    ),
    (
        "two DPoP proofs",
        |a, rig, s| {
            a.envelope
                .dpop
                .push(rig.dpop_proof(DMV, "/credential", &s.key, Some(&s.token)))
        },
        401,
        "invalid_dpop_proof",
    ),
    (
        "DPoP proof by another key",
        |a, rig, s| {
            let key = rig.key(Curve::P256);
            a.envelope.dpop = vec![rig.dpop_proof(DMV, "/credential", &key, Some(&s.token))];
        },
        401,
        "invalid_dpop_proof",
    ),
    (
        "DPoP proof without ath",
        |a, _, _| drop(a.dpop().claims.as_object_mut().unwrap().remove("ath")),
        401,
        "invalid_dpop_proof",
    ),
    (
        "DPoP proof with the ath of another token",
        |a, _, _| a.dpop().claims["ath"] = "x".repeat(43).into(),
        401,
        "invalid_dpop_proof",
    ),
    (
        "DPoP proof for the token endpoint",
        |a, rig, _| a.dpop().claims["htu"] = format!("{}/token", rig.issuer(DMV)).into(),
        401,
        "invalid_dpop_proof",
    ),
    (
        "DPoP proof of another method",
        |a, _, _| a.dpop().claims["htm"] = "post".into(),
        401,
        "invalid_dpop_proof",
    ),
    (
        "DPoP proof of an hour ago",
        |a, rig, _| a.dpop().claims["iat"] = (rig.now() - Duration::HOUR).unix_timestamp().into(),
        401,
        "invalid_dpop_proof",
    ),
    (
        "DPoP proof with a nonce of nobody",
        |a, _, _| a.dpop().claims["nonce"] = "x".into(),
        401,
        "use_dpop_nonce",
    ),
    // 2. Content type.
    (
        "no content type",
        |a, _, _| a.envelope.content_type = None,
        415,
        "invalid_credential_request",
    ),
    (
        "a form",
        |a, _, _| a.envelope.content_type = Some("application/x-www-form-urlencoded"),
        415,
        "invalid_credential_request",
    ),
    (
        "an encrypted request",
        |a, _, _| a.envelope.content_type = Some("application/jwt"),
        400,
        "invalid_encryption_parameters",
    ),
    // 3. JSON.
    (
        "no body",
        |a, _, _| a.envelope.raw = Some(Vec::new()),
        400,
        "invalid_credential_request",
    ),
    (
        "no JSON",
        |a, _, _| a.envelope.raw = Some(b"{".to_vec()),
        400,
        "invalid_credential_request",
    ),
    (
        "an array",
        |a, _, _| a.envelope.raw = Some(b"[]".to_vec()),
        400,
        "invalid_credential_request",
    ),
    (
        "bytes that are not UTF-8",
        |a, _, _| a.envelope.raw = Some(vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}']),
        400,
        "invalid_credential_request",
    ),
    (
        "a member twice",
        |a, _, _| {
            a.envelope.raw = Some(
                br#"{"credential_configuration_id":"mdl","credential_configuration_id":"mdl"}"#
                    .to_vec(),
            );
        },
        400,
        "invalid_credential_request",
    ),
    (
        "a member twice below",
        |a, _, _| {
            a.envelope.raw =
                Some(br#"{"credential_configuration_id":"mdl","x":{"a":1,"a":1}}"#.to_vec());
        },
        400,
        "invalid_credential_request",
    ),
    (
        "nested deeply",
        |a, _, _| {
            let nested = format!("{}{}", "[".repeat(50), "]".repeat(50));
            a.envelope.raw = Some(format!("{{\"x\":{nested}}}").into_bytes());
        },
        400,
        "invalid_credential_request",
    ),
    (
        "too long",
        |a, _, _| a.body["x"] = "y".repeat(512 << 10).into(),
        413,
        "invalid_credential_request",
    ),
    // 4. Selector.
    (
        "no selector",
        |a, _, _| a.body = json!({}),
        400,
        "invalid_credential_request",
    ),
    (
        "the selector of draft 13",
        |a, _, _| a.body = json!({ "format": "mso_mdoc", "doctype": "org.iso.18013.5.1.mDL" }),
        400,
        "invalid_credential_request",
    ),
    (
        "configuration that is a number",
        |a, _, _| a.body = json!({ "credential_configuration_id": 1 }),
        400,
        "invalid_credential_request",
    ),
    (
        "identifier that is null",
        |a, _, _| a.body = json!({ "credential_identifier": null }),
        400,
        "invalid_credential_request",
    ),
    (
        "unknown configuration",
        |a, _, _| a.body = json!({ "credential_configuration_id": "passport" }),
        400,
        "unknown_credential_configuration",
    ),
    (
        "empty configuration",
        |a, _, _| a.body = json!({ "credential_configuration_id": "" }),
        400,
        "unknown_credential_configuration",
    ),
    (
        "identifier that was not given out",
        |a, _, _| a.body = json!({ "credential_identifier": "mdl#1" }),
        400,
        "unknown_credential_identifier",
    ),
    (
        "unknown identifier and known configuration",
        |a, _, _| a.body["credential_identifier"] = "x".into(),
        400,
        "unknown_credential_identifier",
    ),
    (
        "unknown configuration and unknown identifier",
        |a, _, _| {
            a.body = json!({ "credential_configuration_id": "x", "credential_identifier": "x" });
        },
        400,
        "unknown_credential_configuration",
    ),
    // 5. Scope.
    (
        "configuration that was not offered",
        |a, _, _| a.body = json!({ "credential_configuration_id": NOT_OFFERED }),
        403,
        "insufficient_scope",
    ),
    // 6. Encryption.
    (
        "wish for an encrypted response",
        |a, _, _| a.body["credential_response_encryption"] = json!({ "jwk": {}, "enc": "A128GCM" }),
        400,
        "invalid_encryption_parameters",
    ),
    (
        "encryption before proofs",
        |a, _, _| {
            a.proofs.clear();
            a.body["credential_response_encryption"] = json!({});
        },
        400,
        "invalid_encryption_parameters",
    ),
    // 7. Proofs.
    (
        "no proofs",
        |a, _, _| a.proofs.clear(),
        400,
        "invalid_proof",
    ),
    (
        "the proof of draft 13",
        |a, _, _| {
            let jwt = a.proofs.remove(0).text();
            a.body["proof"] = json!({ "proof_type": "jwt", "jwt": jwt });
        },
        400,
        "invalid_proof",
    ),
    (
        "proofs that are an array",
        |a, _, _| {
            a.proofs.clear();
            a.body["proofs"] = json!([]);
        },
        400,
        "invalid_proof",
    ),
    (
        "proofs without a type",
        |a, _, _| {
            a.proofs.clear();
            a.body["proofs"] = json!({});
        },
        400,
        "invalid_proof",
    ),
    (
        "proofs of an unknown type",
        |a, _, _| {
            a.proofs.clear();
            a.body["proofs"] = json!({ "cwt": ["x"] });
        },
        400,
        "invalid_proof",
    ),
    (
        "proofs of two types",
        |a, _, _| {
            let jwt = a.proofs.remove(0).text();
            a.body["proofs"] = json!({ "jwt": [jwt], "attestation": ["x"] });
        },
        400,
        "invalid_proof",
    ),
    (
        "proofs with an empty array",
        |a, _, _| {
            a.proofs.clear();
            a.body["proofs"] = json!({ "jwt": [] });
        },
        400,
        "invalid_proof",
    ),
    (
        "proofs that are one text",
        |a, _, _| {
            let jwt = a.proofs.remove(0).text();
            a.body["proofs"] = json!({ "jwt": jwt });
        },
        400,
        "invalid_proof",
    ),
    (
        "a proof that is a number",
        |a, _, _| {
            let jwt = a.proofs.remove(0).text();
            a.body["proofs"] = json!({ "jwt": [jwt, 1] });
        },
        400,
        "invalid_proof",
    ),
    (
        "more proofs than the batch size",
        |a, rig, _| {
            let nonce = a.proofs[0].claims["nonce"].as_str().unwrap().to_owned();
            a.proofs
                .extend((0..4).map(|_| rig.proof(DMV, &nonce, rig.key(Curve::P256))));
        },
        400,
        "invalid_credential_request",
    ),
];

#[tokio::test]
async fn every_wrong_credential_request_gets_its_code_and_uses_up_nothing() {
    let rig = Rig::new().await;
    for (name, change, status, code) in WRONG {
        let session = rig.session(DMV).await;
        let nonce = rig.nonce(DMV).await;
        let device_key = rig.key(Curve::P256);
        let mut attempt = rig.credential_request(&session, &nonce, vec![device_key.clone()]);
        change(&mut attempt, &rig, &session);
        let answer = attempt.send(&rig).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (*status, *code),
            "{name}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{name}");
        assert_eq!(answer.header("content-type"), "application/json", "{name}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{name}");
        let challenge = answer.header("www-authenticate");
        let is_challenged = matches!(status, 401 | 403) || *code == "invalid_request";
        assert_eq!(
            challenge.starts_with("DPoP"),
            is_challenged,
            "{name}: {challenge}"
        );
        assert_eq!(
            !answer.header("dpop-nonce").is_empty(),
            *code == "use_dpop_nonce",
            "{name}"
        );
        let members = answer.json();
        assert_eq!(members.as_object().unwrap().len(), 2, "{name}: {members}");
        let right = rig.credential_request(&session, &nonce, vec![device_key]);
        let right = right.send(&rig).await;
        assert_eq!(
            right.status, 200,
            "{name}: the right request afterwards: {:?}",
            right.body
        );
    }
}

#[tokio::test]
async fn a_request_without_token_is_told_no_error_in_the_challenge() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    let mut attempt = rig.credential_request(&session, "x", vec![rig.key(Curve::P256)]);
    attempt.envelope.headers.clear();
    let challenge = attempt.send(&rig).await.header("www-authenticate");
    assert_eq!(challenge, "DPoP algs=\"ES256 ES384 ES512 Ed25519 EdDSA\"");
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    rig.clock.advance(Duration::minutes(30) - Duration::SECOND);
    let attempt = |nonce: &str| rig.credential_request(&session, nonce, vec![rig.key(Curve::P256)]);
    let nonce = rig.nonce(DMV).await;
    attempt(&nonce).send(&rig).await.ok();
    rig.clock.advance(Duration::SECOND);
    let answer = attempt(&nonce).send(&rig).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_token".into())
    );
    assert!(
        answer
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
}

#[tokio::test]
async fn a_token_of_another_tenant_is_unknown() {
    let rig = Rig::new().await;
    let mut session = rig.session(DMV).await;
    session.tenant = crate::rig::OLD;
    let nonce = rig.nonce(session.tenant).await;
    let attempt = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
    let answer = attempt.send(&rig).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_token".into())
    );
}

#[tokio::test]
async fn a_dpop_proof_that_issued_something_counts_no_more() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    for (status, code) in [(200, ""), (401, "invalid_dpop_proof")] {
        let nonce = rig.nonce(DMV).await;
        let mut attempt = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
        attempt.dpop().claims["jti"] = "once".into();
        let answer = attempt.send(&rig).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (status, code)
        );
    }
}

/// The other signature that fits the same message and key on P-256: n - s in the place of s. Anybody can make it.
fn other_signature(token: String) -> String {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
    let order = hex::decode(ORDER).unwrap();
    let mut borrow = 0;
    for (s, n) in signature[32..].iter_mut().zip(&order).rev() {
        let difference = i16::from(*n) - i16::from(*s) - borrow;
        borrow = i16::from(difference < 0);
        *s = difference.rem_euclid(256).to_le_bytes()[0];
    }
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature))
}

#[tokio::test]
async fn a_used_proof_counts_no_more_with_the_other_signature() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    for (breaks, status, code) in [
        (other_signature as fn(String) -> String, 200, ""),
        (|text| text, 401, "invalid_dpop_proof"),
    ] {
        let nonce = rig.nonce(DMV).await;
        let mut attempt = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
        attempt.dpop().claims["jti"] = "once".into();
        attempt.dpop().breaks = breaks;
        let answer = attempt.send(&rig).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (status, code)
        );
    }
}

#[tokio::test]
async fn a_grant_has_its_batches_and_no_more() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    for status in [200, 200, 400] {
        let nonce = rig.nonce(DMV).await;
        let attempt = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
        let answer = attempt.send(&rig).await;
        assert_eq!(answer.status, status);
        if status == 400 {
            assert_eq!(answer.error(), "credential_request_denied");
            let told = answer.json()["error_description"].to_string();
            assert_eq!(told, "\"the issuer does not issue this credential\"");
        }
    }
}

#[tokio::test]
async fn a_tenant_without_batches_takes_one_proof() {
    let rig = Rig::new().await;
    let offer = rig.offer(STRICT, None).await;
    let key = rig.key(Curve::P256);
    let nonce_of = |answer: crate::rig::Answer| answer.header("dpop-nonce");
    let dpop_nonce = nonce_of(
        rig.token_request(STRICT, &offer, Some(&key))
            .send(&rig)
            .await,
    );
    let mut attempt = rig.token_request(STRICT, &offer, Some(&key));
    attempt.dpop().claims["nonce"] = dpop_nonce.clone().into();
    let token = attempt.send(&rig).await.ok()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let session = Session {
        tenant: STRICT,
        token,
        key,
    };
    let nonce = rig.nonce(STRICT).await;
    let keys = vec![rig.key(Curve::P256), rig.key(Curve::P256)];
    let mut attempt = rig.credential_request(&session, &nonce, keys);
    attempt.dpop().claims["nonce"] = dpop_nonce.into();
    assert_eq!(
        attempt.send(&rig).await.error(),
        "invalid_credential_request"
    );
}
