//! From offer to notification.

use axum::body::Body;
use axum::http::Request;
use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::Curve;
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_issuer::openid4vci::CURVES;
use mdl_issuer::record::SourceUnavailable;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::issuer_signed::decode_issuer_signed;
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_reader::{Conditions, Session as ReaderSession, Verifier};
use mdl_signer::quota::Priority;
use serde_json::{Value, json};
use time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::rig::{DMV, OLD, Rig, STRICT};

fn documents(answer: &Value) -> Vec<Vec<u8>> {
    let credentials = answer["credentials"].as_array().unwrap();
    credentials
        .iter()
        .map(|credential| {
            let text = credential["credential"].as_str().unwrap();
            Base64UrlUnpadded::decode_vec(text).unwrap()
        })
        .collect()
}

#[tokio::test]
async fn keys_of_every_curve_get_documents_that_a_reader_accepts() {
    let rig = Rig::new().await;
    let anchor = TrustAnchor::from_der(&rig.tenant(DMV).authority.get().iacas[0]).unwrap();
    let verifier = Verifier::new(TrustAnchors::new([anchor]));
    for curve in CURVES {
        let offer = rig.offer(DMV, Some(6)).await;
        let dpop_key = rig.key(curve);
        let answer = rig.token_request(DMV, &offer, Some(&dpop_key));
        let answer = answer.send(&rig).await.ok();
        let session = crate::rig::Session {
            tenant: DMV,
            token: answer["access_token"].as_str().unwrap().to_owned(),
            key: dpop_key,
        };
        let keys: Vec<_> = (0..3).map(|_| rig.key(curve)).collect();
        let nonce = rig.nonce(DMV).await;
        let request = rig.credential_request(&session, &nonce, keys.clone());
        let answer = request.send(&rig).await.ok();
        let documents = documents(&answer);
        assert_eq!(documents.len(), keys.len(), "{curve}");
        for (document, key) in documents.iter().zip(&keys) {
            let (decoded, mut checker) = decode_issuer_signed(document, &Limits::DEFAULT).unwrap();
            let payload = decoded.issuer_auth.payload.unwrap();
            let mso = MobileSecurityObject::decode(payload, &mut checker).unwrap();
            assert_eq!(
                &mso.device_key_info.device_key.to_public_key().unwrap(),
                key.public_key()
            );
            let conditions = Conditions::new(rig.now(), ReaderSession::Static);
            let report = verifier.verify_issuer_signed(document, &conditions);
            let failed: Vec<_> = report
                .documents()
                .iter()
                .flat_map(|document| document.checks())
                .filter(|check| check.outcome == mdl_reader::Outcome::Fail)
                .collect();
            assert!(failed.is_empty(), "{failed:?}");
        }
        let id = answer["notification_id"].as_str().unwrap();
        for _ in 0..2 {
            let answer = rig.notification(&session, id).send(&rig).await;
            assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
        }
    }
}

#[tokio::test]
async fn a_server_nonce_is_asked_for_and_the_same_request_then_passes() {
    let rig = Rig::new().await;
    let offer = rig.offer(STRICT, Some(4)).await;
    let key = rig.key(Curve::P256);
    let first = rig
        .token_request(STRICT, &offer, Some(&key))
        .send(&rig)
        .await;
    assert_eq!(
        (first.status.as_u16(), first.error()),
        (400, "use_dpop_nonce".into())
    );
    let dpop_nonce = first.header("dpop-nonce");
    let mut second = rig.token_request(STRICT, &offer, Some(&key));
    second.dpop().claims["nonce"] = dpop_nonce.into();
    // With a nonce, the wallet's clock does not matter.
    second.dpop().claims["iat"] = (rig.now() - Duration::HOUR).unix_timestamp().into();
    let second = second.send(&rig).await;
    let next = second.header("dpop-nonce");
    assert!(!next.is_empty(), "a fresh nonce comes with success");
    let answer = second.ok();
    let session = crate::rig::Session {
        tenant: STRICT,
        token: answer["access_token"].as_str().unwrap().to_owned(),
        key,
    };

    let nonce = rig.nonce(STRICT).await;
    let device_key = rig.key(Curve::P256);
    let request = rig.credential_request(&session, &nonce, vec![device_key.clone()]);
    let refused = request.send(&rig).await;
    assert_eq!(
        (refused.status.as_u16(), refused.error()),
        (401, "use_dpop_nonce".into())
    );
    assert!(
        refused
            .header("www-authenticate")
            .contains("error=\"use_dpop_nonce\"")
    );
    let mut request = rig.credential_request(&session, &nonce, vec![device_key]);
    request.dpop().claims["nonce"] = refused.header("dpop-nonce").into();
    let answer = request.send(&rig).await.ok();
    assert_eq!(answer["credentials"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_request_that_is_repeated_gets_the_same_documents() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    let keys = vec![rig.key(Curve::P256), rig.key(Curve::P256)];
    let nonce = rig.nonce(DMV).await;
    let again = || rig.credential_request(&session, &nonce, keys.clone());
    let first = documents(&again().send(&rig).await.ok());
    let second = documents(&again().send(&rig).await.ok());
    let payloads = |documents: &[Vec<u8>]| -> Vec<Vec<u8>> {
        documents
            .iter()
            .map(|document| {
                let (decoded, _) = decode_issuer_signed(document, &Limits::DEFAULT).unwrap();
                decoded.issuer_auth.payload.unwrap().to_vec()
            })
            .collect()
    };
    assert_eq!(payloads(&first), payloads(&second));
}

#[tokio::test]
async fn authorization_details_give_identifiers_to_ask_by() {
    let rig = Rig::new().await;
    let offer = rig.offer(DMV, None).await;
    let key = rig.key(Curve::P256);
    let mut request = rig.token_request(DMV, &offer, Some(&key));
    let details = json!([{ "type": "openid_credential", "credential_configuration_id": "mdl" }]);
    request.set("authorization_details", Some(&details.to_string()));
    request.set("client_id", Some("wallet.example"));
    let answer = request.send(&rig).await.ok();
    let identifier = &answer["authorization_details"][0]["credential_identifiers"][0];
    let session = crate::rig::Session {
        tenant: DMV,
        token: answer["access_token"].as_str().unwrap().to_owned(),
        key,
    };
    let nonce = rig.nonce(DMV).await;
    let device_key = rig.key(Curve::P256);
    let mut by_configuration = rig.credential_request(&session, &nonce, vec![device_key.clone()]);
    by_configuration.proof().claims["iss"] = "wallet.example".into();
    let refused = by_configuration.send(&rig).await;
    assert_eq!(refused.error(), "invalid_credential_request");
    let mut by_both = rig.credential_request(&session, &nonce, vec![device_key.clone()]);
    by_both.proof().claims["iss"] = "wallet.example".into();
    by_both.body["credential_identifier"] = identifier.clone();
    let refused = by_both.send(&rig).await;
    assert_eq!(refused.error(), "invalid_credential_request");
    let mut by_identifier = rig.credential_request(&session, &nonce, vec![device_key]);
    by_identifier.proof().claims["iss"] = "wallet.example".into();
    by_identifier.body = json!({ "credential_identifier": identifier });
    by_identifier.send(&rig).await.ok();
}

#[tokio::test]
async fn a_bearer_token_lives_five_minutes_where_it_is_allowed() {
    let rig = Rig::new().await;
    let offer = rig.offer(OLD, None).await;
    let answer = rig.token_request(OLD, &offer, None).send(&rig).await.ok();
    assert_eq!(
        (&answer["token_type"], &answer["expires_in"]),
        (&json!("Bearer"), &json!(300))
    );
    let session = crate::rig::Session {
        tenant: OLD,
        token: answer["access_token"].as_str().unwrap().to_owned(),
        key: rig.key(Curve::P256),
    };
    let nonce = rig.nonce(OLD).await;
    let request = || {
        let mut request = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
        request.envelope.dpop.clear();
        request.envelope.headers = vec![("authorization", format!("bearer {}", session.token))];
        request
    };
    let mut shown_as_dpop = request();
    shown_as_dpop.envelope.headers = vec![("authorization", format!("DPoP {}", session.token))];
    let dpop = rig.dpop_proof(OLD, "/credential", &session.key, Some(&session.token));
    shown_as_dpop.envelope.dpop = vec![dpop];
    assert_eq!(shown_as_dpop.send(&rig).await.error(), "invalid_token");
    request().send(&rig).await.ok();
    rig.clock.advance(Duration::minutes(5));
    let late = request().send(&rig).await;
    assert_eq!(
        (late.status.as_u16(), late.error()),
        (401, "invalid_token".into())
    );
    assert_eq!(
        late.header("www-authenticate")
            .matches("invalid_token")
            .count(),
        2
    );
}

#[tokio::test]
async fn whatever_else_a_wallet_sends_is_ignored() {
    let rig = Rig::new().await;
    let offer = rig.offer(DMV, None).await;
    let key = rig.key(Curve::P256);
    let mut request = rig.token_request(DMV, &offer, Some(&key));
    request.form.push(("lorem", "ipsum".into()));
    request.form.push(("lorem", "dolor".into()));
    request.form.push(("client_id", String::new()));
    request
        .envelope
        .headers
        .push(("accept", "text/html".into()));
    request.dpop().claims["nbf"] = rig.now().unix_timestamp().into();
    request.dpop().claims["exp"] = (rig.now() + Duration::minutes(5)).unix_timestamp().into();
    let answer = request.send(&rig).await.ok();
    let session = crate::rig::Session {
        tenant: DMV,
        token: answer["access_token"].as_str().unwrap().to_owned(),
        key,
    };
    let noisy = Request::post("/dmv/nonce?x=1")
        .header("authorization", "Bearer nonsense")
        .header("content-type", "application/json")
        .body(Body::from("{"))
        .unwrap();
    let answer = rig.send(noisy).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let nonce = answer.ok()["c_nonce"].as_str().unwrap().to_owned();
    let mut request = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
    request.body["lorem"] = json!({ "ipsum": [1] });
    request.envelope.uri.push_str("?dolor=sit");
    request.envelope.headers[0].1 = format!("dPOP {}", session.token);
    request.envelope.content_type = Some("application/json;charset=utf-8");
    request
        .envelope
        .headers
        .push(("accept", "application/jwt".into()));
    let answer = request.send(&rig).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    let answer = answer.ok();
    let members: Vec<_> = answer.as_object().unwrap().keys().collect();
    assert_eq!(members, ["credentials", "notification_id"]);
}

#[tokio::test]
async fn thirty_refusals_do_not_spoil_a_token() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    let nonce = rig.nonce(DMV).await;
    for _ in 0..30 {
        let mut request = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
        request.dpop().claims["ath"] = "wrong".into();
        assert_eq!(request.send(&rig).await.error(), "invalid_dpop_proof");
    }
    let request = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
    request.send(&rig).await.ok();
}

#[tokio::test]
async fn a_request_that_failed_for_want_of_a_record_passes_later() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    let nonce = rig.nonce(DMV).await;
    let keys = vec![rig.key(Curve::P256)];
    let again = || rig.credential_request(&session, &nonce, keys.clone());
    rig.records.set_away(true);
    let answer = again().send(&rig).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (503, "temporarily_unavailable".into())
    );
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(
        !answer.json().to_string().contains("closed for the night"),
        "the cause is for the log"
    );
    rig.records.set_away(false);
    again().send(&rig).await.ok();
}

#[tokio::test]
async fn a_wallet_is_told_when_the_source_of_record_will_be_asked_again() {
    let rig = Rig::new().await;
    for (left, told) in [(12_300, "13"), (400, "1"), (86_400_000, "3600")] {
        rig.records.fail(Some(SourceUnavailable::CircuitOpen {
            retry_after: std::time::Duration::from_millis(left),
        }));
        let session = rig.session(DMV).await;
        let nonce = rig.nonce(DMV).await;
        let request = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
        let answer = request.send(&rig).await;
        assert_eq!(answer.status.as_u16(), 503);
        assert_eq!(answer.header("retry-after"), told);
    }
}

#[tokio::test]
async fn the_router_serves_over_tcp_with_a_date() {
    let rig = Rig::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = rig.router.clone();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = "POST /dmv/nonce HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("\r\ndate: ") && answer.contains("{\"c_nonce\":"),
        "{answer}"
    );
    server.abort();
}

#[tokio::test]
async fn a_request_that_the_key_store_has_no_time_for_passes_later() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    let nonce = rig.nonce(DMV).await;
    let keys = vec![rig.key(Curve::P256)];
    let again = || rig.credential_request(&session, &nonce, keys.clone());
    let key_store = rig.tenant(DMV).authority.get().document_signers[0]
        .key_store
        .clone();
    let all = key_store
        .unwrap()
        .admit(Priority::Interactive, 300_000)
        .unwrap();
    let answer = again().send(&rig).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (429, "temporarily_unavailable".into())
    );
    assert_eq!(answer.header("retry-after"), "3");
    drop(all);
    again().send(&rig).await.ok();
}
