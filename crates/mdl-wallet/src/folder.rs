//! Keys and documents on disk: one folder for each batch, private to its owner.
//!
//! ```text
//! DIR/
//!   20260615T120000Z-5f1c09ab/   a batch, complete or not there at all
//!     batch.json                 where it came from, and how often each document was presented
//!     00.key.pem, 00.cbor        device key (PKCS#8) and IssuerSigned of the first document, and so on
//! ```
//!
//! Folders whose name begins with a dot are collections that were [begun](crate::unfinished) and not finished.
//!
//! A document that is presented twice lets two readers find out that they met the same holder; that is what batches are
//! for, so the wallet presents the least used one.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use mdl_crypto::PrivateKey;
use mdl_crypto::jose::{JsonLimits, JsonObjectError, parse_json_object};
use mdl_signer::key_file::{self, KeyFileError, Passphrase};
use rand_core::CryptoRng;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::collection::Batch;
use crate::document::Trust;
use crate::json_member::{MemberError, text};

const BATCH_FILE: &str = "batch.json";
const MAX_DOCUMENT_BYTES: u64 = 4 << 20;
const JSON_LIMITS: JsonLimits = JsonLimits {
    max_bytes: 1 << 20,
    max_depth: 8,
};

/// A wallet's folder. It need not exist before the first batch is kept.
#[derive(Clone, Debug)]
pub struct WalletFolder(PathBuf);

/// A batch in the folder.
#[derive(Clone, Debug)]
pub struct StoredBatch {
    /// Name of its folder.
    pub name: String,
    /// The Credential Issuer Identifier.
    pub credential_issuer: String,
    /// The configuration.
    pub configuration_id: String,
    /// `docType` of the documents.
    pub doc_type: String,
    /// When it was collected.
    pub collected: OffsetDateTime,
    /// When the first document ends.
    pub valid_until: OffsetDateTime,
    /// When to ask for a new batch.
    pub expected_update: Option<OffsetDateTime>,
    /// Whether IACA certificates vouched for every document.
    pub anchored: bool,
    /// How often each document was presented.
    pub presented: Vec<u64>,
}

/// A document with its key, taken out to be presented. `Debug` prints no element of it.
pub struct StoredDocument {
    /// Name of the batch.
    pub batch: String,
    /// Position in the batch, from 0.
    pub index: usize,
    /// How often it was presented before.
    pub presented_before: u64,
    /// The device key.
    pub key: PrivateKey,
    /// CBOR of the `IssuerSigned`.
    pub issuer_signed: Vec<u8>,
}

impl fmt::Debug for StoredDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredDocument")
            .field("batch", &self.batch)
            .field("index", &self.index)
            .field("bytes", &self.issuer_signed.len())
            .finish_non_exhaustive()
    }
}

/// Why a folder gives or takes nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The operating system refused.
    #[error("{} cannot be read or written", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A batch without documents.
    #[error("a batch without documents is not kept")]
    Empty,
    /// A description of a batch that is none.
    #[error("{} does not describe a batch", path.display())]
    Description {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: JsonObjectError,
    },
    /// A member of the description.
    #[error("{} does not describe a batch", path.display())]
    Member {
        /// The file.
        path: PathBuf,
        /// Which one.
        source: MemberError,
    },
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// No such batch, or none at all.
    #[error("no such batch in {}", folder.display())]
    NoBatch {
        /// The wallet's folder.
        folder: PathBuf,
    },
    /// Every document has ended.
    #[error("every document of type {doc_type} has ended")]
    Ended {
        /// The document type.
        doc_type: String,
    },
}

impl WalletFolder {
    /// The folder at `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Keeps a batch, its keys encrypted under `passphrase` if there is one, and returns its name.
    ///
    /// # Errors
    /// [`FolderError::Empty`], [`FolderError::Io`], [`FolderError::Key`]; nothing is left behind then.
    pub fn keep<R: CryptoRng + ?Sized>(
        &self,
        batch: &Batch,
        passphrase: Option<&Passphrase>,
        rng: &mut R,
    ) -> Result<String, FolderError> {
        create_private_folder(&self.0)?;
        let mut random = [0; 8];
        rng.fill_bytes(&mut random);
        let making = Unfinished::in_the_making(&self.0.join(hex::encode(random)));
        create_private_folder(making.path())?;
        for (index, document) in batch.documents.iter().enumerate() {
            let key_path = making.path().join(key_name(index));
            match passphrase {
                Some(passphrase) => key_file::create(&key_path, &document.key, passphrase, rng)?,
                None => key_file::create_unencrypted(&key_path, &document.key, rng)?,
            }
        }
        let name = self.write_batch(making.path(), batch, rng)?;
        let path = self.0.join(&name);
        fs::rename(making.path(), &path).map_err(failed(&path))?;
        Ok(name)
    }

    /// Writes documents and description beside the device keys in `folder`; returns the name that it is to have.
    pub(crate) fn write_batch<R: CryptoRng + ?Sized>(
        &self,
        folder: &Path,
        batch: &Batch,
        rng: &mut R,
    ) -> Result<String, FolderError> {
        let stored = describe(batch, rng)?;
        for (index, document) in batch.documents.iter().enumerate() {
            replace(&folder.join(document_name(index)), &document.issuer_signed)?;
        }
        let description = to_json(&stored).to_string();
        replace(&folder.join(BATCH_FILE), description.as_bytes())?;
        Ok(stored.name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The names of everything in the folder that has one in UTF-8; of nothing if there is no folder.
    pub(crate) fn names(&self) -> Result<Vec<String>, FolderError> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed(&self.0))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed(&self.0))?.file_name();
            names.extend(name.to_str().map(str::to_owned));
        }
        Ok(names)
    }

    /// Every batch, in the order of collection. A folder that does not exist holds none.
    ///
    /// # Errors
    /// [`FolderError::Io`], [`FolderError::Description`], [`FolderError::Member`].
    pub fn batches(&self) -> Result<Vec<StoredBatch>, FolderError> {
        let mut batches = Vec::new();
        for name in self.names()? {
            // What starts with a dot was never finished; other files are somebody else's.
            if !name.starts_with('.') && self.0.join(&name).join(BATCH_FILE).is_file() {
                batches.push(self.batch(&name)?);
            }
        }
        batches.sort_by(|a, b| (a.collected, &a.name).cmp(&(b.collected, &b.name)));
        Ok(batches)
    }

    /// Takes the document of this type to present next: of the newest batch with one that has not ended, or of the
    /// batch named, the one presented least often. The count is written before the document is handed out.
    ///
    /// # Errors
    /// [`FolderError::NoBatch`], [`FolderError::Ended`], and as [`batches`](Self::batches); [`FolderError::Key`].
    pub fn take(
        &self,
        doc_type: &str,
        batch: Option<&str>,
        passphrase: Option<&Passphrase>,
        at: OffsetDateTime,
    ) -> Result<StoredDocument, FolderError> {
        let mut batches = self.batches()?;
        batches.retain(|stored| {
            stored.doc_type == doc_type && batch.is_none_or(|name| stored.name == name)
        });
        if batches.is_empty() {
            return Err(FolderError::NoBatch {
                folder: self.0.clone(),
            });
        }
        let ended = || FolderError::Ended {
            doc_type: doc_type.to_owned(),
        };
        let mut stored = batches
            .into_iter()
            .rfind(|stored| stored.valid_until >= at)
            .ok_or_else(ended)?;
        let least = stored.presented.iter_mut().enumerate();
        let (index, count) = least.min_by_key(|(_, count)| **count).ok_or_else(ended)?;
        let presented_before = *count;
        *count += 1;
        let folder = self.0.join(&stored.name);
        let key = key_file::load(&folder.join(key_name(index)), passphrase)?;
        let issuer_signed = read(&folder.join(document_name(index)), MAX_DOCUMENT_BYTES)?;
        replace(
            &folder.join(BATCH_FILE),
            to_json(&stored).to_string().as_bytes(),
        )?;
        Ok(StoredDocument {
            batch: stored.name,
            index,
            presented_before,
            key,
            issuer_signed,
        })
    }

    /// Path of a document of a batch.
    #[must_use]
    pub fn document_path(&self, batch: &str, index: usize) -> PathBuf {
        self.0.join(batch).join(document_name(index))
    }

    fn batch(&self, name: &str) -> Result<StoredBatch, FolderError> {
        let path = self.0.join(name).join(BATCH_FILE);
        let description = read_object(&path)?;
        from_json(name, &description).map_err(|source| FolderError::Member { path, source })
    }
}

/// Reads a description: a JSON object.
pub(crate) fn read_object(path: &Path) -> Result<Map<String, Value>, FolderError> {
    let content = read(path, JSON_LIMITS.max_bytes as u64)?;
    parse_json_object(&content, &JSON_LIMITS).map_err(|source| FolderError::Description {
        path: path.to_owned(),
        source,
    })
}

fn describe<R: CryptoRng + ?Sized>(batch: &Batch, rng: &mut R) -> Result<StoredBatch, FolderError> {
    let facts = || batch.documents.iter().map(|document| &document.facts);
    let first = facts().next().ok_or(FolderError::Empty)?;
    let at = batch.collected.to_offset(time::UtcOffset::UTC);
    let stamp = at.format(format_description!(
        "[year][month][day]T[hour][minute][second]Z"
    ));
    let mut random = [0; 4];
    rng.fill_bytes(&mut random);
    Ok(StoredBatch {
        name: format!("{}-{}", stamp.unwrap_or_default(), hex::encode(random)),
        credential_issuer: batch.credential_issuer.clone(),
        configuration_id: batch.configuration_id.clone(),
        doc_type: first.doc_type.clone(),
        collected: at,
        valid_until: facts()
            .map(|facts| facts.valid_until)
            .fold(first.valid_until, Ord::min),
        expected_update: facts().filter_map(|facts| facts.expected_update).min(),
        anchored: facts().all(|facts| facts.trust == Trust::Anchored),
        presented: vec![0; batch.documents.len()],
    })
}

fn to_json(batch: &StoredBatch) -> Value {
    json!({
        "credential_issuer": batch.credential_issuer,
        "configuration_id": batch.configuration_id,
        "doc_type": batch.doc_type,
        "collected": rfc3339(batch.collected),
        "valid_until": rfc3339(batch.valid_until),
        "expected_update": batch.expected_update.map(rfc3339),
        "anchored": batch.anchored,
        "presented": batch.presented,
    })
}

fn from_json(name: &str, batch: &Map<String, Value>) -> Result<StoredBatch, MemberError> {
    let time = |name| {
        OffsetDateTime::parse(text(batch, name)?, &Rfc3339).map_err(|_| MemberError::Unusable(name))
    };
    let counts = batch.get("presented").and_then(Value::as_array);
    let counts = counts.and_then(|counts| counts.iter().map(Value::as_u64).collect());
    let has_update = batch
        .get("expected_update")
        .is_some_and(|date| !date.is_null());
    Ok(StoredBatch {
        name: name.to_owned(),
        credential_issuer: text(batch, "credential_issuer")?.to_owned(),
        configuration_id: text(batch, "configuration_id")?.to_owned(),
        doc_type: text(batch, "doc_type")?.to_owned(),
        collected: time("collected")?,
        valid_until: time("valid_until")?,
        expected_update: has_update.then(|| time("expected_update")).transpose()?,
        anchored: batch.get("anchored") == Some(&Value::Bool(true)),
        presented: counts.ok_or(MemberError::Unusable("presented"))?,
    })
}

fn rfc3339(time: OffsetDateTime) -> String {
    // Formatting fails for years beyond 9999 only, which no tdate names.
    time.format(&Rfc3339).unwrap_or_default()
}

pub(crate) fn key_name(index: usize) -> String {
    format!("{index:02}.key.pem")
}

fn document_name(index: usize) -> String {
    format!("{index:02}.cbor")
}

/// A folder that goes away unless it got its final name.
pub(crate) struct Unfinished(PathBuf);

impl Unfinished {
    /// For a folder that will be at `path`. What an earlier attempt left there goes.
    pub(crate) fn in_the_making(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let making = Self(path.with_file_name(format!(".making{name}")));
        let _ = fs::remove_dir_all(&making.0);
        making
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn failed(path: &Path) -> impl Fn(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Io {
        path: path.clone(),
        source,
    }
}

pub(crate) fn create_private_folder(path: &Path) -> Result<(), FolderError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed(path))
}

pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), FolderError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed(path))?;
    file.write_all(content).map_err(failed(path))?;
    file.sync_all().map_err(failed(path))
}

/// Writes a file in place of an older version of itself, complete or not at all.
fn replace(path: &Path, content: &[u8]) -> Result<(), FolderError> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed(&beside)(error));
        }
        _ => write_private(&beside, content)?,
    }
    fs::rename(&beside, path).map_err(failed(path))
}

pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FolderError> {
    let mut content = Vec::new();
    let file = File::open(path).map_err(failed(path))?;
    let read = file.take(limit + 1).read_to_end(&mut content);
    if read.map_err(failed(path))? as u64 > limit {
        return Err(failed(path)(io::Error::other("larger than it can be")));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use mdl_crypto::Curve;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    use time::macros::datetime;

    use super::*;
    use crate::collection::Document;
    use crate::document::DocumentFacts;

    const DOC_TYPE: &str = "org.iso.18013.5.1.mDL";
    const NOW: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);

    fn rng(seed: u8) -> ChaCha20Rng {
        ChaCha20Rng::from_seed([seed; 32])
    }

    fn batch(size: usize, collected: OffsetDateTime) -> Batch {
        let document = |index: usize| Document {
            key: PrivateKey::generate(Curve::P256, &mut rng(index as u8)),
            issuer_signed: vec![index as u8],
            facts: DocumentFacts {
                doc_type: DOC_TYPE.into(),
                valid_until: collected + time::Duration::days(14),
                expected_update: None,
                trust: Trust::Anchored,
            },
        };
        Batch {
            credential_issuer: "https://dmv.example".into(),
            configuration_id: "mdl".into(),
            collected,
            documents: (0..size).map(document).collect(),
            repeated: 0,
            notification_id: None,
        }
    }

    fn folder() -> (tempfile::TempDir, WalletFolder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = WalletFolder::new(parent.path().join("wallet"));
        (parent, folder)
    }

    #[test]
    fn a_batch_comes_back_as_it_was_kept() {
        let (_parent, folder) = folder();
        assert!(folder.batches().unwrap().is_empty());
        let name = folder.keep(&batch(3, NOW), None, &mut rng(9)).unwrap();
        assert!(name.starts_with("20260615T120000Z-"));
        let batches = folder.batches().unwrap();
        assert_eq!(batches.len(), 1);
        let stored = &batches[0];
        assert_eq!(
            (stored.name.as_str(), stored.collected),
            (name.as_str(), NOW)
        );
        assert_eq!(stored.presented, [0, 0, 0]);
        assert!(stored.anchored && stored.expected_update.is_none());
    }

    #[test]
    fn each_document_is_presented_before_one_is_presented_again() {
        let (_parent, folder) = folder();
        folder.keep(&batch(2, NOW), None, &mut rng(9)).unwrap();
        let take = || {
            let taken = folder.take(DOC_TYPE, None, None, NOW).unwrap();
            assert_eq!(taken.issuer_signed, [taken.index as u8]);
            let key = PrivateKey::generate(Curve::P256, &mut rng(taken.index as u8));
            assert_eq!(taken.key.public_key(), key.public_key());
            (taken.index, taken.presented_before)
        };
        assert_eq!([take(), take(), take()], [(0, 0), (1, 0), (0, 1)]);
    }

    #[test]
    fn the_newest_batch_that_has_not_ended_is_used() {
        let (_parent, folder) = folder();
        let (week, month) = (time::Duration::weeks(1), time::Duration::days(30));
        let old = folder
            .keep(&batch(1, NOW - week), None, &mut rng(1))
            .unwrap();
        let new = folder.keep(&batch(1, NOW), None, &mut rng(2)).unwrap();
        let take = |batch, at| folder.take(DOC_TYPE, batch, None, at);
        assert_eq!(take(None, NOW).unwrap().batch, new);
        assert_eq!(take(Some(old.as_str()), NOW).unwrap().batch, old);
        assert!(matches!(
            take(None, NOW + month),
            Err(FolderError::Ended { .. })
        ));
        assert!(matches!(
            take(Some("x"), NOW),
            Err(FolderError::NoBatch { .. })
        ));
        let other = folder.take("org.example.other", None, None, NOW);
        assert!(matches!(other, Err(FolderError::NoBatch { .. })));
    }

    #[test]
    fn keys_under_a_passphrase_need_it() {
        let (_parent, folder) = folder();
        let passphrase = Passphrase::new("correct horse".to_owned()).unwrap();
        folder
            .keep(&batch(1, NOW), Some(&passphrase), &mut rng(9))
            .unwrap();
        let without = folder.take(DOC_TYPE, None, None, NOW);
        assert!(matches!(without, Err(FolderError::Key(_))));
        // A document that could not be taken was not presented.
        let taken = folder.take(DOC_TYPE, None, Some(&passphrase), NOW).unwrap();
        assert_eq!(taken.presented_before, 0);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_keys_or_documents() {
        use std::os::unix::fs::PermissionsExt;

        let (_parent, folder) = folder();
        let name = folder.keep(&batch(1, NOW), None, &mut rng(9)).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let batch = folder.0.join(name);
        assert_eq!((mode(&folder.0), mode(&batch)), (0o700, 0o700));
        for file in fs::read_dir(&batch).unwrap() {
            assert_eq!(mode(&file.unwrap().path()), 0o600);
        }
    }
}
