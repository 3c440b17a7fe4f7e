//! The holder's side: a `DeviceResponse` that discloses selected elements of an `IssuerSigned`.
//!
//! ISO/IEC 18013-5, 8.3.2.1.2.2 and 9.1.3. Items and `issuerAuth` are passed on as the issuer made them; only the
//! device's own part is encoded here.

use ciborium::Value;
use mdl_crypto::{Algorithm, PublicKey, SharedSecret, Signature, VerifyError, hmac_sha256};

use crate::cbor::{Checker, DecodeError, Limits, Writer};
use crate::cose::{HMAC_256_256, encode_protected_header, mac_structure, sig_structure};
use crate::device_authentication::{device_authentication_bytes, e_mac_key};
use crate::issuer_signed::{IssuerSigned, IssuerSignedItem};
use crate::session_transcript::SessionTranscript;

/// One document being prepared for a reader. `Debug` prints names only.
pub struct Presentation<'a> {
    doc_type: &'a str,
    issuer_signed: &'a IssuerSigned<'a>,
    disclosed: Vec<(&'a str, Vec<&'a IssuerSignedItem<'a>>)>,
    device_name_spaces: Vec<(String, DeviceElements)>,
}

impl std::fmt::Debug for Presentation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let device_signed = self.device_name_spaces.iter();
        let names = device_signed.flat_map(|(name_space, elements)| {
            elements
                .iter()
                .map(move |(identifier, _)| (name_space, identifier))
        });
        f.debug_struct("Presentation")
            .field("doc_type", &self.doc_type)
            .field("disclosed", &self.disclosed)
            .field("device_signed", &names.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Element identifiers with their encoded values.
type DeviceElements = Vec<(String, Vec<u8>)>;

/// Why a presentation cannot be made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PresentationError {
    /// The document holds no such element.
    #[error("{name_space}: no element {element_identifier}")]
    NoSuchElement {
        /// The name space asked for.
        name_space: String,
        /// The element asked for.
        element_identifier: String,
    },
    /// The element is disclosed already, issuer- or device-signed.
    #[error("{name_space}: element {element_identifier} given twice")]
    Duplicate {
        /// The name space.
        name_space: String,
        /// The element.
        element_identifier: String,
    },
    /// A device-signed value that is not acceptable CBOR.
    #[error("{name_space}: value of {element_identifier} is not acceptable CBOR")]
    Value {
        /// The name space.
        name_space: String,
        /// The element.
        element_identifier: String,
        /// What is wrong; the offset counts from the start of the value.
        source: DecodeError,
    },
    /// The device signature does not verify with the device key.
    #[error("device signature does not verify with the device key")]
    Signature(#[from] VerifyError),
}

/// A document that lacks only its device authentication. `Debug` prints sizes only.
pub struct UnauthenticatedDocument {
    /// The `Document` up to `deviceAuth`'s value.
    document: Writer,
    device_authentication_bytes: Vec<u8>,
}

impl<'a> Presentation<'a> {
    /// Starts a document of `doc_type` that discloses nothing yet.
    pub fn new(doc_type: &'a str, issuer_signed: &'a IssuerSigned<'a>) -> Self {
        Self {
            doc_type,
            issuer_signed,
            disclosed: Vec::new(),
            device_name_spaces: Vec::new(),
        }
    }

    /// Discloses one issuer-signed element.
    ///
    /// # Errors
    /// The document holds no such element, or it is disclosed already.
    pub fn disclose(
        &mut self,
        name_space: &str,
        element_identifier: &str,
    ) -> Result<&mut Self, PresentationError> {
        let (name_space, item) = self
            .issuer_signed
            .name_spaces
            .iter()
            .filter(|(name, _)| *name == name_space)
            .flat_map(|(name, items)| items.iter().map(move |item| (*name, item)))
            .find(|(_, item)| item.element_identifier == element_identifier)
            .ok_or_else(|| PresentationError::NoSuchElement {
                name_space: name_space.to_owned(),
                element_identifier: element_identifier.to_owned(),
            })?;
        self.refuse_duplicate(name_space, element_identifier)?;
        match self
            .disclosed
            .iter_mut()
            .find(|(name, _)| *name == name_space)
        {
            Some((_, items)) => items.push(item),
            None => self.disclosed.push((name_space, vec![item])),
        }
        Ok(self)
    }

    /// Discloses everything.
    ///
    /// # Errors
    /// Something is disclosed already.
    pub fn disclose_all(&mut self) -> Result<&mut Self, PresentationError> {
        let issuer_signed = self.issuer_signed;
        for (name_space, items) in &issuer_signed.name_spaces {
            for item in items {
                self.disclose(name_space, item.element_identifier)?;
            }
        }
        Ok(self)
    }

    /// Adds an element that the device itself vouches for; readers accept it if the MSO's `keyAuthorizations` do.
    ///
    /// # Errors
    /// The element is there already, or its value is not acceptable CBOR.
    pub fn add_device_signed(
        &mut self,
        name_space: &str,
        element_identifier: &str,
        value: impl Into<Value>,
    ) -> Result<&mut Self, PresentationError> {
        self.refuse_duplicate(name_space, element_identifier)?;
        let mut encoded = Vec::new();
        // Writing to memory cannot fail, and a Value always serialises; what it holds is checked next.
        let written = ciborium::into_writer(&value.into(), &mut encoded);
        debug_assert!(written.is_ok());
        Checker::new(&encoded, &Limits::DEFAULT).map_err(|source| PresentationError::Value {
            name_space: name_space.to_owned(),
            element_identifier: element_identifier.to_owned(),
            source,
        })?;
        let element = (element_identifier.to_owned(), encoded);
        match self
            .device_name_spaces
            .iter_mut()
            .find(|(name, _)| name == name_space)
        {
            Some((_, elements)) => elements.push(element),
            None => self
                .device_name_spaces
                .push((name_space.to_owned(), vec![element])),
        }
        Ok(self)
    }

    /// Binds the document to a session.
    pub fn prepare(&self, session_transcript: &SessionTranscript) -> UnauthenticatedDocument {
        let mut name_spaces_bytes = Writer::default();
        name_spaces_bytes.encoded_cbor(&self.encode_device_name_spaces());
        let device_authentication_bytes = device_authentication_bytes(
            session_transcript,
            self.doc_type,
            name_spaces_bytes.as_slice(),
        );

        let items = self.disclosed.iter().flat_map(|(_, items)| items);
        let items_len: usize = items.map(|item| item.encoded.bytes.len()).sum();
        let issuer_auth = self.issuer_signed.issuer_auth_bytes.bytes;
        let mut document =
            Writer::with_capacity(items_len + issuer_auth.len() + name_spaces_bytes.len() + 512);
        document
            .map(3)
            .text("docType")
            .text(self.doc_type)
            .text("issuerSigned");
        document.map(if self.disclosed.is_empty() { 1 } else { 2 });
        if !self.disclosed.is_empty() {
            document.text("nameSpaces").map(self.disclosed.len());
            for (name_space, items) in &self.disclosed {
                document.text(name_space).array(items.len());
                for item in items {
                    document.raw(item.encoded.bytes);
                }
            }
        }
        document
            .text("issuerAuth")
            .raw(issuer_auth)
            .text("deviceSigned")
            .map(2);
        document
            .text("nameSpaces")
            .raw(name_spaces_bytes.as_slice())
            .text("deviceAuth")
            .map(1);
        UnauthenticatedDocument {
            document,
            device_authentication_bytes,
        }
    }

    fn encode_device_name_spaces(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.map(self.device_name_spaces.len());
        for (name_space, elements) in &self.device_name_spaces {
            writer.text(name_space).map(elements.len());
            for (identifier, value) in elements {
                writer.text(identifier).raw(value);
            }
        }
        writer.into_bytes()
    }

    fn refuse_duplicate(
        &self,
        name_space: &str,
        element_identifier: &str,
    ) -> Result<(), PresentationError> {
        let issuer_signed = self.disclosed.iter().any(|(name, items)| {
            *name == name_space
                && items
                    .iter()
                    .any(|item| item.element_identifier == element_identifier)
        });
        let device_signed = self.device_name_spaces.iter().any(|(name, elements)| {
            name == name_space
                && elements
                    .iter()
                    .any(|(identifier, _)| identifier == element_identifier)
        });
        if issuer_signed || device_signed {
            return Err(PresentationError::Duplicate {
                name_space: name_space.to_owned(),
                element_identifier: element_identifier.to_owned(),
            });
        }
        Ok(())
    }
}

impl std::fmt::Debug for UnauthenticatedDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnauthenticatedDocument")
            .field("document", &self.document)
            .finish_non_exhaustive()
    }
}

impl UnauthenticatedDocument {
    /// The `Sig_structure` that the device key signs for a `deviceSignature` by `algorithm`, not yet hashed.
    pub fn to_be_signed(&self, algorithm: Algorithm) -> Vec<u8> {
        sig_structure(
            &encode_protected_header(algorithm),
            &[],
            &self.device_authentication_bytes,
        )
    }

    /// The `Document` with a `deviceSignature`, once the signature verifies with `device_key`.
    ///
    /// # Errors
    /// The signature does not verify.
    pub fn attach_signature(
        mut self,
        algorithm: Algorithm,
        signature: &Signature,
        device_key: &PublicKey,
    ) -> Result<Vec<u8>, PresentationError> {
        device_key.verify(
            algorithm,
            &self.to_be_signed(algorithm),
            signature.as_bytes(),
        )?;
        self.document
            .text("deviceSignature")
            .array(4)
            .bytes(&encode_protected_header(algorithm))
            .map(0)
            .null();
        self.document.bytes(signature.as_bytes());
        Ok(self.document.into_bytes())
    }

    /// The `Document` with a `deviceMac` under EMacKey, from the secret shared by the static device key and EReaderKey.
    pub fn attach_mac(
        mut self,
        shared_secret: &SharedSecret,
        session_transcript: &SessionTranscript,
    ) -> Vec<u8> {
        let mut protected = Writer::default();
        protected.map(1).unsigned(1).integer(HMAC_256_256);
        let key = e_mac_key(shared_secret, session_transcript);
        let structure = mac_structure(protected.as_slice(), &[], &self.device_authentication_bytes);
        let tag = hmac_sha256(&*key, &[&structure]);
        self.document
            .text("deviceMac")
            .array(4)
            .bytes(protected.as_slice())
            .map(0)
            .null()
            .bytes(&tag);
        self.document.into_bytes()
    }
}

/// A `DeviceResponse` with status OK around finished documents, and an error code 0 (data not returned) for each
/// document type of `document_errors`.
pub fn encode_device_response(documents: &[Vec<u8>], document_errors: &[&str]) -> Vec<u8> {
    let len: usize = documents.iter().map(Vec::len).sum();
    let mut writer = Writer::with_capacity(len + 128);
    writer.map(2 + usize::from(!documents.is_empty()) + usize::from(!document_errors.is_empty()));
    writer.text("version").text("1.0");
    if !documents.is_empty() {
        writer.text("documents").array(documents.len());
        for document in documents {
            writer.raw(document);
        }
    }
    if !document_errors.is_empty() {
        writer.text("documentErrors").array(document_errors.len());
        for doc_type in document_errors {
            writer.map(1).text(doc_type).unsigned(0);
        }
    }
    writer.text("status").unsigned(0);
    writer.into_bytes()
}

/// A `DeviceResponse` without documents that says why: 10 general error, 11 CBOR decoding error, 12 CBOR validation error
/// (8.3.2.1.2.3, Table 8).
pub fn encode_device_error(status: u64) -> Vec<u8> {
    let mut writer = Writer::default();
    writer
        .map(2)
        .text("version")
        .text("1.0")
        .text("status")
        .unsigned(status);
    writer.into_bytes()
}
