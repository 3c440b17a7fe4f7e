//! What a run must remember so that the next one goes on instead of beginning again.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::{CertificateArn, CertificateAuthorityArn, PrivateCaError};

/// The service remembers a token for five minutes; some of them may have passed before the request arrived.
const REMEMBERED: Duration = Duration::minutes(4);
const VERSION: u32 = 1;
const MAX_BYTES: u64 = 16 << 20;

/// The file in which an authority's dealings with Private CA are kept. It holds no secret.
///
/// It is written before and after every call that creates something, complete or not at all, and locked while it is
/// open: two runs at a time would each not know what the other created.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    content: Content,
    is_new: bool,
    _lock: File,
}

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It cannot be read or written.
    #[error("{path}: cannot be read or written")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another run has it open.
    #[error("{path}: another run is at work on it")]
    Locked {
        /// Which file.
        path: String,
    },
    /// It is not a state file, or one of a later version.
    #[error("{path}: not a state file of this version")]
    Malformed {
        /// Which file.
        path: String,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It belongs to another root.
    #[error("{path} belongs to a root that was begun with other parameters")]
    OtherOrder {
        /// Which file.
        path: String,
    },
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Content {
    version: u32,
    region: String,
    endpoint_url: Option<String>,
    /// Digest of the order for the root; none for an authority that was made elsewhere.
    order: Option<String>,
    /// Validity of the root, in seconds since 1970.
    validity: Option<(i64, i64)>,
    /// Idempotency token of the authority, and its tag.
    token: String,
    certificate_authority: Option<String>,
    root: Option<Request>,
    is_finished: bool,
    /// By idempotency token.
    certificates: BTreeMap<String, Request>,
}

/// A certificate that was asked for.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Request {
    /// For people.
    what: String,
    /// In seconds since 1970.
    requested_at: i64,
    certificate: Option<String>,
}

/// A certificate may exist that no record names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Doubt {
    what: String,
    token: String,
    requested_at: i64,
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = OffsetDateTime::from_unix_timestamp(self.requested_at)
            .map_or_else(|_| self.requested_at.to_string(), |at| at.to_string());
        write!(
            f,
            "{} was asked for at {at} with idempotency token {}, the answer never came, and the service no longer \
             remembers: a certificate may exist that is in no record",
            self.what, self.token
        )
    }
}

/// Which of the requests.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which<'a> {
    Root,
    Certificate(&'a str),
}

impl StateFile {
    /// Opens an existing file.
    ///
    /// # Errors
    /// [`StateError`]; `Ok(None)` if there is none.
    pub fn open(path: &Path) -> Result<Option<Self>, StateError> {
        if !path.exists() {
            return Ok(None);
        }
        let lock = lock(path)?;
        let failed = |source| io_error(path, source);
        let bytes = fs::metadata(path).map_err(failed)?.len();
        let malformed = |source: Box<dyn std::error::Error + Send + Sync>| StateError::Malformed {
            path: path.display().to_string(),
            source,
        };
        if bytes > MAX_BYTES {
            return Err(malformed("it is too large".into()));
        }
        let content: Content = serde_json::from_slice(&fs::read(path).map_err(failed)?)
            .map_err(|error| malformed(error.into()))?;
        if content.version != VERSION {
            return Err(malformed(format!("version {}", content.version).into()));
        }
        Ok(Some(Self {
            path: path.to_owned(),
            content,
            is_new: false,
            _lock: lock,
        }))
    }

    /// Begins a new file.
    ///
    /// # Errors
    /// [`StateError`], also if there is one already.
    pub fn create(
        path: &Path,
        region: &str,
        endpoint_url: Option<&str>,
    ) -> Result<Self, StateError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| io_error(path, source))?;
        }
        let lock = lock(path)?;
        if path.exists() {
            return Err(io_error(path, io::ErrorKind::AlreadyExists.into()));
        }
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| io_error(path, io::Error::other(error)))?;
        let state = Self {
            path: path.to_owned(),
            content: Content {
                version: VERSION,
                region: region.to_owned(),
                endpoint_url: endpoint_url.map(str::to_owned),
                order: None,
                validity: None,
                token: hex::encode(random),
                certificate_authority: None,
                root: None,
                is_finished: false,
                certificates: BTreeMap::new(),
            },
            is_new: true,
            _lock: lock,
        };
        state.save()?;
        Ok(state)
    }

    /// The Region that the authority is in.
    pub fn region(&self) -> &str {
        &self.content.region
    }

    /// Where the service is, if not where the SDK's default chain says.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.content.endpoint_url.as_deref()
    }

    /// The authority, once it was created.
    ///
    /// # Errors
    /// The file names something else.
    pub fn certificate_authority(&self) -> Result<Option<CertificateAuthorityArn>, PrivateCaError> {
        let arn = self.content.certificate_authority.as_deref();
        Ok(arn.map(str::parse).transpose()?)
    }

    /// Takes an authority that was made elsewhere, and waits for its root certificate or has it already.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be written.
    pub fn adopt(&mut self, arn: &CertificateAuthorityArn) -> Result<(), StateError> {
        self.content.certificate_authority = Some(arn.as_str().to_owned());
        self.save()
    }

    /// Whether the root is in use.
    pub fn is_finished(&self) -> bool {
        self.content.is_finished
    }

    /// Certificates that were asked for without an answer that could still be had.
    pub fn doubts(&self) -> Vec<Doubt> {
        let root = self
            .content
            .root
            .iter()
            .map(|request| (self.content.token.as_str(), request));
        let others = self.content.certificates.iter();
        root.chain(others.map(|(token, request)| (token.as_str(), request)))
            .filter_map(|(token, request)| request.doubt(token))
            .collect()
    }

    /// Settles all doubts: with the certificate that a person found in CloudTrail or the audit report, or with the
    /// knowledge that there is none, so that it is asked for again.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be written.
    pub fn settle(&mut self, found: Option<&CertificateArn>) -> Result<(), StateError> {
        let content = &mut self.content;
        for request in content
            .root
            .iter_mut()
            .chain(content.certificates.values_mut())
        {
            if request.doubt("").is_some() {
                request.certificate = found.map(|arn| arn.as_str().to_owned());
            }
        }
        if content
            .root
            .as_ref()
            .is_some_and(|root| root.doubt("").is_some())
        {
            content.root = None;
        }
        content
            .certificates
            .retain(|_, request| request.doubt("").is_none());
        self.save()
    }

    /// Whether no run before this one can have created anything.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    pub(super) fn token(&self) -> &str {
        &self.content.token
    }

    /// Ties the file to an order, and gives the validity of the run that began it.
    pub(super) fn begin(
        &mut self,
        digest: &str,
        validity: (OffsetDateTime, OffsetDateTime),
    ) -> Result<(i64, i64), StateError> {
        match (&self.content.order, self.content.validity) {
            (Some(known), Some(validity)) if known == digest => Ok(validity),
            (None, _) => {
                let validity = (validity.0.unix_timestamp(), validity.1.unix_timestamp());
                self.content.order = Some(digest.to_owned());
                self.content.validity = Some(validity);
                self.save()?;
                Ok(validity)
            }
            _ => Err(StateError::OtherOrder {
                path: self.path.display().to_string(),
            }),
        }
    }

    pub(super) fn finish(&mut self) -> Result<(), StateError> {
        self.content.is_finished = true;
        self.save()
    }

    /// The certificate that was already issued for a request.
    pub(super) fn issued(
        &self,
        which: Which<'_>,
    ) -> Result<Option<CertificateArn>, PrivateCaError> {
        let request = match which {
            Which::Root => self.content.root.as_ref(),
            Which::Certificate(token) => self.content.certificates.get(token),
        };
        let arn = request.and_then(|request| request.certificate.as_deref());
        Ok(arn.map(str::parse).transpose()?)
    }

    /// Writes down that a certificate is about to be asked for.
    pub(super) fn asking(&mut self, which: Which<'_>, what: &str) -> Result<(), PrivateCaError> {
        let (token, known) = match which {
            Which::Root => (self.content.token.clone(), self.content.root.as_ref()),
            Which::Certificate(token) => (token.to_owned(), self.content.certificates.get(token)),
        };
        if let Some(known) = known {
            return known
                .doubt(&token)
                .map_or(Ok(()), |doubt| Err(PrivateCaError::InDoubt(doubt)));
        }
        let request = Request {
            what: what.to_owned(),
            requested_at: now(),
            certificate: None,
        };
        match which {
            Which::Root => self.content.root = Some(request),
            Which::Certificate(_) => {
                self.content.certificates.insert(token, request);
            }
        }
        Ok(self.save()?)
    }

    /// Writes down what was issued.
    pub(super) fn answered(
        &mut self,
        which: Which<'_>,
        arn: &CertificateArn,
    ) -> Result<(), StateError> {
        let request = match which {
            Which::Root => self.content.root.as_mut(),
            Which::Certificate(token) => self.content.certificates.get_mut(token),
        };
        if let Some(request) = request {
            request.certificate = Some(arn.as_str().to_owned());
        }
        self.save()
    }

    /// Forgets a request that the service refused: it created nothing.
    pub(super) fn refused(&mut self, which: Which<'_>) -> Result<(), StateError> {
        match which {
            Which::Root => self.content.root = None,
            Which::Certificate(token) => {
                self.content.certificates.remove(token);
            }
        }
        self.save()
    }

    fn save(&self) -> Result<(), StateError> {
        let failed = |source| io_error(&self.path, source);
        let text = serde_json::to_string_pretty(&self.content)
            .map_err(|error| io_error(&self.path, error.into()))?;
        let beside = self.path.with_extension("json.new");
        let mut file = File::create(&beside).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&beside, &self.path).map_err(failed)
    }
}

impl Request {
    /// No answer, and too late to ask for it under the same token.
    fn doubt(&self, token: &str) -> Option<Doubt> {
        let is_late = now() - self.requested_at >= REMEMBERED.whole_seconds();
        (self.certificate.is_none() && is_late).then(|| Doubt {
            what: self.what.clone(),
            token: token.to_owned(),
            requested_at: self.requested_at,
        })
    }
}

/// The service's memory runs by the real clock, whatever time a command works at.
fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// Locks a file beside the state file, which itself is replaced at every step.
fn lock(path: &Path) -> Result<File, StateError> {
    let file =
        File::create(path.with_extension("lock")).map_err(|source| io_error(path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StateError::Locked {
            path: path.display().to_string(),
        }),
        Err(TryLockError::Error(source)) => Err(io_error(path, source)),
    }
}

fn io_error(path: &Path, source: io::Error) -> StateError {
    StateError::Io {
        path: path.display().to_string(),
        source,
    }
}
