//! The certificate authority as the rest of the system sees it, whoever keeps the key of the root.
//!
//! There are two kinds. An authority of our own holds the IACA key in any key store: it signs what a
//! [profile](crate::profile) built. A service such as AWS Private CA holds the key itself and builds the certificate
//! too, from a request: what comes back is only [accepted](UnsignedCertificate::accept) if it says what the profile
//! would have said. Both get the same linted [`UnsignedCertificate`], so neither issues what the profile refuses.
//!
//! The trait is asynchronous because a key store or a service is far away; this crate brings neither a runtime nor an
//! implementation, only the [`behaviour`] that each one must show.

pub mod behaviour;

use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::profile::{
    AcceptError, AttachError, IssuedCertificate, Issuer, SerialNumber, UnsignedCertificate,
};

/// An IACA that certifies keys and revokes certificates.
#[async_trait]
pub trait CertificateAuthority: fmt::Debug + Send + Sync {
    /// The root, in whose name everything is issued.
    fn issuer(&self) -> &Issuer;

    /// Issues the certificate that a profile built below [`issuer`](Self::issuer). `request` is the DER of the PKCS#10
    /// request, signed by the subject's key, that asks for it.
    ///
    /// After [`AuthorityError::Unavailable`] the same certificate may be asked for again, with the same request.
    ///
    /// # Errors
    /// [`AuthorityError`].
    async fn certify(
        &self,
        unsigned: UnsignedCertificate,
        request: &[u8],
        at: OffsetDateTime,
    ) -> Result<IssuedCertificate, AuthorityError>;

    /// Revokes these certificates, none or several, and gives the DER of the current CRL, which lists them.
    ///
    /// Certificates that already are revoked stay so, with their first date.
    ///
    /// # Errors
    /// [`AuthorityError`]; the revocations themselves may have happened, and asking again does no harm.
    async fn revoke(
        &self,
        revoked: &[Revocation],
        at: OffsetDateTime,
    ) -> Result<Vec<u8>, AuthorityError>;
}

/// A certificate to be revoked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revocation {
    /// Its serial number.
    pub serial: SerialNumber,
    /// Why. Kept by the authority; the CRL profile has no room for it (Table B.10: no entry extensions).
    pub reason: RevocationReason,
}

/// Why a certificate is revoked: the reasons of RFC 5280, 5.3.1, that are final.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum RevocationReason {
    /// unspecified (0).
    #[default]
    Unspecified,
    /// keyCompromise (1): somebody else may have the key.
    KeyCompromise,
    /// cACompromise (2): somebody else may have the key of the authority.
    CaCompromise,
    /// affiliationChanged (3): the subject's name is no longer right.
    AffiliationChanged,
    /// superseded (4): another certificate takes its place.
    Superseded,
    /// cessationOfOperation (5): no longer needed.
    CessationOfOperation,
    /// privilegeWithdrawn (9): the subject may no longer sign.
    PrivilegeWithdrawn,
    /// aACompromise (10): of an attribute authority.
    AaCompromise,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// The name in RFC 5280, such as `keyCompromise`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why an authority issued or revoked nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// Not now: a network, a quota, a list that is not published yet. Asking again may succeed.
    #[error("the certificate authority cannot be reached, or is not ready yet")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Not ever, as asked: a missing permission, a disabled authority, an unknown certificate.
    #[error("the certificate authority refused")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// The signature of the authority's key does not complete the certificate or list.
    #[error("what the authority signed is not what was built")]
    Attach(#[from] AttachError),
    /// The authority returned a certificate that the profile would not have made.
    #[error("the certificate authority issued another certificate than was asked for")]
    Accept(#[from] AcceptError),
}
