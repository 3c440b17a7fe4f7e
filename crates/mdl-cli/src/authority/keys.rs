//! The authority's keys: each in an encrypted file beside its certificate, or in a key store under a URI that stands
//! in the file `key.uri` there.

use std::env;
use std::path::{Path, PathBuf, absolute};

use mdl_crypto::{Curve, PrivateKey, PublicKey};
use mdl_issuer::key_store::{KeyStoreError, KeyStores, OpenedKey, PIN_VARIABLE};
use mdl_signer::key_file::{self, KeyFileError};
use mdl_signer::key_uri::{KeyUri, PinSource};
use mdl_signer::{Signer, SoftwareSigner};
use rand_chacha::ChaCha20Rng;
use zeroize::Zeroizing;

use crate::failure::{Failure, Result};
use crate::files::{NewFolder, Readers, write_new};
use crate::input;
use crate::passphrase::{Passphrases, ask_for_pin};
use crate::randomness::{Seed, signer};
use crate::runtime::wait_for;

const FILE: &str = "key.pem";
const URI: &str = "key.uri";
const LONGEST_URI: u64 = 8192;

/// Which key is to be certified.
#[derive(Clone, Debug)]
pub(crate) enum KeyChoice {
    /// One that is made here and kept in an encrypted file.
    New(Curve),
    /// One that exists, wherever it is.
    Existing(Box<KeyUri>),
}

/// A key that is to be certified.
pub(super) struct Candidate {
    pub(super) signer: Box<dyn Signer>,
    kept: Kept,
}

enum Kept {
    New(Box<PrivateKey>),
    At(KeyUri),
}

impl Candidate {
    pub(super) fn take(
        choice: &KeyChoice,
        seed: Option<&Seed>,
        passphrases: &Passphrases,
        rng: &mut ChaCha20Rng,
    ) -> Result<Self> {
        match choice {
            KeyChoice::New(curve) => {
                // Before anything is made or written.
                passphrases.for_new_keys()?;
                let key = PrivateKey::generate(*curve, rng);
                Ok(Self {
                    signer: Box::new(signer(key.clone(), seed)),
                    kept: Kept::New(Box::new(key)),
                })
            }
            KeyChoice::Existing(uri) => {
                let uri = with_absolute_paths(uri)?;
                Ok(Self {
                    signer: open_uri(&uri, passphrases)?.signer,
                    kept: Kept::At(uri),
                })
            }
        }
    }

    pub(super) fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    /// Writes the key, or where it is, into the folder of its certificate. `what` is whose key it is.
    pub(super) fn write(
        self,
        files: &NewFolder,
        what: &str,
        passphrases: &Passphrases,
        rng: &mut ChaCha20Rng,
    ) -> Result<()> {
        match self.kept {
            Kept::New(key) => {
                key_file::create(&files.file(FILE), &key, passphrases.for_new_keys()?, rng).map_err(
                    |error| Failure::outside(format!("{what} cannot be written")).because(&error),
                )
            }
            Kept::At(uri) => {
                let line = key_uri_line(&uri)?;
                write_new(&files.file(URI), line.as_bytes(), Readers::Owner)
            }
        }
    }
}

/// What stands in `key.uri`. The folder of an authority may be used from elsewhere, so paths are absolute.
pub(crate) fn key_uri_line(uri: &KeyUri) -> Result<String> {
    Ok(format!("{}\n", with_absolute_paths(uri)?))
}

/// Where the key of the certificate in `folder` is, if it is known.
pub(crate) fn key_of(folder: &Path) -> Option<PathBuf> {
    let places = [folder.join(URI), folder.join(FILE)];
    places.into_iter().find(|path| path.exists())
}

/// Opens the key of the certificate in `folder`.
pub(super) fn open_key(
    folder: &Path,
    seed: Option<&Seed>,
    passphrases: &Passphrases,
) -> Result<Box<dyn Signer>> {
    let path = folder.join(URI);
    if !path.exists() {
        let key = load_file(&folder.join(FILE), passphrases)?;
        return Ok(Box::new(signer(key, seed)));
    }
    let content = input::read_at_most(&path, LONGEST_URI)?;
    let uri = std::str::from_utf8(&content)
        .unwrap_or_default()
        .trim()
        .parse()
        .map_err(|error| {
            Failure::usage(format!("{}: not a key URI", path.display())).because(&error)
        })?;
    Ok(open_uri(&uri, passphrases)?.signer)
}

/// Opens the key that `uri` names.
///
/// # Errors
/// Exit code 3 if the key store cannot be reached now, 2 otherwise.
pub(crate) fn open_uri(uri: &KeyUri, passphrases: &Passphrases) -> Result<OpenedKey> {
    if let KeyUri::File(path) = uri {
        return Ok(OpenedKey {
            signer: Box::new(SoftwareSigner::new(load_file(path, passphrases)?)),
            custody: "in a file".to_owned(),
        });
    }
    let pin = pin(uri)?;
    let opened = wait_for(async { KeyStores::default().open(uri, pin).await })?;
    opened.map_err(|error| key_store_failure(&format!("cannot open {uri}"), &error))
}

/// What a key store says, as an exit code: retrying helps where it is only out of reach.
pub(crate) fn key_store_failure(what: &str, error: &KeyStoreError) -> Failure {
    let failure = match error.may_pass() {
        true => Failure::outside(what.to_owned()),
        false => Failure::usage(what.to_owned()),
    };
    failure.because(error)
}

/// The PIN of a token that neither the URI nor the environment gives: asked for at a terminal.
pub(crate) fn pin(uri: &KeyUri) -> Result<Option<Zeroizing<String>>> {
    match uri {
        KeyUri::Pkcs11(uri) if uri.pin_source.is_none() && env::var_os(PIN_VARIABLE).is_none() => {
            ask_for_pin()
        }
        _ => Ok(None),
    }
}

/// An unencrypted file needs no passphrase, so none is asked for before it is known to be needed.
fn load_file(path: &Path, passphrases: &Passphrases) -> Result<PrivateKey> {
    let key = match key_file::load(path, None) {
        Err(KeyFileError::PassphraseNeeded { .. }) => {
            key_file::load(path, Some(passphrases.of_keys()?))
        }
        key => key,
    };
    key.map_err(|error| Failure::usage(format!("cannot open {}", path.display())).because(&error))
}

/// The folder of an authority may be used from elsewhere.
fn with_absolute_paths(uri: &KeyUri) -> Result<KeyUri> {
    let whole = |path: &PathBuf| {
        absolute(path).map_err(|error| {
            Failure::usage(format!("cannot find {}", path.display())).because(&error)
        })
    };
    Ok(match uri {
        KeyUri::File(path) => KeyUri::File(whole(path)?),
        KeyUri::Pkcs11(uri) => {
            let mut uri = uri.clone();
            // A library without a folder is looked up by the system.
            if let Some(path) = &uri.module_path
                && path.components().count() > 1
            {
                uri.module_path = Some(whole(path)?);
            }
            if let Some(PinSource::File(path)) = &uri.pin_source {
                uri.pin_source = Some(PinSource::File(whole(path)?));
            }
            KeyUri::Pkcs11(uri)
        }
        KeyUri::Kms(_) => uri.clone(),
    })
}
