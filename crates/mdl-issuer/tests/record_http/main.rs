//! Records from, and messages to, a real HTTPS server that behaves well, badly, or not at all.

mod certificates;
mod source;
mod webhook;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, Method, Response, StatusCode, header};
use futures_util::stream;
use mdl_issuer::record::http::{
    Authentication, BreakerLimits, ClientCredentials, HttpLimits, HttpSettings, HttpSettingsError,
    HttpSource, SubjectPlace,
};
use mdl_issuer::record::{RecordSource, RecordSourceError, SubjectReference};
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::data_elements::Schema;
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
use url::Url;
use zeroize::Zeroizing;

use certificates::CERTIFICATES;
use source::{Arrived, Source, json, status};

const RECORD: &str = r#"{"doc_type": "org.iso.18013.5.1.mDL",
    "name_spaces": {"org.iso.18013.5.1": {"family_name": "Doe", "portrait": {"base64": "/9j/2Q=="}}}}"#;

const LIMITS: HttpLimits = HttpLimits {
    connect_timeout: Duration::from_secs(2),
    attempt_timeout: Duration::from_secs(2),
    deadline: Duration::from_secs(6),
    attempts: 3,
    max_bytes: 1 << 20,
};

fn settings(source: &Source) -> HttpSettings {
    HttpSettings {
        url: Url::parse(&format!("https://{}/records", source.address)).expect("a URL"),
        subject: SubjectPlace::Body,
        trusted_roots: CERTIFICATES.read("root.pem"),
        authentication: Authentication::Certificate {
            chain: CERTIFICATES.read("client.pem"),
            key: Zeroizing::new(CERTIFICATES.read("client.key")),
        },
        allow_private_addresses: true,
        limits: LIMITS,
        breaker: BreakerLimits::default(),
    }
}

fn open(settings: HttpSettings) -> HttpSource {
    HttpSource::new(settings, Schema::mdl()).expect("settings")
}

async fn fetch(source: &HttpSource) -> Result<ElementSet, RecordSourceError> {
    let subject = SubjectReference::new("anna/7 %ü").expect("a reference");
    source.fetch(&subject, MDL_DOC_TYPE).await
}

async fn refusal(source: &HttpSource) -> RecordSourceError {
    fetch(source).await.expect_err("no record")
}

/// A source that answers all requests alike, the first `after` ones aside.
async fn answering(
    answer: impl Fn(usize) -> Response<Body> + Clone + Send + Sync + 'static,
) -> Source {
    Source::start(false, move |number, _| {
        let answer = answer(number);
        async move { answer }
    })
    .await
}

#[tokio::test]
async fn a_record_is_posted_for_and_read() {
    let source = answering(|_| json(RECORD)).await;
    let elements = fetch(&open(settings(&source))).await.expect("a record");
    let portrait = elements.get(MDL_NAME_SPACE, "portrait").expect("there");
    assert_eq!(portrait.as_byte_string(), Some(&b"\xff\xd8\xff\xd9"[..]));
    let [request] = &source.arrived()[..] else {
        panic!("one request")
    };
    assert_eq!(request.parts.method, Method::POST);
    assert_eq!(request.parts.uri.to_string(), "/records");
    let body: serde_json::Value = serde_json::from_slice(&request.body).expect("JSON");
    assert_eq!(
        body,
        serde_json::json!({"subject": "anna/7 %ü", "doc_type": MDL_DOC_TYPE})
    );
}

#[tokio::test]
async fn a_subject_in_a_header_is_never_in_the_address() {
    let source = answering(|_| json(RECORD)).await;
    let mut settings = settings(&source);
    settings.subject = SubjectPlace::Header(HeaderName::from_static("x-subject"));
    fetch(&open(settings)).await.expect("a record");
    let request = &source.arrived()[0];
    assert_eq!(request.parts.method, Method::GET);
    assert_eq!(request.parts.uri.to_string(), "/records");
    assert_eq!(request.header("x-subject"), "anna/7%20%25%C3%BC");
    assert_eq!(request.header("x-document-type"), MDL_DOC_TYPE);
    assert!(request.body.is_empty());
}

#[tokio::test]
async fn answers_that_are_no_record_have_their_codes() {
    for (answer, code) in [
        ((404, "application/json", "{}"), "record-not-found"),
        ((410, "application/json", "{}"), "record-not-found"),
        ((400, "application/json", "{}"), "source-status"),
        ((204, "application/json", ""), "source-status"),
        ((302, "application/json", ""), "source-status"),
        ((403, "application/json", "{}"), "source-credentials"),
        ((401, "application/json", "{}"), "source-credentials"),
        ((200, "text/html", RECORD), "source-answer"),
        ((200, "", RECORD), "source-answer"),
        ((200, "application/json", "canary"), "record-malformed"),
        (
            (
                200,
                "application/json",
                r#"{"doc_type": "a", "name_spaces": {}}"#,
            ),
            "record-other-doc-type",
        ),
        (
            (
                200,
                "application/json",
                r#"{"doc_type": "a", "name_spaces": {"n": {"x": {"file": "/canary"}}}}"#,
            ),
            "record-malformed",
        ),
    ] {
        let source = answering(move |_| {
            let (status, media_type, body) = answer;
            let builder = Response::builder()
                .status(status)
                .header(header::LOCATION, "/elsewhere");
            let builder = match media_type {
                "" => builder,
                media_type => builder.header(header::CONTENT_TYPE, media_type),
            };
            builder.body(Body::from(body)).expect("a response")
        })
        .await;
        let refusal = refusal(&open(settings(&source))).await;
        assert_eq!(refusal.code(), code, "{answer:?}: {refusal:?}");
        assert!(!format!("{refusal:?}").contains("canary"), "{refusal:?}");
        assert_eq!(
            source.arrived().len(),
            1,
            "{answer:?}: asked again, or followed"
        );
    }
}

#[tokio::test]
async fn a_source_that_recovers_is_asked_again() {
    let source = answering(|number| match number {
        1 => status(StatusCode::INTERNAL_SERVER_ERROR),
        2 => status(StatusCode::SERVICE_UNAVAILABLE),
        _ => json(RECORD),
    })
    .await;
    fetch(&open(settings(&source))).await.expect("a record");
    assert_eq!(source.arrived().len(), 3);
}

#[tokio::test]
async fn attempts_are_counted() {
    let source = answering(|_| status(StatusCode::BAD_GATEWAY)).await;
    assert_eq!(
        refusal(&open(settings(&source))).await.code(),
        "source-status"
    );
    assert_eq!(source.arrived().len(), 3);
}

#[tokio::test]
async fn a_wait_that_the_source_asks_for_is_kept_or_ends_the_attempts() {
    let overloaded = |seconds: &'static str| {
        move |number| match number {
            1 => Response::builder()
                .status(StatusCode::TOO_MANY_REQUESTS)
                .header(header::RETRY_AFTER, seconds)
                .body(Body::empty())
                .expect("a response"),
            _ => json(RECORD),
        }
    };
    let (soon, late) = (
        answering(overloaded("1")).await,
        answering(overloaded("60")).await,
    );
    let started = Instant::now();
    fetch(&open(settings(&soon))).await.expect("a record");
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(
        refusal(&open(settings(&late))).await.code(),
        "source-status"
    );
    assert_eq!(late.arrived().len(), 1);
}

#[tokio::test]
async fn a_slow_source_runs_out_of_time() {
    let source = Source::start(false, |_, _| async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        json(RECORD)
    })
    .await;
    let mut settings = settings(&source);
    settings.limits.attempt_timeout = Duration::from_millis(300);
    settings.limits.deadline = Duration::from_millis(700);
    settings.limits.attempts = 100;
    let started = Instant::now();
    assert_eq!(refusal(&open(settings)).await.code(), "source-timeout");
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    assert!(
        source.arrived().len() >= 2,
        "the first attempt ended before the deadline"
    );
}

#[tokio::test]
async fn an_answer_that_trickles_runs_out_of_time_too() {
    let source = answering(|_| {
        let drops = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
        });
        json(Body::from_stream(drops))
    })
    .await;
    let mut settings = settings(&source);
    settings.limits.attempt_timeout = Duration::from_millis(500);
    settings.limits.attempts = 1;
    assert_eq!(refusal(&open(settings)).await.code(), "source-timeout");
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let source = answering(move |_| {
        let counted = Arc::clone(&counted);
        let endless = stream::repeat_with(move || {
            counted.fetch_add(1 << 16, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 16]))
        });
        json(Body::from_stream(endless))
    })
    .await;
    assert_eq!(
        refusal(&open(settings(&source))).await.code(),
        "record-too-large"
    );
    assert!(sent.load(Ordering::Relaxed) < 64 << 20);
    // One that says its size is not even begun.
    let source = answering(|_| json(vec![b' '; (1 << 20) + 1])).await;
    assert_eq!(
        refusal(&open(settings(&source))).await.code(),
        "record-too-large"
    );
    let largest = RECORD.to_owned() + &" ".repeat((1 << 20) - RECORD.len());
    let source = answering(move |_| json(largest.clone())).await;
    fetch(&open(settings(&source)))
        .await
        .expect("just small enough");
}

#[tokio::test]
async fn a_source_under_another_root_is_not_asked() {
    let source = answering(|_| json(RECORD)).await;
    let mut settings = settings(&source);
    settings.trusted_roots = CERTIFICATES.read("other.pem");
    let source_of_record = open(settings);
    assert_eq!(refusal(&source_of_record).await.code(), "source-tls");
    assert_eq!(
        source_of_record
            .check()
            .await
            .expect_err("untrusted")
            .code(),
        "source-tls"
    );
    assert!(source.arrived().is_empty());
}

#[tokio::test]
async fn a_source_under_another_name_is_not_asked() {
    let source = answering(|_| json(RECORD)).await;
    let mut settings = settings(&source);
    // Another name of this machine, which the certificate does not have.
    settings.url =
        Url::parse(&format!("https://127.0.0.2:{}/", source.address.port())).expect("a URL");
    let code = refusal(&open(settings)).await.code();
    assert!(
        ["source-tls", "source-unreachable"].contains(&code),
        "{code}"
    );
    assert!(source.arrived().is_empty());
}

#[tokio::test]
async fn the_client_certificate_is_shown_and_its_absence_noticed() {
    let source = Source::start(true, |_, _| async { json(RECORD) }).await;
    fetch(&open(settings(&source))).await.expect("a record");
    let mut anonymous = settings(&source);
    anonymous.authentication = Authentication::ClientCredentials(credentials(&source));
    assert_eq!(refusal(&open(anonymous)).await.code(), "source-tls");
}

#[tokio::test]
async fn a_source_that_is_away_is_worth_a_retry() {
    let source = answering(|_| json(RECORD)).await;
    let settings = settings(&source);
    drop(source);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let source = open(settings);
    let refusal = refusal(&source).await;
    assert_eq!(refusal.code(), "source-unreachable", "{refusal:?}");
    assert!(refusal.retry_after().is_some());
}

#[tokio::test]
async fn the_breaker_opens_probes_and_closes() {
    let is_down = Arc::new(AtomicBool::new(true));
    let down = Arc::clone(&is_down);
    let source = answering(move |_| {
        if down.load(Ordering::Relaxed) {
            status(StatusCode::SERVICE_UNAVAILABLE)
        } else {
            json(RECORD)
        }
    })
    .await;
    let mut settings = settings(&source);
    settings.limits.attempts = 1;
    settings.breaker = BreakerLimits {
        failures: 2,
        open_for: Duration::from_millis(400),
    };
    let records = open(settings);
    assert_eq!(refusal(&records).await.code(), "source-status");
    assert_eq!(refusal(&records).await.code(), "source-status");
    let open_now = refusal(&records).await;
    assert_eq!(open_now.code(), "source-circuit-open");
    assert!(open_now.retry_after().expect("a time") <= Duration::from_millis(400));
    assert_eq!(
        records.check().await.expect_err("open").code(),
        "source-circuit-open"
    );
    assert_eq!(source.arrived().len(), 2, "the source is left alone");

    tokio::time::sleep(Duration::from_millis(450)).await;
    assert_eq!(refusal(&records).await.code(), "source-status", "the probe");
    assert_eq!(refusal(&records).await.code(), "source-circuit-open");
    assert_eq!(source.arrived().len(), 3);

    is_down.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(450)).await;
    fetch(&records).await.expect("the probe");
    fetch(&records).await.expect("closed");
}

#[tokio::test]
async fn people_without_a_record_do_not_open_the_breaker() {
    let source = answering(|_| status(StatusCode::NOT_FOUND)).await;
    let records = open(settings(&source));
    for _ in 0..20 {
        assert_eq!(refusal(&records).await, RecordSourceError::NotFound);
    }
}

fn credentials(source: &Source) -> ClientCredentials {
    ClientCredentials {
        token_endpoint: Url::parse(&format!("https://{}/token", source.address)).expect("a URL"),
        client_id: "issuer:1".to_owned(),
        client_secret: Zeroizing::new("s3cret canary".to_owned()),
        scope: Some("records".to_owned()),
    }
}

/// Token endpoint and source in one; `token` answers the former.
async fn with_tokens(
    token: impl Fn(usize) -> Response<Body> + Clone + Send + Sync + 'static,
    accepted: &'static str,
) -> (Source, HttpSource) {
    let source = Source::start(false, move |number, request: Arrived| {
        let answer = match request.parts.uri.path() {
            "/token" => token(number),
            _ if request.header("authorization") == accepted => json(RECORD),
            _ => status(StatusCode::UNAUTHORIZED),
        };
        async move { answer }
    })
    .await;
    let mut settings = settings(&source);
    settings.authentication = Authentication::ClientCredentials(credentials(&source));
    let records = open(settings);
    (source, records)
}

fn paths(source: &Source) -> Vec<String> {
    source
        .arrived()
        .iter()
        .map(|request| request.parts.uri.to_string())
        .collect()
}

#[tokio::test]
async fn a_token_is_fetched_once_and_kept() {
    let token = |_| json(r#"{"access_token": "abc", "token_type": "bearer", "expires_in": 300}"#);
    let (source, records) = with_tokens(token, "Bearer abc").await;
    fetch(&records).await.expect("a record");
    let (second, third) = tokio::join!(fetch(&records), fetch(&records));
    assert!(second.is_ok() && third.is_ok());
    assert_eq!(
        paths(&source),
        ["/token", "/records", "/records", "/records"]
    );
    let asked = &source.arrived()[0];
    assert_eq!(
        asked.header("authorization"),
        "Basic aXNzdWVyJTNBMTpzM2NyZXQrY2FuYXJ5"
    );
    assert_eq!(asked.body, "grant_type=client_credentials&scope=records");
    assert!(!format!("{records:?}").contains("canary"), "{records:?}");
}

#[tokio::test]
async fn a_token_about_to_expire_is_not_kept() {
    let token = |_| json(r#"{"access_token": "abc", "token_type": "Bearer", "expires_in": 20}"#);
    let (source, records) = with_tokens(token, "Bearer abc").await;
    fetch(&records).await.expect("a record");
    fetch(&records).await.expect("a record");
    assert_eq!(paths(&source), ["/token", "/records", "/token", "/records"]);
}

#[tokio::test]
async fn a_token_that_is_no_longer_accepted_is_replaced() {
    let token = |number| match number {
        1 => json(r#"{"access_token": "old", "token_type": "Bearer", "expires_in": 3600}"#),
        _ => json(r#"{"access_token": "new", "token_type": "Bearer", "expires_in": 3600}"#),
    };
    let (source, records) = with_tokens(token, "Bearer new").await;
    fetch(&records).await.expect("a record");
    assert_eq!(paths(&source), ["/token", "/records", "/token", "/records"]);
}

#[tokio::test]
async fn an_authorization_server_that_refuses_has_its_code() {
    for (token, code) in [
        (
            (401, r#"{"error": "invalid_client"}"#),
            "source-credentials",
        ),
        ((503, ""), "source-status"),
        (
            (200, r#"{"access_token": "abc", "token_type": "mac"}"#),
            "source-answer",
        ),
        (
            (200, r#"{"access_token": "", "token_type": "Bearer"}"#),
            "source-answer",
        ),
        ((200, r#"{"token_type": "Bearer"}"#), "source-answer"),
        (
            (200, r#"{"access_token": "a\nb", "token_type": "Bearer"}"#),
            "source-answer",
        ),
        ((200, "canary"), "source-answer"),
    ] {
        let answer = move |_| {
            let mut answer = json(token.1);
            *answer.status_mut() = StatusCode::from_u16(token.0).expect("a status");
            answer
        };
        let (source, records) = with_tokens(answer, "").await;
        let refusal = refusal(&records).await;
        assert_eq!(refusal.code(), code, "{token:?}: {refusal:?}");
        assert!(!format!("{refusal:?}").contains("canary"), "{refusal:?}");
        assert!(!paths(&source).contains(&"/records".to_owned()));
    }
}

#[tokio::test]
async fn private_addresses_are_refused_as_literals_and_after_resolution() {
    let source = answering(|_| json(RECORD)).await;
    let mut private = settings(&source);
    private.allow_private_addresses = false;
    let refused = HttpSource::new(private.clone(), Schema::mdl()).expect_err("a literal");
    assert!(
        matches!(refused, HttpSettingsError::AddressRefused { .. }),
        "{refused}"
    );

    private.url =
        Url::parse(&format!("https://localhost:{}/", source.address.port())).expect("a URL");
    let records = open(private.clone());
    let refusal = refusal(&records).await;
    assert_eq!(refusal.code(), "source-address-refused", "{refusal:?}");
    assert!(source.arrived().is_empty());

    // The token endpoint is held to the same.
    private.authentication = Authentication::ClientCredentials(credentials(&source));
    let refused = HttpSource::new(private.clone(), Schema::mdl()).expect_err("a literal");
    assert!(
        matches!(refused, HttpSettingsError::AddressRefused { .. }),
        "{refused}"
    );

    // It is the address that was refused, and nothing else.
    let mut allowed = settings(&source);
    allowed.url = private.url;
    fetch(&open(allowed)).await.expect("a record");
}

#[tokio::test]
async fn settings_without_tls_or_with_wrong_certificates_are_refused() {
    let source = answering(|_| json(RECORD)).await;
    let mut plain = settings(&source);
    plain.url = Url::parse("http://register.example/").expect("a URL");
    let mut no_root = settings(&source);
    no_root.trusted_roots = b"no PEM".to_vec();
    let mut wrong_key = settings(&source);
    wrong_key.authentication = Authentication::Certificate {
        chain: CERTIFICATES.read("client.pem"),
        key: Zeroizing::new(CERTIFICATES.read("server.key")),
    };
    for wrong in [plain, no_root, wrong_key] {
        assert!(HttpSource::new(wrong, Schema::mdl()).is_err());
    }
}
