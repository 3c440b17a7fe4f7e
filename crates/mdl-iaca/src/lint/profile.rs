//! The profiles, by the names that the command line knows them by.

use std::fmt;
use std::str::FromStr;

use crate::certificate::{CertificateView, KeyUsage, Oid, oid};

/// Arc of the key purposes of RFC 5280, in which the one for status signing will be.
const ID_KP: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03];

/// What a document is meant to be.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Profile {
    /// IACA root certificate, Table B.1.
    IacaRoot,
    /// IACA link certificate, Table B.2.
    IacaLink,
    /// mDL document signer certificate, Table B.3.
    DocumentSigner,
    /// mdoc reader authentication certificate, Table B.6.
    ReaderAuth,
    /// OCSP signer certificate, Table B.8.
    OcspSigner,
    /// MSO revocation list signer certificate, Table B.9.
    StatusSigner,
    /// VICAL signer certificate, Table C.1.
    VicalSigner,
    /// Certificate revocation list, Table B.10.
    Crl,
    /// PKCS#10 certification request, RFC 2986.
    Csr,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 9] = [
        Self::IacaRoot,
        Self::IacaLink,
        Self::DocumentSigner,
        Self::ReaderAuth,
        Self::OcspSigner,
        Self::StatusSigner,
        Self::VicalSigner,
        Self::Crl,
        Self::Csr,
    ];

    /// `iaca-root`, `document-signer` and so on.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IacaRoot => "iaca-root",
            Self::IacaLink => "iaca-link",
            Self::DocumentSigner => "document-signer",
            Self::ReaderAuth => "reader-auth",
            Self::OcspSigner => "ocsp-signer",
            Self::StatusSigner => "status-signer",
            Self::VicalSigner => "vical-signer",
            Self::Crl => "crl",
            Self::Csr => "csr",
        }
    }

    /// What a certificate is meant to be, going by its key purposes, then by whether it is an authority.
    ///
    /// A certificate without key purposes that is no authority gets no guess: it may be a status signer, or a document
    /// signer whose key purpose was forgotten, and to take the first for granted would hide the second.
    pub fn guess(certificate: &CertificateView<'_>) -> Option<Self> {
        let extensions = certificate.extensions();
        if let Ok(Some(purposes)) = extensions.extended_key_usage() {
            let found = purposes.purposes().find_map(Self::of_purpose);
            if found.is_some() {
                return found;
            }
        }
        let usage = extensions.key_usage().ok().flatten();
        let constraints = extensions.basic_constraints().ok().flatten();
        let is_authority = constraints.is_some_and(|constraints| constraints.ca)
            || usage.is_some_and(|usage| usage.contains(KeyUsage::KEY_CERT_SIGN));
        if is_authority {
            // A new IACA may keep the name of the old one; then only the key identifiers tell a link from a root.
            let own = extensions.subject_key_identifier().ok().flatten();
            let authority = extensions.authority_key_identifier().ok().flatten();
            let authority = authority.and_then(|authority| authority.key_identifier);
            let same_key = authority.is_none() || own.is_none() || authority == own;
            let root = certificate.is_self_issued() && same_key;
            return Some(if root { Self::IacaRoot } else { Self::IacaLink });
        }
        match usage {
            Some(usage) if usage.bits() == KeyUsage::NON_REPUDIATION => Some(Self::VicalSigner),
            _ => None,
        }
    }

    fn of_purpose(purpose: Oid<'_>) -> Option<Self> {
        match purpose {
            oid::MDL_DS | oid::MDOC_DS => Some(Self::DocumentSigner),
            oid::MDL_READER_AUTH | oid::MDOC_READER_AUTH => Some(Self::ReaderAuth),
            oid::OCSP_SIGNING => Some(Self::OcspSigner),
            oid::MDL_VICAL | oid::MDOC_VICAL => Some(Self::VicalSigner),
            // The number of id-kp-oauthStatusSigning is not assigned: any purpose of that arc that has no name here.
            other if other.as_bytes().starts_with(ID_KP) && other.name().is_none() => {
                Some(Self::StatusSigner)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no profile has.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "unknown profile; expected iaca-root, iaca-link, document-signer, reader-auth, ocsp-signer, status-signer, \
     vical-signer, crl or csr"
)]
pub struct UnknownProfile;

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.name() == name)
            .ok_or(UnknownProfile)
    }
}
