//! What a reader asks for, what of it the holder can say, and the response with what the person agrees to.
//!
//! ISO/IEC 18013-5, 8.3.2.1.2 and 7.2.5. What was not asked for cannot be disclosed: only [`AskedDocument::disclosures`]
//! makes a [`Disclosure`], and [`Reply`] takes nothing else. A question about an age is answered by the nearest statement,
//! which may name another age.

use mdl_crypto::PrivateKey;
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::cbor::{Checker, DecodeError, Limits};
use mdl_mdoc::data_elements::age_over;
use mdl_mdoc::device_request::DeviceRequest;
use mdl_mdoc::issuer_signed::{IssuerSigned, decode_issuer_signed};
use mdl_mdoc::presentation::{encode_device_error, encode_device_response};
use mdl_mdoc::session_transcript::SessionTranscript;

use crate::presentation::{DeviceAuthentication, PresentError, present_document};
use crate::reader_authentication::{Asking, ReaderTrust};

/// A reader's request, as a person is to see it.
#[derive(Clone, Debug)]
pub struct Inquiry {
    /// The documents that are asked for, in the order of the request.
    pub documents: Vec<AskedDocument>,
}

/// One document that is asked for.
#[derive(Clone, Debug)]
pub struct AskedDocument {
    /// Its type.
    pub doc_type: String,
    /// Who asks.
    pub asking: Asking,
    /// What is asked for: name space, identifier, and whether the reader means to keep it.
    pub elements: Vec<(String, String, bool)>,
}

/// One element that was asked for and can be disclosed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Disclosure {
    name_space: String,
    asked: String,
    disclosed: String,
    intent_to_retain: bool,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InquiryError {
    /// Not a `DeviceRequest`.
    #[error("the reader's request is not a DeviceRequest")]
    Structure(#[from] DecodeError),
    /// A major version other than 1.
    #[error("the reader's request has another version than 1.x")]
    Version,
}

impl InquiryError {
    /// The `DeviceResponse` that tells the reader.
    #[must_use]
    pub fn response(&self) -> Vec<u8> {
        const GENERAL_ERROR: u64 = 10;
        const DECODING_ERROR: u64 = 11;
        const VALIDATION_ERROR: u64 = 12;
        encode_device_error(match self {
            Self::Structure(error) if error.kind.is_malformed() => DECODING_ERROR,
            Self::Structure(_) => VALIDATION_ERROR,
            Self::Version => GENERAL_ERROR,
        })
    }
}

impl Inquiry {
    /// Reads a `DeviceRequest` that came in the session with this transcript, and finds out who asks.
    ///
    /// # Errors
    /// [`InquiryError`], which [answers](InquiryError::response) the reader.
    pub fn read(
        request: &[u8],
        transcript: &SessionTranscript,
        trust: &ReaderTrust<'_>,
    ) -> Result<Self, InquiryError> {
        let mut checker = Checker::new(request, &Limits::DEFAULT)?;
        let request = DeviceRequest::decode(request, &mut checker)?;
        if !request.is_version_1() {
            return Err(InquiryError::Version);
        }
        let documents = request.doc_requests.iter().map(|doc_request| {
            let elements = doc_request.items_request.elements();
            let elements = elements.map(|(name_space, element)| {
                let identifier = element.element_identifier.to_owned();
                (name_space.to_owned(), identifier, element.intent_to_retain)
            });
            AskedDocument {
                doc_type: doc_request.items_request.doc_type.to_owned(),
                asking: trust.who_asks(&request, doc_request, transcript),
                elements: elements.collect(),
            }
        });
        Ok(Self {
            documents: documents.collect(),
        })
    }
}

impl Disclosure {
    /// Its name space.
    #[must_use]
    pub fn name_space(&self) -> &str {
        &self.name_space
    }

    /// The element that was asked for.
    #[must_use]
    pub fn asked(&self) -> &str {
        &self.asked
    }

    /// The element that answers it: the same, or the nearest statement on an age.
    #[must_use]
    pub fn disclosed(&self) -> &str {
        &self.disclosed
    }

    /// Whether the reader means to keep it.
    #[must_use]
    pub const fn intent_to_retain(&self) -> bool {
        self.intent_to_retain
    }
}

impl AskedDocument {
    /// What of the request a document can say: elements that it lacks are left out, and of more ages than a reader may ask
    /// for, the first ones count.
    ///
    /// # Errors
    /// [`PresentError::Structure`].
    pub fn disclosures(&self, issuer_signed: &[u8]) -> Result<Vec<Disclosure>, PresentError> {
        let decoded = decode_issuer_signed(issuer_signed, &Limits::DEFAULT);
        let (document, _) = decoded.map_err(PresentError::Structure)?;
        let mut ages_left = age_over::MAX_PER_RETRIEVAL;
        let mut disclosures = Vec::new();
        for (name_space, asked, intent_to_retain) in &self.elements {
            let age = age_over::years_of(asked).filter(|_| name_space == MDL_NAME_SPACE);
            let disclosed = match age {
                None => has(&document, name_space, asked).then(|| asked.clone()),
                Some(_) if ages_left == 0 => None,
                Some(years) => {
                    ages_left -= 1;
                    nearest_statement(&document, years)
                }
            };
            disclosures.extend(disclosed.map(|disclosed| Disclosure {
                name_space: name_space.clone(),
                asked: asked.clone(),
                disclosed,
                intent_to_retain: *intent_to_retain,
            }));
        }
        Ok(disclosures)
    }
}

fn has(document: &IssuerSigned<'_>, name_space: &str, identifier: &str) -> bool {
    let name_spaces = document
        .name_spaces
        .iter()
        .filter(|(name, _)| *name == name_space);
    let mut items = name_spaces.flat_map(|(_, items)| items);
    items.any(|item| item.element_identifier == identifier)
}

fn nearest_statement(document: &IssuerSigned<'_>, years: u8) -> Option<String> {
    let name_spaces = document
        .name_spaces
        .iter()
        .filter(|(name, _)| *name == MDL_NAME_SPACE);
    let statements = name_spaces.flat_map(|(_, items)| items).filter_map(|item| {
        let years = age_over::years_of(item.element_identifier)?;
        Some((years, item.element_value.as_bool()?))
    });
    let (years, _) = age_over::nearest(years, statements)?;
    Some(format!("age_over_{years:02}"))
}

/// The response being put together.
#[derive(Debug)]
pub struct Reply<'s> {
    transcript: &'s SessionTranscript,
    documents: Vec<Vec<u8>>,
    withheld: Vec<String>,
}

impl<'s> Reply<'s> {
    /// A response in the session with this transcript.
    #[must_use]
    pub const fn new(transcript: &'s SessionTranscript) -> Self {
        Self {
            transcript,
            documents: Vec::new(),
            withheld: Vec::new(),
        }
    }

    /// Presents a document with what the person agreed to disclose.
    ///
    /// # Errors
    /// [`PresentError`].
    pub fn document(
        &mut self,
        issuer_signed: &[u8],
        disclosures: &[Disclosure],
        device_key: &PrivateKey,
        authentication: DeviceAuthentication<'_>,
    ) -> Result<(), PresentError> {
        let elements = |_: &IssuerSigned<'_>| {
            let mut elements: Vec<(String, String)> = Vec::new();
            for disclosure in disclosures {
                let element = (disclosure.name_space.clone(), disclosure.disclosed.clone());
                // Two ages may have one answer.
                if !elements.contains(&element) {
                    elements.push(element);
                }
            }
            elements
        };
        self.documents.push(present_document(
            issuer_signed,
            elements,
            device_key,
            authentication,
            self.transcript,
        )?);
        Ok(())
    }

    /// Says that there is no document of this type, or none that the person wants to show: a reader does not learn which.
    pub fn withhold(&mut self, doc_type: &str) {
        self.withheld.push(doc_type.to_owned());
    }

    /// The CBOR of the `DeviceResponse`.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        let withheld: Vec<_> = self.withheld.iter().map(String::as_str).collect();
        encode_device_response(&self.documents, &withheld)
    }
}
