use std::sync::Mutex;

use mdl_iaca::certificate::{DocumentKind, read_documents};
use mdl_iaca::path::PathCache;
use mdl_iaca::trust_anchor::{RegionScope, TrustAnchor, TrustAnchors};
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::issuer_signed::IssuerSigned;
use mdl_reader::Policy;

use crate::{Conditions, InputError, Verification};

/// Document signers whose path is remembered; an authority uses a handful at a time.
const PATHS: usize = 64;

/// Trust anchors and policy: made once, used for any number of verifications, from any thread.
#[derive(Debug)]
pub struct Verifier {
    reader: mdl_reader::Verifier,
    paths: Mutex<PathCache>,
}

/// An IACA certificate to trust.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedCertificate {
    /// DER, or PEM with one or more certificates.
    pub certificate: Vec<u8>,
    /// The document types it is trusted for; `None`: any.
    pub doc_types: Option<Vec<String>>,
    /// countryName of the document signers it is trusted for; `None`: any.
    pub country: Option<String>,
    /// stateOrProvinceName of the document signers it is trusted for; `None`: any.
    pub state: Option<String>,
}

/// What an input is meant to be, going by its outermost members.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum InputKind {
    /// What a device sends: [`Verifier::verify`].
    DeviceResponse,
    /// What an issuer hands to a wallet: [`Verifier::verify_issuer_signed`].
    IssuerSigned,
}

impl Verifier {
    /// Trusts these certificates under a policy.
    ///
    /// # Errors
    /// [`InputError::Certificate`] and [`InputError::TrustAnchor`].
    pub fn new(trusted: &[TrustedCertificate], policy: Policy) -> Result<Self, InputError> {
        let mut anchors = Vec::new();
        for (index, trusted) in trusted.iter().enumerate() {
            let documents = read_documents(&trusted.certificate).map_err(|source| {
                let source = Some(source);
                InputError::Certificate { index, source }
            })?;
            for document in documents {
                if document.kind != DocumentKind::Certificate {
                    let source = None;
                    return Err(InputError::Certificate { index, source });
                }
                let anchor = TrustAnchor::from_der(&document.der)
                    .map_err(|source| InputError::TrustAnchor { index, source })?;
                let anchor = anchor.only_in(RegionScope {
                    country: trusted.country.clone(),
                    state: trusted.state.clone(),
                });
                anchors.push(match &trusted.doc_types {
                    Some(doc_types) => anchor.only_for(doc_types),
                    None => anchor,
                });
            }
        }
        Ok(Self {
            reader: mdl_reader::Verifier::new(TrustAnchors::new(anchors)).with_policy(policy),
            paths: Mutex::new(PathCache::new(PATHS)),
        })
    }

    /// Verifies a `DeviceResponse`.
    ///
    /// # Errors
    /// What is wrong with `conditions`. What is wrong with the response is in the [`Verification`].
    pub fn verify(
        &self,
        response: &[u8],
        conditions: &Conditions,
    ) -> Result<Verification, InputError> {
        self.with_conditions(conditions, |conditions| {
            // A verification that runs at the same time has the cache: do without it rather than wait.
            let report = match self.paths.try_lock() {
                Ok(mut paths) => self.reader.verify_cached(response, conditions, &mut paths),
                Err(_) => self.reader.verify(response, conditions),
            };
            Verification::new(&report)
        })
    }

    /// Verifies an `IssuerSigned`, as an issuer hands it to a wallet: issuer data authentication only, whatever the
    /// session of `conditions`.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    pub fn verify_issuer_signed(
        &self,
        issuer_signed: &[u8],
        conditions: &Conditions,
    ) -> Result<Verification, InputError> {
        self.with_conditions(conditions, |conditions| {
            Verification::new(&self.reader.verify_issuer_signed(issuer_signed, conditions))
        })
    }

    fn with_conditions(
        &self,
        conditions: &Conditions,
        verify: impl FnOnce(&mdl_reader::Conditions<'_>) -> Verification,
    ) -> Result<Verification, InputError> {
        let transcript = conditions.session.transcript()?;
        let session = match &transcript {
            Some(transcript) => mdl_reader::Session::Device {
                transcript,
                reader_key: conditions.session.reader_key(),
            },
            None => mdl_reader::Session::Static,
        };
        let crls: Vec<_> = conditions.crls.iter().flat_map(|crl| ders(crl)).collect();
        let crls: Vec<&[u8]> = crls.iter().map(Vec::as_slice).collect();
        let status_tokens = conditions.status_tokens.iter();
        let status_tokens: Vec<&[u8]> = status_tokens.map(Vec::as_slice).collect();
        Ok(verify(&mdl_reader::Conditions {
            doc_type: conditions.doc_type.as_deref(),
            crls: &crls,
            status_tokens: &status_tokens,
            require_revocation: conditions.require_revocation,
            ..mdl_reader::Conditions::new(conditions.time()?, session)
        }))
    }
}

/// The CRLs of a PEM or DER file; anything else as it is, for the reader to judge.
fn ders(crl: &[u8]) -> Vec<Vec<u8>> {
    match read_documents(crl) {
        Ok(documents) => documents.into_iter().map(|document| document.der).collect(),
        Err(_) => vec![crl.to_vec()],
    }
}

impl InputKind {
    /// Tells what `input` is: an `IssuerSigned` if it can be read as one, else to be verified as a `DeviceResponse`.
    pub fn of(input: &[u8]) -> Self {
        let decoded = Checker::new(input, &Limits::DEFAULT)
            .and_then(|mut checker| IssuerSigned::decode(input, &mut checker).map(|_| ()));
        match decoded {
            Ok(()) => Self::IssuerSigned,
            Err(_) => Self::DeviceResponse,
        }
    }
}
