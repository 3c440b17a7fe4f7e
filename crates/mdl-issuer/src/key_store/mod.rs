//! Keys by their URI: files, PKCS#11 tokens (cargo feature `pkcs11`) and AWS KMS (cargo feature `aws`).
//!
//! The service and the `mdl` command open keys here, so that one line means the same to both.
//!
//! What is easy to get wrong: a PIN in a URI shows up in logs and process lists. It comes from where `pin-source` says,
//! from the secret beside the URI, or from the variable [`PIN_VARIABLE`].

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "pkcs11")]
mod pkcs11;

use std::error::Error;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use mdl_crypto::{Curve, PublicKey};
use mdl_signer::key_file::{self, Passphrase};
use mdl_signer::key_uri::KeyUri;
use mdl_signer::{Signer, SoftwareSigner};
use zeroize::Zeroizing;

/// The variable of the environment that names the PKCS#11 library where a URI has no `module-path`.
pub const MODULE_VARIABLE: &str = "MDL_PKCS11_MODULE";
/// The variable of the environment that has the PIN where nothing else gives one.
pub const PIN_VARIABLE: &str = "MDL_PKCS11_PIN";

/// How AWS is reached where the environment does not say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AwsOptions {
    /// The Region of what has no ARN that names one.
    pub region: Option<String>,
    /// Where the services are, for a private endpoint or tests.
    pub endpoint_url: Option<String>,
    /// How long one attempt may take.
    pub attempt_timeout: Option<Duration>,
    /// How long a call may take with all its attempts.
    pub call_timeout: Option<Duration>,
}

/// Opens keys.
#[derive(Clone, Debug, Default)]
pub struct KeyStores {
    /// Relative paths start here.
    folder: PathBuf,
    #[cfg_attr(
        not(feature = "aws"),
        expect(dead_code, reason = "read by the key store that is left out")
    )]
    aws: AwsOptions,
}

/// A key that is ready to sign.
#[derive(Debug)]
pub struct OpenedKey {
    /// The key.
    pub signer: Box<dyn Signer>,
    /// What its store says about how it is kept, for people.
    pub custody: String,
}

impl KeyStores {
    /// Relative paths start at `folder`.
    #[must_use]
    pub const fn new(folder: PathBuf, aws: AwsOptions) -> Self {
        Self { folder, aws }
    }

    /// Opens a key. `secret` is the passphrase of a file or the PIN of a token. Keys in KMS and in tokens need a Tokio
    /// runtime to sign.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    pub async fn open(
        &self,
        key: &KeyUri,
        secret: Option<Zeroizing<String>>,
    ) -> Result<OpenedKey, KeyStoreError> {
        match key {
            KeyUri::File(path) => {
                let passphrase = secret.and_then(|secret| Passphrase::new(secret).ok());
                let key = key_file::load(&self.folder.join(path), passphrase.as_ref());
                let key = key.map_err(KeyStoreError::refused)?;
                Ok(OpenedKey {
                    signer: Box::new(SoftwareSigner::new(key)),
                    custody: "in a file, readable by whoever has its passphrase".to_owned(),
                })
            }
            #[cfg(feature = "pkcs11")]
            KeyUri::Pkcs11(uri) => self.open_in_token(uri, secret),
            #[cfg(feature = "aws")]
            KeyUri::Kms(uri) => self.open_in_kms(uri).await,
            #[cfg(not(all(feature = "pkcs11", feature = "aws")))]
            _ => Err(KeyStoreError::LeftOut),
        }
    }

    /// [`open`](Self::open) for callers outside of a runtime, or inside one that they must not hold up.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    pub fn open_blocking(
        &self,
        key: &KeyUri,
        secret: Option<Zeroizing<String>>,
    ) -> Result<OpenedKey, KeyStoreError> {
        // On a thread of its own, because a runtime cannot be started inside another.
        let opened = thread::scope(|scope| {
            scope
                .spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build();
                    let runtime = runtime.map_err(KeyStoreError::unavailable)?;
                    runtime.block_on(self.open(key, secret))
                })
                .join()
        });
        opened.map_err(|_| KeyStoreError::BrokenOff)?
    }

    /// Makes a key on `curve` in the store that `place` names, under the name that it gives or `name`, and returns the
    /// URI of the key. Files are made by [`key_file`], which knows whether to encrypt.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    pub async fn create(
        &self,
        place: &KeyUri,
        curve: Curve,
        name: &str,
        secret: Option<Zeroizing<String>>,
    ) -> Result<KeyUri, KeyStoreError> {
        match place {
            KeyUri::File(_) => Err(KeyStoreError::NotAKeyStore),
            #[cfg(feature = "pkcs11")]
            KeyUri::Pkcs11(uri) => self.create_in_token(uri, curve, name, secret),
            #[cfg(feature = "aws")]
            KeyUri::Kms(uri) => self.create_in_kms(uri, curve, name).await,
            #[cfg(not(all(feature = "pkcs11", feature = "aws")))]
            _ => {
                let _ = (curve, name, secret);
                Err(KeyStoreError::LeftOut)
            }
        }
    }
}

impl OpenedKey {
    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }
}

/// Why a key was not opened or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// Not now: the network, a token that is pulled out.
    #[error("the key store cannot be reached")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Not ever: no such key, a wrong PIN, a missing permission.
    #[error("the key cannot be used")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// A file is no key store.
    #[error("a file is no key store: expected pkcs11: or awskms:")]
    NotAKeyStore,
    /// The URI does not say all that is needed.
    #[error("{0}")]
    Incomplete(&'static str),
    /// The PIN cannot be read.
    #[error("the PIN cannot be read from {0}")]
    Pin(String, #[source] Option<std::io::Error>),
    /// This program was built without that key store.
    #[error("this program was built without this key store (cargo features aws and pkcs11)")]
    LeftOut,
    /// The thread that opened the key ended early.
    #[error("opening the key was broken off")]
    BrokenOff,
}

impl KeyStoreError {
    fn refused(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Refused(error.into())
    }

    fn unavailable(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(error.into())
    }

    /// Whether the same may succeed later.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
