//! Where data elements come from.
//!
//! The service holds no register of its own: it asks the authority's source of record for one person at the moment of
//! issuing, and keeps nothing of the answer.
//!
//! | Source | holds |
//! |---|---|
//! | [`FolderSource`](folder::FolderSource) | one JSON file per person, for demonstrations |
//! | [`CsvSource`](table::CsvSource) | one line per person, for demonstrations |
//! | [`SamplePeople`](sample::SamplePeople) | people that do not exist, made when asked for |
//! | [`SqlSource`](sql::SqlSource) | a view in PostgreSQL |
//! | [`HttpSource`](http::HttpSource) | a service of the authority |
//!
//! All of them speak the form of [`mod@file`], and all of them are held against the element gate by whoever issues;
//! [`refusal`] says to the operator what the gate said.

mod error;
pub mod file;
pub mod folder;
pub mod http;
pub mod refusal;
pub mod sample;
pub mod sql;
pub mod table;

use std::fmt;

use async_trait::async_trait;
use mdl_mdoc::builder::ElementSet;
use zeroize::Zeroizing;

pub use error::{RecordSourceError, SourceUnavailable, UnusableRecord};

/// What a person is called in the authority's source of record: opaque to the service, and personal data.
///
/// `Debug` does not show it.
#[derive(Clone, Eq, PartialEq)]
pub struct SubjectReference(Zeroizing<String>);

impl SubjectReference {
    /// The longest reference, in bytes.
    pub const MAX_BYTES: usize = 256;

    /// `None` for an empty reference, one over [`MAX_BYTES`](Self::MAX_BYTES) or one with control characters.
    #[must_use]
    pub fn new(reference: &str) -> Option<Self> {
        let acceptable = !reference.is_empty()
            && reference.len() <= Self::MAX_BYTES
            && !reference.chars().any(char::is_control);
        acceptable.then(|| Self(Zeroizing::new(reference.to_owned())))
    }

    /// The reference, for the source of record and nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SubjectReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectReference(..)")
    }
}

/// A source of record.
#[async_trait]
pub trait RecordSource: fmt::Debug + Send + Sync {
    /// The data elements of one person for one document type, as the source has them now.
    async fn fetch(
        &self,
        subject: &SubjectReference,
        doc_type: &str,
    ) -> Result<ElementSet, RecordSourceError>;

    /// Whether the source answers.
    async fn check(&self) -> Result<(), RecordSourceError>;
}
