//! Wrong notifications: what each gets, and that the right one still gets through.

use mdl_crypto::Curve;
use serde_json::{Value, json};

use crate::rig::{DMV, NotificationAttempt, Rig, Session};

type Change = fn(&mut NotificationAttempt, &Rig, &Session);

/// Name, what is changed, status, code on the wire.
const WRONG: &[(&str, Change, u16, &str)] = &[
    (
        "no Authorization",
        |a, _, _| a.envelope.headers.clear(),
        401,
        "invalid_token",
    ),
    (
        "unknown token",
        |a, rig, s| {
            a.envelope.headers[0].1 = "DPoP AAAA".into();
            a.envelope.dpop = vec![rig.dpop_proof(DMV, "/notification", &s.key, Some("AAAA"))];
        },
        401,
        "invalid_token",
    ),
    (
        "bearer",
        |a, _, s| a.envelope.headers[0].1 = format!("Bearer {}", s.token),
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
        "no DPoP proof",
        |a, _, _| a.envelope.dpop.clear(),
        401,
        "invalid_dpop_proof",
    ),
    (
        "DPoP proof for the credential endpoint",
        |a, rig, s| {
            a.envelope.dpop = vec![rig.dpop_proof(DMV, "/credential", &s.key, Some(&s.token))];
        },
        401,
        "invalid_dpop_proof",
    ),
    (
        "DPoP proof by another key",
        |a, rig, s| {
            let key = rig.key(Curve::P256);
            a.envelope.dpop = vec![rig.dpop_proof(DMV, "/notification", &key, Some(&s.token))];
        },
        401,
        "invalid_dpop_proof",
    ),
    (
        "no content type",
        |a, _, _| a.envelope.content_type = None,
        415,
        "invalid_notification_request",
    ),
    (
        "a form",
        |a, _, _| a.envelope.content_type = Some("application/x-www-form-urlencoded"),
        415,
        "invalid_notification_request",
    ),
    (
        "too long",
        |a, _, _| a.body["event_description"] = "x".repeat(16 << 10).into(),
        413,
        "invalid_notification_request",
    ),
    (
        "no JSON",
        |a, _, _| a.envelope.raw = Some(b"x".to_vec()),
        400,
        "invalid_notification_request",
    ),
    (
        "an array",
        |a, _, _| a.body = json!([]),
        400,
        "invalid_notification_request",
    ),
    (
        "a member twice",
        |a, _, _| a.envelope.raw = Some(br#"{"event":"x","event":"x"}"#.to_vec()),
        400,
        "invalid_notification_request",
    ),
    (
        "no notification_id",
        |a, _, _| drop(a.body.as_object_mut().unwrap().remove("notification_id")),
        400,
        "invalid_notification_request",
    ),
    (
        "notification_id that is a number",
        |a, _, _| a.body["notification_id"] = 1.into(),
        400,
        "invalid_notification_request",
    ),
    (
        "unknown notification_id",
        |a, _, _| a.body["notification_id"] = "x".into(),
        400,
        "invalid_notification_id",
    ),
    (
        "empty notification_id",
        |a, _, _| a.body["notification_id"] = "".into(),
        400,
        "invalid_notification_id",
    ),
    (
        "no event",
        |a, _, _| drop(a.body.as_object_mut().unwrap().remove("event")),
        400,
        "invalid_notification_request",
    ),
    (
        "event that is null",
        |a, _, _| a.body["event"] = Value::Null,
        400,
        "invalid_notification_request",
    ),
    (
        "unknown event",
        |a, _, _| a.body["event"] = "credential_lost".into(),
        400,
        "invalid_notification_request",
    ),
    (
        "event in capitals",
        |a, _, _| a.body["event"] = "CREDENTIAL_ACCEPTED".into(),
        400,
        "invalid_notification_request",
    ),
    (
        "event_description that is a number",
        |a, _, _| a.body["event_description"] = 1.into(),
        400,
        "invalid_notification_request",
    ),
];

/// A session that was issued something, and the identifier of that.
async fn issued(rig: &Rig) -> (Session, String) {
    let session = rig.session(DMV).await;
    let nonce = rig.nonce(DMV).await;
    let request = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
    let answer = request.send(rig).await.ok();
    let id = answer["notification_id"].as_str().unwrap().to_owned();
    (session, id)
}

#[tokio::test]
async fn every_wrong_notification_gets_its_code() {
    let rig = Rig::new().await;
    let (session, id) = issued(&rig).await;
    for (name, change, status, code) in WRONG {
        let mut attempt = rig.notification(&session, &id);
        change(&mut attempt, &rig, &session);
        let answer = attempt.send(&rig).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (*status, *code),
            "{name}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{name}");
        assert_eq!(answer.header("content-type"), "application/json", "{name}");
        if *status == 401 {
            assert!(
                answer.header("www-authenticate").starts_with("DPoP"),
                "{name}"
            );
        }
    }
    assert_eq!(rig.notification(&session, &id).send(&rig).await.status, 204);
}

#[tokio::test]
async fn a_notification_of_another_token_is_unknown() {
    let rig = Rig::new().await;
    let (_, id) = issued(&rig).await;
    let (other, _) = issued(&rig).await;
    let answer = rig.notification(&other, &id).send(&rig).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_notification_id".into())
    );
}

#[tokio::test]
async fn every_event_is_taken_and_a_proof_counts_once() {
    let rig = Rig::new().await;
    let (session, id) = issued(&rig).await;
    for event in [
        "credential_failure",
        "credential_deleted",
        "credential_accepted",
    ] {
        let mut attempt = rig.notification(&session, &id);
        attempt.body["event"] = event.into();
        attempt.body["event_description"] = "because".into();
        attempt.dpop_jti(event);
        assert_eq!(attempt.send(&rig).await.status, 204, "{event}");
    }
    let mut replay = rig.notification(&session, &id);
    replay.dpop_jti("credential_failure");
    let answer = replay.send(&rig).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_dpop_proof".into())
    );
}
