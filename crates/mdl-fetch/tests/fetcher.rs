//! Fetching from a server on this machine: what is sent, what is taken, and where nobody connects to.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::{get, post};
use mdl_fetch::{FetchError, FetchOptions, Fetcher};
use mdl_reader::NeededEvidence;
use tokio::net::TcpListener;

/// A server; its address, and how often it was asked for `/list`.
async fn server() -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let router = Router::new()
        .route(
            "/list",
            get(move |headers: HeaderMap| async move {
                count.fetch_add(1, Ordering::SeqCst);
                assert!(
                    headers["accept"]
                        .to_str()
                        .unwrap()
                        .contains("statuslist+cwt")
                );
                "token"
            }),
        )
        .route("/crl", get(|| async { "crl" }))
        .route(
            "/ocsp",
            post(|headers: HeaderMap, body: Bytes| async move {
                assert_eq!(headers["content-type"], "application/ocsp-request");
                [b"answer to ", &body[..]].concat()
            }),
        )
        .route("/large", post(|| async { vec![0; 65 << 10] }))
        .route("/moved", get(|| async { Redirect::permanent("/crl") }))
        .route("/circle", get(|| async { Redirect::permanent("/circle") }))
        .route("/gone", get(|| async { StatusCode::GONE }))
        .route("/never", get(std::future::pending::<&str>));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), asked)
}

fn local(keep_for: Duration) -> Fetcher {
    let options = FetchOptions {
        allow_private_addresses: true,
        keep_for,
        ..FetchOptions::default()
    };
    Fetcher::new(&options).unwrap()
}

fn crl(uri: impl Into<String>) -> NeededEvidence {
    NeededEvidence::Crl { uri: uri.into() }
}

#[tokio::test]
async fn each_kind_of_evidence_is_asked_for_in_its_way() {
    let (server, _) = server().await;
    let needed = [
        crl(format!("{server}/crl")),
        NeededEvidence::OcspResponse {
            uri: format!("{server}/ocsp"),
            request: b"request".to_vec(),
        },
        NeededEvidence::StatusList {
            uri: format!("{server}/list"),
        },
        crl(format!("{server}/moved")),
    ];
    let fetched = local(Duration::ZERO).fetch_all(&needed).await;
    let bytes: Vec<_> = fetched
        .into_iter()
        .map(|(_, fetched)| String::from_utf8(fetched.unwrap()).unwrap())
        .collect();
    assert_eq!(bytes, ["crl", "answer to request", "token", "crl"]);
}

#[tokio::test]
async fn what_was_fetched_is_used_again_for_a_while() {
    let (server, asked) = server().await;
    let list = NeededEvidence::StatusList {
        uri: format!("{server}/list"),
    };
    let keeping = local(Duration::from_secs(3600));
    for _ in 0..3 {
        keeping.fetch(&list).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let forgetting = local(Duration::ZERO);
    for _ in 0..3 {
        forgetting.fetch(&list).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 4);
    // Another request to the same responder is another question.
    let ask = async |request: &[u8]| {
        let needed = NeededEvidence::OcspResponse {
            uri: format!("{server}/ocsp"),
            request: request.to_vec(),
        };
        keeping.fetch(&needed).await.unwrap()
    };
    assert_ne!(ask(b"one").await, ask(b"two").await);
}

#[tokio::test]
async fn what_costs_too_much_is_broken_off() {
    let (server, _) = server().await;
    let fetcher = local(Duration::ZERO);
    let large = NeededEvidence::OcspResponse {
        uri: format!("{server}/large"),
        request: vec![],
    };
    let result = fetcher.fetch(&large).await;
    assert!(
        matches!(result, Err(FetchError::TooLarge { .. })),
        "{result:?}"
    );
    let result = fetcher.fetch(&crl(format!("{server}/gone"))).await;
    assert!(matches!(result, Err(FetchError::Status(410))), "{result:?}");
    let result = fetcher.fetch(&crl(format!("{server}/circle"))).await;
    assert!(matches!(result, Err(FetchError::Status(308))), "{result:?}");
    let impatient = FetchOptions {
        timeout: Duration::from_millis(50),
        allow_private_addresses: true,
        ..FetchOptions::default()
    };
    let impatient = Fetcher::new(&impatient).unwrap();
    let result = impatient.fetch(&crl(format!("{server}/never"))).await;
    assert!(
        matches!(result, Err(FetchError::Connection(_))),
        "{result:?}"
    );
}

#[tokio::test]
async fn nobody_connects_to_inner_addresses_unless_told_to() {
    let (server, asked) = server().await;
    let port = server.rsplit(':').next().unwrap();
    let fetcher = Fetcher::new(&FetchOptions::default()).unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "169.254.169.254",
        "10.0.0.1",
    ] {
        let list = NeededEvidence::StatusList {
            uri: format!("http://{host}:{port}/list"),
        };
        let result = fetcher.fetch(&list).await;
        assert!(
            matches!(result, Err(FetchError::Address)),
            "{host}: {result:?}"
        );
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    for uri in [
        "ldap://directory.example/",
        "file:///etc/passwd",
        "nonsense",
    ] {
        let result = fetcher.fetch(&crl(uri)).await;
        assert!(matches!(result, Err(FetchError::Uri)), "{uri}: {result:?}");
    }
}
