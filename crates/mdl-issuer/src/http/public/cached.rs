//! Answers that caches may keep: entity tags and ages (RFC 9110, 8.8.3 and 13.1.2; RFC 9111, 5.2.2).

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::store::Hash;

/// One representation of a resource.
#[derive(Debug)]
pub(super) struct Representation {
    content_type: &'static str,
    bytes: Bytes,
    entity_tag: String,
    max_age: i64,
    headers: Vec<(HeaderName, &'static str)>,
}

impl Representation {
    /// Its entity tag follows from its bytes.
    pub(super) fn new(content_type: &'static str, bytes: Bytes) -> Self {
        let entity_tag = format!("\"{}\"", hex::encode(&Hash::of(&bytes).0[..16]));
        Self {
            content_type,
            bytes,
            entity_tag,
            max_age: 0,
            headers: Vec::new(),
        }
    }

    /// How long caches may answer from what they have, in seconds.
    pub(super) fn max_age(mut self, seconds: i64) -> Self {
        self.max_age = seconds.max(0);
        self
    }

    /// With one more header, also when it has not changed.
    pub(super) fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// 200, or 304 for a cache that has it.
    pub(super) fn answer(self, request: &HeaderMap) -> Response {
        let is_known = is_listed(request, &self.entity_tag);
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(CONTENT_TYPE, self.content_type)], self.bytes).into_response()
        };
        let headers = response.headers_mut();
        let cache_control = format!("public, max-age={}", self.max_age);
        for (name, value) in [(ETAG, self.entity_tag), (CACHE_CONTROL, cache_control)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        for (name, value) in self.headers {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Whether `If-None-Match` lists the tag; weak ones count (RFC 9110, 13.1.2).
fn is_listed(request: &HeaderMap, entity_tag: &str) -> bool {
    request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == entity_tag)
}
