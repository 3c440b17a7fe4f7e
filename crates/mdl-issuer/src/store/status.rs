//! Status lists: which place belongs to which document, and what is published.

use time::{Duration, OffsetDateTime};

use super::{Hash, IssuanceId, StatusListId};

/// A status in a list (Token Status List, 7).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum StatusValue {
    /// 0x00
    Valid,
    /// 0x01: for good.
    Invalid,
    /// 0x02, or 0x01 in a list of one bit: until it is lifted.
    Suspended,
}

/// The place of one document in a list: how many were given out before it. The index that the document states follows
/// from it by a secret permutation ([`crate::status::IndexOrder`]), which the store need not know.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StatusPosition {
    /// The list.
    pub list: StatusListId,
    /// Entries of the list, as it was created.
    pub size: u32,
    /// Counted from 0, below the capacity of the list.
    pub position: u32,
}

/// How long a list is kept up after the end of its last document: clocks of readers differ.
pub const STATUS_LIST_MARGIN: Duration = Duration::DAY;

/// A list to be created.
#[derive(Clone, Debug)]
pub struct NewStatusList {
    /// Random; the end of its address.
    pub id: StatusListId,
    /// The tenant's name.
    pub tenant: String,
    /// Entries; a multiple of 8.
    pub size: u32,
    /// How many of them documents may have; the positions from there on are decoys.
    pub capacity: u32,
    /// Now.
    pub created_at: OffsetDateTime,
}

/// A list as kept.
#[derive(Clone, Debug)]
pub struct StatusList {
    /// As created.
    pub id: StatusListId,
    /// The tenant's name.
    pub tenant: String,
    /// As created.
    pub size: u32,
    /// As created.
    pub capacity: u32,
    /// Positions given out.
    pub allocated: u32,
    /// Grows with every change of an entry.
    pub version: u64,
    /// The version that the published tokens show; `None` before the first.
    pub published_version: Option<u64>,
    /// When the published tokens were signed.
    pub published_at: Option<OffsetDateTime>,
    /// When the published tokens expire.
    pub expires_at: Option<OffsetDateTime>,
    /// The Credential Issuer Identifier that the published tokens were signed for: the beginning of their `sub`.
    pub published_for: Option<String>,
    /// The latest end of the documents that have a place in it; `None` while none has.
    pub needed_until: Option<OffsetDateTime>,
}

impl StatusList {
    /// Whether a document that has a place in the list may be valid, by whatever clock.
    #[must_use]
    pub fn is_needed(&self, now: OffsetDateTime) -> bool {
        let until = self.needed_until.map(|until| until + STATUS_LIST_MARGIN);
        until.is_some_and(|until| now < until)
    }

    /// Whether the list says nothing any more that anybody may want to know: every place is taken, and every document
    /// is past its end. It is not signed again, and when its last token has expired it is not found.
    #[must_use]
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        self.allocated >= self.capacity && !self.is_needed(now)
    }
}

/// Whose status changes.
#[derive(Clone, Debug)]
pub enum StatusSelector {
    /// One document of a batch: its number counted from 0.
    Document(IssuanceId, u32),
    /// A batch.
    Issuance(IssuanceId),
    /// Everything a person has, by the keyed hash of the subject reference.
    Subject(Hash),
}

/// A change of status. What is invalid stays invalid. What is suspended because the licence is, and because of something
/// else, stays suspended when the licence is reinstated; any other reason to resume it counts for all.
#[derive(Clone, Debug)]
pub struct StatusChange {
    /// The tenant's name.
    pub tenant: String,
    /// Whose.
    pub selector: StatusSelector,
    /// To what.
    pub value: StatusValue,
    /// Why, from the operator's short list of codes; no free text.
    pub reason: String,
    /// Who asked.
    pub actor: String,
    /// Now.
    pub now: OffsetDateTime,
}

/// A change of status as it was made, for one document of a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordedStatusChange {
    /// When.
    pub at: OffsetDateTime,
    /// The number of the document in its batch, counted from 0.
    pub document: u32,
    /// To what.
    pub value: StatusValue,
    /// Why, one of the codes.
    pub reason: String,
    /// Who asked.
    pub actor: String,
}

/// A list as the world sees it.
#[derive(Clone, Debug)]
pub struct PublishedStatusList {
    /// The list.
    pub id: StatusListId,
    /// The tenant's name.
    pub tenant: String,
    /// The version of the entries in it.
    pub version: u64,
    /// The compact JWS.
    pub jwt: String,
    /// The tagged COSE_Sign1.
    pub cwt: Vec<u8>,
    /// `iat`
    pub issued_at: OffsetDateTime,
    /// `exp`
    pub expires_at: OffsetDateTime,
    /// `ttl`, in seconds.
    pub ttl: u32,
}
