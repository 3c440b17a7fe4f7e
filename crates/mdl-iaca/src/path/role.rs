use crate::certificate::{KeyUsage, Oid, oid};

/// What the leaf is to be used for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Role {
    /// Signs mobile security objects (Table B.3).
    DocumentSigner,
    /// Signs the requests of an mdoc reader (Table B.6).
    ReaderAuthentication,
    /// Signs OCSP responses of an IACA (Table B.8).
    OcspSigner,
    /// Signs MSO revocation lists (second edition, Table B.9).
    MsoRevocationListSigner,
    /// Signs a VICAL (Table C.1).
    VicalSigner,
}

impl Role {
    /// The key purpose, which only the revocation list signer lacks.
    pub(crate) fn key_purpose(self) -> Option<KeyPurpose> {
        let purpose = |name, required, also: &'static [Oid<'static>]| {
            Some(KeyPurpose {
                name,
                required,
                also,
            })
        };
        match self {
            Self::DocumentSigner => purpose("mdlDS", oid::MDL_DS, &[oid::MDOC_DS]),
            Self::ReaderAuthentication => purpose(
                "mdlReaderAuth",
                oid::MDL_READER_AUTH,
                &[oid::MDOC_READER_AUTH],
            ),
            Self::OcspSigner => purpose("OCSPSigning", oid::OCSP_SIGNING, &[]),
            Self::VicalSigner => purpose("mdlVICAL", oid::MDL_VICAL, &[oid::MDOC_VICAL]),
            Self::MsoRevocationListSigner => None,
        }
    }

    pub(crate) fn key_usage(self) -> (u16, &'static str) {
        match self {
            Self::VicalSigner => (KeyUsage::NON_REPUDIATION, "nonRepudiation"),
            _ => (KeyUsage::DIGITAL_SIGNATURE, "digitalSignature"),
        }
    }

    /// Days of the longest validity.
    pub(crate) fn limit_days(self) -> u32 {
        match self {
            Self::DocumentSigner | Self::OcspSigner => 457,
            _ => 1187,
        }
    }

    pub(crate) fn allows_edwards(self) -> bool {
        matches!(self, Self::DocumentSigner | Self::ReaderAuthentication)
    }

    /// Whether the issuer is an IACA, whose profile, country and state then matter. The other roles may have any
    /// certificate authority above them.
    pub(crate) fn is_below_iaca(self) -> bool {
        matches!(self, Self::DocumentSigner | Self::OcspSigner)
    }
}

pub(crate) struct KeyPurpose {
    pub(crate) name: &'static str,
    pub(crate) required: Oid<'static>,
    /// Purposes that the second edition recommends in addition.
    pub(crate) also: &'static [Oid<'static>],
}
