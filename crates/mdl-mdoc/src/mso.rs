//! The Mobile Security Object: what the issuing authority signs.
//!
//! [`MobileSecurityObject`] holds a digest of every data element, never the elements themselves, so a holder can
//! disclose some and a reader can still check them.
//!
//! ISO/IEC 18013-5, 9.1.2.4. The payload of `issuerAuth` is `MobileSecurityObjectBytes`: tag 24 is inside the payload.

use crate::cbor::{Checker, DecodeError, DecodeErrorKind, OnePass, RawItem, Reader};
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
    /// `idx` as received.
    pub encoded_idx: RawItem<'a>,
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
        match checker.attempt(|checker| Self::read_plain(content, checker)) {
            Some(mso) => Ok(mso),
            None => Self::read_any(content, checker),
        }
    }

    /// The MSO as nearly every issuer writes it: its members, in whatever order, and no others.
    fn read_plain(content: &'a [u8], checker: &mut Checker<'a>) -> Option<Self> {
        let entries = match content.first() {
            Some(0xa6) => 6,
            Some(0xa7) => 7,
            _ => return None,
        };
        let (mut version, mut digest_algorithm, mut doc_type) = (None, None, None);
        let (mut value_digests, mut device_key_info, mut validity_info, mut status) =
            (None, None, None, None);
        let mut map = OnePass::map(checker, content, EMBEDDED_LEVEL, entries)?;
        for _ in 0..entries {
            if map.key(b"\x67version") {
                version = Some(map.text()?);
            } else if map.key(b"\x6fdigestAlgorithm") {
                digest_algorithm = Some(map.text()?);
            } else if map.key(b"\x6cvalueDigests") {
                value_digests = Some(ValueDigests::read_plain(&mut map)?);
            } else if map.key(b"\x6ddeviceKeyInfo") {
                device_key_info = Some(DeviceKeyInfo::read(&mut map.value()?.reader()).ok()?);
            } else if map.key(b"\x67docType") {
                doc_type = Some(map.text()?);
            } else if map.key(b"\x6cvalidityInfo") {
                validity_info = Some(ValidityInfo::read(&mut map.value()?.reader()).ok()?);
            } else if map.key(b"\x66status") {
                status = Some(Status::read(&mut map.value()?.reader()).ok()?);
            } else {
                return None;
            }
        }
        map.finish()?;
        // As many members as entries: none came twice.
        if status.is_some() != (entries == 7) {
            return None;
        }
        Some(Self {
            version: version?,
            digest_algorithm: digest_algorithm?,
            value_digests: value_digests?,
            device_key_info: device_key_info?,
            doc_type: doc_type?,
            validity_info: validity_info?,
            status,
        })
    }

    /// The MSO in any form, or what is wrong with it.
    fn read_any(content: &'a [u8], checker: &mut Checker<'a>) -> Result<Self, DecodeError> {
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

    /// Name spaces and digests in ascending order, and no more of either than a document has; what they amount to
    /// is then bounded before the items are counted.
    fn read_plain(map: &mut OnePass<'_, 'a>) -> Option<Self> {
        const MANY: usize = 256;
        let count = map.enter_map().filter(|&count| count <= MANY)?;
        let mut name_spaces: Vec<(&'a str, DigestIds<'a>)> = Vec::with_capacity(count);
        for _ in 0..count {
            let name_space = map.text()?;
            // Encoded, the shorter text comes first (RFC 8949, 4.2.1).
            let order = |name: &'a str| (name.len(), name.as_bytes());
            if let Some((last, _)) = name_spaces.last()
                && order(last) >= order(name_space)
            {
                return None;
            }
            let count = map.enter_map().filter(|&count| count <= MANY)?;
            let mut digests = Vec::with_capacity(count);
            let mut lowest = 0;
            for _ in 0..count {
                let digest_id = map.unsigned().filter(|&digest_id| digest_id >= lowest)?;
                lowest = digest_id.checked_add(1)?;
                digests.push((digest_id, map.bytes()?));
            }
            map.leave_map();
            name_spaces.push((name_space, digests));
        }
        map.leave_map();
        name_spaces.sort_unstable_by_key(|&(name_space, _)| name_space);
        Some(Self { name_spaces })
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
                Some(b"idx") => {
                    let encoded = reader.clone().raw()?;
                    idx = Some((reader.unsigned("idx")?, encoded));
                }
                Some(b"uri") => uri = Some(reader.text("uri")?),
                Some(b"certificate") => certificate = Some(reader.bytes("certificate")?),
                _ => reader.skip()?,
            }
        }
        let (idx, encoded_idx) = idx.ok_or_else(|| missing("idx"))?;
        Ok(Self {
            idx,
            encoded_idx,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor::{Limits, Writer};

    /// An MSO with two name spaces and the digests that `write_digests` gives the second.
    fn mso(members: usize, write_digests: impl Fn(&mut Writer)) -> Vec<u8> {
        let mut mso = Writer::default();
        mso.map(members).text("version").text("1.0");
        mso.text("digestAlgorithm").text("SHA-256");
        mso.text("valueDigests").map(2);
        mso.text("n").map(1).unsigned(7).bytes(&[1, 2]);
        write_digests(mso.text("name"));
        mso.text("deviceKeyInfo").map(1);
        mso.text("deviceKey").map(2).integer(1).integer(2);
        mso.integer(-1).integer(1);
        mso.text("docType").text("d").text("validityInfo").map(3);
        for member in ["signed", "validFrom", "validUntil"] {
            mso.text(member).tag(0).text("2026-01-02T03:04:05Z");
        }
        if members == 7 {
            mso.text("status").map(1).text("status_list").map(2);
            mso.text("idx").unsigned(5).text("uri").text("u");
        }
        mso.into_bytes()
    }

    fn two_digests(mso: &mut Writer) {
        mso.map(2).unsigned(3).bytes(&[4]).unsigned(24).bytes(&[5]);
    }

    /// What an MSO reads as in one pass, and the long way, with what the checker counted and recorded.
    fn read_both(content: &[u8], limits: &Limits) -> [Option<String>; 2] {
        let read = |plainly: bool| {
            let mut checker = Checker::new(&[0], limits).unwrap();
            let mso = if plainly {
                checker.attempt(|checker| MobileSecurityObject::read_plain(content, checker))
            } else {
                MobileSecurityObject::read_any(content, &mut checker).ok()
            };
            mso.map(|mso| format!("{mso:?} {checker:?}"))
        };
        [read(true), read(false)]
    }

    #[test]
    fn an_mso_in_one_pass_reads_as_the_long_way() {
        for members in [6, 7] {
            let [plain, any] = read_both(&mso(members, two_digests), &Limits::DEFAULT);
            assert!(plain.is_some());
            assert_eq!(plain, any);
        }
    }

    #[test]
    fn nothing_passes_in_one_pass_that_is_refused_the_long_way() {
        let (mut plain_ones, mut refused) = (0, 0);
        let sound = mso(7, two_digests);
        for at in 0..sound.len() {
            for byte in 0..=255 {
                let mut content = sound.clone();
                content[at] = byte;
                let [plain, any] = read_both(&content, &Limits::DEFAULT);
                plain_ones += usize::from(plain.is_some());
                refused += usize::from(any.is_none());
                assert!(plain.is_none() || plain == any, "{byte} at {at}");
            }
            let [plain, any] = read_both(&sound[..at], &Limits::DEFAULT);
            assert_eq!((plain, any), (None, None), "cut at {at}");
        }
        assert!(plain_ones > 0 && refused > 0);
    }

    #[test]
    fn digests_out_of_order_twice_or_many_go_the_long_way() {
        let out_of_order = mso(6, |mso| {
            mso.map(2).unsigned(4).bytes(&[4]).unsigned(3).bytes(&[3]);
        });
        let twice = mso(6, |mso| {
            mso.map(2).unsigned(3).bytes(&[3]).unsigned(3).bytes(&[4]);
        });
        let many = mso(6, |mso| {
            mso.map(257);
            for digest_id in 0..257 {
                mso.unsigned(digest_id).bytes(&[]);
            }
        });
        for (content, reads) in [(out_of_order, true), (twice, false), (many, true)] {
            let [plain, any] = read_both(&content, &Limits::DEFAULT);
            assert_eq!((plain.is_some(), any.is_some()), (false, reads));
        }
    }

    #[test]
    fn limits_hold_in_one_pass() {
        let content = mso(6, two_digests);
        let passes = |limits| {
            let [plain, any] = read_both(&content, &limits);
            assert_eq!(plain.is_some(), any.is_some(), "{limits:?}");
            plain.is_some()
        };
        let items = |max_items| Limits {
            max_items,
            ..Limits::DEFAULT
        };
        let levels = |max_depth| Limits {
            max_depth,
            ..Limits::DEFAULT
        };
        let fewest = (1..100).find(|&max_items| passes(items(max_items)));
        assert!(fewest.is_some_and(|fewest| fewest > 30));
        // The MSO, its digests, those of a name space.
        assert!(passes(levels(EMBEDDED_LEVEL + 3)));
        assert!(!passes(levels(EMBEDDED_LEVEL + 2)));
    }
}
