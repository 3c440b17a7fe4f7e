//! Who asks: the reader's signature over its request, and the certificate that it comes with. ISO/IEC 18013-5, 9.1.4.
//!
//! A person is shown the name in a certificate only if its path ends in a reader authority that the wallet trusts, and its
//! key signed this request for this session. All else is nobody in particular.

use mdl_crypto::{Algorithm, VerifyError};
use mdl_iaca::path::{PathConditions, Role};
use mdl_iaca::revocation::RevocationEvidence;
use mdl_iaca::trust_anchor::TrustAnchors;
use mdl_mdoc::cose::{AlgorithmId, CoseSign1, Critical, Header};
use mdl_mdoc::device_request::{DeviceRequest, DocRequest};
use mdl_mdoc::session_transcript::SessionTranscript;
use time::OffsetDateTime;

/// Whom a wallet believes when a reader names itself.
#[derive(Clone, Copy, Debug)]
pub struct ReaderTrust<'a> {
    /// Certificates of the reader authorities.
    pub anchors: &'a TrustAnchors,
    /// Their CRLs in DER.
    pub crls: &'a [&'a [u8]],
    /// The time to judge at.
    pub at: OffsetDateTime,
}

/// Who asks for a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Asking {
    /// The reader does not say.
    Anonymous,
    /// A reader that an authority vouches for.
    Authenticated(ReaderName),
    /// The reader says so, and is not believed.
    NotBelieved(ReaderAuthError),
}

/// What a valid certificate calls a reader (Table B.6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReaderName {
    /// commonName of the subject.
    pub common_name: Option<String>,
    /// countryName of the subject.
    pub country: Option<String>,
    /// SHA-256 over the certificate.
    pub certificate_sha256: [u8; 32],
}

/// Why a reader is not believed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReaderAuthError {
    /// `alg` is not protected, or none of the standard's.
    #[error("algorithm is not protected, or none of the standard's")]
    Algorithm,
    /// A label in both headers, or one that must be understood and is not.
    #[error("header is not as RFC 9052 wants it")]
    Header,
    /// The payload is attached: only the wallet's own transcript counts.
    #[error("payload is attached")]
    PayloadAttached,
    /// The certificate is not acceptable; the identifiers of the checks that failed.
    #[error("certificate of the reader is not acceptable: {}", checks.join(", "))]
    Certificate {
        /// Identifiers as [`mdl_iaca::path::PathCheck`] has them.
        checks: Vec<&'static str>,
    },
    /// The signature is not that of this certificate's key, over this request in this session.
    #[error("signature over the request does not verify")]
    Signature(#[from] VerifyError),
}

impl ReaderTrust<'_> {
    /// Who asks for the document of `doc_request`: a signature over the whole request goes first.
    #[must_use]
    pub fn who_asks(
        &self,
        request: &DeviceRequest<'_>,
        doc_request: &DocRequest<'_>,
        transcript: &SessionTranscript,
    ) -> Asking {
        let all = request.reader_auth_all.iter().map(|signature| {
            let payload = request.reader_authentication_all_bytes(transcript);
            self.authenticate(signature, &payload)
        });
        let own = doc_request.reader_auth.iter().map(|signature| {
            let payload = doc_request.reader_authentication_bytes(transcript);
            self.authenticate(signature, &payload)
        });
        let mut not_believed = None;
        for result in all.chain(own) {
            match result {
                Ok(name) => return Asking::Authenticated(name),
                Err(error) => {
                    not_believed.get_or_insert(error);
                }
            }
        }
        not_believed.map_or(Asking::Anonymous, Asking::NotBelieved)
    }

    fn authenticate(
        &self,
        reader_auth: &CoseSign1<'_>,
        payload: &[u8],
    ) -> Result<ReaderName, ReaderAuthError> {
        let (protected, unprotected) = (&reader_auth.protected, &reader_auth.unprotected);
        check_header(protected, unprotected)?;
        let algorithm = match protected.algorithm {
            Some(AlgorithmId::Number(number)) => Algorithm::from_cose(number).ok(),
            _ => None,
        };
        let algorithm = algorithm.ok_or(ReaderAuthError::Algorithm)?;
        if reader_auth.payload.is_some() {
            return Err(ReaderAuthError::PayloadAttached);
        }
        let path = self
            .anchors
            .examine(&unprotected.x5chain, Role::ReaderAuthentication);
        let revocation = match self.crls {
            [] => RevocationEvidence::None,
            crls => RevocationEvidence::Der(crls),
        };
        let report = path.evaluate(&PathConditions {
            revocation,
            ..PathConditions::at(self.at)
        });
        let (Some(reader), Some(facts)) = (report.validated(), report.leaf()) else {
            let checks = report.failures().map(|step| step.check.id());
            return Err(ReaderAuthError::Certificate {
                checks: checks.collect(),
            });
        };
        let signed = reader_auth.sig_structure(&[], payload);
        reader.verify(algorithm, &signed, reader_auth.signature)?;
        Ok(ReaderName {
            common_name: facts.common_name.clone(),
            country: facts.country.clone(),
            certificate_sha256: facts.fingerprint,
        })
    }
}

/// A label in both headers leaves open which holds (RFC 9052, 3); `crit` belongs into the protected one (3.1).
fn check_header(protected: &Header<'_>, unprotected: &Header<'_>) -> Result<(), ReaderAuthError> {
    let twice = unprotected
        .labels
        .iter()
        .any(|label| protected.labels.contains(label));
    let text_twice = unprotected
        .text_labels
        .iter()
        .any(|label| protected.text_labels.contains(label));
    let critical =
        protected.critical == Critical::NotUnderstood || unprotected.critical != Critical::Absent;
    if twice || text_twice || critical {
        return Err(ReaderAuthError::Header);
    }
    Ok(())
}
