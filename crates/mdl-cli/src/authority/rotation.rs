//! A rotation in the making: which document signer it is to give, kept from before its first step, so that a run that
//! dies is finished by the next one and nothing is made twice.

use std::fs::{self, File};

use mdl_signer::DocumentSignerWindow;
use mdl_signer::key_uri::KeyUri;
use mdl_signer::rotation::{Due, RotationPolicy};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{AuthorityFolder, SignerName};
use crate::failure::{Failure, Result};
use crate::files::{Readers, replace};
use crate::input;

/// The right to rotate, held by one process at a time.
#[derive(Debug)]
pub(crate) struct Rotation {
    folder: AuthorityFolder,
    /// Locked as long as it lives.
    _lock: File,
}

/// The document signer that a rotation gives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Successor {
    pub(crate) name: SignerName,
    /// Its key in a key store, once it is made there.
    pub(crate) key: Option<KeyUri>,
}

impl Rotation {
    /// Waits for nobody.
    ///
    /// # Errors
    /// Exit code 3 if another process rotates just now.
    pub(crate) fn begin(folder: &AuthorityFolder) -> Result<Self> {
        let signers = folder.document_signers();
        let place = signers.join(".rotation.lock");
        let cannot = |error: &std::io::Error| {
            Failure::usage(format!("cannot write {}", place.display())).because(error)
        };
        fs::create_dir_all(&signers).map_err(|error| cannot(&error))?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&place)
            .map_err(|error| cannot(&error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                folder: folder.clone(),
                _lock: lock,
            }),
            Err(fs::TryLockError::WouldBlock) => Err(Failure::outside(
                "another `mdl ds rotate` is at work in this folder",
            )),
            Err(fs::TryLockError::Error(error)) => Err(cannot(&error)),
        }
    }

    /// Whether a successor is due beside the document signers there are, neither revoked nor retired.
    pub(crate) fn due(&self, policy: &RotationPolicy, now: OffsetDateTime) -> Result<Due> {
        let mut windows = Vec::new();
        for name in self.folder.signer_names()? {
            let signer = self.folder.read_document_signer(&name)?;
            if signer.is_revoked || signer.is_retired {
                continue;
            }
            let certificate = signer.certificate()?;
            let validity = certificate.validity();
            let window = DocumentSignerWindow::new(
                validity.not_before.at,
                validity.not_after.at,
                signer.longest_mso_life,
            );
            // One that could never sign anything covers nothing.
            windows.extend(window.ok());
        }
        Ok(policy.due(&windows, now))
    }

    /// The one that an earlier run began, or a new one named after the day.
    pub(crate) fn successor(&self, prefix: &str, now: OffsetDateTime) -> Result<Successor> {
        if let Some(begun) = self.begun()? {
            return Ok(begun);
        }
        let day = format!("{prefix}-{}", now.date());
        let mut name = day.clone();
        let mut number = 1;
        loop {
            let parsed: SignerName = name
                .parse()
                .map_err(|what: String| Failure::usage(format!("--prefix {prefix}")).hint(what))?;
            if !self.folder.document_signer(&parsed).exists() {
                let key = None;
                return Ok(Successor { name: parsed, key });
            }
            number += 1;
            name = format!("{day}-{number}");
        }
    }

    /// What an earlier run began and did not finish.
    pub(crate) fn begun(&self) -> Result<Option<Successor>> {
        let path = self.state();
        if !path.exists() {
            return Ok(None);
        }
        let unreadable = || {
            Failure::usage(format!("{}: not a rotation that was begun", path.display()))
                .hint("remove the file; a key that was made for it stays unused")
        };
        let state: Value = serde_json::from_slice(&input::read_at_most(&path, 65_536)?)
            .map_err(|error| unreadable().because(&error))?;
        let name = state.get("name").and_then(Value::as_str);
        let name = name.and_then(|name| name.parse().ok());
        let key = match state.get("key").and_then(Value::as_str) {
            Some(uri) => Some(uri.parse().map_err(|_| unreadable())?),
            None => None,
        };
        let name: SignerName = name.ok_or_else(unreadable)?;
        if self.folder.document_signer(&name).exists() {
            // It was finished, and only this was left.
            self.finish()?;
            return Ok(None);
        }
        Ok(Some(Successor { name, key }))
    }

    /// Keeps what is begun.
    pub(crate) fn keep(&self, successor: &Successor) -> Result<()> {
        let state = json!({
            "name": successor.name.to_string(),
            "key": successor.key.as_ref().map(ToString::to_string),
        });
        let text = format!("{state:#}\n");
        replace(&self.state(), text.as_bytes(), Readers::Owner)
    }

    /// The document signer is there.
    pub(crate) fn finish(&self) -> Result<()> {
        let path = self.state();
        fs::remove_file(&path).map_err(|error| {
            Failure::outside(format!("cannot remove {}", path.display())).because(&error)
        })
    }

    fn state(&self) -> std::path::PathBuf {
        self.folder.document_signers().join(".rotation.json")
    }
}
