//! Access tokens: what a wallet shows for a grant.
//!
//! RFC 6750; RFC 9449, 7.1. A token is 256 random bits that mean nothing; the store knows its SHA-256. No part of the
//! service writes one to a log.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use time::Duration;
use zeroize::Zeroizing;

use super::dpop::DpopError;
use super::error_code::ErrorCode;
use crate::store::{Hash, StoreError};

/// The longest life of a token that is not bound to a key. One that lives longer has to be.
pub const LONGEST_BEARER_LIFE: Duration = Duration::minutes(5);

/// Tokens longer than this are not ours.
const MAX_BYTES: usize = 256;

/// An access token. `Debug` does not show it.
#[derive(Clone)]
pub struct AccessToken(Zeroizing<String>);

impl AccessToken {
    /// Of 32 random bytes: 43 characters of base64url.
    #[must_use]
    pub fn new(random: &Zeroizing<[u8; 32]>) -> Self {
        Self(Zeroizing::new(Base64UrlUnpadded::encode_string(&**random)))
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

    #[test]
    fn debug_shows_no_token() {
        let token = AccessToken::new(&Zeroizing::new([7; 32]));
        assert_eq!(token.expose().len(), 43);
        assert!(!format!("{token:?}").contains(token.expose()));
    }
}
