//! The Mobile Security Object: what the issuing authority signs.
//!
//! [`MobileSecurityObject`] holds a digest of every data element, never the elements themselves, so a holder can
//! disclose some and a reader can still check them.
//!
//! ISO/IEC 18013-5, 9.1.2.4. The payload of `issuerAuth` is `MobileSecurityObjectBytes`: tag 24 is inside the payload.

use crate::cbor::{Checker, DecodeError, DecodeErrorKind, Reader};
use crate::cose::CoseKey;
use crate::issuer_signed::{EMBEDDED_LEVEL, member_name};
use crate::tdate::TDate;

/// `MobileSecurityObject` as received.
#[derive(Clone, Debug)]
pub struct MobileSecurityObject<'a> {
    /// `version`: "1.0"; readers accept any minor version of 1.
    pub version: &'a str,
    /// `digestAlgorithm`: SHA-256, SHA-384 or SHA-512.
    pub digest_algorithm: &'a str,
    /// `valueDigests`.
    pub value_digests: ValueDigests<'a>,
    /// `deviceKeyInfo`.
    pub device_key_info: DeviceKeyInfo<'a>,
    /// `docType`.
    pub doc_type: &'a str,
    /// `validityInfo`.
    pub validity_info: ValidityInfo,
    /// `status` (second edition).
    pub status: Option<Status<'a>>,
}

/// `valueDigests`: digests by name space and `digestID`.
#[derive(Clone, Debug, Default)]
pub struct ValueDigests<'a> {
    /// Sorted by name space, digests by `digestID`: lookups must stay fast however many a hostile issuer lists.
    name_spaces: Vec<(&'a str, DigestIds<'a>)>,
}

/// `DigestIDs`: digests of one name space with their `digestID`.
type DigestIds<'a> = Vec<(u64, &'a [u8])>;

/// `DeviceKeyInfo`: the key of the device that may present the document, and what that key may sign.
#[derive(Clone, Debug)]
pub struct DeviceKeyInfo<'a> {
    /// `deviceKey`.
    pub device_key: CoseKey<'a>,
    /// `keyAuthorizations`; absent means that the device key may sign no data element.
    pub key_authorizations: Option<KeyAuthorizations<'a>>,
}

/// `KeyAuthorizations` (9.1.2.4): name spaces and single elements that the device key may sign or MAC.
#[derive(Clone, Debug, Default)]
pub struct KeyAuthorizations<'a> {
    /// `nameSpaces`: authorised as a whole.
    pub name_spaces: Vec<&'a str>,
    /// `dataElements`: element identifiers by name space.
    pub data_elements: Vec<(&'a str, Vec<&'a str>)>,
}

/// `ValidityInfo`: when the MSO was signed and when it may be used.
#[derive(Clone, Copy, Debug)]
pub struct ValidityInfo {
    /// `signed`.
    pub signed: TDate,
    /// `validFrom`.
    pub valid_from: TDate,
    /// `validUntil`; at that very second the MSO is still valid.
    pub valid_until: TDate,
    /// `expectedUpdate`.
    pub expected_update: Option<TDate>,
}

/// `Status` (second edition): where to learn whether the MSO was revoked.
#[derive(Clone, Debug, Default)]
pub struct Status<'a> {
    /// `status_list`.
    pub status_list: Option<StatusListInfo<'a>>,
    /// `identifier_list`.
    pub identifier_list: Option<IdentifierListInfo<'a>>,
}

/// `StatusListInfo`: an index into a Token Status List.
#[derive(Clone, Copy, Debug)]
pub struct StatusListInfo<'a> {
    /// `idx`.
    pub idx: u64,
    /// `uri` of the status list token.
    pub uri: &'a str,
    /// `certificate`: DER of the certificate that anchors the list's signature, if it is not the IACA.
    pub certificate: Option<&'a [u8]>,
}

/// `IdentifierListInfo`: an identifier that a list names when it is revoked.
#[derive(Clone, Copy, Debug)]
pub struct IdentifierListInfo<'a> {
    /// `id`.
    pub id: &'a [u8],
    /// `uri` of the identifier list token.
    pub uri: &'a str,
    /// `certificate`: DER of the certificate that anchors the list's signature, if it is not the IACA.
    pub certificate: Option<&'a [u8]>,
}

impl<'a> MobileSecurityObject<'a> {
    /// Reads `MobileSecurityObjectBytes`, the payload of `issuerAuth`.
    ///
    /// # Errors
    /// Not tag 24 with a byte string, another structure, or beyond the limits.
    pub fn decode(payload: &'a [u8], checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
        checker.check_embedded(payload, EMBEDDED_LEVEL)?;
        let mut reader = Reader::new(payload, checker.offset_of(payload));
        let (content, _) = reader.encoded_cbor("MobileSecurityObjectBytes")?;
        reader.finish()?;
        checker.check_embedded(content, EMBEDDED_LEVEL)?;
        let mut reader = Reader::new(content, checker.offset_of(content));
        Self::read(&mut reader)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut version, mut digest_algorithm, mut doc_type) = (None, None, None);
        let (mut value_digests, mut device_key_info, mut validity_info, mut status) =
            (None, None, None, None);
        let mut entries = reader.map("MobileSecurityObject")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"version") => version = Some(reader.text("version")?),
                Some(b"digestAlgorithm") => {
                    digest_algorithm = Some(reader.text("digestAlgorithm")?)
                }
                Some(b"valueDigests") => value_digests = Some(ValueDigests::read(reader)?),
                Some(b"deviceKeyInfo") => device_key_info = Some(DeviceKeyInfo::read(reader)?),
                Some(b"docType") => doc_type = Some(reader.text("docType")?),
                Some(b"validityInfo") => validity_info = Some(ValidityInfo::read(reader)?),
                Some(b"status") => status = Some(Status::read(reader)?),
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            version: version.ok_or_else(|| missing("version"))?,
            digest_algorithm: digest_algorithm.ok_or_else(|| missing("digestAlgorithm"))?,
            value_digests: value_digests.ok_or_else(|| missing("valueDigests"))?,
            device_key_info: device_key_info.ok_or_else(|| missing("deviceKeyInfo"))?,
            doc_type: doc_type.ok_or_else(|| missing("docType"))?,
            validity_info: validity_info.ok_or_else(|| missing("validityInfo"))?,
            status,
        })
    }
}

impl<'a> ValueDigests<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut name_spaces = Vec::new();
        let mut entries = reader.map("valueDigests")?;
        while reader.has_entry(&mut entries) {
            let name_space = reader.text("name space")?;
            let mut elements = reader.map("DigestIDs")?;
            let mut digests = Vec::with_capacity(elements.capacity());
            while reader.has_entry(&mut elements) {
                digests.push((reader.unsigned("digestID")?, reader.bytes("digest")?));
            }
            digests.sort_unstable_by_key(|&(digest_id, _)| digest_id);
            name_spaces.push((name_space, digests));
        }
        name_spaces.sort_unstable_by_key(|&(name_space, _)| name_space);
        Ok(Self { name_spaces })
    }

    /// The digest filed under `name_space` and `digest_id`.
    pub fn get(&self, name_space: &str, digest_id: u64) -> Option<&'a [u8]> {
        let digests = self.name_space(name_space)?;
        let at = digests
            .binary_search_by_key(&digest_id, |&(digest_id, _)| digest_id)
            .ok()?;
        Some(digests[at].1)
    }

    /// The digests of one name space, sorted by `digestID`.
    pub fn name_space(&self, name_space: &str) -> Option<&[(u64, &'a [u8])]> {
        let at = self
            .name_spaces
            .binary_search_by_key(&name_space, |&(name, _)| name)
            .ok()?;
        Some(&self.name_spaces[at].1)
    }

    /// All name spaces, sorted, with their digests sorted by `digestID`.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &[(u64, &'a [u8])])> {
        self.name_spaces
            .iter()
            .map(|(name_space, digests)| (*name_space, digests.as_slice()))
    }
}

impl<'a> DeviceKeyInfo<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let (mut device_key, mut key_authorizations) = (None, None);
        let mut entries = reader.map("deviceKeyInfo")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"deviceKey") => device_key = Some(CoseKey::decode(reader)?),
                Some(b"keyAuthorizations") => {
                    key_authorizations = Some(KeyAuthorizations::read(reader)?)
                }
                _ => reader.skip()?,
            }
        }
        let missing = start.error(DecodeErrorKind::Missing {
            member: "deviceKey",
        });
        Ok(Self {
            device_key: device_key.ok_or(missing)?,
            key_authorizations,
        })
    }
}

impl<'a> KeyAuthorizations<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut authorizations = Self::default();
        let mut entries = reader.map("keyAuthorizations")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"nameSpaces") => {
                    authorizations.name_spaces = read_texts(reader, "authorised name space")?
                }
                Some(b"dataElements") => {
                    let mut name_spaces = reader.map("dataElements")?;
                    while reader.has_entry(&mut name_spaces) {
                        let name_space = reader.text("name space")?;
                        let identifiers = read_texts(reader, "authorised element identifier")?;
                        authorizations.data_elements.push((name_space, identifiers));
                    }
                }
                _ => reader.skip()?,
            }
        }
        Ok(authorizations)
    }

    /// Whether the device key may sign `element_identifier` of `name_space`: either map suffices.
    pub fn permits(&self, name_space: &str, element_identifier: &str) -> bool {
        self.name_spaces.contains(&name_space)
            || self.data_elements.iter().any(|(name, identifiers)| {
                *name == name_space && identifiers.contains(&element_identifier)
            })
    }
}

impl ValidityInfo {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut signed, mut valid_from, mut valid_until, mut expected_update) =
            (None, None, None, None);
        let mut entries = reader.map("validityInfo")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"signed") => signed = Some(TDate::decode(reader, "signed")?),
                Some(b"validFrom") => valid_from = Some(TDate::decode(reader, "validFrom")?),
                Some(b"validUntil") => valid_until = Some(TDate::decode(reader, "validUntil")?),
                Some(b"expectedUpdate") => {
                    expected_update = Some(TDate::decode(reader, "expectedUpdate")?)
                }
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            signed: signed.ok_or_else(|| missing("signed"))?,
            valid_from: valid_from.ok_or_else(|| missing("validFrom"))?,
            valid_until: valid_until.ok_or_else(|| missing("validUntil"))?,
            expected_update,
        })
    }
}

impl<'a> Status<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut status = Self::default();
        let mut entries = reader.map("status")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"status_list") => status.status_list = Some(StatusListInfo::read(reader)?),
                Some(b"identifier_list") => {
                    status.identifier_list = Some(IdentifierListInfo::read(reader)?)
                }
                _ => reader.skip()?,
            }
        }
        Ok(status)
    }
}

impl<'a> StatusListInfo<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut idx, mut uri, mut certificate) = (None, None, None);
        let mut entries = reader.map("status_list")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"idx") => idx = Some(reader.unsigned("idx")?),
                Some(b"uri") => uri = Some(reader.text("uri")?),
                Some(b"certificate") => certificate = Some(reader.bytes("certificate")?),
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            idx: idx.ok_or_else(|| missing("idx"))?,
            uri: uri.ok_or_else(|| missing("uri"))?,
            certificate,
        })
    }
}

impl<'a> IdentifierListInfo<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut id, mut uri, mut certificate) = (None, None, None);
        let mut entries = reader.map("identifier_list")?;
        while reader.has_entry(&mut entries) {
            match member_name(reader)? {
                Some(b"id") => id = Some(reader.bytes("id")?),
                Some(b"uri") => uri = Some(reader.text("uri")?),
                Some(b"certificate") => certificate = Some(reader.bytes("certificate")?),
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            id: id.ok_or_else(|| missing("id"))?,
            uri: uri.ok_or_else(|| missing("uri"))?,
            certificate,
        })
    }
}

fn read_texts<'a>(
    reader: &mut Reader<'a>,
    member: &'static str,
) -> Result<Vec<&'a str>, DecodeError> {
    let mut texts = Vec::new();
    let mut elements = reader.array(member)?;
    while reader.has_entry(&mut elements) {
        texts.push(reader.text(member)?);
    }
    Ok(texts)
}
