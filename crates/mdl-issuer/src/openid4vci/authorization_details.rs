//! `authorization_details` of type `openid_credential` (5.1.1, RFC 9396).
//!
//! With them a wallet asks for some of what an offer has, and is told identifiers by which it then names what it
//! collects.

use serde_json::{Value, json};

/// Entries of one request at most.
const MAX_ENTRIES: usize = 32;

/// Reads the parameter: the configurations that are asked for, each once, in order. `offered` are those that may be.
///
/// # Errors
/// [`InvalidAuthorizationDetails`].
pub fn parse(
    parameter: &str,
    issuer: &str,
    offered: &[String],
) -> Result<Vec<String>, InvalidAuthorizationDetails> {
    let details: Vec<Value> =
        serde_json::from_str(parameter).map_err(|_| InvalidAuthorizationDetails::NotAnArray)?;
    if details.is_empty() || details.len() > MAX_ENTRIES {
        return Err(InvalidAuthorizationDetails::Count);
    }
    let mut configuration_ids = Vec::new();
    for detail in &details {
        let member = |name| detail.get(name).and_then(Value::as_str);
        if member("type") != Some("openid_credential") {
            return Err(InvalidAuthorizationDetails::Type);
        }
        if let Some(locations) = detail.get("locations") {
            let is_ours = |locations: &Vec<Value>| locations.iter().any(|at| at == issuer);
            if !locations.as_array().is_some_and(is_ours) {
                return Err(InvalidAuthorizationDetails::Location);
            }
        }
        let id = member("credential_configuration_id")
            .ok_or(InvalidAuthorizationDetails::NoConfiguration)?;
        if !offered.iter().any(|offered| offered == id) {
            return Err(InvalidAuthorizationDetails::NotOffered);
        }
        if !configuration_ids.iter().any(|known| known == id) {
            configuration_ids.push(id.to_owned());
        }
    }
    Ok(configuration_ids)
}

/// What a wallet calls the one dataset of a configuration in its credential request. It stays the same for a person, so
/// that a later token names the same dataset, and says nothing of them.
#[must_use]
pub fn credential_identifier(configuration_id: &str) -> String {
    format!("{configuration_id}#1")
}

/// `authorization_details` of the token response (6.2).
#[must_use]
pub fn granted(configuration_ids: &[String]) -> Value {
    let detail = |id: &String| {
        json!({
            "type": "openid_credential",
            "credential_configuration_id": id,
            "credential_identifiers": [credential_identifier(id)],
        })
    };
    configuration_ids.iter().map(detail).collect()
}

/// Why `authorization_details` cannot be met.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidAuthorizationDetails {
    /// Not a JSON array.
    #[error("authorization_details is not a JSON array")]
    NotAnArray,
    /// Empty, or too many entries.
    #[error("authorization_details has no entry or more than {MAX_ENTRIES}")]
    Count,
    /// An entry of another type.
    #[error("authorization_details has an entry of another type than openid_credential")]
    Type,
    /// `locations` without this issuer.
    #[error("locations of authorization_details is not this credential issuer")]
    Location,
    /// No `credential_configuration_id`.
    #[error("authorization_details has an entry without credential_configuration_id")]
    NoConfiguration,
    /// A configuration that was not offered.
    #[error("authorization_details asks for what is not offered")]
    NotOffered,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parameter: &str) -> Result<Vec<String>, InvalidAuthorizationDetails> {
        let offered = ["a".to_owned(), "b".to_owned()];
        parse(parameter, "https://issuer.example", &offered)
    }

    #[test]
    fn configurations_are_asked_for_once_and_in_order() {
        let entry = |id| {
            json!({
                "type": "openid_credential", "credential_configuration_id": id,
                "locations": ["https://issuer.example"], "claims": [], "x": 1,
            })
        };
        let parameter = json!([entry("b"), entry("a"), entry("b")]).to_string();
        assert_eq!(read(&parameter).unwrap(), ["b", "a"]);
    }

    #[test]
    fn what_cannot_be_met_is_refused() {
        use InvalidAuthorizationDetails as E;
        let id = r#""credential_configuration_id":"a""#;
        for (parameter, error) in [
            ("", E::NotAnArray),
            ("{}", E::NotAnArray),
            ("[", E::NotAnArray),
            ("[]", E::Count),
            ("[1]", E::Type),
            ("[{}]", E::Type),
            (&format!(r#"[{{"type":"other",{id}}}]"#), E::Type),
            (r#"[{"type":"openid_credential"}]"#, E::NoConfiguration),
            (
                r#"[{"type":"openid_credential","credential_configuration_id":1}]"#,
                E::NoConfiguration,
            ),
            (
                r#"[{"type":"openid_credential","credential_configuration_id":"c"}]"#,
                E::NotOffered,
            ),
            (
                &format!(r#"[{{"type":"openid_credential","locations":["https://x"],{id}}}]"#),
                E::Location,
            ),
            (
                &format!(r#"[{{"type":"openid_credential","locations":"x",{id}}}]"#),
                E::Location,
            ),
        ] {
            assert_eq!(read(parameter).unwrap_err(), error, "{parameter}");
        }
        let many = vec![json!({}); MAX_ENTRIES + 1];
        assert_eq!(read(&json!(many).to_string()).unwrap_err(), E::Count);
    }
}
