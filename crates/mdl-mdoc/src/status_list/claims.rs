//! What a status token says. draft-ietf-oauth-status-list, 5.1 and 5.2; ISO/IEC 18013-5 second edition, 12.3.6.

use std::num::NonZeroU64;

use time::OffsetDateTime;

use super::{CompressedStatusList, IdentifierList};
use crate::cbor::{DecodeError, DecodeErrorKind, MajorType, Reader, Writer};

/// Labels of the CWT claims.
const SUBJECT: i64 = 2;
const EXPIRATION_TIME: i64 = 4;
const ISSUED_AT: i64 = 6;
const IDENTIFIER_LIST: i64 = 65530;
const STATUS_LIST: i64 = 65533;
const TIME_TO_LIVE: i64 = 65534;

/// The claims of a status token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusClaims {
    /// `sub`: the URI of the list, byte for byte as documents name it.
    pub subject: String,
    /// `iat`, in whole seconds.
    pub issued_at: OffsetDateTime,
    /// `exp`, in whole seconds: afterwards the token says nothing.
    pub expires_at: Option<OffsetDateTime>,
    /// `ttl` in seconds, counted from `iat`: afterwards a newer token should be fetched.
    pub ttl: Option<NonZeroU64>,
    /// The list.
    pub list: RevocationList,
}

/// One of the two mechanisms.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RevocationList {
    /// `status_list`: an entry for every document.
    Status(CompressedStatusList),
    /// `identifier_list`: the identifiers of what is revoked.
    Identifiers(IdentifierList),
}

/// Why no token is made of claims.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableClaims {
    /// `sub` is no absolute https URI, so no document may name it.
    #[error("sub must be an absolute https URI")]
    Subject,
    /// No `exp`: the second edition of ISO/IEC 18013-5 demands one.
    #[error("exp is missing")]
    NoExpiry,
    /// `exp` is not after `iat`, or a time is before 1970.
    #[error("exp must be after iat, and both after 1970")]
    Times,
    /// The token would expire before it has to be fetched anew.
    #[error("ttl must not exceed the time from iat to exp")]
    TimeToLive,
    /// An identifier list in a JWT, which the standard does not have.
    #[error("an identifier list has no JWT form")]
    IdentifierListInJwt,
    /// No certificate to tell whose key signed.
    #[error("x5chain needs the signer's certificate")]
    NoCertificate,
}

impl StatusClaims {
    /// Whether `uri` may name a list: absolute, https, with a host. Plain http is for rehearsals on one machine, so
    /// only its own addresses may follow.
    pub fn is_list_uri(uri: &str) -> bool {
        match uri.split_once("://") {
            Some(("https", rest)) => !rest.is_empty() && !rest.starts_with('/'),
            Some(("http", rest)) => {
                let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
                let port_of = |host| authority.strip_prefix(host);
                let port = port_of("127.0.0.1").or_else(|| port_of("localhost"));
                let port = port.or_else(|| port_of("[::1]"));
                let is_port = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
                port.is_some_and(|port| {
                    port.is_empty() || port.strip_prefix(':').is_some_and(is_port)
                })
            }
            _ => false,
        }
    }

    /// Whether `ttl` has passed at a time, so that a newer token should be fetched. Without `ttl`, never.
    pub fn is_stale(&self, at: OffsetDateTime) -> bool {
        let ttl = self.ttl.and_then(|ttl| i64::try_from(ttl.get()).ok());
        let until = ttl.and_then(|ttl| self.issued_at.unix_timestamp().checked_add(ttl));
        until.is_some_and(|until| at.unix_timestamp() > until)
    }

    pub(super) fn check(&self) -> Result<(), UnusableClaims> {
        if !Self::is_list_uri(&self.subject) {
            return Err(UnusableClaims::Subject);
        }
        let expires_at = self.expires_at.ok_or(UnusableClaims::NoExpiry)?;
        let issued_at = self.issued_at.unix_timestamp();
        let life = expires_at.unix_timestamp() - issued_at;
        if issued_at < 0 || life <= 0 {
            return Err(UnusableClaims::Times);
        }
        match self.ttl {
            Some(ttl) if ttl.get() > life.unsigned_abs() => Err(UnusableClaims::TimeToLive),
            _ => Ok(()),
        }
    }

    /// The claims as CBOR, always in the same order, so that equal claims are equal bytes.
    pub(super) fn to_cbor(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(256);
        let optional = usize::from(self.expires_at.is_some()) + usize::from(self.ttl.is_some());
        writer
            .map(3 + optional)
            .integer(SUBJECT)
            .text(&self.subject)
            .integer(ISSUED_AT)
            .integer(self.issued_at.unix_timestamp());
        if let Some(expires_at) = self.expires_at {
            writer
                .integer(EXPIRATION_TIME)
                .integer(expires_at.unix_timestamp());
        }
        if let Some(ttl) = self.ttl {
            writer.integer(TIME_TO_LIVE).unsigned(ttl.get());
        }
        match &self.list {
            RevocationList::Status(list) => list.write(writer.integer(STATUS_LIST)),
            RevocationList::Identifiers(list) => list.write(writer.integer(IDENTIFIER_LIST)),
        }
        writer.into_bytes()
    }

    /// Reads the claims of a CWT. Claims that are not known here are skipped.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut subject, mut issued_at, mut expires_at, mut ttl) = (None, None, None, None);
        let (mut status_list, mut identifier_list) = (None, None);
        let mut entries = reader.map("claims")?;
        while reader.has_entry(&mut entries) {
            if reader.peek()? == MajorType::Text {
                reader.skip()?;
                reader.skip()?;
                continue;
            }
            match reader.integer("claim key")? {
                SUBJECT => subject = Some(reader.text("sub")?.to_owned()),
                ISSUED_AT => issued_at = Some(numeric_date(reader, "iat")?),
                EXPIRATION_TIME => expires_at = Some(numeric_date(reader, "exp")?),
                TIME_TO_LIVE => ttl = Some(time_to_live(reader)?),
                STATUS_LIST => status_list = Some(CompressedStatusList::read(reader)?),
                IDENTIFIER_LIST => identifier_list = Some(IdentifierList::read(reader)?),
                _ => reader.skip()?,
            }
        }
        let list = match (status_list, identifier_list) {
            (Some(list), None) => RevocationList::Status(list),
            (None, Some(list)) => RevocationList::Identifiers(list),
            (None, None) => return Err(missing("status_list")),
            (Some(_), Some(_)) => {
                return Err(start.error(DecodeErrorKind::OutOfRange {
                    member: "claims",
                    rule: "both a status_list and an identifier_list",
                }));
            }
        };
        Ok(Self {
            subject: subject.ok_or_else(|| missing("sub"))?,
            issued_at: issued_at.ok_or_else(|| missing("iat"))?,
            expires_at,
            ttl,
            list,
        })
    }
}

/// Seconds since 1970 as a time, if they lie in the years 1970 to 9999.
pub(super) fn time_of(seconds: u64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()
}

/// `NumericDate` (RFC 8392, 2), in whole seconds.
fn numeric_date(
    reader: &mut Reader<'_>,
    member: &'static str,
) -> Result<OffsetDateTime, DecodeError> {
    let rule = "not a time up to the year 9999";
    let error = reader.error(DecodeErrorKind::OutOfRange { member, rule });
    time_of(reader.unsigned(member)?).ok_or(error)
}

fn time_to_live(reader: &mut Reader<'_>) -> Result<NonZeroU64, DecodeError> {
    let error = reader.error(DecodeErrorKind::OutOfRange {
        member: "ttl",
        rule: "not above 0",
    });
    NonZeroU64::new(reader.unsigned("ttl")?).ok_or(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_named_by_https_or_lie_on_this_machine() {
        for uri in [
            "https://dmv.example/status-lists/1",
            "http://127.0.0.1:8080/status-lists/1",
            "http://localhost/1",
            "http://[::1]:1/1",
        ] {
            assert!(StatusClaims::is_list_uri(uri), "{uri}");
        }
        for uri in [
            "",
            "https://",
            "https:///1",
            "http://dmv.example/1",
            "http://127.0.0.1.dmv.example/1",
            "http://localhost:80@dmv.example/1",
            "http://127.0.0.1@dmv.example/1",
            "ftp://127.0.0.1/1",
            "/status-lists/1",
        ] {
            assert!(!StatusClaims::is_list_uri(uri), "{uri}");
        }
    }
}
