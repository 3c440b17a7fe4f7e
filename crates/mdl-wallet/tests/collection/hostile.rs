//! An issuer that means harm: what it sends is not kept, and where it points is not gone.

use axum::body::Body;
use axum::http::header::LOCATION;
use axum::http::{Response, StatusCode};
use mdl_wallet::collection::{CollectError, Order};
use mdl_wallet::connection::RequestError;
use mdl_wallet::document::DocumentError;

use crate::collect;
use crate::service::{Instead, Mischief, Running, wallet};

/// Why a wallet that was done this to keeps nothing.
async fn refused_after(mischief: Mischief) -> CollectError {
    let running = Running::new(false).await;
    *running.way.mischief.lock().unwrap() = Some(mischief);
    let offer = running.offer(None).await;
    let mut wallet = wallet(running.anchors());
    let order = Order::batch_of(3);
    collect(&mut wallet, &offer.link_by_value, &order)
        .await
        .unwrap_err()
}

#[tokio::test]
async fn documents_that_are_not_those_of_the_keys_are_not_kept() {
    let swapped = refused_after(|documents| documents.swap(1, 2)).await;
    let CollectError::Document { index: 1, source } = swapped else {
        panic!("{swapped:?}");
    };
    assert_eq!(source, DocumentError::DeviceKey);
    let twice = refused_after(|documents| documents[2] = documents[0].clone()).await;
    assert!(
        matches!(twice, CollectError::Repeated { index: 2 }),
        "{twice:?}"
    );
    let fewer = refused_after(|documents| documents.truncate(2)).await;
    let count = matches!(
        fewer,
        CollectError::Count {
            keys: 3,
            received: 2
        }
    );
    assert!(count, "{fewer:?}");
    let changed = refused_after(|documents| {
        // A byte of a signature, which is at the end or before the elements.
        let text = documents[0]["credential"].as_str().unwrap();
        let other = if text.ends_with('A') { "E" } else { "A" };
        documents[0]["credential"] = format!("{}{other}", &text[..text.len() - 1]).into();
    })
    .await;
    assert!(
        matches!(
            changed,
            CollectError::Document { index: 0, .. } | CollectError::Encoding { index: 0 }
        ),
        "{changed:?}"
    );
}

const REDIRECT: Instead = || {
    Response::builder()
        .status(StatusCode::TEMPORARY_REDIRECT)
        .header(LOCATION, "/elsewhere")
        .body(Body::empty())
        .unwrap()
};

/// A redirect would take code, token and proofs to a place of the issuer's choice.
#[tokio::test]
async fn no_redirect_is_followed() {
    for path in [
        "/.well-known/openid-credential-issuer/dmv",
        "/.well-known/oauth-authorization-server/dmv",
        "/dmv/token",
        "/dmv/nonce",
        "/dmv/credential",
    ] {
        let running = Running::new(false).await;
        let offer = running.offer(None).await;
        *running.way.instead.lock().unwrap() = Some((path, REDIRECT));
        let mut wallet = wallet(running.anchors());
        let order = Order::batch_of(1);
        let refused = collect(&mut wallet, &offer.link_by_value, &order).await;
        let error = refused.unwrap_err();
        let refusal = error.request().and_then(RequestError::refusal);
        assert_eq!(refusal.map(|refusal| refusal.status), Some(307), "{path}");
        let seen = running.way.seen.lock().unwrap();
        assert!(!seen.iter().any(|path| path == "/elsewhere"), "{path}");
    }
}

const ENDLESS: Instead = || Response::new(Body::from(vec![b' '; 17 << 20]));

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    for path in [
        "/.well-known/openid-credential-issuer/dmv",
        "/dmv/token",
        "/dmv/credential",
    ] {
        let running = Running::new(false).await;
        let offer = running.offer(None).await;
        *running.way.instead.lock().unwrap() = Some((path, ENDLESS));
        let mut wallet = wallet(running.anchors());
        let order = Order::batch_of(1);
        let refused = collect(&mut wallet, &offer.link_by_value, &order).await;
        let error = refused.unwrap_err();
        assert!(
            matches!(error.request(), Some(RequestError::TooLong { .. })),
            "{path}: {error:?}"
        );
    }
}
