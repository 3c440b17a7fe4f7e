//! What readers fetch: status lists, CRL, IACA certificates.

use std::io::Read;

use axum::body::Body;
use axum::http::Request;
use flate2::read::GzDecoder;
use mdl_issuer::store::{NewStatusList, StatusListId};
use time::Duration;

use crate::rig::{Answer, DMV, Rig};

const JWT: &str = "application/statuslist+jwt";
const CWT: &str = "application/statuslist+cwt";

async fn list(rig: &Rig) -> StatusListId {
    rig.service.store.status_lists("dmv").await.unwrap()[0].id
}

async fn fetch(rig: &Rig, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    rig.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_status_list_comes_in_the_form_that_is_asked_for() {
    let rig = Rig::new().await;
    let id = list(&rig).await;
    let published = rig
        .service
        .store
        .published_status_list("dmv", id)
        .await
        .unwrap()
        .unwrap();
    let path = format!("/dmv/status-lists/{id}");
    for (accept, content_type, body) in [
        (None, CWT, published.cwt.as_slice()),
        (Some("*/*"), CWT, &published.cwt),
        (Some(CWT), CWT, &published.cwt),
        (Some(JWT), JWT, published.jwt.as_bytes()),
    ] {
        let accept: Vec<_> = accept
            .map(|accept| ("accept", accept))
            .into_iter()
            .collect();
        let answer = fetch(&rig, &path, &accept).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), content_type);
        assert_eq!(&answer.body[..], body);
        assert_eq!(answer.header("vary"), "Accept, Accept-Encoding");
        assert_eq!(answer.header("cache-control"), "public, max-age=43200");
        let tag = answer.header("etag");
        let mut again = accept.clone();
        again.push(("if-none-match", &tag));
        let unchanged = fetch(&rig, &path, &again).await;
        assert_eq!((unchanged.status.as_u16(), unchanged.body.len()), (304, 0));
        assert_eq!(unchanged.header("etag"), tag);
        assert_eq!(unchanged.header("vary"), "Accept, Accept-Encoding");
    }
    let refused = fetch(&rig, &path, &[("accept", "text/html")]).await;
    assert_eq!((refused.status.as_u16(), refused.body.len()), (406, 0));
}

#[tokio::test]
async fn a_jwt_is_compressed_for_those_who_take_it() {
    let rig = Rig::new().await;
    let path = format!("/dmv/status-lists/{}", list(&rig).await);
    let plain = fetch(&rig, &path, &[("accept", JWT)]).await;
    for _ in 0..2 {
        let headers = [("accept", JWT), ("accept-encoding", "gzip, br")];
        let compressed = fetch(&rig, &path, &headers).await;
        assert_eq!(compressed.header("content-encoding"), "gzip");
        assert_ne!(compressed.header("etag"), plain.header("etag"));
        let mut unpacked = Vec::new();
        GzDecoder::new(&compressed.body[..])
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, plain.body);
    }
    let cwt = fetch(&rig, &path, &[("accept", CWT), ("accept-encoding", "gzip")]).await;
    assert_eq!(cwt.header("content-encoding"), "");
}

#[tokio::test]
async fn no_cache_keeps_a_status_list_beyond_its_expiry() {
    let rig = Rig::new().await;
    let path = format!("/dmv/status-lists/{}", list(&rig).await);
    for (after, max_age) in [
        (Duration::days(6), 43200),
        (Duration::hours(23), 3600),
        (Duration::HOUR, 0),
        (Duration::HOUR, 0),
    ] {
        rig.clock.advance(after);
        let answer = rig.get(&path).await;
        assert_eq!(
            answer.header("cache-control"),
            format!("public, max-age={max_age}")
        );
    }
}

#[tokio::test]
async fn status_lists_of_the_past_of_others_and_of_nobody_are_not_served() {
    let rig = Rig::new().await;
    let id = list(&rig).await;
    let past = rig
        .get(&format!("/dmv/status-lists/{id}?time=1686925000"))
        .await;
    assert_eq!(past.status, 501);
    for path in [
        format!("/status-lists/{id}"),
        "/dmv/status-lists/AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "/dmv/status-lists/x".to_owned(),
    ] {
        let answer = rig.get(&path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
    let head = Request::head(format!("/dmv/status-lists/{id}"));
    let head = rig.send(head.body(Body::empty()).unwrap()).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-type"), CWT);
}

#[tokio::test]
async fn the_aggregation_names_every_published_list() {
    let rig = Rig::new().await;
    let lists = rig.service.store.status_lists("dmv").await.unwrap();
    let unpublished = NewStatusList {
        id: StatusListId([9; 16]),
        tenant: "dmv".into(),
        size: 8,
        capacity: 4,
        created_at: rig.now(),
    };
    let store = &rig.service.store;
    store.create_status_list(unpublished).await.unwrap();
    let answer = rig.get("/dmv/status-lists").await.ok();
    let named = answer["status_lists"].as_array().unwrap();
    assert_eq!(named.len(), lists.len());
    for uri in named {
        let path = uri
            .as_str()
            .unwrap()
            .strip_prefix("https://issuer.example")
            .unwrap();
        assert_eq!(rig.get(path).await.status, 200, "{uri}");
    }
}

#[tokio::test]
async fn iaca_certificates_come_as_json_pem_and_der() {
    let rig = Rig::new().await;
    let iaca = &rig.tenant(DMV).authority.get().iacas[0];
    let der = rig.get("/dmv/iaca.der").await;
    assert_eq!(der.header("content-type"), "application/pkix-cert");
    assert_eq!(&der.body[..], iaca);
    let pem = rig.get("/dmv/iaca.pem").await;
    assert_eq!(
        pem.header("content-type"),
        "application/pem-certificate-chain"
    );
    for path in ["/.well-known/iacas/dmv", "/dmv/.well-known/iacas"] {
        let json = rig.get(path).await.ok();
        let entry = &json["data"][0];
        assert_eq!(
            entry["certificatePem"].as_str().unwrap().as_bytes(),
            pem.body
        );
        assert_eq!(entry["active"], true);
        assert_eq!(entry["certificateData"]["country"], "US");
        assert_eq!(entry["certificateData"]["commonName"], "IACA");
        assert_eq!(entry["publicKeyJwk"]["crv"], "P-256");
    }
    let again = fetch(
        &rig,
        "/dmv/iaca.der",
        &[("if-none-match", &der.header("etag"))],
    )
    .await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
}

#[tokio::test]
async fn every_root_has_its_crl_at_an_address_of_its_own() {
    let rig = Rig::new().await;
    std::fs::write(rig.folder.path().join("crl"), b"one").unwrap();
    assert_eq!(rig.get("/dmv/crl/2").await.status, 503);
    std::fs::write(rig.folder.path().join("crl-2"), b"two").unwrap();
    let answer = rig.get("/dmv/crl/2").await;
    assert_eq!(answer.header("content-type"), "application/pkix-crl");
    assert_eq!(&answer.body[..], b"two");
    let tag = answer.header("etag");
    let unchanged = fetch(&rig, "/dmv/crl/2", &[("if-none-match", &tag)]).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.body.len()), (304, 0));
    for nowhere in ["0", "1", "3", "02", "+2", "-1", "x", "99999999999999999999"] {
        let path = format!("/dmv/crl/{nowhere}");
        assert_eq!(rig.get(&path).await.status, 404, "{nowhere}");
    }
    assert_eq!(&rig.get("/dmv/crl").await.body[..], b"one");
}

#[tokio::test]
async fn the_crl_is_read_anew_for_each_answer() {
    let rig = Rig::new().await;
    let missing = rig.get("/dmv/crl").await;
    assert_eq!(missing.status, 503, "configured, but not there");
    assert_eq!(missing.header("retry-after"), "60");
    let path = rig.folder.path().join("crl");
    let mut tags = Vec::new();
    for der in [b"first", b"other"] {
        std::fs::write(&path, der).unwrap();
        let answer = rig.get("/dmv/crl").await;
        assert_eq!(answer.header("content-type"), "application/pkix-crl");
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
        assert_eq!(&answer.body[..], der);
        let tag = answer.header("etag");
        let weak = format!("\"x\", W/{tag}");
        let unchanged = fetch(&rig, "/dmv/crl", &[("if-none-match", &weak)]).await;
        assert_eq!((unchanged.status.as_u16(), unchanged.body.len()), (304, 0));
        tags.push(tag);
    }
    assert_ne!(tags[0], tags[1]);
    assert_eq!(
        rig.get("/crl").await.status,
        404,
        "a tenant that publishes its CRL elsewhere"
    );
}
