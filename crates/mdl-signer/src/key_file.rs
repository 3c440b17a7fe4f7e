//! Private keys in files.
//!
//! PKCS#8 in PEM, encrypted under a passphrase (PBES2 with scrypt and AES-256-CBC, RFC 8018 and RFC 7914), as
//! `openssl pkcs8` and `openssl pkey` read it. A file is created with mode 0600, complete or not at all, and
//! never in place of another: a key that was overwritten is a document signer that is lost.

use mdl_crypto::{InvalidPrivateKey, PrivateKey};
use pkcs8::{
    EncryptedPrivateKeyInfoRef,
    der::{Decode, Encode, asn1::OctetStringRef, pem},
    pkcs5::{
        EncryptionScheme,
        pbes2::{Kdf, Parameters},
        scrypt,
    },
};
use rand_core::CryptoRng;
use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// A key file has some hundred bytes; what is larger is something else.
const MAX_FILE_LEN: u64 = 64 * 1024;
const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// A passphrase that is not empty. Zeroized when dropped, never printed.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// A passphrase from what was typed or read.
    ///
    /// # Errors
    /// [`EmptyPassphrase`].
    pub fn new(passphrase: impl Into<Zeroizing<String>>) -> Result<Self, EmptyPassphrase> {
        let passphrase = passphrase.into();
        if passphrase.is_empty() {
            Err(EmptyPassphrase)
        } else {
            Ok(Self(passphrase))
        }
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// An empty passphrase would look like protection and be none.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("passphrase is empty")]
pub struct EmptyPassphrase;

/// Writes `key`, encrypted under `passphrase`, to the new file `path`. Salt and initialisation vector come
/// from `rng`.
///
/// # Errors
/// [`KeyFileError::Exists`], [`KeyFileError::Io`].
pub fn create<R: CryptoRng + ?Sized>(
    path: &Path,
    key: &PrivateKey,
    passphrase: &Passphrase,
    rng: &mut R,
) -> Result<(), KeyFileError> {
    let pem = encrypt(key, passphrase, rng)?;
    write_new(path, pem.as_bytes(), rng)
}

/// Writes `key` without encryption to the new file `path`: for demonstrations, and for keys that protect nothing.
///
/// # Errors
/// [`KeyFileError::Exists`], [`KeyFileError::Io`].
pub fn create_unencrypted<R: CryptoRng + ?Sized>(
    path: &Path,
    key: &PrivateKey,
    rng: &mut R,
) -> Result<(), KeyFileError> {
    write_new(path, key.to_pkcs8_pem().as_bytes(), rng)
}

/// Reads the key in the file `path`, encrypted or not. An unencrypted file needs no passphrase, and ignores one.
///
/// # Errors
/// [`KeyFileError::ReadableByOthers`] for an unencrypted key that other users of the machine can read (Unix
/// only), [`KeyFileError::PassphraseNeeded`], [`KeyFileError::WrongPassphrase`], [`KeyFileError::Encryption`],
/// [`KeyFileError::Key`], [`KeyFileError::TooLarge`], [`KeyFileError::Io`].
pub fn load(path: &Path, passphrase: Option<&Passphrase>) -> Result<PrivateKey, KeyFileError> {
    let failed = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    // Of the open file, so that it cannot be exchanged between the two looks.
    let mode = mode_of_others(&file).map_err(failed)?;
    // Room for all from the start: growing would leave copies of the key behind.
    let mut content = Zeroizing::new(Vec::with_capacity(MAX_FILE_LEN as usize + 1));
    file.take(MAX_FILE_LEN + 1)
        .read_to_end(&mut content)
        .map_err(failed)?;
    if content.len() as u64 > MAX_FILE_LEN {
        return Err(KeyFileError::TooLarge {
            path: path.to_owned(),
        });
    }
    let pem = str::from_utf8(&content).unwrap_or_default();
    match PrivateKey::from_pkcs8_pem(pem) {
        Ok(_) if mode != 0 => Err(KeyFileError::ReadableByOthers {
            path: path.to_owned(),
        }),
        Ok(key) => Ok(key),
        Err(InvalidPrivateKey::Encrypted) => {
            let needed = || KeyFileError::PassphraseNeeded {
                path: path.to_owned(),
            };
            decrypt(path, pem, passphrase.ok_or_else(needed)?)
        }
        Err(source) => Err(KeyFileError::Key {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Why a key file was not written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// There is a file already. It was not touched.
    #[error("{} exists and is not overwritten", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("key file {} cannot be written or read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Too large to be a key.
    #[error("{} is too large to be a key file", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// An unencrypted key that group or others may read, write or execute.
    #[error("{} holds an unencrypted key and is open to other users: chmod 600 it", path.display())]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
    },
    /// The key is encrypted and no passphrase was given.
    #[error("{} is encrypted and needs a passphrase", path.display())]
    PassphraseNeeded {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase does not open the file, or the file is damaged: the encryption cannot tell.
    #[error("{} does not open with this passphrase, or it is damaged", path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// Encrypted in a way that is not PBES2 of a reasonable cost.
    #[error("encryption of {} is not supported: PBES2 with PBKDF2 or scrypt at a usual cost is", path.display())]
    Encryption {
        /// The file.
        path: PathBuf,
    },
    /// Not a key that we can use.
    #[error("{} holds no usable key", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        source: InvalidPrivateKey,
    },
    /// The encryption failed, which it does not for keys of our size.
    #[error("key cannot be encrypted")]
    Encrypt,
}

/// The PEM of the encrypted key.
///
/// scrypt with N = 2¹⁴, r = 8, p = 5: a setting that OWASP lists as equal to N = 2¹⁷, p = 1, within the 32 MiB
/// to which OpenSSL limits itself.
fn encrypt<R: CryptoRng + ?Sized>(
    key: &PrivateKey,
    passphrase: &Passphrase,
    rng: &mut R,
) -> Result<String, KeyFileError> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut iv);
    let cost = scrypt::Params::new(14, 8, 5).map_err(|_| KeyFileError::Encrypt)?;
    let encrypt = || {
        let parameters = Parameters::generate_scrypt_aes256cbc(cost, &salt, iv).ok()?;
        let ciphertext = parameters
            .encrypt(passphrase.0.as_bytes(), &key.to_pkcs8_der())
            .ok()?;
        let info = EncryptedPrivateKeyInfoRef {
            encryption_algorithm: parameters.into(),
            encrypted_data: OctetStringRef::new(&ciphertext).ok()?,
        };
        pem::encode_string(ENCRYPTED_LABEL, pem::LineEnding::LF, &info.to_der().ok()?).ok()
    };
    encrypt().ok_or(KeyFileError::Encrypt)
}

fn decrypt(path: &Path, pem: &str, passphrase: &Passphrase) -> Result<PrivateKey, KeyFileError> {
    let unsupported = || KeyFileError::Encryption {
        path: path.to_owned(),
    };
    let wrong = || KeyFileError::WrongPassphrase {
        path: path.to_owned(),
    };
    let (_, der) = pem::decode_vec(pem.as_bytes()).map_err(|_| unsupported())?;
    let info = EncryptedPrivateKeyInfoRef::from_der(&der).map_err(|_| unsupported())?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(unsupported());
    };
    // A file must not make us compute for hours or fill the memory.
    let affordable = match &parameters.kdf {
        Kdf::Pbkdf2(kdf) => kdf.iteration_count <= 10_000_000,
        Kdf::Scrypt(kdf) => {
            // 128 N r bytes of memory: 256 MiB; p times the work.
            let blocks = u128::from(kdf.cost_parameter) * u128::from(kdf.block_size);
            blocks <= 1 << 21 && blocks * u128::from(kdf.parallelization) <= 1 << 24
        }
        _ => false,
    };
    if !affordable {
        return Err(unsupported());
    }
    let mut plaintext = Zeroizing::new(info.encrypted_data.as_bytes().to_vec());
    let der = parameters
        .decrypt_in_place(passphrase.0.as_bytes(), &mut plaintext)
        .map_err(|error| match error {
            pkcs8::pkcs5::Error::DecryptFailed => wrong(),
            _ => unsupported(),
        })?;
    match PrivateKey::from_pkcs8_der(der) {
        Ok(key) => Ok(key),
        // About one wrong passphrase in 256 gives good padding, and then no key.
        Err(InvalidPrivateKey::Pkcs8) => Err(wrong()),
        Err(source) => Err(KeyFileError::Key {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Creates `path` with this content, complete or not at all.
///
/// The content is written beside and then linked to its name, which fails if there is one of that name already,
/// unlike renaming.
fn write_new<R: CryptoRng + ?Sized>(
    path: &Path,
    content: &[u8],
    rng: &mut R,
) -> Result<(), KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists {
            path: path.to_owned(),
        },
        _ => KeyFileError::Io {
            path: path.to_owned(),
            source,
        },
    };
    let beside = TemporaryFile(beside(path, rng).map_err(failed)?);
    write_private(&beside.0, content).map_err(failed)?;
    match fs::hard_link(&beside.0, path) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            // A file system without links: still never in place of another file.
            write_private(path, content).map_err(failed)?;
        }
        linked => linked.map_err(failed)?,
    }
    drop(beside);
    sync_folder(path).map_err(failed)
}

/// A name in the folder of `path` that nobody else chooses.
fn beside<R: CryptoRng + ?Sized>(path: &Path, rng: &mut R) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{:016x}", rng.next_u64()));
    Ok(path.with_file_name(temporary))
}

/// Removes the file when dropped.
struct TemporaryFile(PathBuf);

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // Nothing to be done about a failure: the key is in place or the error is reported already.
        let _ = fs::remove_file(&self.0);
    }
}

/// Creates a file that only its owner can read.
fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the new name itself last; elsewhere than on Unix, folders cannot be opened.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// The permission bits of group and others; none where the system has no such bits.
fn mode_of_others(file: &File) -> io::Result<u32> {
    #[cfg(unix)]
    return Ok(std::os::unix::fs::MetadataExt::mode(&file.metadata()?) & 0o077);
    #[cfg(not(unix))]
    {
        let _ = file;
        Ok(0)
    }
}
