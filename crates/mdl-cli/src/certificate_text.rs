//! Certificates in words: for people who look at what an authority has made or received.

use std::path::Path;

use mdl_crypto::HashAlgorithm;
use mdl_iaca::certificate::{CertificateView, CrlView, DistributionPointName, GeneralName};
use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::verification_report::{rfc3339, shown};

/// SHA-256 of a certificate, in hexadecimal.
pub(crate) fn fingerprint(der: &[u8]) -> String {
    hex::encode(HashAlgorithm::Sha256.digest(der).as_bytes())
}

fn view(der: &[u8]) -> Result<CertificateView<'_>> {
    CertificateView::from_der(der)
        .map_err(|error| Failure::no("not a readable certificate").because(&error))
}

/// Subject, validity and fingerprint.
pub(crate) fn summary(der: &[u8]) -> Result<String> {
    let certificate = view(der)?;
    Ok(format!(
        "  subject  {}\n  valid    {} to {}\n  SHA-256  {}\n",
        shown(&certificate.subject().to_string()),
        rfc3339(certificate.validity().not_before.at),
        rfc3339(certificate.validity().not_after.at),
        fingerprint(der)
    ))
}

/// Everything that a person wants to know of a certificate.
pub(crate) fn details(der: &[u8]) -> Result<String> {
    summary(der)
}

/// The same as JSON, with the file it came from.
pub(crate) fn to_json(der: &[u8], path: Option<&Path>) -> Value {
    let Ok(certificate) = view(der) else {
        return Value::Null;
    };
    json!({
        "certificate": path,
        "subject": certificate.subject().to_string(),
        "issuer": certificate.issuer().to_string(),
        "country": certificate.subject().country(),
        "state": certificate.subject().state_or_province(),
        "common_name": certificate.subject().common_name(),
        "serial": hex::encode(certificate.serial().as_bytes()),
        "not_before": rfc3339(certificate.validity().not_before.at),
        "not_after": rfc3339(certificate.validity().not_after.at),
        "sha256": fingerprint(der),
    })
}

/// The first URI of the CRL distribution points.
pub(crate) fn crl_url(der: &[u8]) -> Option<String> {
    let certificate = CertificateView::from_der(der).ok()?;
    let points = certificate.extensions().crl_distribution_points().ok()??;
    points.iter().find_map(|point| match &point.name {
        Some(DistributionPointName::FullName(names)) => names.iter().find_map(|name| match name {
            GeneralName::Uri(uri) => Some(uri.to_string()),
            _ => None,
        }),
        _ => None,
    })
}

/// More entries of a CRL than this are counted and not printed.
const MAX_ENTRIES: usize = 1000;

fn crl_view(der: &[u8]) -> Result<CrlView<'_>> {
    CrlView::from_der(der).map_err(|error| Failure::no("not a readable CRL").because(&error))
}

fn crl_number(crl: &CrlView<'_>) -> Option<String> {
    crl.extensions()
        .crl_number()
        .ok()
        .flatten()
        .map(hex::encode)
}

/// Everything that a person wants to know of a CRL.
pub(crate) fn crl_details(der: &[u8]) -> Result<String> {
    let crl = crl_view(der)?;
    let mut text = format!(
        "  issuer      {}\n  number      {} (hexadecimal)\n  thisUpdate  {}\n  nextUpdate  {}\n",
        shown(&crl.issuer().to_string()),
        crl_number(&crl).as_deref().unwrap_or("none"),
        rfc3339(crl.this_update().at),
        crl.next_update()
            .map_or("none".to_owned(), |time| rfc3339(time.at)),
    );
    for entry in crl.revoked().take(MAX_ENTRIES) {
        let serial = hex::encode(entry.serial.as_bytes());
        text.push_str(&format!(
            "  revoked     {serial} at {}\n",
            rfc3339(entry.revocation_date.at)
        ));
    }
    let count = crl.revoked().count();
    text.push_str(&format!("  {count} certificates revoked\n"));
    Ok(text)
}

/// The same as JSON, with the file it came from.
pub(crate) fn crl_to_json(der: &[u8], path: &Path) -> Result<Value> {
    let crl = crl_view(der)?;
    let revoked = crl.revoked().take(MAX_ENTRIES).map(|entry| {
        json!({ "serial": hex::encode(entry.serial.as_bytes()), "at": rfc3339(entry.revocation_date.at) })
    });
    Ok(json!({
        "crl": path,
        "issuer": crl.issuer().to_string(),
        "number": crl_number(&crl),
        "this_update": rfc3339(crl.this_update().at),
        "next_update": crl.next_update().map(|time| rfc3339(time.at)),
        "revoked_count": crl.revoked().count(),
        "revoked": revoked.collect::<Vec<_>>(),
        "sha256": fingerprint(der),
    }))
}
