//! The token request with a pre-authorized code (6.1).
//!
//! A form. A parameter that we know may come once; one without a value counts as absent, and one that we do not know is
//! ignored (RFC 6749, 3.2). There are no registered clients: access is anonymous, or by a `client_id` that names a
//! wallet product and proves nothing.

use zeroize::Zeroizing;

use super::PRE_AUTHORIZED_CODE;
use super::authorization_details::InvalidAuthorizationDetails;
use super::dpop::DpopError;
use super::error_code::ErrorCode;
use crate::store::StoreError;

/// The longest request body, in bytes.
pub const MAX_BYTES: usize = 64 << 10;
/// Parameters of a form at most, known or not.
const MAX_PARAMETERS: usize = 64;
/// The longest `client_id`, in bytes.
const MAX_CLIENT_ID: usize = 256;

/// Parameters that we know, which may come only once.
const KNOWN: [&str; 8] = [
    "grant_type",
    "pre-authorized_code",
    "tx_code",
    "client_id",
    "authorization_details",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// A token request.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// `pre-authorized_code`
    pub code: Zeroizing<String>,
    /// `tx_code`
    pub tx_code: Option<Zeroizing<String>>,
    /// `client_id`
    pub client_id: Option<String>,
    /// `authorization_details`, not read yet: what it may ask for depends on the offer.
    pub authorization_details: Option<String>,
}

impl TokenRequest {
    /// Reads a form.
    ///
    /// # Errors
    /// [`TokenError`]: repeated and missing parameters, another grant type, client authentication.
    pub fn parse(body: &[u8]) -> Result<Self, TokenError> {
        if !body.is_ascii() {
            return Err(TokenError::NotAForm);
        }
        let mut values: [Option<Zeroizing<String>>; KNOWN.len()] = Default::default();
        for (count, (name, value)) in url::form_urlencoded::parse(body).enumerate() {
            if count >= MAX_PARAMETERS {
                return Err(TokenError::TooManyParameters);
            }
            let Some(position) = KNOWN.iter().position(|known| *known == name) else {
                continue;
            };
            if values[position]
                .replace(Zeroizing::new(value.into_owned()))
                .is_some()
            {
                return Err(TokenError::Repeated(KNOWN[position]));
            }
        }
        let [
            grant_type,
            code,
            tx_code,
            client_id,
            authorization_details,
            client_secret,
            client_assertion,
            client_assertion_type,
        ] = values.map(|value| value.filter(|value| !value.is_empty()));
        match grant_type.as_deref().map(String::as_str) {
            Some(PRE_AUTHORIZED_CODE) => {}
            Some(_) => return Err(TokenError::GrantType),
            None => return Err(TokenError::Missing("grant_type")),
        }
        if [client_secret, client_assertion, client_assertion_type]
            .iter()
            .any(Option::is_some)
        {
            return Err(TokenError::ClientAuthentication);
        }
        let is_vschar = |c: u8| (0x20..0x7f).contains(&c);
        let client_id = client_id.map(|id| id.as_str().to_owned());
        if client_id
            .as_ref()
            .is_some_and(|id| id.len() > MAX_CLIENT_ID || !id.bytes().all(is_vschar))
        {
            return Err(TokenError::ClientId);
        }
        Ok(Self {
            code: code.ok_or(TokenError::Missing("pre-authorized_code"))?,
            tx_code,
            client_id,
            authorization_details: authorization_details.map(|details| details.as_str().to_owned()),
        })
    }
}

/// Why a token request got no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not `application/x-www-form-urlencoded`.
    #[error("token request is not application/x-www-form-urlencoded")]
    ContentType,
    /// The body is over [`MAX_BYTES`].
    #[error("token request is too long")]
    TooLong,
    /// Bytes that no form has.
    #[error("token request is not a form")]
    NotAForm,
    /// Too many parameters.
    #[error("token request has more than {MAX_PARAMETERS} parameters")]
    TooManyParameters,
    /// A parameter came twice.
    #[error("{0} comes more than once")]
    Repeated(&'static str),
    /// A parameter is absent or empty.
    #[error("token request without {0}")]
    Missing(&'static str),
    /// A `client_id` with characters that none has, or too long.
    #[error("client_id is too long or has characters that are not printable ASCII")]
    ClientId,
    /// A grant type that is not known here.
    #[error("grant_type is not that of a pre-authorized code")]
    GrantType,
    /// A client that authenticates, which none can here.
    #[error("this server knows no client authentication")]
    ClientAuthentication,
    /// `authorization_details` cannot be met.
    #[error("{0}")]
    AuthorizationDetails(#[from] InvalidAuthorizationDetails),
    /// The DPoP proof does not pass.
    #[error("{0}")]
    Dpop(#[from] DpopError),
    /// The DPoP proof was seen before.
    #[error("DPoP proof was used before")]
    Replayed,
    /// No such code, or its offer is over.
    #[error("pre-authorized code is not one that can be redeemed")]
    NotOpen,
    /// The offer asks for a transaction code and none came.
    #[error("the offer asks for a tx_code")]
    TxCodeMissing,
    /// A transaction code came and the offer asks for none.
    #[error("the offer asks for no tx_code")]
    TxCodeUnexpected,
    /// Not the right transaction code.
    #[error("tx_code is wrong")]
    TxCodeWrong,
    /// The store does not work.
    #[error("the store does not work")]
    Store(#[from] StoreError),
    /// No random numbers.
    #[error("no random numbers")]
    Randomness(#[from] getrandom::Error),
}

impl TokenError {
    /// The code on the wire.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::ContentType
            | Self::TooLong
            | Self::NotAForm
            | Self::TooManyParameters
            | Self::Repeated(_)
            | Self::Missing(_)
            | Self::ClientId
            | Self::TxCodeMissing
            | Self::TxCodeUnexpected => ErrorCode::InvalidRequest,
            Self::GrantType => ErrorCode::UnsupportedGrantType,
            Self::ClientAuthentication => ErrorCode::InvalidClient,
            Self::AuthorizationDetails(_) => ErrorCode::InvalidAuthorizationDetails,
            Self::Dpop(error) => error.code(),
            Self::Replayed => ErrorCode::InvalidDpopProof,
            Self::NotOpen | Self::TxCodeWrong => ErrorCode::InvalidGrant,
            Self::Store(StoreError::Unavailable(_)) => ErrorCode::TemporarilyUnavailable,
            Self::Store(StoreError::Corrupt(_)) | Self::Randomness(_) => ErrorCode::ServerError,
        }
    }
}
