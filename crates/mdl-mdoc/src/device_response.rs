//! `DeviceResponse`: what a holder's device sends to a reader. ISO/IEC 18013-5, 8.3.2.1.2.2.
//!
//! Members that a verifier must judge (device authentication missing, two of them, a status other than OK) are decoded
//! as they are; the verifier reports them by check. Only another structure than the standard's is a [`DecodeError`].

use crate::cbor::{Checker, DecodeError, DecodeErrorKind, RawItem, Reader};
use crate::cose::{CoseMac0, CoseSign1};
use crate::issuer_signed::{EMBEDDED_LEVEL, ElementValue, IssuerSigned, member_name};

/// `DeviceResponse` as received.
#[derive(Clone, Debug)]
pub struct DeviceResponse<'a> {
    /// `version`: "1.0"; readers accept any minor version of 1.
    pub version: &'a str,
    /// `documents`; empty when the member is absent.
    pub documents: Vec<Document<'a>>,
    /// `documentErrors`: document types that were not returned, with an error code.
    pub document_errors: Vec<(&'a str, i64)>,
    /// `status`: 0 OK, 10 general error, 11 CBOR decoding error, 12 CBOR validation error.
    pub status: u64,
    /// Whether the response carries `zkDocuments` or `encryptedDocuments` (second edition), which are not decoded here.
    pub has_other_documents: bool,
}

/// `Document`: one mdoc of the response.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// `docType`.
    pub doc_type: &'a str,
    /// `issuerSigned`.
    pub issuer_signed: IssuerSigned<'a>,
    /// `deviceSigned`; the standard requires it.
    pub device_signed: Option<DeviceSigned<'a>>,
    /// `errors`: element identifiers that were not returned, with an error code, by name space.
    pub errors: Vec<(&'a str, Vec<(&'a str, i64)>)>,
    /// Offset of the document in the outermost input, in bytes.
    pub offset: usize,
}

/// `DeviceSigned`: data elements and the authentication by the device key.
#[derive(Clone, Debug)]
pub struct DeviceSigned<'a> {
    /// `DeviceNameSpacesBytes`, `#6.24(bstr)`, as received: part of what the device authenticates.
    pub name_spaces_bytes: RawItem<'a>,
    /// `DeviceNameSpaces`: elements by name space, in the order received.
    pub name_spaces: Vec<(&'a str, Vec<(&'a str, ElementValue<'a>)>)>,
    /// `deviceAuth`.
    pub device_auth: DeviceAuth<'a>,
}

/// `DeviceAuth`. The standard wants exactly one of the two members.
#[derive(Clone, Debug, Default)]
pub struct DeviceAuth<'a> {
    /// `deviceSignature`.
    pub device_signature: Option<CoseSign1<'a>>,
    /// `deviceMac`. Boxed: it is rarer than the signature, and a document is moved about with room for both.
    pub device_mac: Option<Box<CoseMac0<'a>>>,
}

impl<'a> DeviceResponse<'a> {
    /// Reads a `DeviceResponse` that is the whole input of `checker`.
    ///
    /// # Errors
    /// Another structure, or beyond the limits.
    pub fn decode(input: &'a [u8], checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, checker.offset_of(input));
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut version, mut status) = (None, None);
        let mut documents = Vec::new();
        let mut document_errors = Vec::new();
        let mut has_other_documents = false;
        let mut entries = reader.map("DeviceResponse")?;
        while reader.has_entry(&mut entries) {
            match member_name(&mut reader)? {
                Some(b"version") => version = Some(reader.text("version")?),
                Some(b"documents") => documents = read_documents(&mut reader, checker)?,
                Some(b"documentErrors") => document_errors = read_document_errors(&mut reader)?,
                Some(b"status") => status = Some(reader.unsigned("status")?),
                Some(b"zkDocuments" | b"encryptedDocuments") => {
                    has_other_documents = true;
                    reader.skip()?;
                }
                _ => reader.skip()?,
            }
        }
        reader.finish()?;
        let version = version.ok_or_else(|| missing("version"))?;
        let status = status.ok_or_else(|| missing("status"))?;
        Ok(Self {
            version,
            documents,
            document_errors,
            status,
            has_other_documents,
        })
    }
}

fn read_documents<'a>(
    reader: &mut Reader<'a>,
    checker: &mut Checker<'a>,
) -> Result<Vec<Document<'a>>, DecodeError> {
    let limit = checker.limits().max_documents;
    let mut elements = reader.array("documents")?;
    let mut documents = Vec::with_capacity(elements.capacity().min(limit));
    while reader.has_entry(&mut elements) {
        if documents.len() == limit {
            return Err(reader.error(DecodeErrorKind::TooMany {
                what: "documents",
                limit,
            }));
        }
        documents.push(Document::read(reader, checker)?);
    }
    Ok(documents)
}

fn read_document_errors<'a>(reader: &mut Reader<'a>) -> Result<Vec<(&'a str, i64)>, DecodeError> {
    let mut errors = Vec::new();
    let mut elements = reader.array("documentErrors")?;
    while reader.has_entry(&mut elements) {
        errors.append(&mut read_error_codes(reader, "DocumentError")?);
    }
    Ok(errors)
}

fn read_error_codes<'a>(
    reader: &mut Reader<'a>,
    member: &'static str,
) -> Result<Vec<(&'a str, i64)>, DecodeError> {
    let mut codes = Vec::new();
    let mut entries = reader.map(member)?;
    while reader.has_entry(&mut entries) {
        codes.push((reader.text(member)?, reader.integer(member)?));
    }
    Ok(codes)
}

impl<'a> Document<'a> {
    fn read(reader: &mut Reader<'a>, checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut doc_type, mut issuer_signed, mut device_signed) = (None, None, None);
        let mut errors = Vec::new();
        let mut entries = reader.map("Document")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"docType") => doc_type = Some(reader.text("docType")?),
                Some(b"issuerSigned") => issuer_signed = Some(IssuerSigned::read(reader, checker)?),
                Some(b"deviceSigned") => device_signed = Some(DeviceSigned::read(reader, checker)?),
                Some(b"errors") => {
                    let mut name_spaces = reader.map("errors")?;
                    while reader.has_entry(&mut name_spaces) {
                        errors.push((
                            reader.text("name space")?,
                            read_error_codes(reader, "ErrorItems")?,
                        ));
                    }
                }
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            doc_type: doc_type.ok_or_else(|| missing("docType"))?,
            issuer_signed: issuer_signed.ok_or_else(|| missing("issuerSigned"))?,
            device_signed,
            errors,
            offset: start.offset(),
        })
    }
}

impl<'a> DeviceSigned<'a> {
    fn read(reader: &mut Reader<'a>, checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let (mut name_spaces, mut device_auth) = (None, None);
        let mut entries = reader.map("deviceSigned")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"nameSpaces") => {
                    let (content, encoded) = reader.encoded_cbor("DeviceNameSpacesBytes")?;
                    checker.check_embedded(content, EMBEDDED_LEVEL)?;
                    let mut content = Reader::new(content, checker.offset_of(content));
                    name_spaces = Some((encoded, read_device_name_spaces(&mut content)?));
                }
                Some(b"deviceAuth") => device_auth = Some(DeviceAuth::read(reader, checker)?),
                _ => reader.skip()?,
            }
        }
        let missing = start.error(DecodeErrorKind::Missing {
            member: "deviceSigned.nameSpaces",
        });
        let (name_spaces_bytes, name_spaces) = name_spaces.ok_or(missing)?;
        Ok(Self {
            name_spaces_bytes,
            name_spaces,
            device_auth: device_auth.unwrap_or_default(),
        })
    }
}

type DeviceNameSpaces<'a> = Vec<(&'a str, Vec<(&'a str, ElementValue<'a>)>)>;

fn read_device_name_spaces<'a>(
    reader: &mut Reader<'a>,
) -> Result<DeviceNameSpaces<'a>, DecodeError> {
    let mut name_spaces = Vec::new();
    let mut entries = reader.map("DeviceNameSpaces")?;
    while reader.has_entry(&mut entries) {
        let name_space = reader.text("name space")?;
        let mut items = Vec::new();
        let mut elements = reader.map("DeviceSignedItems")?;
        while reader.has_entry(&mut elements) {
            items.push((
                reader.text("element identifier")?,
                ElementValue::new(reader.raw()?),
            ));
        }
        name_spaces.push((name_space, items));
    }
    Ok(name_spaces)
}

impl<'a> DeviceAuth<'a> {
    fn read(reader: &mut Reader<'a>, checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
        let mut device_auth = Self::default();
        let mut entries = reader.map("deviceAuth")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"deviceSignature") => {
                    device_auth.device_signature = Some(CoseSign1::decode(reader, checker)?)
                }
                Some(b"deviceMac") => {
                    device_auth.device_mac = Some(Box::new(CoseMac0::decode(reader, checker)?))
                }
                _ => reader.skip()?,
            }
        }
        Ok(device_auth)
    }
}
