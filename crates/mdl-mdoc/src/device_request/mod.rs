//! `DeviceRequest`: what a reader asks a holder's device for. ISO/IEC 18013-5, 8.3.2.1.2.1.
//!
//! Version 1.1, of the second edition (10.2), adds `deviceRequestInfo` and `readerAuthAll`. Easy to get wrong: the reader
//! signs `ItemsRequestBytes` with its tag 24 as sent, so a decoded request keeps those bytes; and only what is inside them
//! is signed, not what stands beside them.
//!
//! [`UnsignedDeviceRequest`] makes one: build, sign what [`to_be_signed`](UnauthenticatedRequest::to_be_signed) gives with
//! any key store, attach.

mod build;
mod items_request;
mod reader_authentication;

pub use build::{
    AttachError, ReaderAuthForm, RequestError, UnauthenticatedRequest, UnsignedDeviceRequest,
};
pub use items_request::{ItemsRequest, RequestedElement, UnsignedItemsRequest};
pub use reader_authentication::{reader_authentication_all_bytes, reader_authentication_bytes};

use crate::cbor::{Checker, DecodeError, DecodeErrorKind, RawItem, Reader};
use crate::cose::CoseSign1;
use crate::issuer_signed::member_name;
use crate::session_transcript::SessionTranscript;

/// Nesting at which `DeviceRequestInfo` starts: a map and a tag around it.
const REQUEST_INFO_LEVEL: u8 = 3;

/// `DeviceRequest` as received.
#[derive(Clone, Debug)]
pub struct DeviceRequest<'a> {
    /// `version`: "1.0", or "1.1" with either of the last two members.
    pub version: &'a str,
    /// `docRequests`: at least one.
    pub doc_requests: Vec<DocRequest<'a>>,
    /// `DeviceRequestInfoBytes`, `#6.24(bstr)` (second edition).
    pub device_request_info: Option<RawItem<'a>>,
    /// `readerAuthAll` (second edition): signatures over the whole request; empty when the member is absent.
    pub reader_auth_all: Vec<CoseSign1<'a>>,
}

/// `DocRequest`: what is asked for of one document type, and by whom.
#[derive(Clone, Debug)]
pub struct DocRequest<'a> {
    /// `itemsRequest`.
    pub items_request: ItemsRequest<'a>,
    /// `readerAuth`: the reader's signature over this part of the request.
    pub reader_auth: Option<CoseSign1<'a>>,
}

impl<'a> DeviceRequest<'a> {
    /// Reads a `DeviceRequest` that is the whole input of `checker`.
    ///
    /// # Errors
    /// Another structure, a list without an entry, or beyond the limits.
    pub fn decode(input: &'a [u8], checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, checker.offset_of(input));
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut version, mut doc_requests) = (None, None);
        let mut device_request_info = None;
        let mut reader_auth_all = Vec::new();
        let mut entries = reader.map("DeviceRequest")?;
        while reader.has_entry(&mut entries) {
            match member_name(&mut reader)? {
                Some(b"version") => version = Some(reader.text("version")?),
                Some(b"docRequests") => {
                    let read = |reader: &mut Reader<'a>, checker: &mut Checker<'a>| {
                        DocRequest::read(reader, checker)
                    };
                    doc_requests = Some(read_list(&mut reader, checker, "docRequests", read)?);
                }
                Some(b"deviceRequestInfo") => {
                    let (content, encoded) = reader.encoded_cbor("deviceRequestInfo")?;
                    checker.check_embedded(content, REQUEST_INFO_LEVEL)?;
                    device_request_info = Some(encoded);
                }
                Some(b"readerAuthAll") => {
                    reader_auth_all =
                        read_list(&mut reader, checker, "readerAuthAll", CoseSign1::decode)?;
                }
                _ => reader.skip()?,
            }
        }
        reader.finish()?;
        Ok(Self {
            version: version.ok_or_else(|| missing("version"))?,
            doc_requests: doc_requests.ok_or_else(|| missing("docRequests"))?,
            device_request_info,
            reader_auth_all,
        })
    }

    /// Whether the major version is 1, the only one there is: a device answers any minor version.
    #[must_use]
    pub fn is_version_1(&self) -> bool {
        matches!(self.version.split_once('.'), Some(("1", _)))
    }

    /// What a signature of `readerAuthAll` covers, in a session with this transcript.
    #[must_use]
    pub fn reader_authentication_all_bytes(&self, transcript: &SessionTranscript) -> Vec<u8> {
        let items_requests = self.doc_requests.iter();
        let items_requests =
            items_requests.map(|doc_request| doc_request.items_request.encoded.bytes);
        let info = self.device_request_info.map(|info| info.bytes);
        reader_authentication_all_bytes(transcript, items_requests, info)
    }
}

impl<'a> DocRequest<'a> {
    fn read(reader: &mut Reader<'a>, checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let (mut items_request, mut reader_auth) = (None, None);
        let mut entries = reader.map("DocRequest")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"itemsRequest") => items_request = Some(ItemsRequest::read(reader, checker)?),
                Some(b"readerAuth") => reader_auth = Some(CoseSign1::decode(reader, checker)?),
                _ => reader.skip()?,
            }
        }
        let missing = DecodeErrorKind::Missing {
            member: "itemsRequest",
        };
        Ok(Self {
            items_request: items_request.ok_or_else(|| start.error(missing))?,
            reader_auth,
        })
    }

    /// What the signature of `readerAuth` covers, in a session with this transcript.
    #[must_use]
    pub fn reader_authentication_bytes(&self, transcript: &SessionTranscript) -> Vec<u8> {
        reader_authentication_bytes(transcript, self.items_request.encoded.bytes)
    }
}

/// `[+ T]`, at most as many as there may be documents.
fn read_list<'a, T>(
    reader: &mut Reader<'a>,
    checker: &mut Checker<'a>,
    member: &'static str,
    read: impl Fn(&mut Reader<'a>, &mut Checker<'a>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let limit = checker.limits().max_documents;
    let start = reader.clone();
    let mut entries = reader.array(member)?;
    let mut list = Vec::with_capacity(entries.capacity().min(limit));
    while reader.has_entry(&mut entries) {
        if list.len() == limit {
            let what = member;
            return Err(reader.error(DecodeErrorKind::TooMany { what, limit }));
        }
        list.push(read(reader, checker)?);
    }
    if list.is_empty() {
        let rule = "at least one entry";
        return Err(start.error(DecodeErrorKind::OutOfRange { member, rule }));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor::Limits;

    /// `{"docType": "d", "nameSpaces": {"n": {"e": false}}}` in tag 24.
    const ITEMS: &str = "d818581da267646f635479706561646a6e616d65537061636573a1616ea16165f4";

    fn hex(parts: &[&str]) -> Vec<u8> {
        hex::decode(parts.concat().replace(' ', "")).unwrap()
    }

    /// A `DeviceRequest` with these encoded members, the number of which comes first.
    fn decode_error(parts: &[&str]) -> Option<DecodeErrorKind> {
        let bytes = hex(parts);
        let mut checker = match Checker::new(&bytes, &Limits::DEFAULT) {
            Ok(checker) => checker,
            Err(error) => return Some(error.kind),
        };
        let request = DeviceRequest::decode(&bytes, &mut checker);
        request.err().map(|error| error.kind)
    }

    const VERSION: &str = "6776657273696f6e63312e30";
    const DOC_REQUESTS: &str = "6b646f635265717565737473";
    const ITEMS_REQUEST: &str = "a16c6974656d7352657175657374";

    #[test]
    fn members_are_required_and_lists_are_not_empty() {
        let good = ["a2", VERSION, DOC_REQUESTS, "81", ITEMS_REQUEST, ITEMS];
        assert_eq!(decode_error(&good), None);
        let missing = |member| Some(DecodeErrorKind::Missing { member });
        assert_eq!(decode_error(&["a1", VERSION]), missing("docRequests"));
        let no_version = ["a1", DOC_REQUESTS, "81", ITEMS_REQUEST, ITEMS];
        assert_eq!(decode_error(&no_version), missing("version"));
        let no_items = ["a2", VERSION, DOC_REQUESTS, "81a0"];
        assert_eq!(decode_error(&no_items), missing("itemsRequest"));
        let empty = |member| {
            let rule = "at least one entry";
            Some(DecodeErrorKind::OutOfRange { member, rule })
        };
        let none = ["a2", VERSION, DOC_REQUESTS, "80"];
        assert_eq!(decode_error(&none), empty("docRequests"));
        let nobody = [
            "a3",
            VERSION,
            DOC_REQUESTS,
            "81",
            ITEMS_REQUEST,
            ITEMS,
            "6d726561646572417574 68416c6c80",
        ];
        assert_eq!(decode_error(&nobody), empty("readerAuthAll"));
    }

    #[test]
    fn what_is_asked_for_is_named_and_flagged() {
        let of = |items: &[u8]| {
            let encoded = format!("d81858{:02x}{}", items.len(), hex::encode(items));
            decode_error(&["a2", VERSION, DOC_REQUESTS, "81", ITEMS_REQUEST, &encoded])
        };
        assert_eq!(
            of(b"\xa2\x67docType\x61d\x6anameSpaces\xa1\x61n\xa1\x61e\xf5"),
            None
        );
        let missing = |member| Some(DecodeErrorKind::Missing { member });
        assert_eq!(of(b"\xa1\x67docType\x61d"), missing("nameSpaces"));
        assert_eq!(
            of(b"\xa1\x6anameSpaces\xa1\x61n\xa1\x61e\xf5"),
            missing("docType")
        );
        let nothing = DecodeErrorKind::OutOfRange {
            member: "nameSpaces",
            rule: "at least one element",
        };
        assert_eq!(of(b"\xa2\x67docType\x61d\x6anameSpaces\xa0"), Some(nothing));
        assert_eq!(
            of(b"\xa2\x67docType\x61d\x6anameSpaces\xa1\x61n\xa0"),
            Some(nothing)
        );
        let wrong = |kind| matches!(kind, Some(DecodeErrorKind::WrongType { .. }));
        let number = b"\xa2\x67docType\x61d\x6anameSpaces\xa1\x61n\xa1\x61e\x01";
        assert!(wrong(of(number)), "intentToRetain is a Boolean");
        let twice = b"\xa2\x67docType\x61d\x6anameSpaces\xa1\x61n\xa2\x61e\xf5\x61e\xf4";
        assert_eq!(of(twice), Some(DecodeErrorKind::DuplicateKey));
        let info = b"\xa3\x67docType\x61d\x6anameSpaces\xa1\x61n\xa1\x61e\xf5\x6brequestInfo\x01";
        assert!(wrong(of(info)), "requestInfo is a map");
    }

    #[test]
    fn unknown_members_are_ignored_and_embedded_bytes_are_checked() {
        let unknown = [
            "a4",
            VERSION,
            DOC_REQUESTS,
            "81",
            ITEMS_REQUEST,
            ITEMS,
            "617800",
            "0100",
        ];
        assert_eq!(decode_error(&unknown), None);
        let info = |content: &'static str| {
            decode_error(&[
                "a3",
                VERSION,
                DOC_REQUESTS,
                "81",
                ITEMS_REQUEST,
                ITEMS,
                "716465766963655265717565737449 6e666f",
                content,
            ])
        };
        assert_eq!(info("d81841a0"), None);
        assert_eq!(info("d81841a1"), Some(DecodeErrorKind::Truncated));
        assert!(info("a0").is_some());
    }

    #[test]
    fn there_are_not_more_requests_than_documents_may_be() {
        let request = [ITEMS_REQUEST, ITEMS].concat();
        let of = |count: u8| {
            let head = format!("{:02x}", 0x80 + count);
            decode_error(&[
                "a2",
                VERSION,
                DOC_REQUESTS,
                &head,
                &request.repeat(count.into()),
            ])
        };
        assert_eq!(of(16), None);
        let too_many = DecodeErrorKind::TooMany {
            what: "docRequests",
            limit: 16,
        };
        assert_eq!(of(17), Some(too_many));
    }
}
