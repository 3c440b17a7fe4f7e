use mdl_crypto::InvalidKey;
use time::OffsetDateTime;

use super::ProhibitedExtension;
use crate::certificate::{DerError, Rfc3339, SignatureError};
use crate::ocsp::OcspProblem;
use crate::revocation::{CrlDeviation, CrlProblem};
use crate::trust_anchor::AnchorDeviation;

/// Why a check did not simply pass. Facts, so that a policy can weigh them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// There is no certificate in the chain.
    #[error("no certificate")]
    NoCertificate,
    /// The leaf cannot be read as a certificate.
    #[error("not a readable certificate")]
    Malformed(#[source] DerError),
    /// Certificates after the leaf, which were not looked at.
    #[error("{0} further certificates in the chain are ignored")]
    FurtherCertificates(usize),
    /// The two algorithm fields of the leaf differ.
    #[error("inner and outer signature algorithm differ")]
    AlgorithmsDiffer,
    /// Not ECDSA with SHA-256, SHA-384 or SHA-512.
    #[error("signature algorithm {0} is not allowed")]
    SignatureAlgorithm(String),
    /// Parameters in an ECDSA algorithm identifier, which has none.
    #[error("signature algorithm has parameters")]
    AlgorithmParameters,
    /// The public key of the leaf cannot be used.
    #[error("unusable public key")]
    PublicKey(#[source] InvalidKey),
    /// The curve of the leaf is not allowed in this role.
    #[error("a key on {0} is not allowed in this role")]
    Curve(&'static str),
    /// The trust list is empty.
    #[error("there are no trust anchors")]
    NoTrustAnchors,
    /// No anchor has the issuer name of the leaf.
    #[error("no trust anchor is named as the issuer")]
    UnknownIssuer,
    /// The issuer of the leaf is an intermediate authority below an anchor.
    #[error("an intermediate certificate stands between leaf and trust anchor")]
    Intermediate,
    /// The leaf is the anchor itself.
    #[error("the leaf is the trust anchor itself")]
    LeafIsAnchor,
    /// The leaf has no authority key identifier.
    #[error("authorityKeyIdentifier is absent")]
    NoAuthorityKeyIdentifier,
    /// The authority key identifier of the leaf is not the key identifier of the anchor that signed it.
    #[error("authorityKeyIdentifier is not that of the issuer")]
    AuthorityKeyIdentifier,
    /// The signature of the leaf does not verify with any anchor of that name.
    #[error("the signature does not verify")]
    Signature(#[source] SignatureError),
    /// Before notBefore.
    #[error("not valid before {}", Rfc3339(*.0))]
    NotYetValid(OffsetDateTime),
    /// After notAfter.
    #[error("expired at {}", Rfc3339(*.0))]
    Expired(OffsetDateTime),
    /// The validity is longer than the profile of the role allows.
    #[error("valid for more than {limit_days} days")]
    ValidityTooLong {
        /// Longest validity of the profile.
        limit_days: u32,
    },
    /// On the CRL.
    #[error("revoked since {}", Rfc3339(*.0))]
    Revoked(OffsetDateTime),
    /// The CRLs gave no answer.
    #[error("revocation status unknown")]
    Crl(#[source] CrlProblem),
    /// The OCSP responses gave no answer.
    #[error("revocation status unknown")]
    Ocsp(#[source] Box<OcspProblem>),
    /// The CRL gave its answer, but is not as it should be.
    #[error("deviating CRL")]
    CrlDeviation(#[source] CrlDeviation),
    /// An extension that the profile of the role requires is absent.
    #[error("{0} is absent")]
    Absent(&'static str),
    /// A known extension cannot be read.
    #[error("{0} cannot be read")]
    MalformedExtension(&'static str, #[source] DerError),
    /// An extension that should be critical is not.
    #[error("{0} is not critical")]
    NotCritical(&'static str),
    /// The key usage lacks the bit of the role.
    #[error("key usage lacks {0}")]
    KeyUsage(&'static str),
    /// The key usage has bits beyond that of the role.
    #[error("key usage has further bits")]
    FurtherKeyUsage,
    /// The key purposes do not include that of the role.
    #[error("key purpose {0} is missing")]
    KeyPurpose(&'static str),
    /// Key purposes beyond those of the role.
    #[error("further key purpose {0}")]
    FurtherKeyPurpose(String),
    /// A critical extension that is not known here, by its object identifier.
    #[error("unknown critical extension {0}")]
    UnknownCriticalExtension(String),
    /// An extension that Annex B prohibits.
    #[error("prohibited extension {}", .0.name())]
    Prohibited(ProhibitedExtension),
    /// The leaf is a certificate authority.
    #[error("the leaf is a certificate authority")]
    IsCa,
    /// The attribute is missing in the leaf, the anchor has it.
    #[error("the leaf lacks it")]
    MissingInLeaf,
    /// The attribute is missing in the anchor, the leaf has it.
    #[error("the trust anchor lacks it")]
    MissingInAnchor,
    /// The attribute is missing in both.
    #[error("missing in leaf and trust anchor")]
    MissingInBoth,
    /// The attribute appears more than once, or is not text.
    #[error("ambiguous or not text")]
    Ambiguous,
    /// The attribute differs.
    #[error("{leaf:?} in the leaf, {anchor:?} in the trust anchor")]
    Differs {
        /// Value in the leaf.
        leaf: String,
        /// Value in the anchor.
        anchor: String,
    },
    /// The same value in another string type than PrintableString.
    #[error("not a PrintableString")]
    NotPrintableString,
    /// The anchor deviates from its profile; this is the gravest deviation, the anchor has them all.
    #[error("deviating trust anchor")]
    Anchor(#[source] AnchorDeviation),
    /// The anchor is not trusted for this document type.
    #[error("the trust anchor is not trusted for {0:?}")]
    DocType(String),
    /// The anchor is not trusted for the country and state that the leaf names.
    #[error("the trust anchor is not trusted for this country, state or province")]
    Region,
}
