//! The two listeners on real sockets: who is let in, how much, what an operator can do, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(
    unused_imports,
    reason = "the rig is also for those who speak the protocol"
)]
#[path = "../rig/mod.rs"]
mod rig;

mod approvals;
mod limits;
mod readiness;
mod roles;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mdl_crypto::Curve;
use mdl_issuer::config::{
    InternalListener, Operator, PublicListener, RequestLimits, ServeSettings,
};
use mdl_issuer::dual_control::DualControl;
use mdl_issuer::openid4vci::offer::{self, OfferIdentity, OfferRequest};
use mdl_issuer::operations::rate_limit::{Proxies, RateLimitSettings};
use mdl_issuer::record::SubjectReference;
use mdl_issuer::serve::{self, Running};
use mdl_issuer::store::{MemoryStore, SqlStore};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use rig::{DMV, Rig, Session};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const SUBJECT: &str = "CANARY-4711";
const MDL: &str = "mdl";

fn settings() -> ServeSettings {
    let limits = RequestLimits {
        header_size: 16 << 10,
        body_size: 64 << 10,
        header_time: Duration::from_secs(5),
        request_time: Duration::from_secs(20),
        concurrent_requests: 64,
        connections: 100,
    };
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    ServeSettings {
        shutdown_grace: Duration::from_secs(5),
        purge_interval: Duration::from_secs(60),
        checkpoint_interval: Duration::from_secs(60),
        public: PublicListener {
            address,
            tls: None,
            limits,
            rate_limit: RateLimitSettings {
                requests_per_minute: 60,
                burst: 10,
                concurrent_requests: 5,
                connections: 8,
                clients: 1000,
                proxies: Proxies::default(),
            },
        },
        internal: InternalListener {
            address,
            tls: None,
            client_ca: None,
            operators: vec![Operator::new("back-office", TOKEN)],
            dual_control: DualControl::default(),
            limits,
        },
    }
}

struct Served {
    running: Running,
    rig: Rig,
    client: Client,
}

impl Served {
    async fn with(settings: ServeSettings) -> Self {
        Self::of(Rig::new().await, settings).await
    }

    async fn of(rig: Rig, settings: ServeSettings) -> Self {
        let running = serve::start(rig.service.clone(), settings).await.unwrap();
        Self {
            running,
            rig,
            client: Client::builder().no_proxy().build().unwrap(),
        }
    }

    fn tenant(&self) -> &str {
        &self.rig.service.tenants[0].name
    }

    fn public(&self, path: &str) -> RequestBuilder {
        self.client
            .get(format!("http://{}{path}", self.running.public_address()))
    }

    fn internal(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.running.internal_address());
        self.client.request(method, url)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let path = format!("/tenants/{}{path}", self.tenant());
        let mut request = self.internal(method, &path).bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn operators_come_with_their_token_and_nobody_comes_without() {
    let served = Served::with(settings()).await;
    for path in [
        "/metrics",
        "/openapi.json",
        "/tenants/dmv/offers",
        "/tenants/dmv/status-lists",
    ] {
        let request = || served.internal(Method::GET, path);
        for wrong in [
            request(),
            request().bearer_auth("wrong"),
            request().bearer_auth(""),
            request().basic_auth("back-office", Some(TOKEN)),
            request().header("authorization", "Bearer"),
            request().bearer_auth("a".repeat(5000)),
        ] {
            let answer = wrong.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        }
        let answer = request().bearer_auth(TOKEN).send().await.unwrap();
        assert_ne!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn an_operator_makes_finds_and_cancels_an_offer() {
    let served = Served::with(settings()).await;
    let wanted = json!({ "subject": SUBJECT, "configuration_ids": [MDL], "tx_code_digits": 6 });
    let (status, made) = served.ask(Method::POST, "/offers", Some(wanted)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!(made["tx_code"].as_str().unwrap().len(), 6);
    let id = made["id"].as_str().unwrap();

    let (_, found) = served
        .ask(
            Method::POST,
            "/offers/search",
            Some(json!({ "subject": SUBJECT })),
        )
        .await;
    assert_eq!(found[0]["id"], id);
    assert_eq!(found[0]["state"], "open");
    let (_, other) = served
        .ask(
            Method::POST,
            "/offers/search",
            Some(json!({ "subject": "other" })),
        )
        .await;
    assert_eq!(other, json!([]));

    let path = format!("/tenants/{}/offers/{id}/qr.svg", served.tenant());
    let svg = served
        .internal(Method::GET, &path)
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    assert!(svg.text().await.unwrap().contains("<svg"));

    let (_, cancelled) = served
        .ask(Method::DELETE, &format!("/offers/{id}"), None)
        .await;
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(cancelled["link_by_value"], Value::Null);
    let (status, _) = served
        .ask(Method::GET, &format!("/offers/{id}/qr.svg"), None)
        .await;
    assert_eq!(status, StatusCode::CONFLICT);
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_repeated_key_gives_the_same_offer_and_another_request_none() {
    let served = Served::with(settings()).await;
    let path = format!("/tenants/{}/offers", served.tenant());
    let make = |subject: &str| {
        let wanted = json!({ "subject": subject, "configuration_ids": [MDL], "tx_code_digits": 8 });
        let request = served.internal(Method::POST, &path).bearer_auth(TOKEN);
        request
            .header("Idempotency-Key", "order-1")
            .json(&wanted)
            .send()
    };
    let first: Value = make(SUBJECT).await.unwrap().json().await.unwrap();
    let again: Value = make(SUBJECT).await.unwrap().json().await.unwrap();
    assert_eq!(first, again);
    assert_eq!(make("other").await.unwrap().status(), StatusCode::CONFLICT);
    let (_, all) = served.ask(Method::GET, "/offers", None).await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn wrong_requests_of_operators_get_their_codes() {
    let served = Served::with(settings()).await;
    let offer = |body: Value| ("/offers", body, 400, "invalid-parameter");
    let long = "a".repeat(257);
    let cases = [
        offer(json!({ "subject": "", "configuration_ids": [MDL] })),
        offer(json!({ "subject": long, "configuration_ids": [MDL] })),
        offer(json!({ "subject": "a\nb", "configuration_ids": [MDL] })),
        offer(json!({ "subject": "a", "configuration_ids": [] })),
        offer(json!({ "subject": "a", "configuration_ids": ["unknown"] })),
        offer(json!({ "subject": "a", "configuration_ids": [MDL, MDL] })),
        offer(json!({ "subject": "a", "configuration_ids": [MDL], "tx_code_digits": 3 })),
        offer(json!({ "subject": "a", "configuration_ids": [MDL], "life": 0 })),
        (
            "/offers",
            json!({ "configuration_ids": [MDL] }),
            400,
            "malformed-body",
        ),
        (
            "/offers",
            json!({ "subject": "a", "configuration_ids": [MDL], "x": 1 }),
            400,
            "malformed-body",
        ),
        ("/offers", json!([]), 400, "malformed-body"),
        (
            "/status-changes",
            json!({ "action": "revoke", "reason": "device-lost" }),
            400,
            "invalid-parameter",
        ),
        (
            "/status-changes",
            json!({ "subject": "a", "action": "revoke", "reason": "he moved" }),
            400,
            "invalid-parameter",
        ),
        (
            "/status-changes",
            json!({ "subject": "a", "action": "burn", "reason": "device-lost" }),
            400,
            "malformed-body",
        ),
        (
            "/status-changes",
            json!({ "issuance": "x", "action": "revoke", "reason": "device-lost" }),
            400,
            "invalid-parameter",
        ),
        (
            "/status-changes",
            json!({ "issuance": "AAAAAAAAAAAAAAAAAAAAAA", "action": "revoke", "reason": "device-lost" }),
            404,
            "unknown-issuance",
        ),
        (
            "/record-events",
            json!({ "subject": "a", "event": "moved" }),
            400,
            "malformed-body",
        ),
        (
            "/issuances/search",
            json!({ "subject": "" }),
            400,
            "invalid-parameter",
        ),
        ("/nothing", json!({}), 404, "unknown-endpoint"),
    ];
    for (path, body, status, code) in cases {
        let (found, answer) = served.ask(Method::POST, path, Some(body.clone())).await;
        assert_eq!(
            (found.as_u16(), &answer["code"]),
            (status, &json!(code)),
            "{path} {body}"
        );
    }
    let path = "/tenants/nobody/offers";
    let answer = served
        .internal(Method::GET, path)
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.json::<Value>().await.unwrap()["code"],
        "unknown-tenant"
    );
    let path = format!("/tenants/{}/offers", served.tenant());
    let large = served
        .internal(Method::POST, &path)
        .bearer_auth(TOKEN)
        .body("x".repeat(100_000));
    assert_eq!(
        large.send().await.unwrap().status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_wallet_that_sends_too_much_is_answered_in_the_shape_of_oauth() {
    let served = Served::with(settings()).await;
    let url = format!("http://{}/token", served.running.public_address());
    let request = served.client.post(url).body("x".repeat(100_000));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.headers()["content-type"], "application/json");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"], "invalid_request", "{body}");
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn one_request_too_many_is_told_when_to_come_again() {
    let served = Served::with(settings()).await;
    let mut refused = None;
    for _ in 0..15 {
        let answer = served.public("/healthz").send().await.unwrap();
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a burst of 10 is exceeded by 15");
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    // As a wallet reads every other refusal (RFC 6749, 5.2).
    assert_eq!(refused.headers()["content-type"], "application/json");
    assert_eq!(refused.headers()["cache-control"], "no-store");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"], "temporarily_unavailable");
    assert!(body["error_description"].is_string(), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    served.running.stop().await.unwrap();
}

/// Has a wallet collect two documents for [`SUBJECT`].
async fn collect(rig: &Rig) {
    let request = OfferRequest {
        configuration_ids: vec![MDL.into()],
        subject: SubjectReference::new(SUBJECT).unwrap(),
        tx_code_digits: None,
        life: None,
        identity: OfferIdentity::Random,
    };
    let offer = offer::create(&rig.service, rig.tenant(DMV), request);
    let (offer, key) = (offer.await.unwrap(), rig.key(Curve::P256));
    let answer = rig.token_request(DMV, &offer, Some(&key)).send(rig).await;
    let session = Session {
        tenant: DMV,
        token: answer.ok()["access_token"].as_str().unwrap().to_owned(),
        key,
    };
    let nonce = rig.nonce(DMV).await;
    let keys = vec![rig.key(Curve::P256), rig.key(Curve::P256)];
    let request = rig.credential_request(&session, &nonce, keys);
    request.send(rig).await.ok();
}

#[tokio::test]
async fn an_operator_sees_who_changed_the_status_of_what_and_why() {
    let served = Served::with(settings()).await;
    collect(&served.rig).await;
    let wanted = json!({ "subject": SUBJECT });
    let (_, found) = served
        .ask(Method::POST, "/issuances/search", Some(wanted))
        .await;
    let id = found[0]["id"].as_str().unwrap();
    let path = format!("/issuances/{id}");
    let (_, batch) = served.ask(Method::GET, &path, None).await;
    assert_eq!(batch["documents"], 2);
    assert_eq!(batch["status_changes"], json!([]));
    for (action, reason) in [
        ("suspend", "licence-suspended"),
        ("resume", "licence-reinstated"),
        ("revoke", "device-lost"),
    ] {
        let change = json!({ "issuance": id, "document": 1, "action": action, "reason": reason });
        let (status, _) = served
            .ask(Method::POST, "/status-changes", Some(change))
            .await;
        assert_eq!(status, StatusCode::OK);
        served.rig.clock.advance(time::Duration::SECOND);
    }
    let (_, batch) = served.ask(Method::GET, &path, None).await;
    let change = |at, status, reason| json!({ "at": at, "document": 1, "status": status, "reason": reason, "actor": "back-office" });
    assert_eq!(
        batch["status_changes"],
        json!([
            change("2026-06-15T13:14:15Z", "suspended", "licence-suspended"),
            change("2026-06-15T13:14:16Z", "valid", "licence-reinstated"),
            change("2026-06-15T13:14:17Z", "revoked", "device-lost"),
        ])
    );
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn failures_of_the_database_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("issuer.db");
    drop(SqlStore::sqlite(&path).await.unwrap());
    // Readable, and nothing can be written.
    let store = SqlStore::sqlite_to_read(&path).await.unwrap();
    let rig = Rig::on(Arc::new(store), 11).await;
    let served = Served::of(rig, settings()).await;
    let wanted = json!({ "subject": SUBJECT, "configuration_ids": [MDL] });
    let (status, refused) = served.ask(Method::POST, "/offers", Some(wanted)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{refused}");
    let request = served.internal(Method::GET, "/metrics").bearer_auth(TOKEN);
    let metrics = request.send().await.unwrap().text().await.unwrap();
    let counted = metrics
        .lines()
        .find_map(|line| line.strip_prefix("mdl_store_errors_total{kind=\"unavailable\"} "))
        .and_then(|count| count.parse::<u64>().ok());
    assert!(counted.is_some_and(|count| count > 0), "{metrics}");
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn every_answer_has_a_number_of_its_own_and_not_the_clients() {
    let served = Served::with(settings()).await;
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let answer = served
            .public("/healthz")
            .header("x-request-id", "mine")
            .send()
            .await
            .unwrap();
        numbers.push(
            answer.headers()["x-request-id"]
                .to_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_ne!(numbers[0], numbers[1]);
    assert!(numbers.iter().all(|number| number.len() == 32));
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn metrics_name_routes_and_nobody() {
    let served = Served::with(settings()).await;
    let wanted = json!({ "subject": SUBJECT, "configuration_ids": [MDL] });
    let (_, made) = served.ask(Method::POST, "/offers", Some(wanted)).await;
    let id = made["id"].as_str().unwrap();
    served
        .ask(Method::GET, &format!("/offers/{id}"), None)
        .await;
    let metrics = served
        .internal(Method::GET, "/metrics")
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(
        metrics.contains("endpoint=\"/tenants/{tenant}/offers/{offer}\""),
        "{metrics}"
    );
    for name in [
        "mdl_ready",
        "mdl_ledger_entries",
        "mdl_document_signer_seconds_left",
        "mdl_certificate_days_left{tenant=\"dmv\",purpose=\"iaca-root\"",
        "mdl_certificate_days_left{tenant=\"dmv\",purpose=\"document-signer\"",
    ] {
        assert!(metrics.contains(name), "{name}");
    }
    assert!(!metrics.contains(SUBJECT) && !metrics.contains(id) && !metrics.contains(TOKEN));
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_listener_that_has_stopped_takes_no_connection() {
    let served = Served::with(settings()).await;
    let address = served.running.public_address();
    served.running.stop().await.unwrap();
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = settings();
    settings.public.address = held.local_addr().unwrap();
    let rig = Rig::new().await;
    let error = serve::start(rig.service.clone(), settings)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("cannot be listened on"),
        "{error}"
    );
}

/// Clients may ask as often as they like, though not all at once.
fn any_rate() -> ServeSettings {
    let mut settings = settings();
    settings.public.rate_limit.requests_per_minute = 1_000_000;
    settings.public.rate_limit.burst = 100_000;
    settings
}

/// A connection to the public listener that says nothing yet.
async fn connection(served: &Served) -> tokio::net::TcpStream {
    let address = served.running.public_address();
    tokio::net::TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn a_client_that_sends_bodies_slowly_takes_its_share_of_the_room_and_no_more() {
    let served = Served::with(any_rate()).await;
    let mut slow = Vec::new();
    for _ in 0..5 {
        let mut stream = connection(&served).await;
        let head = "POST /dmv/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\n\r\na";
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    // They are in work once they were let in; there is nothing else to see of that from here.
    let refused = loop {
        let answer = served.public("/healthz").send().await.unwrap();
        if answer.status() != StatusCode::OK {
            break answer;
        }
    };
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "1");
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["error"], "temporarily_unavailable");
    assert_eq!(problem["error_description"], "too-many-at-once");
    drop(slow);
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_has_so_many_connections_and_no_more() {
    let served = Served::with(any_rate()).await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(connection(&served).await);
    }
    let mut one_too_many = connection(&served).await;
    assert_eq!(one_too_many.read(&mut [0; 1]).await.unwrap(), 0, "closed");
    silent.pop();
    // The service sees that it was closed when it gets round to it.
    let answered = loop {
        if let Ok(answer) = served.public("/healthz").send().await {
            break answer;
        }
    };
    assert_eq!(answered.status(), StatusCode::OK);
    drop(silent);
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn what_a_process_holds_is_free_when_it_has_stopped() {
    let rig = Rig::of_one(Arc::new(MemoryStore::new()), |_| ());
    let served = Served::of(rig, settings()).await;
    let service = served.rig.service.clone();
    let is_free = async |job: &str| {
        let now = service.clock.now();
        let lease = service.store.lease(job, "another", now, now);
        lease.await.unwrap()
    };
    let job = format!("status/{}", served.tenant());
    while is_free(&job).await || is_free("checkpoint").await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    served.running.stop().await.unwrap();
    assert!(is_free(&job).await && is_free("checkpoint").await);
}
