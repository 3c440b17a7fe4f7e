//! The constraints of the service model: length, pattern, enumeration, required members. A breach is a
//! `ValidationException`, which the model itself does not list.

use base64ct::{Base64, Encoding};
use mdl_crypto::Curve;
use mdl_iaca::certificate::{DocumentKind, read_documents};
use serde_json::Value;
use time::OffsetDateTime;

use crate::wire::AwsError;

type Result<T> = std::result::Result<T, AwsError>;

/// A member, unless it is absent or null.
pub(crate) fn member<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    of.get(name).filter(|value| !value.is_null())
}

pub(crate) fn required<'a>(of: &'a Value, name: &str) -> Result<&'a Value> {
    member(of, name).ok_or_else(|| {
        AwsError::validation(format!(
            "Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// An optional text of so many characters.
pub(crate) fn text<'a>(of: &'a Value, name: &str, longest: usize) -> Result<Option<&'a str>> {
    let Some(value) = member(of, name) else {
        return Ok(None);
    };
    let text = value.as_str().ok_or_else(|| {
        AwsError::new("SerializationException", format!("{name} is not a string"))
    })?;
    let length = text.chars().count();
    if length == 0 || length > longest {
        return Err(AwsError::validation(format!(
            "Value at '{name}' failed to satisfy constraint: Member must have length between 1 and {longest}"
        )));
    }
    Ok(Some(text))
}

pub(crate) fn required_text<'a>(of: &'a Value, name: &str, longest: usize) -> Result<&'a str> {
    required(of, name)?;
    text(of, name, longest)?.ok_or_else(|| AwsError::validation(name))
}

pub(crate) fn one_of<'a>(of: &'a Value, name: &str, values: &[&str]) -> Result<Option<&'a str>> {
    let Some(text) = text(of, name, 128)? else {
        return Ok(None);
    };
    if values.contains(&text) {
        Ok(Some(text))
    } else {
        Err(AwsError::validation(format!(
            "Value '{text}' at '{name}' failed to satisfy constraint: Member must satisfy enum value set: {values:?}"
        )))
    }
}

pub(crate) fn arn<'a>(of: &'a Value, name: &str) -> Result<&'a str> {
    let arn = required_text(of, name, 200)?;
    if arn.len() < 5 || !arn.starts_with("arn:") || arn.split(':').nth(2) != Some("acm-pca") {
        return Err(AwsError::new(
            "InvalidArnException",
            format!("Invalid ARN {arn}"),
        ));
    }
    Ok(arn)
}

/// 1 to 36 characters.
pub(crate) fn idempotency_token(of: &Value) -> Result<Option<String>> {
    Ok(text(of, "IdempotencyToken", 36)?.map(str::to_owned))
}

/// A blob: base64 of PEM, and in it one document of the kind, in DER.
pub(crate) fn pem_blob(
    of: &Value,
    name: &str,
    kind: DocumentKind,
    malformed: &'static str,
) -> Result<Vec<u8>> {
    let encoded = required_text(of, name, 43_692)?;
    let pem = Base64::decode_vec(encoded)
        .map_err(|_| AwsError::new("SerializationException", format!("{name} is not base64")))?;
    if pem.len() > 32_768 {
        return Err(AwsError::validation(format!(
            "{name} has more than 32768 bytes"
        )));
    }
    if !pem.starts_with(b"-----BEGIN") {
        return Err(AwsError::new(malformed, format!("{name} is not PEM")));
    }
    match read_documents(&pem).ok().as_deref() {
        Some([document]) if document.kind == kind => Ok(document.der.clone()),
        _ => Err(AwsError::new(malformed, format!("{name} cannot be read"))),
    }
}

/// What to do with a key algorithm.
pub(crate) fn curve(of: &Value) -> Result<Curve> {
    const ALL: &[&str] = &[
        "RSA_2048",
        "RSA_3072",
        "RSA_4096",
        "EC_prime256v1",
        "EC_secp384r1",
        "EC_secp521r1",
        "ML_DSA_44",
        "ML_DSA_65",
        "ML_DSA_87",
        "SM2",
    ];
    required(of, "KeyAlgorithm")?;
    match one_of(of, "KeyAlgorithm", ALL)? {
        Some("EC_prime256v1") => Ok(Curve::P256),
        Some("EC_secp384r1") => Ok(Curve::P384),
        Some("EC_secp521r1") => Ok(Curve::P521),
        _ => Err(AwsError::invalid_args(
            "this emulator has elliptic curves only",
        )),
    }
}

/// The signature algorithm, which must be of the key's family. The emulator signs with the hash of the curve only.
pub(crate) fn signing_algorithm(of: &Value, curve: Curve) -> Result<()> {
    const ALL: &[&str] = &[
        "SHA256WITHECDSA",
        "SHA384WITHECDSA",
        "SHA512WITHECDSA",
        "SHA256WITHRSA",
        "SHA384WITHRSA",
        "SHA512WITHRSA",
        "SHA256WITHRSA_PSS",
        "SHA384WITHRSA_PSS",
        "SHA512WITHRSA_PSS",
        "SM3WITHSM2",
        "ML_DSA_44",
        "ML_DSA_65",
        "ML_DSA_87",
    ];
    required(of, "SigningAlgorithm")?;
    let paired = match curve {
        Curve::P384 => "SHA384WITHECDSA",
        Curve::P521 => "SHA512WITHECDSA",
        _ => "SHA256WITHECDSA",
    };
    match one_of(of, "SigningAlgorithm", ALL)? {
        Some(name) if name == paired => Ok(()),
        Some(name) if name.ends_with("ECDSA") => Err(AwsError::invalid_args(format!(
            "this emulator signs with {paired} on this curve"
        ))),
        _ => Err(AwsError::invalid_args(
            "The signing algorithm family does not match the key's",
        )),
    }
}

/// The end of a validity (2.5 of the fact sheet), counted from the moment of issue.
pub(crate) fn not_after(validity: &Value, now: OffsetDateTime) -> Result<OffsetDateTime> {
    const TYPES: &[&str] = &["END_DATE", "ABSOLUTE", "DAYS", "MONTHS", "YEARS"];
    required(validity, "Type")?;
    let value = required(validity, "Value")?.as_i64().ok_or_else(|| {
        AwsError::new("SerializationException", "Validity.Value is not an integer")
    })?;
    let out_of_range = || AwsError::validation(format!("Validity.Value {value} is out of range"));
    if value < 1 {
        return Err(out_of_range());
    }
    let days = |days: i64| {
        time::Duration::seconds(86_400)
            .checked_mul(i32::try_from(days).ok()?)
            .and_then(|life| now.checked_add(life))
    };
    match one_of(validity, "Type", TYPES)? {
        Some("DAYS") => days(value),
        // Thirty days and 365 days stand for the calendar's month and year here; no request of ours uses them.
        Some("MONTHS") => value.checked_mul(30).and_then(days),
        Some("YEARS") => value.checked_mul(365).and_then(days),
        Some("ABSOLUTE") => OffsetDateTime::from_unix_timestamp(value).ok(),
        _ => end_date(value),
    }
    .ok_or_else(out_of_range)
}

/// `YYMMDDHHMMSS`, or the same with four digits of the year.
fn end_date(value: i64) -> Option<OffsetDateTime> {
    let two = |divisor: i64| u8::try_from(value / divisor % 100).ok();
    let year = match value / 10_000_000_000 {
        year @ 0..50 => 2000 + year,
        year @ 50..100 => 1900 + year,
        year => year,
    };
    let month = time::Month::try_from(two(100_000_000)?).ok()?;
    let date =
        time::Date::from_calendar_date(i32::try_from(year).ok()?, month, two(1_000_000)?).ok()?;
    let time = time::Time::from_hms(two(10_000)?, two(100)?, two(1)?).ok()?;
    Some(time::PrimitiveDateTime::new(date, time).assume_utc())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_end_is_counted_from_issuance_or_taken_as_it_is() {
        let now = datetime!(2026-03-01 10:30 UTC);
        let end = |kind: &str, value: i64| not_after(&json!({ "Type": kind, "Value": value }), now);
        assert_eq!(end("DAYS", 2).unwrap(), datetime!(2026-03-03 10:30 UTC));
        assert_eq!(
            end("ABSOLUTE", 1_800_000_000).unwrap().unix_timestamp(),
            1_800_000_000
        );
        assert_eq!(
            end("END_DATE", 270102030405).unwrap(),
            datetime!(2027-01-02 03:04:05 UTC)
        );
        assert_eq!(
            end("END_DATE", 20270102030405).unwrap(),
            datetime!(2027-01-02 03:04:05 UTC)
        );
        for (kind, value) in [
            ("DAYS", 0),
            ("DAYS", i64::MAX),
            ("END_DATE", 271302030405),
            ("WEEKS", 1),
        ] {
            assert_eq!(
                end(kind, value).unwrap_err().code,
                "ValidationException",
                "{kind}"
            );
        }
    }
}
