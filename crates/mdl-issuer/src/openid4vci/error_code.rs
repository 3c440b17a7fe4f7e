//! The error codes of the protocol, and the text that may go with them.
//!
//! Sections 6.3, 8.3.1.2 and 11.3; RFC 6749, 5.2; RFC 6750, 3.1; RFC 9396, 5; RFC 9449, 5, 7.1 and 8.

/// An error code on the wire. [`as_str`](Self::as_str) is its spelling.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorCode {
    /// A parameter is missing, repeated or malformed.
    InvalidRequest,
    /// Client authentication that is not known here.
    InvalidClient,
    /// The code is not one that can be redeemed.
    InvalidGrant,
    /// A grant type that is not known here.
    UnsupportedGrantType,
    /// `authorization_details` that cannot be met.
    InvalidAuthorizationDetails,
    /// The DPoP proof is absent or wrong.
    InvalidDpopProof,
    /// The DPoP proof lacks the service's nonce, or has an old one.
    UseDpopNonce,
    /// The access token is unknown, expired or used wrongly.
    InvalidToken,
    /// The access token is for something else.
    InsufficientScope,
    /// A credential request that is malformed.
    InvalidCredentialRequest,
    /// No such configuration.
    UnknownCredentialConfiguration,
    /// No such dataset under this token.
    UnknownCredentialIdentifier,
    /// Proofs are absent, of another type or wrong.
    InvalidProof,
    /// A `c_nonce` that is not ours, is old or was used.
    InvalidNonce,
    /// Encryption that is not offered.
    InvalidEncryptionParameters,
    /// Not for this person, key or grant.
    CredentialRequestDenied,
    /// Drafts up to 15: another format than `mso_mdoc`.
    UnsupportedCredentialFormat,
    /// Drafts up to 15: another document type.
    UnsupportedCredentialType,
    /// No such notification.
    InvalidNotificationId,
    /// A notification that is malformed.
    InvalidNotificationRequest,
    /// Something that the service needs is away.
    TemporarilyUnavailable,
    /// A fault of the service.
    ServerError,
}

impl ErrorCode {
    /// The value of `error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidCredentialRequest => "invalid_credential_request",
            Self::UnknownCredentialConfiguration => "unknown_credential_configuration",
            Self::UnknownCredentialIdentifier => "unknown_credential_identifier",
            Self::InvalidProof => "invalid_proof",
            Self::InvalidNonce => "invalid_nonce",
            Self::InvalidEncryptionParameters => "invalid_encryption_parameters",
            Self::CredentialRequestDenied => "credential_request_denied",
            Self::UnsupportedCredentialFormat => "unsupported_credential_format",
            Self::UnsupportedCredentialType => "unsupported_credential_type",
            Self::InvalidNotificationId => "invalid_notification_id",
            Self::InvalidNotificationRequest => "invalid_notification_request",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

/// `error_description` of an error's text: what RFC 6749, 5.2 does not allow in it (quotes, backslashes, controls and
/// everything beyond ASCII) is left out.
#[must_use]
pub fn description(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_keep_only_what_may_be_in_them() {
        assert_eq!(description("a \"b\"\\\r\n\tc\u{e9}~"), "a bc~");
    }
}
