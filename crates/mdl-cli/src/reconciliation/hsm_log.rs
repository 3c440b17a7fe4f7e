//! Logs of an HSM, or of any other key store, as lines of JSON.
//!
//! There is no common format, so this is ours, which a line of `jq` or of a log shipper makes from what a device writes:
//!
//! ```json
//! {"time":"2026-03-07T22:36:44.125Z","key":"ds-2026","operation":"sign","outcome":"ok","principal":"issuer","id":"7f3a"}
//! ```
//!
//! `key` is what `--key` names. `operation` is `sign` for what matters here; others are counted and left alone.
//! `outcome` is `ok`, or any other word for why there is no signature. `principal` and `id` may be left out; two lines
//! with the same `id`, `key` and `time` are one record delivered twice, lines without `id` are one record each. Other
//! members are ignored.

use mdl_crypto::HashAlgorithm;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// No line is longer.
pub(super) const MAX_LINE_BYTES: u64 = 64 << 10;

/// A line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Line {
    pub(super) at: OffsetDateTime,
    pub(super) key: String,
    pub(super) is_signature: bool,
    /// The outcome, unless it is `ok`.
    pub(super) failure: Option<String>,
    pub(super) principal: Option<String>,
    pub(super) id: Option<[u8; 16]>,
}

/// Why a line cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidLine {
    #[error("not a line of JSON with time, key, operation and outcome: {0}")]
    Json(#[from] serde_json::Error),
    #[error("time is not in RFC 3339")]
    Time,
}

#[derive(Deserialize)]
struct Members {
    time: String,
    key: String,
    operation: String,
    outcome: String,
    principal: Option<String>,
    id: Option<String>,
}

impl Line {
    pub(super) fn parse(line: &[u8]) -> Result<Self, InvalidLine> {
        let members: Members = serde_json::from_slice(line)?;
        let at = OffsetDateTime::parse(&members.time, &Rfc3339).map_err(|_| InvalidLine::Time)?;
        let id = members.id.map(|id| {
            let mut short = [0; 16];
            let digest = HashAlgorithm::Sha256.digest(id.as_bytes());
            short.copy_from_slice(&digest.as_bytes()[..16]);
            short
        });
        Ok(Self {
            at,
            key: members.key,
            is_signature: members.operation == "sign",
            failure: (members.outcome != "ok").then_some(members.outcome),
            principal: members.principal,
            id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_done_and_how_it_ended() {
        let line = br#"{"time":"2026-03-07T22:36:44.125Z","key":"ds","operation":"sign","outcome":"ok","x":1}"#;
        let parsed = Line::parse(line).unwrap();
        assert!(parsed.is_signature && parsed.failure.is_none() && parsed.id.is_none());
        assert_eq!(parsed.at.microsecond(), 125_000);
        let text = String::from_utf8_lossy(line);
        let failed = text.replace("\"ok\"", "\"locked\"");
        let failure = Line::parse(failed.as_bytes()).unwrap().failure;
        assert_eq!(failure.as_deref(), Some("locked"));
        let login = text.replace("\"sign\"", "\"login\"");
        assert!(!Line::parse(login.as_bytes()).unwrap().is_signature);
    }

    #[test]
    fn a_line_without_one_of_the_four_members_is_none() {
        let line =
            r#"{"time":"2026-03-07T22:36:44Z","key":"ds","operation":"sign","outcome":"ok"}"#;
        assert!(Line::parse(line.as_bytes()).is_ok());
        for member in ["time", "key", "operation", "outcome"] {
            let without = line.replace(member, "other");
            assert!(Line::parse(without.as_bytes()).is_err(), "{without}");
        }
        for wrong in ["", "null", "[]", "sign ok", r#"{"time":1}"#] {
            assert!(Line::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let wrong = line.replace("22:36:44Z", "22:36:44");
        assert!(matches!(
            Line::parse(wrong.as_bytes()),
            Err(InvalidLine::Time)
        ));
    }
}
