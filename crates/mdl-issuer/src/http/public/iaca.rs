//! The authority's IACA certificates: what readers trust.
//!
//! JSON in the shape that issuers in the field publish at `/.well-known/iacas`, PEM and DER. They are here for
//! convenience: a reader decides whom to trust by other means than the issuer's own word.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64ct::{Base64, Encoding};
use mdl_crypto::HashAlgorithm;
use mdl_crypto::jose::Jwk;
use mdl_iaca::certificate::CertificateView;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::cached::Representation;
use super::state::TenantState;

/// IACA certificates live for years, but a new one should be seen soon.
const MAX_AGE: i64 = 3600;
/// Characters of a line in PEM (RFC 7468, 3).
const PEM_LINE: usize = 64;

/// The certificates with what they say.
#[utoipa::path(
    get, path = "/.well-known/iacas", tag = "trust",
    responses(
        (status = 200, description = "The IACA certificates", content_type = "application/json", body = Object),
        (status = 304, description = "Not changed"),
    )
)]
pub(super) async fn json(State(at): State<Arc<TenantState>>, headers: HeaderMap) -> Response {
    let now = at.service.clock.now();
    let authority = at.tenant.authority.get();
    let iacas = authority.iacas.iter();
    let data: Vec<Value> = iacas.filter_map(|der| describe(der, now)).collect();
    let body = json!({ "data": data }).to_string();
    Representation::new("application/json", body.into())
        .max_age(MAX_AGE)
        .answer(&headers)
}

/// All certificates, the newest first.
#[utoipa::path(
    get, path = "/iaca.pem", tag = "trust",
    responses(
        (status = 200, description = "The IACA certificates", content_type = "application/pem-certificate-chain", body = String),
        (status = 304, description = "Not changed"),
    )
)]
pub(super) async fn pem(State(at): State<Arc<TenantState>>, headers: HeaderMap) -> Response {
    let pem: String = at
        .tenant
        .authority
        .get()
        .iacas
        .iter()
        .map(|der| to_pem(der))
        .collect();
    Representation::new("application/pem-certificate-chain", pem.into())
        .max_age(MAX_AGE)
        .answer(&headers)
}

/// The newest certificate.
#[utoipa::path(
    get, path = "/iaca.der", tag = "trust",
    responses(
        (status = 200, description = "The newest IACA certificate", content_type = "application/pkix-cert", body = Vec<u8>),
        (status = 304, description = "Not changed"),
        (status = 404, description = "The tenant has none"),
    )
)]
pub(super) async fn der(State(at): State<Arc<TenantState>>, headers: HeaderMap) -> Response {
    match at.tenant.authority.get().iacas.first() {
        Some(der) => Representation::new("application/pkix-cert", der.clone().into())
            .max_age(MAX_AGE)
            .answer(&headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `None` for what is no certificate, which configuration refuses.
fn describe(der: &[u8], now: OffsetDateTime) -> Option<Value> {
    let certificate = CertificateView::from_der(der).ok()?;
    let validity = certificate.validity();
    let (not_before, not_after) = (validity.not_before.at, validity.not_after.at);
    let fingerprint = hex::encode(HashAlgorithm::Sha256.digest(der).as_ref());
    let mut data = Map::new();
    for (name, time) in [("notBefore", not_before), ("notAfter", not_after)] {
        data.insert(name.into(), time.format(&Rfc3339).ok()?.into());
    }
    let subject = certificate.subject();
    for (name, value) in [
        ("country", subject.country()),
        ("commonName", subject.common_name()),
    ] {
        if let Some(value) = value {
            data.insert(name.into(), value.into());
        }
    }
    let mut members = json!({
        "id": fingerprint,
        "active": not_before <= now && now <= not_after,
        "certificatePem": to_pem(der),
        "certificateData": data,
        "certificateFingerprint": fingerprint,
    });
    // A key on a curve without a name in JOSE (Brainpool) is in the certificate only.
    if let Ok(jwk) = certificate
        .public_key_info()
        .public_key()
        .map_err(drop)
        .and_then(|key| Jwk::try_from(key).map_err(drop))
    {
        members["publicKeyJwk"] = jwk.to_json();
    }
    Some(members)
}

fn to_pem(der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
