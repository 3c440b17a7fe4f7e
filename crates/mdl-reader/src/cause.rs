use mdl_crypto::VerifyError;
use mdl_iaca::path::Reason;
use mdl_mdoc::cbor::DecodeError;
use mdl_mdoc::cose::CoseKeyError;
use mdl_mdoc::status_list::StatusType;
use mdl_mdoc::tdate::format_tdate;
use time::OffsetDateTime;

use crate::StatusProblem;

/// Why a check did not simply pass.
///
/// Names structures, elements and times; never the value of a data element.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The bytes are not what they should be.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// An encoding deviation.
    #[error("{id}, {count} times, first at byte {offset}")]
    Encoding {
        /// Id of the deviation.
        id: &'static str,
        /// Where it was seen first.
        offset: usize,
        /// How often it was seen.
        count: usize,
    },
    /// A finding of path validation.
    #[error("{}", Chain(.0))]
    Path(Reason),
    /// A rule of a certificate profile.
    #[error("{rule}: {found}")]
    Profile {
        /// Id of the rule.
        rule: &'static str,
        /// What was found.
        found: String,
    },
    /// A version with another major number.
    #[error("major version is not 1")]
    Version,
    /// The wallet reports an error.
    #[error("the device reports status {0}")]
    Status(u64),
    /// No document where one is needed.
    #[error("no document")]
    NoDocument,
    /// The document is of another type than asked for.
    #[error("another document type than requested")]
    OtherDocType,
    /// Document types of document and MSO differ.
    #[error("the MSO is of another document type")]
    MsoDocType,
    /// A label in both headers.
    #[error("header label {0} is both protected and unprotected")]
    LabelTwice(i64),
    /// A label that is text, in both headers.
    #[error("a header label that is text is both protected and unprotected")]
    TextLabelTwice,
    /// A `crit` that is not understood, or where it does not belong.
    #[error("crit names header parameters that are not understood")]
    Critical,
    /// No `alg`.
    #[error("no algorithm")]
    NoAlgorithm,
    /// `alg` in the unprotected header only.
    #[error("the algorithm is not protected")]
    UnprotectedAlgorithm,
    /// Another `alg` than those of the standard.
    #[error("an algorithm that the standard does not have")]
    Algorithm,
    /// The payload is detached where it must be attached.
    #[error("the payload is detached")]
    PayloadDetached,
    /// The payload is attached where it must be detached.
    #[error("the payload is attached")]
    PayloadAttached,
    /// The form of `x5chain`.
    #[error("{0}")]
    X5chainForm(&'static str),
    /// The signature or MAC is wrong.
    #[error("{0}")]
    Signature(#[from] VerifyError),
    /// The MAC is wrong.
    #[error("the MAC is not that of this session")]
    Mac,
    /// A digest algorithm that the standard does not have.
    #[error("unknown digest algorithm")]
    DigestAlgorithm,
    /// The device key is unusable.
    #[error("{0}")]
    DeviceKey(#[from] CoseKeyError),
    /// The MSO has no digests for a name space.
    #[error("the MSO has no name space {}", Shown(name_space))]
    NameSpaceUnknown {
        /// The name space.
        name_space: String,
    },
    /// The MSO has no such digest.
    #[error(
        "{}: the MSO has no digest {digest_id} for {}",
        Shown(name_space),
        Shown(element_identifier)
    )]
    DigestUnknown {
        /// The name space.
        name_space: String,
        /// The element.
        element_identifier: String,
        /// Its digestID.
        digest_id: u64,
    },
    /// A finding about one element.
    #[error("{}: {}: {finding}", Shown(name_space), Shown(element_identifier))]
    Element {
        /// The name space.
        name_space: String,
        /// The element.
        element_identifier: String,
        /// What was found.
        finding: String,
    },
    /// A time before the one it must not precede.
    #[error("{what}: {} is before {}", format_tdate(*time), format_tdate(*limit))]
    Before {
        /// The time that is wrong.
        what: &'static str,
        /// Its value.
        time: OffsetDateTime,
        /// What it must not precede.
        limit: OffsetDateTime,
    },
    /// A time after the one it must not exceed.
    #[error("{what}: {} is after {}", format_tdate(*time), format_tdate(*limit))]
    After {
        /// The time that is wrong.
        what: &'static str,
        /// Its value.
        time: OffsetDateTime,
        /// What it must not exceed.
        limit: OffsetDateTime,
    },
    /// A time in another form than the standard's.
    #[error("{0} is not written as UTC in whole seconds")]
    TDateForm(&'static str),
    /// A MAC without the reader's key.
    #[error("the device sent a MAC, and the reader's ephemeral key was not given")]
    ReaderKeyMissing,
    /// The reader's key does not fit the device key.
    #[error("the reader's ephemeral key is not on the curve of the device key")]
    ReaderKeyCurve,
    /// A status list and an identifier list at once.
    #[error("the MSO names a status list and an identifier list")]
    TwoStatusMechanisms,
    /// The list answers something else than *valid*.
    #[error("{}", status_name(*.0))]
    StatusEntry(StatusType),
    /// The list does not have the entry that the MSO names.
    #[error("the status list has no entry {0}")]
    StatusIndex(u64),
    /// A list with entries of another width than the standard's.
    #[error("status entries of {0} bits")]
    StatusBits(u8),
    /// The list gives no answer.
    #[error("{}", Chain(.0))]
    StatusList(StatusProblem),
    /// A check needs something that another check found missing.
    #[error("not possible: {0}")]
    Needs(&'static str),
    /// The caller asked for less.
    #[error("{0}")]
    NotAsked(&'static str),
}

impl Cause {
    /// A stable name without the particulars: nothing in it comes from the input.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Decode(_) => "decode",
            Self::Encoding { .. } => "encoding",
            Self::Path(_) => "path",
            Self::Profile { .. } => "profile",
            Self::Version => "version",
            Self::Status(_) => "status",
            Self::NoDocument => "no-document",
            Self::OtherDocType => "other-doc-type",
            Self::MsoDocType => "mso-doc-type",
            Self::LabelTwice(_) => "label-twice",
            Self::TextLabelTwice => "text-label-twice",
            Self::Critical => "critical",
            Self::NoAlgorithm => "no-algorithm",
            Self::UnprotectedAlgorithm => "unprotected-algorithm",
            Self::Algorithm => "algorithm",
            Self::PayloadDetached => "payload-detached",
            Self::PayloadAttached => "payload-attached",
            Self::X5chainForm(_) => "x5chain-form",
            Self::Signature(_) => "signature",
            Self::Mac => "mac",
            Self::DigestAlgorithm => "digest-algorithm",
            Self::DeviceKey(_) => "device-key",
            Self::NameSpaceUnknown { .. } => "name-space-unknown",
            Self::DigestUnknown { .. } => "digest-unknown",
            Self::Element { .. } => "element",
            Self::Before { .. } => "before",
            Self::After { .. } => "after",
            Self::TDateForm(_) => "tdate-form",
            Self::ReaderKeyMissing => "reader-key-missing",
            Self::ReaderKeyCurve => "reader-key-curve",
            Self::TwoStatusMechanisms => "two-status-mechanisms",
            Self::StatusEntry(_) => "status-entry",
            Self::StatusIndex(_) => "status-index",
            Self::StatusBits(_) => "status-bits",
            Self::StatusList(_) => "status-list",
            Self::Needs(_) => "needs",
            Self::NotAsked(_) => "not-asked",
        }
    }
}

fn status_name(status: StatusType) -> String {
    match status {
        StatusType::Valid => "valid".to_owned(),
        StatusType::Invalid => "revoked".to_owned(),
        StatusType::Suspended => "suspended".to_owned(),
        StatusType::Other(value) => format!("status {value}, whose meaning is not known"),
    }
}

/// A name out of the input, safe to print: escaped and cut.
struct Shown<'t>(&'t str);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const LIMIT: usize = 100;
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(LIMIT) {
            write!(f, "{}", character.escape_debug())?;
        }
        match characters.next() {
            Some(_) => f.write_str("…"),
            None => Ok(()),
        }
    }
}

/// An error followed by what caused it.
struct Chain<'e, E>(&'e E);

impl<E: std::error::Error> std::fmt::Display for Chain<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = std::error::Error::source(self.0);
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
