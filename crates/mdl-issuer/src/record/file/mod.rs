//! Record files: the data elements of one holder as JSON that people can write.
//!
//! ```json
//! { "doc_type": "org.iso.18013.5.1.mDL",
//!   "name_spaces": {
//!     "org.iso.18013.5.1": {
//!       "family_name": "Doe", "birth_date": "1990-01-02", "sex": 2, "age_over_18": true,
//!       "portrait": { "file": "portrait.jpg" },
//!       "driving_privileges": [ { "vehicle_category_code": "B", "issue_date": "2017-02-23" } ] },
//!     "org.example.domestic": { "member_since": { "full_date": "2020-05-01" } } } }
//! ```
//!
//! A value becomes the CBOR type that the schema gives its element: text, number, boolean, tag 1004 or tag 0 for
//! dates, byte strings from `{"file": …}` (a path below the record's own folder), `{"base64": …}` or
//! `{"hex": …}`. Where no schema speaks, JSON keeps its own type, and an object with one of these members, or
//! with `{"full_date": …}` or `{"tdate": …}`, says what it is. `tdate` or `full-date`, where the standard takes
//! both, follows from the text. The order of the file is the order of the elements.
//!
//! Nothing is filled in or repaired. A key that occurs twice is an error, unlike in most JSON readers: the last one
//! would silently win. Whether the values are *right* is for the
//! [`ElementGate`](mdl_mdoc::data_elements::ElementGate) to say.

mod attachment;
mod json;
mod value;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::data_elements::Schema;

use attachment::Attachments;

/// The largest record file, in bytes: portraits in base64 included.
pub const MAX_RECORD_BYTES: usize = 8 << 20;
/// The largest file that a record may name, in bytes.
pub const MAX_ATTACHMENT_BYTES: usize = 4 << 20;

/// The most members of one object of the frame: name spaces of a record, elements of a name space.
pub const MAX_MEMBERS: usize = 1_000;

/// A holder's data elements out of a record file.
///
/// `Debug` shows names only.
#[derive(Clone)]
pub struct Record {
    doc_type: String,
    elements: ElementSet,
}

impl Record {
    /// Reads a record file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn read(path: &Path, schema: &Schema) -> Result<Self, RecordError> {
        let bytes =
            read_at_most(path, MAX_RECORD_BYTES).map_err(|source| RecordError::Unreadable {
                path: path.to_owned(),
                source,
            })?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        Self::parse(&bytes, schema, folder.unwrap_or(Path::new(".")))
    }

    /// Reads a record from memory. Paths in it are relative to `folder` and stay below it.
    ///
    /// # Errors
    /// [`RecordError::Content`] for anything that is not a record.
    pub fn parse(json: &[u8], schema: &Schema, folder: &Path) -> Result<Self, RecordError> {
        Self::parse_with(json, schema, &Attachments::Below(folder.to_owned()))
    }

    /// Reads a record that must not name files: one that came over a network or out of a database.
    ///
    /// # Errors
    /// [`RecordError::Content`] for anything that is not a record.
    pub fn parse_without_files(json: &[u8], schema: &Schema) -> Result<Self, RecordError> {
        Self::parse_with(json, schema, &Attachments::Forbidden)
    }

    fn parse_with(
        json: &[u8],
        schema: &Schema,
        attachments: &Attachments,
    ) -> Result<Self, RecordError> {
        json::parse(json, schema, attachments)
            .map(|(doc_type, elements)| Self { doc_type, elements })
            .map_err(RecordError::from_json)
    }

    /// The document type.
    pub fn doc_type(&self) -> &str {
        &self.doc_type
    }

    /// The elements, encoded, in the order of the file.
    pub fn elements(&self) -> &ElementSet {
        &self.elements
    }

    /// The elements, for keeps.
    pub fn into_elements(self) -> ElementSet {
        self.elements
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self
            .elements
            .iter()
            .map(|(name_space, name, _)| (name_space, name))
            .collect();
        f.debug_struct("Record")
            .field("doc_type", &self.doc_type)
            .field("elements", &names)
            .finish()
    }
}

/// Why there is no record. Holds no value of an element.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file cannot be read, or is larger than [`MAX_RECORD_BYTES`].
    #[error("{}: cannot read the record", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The content is not a record.
    #[error("{}{problem}", Position(*line, *column))]
    Content {
        /// Where reading stopped: just after what is wrong. From 1; 0 when the record as a whole lacks something.
        line: usize,
        /// From 1; 0 at the end of a line.
        column: usize,
        /// Element, what was expected and what is there.
        problem: String,
    },
}

impl RecordError {
    fn from_json(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let position = format!(" at line {line} column {column}");
        let problem = text.strip_suffix(&position).unwrap_or(&text).to_owned();
        Self::Content {
            line,
            column,
            problem,
        }
    }
}

struct Position(usize, usize);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(0, _) => Ok(()),
            Self(line, column) => write!(f, "line {line}, column {column}: "),
        }
    }
}

/// Reads a regular file of at most `limit` bytes: a pipe or a device could keep a reader for ever.
pub(super) fn read_at_most(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        let too_large = format!("larger than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, too_large));
    }
    Ok(bytes)
}
