//! Status lists (Token Status List, 8) and their aggregation (9).
//!
//! Tokens are signed when they are published, not here. What is easy to get wrong: how long a cache may keep one ends
//! with the token's own `ttl` and `exp`, whichever comes first, and each form and encoding has a tag of its own.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, VARY};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use time::Duration;
use url::form_urlencoded;

use super::answer::{ErrorBody, fault, unavailable};
use super::cached::Representation;
use super::documentation::StatusListsAnswer;
use super::state::TenantState;
use crate::status::list_uri;
use crate::store::{PublishedStatusList, StatusListId, StoreError};

const JWT: &str = "application/statuslist+jwt";
const CWT: &str = "application/statuslist+cwt";

/// A status list token, JWT or CWT.
#[utoipa::path(
    get, path = "/status-lists/{id}", tag = "trust",
    params(
        ("id" = String, Path, description = "22 characters of base64url"),
        ("time" = Option<i64>, Query, description = "Not supported: it would tell who was looked at when"),
    ),
    responses(
        (status = 200, description = "The token; CWT unless JWT is asked for", content(
            (Vec<u8> = "application/statuslist+cwt"), (String = "application/statuslist+jwt"),
        )),
        (status = 304, description = "Not changed"),
        (status = 404, description = "No such list, or every document that names it is past its end"),
        (status = 406, description = "Neither JWT nor CWT is acceptable"),
        (status = 501, description = "Tokens of the past are not kept"),
        (status = 503, description = "Repeat later", body = ErrorBody),
    )
)]
pub(super) async fn status_list(
    State(at): State<Arc<TenantState>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "time") {
        return StatusCode::NOT_IMPLEMENTED.into_response();
    }
    let Some(id) = StatusListId::parse(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let store = &at.service.store;
    let published = match store.published_status_list(&at.tenant.name, id).await {
        Ok(Some(published)) => published,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error @ StoreError::Unavailable(_)) => return unavailable(&error, Duration::SECOND),
        Err(error @ StoreError::Corrupt(_)) => return fault(&error),
    };
    let left = published.expires_at - at.service.clock.now();
    let max_age = left.whole_seconds().min(published.ttl.into());
    let representation = match preferred(&headers) {
        Some(Form::Cwt) => Representation::new(CWT, published.cwt.into()),
        Some(Form::Jwt) if accepts_gzip(&headers) => {
            Representation::new(JWT, at.compressed.gzip(published)).header(CONTENT_ENCODING, "gzip")
        }
        Some(Form::Jwt) => Representation::new(JWT, published.jwt.into()),
        None => {
            return (StatusCode::NOT_ACCEPTABLE, [(VARY, "Accept")]).into_response();
        }
    };
    representation
        .max_age(max_age)
        .header(VARY, "Accept, Accept-Encoding")
        .answer(&headers)
}

/// The addresses of all published lists, for readers that fetch ahead.
#[utoipa::path(
    get, path = "/status-lists", tag = "trust",
    responses(
        (status = 200, description = "Where the lists are", body = StatusListsAnswer),
        (status = 503, description = "Repeat later", body = ErrorBody),
    )
)]
pub(super) async fn aggregation(State(at): State<Arc<TenantState>>) -> Response {
    let lists = match at.service.store.status_lists(&at.tenant.name).await {
        Ok(lists) => lists,
        Err(error @ StoreError::Unavailable(_)) => return unavailable(&error, Duration::SECOND),
        Err(error @ StoreError::Corrupt(_)) => return fault(&error),
    };
    let now = at.service.clock.now();
    let uris: Vec<String> = lists
        .iter()
        .filter(|list| list.published_version.is_some() && !list.is_over(now))
        .map(|list| list_uri(&at.tenant, list.id))
        .collect();
    let body = Json(json!({ "status_lists": uris }));
    ([(CACHE_CONTROL, "public, max-age=300")], body).into_response()
}

/// A form of the token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Jwt,
    Cwt,
}

/// The form that `Accept` likes best; CWT where it likes both as much, for lists that documents name are read by
/// readers of documents. `None` if it accepts neither.
fn preferred(headers: &HeaderMap) -> Option<Form> {
    let ranges = weighted(headers, ACCEPT);
    if ranges.is_empty() {
        return Some(Form::Cwt);
    }
    // The most specific range that matches decides (RFC 9110, 12.5.1).
    let weight = |media_type: &str| {
        [media_type, "application/*", "*/*"]
            .iter()
            .find_map(|wanted| ranges.iter().find(|(range, _)| range == wanted))
            .map_or(0, |(_, weight)| *weight)
    };
    match (weight(JWT), weight(CWT)) {
        (0, 0) => None,
        (jwt, cwt) if jwt > cwt => Some(Form::Jwt),
        _ => Some(Form::Cwt),
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let codings = weighted(headers, ACCEPT_ENCODING);
    ["gzip", "*"]
        .iter()
        .find_map(|wanted| codings.iter().find(|(coding, _)| coding == wanted))
        .is_some_and(|(_, weight)| *weight > 0)
}

/// The members of a list header in lower case, with their weights in thousandths (RFC 9110, 12.4.2). Parameters other
/// than `q` do not matter; a weight that is none counts as 1.
fn weighted(headers: &HeaderMap, name: HeaderName) -> Vec<(String, u32)> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|member| {
            let mut parts = member.split(';').map(str::trim);
            let range = parts.next().filter(|range| !range.is_empty())?;
            let weight = parts
                .filter_map(|parameter| parameter.split_once('='))
                .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
                .map_or(1000, |(_, weight)| thousandths(weight.trim()));
            Some((range.to_ascii_lowercase(), weight))
        })
        .collect()
}

fn thousandths(weight: &str) -> u32 {
    match weight.split_once('.').unwrap_or((weight, "")) {
        ("0", fraction) if fraction.len() <= 3 => format!("{fraction:0<3}").parse().unwrap_or(1000),
        _ => 1000,
    }
}

/// JWT tokens in gzip, made once for each that is published.
#[derive(Debug, Default)]
pub(super) struct Compressed(Mutex<HashMap<StatusListId, (i64, u64, Bytes)>>);

impl Compressed {
    /// As many lists as are kept; beyond, all are forgotten and made again.
    const MAX_LISTS: usize = 256;

    fn gzip(&self, published: PublishedStatusList) -> Bytes {
        let key = (published.issued_at.unix_timestamp(), published.version);
        let lock = || {
            self.0
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
        };
        if let Some((issued_at, version, bytes)) = lock().get(&published.id)
            && (*issued_at, *version) == key
        {
            return bytes.clone();
        }
        let bytes = Bytes::from(gzip(published.jwt.as_bytes()));
        let mut kept = lock();
        if kept.len() >= Self::MAX_LISTS {
            kept.clear();
        }
        kept.insert(published.id, (key.0, key.1, bytes.clone()));
        bytes
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing into a vector does not fail")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn form(accept: &'static str) -> Option<Form> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        preferred(&headers)
    }

    #[test]
    fn accept_chooses_the_form() {
        assert_eq!(preferred(&HeaderMap::new()), Some(Form::Cwt));
        for (accept, expected) in [
            ("", Some(Form::Cwt)),
            ("*/*", Some(Form::Cwt)),
            ("application/json, */*", Some(Form::Cwt)),
            ("application/statuslist+cwt", Some(Form::Cwt)),
            ("application/statuslist+jwt", Some(Form::Jwt)),
            ("Application/StatusList+JWT", Some(Form::Jwt)),
            ("application/statuslist+jwt, */*;q=0.1", Some(Form::Jwt)),
            (
                "application/statuslist+jwt;q=0.5, application/statuslist+cwt",
                Some(Form::Cwt),
            ),
            ("application/statuslist+cwt;q=0, */*", Some(Form::Jwt)),
            ("application/statuslist+jwt;q=0", None),
            ("application/json", None),
            ("text/html", None),
        ] {
            assert_eq!(form(accept), expected, "{accept}");
        }
    }

    #[test]
    fn weights_are_read_in_thousandths() {
        for (text, weight) in [("0", 0), ("0.", 0), ("0.5", 500), ("0.001", 1), ("1", 1000)] {
            assert_eq!(thousandths(text), weight, "{text}");
        }
        assert_eq!(thousandths("0.5x"), 1000);
    }

    #[test]
    fn gzip_is_taken_only_where_it_is_offered() {
        let accepts = |encoding: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(encoding));
            accepts_gzip(&headers)
        };
        assert!(accepts("br, gzip") && accepts("*"));
        assert!(!accepts("br") && !accepts("gzip;q=0, *") && !accepts(""));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
