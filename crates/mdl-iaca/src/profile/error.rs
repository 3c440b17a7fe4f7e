use std::fmt;

use mdl_crypto::{Curve, VerifyError};
use time::OffsetDateTime;
use x509_cert::der;

use super::LintRefusal;

/// A part of a certificate, request or CRL that a builder can find fault with.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Field {
    /// countryName (2.5.4.6) of the subject.
    Country,
    /// stateOrProvinceName (2.5.4.8) of the subject.
    State,
    /// organizationName (2.5.4.10) of the subject.
    Organization,
    /// localityName (2.5.4.7) of the subject.
    Locality,
    /// commonName (2.5.4.3) of the subject.
    CommonName,
    /// The serialNumber attribute (2.5.4.5) of the subject, not the certificate's serial number.
    NameSerialNumber,
    /// notBefore and notAfter.
    Validity,
    /// subjectPublicKeyInfo.
    PublicKey,
    /// The issuer alternative name, which carries contact data.
    IssuerAltName,
    /// The URI of the CRL distribution point.
    CrlDistributionPoint,
    /// The URI of the OCSP responder in the authority information access extension.
    OcspResponder,
    /// The subject alternative name.
    SubjectAltName,
}

impl Field {
    /// The name the standard uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Country => "countryName",
            Self::State => "stateOrProvinceName",
            Self::Organization => "organizationName",
            Self::Locality => "localityName",
            Self::CommonName => "commonName",
            Self::NameSerialNumber => "serialNumber of the subject",
            Self::Validity => "validity",
            Self::PublicKey => "subjectPublicKeyInfo",
            Self::IssuerAltName => "issuerAltName",
            Self::CrlDistributionPoint => "cRLDistributionPoints",
            Self::OcspResponder => "authorityInfoAccess",
            Self::SubjectAltName => "subjectAltName",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why a profile refuses to build what it was asked for.
///
/// Every variant names the field and the rule of Annex B; nothing is repaired on the way.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A field that the profile requires was not given.
    #[error("{0} is required by the profile")]
    Missing(Field),
    /// A field that the profile does not foresee was given.
    #[error("{0} is not part of the profile")]
    NotInProfile(Field),
    /// A text is empty or consists of spaces only.
    #[error("{0} is empty")]
    Empty(Field),
    /// A text is longer than its upper bound (RFC 5280, appendix A.1), counted in characters.
    #[error("{field} has {length} characters, the limit is {limit}")]
    TooLong {
        /// The field.
        field: Field,
        /// Its length in characters.
        length: usize,
        /// The upper bound.
        limit: usize,
    },
    /// A text holds a control character, or a character outside PrintableString where that is the required type.
    #[error("{0} holds a character that its string type does not allow")]
    Character(Field),
    /// The country is not an ISO 3166-1 alpha-2 code: two upper-case letters.
    #[error("countryName {0:?} is not two upper-case letters (ISO 3166-1 alpha-2)")]
    Country(String),
    /// A name attribute was given with another value than the issuing IACA has.
    #[error("{0} differs from the one of the issuing IACA")]
    DiffersFromIaca(Field),
    /// notAfter is not later than notBefore.
    #[error("notAfter {not_after} is not later than notBefore {not_before}")]
    ValidityEmpty {
        /// Start.
        not_before: OffsetDateTime,
        /// End.
        not_after: OffsetDateTime,
    },
    /// The validity is longer than the profile allows, counted from notBefore in days of 86,400 seconds.
    #[error("validity exceeds the {limit_days} days the profile allows")]
    ValidityTooLong {
        /// The longest validity the profile allows.
        limit_days: u32,
    },
    /// A time has no DER form: its year lies outside 1950 to 9999.
    #[error("the year of {0} has no X.509 form")]
    Year(OffsetDateTime),
    /// The certificate would be valid before its issuer is.
    #[error("notBefore {not_before} precedes notBefore {issuer_not_before} of the issuer")]
    PrecedesIssuer {
        /// Start of the certificate.
        not_before: OffsetDateTime,
        /// Start of the issuer's certificate.
        issuer_not_before: OffsetDateTime,
    },
    /// The certificate would outlive its issuer.
    #[error("notAfter {not_after} is later than notAfter {issuer_not_after} of the issuer")]
    OutlivesIssuer {
        /// End of the certificate.
        not_after: OffsetDateTime,
        /// End of the issuer's certificate.
        issuer_not_after: OffsetDateTime,
    },
    /// The profile does not allow a key on this curve.
    #[error("a key on {} is not allowed by the profile", .0.name())]
    Curve(Curve),
    /// Contact data that is neither an e-mail address nor a URI in ASCII.
    #[error("contact {0:?} is neither an e-mail address nor a URI")]
    Contact(String),
    /// Not an absolute URI with an authority.
    #[error("{field} {value:?} is not an absolute URI")]
    Uri {
        /// The extension it was meant for.
        field: Field,
        /// What was given.
        value: String,
    },
    /// Not an object identifier in dotted form.
    #[error("key purpose {0:?} is not an object identifier")]
    KeyPurpose(String),
    /// The link certificate would lead from a certificate to itself.
    #[error("old and new IACA have the same key")]
    SameKey,
    /// The linter finds a breach of the profile that the builder did not see coming, such as one that was copied from
    /// the issuer's certificate.
    #[error("refused by the linter")]
    Linter(#[from] LintRefusal),
    /// The structure could not be encoded.
    #[error("DER encoding failed")]
    Encoding(#[source] der::Error),
}

impl From<der::Error> for ProfileError {
    fn from(error: der::Error) -> Self {
        Self::Encoding(error)
    }
}

/// Why a signature was not attached. Nothing leaves the builder in this case.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// The signature does not verify with the issuer's key over the bytes handed out for signing.
    #[error("the signature does not verify with the issuer's key")]
    Signature(#[source] VerifyError),
    /// The linter refuses the finished document.
    #[error("refused by the linter")]
    Linter(#[from] LintRefusal),
    /// The structure could not be encoded.
    #[error("DER encoding failed")]
    Encoding(#[source] der::Error),
}

impl From<der::Error> for AttachError {
    fn from(error: der::Error) -> Self {
        Self::Encoding(error)
    }
}
