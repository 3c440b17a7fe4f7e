//! What was accepted before: a file beside the reader, so that no old list can pass for the newest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mdl_crypto::{HashAlgorithm, PublicKey};
use mdl_reader::trust_bundle::LastAccepted;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};
use crate::files::{Readers, replace};
use crate::input;

const MAX_BYTES: u64 = 1 << 20;

/// The newest trust bundle of each publisher's key, and the newest VICAL of each provider below each root.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    path: Option<PathBuf>,
    content: Content,
    changed: bool,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(default)]
    bundles: BTreeMap<String, Bundle>,
    #[serde(default)]
    vicals: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Bundle {
    sequence: u64,
    sha256: String,
}

impl Remembered {
    /// What the file holds; without a file, or before there is one, nothing.
    ///
    /// # Errors
    /// Exit code 2 for a file that was not written here: nothing is accepted on a memory that cannot be read.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path.filter(|path| path.exists()) else {
            return Ok(Self {
                path: path.map(Path::to_owned),
                ..Self::default()
            });
        };
        let unreadable = || {
            Failure::usage(format!("{}: not what was remembered", path.display()))
                .hint("find out who changed it; without it, older lists would be accepted")
        };
        let bytes = input::read_at_most(path, MAX_BYTES)?;
        let content: Content =
            serde_json::from_slice(&bytes).map_err(|error| unreadable().because(&error))?;
        let is_digest = |bundle: &Bundle| digest(&bundle.sha256).is_some();
        if !content.bundles.values().all(is_digest) {
            return Err(unreadable());
        }
        Ok(Self {
            path: Some(path.to_owned()),
            content,
            changed: false,
        })
    }

    /// The last bundle that was accepted from the publisher with this key.
    pub(crate) fn bundle(&self, publisher: &PublicKey) -> Option<LastAccepted> {
        let bundle = self.content.bundles.get(&fingerprint(publisher))?;
        Some(LastAccepted {
            sequence: bundle.sequence,
            sha256: digest(&bundle.sha256)?,
        })
    }

    /// A bundle was accepted.
    pub(crate) fn accept_bundle(&mut self, publisher: &PublicKey, accepted: LastAccepted) {
        if self.bundle(publisher) == Some(accepted) {
            return;
        }
        let bundle = Bundle {
            sequence: accepted.sequence,
            sha256: hex::encode(accepted.sha256),
        };
        self.content.bundles.insert(fingerprint(publisher), bundle);
        self.changed = true;
    }

    /// `vicalIssueID` of the last list that was accepted below the root with this fingerprint.
    pub(crate) fn vical(&self, root: &[u8; 32]) -> Option<u64> {
        self.content.vicals.get(&hex::encode(root)).copied()
    }

    /// A list was accepted.
    pub(crate) fn accept_vical(&mut self, root: &[u8; 32], issue_id: u64) {
        let known = self.content.vicals.insert(hex::encode(root), issue_id);
        self.changed |= known != Some(issue_id);
    }

    /// Writes what is new.
    ///
    /// # Errors
    /// Exit code 2 or 3 if it cannot be written.
    pub(crate) fn keep(&self) -> Result<()> {
        match &self.path {
            Some(path) if self.changed => {
                let text = serde_json::to_vec_pretty(&self.content)
                    .map_err(|error| Failure::outside("cannot remember").because(&error))?;
                replace(path, &text, Readers::Everyone)
            }
            _ => Ok(()),
        }
    }
}

fn fingerprint(key: &PublicKey) -> String {
    hex::encode(HashAlgorithm::Sha256.digest(&key.to_spki_der()).as_bytes())
}

fn digest(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}
