//! The file that a service was started from, read again while it runs.
//!
//! Document signers are made and revoked while the service runs, and so are roots and lists. Their files are looked at
//! again and again; when one changes, the whole configuration is read and checked as at a start.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use time::OffsetDateTime;

use super::quota::Quotas;
use super::{Config, ConfigError, TenantSettings};

/// Where a configuration came from, and what its authorities are made of.
#[derive(Debug)]
pub struct ConfigSource {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Certificates, keys, lists, and folders of them.
    files: Vec<PathBuf>,
    /// What they looked like when they were last read well. `None`: they must be read.
    seen: Option<Vec<Look>>,
    /// Schedules that go on.
    quotas: Quotas,
}

/// What tells a file from the one before: length and time of the last change, if it is there.
type Look = Option<(u64, Option<SystemTime>)>;

impl ConfigSource {
    pub(super) fn new(path: &Path, files: Vec<PathBuf>, quotas: Quotas) -> Self {
        let files = [vec![path.to_owned()], files].concat();
        Self {
            path: path.to_owned(),
            state: Mutex::new(State {
                seen: Some(looks(&files)),
                files,
                quotas,
            }),
        }
    }

    /// Whether something changed since it was last read well.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        let state = self.state();
        state.seen.as_ref() != Some(&looks(&state.files))
    }

    /// Reads everything again, judged at the time `now`. Keys are opened, which takes a while where they are far away.
    ///
    /// # Errors
    /// As [`Config::load`]. It has then changed still, so that whoever looks again tries again.
    pub fn read(&self, now: OffsetDateTime) -> Result<Vec<TenantSettings>, ConfigError> {
        let mut state = self.state();
        // Before it is read: what changes meanwhile is noticed the next time.
        let before = looks(&state.files);
        state.seen = None;
        let config = Config::load_with(&self.path, now, &state.quotas)?;
        let mut read = std::mem::take(&mut *config.source.state());
        if read.files == state.files {
            read.seen = Some(before);
        }
        *state = read;
        Ok(config.tenants)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn looks(files: &[PathBuf]) -> Vec<Look> {
    let look = |path: &PathBuf| {
        let metadata = path.metadata().ok()?;
        Some((metadata.len(), metadata.modified().ok()))
    };
    files.iter().map(look).collect()
}
