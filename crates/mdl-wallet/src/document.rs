//! What a wallet checks of a document before it keeps it.
//!
//! OpenID4VCI, 8.3 and appendix A.2.4: base64url of an `IssuerSigned`. A document for another device key could never be
//! presented, and one that its own reader would refuse is worth nothing to the holder either.

use mdl_crypto::PublicKey;
use mdl_iaca::trust_anchor::TrustAnchors;
use mdl_mdoc::cbor::{Checker, DecodeError, Limits};
use mdl_mdoc::cose::CoseKeyError;
use mdl_mdoc::issuer_signed::IssuerSigned;
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_reader::{Conditions, Session, Verdict, Verifier};
use time::OffsetDateTime;

/// How far a document is trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trust {
    /// Its document signer has a path to one of the given IACA certificates.
    Anchored,
    /// No IACA certificate was given: whoever signed it is believed.
    NotAsked,
}

/// Checks documents. Made once.
#[derive(Debug)]
pub struct DocumentCheck {
    verifier: Option<Verifier>,
    has_anchors: bool,
}

/// What the wallet keeps beside a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DocumentFacts {
    /// `docType`.
    pub doc_type: String,
    /// `validUntil`.
    pub valid_until: OffsetDateTime,
    /// `expectedUpdate`: when to ask for a new one.
    pub expected_update: Option<OffsetDateTime>,
    /// How far it is trusted.
    pub trust: Trust,
}

/// Why a document is not kept.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Not an `IssuerSigned`.
    #[error("what the issuer sent is not an IssuerSigned")]
    Structure(#[from] DecodeError),
    /// An `IssuerSigned` without MSO.
    #[error("document has no MSO")]
    NoMso,
    /// Another document type than the one that was asked for.
    #[error("document has another type than the one that was asked for")]
    DocType,
    /// The device key of the MSO is none.
    #[error("device key of the document cannot be used")]
    UnusableDeviceKey(#[from] CoseKeyError),
    /// The document belongs to another key than the one it was asked for with.
    #[error("document is for another device key")]
    DeviceKey,
    /// A reader would refuse it; the identifiers of the checks that failed.
    #[error("document does not verify: {}", checks.join(", "))]
    NotVerified {
        /// Identifiers as `mdl verify` has them.
        checks: Vec<&'static str>,
    },
}

impl DocumentCheck {
    /// Demands a path to one of `anchors`. Without any, a document must be sound in itself, whoever signed it.
    #[must_use]
    pub fn new(anchors: TrustAnchors) -> Self {
        Self {
            has_anchors: !anchors.is_empty(),
            verifier: Some(Verifier::new(anchors)),
        }
    }

    /// Checks document type and device key only, no signature: for load, where nobody relies on the documents.
    #[must_use]
    pub const fn of_structure_and_key() -> Self {
        Self {
            has_anchors: false,
            verifier: None,
        }
    }

    /// Checks one document against what was asked for.
    ///
    /// # Errors
    /// See [`DocumentError`].
    pub fn check(
        &self,
        issuer_signed: &[u8],
        doc_type: &str,
        device_key: &PublicKey,
        at: OffsetDateTime,
    ) -> Result<DocumentFacts, DocumentError> {
        let mut checker = Checker::new(issuer_signed, &Limits::DEFAULT)?;
        let document = IssuerSigned::decode(issuer_signed, &mut checker)?;
        let payload = document.issuer_auth.payload.ok_or(DocumentError::NoMso)?;
        let mso = MobileSecurityObject::decode(payload, &mut checker)?;
        if mso.doc_type != doc_type {
            return Err(DocumentError::DocType);
        }
        if mso.device_key_info.device_key.to_public_key()? != *device_key {
            return Err(DocumentError::DeviceKey);
        }
        let trust = self.verify(issuer_signed, at)?;
        let validity = &mso.validity_info;
        Ok(DocumentFacts {
            doc_type: doc_type.to_owned(),
            valid_until: validity.valid_until.time,
            expected_update: validity.expected_update.map(|date| date.time),
            trust,
        })
    }

    fn verify(&self, issuer_signed: &[u8], at: OffsetDateTime) -> Result<Trust, DocumentError> {
        let Some(verifier) = &self.verifier else {
            return Ok(Trust::NotAsked);
        };
        let conditions = Conditions::new(at, Session::Static);
        let report = verifier.verify_issuer_signed(issuer_signed, &conditions);
        match report.verdict() {
            Verdict::Valid => Ok(Trust::Anchored),
            Verdict::Untrusted if !self.has_anchors => Ok(Trust::NotAsked),
            Verdict::Untrusted | Verdict::Invalid => {
                let checks = report.failures().map(|check| check.id.id());
                Err(DocumentError::NotVerified {
                    checks: checks.collect(),
                })
            }
        }
    }
}
