//! What wallets of older drafts send, where a tenant takes it.

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::Curve;
use serde_json::{Value, json};

use crate::rig::{CredentialAttempt, DMV, OLD, Rig, Session};

/// A session of the tenant for older wallets, and the `c_nonce` that came with its token.
async fn session(rig: &Rig) -> (Session, String) {
    let (offer, key) = (rig.offer(OLD, None).await, rig.key(Curve::P256));
    let answer = rig
        .token_request(OLD, &offer, Some(&key))
        .send(rig)
        .await
        .ok();
    assert_eq!(answer["c_nonce_expires_in"], 300);
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    let session = Session {
        tenant: OLD,
        token: text("access_token"),
        key,
    };
    (session, text("c_nonce"))
}

/// With `body` and a proof in the way of draft 13.
fn attempt(rig: &Rig, session: &Session, nonce: &str, body: Value) -> CredentialAttempt {
    let mut attempt = rig.credential_request(session, nonce, vec![rig.key(Curve::P256)]);
    let jwt = attempt.proofs.remove(0).text();
    attempt.body = body;
    attempt.body["proof"] = json!({ "proof_type": "jwt", "jwt": jwt });
    attempt
}

#[tokio::test]
async fn a_wallet_of_draft_13_collects_a_document() {
    let rig = Rig::new().await;
    for body in [
        json!({ "format": "mso_mdoc", "doctype": "org.iso.18013.5.1.mDL" }),
        json!({ "credential_configuration_id": "mdl" }),
        json!({}),
    ] {
        let (session, nonce) = session(&rig).await;
        let answer = attempt(&rig, &session, &nonce, body).send(&rig).await.ok();
        assert_eq!(answer["credential"], answer["credentials"][0]["credential"]);
        // The next request needs no visit to the nonce endpoint.
        let next = answer["c_nonce"].as_str().unwrap().to_owned();
        assert_eq!(answer["c_nonce_expires_in"], 300);
        attempt(&rig, &session, &next, json!({}))
            .send(&rig)
            .await
            .ok();
    }
}

#[tokio::test]
async fn a_kid_that_spells_its_key_out_is_taken_where_the_tenant_says_so() {
    let rig = Rig::new().await;
    for (tenant, expected) in [(OLD, None), (DMV, Some("invalid_proof"))] {
        let session = rig.session(tenant).await;
        let nonce = rig.nonce(tenant).await;
        let mut attempt = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
        let header = attempt.proof().header.as_object_mut().unwrap();
        let jwk = header.remove("jwk").unwrap().to_string();
        let kid = format!(
            "did:jwk:{}#0",
            Base64UrlUnpadded::encode_string(jwk.as_bytes())
        );
        header.insert("kid".into(), kid.into());
        let answer = attempt.send(&rig).await;
        match expected {
            None => drop(answer.ok()),
            Some(code) => assert_eq!(answer.error(), code),
        }
    }
}

#[tokio::test]
async fn a_refused_proof_comes_back_with_a_fresh_nonce() {
    let rig = Rig::new().await;
    let (session, _) = session(&rig).await;
    let body = json!({ "format": "mso_mdoc", "doctype": "org.iso.18013.5.1.mDL" });
    let answer = attempt(&rig, &session, "x", body.clone()).send(&rig).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_nonce".into())
    );
    let nonce = answer.json()["c_nonce"].as_str().unwrap().to_owned();
    attempt(&rig, &session, &nonce, body).send(&rig).await.ok();
}

#[tokio::test]
async fn wrong_requests_of_older_drafts_get_the_codes_of_their_time() {
    let rig = Rig::new().await;
    let cases = [
        (
            json!({ "format": "vc+sd-jwt" }),
            "unsupported_credential_format",
        ),
        (
            json!({ "format": "mso_mdoc", "doctype": "x" }),
            "unsupported_credential_type",
        ),
        (
            json!({ "format": "mso_mdoc" }),
            "invalid_credential_request",
        ),
        (json!({ "format": 1 }), "invalid_credential_request"),
    ];
    for (body, code) in cases {
        let (session, nonce) = session(&rig).await;
        let answer = attempt(&rig, &session, &nonce, body.clone())
            .send(&rig)
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (400, code),
            "{body}"
        );
    }
    for proof in [
        json!({ "proof_type": "cwt", "cwt": "x" }),
        json!({ "proof_type": "jwt" }),
        json!({ "jwt": "x" }),
        json!("x"),
    ] {
        let (session, nonce) = session(&rig).await;
        let mut attempt = attempt(&rig, &session, &nonce, json!({}));
        attempt.body["proof"] = proof.clone();
        assert_eq!(attempt.send(&rig).await.error(), "invalid_proof", "{proof}");
    }
}
