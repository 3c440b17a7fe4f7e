//! Messages to a receiver that takes them, is busy, sends them elsewhere, or lies inside.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use base64ct::{Base64, Encoding};
use mdl_crypto::hmac_sha256;
use mdl_issuer::record::SourceUnavailable;
use mdl_issuer::record::http::HttpSettingsError;
use mdl_issuer::webhook::{Webhook, WebhookError, WebhookSettings};
use time::OffsetDateTime;
use time::macros::datetime;
use url::Url;

use super::answering;
use crate::certificates::CERTIFICATES;
use crate::source::{Source, status};

const AT: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);
const BODY: &[u8] = br#"{"level": 7}"#;

fn settings(source: &Source) -> WebhookSettings {
    WebhookSettings {
        url: Url::parse(&format!("https://{}/alarms", source.address)).expect("a URL"),
        secret: "07".repeat(32).parse().expect("a secret"),
        trusted_roots: Some(CERTIFICATES.read("root.pem")),
        allow_private_addresses: true,
    }
}

async fn send(settings: WebhookSettings) -> Result<(), WebhookError> {
    let webhook = Webhook::new(settings).expect("settings");
    webhook.send("msg_1", AT, BODY).await
}

#[tokio::test]
async fn a_message_is_signed_over_its_id_time_and_body() {
    let source = answering(|_| status(StatusCode::NO_CONTENT)).await;
    send(settings(&source)).await.expect("delivered");
    let [request] = &source.arrived()[..] else {
        panic!("one request")
    };
    assert_eq!(request.body, BODY);
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("webhook-id"), "msg_1");
    assert_eq!(request.header("webhook-timestamp"), "1781524800");
    let mac = hmac_sha256(&[7; 32], &[b"msg_1.1781524800.", BODY]);
    let signature = format!("v1,{}", Base64::encode_string(&mac));
    assert_eq!(request.header("webhook-signature"), signature);
}

#[tokio::test]
async fn a_message_is_repeated_while_that_may_help() {
    for busy in [408, 429, 500, 503] {
        let busy = StatusCode::from_u16(busy).expect("a status");
        let source = answering(move |number| match number {
            1 | 2 => status(busy),
            _ => status(StatusCode::OK),
        })
        .await;
        send(settings(&source)).await.expect("delivered");
        let ids: Vec<_> = source.arrived();
        assert_eq!(ids.len(), 3);
        assert!(ids.iter().all(|one| one.header("webhook-id") == "msg_1"));
    }
    let source = answering(|_| status(StatusCode::BAD_GATEWAY)).await;
    let error = send(settings(&source)).await.expect_err("never taken");
    assert!(error.may_pass());
    assert_eq!(source.arrived().len(), 5);
}

#[tokio::test]
async fn a_message_that_is_refused_or_sent_elsewhere_is_not_repeated() {
    for code in [302, 400, 401, 410] {
        let code = StatusCode::from_u16(code).expect("a status");
        let source = answering(move |_| {
            Response::builder()
                .status(code)
                .header(header::LOCATION, "/elsewhere")
                .body(Body::empty())
                .expect("a response")
        })
        .await;
        let error = send(settings(&source)).await.expect_err("not taken");
        assert!(
            matches!(&error, WebhookError::Receiver(SourceUnavailable::Status { status }) if *status == code.as_u16()),
            "{error:?}"
        );
        assert_eq!((source.arrived().len(), error.may_pass()), (1, false));
    }
}

#[tokio::test]
async fn a_receiver_inside_is_connected_to_only_if_that_is_allowed() {
    let source = answering(|_| status(StatusCode::OK)).await;
    let mut settings = settings(&source);
    settings.allow_private_addresses = false;
    let literal = Webhook::new(settings.clone()).expect_err("an inner address");
    assert!(matches!(literal, HttpSettingsError::AddressRefused { .. }));
    settings.url.set_host(Some("localhost")).expect("a name");
    let error = send(settings).await.expect_err("an inner address");
    assert!(matches!(
        error,
        WebhookError::Receiver(SourceUnavailable::AddressRefused)
    ));
    assert!(source.arrived().is_empty());
}

#[tokio::test]
async fn a_receiver_is_known_by_its_certificate_over_https() {
    let source = answering(|_| status(StatusCode::OK)).await;
    // Neither of these roots has issued it: another one, those of the system.
    for roots in [Some(CERTIFICATES.read("other.pem")), None] {
        let mut settings = settings(&source);
        settings.trusted_roots = roots;
        let error = send(settings).await.expect_err("unknown");
        assert!(!error.may_pass(), "{error:?}");
    }
    let mut settings = settings(&source);
    settings.url.set_scheme("http").expect("a scheme");
    let error = Webhook::new(settings).expect_err("not https");
    assert!(matches!(error, HttpSettingsError::NotHttps { .. }));
    assert!(source.arrived().is_empty());
}
