//! Wrong token requests: what each gets, and whether the code is still good afterwards.

use mdl_crypto::Curve;
use mdl_issuer::openid4vci::offer::CreatedOffer;
use serde_json::json;
use time::Duration;

use crate::rig::{DMV, Rig, TokenAttempt};

/// What becomes of the code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Code {
    /// Usable afterwards.
    Kept,
    /// Not usable, before or after.
    Dead,
}
use Code::{Dead, Kept};

type Change = fn(&mut TokenAttempt, &Rig, &CreatedOffer);

/// Name, what is changed, status, code on the wire, what becomes of the pre-authorized code.
const WRONG: &[(&str, Change, u16, &str, Code)] = &[
    (
        "no grant_type",
        |a, _, _| a.set("grant_type", None),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "empty grant_type",
        |a, _, _| a.set("grant_type", Some("")),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "unknown grant_type",
        |a, _, _| a.set("grant_type", Some("password")),
        400,
        "unsupported_grant_type",
        Kept,
    ),
    (
        "grant of a code",
        |a, _, _| a.set("grant_type", Some("authorization_code")),
        400,
        "unsupported_grant_type",
        Kept,
    ),
    (
        "grant_type twice",
        |a, _, _| {
            let again = a.form[0].clone();
            a.form.push(again);
        },
        400,
        "invalid_request",
        Kept,
    ),
    (
        "no code",
        |a, _, _| a.set("pre-authorized_code", None),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "empty code",
        |a, _, _| a.set("pre-authorized_code", Some("")),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "code twice",
        |a, _, _| {
            let again = a.form[1].clone();
            a.form.push(again);
        },
        400,
        "invalid_request",
        Kept,
    ),
    (
        "unknown code",
        |a, _, _| a.set("pre-authorized_code", Some(&"A".repeat(43))),
        400,
        "invalid_grant",
        Kept,
    ),
    (
        "code of 10,000 characters",
        |a, _, _| a.set("pre-authorized_code", Some(&"A".repeat(10_000))),
        400,
        "invalid_grant",
        Kept,
    ),
    (
        "code in other case",
        |a, _, _| {
            let code = a.form[1].1.chars().map(|c| {
                if c.is_lowercase() {
                    c.to_ascii_uppercase()
                } else {
                    c.to_ascii_lowercase()
                }
            });
            let code: String = code.collect();
            a.set("pre-authorized_code", Some(&code));
        },
        400,
        "invalid_grant",
        Kept,
    ),
    (
        "no tx_code",
        |a, _, _| a.set("tx_code", None),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "empty tx_code",
        |a, _, _| a.set("tx_code", Some("")),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "wrong tx_code",
        |a, _, _| a.set("tx_code", Some("x")),
        400,
        "invalid_grant",
        Kept,
    ),
    (
        "tx_code twice",
        |a, _, _| {
            let again = a.form[2].clone();
            a.form.push(again);
        },
        400,
        "invalid_request",
        Kept,
    ),
    (
        "tx_code with a space",
        |a, _, offer| {
            let code = format!("{} ", offer.tx_code.as_ref().unwrap().as_str());
            a.set("tx_code", Some(&code));
        },
        400,
        "invalid_grant",
        Kept,
    ),
    (
        "client_id with a control character",
        |a, _, _| a.set("client_id", Some("a\u{7}b")),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "client_id beyond ASCII",
        |a, _, _| a.set("client_id", Some("w\u{e4}llet")),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "client_id too long",
        |a, _, _| a.set("client_id", Some(&"c".repeat(257))),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "client_secret",
        |a, _, _| a.set("client_secret", Some("s")),
        401,
        "invalid_client",
        Kept,
    ),
    (
        "client_assertion",
        |a, _, _| a.set("client_assertion", Some("a.b.c")),
        401,
        "invalid_client",
        Kept,
    ),
    (
        "HTTP basic",
        |a, _, _| {
            a.envelope
                .headers
                .push(("authorization", "Basic eDp5".into()))
        },
        401,
        "invalid_client",
        Kept,
    ),
    (
        "authorization_details that are no JSON",
        |a, _, _| a.set("authorization_details", Some("[")),
        400,
        "invalid_authorization_details",
        Kept,
    ),
    (
        "authorization_details of an unknown type",
        |a, _, _| {
            a.set(
                "authorization_details",
                Some(&json!([{ "type": "payment" }]).to_string()),
            );
        },
        400,
        "invalid_authorization_details",
        Kept,
    ),
    (
        "authorization_details for what is not offered",
        |a, _, _| {
            let details =
                json!([{ "type": "openid_credential", "credential_configuration_id": "learner" }]);
            a.set("authorization_details", Some(&details.to_string()));
        },
        400,
        "invalid_authorization_details",
        Kept,
    ),
    (
        "65 parameters",
        |a, _, _| a.form.extend((0..62).map(|_| ("x", "y".to_owned()))),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "body that is not ASCII",
        |a, _, _| a.envelope.raw = Some("grant_type=\u{e4}".into()),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "no body",
        |a, _, _| a.envelope.raw = Some(Vec::new()),
        400,
        "invalid_request",
        Kept,
    ),
    (
        "body announced too long",
        |a, _, _| {
            let length = ("content-length", u64::MAX.to_string());
            a.envelope.headers.push(length);
        },
        413,
        "invalid_request",
        Kept,
    ),
    (
        "body too long",
        |a, _, _| a.form.push(("x", "y".repeat(64 << 10))),
        413,
        "invalid_request",
        Kept,
    ),
    (
        "JSON",
        |a, _, _| a.envelope.content_type = Some("application/json"),
        415,
        "invalid_request",
        Kept,
    ),
    (
        "no content type",
        |a, _, _| a.envelope.content_type = None,
        415,
        "invalid_request",
        Kept,
    ),
    (
        "no DPoP proof",
        |a, _, _| a.envelope.dpop.clear(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "two DPoP proofs",
        |a, rig, _| {
            let key = rig.key(Curve::P256);
            a.envelope
                .dpop
                .push(rig.dpop_proof(DMV, "/token", &key, None));
        },
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP header that is no JWS",
        |a, _, _| a.dpop().breaks = |_| "nonsense".into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP proof too long",
        |a, _, _| a.dpop().claims["x"] = "y".repeat(20_000).into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP without typ",
        |a, _, _| drop(a.dpop().header.as_object_mut().unwrap().remove("typ")),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP of another typ",
        |a, _, _| a.dpop().header["typ"] = "JWT".into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP without alg",
        |a, _, _| drop(a.dpop().header.as_object_mut().unwrap().remove("alg")),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP with alg none",
        |a, _, _| a.dpop().header["alg"] = "none".into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP with a MAC",
        |a, _, _| a.dpop().header["alg"] = "HS256".into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP with the algorithm of another curve",
        |a, _, _| a.dpop().header["alg"] = "ES384".into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP with crit",
        |a, _, _| a.dpop().header["crit"] = json!(["exp"]),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP without jwk",
        |a, _, _| drop(a.dpop().header.as_object_mut().unwrap().remove("jwk")),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP with a private key",
        |a, _, _| a.dpop().header["jwk"]["d"] = "AA".into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP signed by another key",
        |a, rig, _| a.dpop().key = rig.key(Curve::P256),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP whose signature is cut off",
        |a, _, _| a.dpop().breaks = |text| text[..text.len() - 4].into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP claims that are no object",
        |a, _, _| a.dpop().claims = json!([1]),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP without jti",
        |a, _, _| drop(a.dpop().claims.as_object_mut().unwrap().remove("jti")),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP with an empty jti",
        |a, _, _| a.dpop().claims["jti"] = "".into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP with a jti of 257 bytes",
        |a, _, _| a.dpop().claims["jti"] = "j".repeat(257).into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP with a jti that is a number",
        |a, _, _| a.dpop().claims["jti"] = 7.into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP without htm",
        |a, _, _| drop(a.dpop().claims.as_object_mut().unwrap().remove("htm")),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP of another method",
        |a, _, _| a.dpop().claims["htm"] = "GET".into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP without htu",
        |a, _, _| drop(a.dpop().claims.as_object_mut().unwrap().remove("htu")),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP of another endpoint",
        |a, rig, _| a.dpop().claims["htu"] = format!("{}/credential", rig.issuer(DMV)).into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP of another tenant",
        |a, _, _| a.dpop().claims["htu"] = "https://issuer.example/token".into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP without iat",
        |a, _, _| drop(a.dpop().claims.as_object_mut().unwrap().remove("iat")),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP whose iat is text",
        |a, _, _| a.dpop().claims["iat"] = "now".into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP of an hour ago",
        |a, rig, _| a.dpop().claims["iat"] = (rig.now() - Duration::HOUR).unix_timestamp().into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP of 61 seconds ago",
        |a, rig, _| {
            a.dpop().claims["iat"] = (rig.now() - Duration::seconds(61)).unix_timestamp().into()
        },
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP in an hour",
        |a, rig, _| a.dpop().claims["iat"] = (rig.now() + Duration::HOUR).unix_timestamp().into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP in 31 seconds",
        |a, rig, _| {
            a.dpop().claims["iat"] = (rig.now() + Duration::seconds(31)).unix_timestamp().into()
        },
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP that is expired",
        |a, rig, _| a.dpop().claims["exp"] = rig.now().unix_timestamp().into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP that is not valid yet",
        |a, rig, _| a.dpop().claims["nbf"] = (rig.now() + Duration::MINUTE).unix_timestamp().into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "DPoP with a nonce of nobody",
        |a, _, _| a.dpop().claims["nonce"] = "abc".into(),
        400,
        "use_dpop_nonce",
        Kept,
    ),
    (
        "DPoP with a nonce that is a number",
        |a, _, _| a.dpop().claims["nonce"] = 1.into(),
        400,
        "invalid_dpop_proof",
        Kept,
    ),
    (
        "offer that is over",
        |a, rig, _| {
            rig.clock.advance(Duration::HOUR);
            a.dpop().claims["iat"] = rig.now().unix_timestamp().into();
        },
        400,
        "invalid_grant",
        Dead,
    ),
];

#[tokio::test]
async fn every_wrong_token_request_gets_its_code_and_leaves_the_offer_as_it_was() {
    let rig = Rig::new().await;
    for (name, change, status, code, after) in WRONG {
        let (offer, key) = (rig.offer(DMV, Some(6)).await, rig.key(Curve::P256));
        let mut attempt = rig.token_request(DMV, &offer, Some(&key));
        change(&mut attempt, &rig, &offer);
        let answer = attempt.send(&rig).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (*status, *code),
            "{name}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{name}");
        assert_eq!(answer.header("content-type"), "application/json", "{name}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{name}");
        assert_eq!(
            !answer.header("www-authenticate").is_empty(),
            *status == 401,
            "{name}"
        );
        assert_eq!(
            !answer.header("dpop-nonce").is_empty(),
            *code == "use_dpop_nonce",
            "{name}"
        );
        let described = answer.json()["error_description"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            described
                .bytes()
                .all(|c| matches!(c, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
            "{name}"
        );
        let right = rig.token_request(DMV, &offer, Some(&key)).send(&rig).await;
        let expected = if *after == Kept { 200 } else { 400 };
        assert_eq!(
            right.status, expected,
            "{name}: the right request afterwards"
        );
    }
}

#[tokio::test]
async fn a_code_counts_once() {
    let rig = Rig::new().await;
    let (offer, key) = (rig.offer(DMV, None).await, rig.key(Curve::P256));
    rig.token_request(DMV, &offer, Some(&key))
        .send(&rig)
        .await
        .ok();
    let again = rig.token_request(DMV, &offer, Some(&key)).send(&rig).await;
    assert_eq!(
        (again.status.as_u16(), again.error()),
        (400, "invalid_grant".into())
    );
}

#[tokio::test]
async fn a_code_of_another_tenant_is_unknown() {
    let rig = Rig::new().await;
    let (offer, key) = (rig.offer(crate::rig::OLD, None).await, rig.key(Curve::P256));
    let answer = rig.token_request(DMV, &offer, Some(&key)).send(&rig).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_grant".into())
    );
}

#[tokio::test]
async fn a_transaction_code_that_nobody_asked_for_is_refused() {
    let rig = Rig::new().await;
    let (offer, key) = (rig.offer(DMV, None).await, rig.key(Curve::P256));
    let mut attempt = rig.token_request(DMV, &offer, Some(&key));
    attempt.set("tx_code", Some("123456"));
    let answer = attempt.send(&rig).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_request".into())
    );
    rig.token_request(DMV, &offer, Some(&key))
        .send(&rig)
        .await
        .ok();
}

#[tokio::test]
async fn wrong_transaction_codes_lock_the_offer_after_the_last_attempt() {
    let rig = Rig::new().await;
    let (offer, key) = (rig.offer(DMV, Some(6)).await, rig.key(Curve::P256));
    let attempts = rig.tenant(DMV).policy.tx_code_attempts;
    for _ in 0..attempts {
        let mut attempt = rig.token_request(DMV, &offer, Some(&key));
        attempt.set("tx_code", Some("none"));
        assert_eq!(attempt.send(&rig).await.error(), "invalid_grant");
    }
    let right = rig.token_request(DMV, &offer, Some(&key)).send(&rig).await;
    assert_eq!(right.error(), "invalid_grant");
}

#[tokio::test]
async fn a_dpop_proof_counts_once() {
    let rig = Rig::new().await;
    let key = rig.key(Curve::P256);
    let (first, second) = (rig.offer(DMV, None).await, rig.offer(DMV, None).await);
    let mut attempt = rig.token_request(DMV, &first, Some(&key));
    attempt.dpop().claims["jti"] = "once".into();
    attempt.send(&rig).await.ok();
    let mut replay = rig.token_request(DMV, &second, Some(&key));
    replay.dpop().claims["jti"] = "once".into();
    let answer = replay.send(&rig).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_dpop_proof".into())
    );
    rig.token_request(DMV, &second, Some(&key))
        .send(&rig)
        .await
        .ok();
}
