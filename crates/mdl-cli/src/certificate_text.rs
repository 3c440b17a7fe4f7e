//! Certificates, CRLs and requests in words: for people who look at what an authority has made or received.

use std::path::Path;

use mdl_crypto::HashAlgorithm;
use mdl_iaca::certificate::{
    AlgorithmIdentifier, CertificateView, CrlView, CsrView, DistributionPointName, Extension,
    Extensions, GeneralName, GeneralNames, SubjectPublicKeyInfo, oid,
};
use serde_json::{Map, Value, json};

use crate::failure::{Failure, Result};
use crate::verification_report::{rfc3339, shown};

/// More entries of a CRL than this are counted and not printed.
const MAX_ENTRIES: usize = 1000;

/// What a document says, in order: name of a field, and its value in words.
type Fields = Vec<(String, String)>;

/// SHA-256 of a certificate, in hexadecimal.
pub(crate) fn fingerprint(der: &[u8]) -> String {
    hex::encode(HashAlgorithm::Sha256.digest(der).as_bytes())
}

/// Subject, validity and fingerprint.
pub(crate) fn summary(der: &[u8]) -> Result<String> {
    let certificate = view(der)?;
    Ok(to_text(&vec![
        field("subject", certificate.subject()),
        field("valid", validity(&certificate)),
        field("SHA-256", fingerprint(der)),
    ]))
}

/// Everything that a person wants to know of a certificate.
pub(crate) fn details(der: &[u8]) -> Result<String> {
    Ok(to_text(&fields(&view(der)?)))
}

/// The same as JSON, with the file it came from.
pub(crate) fn to_json(der: &[u8], path: Option<&Path>) -> Value {
    let Ok(certificate) = view(der) else {
        return Value::Null;
    };
    let mut json = object("certificate", path);
    json.insert("subject".into(), certificate.subject().to_string().into());
    json.insert("issuer".into(), certificate.issuer().to_string().into());
    json.insert("country".into(), json!(certificate.subject().country()));
    json.insert(
        "state".into(),
        json!(certificate.subject().state_or_province()),
    );
    json.insert(
        "common_name".into(),
        json!(certificate.subject().common_name()),
    );
    json.insert(
        "serial".into(),
        hex::encode(certificate.serial().as_bytes()).into(),
    );
    json.insert(
        "not_before".into(),
        rfc3339(certificate.validity().not_before.at).into(),
    );
    json.insert(
        "not_after".into(),
        rfc3339(certificate.validity().not_after.at).into(),
    );
    json.insert("sha256".into(), fingerprint(der).into());
    json.insert("key".into(), key(certificate.public_key_info()).into());
    json.insert(
        "signature_algorithm".into(),
        algorithm(certificate.outer_algorithm()).into(),
    );
    json.insert(
        "extensions".into(),
        extensions_json(certificate.extensions()),
    );
    Value::Object(json)
}

/// The first URI of the CRL distribution points.
pub(crate) fn crl_url(der: &[u8]) -> Option<String> {
    let certificate = CertificateView::from_der(der).ok()?;
    let points = certificate.extensions().crl_distribution_points().ok()??;
    points.iter().find_map(|point| match &point.name {
        Some(DistributionPointName::FullName(names)) => names.iter().find_map(|name| match name {
            GeneralName::Uri(uri) => Some(uri.to_owned()),
            _ => None,
        }),
        _ => None,
    })
}

/// Everything that a person wants to know of a CRL.
pub(crate) fn crl_details(der: &[u8]) -> Result<String> {
    let crl = crl_view(der)?;
    let mut fields = vec![
        field("issuer", crl.issuer()),
        field("thisUpdate", rfc3339(crl.this_update().at)),
        field(
            "nextUpdate",
            crl.next_update()
                .map_or("none".to_owned(), |time| rfc3339(time.at)),
        ),
        field("signature", algorithm(crl.signed_data().algorithm())),
    ];
    fields.extend(extension_fields(crl.extensions()));
    for entry in crl.revoked().take(MAX_ENTRIES) {
        let serial = hex::encode(entry.serial.as_bytes());
        fields.push(field(
            "revoked",
            format!("{serial} at {}", rfc3339(entry.revocation_date.at)),
        ));
    }
    fields.push(field("revoked in all", crl.revoked().count()));
    Ok(to_text(&fields))
}

/// The same as JSON, with the file it came from.
pub(crate) fn crl_to_json(der: &[u8], path: Option<&Path>) -> Result<Value> {
    let crl = crl_view(der)?;
    let revoked = crl.revoked().take(MAX_ENTRIES).map(|entry| {
        json!({ "serial": hex::encode(entry.serial.as_bytes()), "at": rfc3339(entry.revocation_date.at) })
    });
    let mut json = object("crl", path);
    json.insert("issuer".into(), crl.issuer().to_string().into());
    json.insert(
        "number".into(),
        json!(crl.extensions().crl_number().ok().flatten().map(decimal)),
    );
    json.insert("this_update".into(), rfc3339(crl.this_update().at).into());
    json.insert(
        "next_update".into(),
        json!(crl.next_update().map(|time| rfc3339(time.at))),
    );
    json.insert("revoked_count".into(), crl.revoked().count().into());
    json.insert("revoked".into(), revoked.collect());
    json.insert("sha256".into(), fingerprint(der).into());
    json.insert("extensions".into(), extensions_json(crl.extensions()));
    Ok(Value::Object(json))
}

/// Everything that a person wants to know of a request.
pub(crate) fn csr_details(der: &[u8]) -> Result<String> {
    let csr = csr_view(der)?;
    let mut fields = vec![
        field("subject", csr.subject()),
        field("key", key(csr.public_key_info())),
        field("signature", algorithm(csr.signed_data().algorithm())),
    ];
    fields.extend(extension_fields(csr.extensions()));
    Ok(to_text(&fields))
}

/// The same as JSON.
pub(crate) fn csr_to_json(der: &[u8]) -> Result<Value> {
    let csr = csr_view(der)?;
    Ok(json!({
        "request": null,
        "subject": csr.subject().to_string(),
        "key": key(csr.public_key_info()),
        "signature_algorithm": algorithm(csr.signed_data().algorithm()),
        "sha256": fingerprint(der),
        "extensions": extensions_json(csr.extensions()),
    }))
}

fn fields(certificate: &CertificateView<'_>) -> Fields {
    let mut fields = vec![
        field("subject", certificate.subject()),
        field("issuer", certificate.issuer()),
        field("serial", hex::encode(certificate.serial().as_bytes())),
        field("valid", validity(certificate)),
        field("key", key(certificate.public_key_info())),
        field("signature", algorithm(certificate.outer_algorithm())),
    ];
    fields.extend(extension_fields(certificate.extensions()));
    fields.push(field("SHA-256", hex::encode(certificate.fingerprint())));
    fields
}

fn view(der: &[u8]) -> Result<CertificateView<'_>> {
    CertificateView::from_der(der)
        .map_err(|error| Failure::no("not a readable certificate").because(&error))
}

fn crl_view(der: &[u8]) -> Result<CrlView<'_>> {
    CrlView::from_der(der).map_err(|error| Failure::no("not a readable CRL").because(&error))
}

fn csr_view(der: &[u8]) -> Result<CsrView<'_>> {
    CsrView::from_der(der).map_err(|error| Failure::no("not a readable request").because(&error))
}

fn object(kind: &str, path: Option<&Path>) -> Map<String, Value> {
    let mut json = Map::new();
    json.insert(kind.into(), json!(path.map(Path::to_string_lossy)));
    json
}

fn field(name: &str, value: impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

fn to_text(fields: &Fields) -> String {
    let width = fields
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default();
    fields
        .iter()
        .map(|(name, value)| format!("  {name:width$}  {}\n", shown(value)))
        .collect()
}

fn validity(certificate: &CertificateView<'_>) -> String {
    let validity = certificate.validity();
    format!(
        "{} to {}",
        rfc3339(validity.not_before.at),
        rfc3339(validity.not_after.at)
    )
}

fn key(info: SubjectPublicKeyInfo<'_>) -> String {
    match info.public_key() {
        Ok(key) => format!("{} {}", key.curve().name(), hex::encode(key.key_bits())),
        Err(error) => format!("{} ({error})", algorithm(info.algorithm())),
    }
}

fn algorithm(algorithm: AlgorithmIdentifier<'_>) -> String {
    let oid = algorithm.oid();
    oid.name()
        .map_or_else(|| oid.to_string(), ToOwned::to_owned)
}

fn extension_fields(extensions: &Extensions<'_>) -> Fields {
    let of_extension = |extension: &Extension<'_>| {
        let critical = if extension.critical {
            " (critical)"
        } else {
            ""
        };
        (
            format!("{}{critical}", extension_name(extension)),
            extension_value(extensions, extension),
        )
    };
    extensions.iter().map(of_extension).collect()
}

fn extensions_json(extensions: &Extensions<'_>) -> Value {
    let of_extension = |extension: &Extension<'_>| {
        json!({
            "name": extension_name(extension),
            "oid": extension.oid.to_string(),
            "critical": extension.critical,
            "value": extension_value(extensions, extension),
        })
    };
    extensions.iter().map(of_extension).collect()
}

fn extension_name(extension: &Extension<'_>) -> String {
    extension
        .oid
        .name()
        .map_or_else(|| extension.oid.to_string(), ToOwned::to_owned)
}

/// An extension in words; in hexadecimal if it is not one of those that the profiles know, or cannot be read.
fn extension_value(extensions: &Extensions<'_>, extension: &Extension<'_>) -> String {
    known_extension(extensions, extension).unwrap_or_else(|| hex::encode(extension.value))
}

fn known_extension(extensions: &Extensions<'_>, extension: &Extension<'_>) -> Option<String> {
    Some(match extension.oid {
        oid::KEY_USAGE => extensions.key_usage().ok()??.to_string(),
        oid::EXTENDED_KEY_USAGE => {
            let purposes = extensions.extended_key_usage().ok()??;
            let names = purposes.purposes().map(|oid| {
                oid.name()
                    .map_or_else(|| oid.to_string(), ToOwned::to_owned)
            });
            names.collect::<Vec<_>>().join(", ")
        }
        oid::BASIC_CONSTRAINTS => {
            let constraints = extensions.basic_constraints().ok()??;
            match constraints.path_length {
                Some(length) => format!("CA {}, path length {length}", constraints.ca),
                None => format!("CA {}", constraints.ca),
            }
        }
        oid::SUBJECT_KEY_IDENTIFIER => hex::encode(extensions.subject_key_identifier().ok()??),
        oid::AUTHORITY_KEY_IDENTIFIER => hex::encode(
            extensions
                .authority_key_identifier()
                .ok()??
                .key_identifier?,
        ),
        oid::ISSUER_ALT_NAME => names(&extensions.issuer_alt_name().ok()??),
        oid::SUBJECT_ALT_NAME => names(&extensions.subject_alt_name().ok()??),
        oid::CRL_DISTRIBUTION_POINTS => {
            let points = extensions.crl_distribution_points().ok()??;
            let shown = points.iter().map(|point| match &point.name {
                Some(DistributionPointName::FullName(full_name)) => names(full_name),
                Some(DistributionPointName::RelativeToCrlIssuer(_)) => {
                    "relative to the CRL issuer".to_owned()
                }
                None => "without a name".to_owned(),
            });
            shown.collect::<Vec<_>>().join("; ")
        }
        oid::AUTHORITY_INFO_ACCESS => {
            let places = extensions.authority_info_access().ok()??;
            let shown = places.iter().map(|place| {
                format!(
                    "{} {}",
                    place.method.name().unwrap_or("other"),
                    place.location
                )
            });
            shown.collect::<Vec<_>>().join("; ")
        }
        oid::CRL_NUMBER => decimal(extensions.crl_number().ok()??),
        _ => return None,
    })
}

fn names(names: &GeneralNames<'_>) -> String {
    names
        .iter()
        .map(|name| name.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// An INTEGER's content octets as a number, or in hexadecimal if it is a long one.
fn decimal(content: &[u8]) -> String {
    let zeros = content.iter().take_while(|octet| **octet == 0).count();
    let magnitude = content.get(zeros..).unwrap_or_default();
    if magnitude.len() > 8 {
        return format!("0x{}", hex::encode(magnitude));
    }
    magnitude
        .iter()
        .fold(0u64, |sum, octet| sum << 8 | u64::from(*octet))
        .to_string()
}
