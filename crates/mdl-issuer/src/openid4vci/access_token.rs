//! Access tokens: what a wallet shows for a grant.
//!
//! RFC 6750; RFC 9449, 7.1. A token means nothing to whoever has it: 128 random bits, and a MAC of the service over them
//! and all that the grant says. The store knows its SHA-256, and no part of the service writes one to a log.
//!
//! The MAC is against those who can write to the database: a grant that they put there, for a token and a key of their
//! own, or one that they changed, has no token.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::constant_time_eq;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::dpop::DpopError;
use super::error_code::ErrorCode;
use crate::secret::{Purpose, ServiceSecret};
use crate::store::{Grant, GrantId, Hash, OfferId, StoreError};

/// The longest life of a token that is not bound to a key. One that lives longer has to be.
pub const LONGEST_BEARER_LIFE: Duration = Duration::minutes(5);

/// Tokens longer than this are not ours.
const MAX_BYTES: usize = 256;
/// Random bytes of a token.
pub const RANDOM: usize = 16;
const MAC: usize = 32;

/// An access token. `Debug` does not show it.
#[derive(Clone)]
pub struct AccessToken(Zeroizing<String>);

/// What a token is good for, as its grant says.
#[derive(Clone, Copy, Debug)]
pub struct GrantClaims<'a> {
    /// As in the [`Grant`].
    pub id: GrantId,
    /// As in the [`Grant`].
    pub tenant: &'a str,
    /// As in the [`Grant`].
    pub offer: OfferId,
    /// As in the [`Grant`].
    pub configuration_ids: &'a [String],
    /// As in the [`Grant`].
    pub by_identifier: bool,
    /// As in the [`Grant`].
    pub client_id: Option<&'a str>,
    /// Keyed hash of the subject reference.
    pub subject: Hash,
    /// As in the [`Grant`].
    pub dpop_key: Option<Hash>,
    /// As in the [`Grant`].
    pub expires_at: OffsetDateTime,
}

impl<'a> From<&'a Grant> for GrantClaims<'a> {
    fn from(grant: &'a Grant) -> Self {
        Self {
            id: grant.id,
            tenant: &grant.tenant,
            offer: grant.offer,
            configuration_ids: &grant.configuration_ids,
            by_identifier: grant.by_identifier,
            client_id: grant.client_id.as_deref(),
            subject: grant.subject.hash,
            dpop_key: grant.dpop_key,
            expires_at: grant.expires_at,
        }
    }
}

impl GrantClaims<'_> {
    fn mac(&self, secret: &ServiceSecret, random: &[u8]) -> Zeroizing<[u8; MAC]> {
        // What is finer than a microsecond, the store does not keep.
        let expires_at = (self.expires_at.unix_timestamp_nanos() / 1000).to_be_bytes();
        let mut parts: Vec<&[u8]> = vec![
            random,
            &self.id.0,
            self.tenant.as_bytes(),
            &self.offer.0,
            if self.by_identifier { b"1" } else { b"0" },
            &self.subject.0,
            &expires_at,
            self.dpop_key.as_ref().map_or(b"", |key| &key.0),
            if self.client_id.is_some() { b"1" } else { b"0" },
            self.client_id.unwrap_or_default().as_bytes(),
        ];
        parts.extend(self.configuration_ids.iter().map(|id| id.as_bytes()));
        Zeroizing::new(secret.mac(Purpose::AccessToken, &parts))
    }
}

impl AccessToken {
    /// The token of a grant: 64 characters of base64url.
    #[must_use]
    pub fn new(secret: &ServiceSecret, grant: &GrantClaims<'_>, random: &[u8; RANDOM]) -> Self {
        let mac = grant.mac(secret, random);
        let mut bytes = Zeroizing::new([0; RANDOM + MAC]);
        bytes[..RANDOM].copy_from_slice(random);
        bytes[RANDOM..].copy_from_slice(&*mac);
        Self(Zeroizing::new(Base64UrlUnpadded::encode_string(&*bytes)))
    }

    /// Whether the service made it for this very grant.
    #[must_use]
    pub fn is_of(&self, secret: &ServiceSecret, grant: &GrantClaims<'_>) -> bool {
        let mut bytes = Zeroizing::new([0; RANDOM + MAC]);
        let decoded = Base64UrlUnpadded::decode(self.0.as_bytes(), &mut *bytes);
        if decoded.map(<[u8]>::len) != Ok(RANDOM + MAC) {
            return false;
        }
        let (random, mac) = bytes.split_at(RANDOM);
        constant_time_eq(&*grant.mac(secret, random), mac)
    }

    /// The text, for the answer to its owner and for `ath`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the store knows it by.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(self.0.as_bytes())
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// How a token is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// With a proof of the key it is bound to.
    Dpop,
    /// On its own.
    Bearer,
}

/// Reads an `Authorization` header: scheme, in any case, and token.
///
/// # Errors
/// [`AccessError::NoToken`] for another scheme, [`AccessError::UnknownToken`] for text that is no token.
pub fn parse_authorization(header: &str) -> Result<(Scheme, AccessToken), AccessError> {
    let (scheme, token) = header.split_once(' ').ok_or(AccessError::NoToken)?;
    let scheme = if scheme.eq_ignore_ascii_case("DPoP") {
        Scheme::Dpop
    } else if scheme.eq_ignore_ascii_case("Bearer") {
        Scheme::Bearer
    } else {
        return Err(AccessError::NoToken);
    };
    let token = token.trim_matches(' ');
    let is_b64token = |c: u8| c.is_ascii_alphanumeric() || b"-._~+/=".contains(&c);
    if token.is_empty() || token.len() > MAX_BYTES || !token.bytes().all(is_b64token) {
        return Err(AccessError::UnknownToken);
    }
    Ok((scheme, AccessToken(Zeroizing::new(token.to_owned()))))
}

/// Why a request to a protected endpoint is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// No `Authorization` header, or one of another scheme.
    #[error("no access token")]
    NoToken,
    /// Two `Authorization` headers, or a token in the query or body, where it would end up in logs (RFC 6750, 5.3).
    #[error("the access token belongs into one Authorization header and nowhere else")]
    TokenElsewhere,
    /// No such token.
    #[error("access token is not known")]
    UnknownToken,
    /// The token is over.
    #[error("access token is expired")]
    ExpiredToken,
    /// A token that is bound to a key, shown as if it were not; or the other way round.
    #[error("access token is of another type")]
    WrongScheme,
    /// The proof's key is not the one that the token is bound to.
    #[error("DPoP proof is by another key than the access token is bound to")]
    WrongKey,
    /// The DPoP proof does not pass.
    #[error(transparent)]
    Dpop(#[from] DpopError),
    /// The proof was seen before.
    #[error("DPoP proof was used before")]
    Replayed,
    /// The store does not work.
    #[error("the store does not work")]
    Store(#[from] StoreError),
}

impl AccessError {
    /// The code on the wire. A request without a token is told none (RFC 6750, 3.1).
    #[must_use]
    pub const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::NoToken => None,
            Self::TokenElsewhere => Some(ErrorCode::InvalidRequest),
            Self::UnknownToken | Self::ExpiredToken | Self::WrongScheme => {
                Some(ErrorCode::InvalidToken)
            }
            Self::WrongKey | Self::Replayed => Some(ErrorCode::InvalidDpopProof),
            Self::Dpop(error) => Some(error.code()),
            Self::Store(StoreError::Unavailable(_)) => Some(ErrorCode::TemporarilyUnavailable),
            Self::Store(StoreError::Corrupt(_)) => Some(ErrorCode::ServerError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_read_in_any_case() {
        for (header, scheme) in [
            ("DPoP abc", Scheme::Dpop),
            ("dPOP abc", Scheme::Dpop),
            ("bearer abc", Scheme::Bearer),
        ] {
            let (read, token) = parse_authorization(header).unwrap();
            assert_eq!((read, token.expose()), (scheme, "abc"));
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for (header, error) in [
            ("", AccessError::NoToken),
            ("DPoP", AccessError::NoToken),
            ("Basic abc", AccessError::NoToken),
            ("DPoP ", AccessError::UnknownToken),
            ("DPoP a b", AccessError::UnknownToken),
            ("DPoP a\"b", AccessError::UnknownToken),
            (
                &format!("DPoP {}", "a".repeat(257)),
                AccessError::UnknownToken,
            ),
        ] {
            let refused = parse_authorization(header).unwrap_err();
            assert_eq!(refused.to_string(), error.to_string(), "{header}");
        }
    }

    fn claims(configuration_ids: &[String]) -> GrantClaims<'_> {
        GrantClaims {
            id: GrantId([1; 16]),
            tenant: "dmv",
            offer: OfferId([2; 16]),
            configuration_ids,
            by_identifier: false,
            client_id: None,
            subject: Hash([3; 32]),
            dpop_key: Some(Hash([4; 32])),
            expires_at: OffsetDateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let secret = ServiceSecret::new(&[1; 32]);
        let token = AccessToken::new(&secret, &claims(&[]), &[7; RANDOM]);
        assert_eq!(token.expose().len(), 64);
        assert!(!format!("{token:?}").contains(token.expose()));
    }

    #[test]
    fn a_token_is_of_its_grant_as_it_was_and_of_no_other() {
        let secret = ServiceSecret::new(&[1; 32]);
        let (ids, more) = (["a".to_owned()], ["a".to_owned(), "b".to_owned()]);
        let granted = claims(&ids);
        let token = AccessToken::new(&secret, &granted, &[7; RANDOM]);
        assert!(token.is_of(&secret, &granted));
        let finer = granted.expires_at + Duration::nanoseconds(999);
        let finer = GrantClaims {
            expires_at: finer,
            ..granted
        };
        assert!(token.is_of(&secret, &finer), "the store cuts it off");
        assert!(!token.is_of(&ServiceSecret::new(&[2; 32]), &granted));
        type Change = fn(&mut GrantClaims<'_>);
        let changes: [Change; 9] = [
            |grant| grant.id.0[0] ^= 1,
            |grant| grant.tenant = "other",
            |grant| grant.offer.0[0] ^= 1,
            |grant| grant.by_identifier = true,
            |grant| grant.client_id = Some(""),
            |grant| grant.subject.0[0] ^= 1,
            |grant| grant.dpop_key = None,
            |grant| grant.dpop_key = Some(Hash([5; 32])),
            |grant| grant.expires_at += Duration::HOUR,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut other = granted;
            change(&mut other);
            assert!(!token.is_of(&secret, &other), "change {number}");
        }
        assert!(!token.is_of(&secret, &claims(&more)));
        let (_, cut) = parse_authorization(&format!("DPoP {}", &token.expose()[..43])).unwrap();
        assert!(!cut.is_of(&secret, &granted));
    }
}
