//! A folder of record files: `SUBJECT.json`, with the files that it names, such as the portrait, beside or below it.
//!
//! For demonstrations and tests, and for systems that write such a folder anyway. Files are read anew each time, so an
//! edited record counts from the next request on.
//!
//! Subject references come from outside, so a reference is only ever compared with what may be a file name here:
//! ASCII letters, digits, `-`, `_` and, not in front, full stops. What the name then leads to must be that very file
//! in this very folder: not a link, and not a file that a file system which ignores case takes for the same.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::data_elements::Schema;

use super::error::{malformed, unreachable};
use super::file::{MAX_RECORD_BYTES, Record, RecordError};
use super::{RecordSource, RecordSourceError, SubjectReference, UnusableRecord};

/// The longest subject reference that is a file name, in characters.
const LONGEST_NAME: usize = 128;

/// Record files in a folder.
#[derive(Clone, Debug)]
pub struct FolderSource {
    folder: PathBuf,
    schema: Schema,
}

impl FolderSource {
    /// The files of `folder`, read by `schema`. The folder need not exist before the first record is asked for.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, schema: Schema) -> Self {
        Self {
            folder: folder.into(),
            schema,
        }
    }

    fn read(&self, reference: &str, doc_type: &str) -> Result<ElementSet, RecordSourceError> {
        if !is_file_name(reference) {
            return Err(RecordSourceError::NotFound);
        }
        let folder = self.folder.canonicalize().map_err(unreachable)?;
        let file = folder.join(format!("{reference}.json"));
        match file.canonicalize() {
            Ok(found) if found == file => {}
            Ok(_) => return Err(RecordSourceError::NotFound),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(RecordSourceError::NotFound);
            }
            Err(error) => return Err(unreachable(error)),
        }
        let record = Record::read(&file, &self.schema).map_err(|error| match error {
            RecordError::Unreadable { source, .. }
                if source.kind() == std::io::ErrorKind::FileTooLarge =>
            {
                let limit = MAX_RECORD_BYTES;
                UnusableRecord::TooLarge { limit }.into()
            }
            // Its text has the path in it, and the path has the reference.
            RecordError::Unreadable { source, .. } => unreachable(source),
            content @ RecordError::Content { .. } => malformed(content.to_string()),
        })?;
        if record.doc_type() != doc_type {
            return Err(RecordSourceError::NotFound);
        }
        Ok(record.into_elements())
    }
}

fn is_file_name(reference: &str) -> bool {
    reference.len() <= LONGEST_NAME
        && !reference.is_empty()
        && !reference.starts_with('.')
        && reference
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[async_trait]
impl RecordSource for FolderSource {
    async fn fetch(
        &self,
        subject: &SubjectReference,
        doc_type: &str,
    ) -> Result<ElementSet, RecordSourceError> {
        let (source, subject, doc_type) = (self.clone(), subject.clone(), doc_type.to_owned());
        off_the_runtime(move || source.read(subject.expose(), &doc_type)).await
    }

    async fn check(&self) -> Result<(), RecordSourceError> {
        let folder = self.folder.clone();
        off_the_runtime(move || is_readable_folder(&folder)).await
    }
}

fn is_readable_folder(folder: &Path) -> Result<(), RecordSourceError> {
    std::fs::read_dir(folder).map(drop).map_err(unreachable)
}

/// Runs `work`, which waits for disks, where it holds up no other request.
pub(super) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RecordSourceError> + Send + 'static,
) -> Result<T, RecordSourceError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(unreachable(error)))
}
