//! Wrong methods, preflights, and who may read what from a browser.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};

use crate::rig::{FailingReadiness, Rig};

fn request(method: &Method, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn wrong_methods_get_405_and_are_told_the_right_ones() {
    let rig = Rig::new().await;
    for path in [
        "/dmv/token",
        "/dmv/nonce",
        "/dmv/credential",
        "/dmv/notification",
    ] {
        for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let answer = rig.send(request(&method, path)).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), "POST", "{method} {path}");
            assert_eq!(
                answer.header("cache-control"),
                "no-store",
                "{method} {path}"
            );
            assert_eq!(
                answer.header("access-control-allow-origin"),
                "",
                "{method} {path}"
            );
        }
    }
    for path in [
        "/.well-known/openid-credential-issuer/dmv",
        "/dmv/offers/AAAAAAAAAAAAAAAAAAAAAA",
        "/dmv/status-lists",
        "/dmv/crl",
        "/dmv/iaca.pem",
        "/healthz",
    ] {
        let answer = rig.send(request(&Method::POST, path)).await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(answer.header("allow").starts_with("GET,HEAD"), "{path}");
    }
}

#[tokio::test]
async fn scripts_may_ask_for_what_anybody_may_read() {
    let rig = Rig::new().await;
    for path in [
        "/.well-known/openid-credential-issuer/dmv",
        "/.well-known/oauth-authorization-server",
        "/dmv/offers/AAAAAAAAAAAAAAAAAAAAAA",
        "/dmv/status-lists",
        "/dmv/status-lists/AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let answer = rig.send(request(&Method::OPTIONS, path)).await;
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(
            answer.header("access-control-allow-methods"),
            "GET, HEAD",
            "{path}"
        );
        let answer = rig.get(path).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
    for path in ["/dmv/crl", "/dmv/iaca.der", "/healthz", "/readyz"] {
        assert_eq!(
            rig.get(path).await.header("access-control-allow-origin"),
            "",
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_process_tells_that_it_lives_and_that_it_can_issue() {
    let rig = Rig::new().await;
    assert_eq!(rig.get("/healthz").await.ok()["status"], "ok");
    let ready = rig.get("/readyz").await;
    assert_eq!(ready.header("cache-control"), "no-store");
    assert_eq!(ready.ok()["status"], "ready");
}

#[tokio::test]
async fn a_service_that_cannot_issue_says_what_is_missing() {
    let mut rig = Rig::new().await;
    let readiness = Arc::new(FailingReadiness);
    rig.router = mdl_issuer::http::public::router(&rig.service, readiness);
    let answer = rig.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["failing"], serde_json::json!(["ledger"]));
    assert_eq!(rig.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn of_two_tenants_with_one_path_the_first_is_reached() {
    let rig = Rig::new().await;
    let shadow = &rig.service.tenants[3];
    assert_eq!(shadow.path(), rig.service.tenants[0].path());
    let metadata = rig
        .get("/.well-known/openid-credential-issuer/dmv")
        .await
        .ok();
    assert_eq!(metadata["credential_issuer"], "https://issuer.example/dmv");
}
