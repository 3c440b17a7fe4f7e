use mdl_crypto::{Algorithm, PublicKey, Signature, VerifyError};

use super::{UnsignedItemsRequest, reader_authentication_all_bytes, reader_authentication_bytes};
use crate::MDL_NAME_SPACE;
use crate::cbor::{Limits, Writer};
use crate::cose::{encode_protected_header, sig_structure, write_x5chain};
use crate::data_elements::age_over;
use crate::session_transcript::SessionTranscript;

/// A `DeviceRequest` that lacks only the reader's signature, which it need not have.
#[derive(Clone, Debug)]
pub struct UnsignedDeviceRequest {
    /// `ItemsRequestBytes` of each document.
    items_requests: Vec<Vec<u8>>,
}

/// What a reader signs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ReaderAuthForm {
    /// `readerAuth`: each document's request by itself. Every device knows it.
    #[default]
    EachDocument,
    /// `readerAuthAll` (second edition): the request as a whole, for devices whose engagement says that they can.
    WholeRequest,
}

/// Why there is no request.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No document.
    #[error("no document is asked for")]
    NoDocument,
    /// More documents than a device need take.
    #[error("more than {0} documents are asked for")]
    TooManyDocuments(usize),
    /// A document of which nothing is asked for.
    #[error("no element of {0} is asked for")]
    NoElement(String),
    /// More `age_over_NN` than a reader may ask for in one retrieval (7.2.5).
    #[error("more than {} age_over_NN are asked for", age_over::MAX_PER_RETRIEVAL)]
    TooManyAges,
}

/// A request bound to a session, to be signed.
#[derive(Clone, Debug)]
pub struct UnauthenticatedRequest {
    request: UnsignedDeviceRequest,
    algorithm: Algorithm,
    form: ReaderAuthForm,
    to_be_signed: Vec<Vec<u8>>,
}

/// Why signatures are not attached.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// Not one signature for each part.
    #[error("expected {expected} signatures, found {found}")]
    Count {
        /// As many as there are parts to be signed.
        expected: usize,
        /// As many as were given.
        found: usize,
    },
    /// A signature does not verify with the reader's key.
    #[error("signature does not verify with the reader's key")]
    Signature(#[from] VerifyError),
    /// No certificate was given.
    #[error("x5chain needs the reader's certificate")]
    NoCertificate,
}

impl UnsignedDeviceRequest {
    /// Asks for these documents.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn new(documents: &[UnsignedItemsRequest]) -> Result<Self, RequestError> {
        let limit = Limits::DEFAULT.max_documents;
        if documents.is_empty() {
            return Err(RequestError::NoDocument);
        }
        if documents.len() > limit {
            return Err(RequestError::TooManyDocuments(limit));
        }
        if let Some(empty) = documents
            .iter()
            .find(|document| document.elements().next().is_none())
        {
            return Err(RequestError::NoElement(empty.doc_type().to_owned()));
        }
        let ages = documents.iter().flat_map(UnsignedItemsRequest::elements);
        let ages = ages.filter(|(name_space, identifier, _)| {
            *name_space == MDL_NAME_SPACE && age_over::years_of(identifier).is_some()
        });
        if ages.count() > age_over::MAX_PER_RETRIEVAL {
            return Err(RequestError::TooManyAges);
        }
        Ok(Self {
            items_requests: documents.iter().map(UnsignedItemsRequest::encode).collect(),
        })
    }

    /// The CBOR of a `DeviceRequest` without reader authentication.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        let mut writer = self.begin("1.0", 2);
        for items_request in &self.items_requests {
            writer.map(1).text("itemsRequest").raw(items_request);
        }
        writer.into_bytes()
    }

    /// Binds the request to a session, to be signed by the reader's key of this algorithm.
    #[must_use]
    pub fn prepare(
        self,
        transcript: &SessionTranscript,
        algorithm: Algorithm,
        form: ReaderAuthForm,
    ) -> UnauthenticatedRequest {
        let items_requests = self.items_requests.iter().map(Vec::as_slice);
        let payloads = match form {
            ReaderAuthForm::EachDocument => items_requests
                .map(|items_request| reader_authentication_bytes(transcript, items_request))
                .collect(),
            ReaderAuthForm::WholeRequest => {
                vec![reader_authentication_all_bytes(
                    transcript,
                    items_requests,
                    None,
                )]
            }
        };
        let protected = encode_protected_header(algorithm);
        let to_be_signed = payloads
            .iter()
            .map(|payload| sig_structure(&protected, &[], payload));
        UnauthenticatedRequest {
            algorithm,
            form,
            to_be_signed: to_be_signed.collect(),
            request: self,
        }
    }

    /// The head of the map, its version, and the head of `docRequests`.
    fn begin(&self, version: &str, members: usize) -> Writer {
        let len: usize = self.items_requests.iter().map(Vec::len).sum();
        let mut writer = Writer::with_capacity(len + 64);
        writer.map(members).text("version").text(version);
        writer.text("docRequests").array(self.items_requests.len());
        writer
    }
}

impl UnauthenticatedRequest {
    /// The `Sig_structure`s that the reader's key signs (RFC 9052, 4.4), not yet hashed: one for each document in their
    /// order, or a single one for [`ReaderAuthForm::WholeRequest`].
    #[must_use]
    pub fn to_be_signed(&self) -> &[Vec<u8>] {
        &self.to_be_signed
    }

    /// The CBOR of the `DeviceRequest`, once every signature verifies with `reader_key`. `x5chain` goes out with it, the
    /// reader's certificate first; without the certificate that the holder trusts.
    ///
    /// # Errors
    /// [`AttachError`].
    pub fn attach(
        self,
        signatures: &[Signature],
        reader_key: &PublicKey,
        x5chain: &[&[u8]],
    ) -> Result<Vec<u8>, AttachError> {
        if signatures.len() != self.to_be_signed.len() {
            return Err(AttachError::Count {
                expected: self.to_be_signed.len(),
                found: signatures.len(),
            });
        }
        if x5chain.is_empty() {
            return Err(AttachError::NoCertificate);
        }
        for (message, signature) in self.to_be_signed.iter().zip(signatures) {
            reader_key.verify(self.algorithm, message, signature.as_bytes())?;
        }
        let protected = encode_protected_header(self.algorithm);
        let sign1 = |writer: &mut Writer, signature: &Signature| {
            writer.array(4).bytes(&protected).map(1);
            write_x5chain(writer, x5chain);
            writer.null().bytes(signature.as_bytes());
        };
        let items_requests = &self.request.items_requests;
        let mut writer = match self.form {
            ReaderAuthForm::EachDocument => self.request.begin("1.0", 2),
            ReaderAuthForm::WholeRequest => self.request.begin("1.1", 3),
        };
        for (index, items_request) in items_requests.iter().enumerate() {
            match (self.form, signatures.get(index)) {
                (ReaderAuthForm::EachDocument, Some(signature)) => {
                    writer.map(2).text("itemsRequest").raw(items_request);
                    sign1(writer.text("readerAuth"), signature);
                }
                _ => {
                    writer.map(1).text("itemsRequest").raw(items_request);
                }
            }
        }
        if self.form == ReaderAuthForm::WholeRequest {
            writer.text("readerAuthAll").array(signatures.len());
            for signature in signatures {
                sign1(&mut writer, signature);
            }
        }
        Ok(writer.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(names: &[&str]) -> UnsignedItemsRequest {
        let request = UnsignedItemsRequest::new("d");
        names.iter().fold(request, |request, name| {
            request.element(MDL_NAME_SPACE, name)
        })
    }

    fn refused(documents: &[UnsignedItemsRequest]) -> Option<RequestError> {
        UnsignedDeviceRequest::new(documents).err()
    }

    #[test]
    fn a_request_asks_for_something_and_not_for_too_much() {
        assert_eq!(refused(&[]), Some(RequestError::NoDocument));
        let nothing = RequestError::NoElement("d".to_owned());
        assert_eq!(refused(&[asks(&["a"]), asks(&[])]), Some(nothing));
        assert_eq!(refused(&vec![asks(&["a"]); 16]), None);
        let too_many = RequestError::TooManyDocuments(16);
        assert_eq!(refused(&vec![asks(&["a"]); 17]), Some(too_many));
    }

    #[test]
    fn two_ages_are_asked_for_at_most_in_all_documents_together() {
        let two = asks(&["age_over_18", "age_over_21", "age_in_years"]);
        assert_eq!(refused(std::slice::from_ref(&two)), None);
        let more = RequestError::TooManyAges;
        assert_eq!(refused(&[two.clone(), asks(&["age_over_65"])]), Some(more));
        // In another name space it is some other element.
        assert_eq!(refused(&[two.element("other", "age_over_65")]), None);
    }

    #[test]
    fn an_element_is_asked_for_once_and_kept_if_any_purpose_needs_it() {
        let request = asks(&["a", "b", "a"]).retained_element(MDL_NAME_SPACE, "b");
        let request = request.element(MDL_NAME_SPACE, "b");
        let elements: Vec<_> = request.elements().collect();
        assert_eq!(
            elements,
            [(MDL_NAME_SPACE, "a", false), (MDL_NAME_SPACE, "b", true)]
        );
    }
}
