use time::{OffsetDateTime, UtcOffset};

use super::TrustBundleLimits;
use crate::cbor::{DecodeError, DecodeErrorKind, Reader, Writer};
use crate::tdate::{TDate, format_tdate};

const VERSION: &str = "1.0";
/// Bytes of a name at most: longer ones would only be shown to people, cut.
const MAX_NAME: usize = 256;
/// Document types of one anchor at most.
const MAX_DOC_TYPES: usize = 64;

/// What a trust bundle says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustBundleContent {
    /// `publisher`: who equips the reader, for people.
    pub publisher: String,
    /// `sequence`: rises with every bundle of a publisher, so that an old one cannot pass for the newest.
    pub sequence: u64,
    /// `issued`, in whole seconds.
    pub issued: OffsetDateTime,
    /// `nextUpdate`: when a newer bundle should be there.
    pub next_update: OffsetDateTime,
    /// `notAfter`: afterwards the bundle says nothing.
    pub not_after: OffsetDateTime,
    /// `anchors`, at least one.
    pub anchors: Vec<BundledAnchor>,
    /// `crls`, in DER.
    pub crls: Vec<Vec<u8>>,
    /// `statusTokens`, as published.
    pub status_tokens: Vec<Vec<u8>>,
}

/// A trust anchor with its scope. What is absent limits nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BundledAnchor {
    /// `certificate`, in DER.
    pub certificate: Vec<u8>,
    /// `docTypes`: trusted for these document types only.
    pub doc_types: Option<Vec<String>>,
    /// `country`: trusted for document signers of this country only.
    pub country: Option<String>,
    /// `state`: trusted for document signers of this state or province only.
    pub state: Option<String>,
    /// `origin`: where the publisher has it from, for people.
    pub origin: Option<String>,
}

/// Why no bundle is made of content.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableContent {
    /// `nextUpdate` before `issued`, `notAfter` before `nextUpdate`, or a time beyond the years 0 to 9999.
    #[error("nextUpdate must be after issued, and notAfter not before nextUpdate")]
    Times,
    /// No anchor: a bundle that trusts nobody.
    #[error("no trust anchor")]
    NoAnchor,
    /// An empty name, or one that is longer than readers accept.
    #[error("{0}: empty, or longer than {MAX_NAME} bytes")]
    Name(&'static str),
    /// `docTypes` is empty or too long: an anchor for nothing.
    #[error("docTypes: empty, or more than {MAX_DOC_TYPES}")]
    DocTypes,
    /// More than readers accept.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl TrustBundleContent {
    /// Whether a reader would accept the content.
    pub(super) fn check(&self, limits: &TrustBundleLimits) -> Result<(), UnusableContent> {
        let in_utc = |time: OffsetDateTime| {
            time.checked_to_offset(UtcOffset::UTC)
                .is_some_and(|time| (0..=9999).contains(&time.year()))
        };
        let all_in_utc = [self.issued, self.next_update, self.not_after].map(in_utc);
        if all_in_utc != [true; 3]
            || self.next_update <= self.issued
            || self.not_after < self.next_update
        {
            return Err(UnusableContent::Times);
        }
        if self.anchors.is_empty() {
            return Err(UnusableContent::NoAnchor);
        }
        is_name("publisher", &self.publisher)?;
        let counts = [
            ("anchors", self.anchors.len(), limits.max_anchors),
            ("crls", self.crls.len(), limits.max_crls),
            (
                "statusTokens",
                self.status_tokens.len(),
                limits.max_status_tokens,
            ),
        ];
        for (what, count, limit) in counts {
            if count > limit {
                return Err(UnusableContent::TooMany { what, limit });
            }
        }
        self.anchors.iter().try_for_each(BundledAnchor::check)
    }

    /// The content as CBOR, always the same for the same content: keys in the order of RFC 8949, 4.2.1.
    pub(super) fn to_cbor(&self) -> Vec<u8> {
        let blobs = |list: &[Vec<u8>]| list.iter().map(|blob| blob.len() + 9).sum::<usize>();
        let anchors: usize = self.anchors.iter().map(|a| a.certificate.len() + 256).sum();
        let size = 512 + anchors + blobs(&self.crls) + blobs(&self.status_tokens);
        let mut writer = Writer::with_capacity(size);
        let optional =
            usize::from(!self.crls.is_empty()) + usize::from(!self.status_tokens.is_empty());
        writer.map(7 + optional);
        if !self.crls.is_empty() {
            write_blobs(writer.text("crls"), &self.crls);
        }
        writer
            .text("issued")
            .tag(0)
            .text(&format_tdate(self.issued));
        writer.text("anchors").array(self.anchors.len());
        for anchor in &self.anchors {
            anchor.write(&mut writer);
        }
        writer.text("version").text(VERSION);
        writer
            .text("notAfter")
            .tag(0)
            .text(&format_tdate(self.not_after));
        writer.text("sequence").unsigned(self.sequence);
        writer.text("publisher").text(&self.publisher);
        writer
            .text("nextUpdate")
            .tag(0)
            .text(&format_tdate(self.next_update));
        if !self.status_tokens.is_empty() {
            write_blobs(writer.text("statusTokens"), &self.status_tokens);
        }
        writer.into_bytes()
    }

    pub(super) fn read(
        reader: &mut Reader<'_>,
        limits: &TrustBundleLimits,
    ) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut version, mut publisher, mut sequence) = (None, None, None);
        let (mut issued, mut next_update, mut not_after) = (None, None, None);
        let (mut anchors, mut crls, mut status_tokens) = (None, None, None);
        let mut entries = reader.map("TrustBundle")?;
        while reader.has_entry(&mut entries) {
            let at = reader.clone();
            match reader.text("TrustBundle member")? {
                "version" => version = Some(reader.text("version")?),
                "publisher" => publisher = Some(read_name(reader, "publisher")?),
                "sequence" => sequence = Some(reader.unsigned("sequence")?),
                "issued" => issued = Some(read_time(reader, "issued")?),
                "nextUpdate" => next_update = Some(read_time(reader, "nextUpdate")?),
                "notAfter" => not_after = Some(read_time(reader, "notAfter")?),
                "anchors" => {
                    let max = limits.max_anchors;
                    anchors = Some(read_list(reader, "anchors", max, BundledAnchor::read)?);
                }
                "crls" => {
                    crls = Some(read_list(reader, "crls", limits.max_crls, |reader| {
                        reader.bytes("crls").map(<[u8]>::to_vec)
                    })?);
                }
                "statusTokens" => {
                    let max = limits.max_status_tokens;
                    status_tokens = Some(read_list(reader, "statusTokens", max, |reader| {
                        reader.bytes("statusTokens").map(<[u8]>::to_vec)
                    })?);
                }
                _ => return Err(unknown(&at, "TrustBundle member")),
            }
        }
        if version.ok_or(missing("version"))? != VERSION {
            let rule = "not 1.0, the only version known here";
            return Err(start.error(DecodeErrorKind::OutOfRange {
                member: "version",
                rule,
            }));
        }
        let content = Self {
            publisher: publisher.ok_or(missing("publisher"))?,
            sequence: sequence.ok_or(missing("sequence"))?,
            issued: issued.ok_or(missing("issued"))?,
            next_update: next_update.ok_or(missing("nextUpdate"))?,
            not_after: not_after.ok_or(missing("notAfter"))?,
            anchors: anchors.ok_or(missing("anchors"))?,
            crls: crls.unwrap_or_default(),
            status_tokens: status_tokens.unwrap_or_default(),
        };
        if content.check(limits) == Err(UnusableContent::Times) {
            let rule = "not after issued, or after notAfter";
            return Err(start.error(DecodeErrorKind::OutOfRange {
                member: "nextUpdate",
                rule,
            }));
        }
        Ok(content)
    }
}

impl BundledAnchor {
    fn check(&self) -> Result<(), UnusableContent> {
        let names = [
            ("country", &self.country),
            ("state", &self.state),
            ("origin", &self.origin),
        ];
        for (member, name) in names {
            name.as_deref()
                .map_or(Ok(()), |name| is_name(member, name))?;
        }
        let Some(doc_types) = &self.doc_types else {
            return Ok(());
        };
        if doc_types.is_empty() || doc_types.len() > MAX_DOC_TYPES {
            return Err(UnusableContent::DocTypes);
        }
        doc_types
            .iter()
            .try_for_each(|doc_type| is_name("docTypes", doc_type))
    }

    fn write(&self, writer: &mut Writer) {
        let optional = [&self.country, &self.state, &self.origin];
        let optional = optional.iter().filter(|name| name.is_some()).count()
            + usize::from(self.doc_types.is_some());
        writer.map(1 + optional);
        let write_name = |writer: &mut Writer, member, name: &Option<String>| {
            if let Some(name) = name {
                writer.text(member).text(name);
            }
        };
        write_name(writer, "state", &self.state);
        write_name(writer, "origin", &self.origin);
        write_name(writer, "country", &self.country);
        if let Some(doc_types) = &self.doc_types {
            writer.text("docTypes").array(doc_types.len());
            for doc_type in doc_types {
                writer.text(doc_type);
            }
        }
        writer.text("certificate").bytes(&self.certificate);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let mut anchor = Self::default();
        let mut certificate = None;
        let mut entries = reader.map("Anchor")?;
        while reader.has_entry(&mut entries) {
            let at = reader.clone();
            match reader.text("Anchor member")? {
                "certificate" => certificate = Some(reader.bytes("certificate")?.to_vec()),
                "docTypes" => {
                    anchor.doc_types =
                        Some(read_list(reader, "docTypes", MAX_DOC_TYPES, |reader| {
                            read_name(reader, "docTypes")
                        })?);
                }
                "country" => anchor.country = Some(read_name(reader, "country")?),
                "state" => anchor.state = Some(read_name(reader, "state")?),
                "origin" => anchor.origin = Some(read_name(reader, "origin")?),
                _ => return Err(unknown(&at, "Anchor member")),
            }
        }
        anchor.certificate = certificate.ok_or_else(|| {
            start.error(DecodeErrorKind::Missing {
                member: "certificate",
            })
        })?;
        Ok(anchor)
    }
}

fn is_name(member: &'static str, name: &str) -> Result<(), UnusableContent> {
    match name.len() {
        1..=MAX_NAME => Ok(()),
        _ => Err(UnusableContent::Name(member)),
    }
}

fn write_blobs(writer: &mut Writer, blobs: &[Vec<u8>]) {
    writer.array(blobs.len());
    for blob in blobs {
        writer.bytes(blob);
    }
}

fn read_name(reader: &mut Reader<'_>, member: &'static str) -> Result<String, DecodeError> {
    let at = reader.clone();
    let name = reader.text(member)?;
    is_name(member, name).map_err(|_| {
        let rule = "empty, or longer than 256 bytes";
        at.error(DecodeErrorKind::OutOfRange { member, rule })
    })?;
    Ok(name.to_owned())
}

fn read_time(reader: &mut Reader<'_>, member: &'static str) -> Result<OffsetDateTime, DecodeError> {
    let at = reader.clone();
    let time = TDate::decode(reader, member)?;
    if !time.is_standard_form {
        let rule = "not written as UTC in whole seconds";
        return Err(at.error(DecodeErrorKind::OutOfRange { member, rule }));
    }
    Ok(time.time)
}

/// A list of at least one and at most `limit` elements.
fn read_list<'a, T>(
    reader: &mut Reader<'a>,
    member: &'static str,
    limit: usize,
    mut read: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let at = reader.clone();
    let mut list = Vec::new();
    let mut elements = reader.array(member)?;
    while reader.has_entry(&mut elements) {
        if list.len() == limit {
            return Err(reader.error(DecodeErrorKind::TooMany {
                what: member,
                limit,
            }));
        }
        list.push(read(reader)?);
    }
    if list.is_empty() {
        let rule = "an empty list, where the member should be absent or have elements";
        return Err(at.error(DecodeErrorKind::OutOfRange { member, rule }));
    }
    Ok(list)
}

fn unknown(at: &Reader<'_>, member: &'static str) -> DecodeError {
    let rule = "not a member that is known here";
    at.error(DecodeErrorKind::OutOfRange { member, rule })
}
