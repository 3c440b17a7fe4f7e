use mdl_crypto::VerifyError;
use mdl_iaca::path::Reason;
use mdl_iaca::trust_anchor::TrustAnchorError;
use mdl_mdoc::status_list::{InvalidStatusToken, InvalidZlib};
use mdl_mdoc::tdate::format_tdate;
use time::OffsetDateTime;

/// Why the status of a document could not be found out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatusProblem {
    /// No status token was given.
    #[error("no status list given")]
    NotGiven,
    /// `status` names neither a status list nor an identifier list.
    #[error("the MSO names a status mechanism that is not known")]
    UnknownMechanism,
    /// The URI of the list is not absolute, or not https.
    #[error("the MSO names its list by something else than an https URI")]
    Uri,
    /// Tokens were given, all of other lists.
    #[error("no token of the list that the MSO names")]
    OtherList,
    /// A token is not readable, and none of the list is.
    #[error("the token cannot be read")]
    Token(#[from] InvalidStatusToken),
    /// The token has no certificate.
    #[error("the token carries no certificate of its signer")]
    NoCertificate,
    /// The certificate in the MSO cannot anchor anything.
    #[error("the certificate in the MSO cannot anchor the list's signature")]
    Anchor(#[from] TrustAnchorError),
    /// The signer's certificate has no valid path to what the MSO says.
    #[error("the certificate of the token's signer is not accepted")]
    Signer(#[source] Option<Reason>),
    /// The signature does not verify.
    #[error("the signature of the token")]
    Signature(#[from] VerifyError),
    /// `iat` lies ahead.
    #[error("the token was issued later, at {}", format_tdate(*.0))]
    IssuedLater(OffsetDateTime),
    /// There is no `exp`, so nobody can tell whether the token is current.
    #[error("the token has no exp")]
    NoExpiry,
    /// `exp` has passed.
    #[error("the token expired at {}", format_tdate(*.0))]
    Expired(OffsetDateTime),
    /// `ttl` has passed since the token was issued at this time, and the entry says *valid*: a newer token may say
    /// otherwise.
    #[error("the token of {} is out of date, though not expired", format_tdate(*.0))]
    Stale(OffsetDateTime),
    /// An identifier list where the MSO names a status list, or the other way round.
    #[error("the token holds a list of the other mechanism")]
    OtherMechanism,
    /// The list does not inflate.
    #[error("the list cannot be read")]
    List(#[from] InvalidZlib),
}
