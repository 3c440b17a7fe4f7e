//! Files and values from the command line: bounded in size, with errors that say what was expected where.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use mdl_crypto::{PrivateKey, PublicKey};
use mdl_iaca::certificate::{DocumentKind, read_documents};
use mdl_iaca::trust_anchor::TrustAnchor;
use mdl_mdoc::status_list::StatusTokenLimits;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::failure::{Failure, Result};
use crate::pem;

/// No input of the command is larger; a CRL of a large authority comes closest.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// A key or a session transcript is far smaller.
const MAX_SMALL_FILE_BYTES: u64 = 1 << 20;

/// The content of a file, or of standard input for `-`; at most `limit` bytes and one more, so that whoever checks
/// the size finds it too large.
///
/// # Errors
/// Exit code 2 if it cannot be read.
pub(crate) fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let read = || {
        let mut content = Vec::new();
        if path == Path::new("-") {
            io::stdin()
                .lock()
                .take(limit + 1)
                .read_to_end(&mut content)?;
        } else {
            File::open(path)?
                .take(limit + 1)
                .read_to_end(&mut content)?;
        }
        Ok::<_, io::Error>(content)
    };
    read()
        .map_err(|error| Failure::usage(format!("cannot read {}", path.display())).because(&error))
}

/// The content of a file that is to be judged, whatever it is.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, MAX_FILE_BYTES)
}

fn read_small(path: &Path) -> Result<Vec<u8>> {
    let content = read_at_most(path, MAX_SMALL_FILE_BYTES)?;
    if content.len() as u64 > MAX_SMALL_FILE_BYTES {
        let what = format!(
            "{} is larger than {MAX_SMALL_FILE_BYTES} bytes",
            path.display()
        );
        return Err(Failure::usage(what).hint("check that it is the file you mean"));
    }
    Ok(content)
}

/// All documents of one kind in a PEM or DER file, in DER.
///
/// # Errors
/// Exit code 2 if there is none, or one of another kind.
pub(crate) fn read_pem_or_der(path: &Path, kind: DocumentKind) -> Result<Vec<Vec<u8>>> {
    let expected = name_of(kind);
    let content = read(path)?;
    if content.is_empty() {
        let what = format!(
            "{} is empty: expected {expected}, PEM or DER",
            path.display()
        );
        return Err(Failure::usage(what));
    }
    let documents = read_documents(&content).map_err(|error| {
        let what = format!("{}: expected {expected}, PEM or DER", path.display());
        Failure::usage(what).because(&error)
    })?;
    documents
        .into_iter()
        .map(|document| {
            if document.kind == kind {
                Ok(document.der)
            } else {
                let found = name_of(document.kind);
                let what = format!("{}: expected {expected}, found {found}", path.display());
                Err(Failure::usage(what))
            }
        })
        .collect()
}

fn name_of(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Certificate => "a certificate",
        DocumentKind::Crl => "a CRL",
        DocumentKind::Csr => "a certification request",
    }
}

/// The one document of its kind in a PEM or DER file, in DER.
///
/// # Errors
/// Exit code 2 if there is none, or several.
pub(crate) fn read_one_pem_or_der(path: &Path, kind: DocumentKind) -> Result<Vec<u8>> {
    let mut documents = read_pem_or_der(path, kind)?;
    match (documents.pop(), documents.len()) {
        (Some(document), 0) => Ok(document),
        (_, others) => {
            let (name, expected) = (path.display(), name_of(kind));
            let what = format!("{name}: expected {expected}, found {} of them", others + 1);
            Err(Failure::usage(what))
        }
    }
}

/// Every CRL of every file, in DER.
pub(crate) fn read_crls(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    let mut crls = Vec::new();
    for path in paths {
        crls.append(&mut read_pem_or_der(path, DocumentKind::Crl)?);
    }
    Ok(crls)
}

/// Status tokens as they are: what is in them is for the reader to judge.
pub(crate) fn read_status_tokens(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    let limit = StatusTokenLimits::DEFAULT.max_bytes as u64;
    paths.iter().map(|path| read_at_most(path, limit)).collect()
}

/// A certificate, read from `path`, as a trust anchor.
///
/// # Errors
/// Exit code 2 if it cannot be one.
pub(crate) fn trust_anchor(path: &Path, der: &[u8]) -> Result<TrustAnchor> {
    TrustAnchor::from_der(der).map_err(|error| {
        Failure::usage(format!("{}: cannot be a trust anchor", path.display())).because(&error)
    })
}

/// A private key that the person running the command owns: PKCS#8, PEM or DER, not encrypted.
///
/// # Errors
/// Exit code 2.
pub(crate) fn read_private_key(path: &Path) -> Result<PrivateKey> {
    let content = zeroize::Zeroizing::new(read_small(path)?);
    let key = match std::str::from_utf8(&content) {
        Ok(text) if text.contains("-----BEGIN") => PrivateKey::from_pkcs8_pem(text),
        _ => PrivateKey::from_pkcs8_der(&content),
    };
    key.map_err(|error| {
        let what = format!("{}: expected a private key in PKCS#8", path.display());
        Failure::usage(what)
            .because(&error)
            .hint("make one with `mdl key new`, or convert with `openssl pkcs8 -topk8 -nocrypt`")
    })
}

/// A public key: SPKI in PEM or DER, or that of a private key in PKCS#8.
///
/// # Errors
/// Exit code 2.
pub(crate) fn read_public_key(path: &Path) -> Result<PublicKey> {
    let content = zeroize::Zeroizing::new(read_small(path)?);
    let expected = || {
        let what = format!(
            "{}: expected a public key (SPKI) or a PKCS#8 key",
            path.display()
        );
        Failure::usage(what).hint("make one with `mdl key new`")
    };
    if let Ok(text) = std::str::from_utf8(&content)
        && text.contains("-----BEGIN")
    {
        if let Some(der) = pem::decode(text, "PUBLIC KEY") {
            return PublicKey::from_spki_der(&der).map_err(|error| expected().because(&error));
        }
        let key = PrivateKey::from_pkcs8_pem(text).map_err(|error| expected().because(&error))?;
        return Ok(key.public_key().clone());
    }
    match PublicKey::from_spki_der(&content) {
        Ok(key) => Ok(key),
        Err(error) => match PrivateKey::from_pkcs8_der(&content) {
            Ok(key) => Ok(key.public_key().clone()),
            Err(_) => Err(expected().because(&error)),
        },
    }
}

/// Bytes given as hexadecimal on the command line, or as the name of a file that holds them.
///
/// A value of nothing but pairs of hexadecimal digits is hexadecimal, whatever files there are: write `./ab` for a
/// file named `ab`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct HexOrFile(String);

impl FromStr for HexOrFile {
    type Err = std::convert::Infallible;

    fn from_str(value: &str) -> std::result::Result<Self, Self::Err> {
        Ok(Self(value.to_owned()))
    }
}

impl HexOrFile {
    pub(crate) fn read(&self) -> Result<Vec<u8>> {
        match hex::decode(&self.0) {
            Ok(bytes) if !bytes.is_empty() => Ok(bytes),
            _ => read_small(Path::new(&self.0)).map_err(|failure| {
                failure.hint("a value that is not pairs of hexadecimal digits is taken for a file")
            }),
        }
    }
}

/// A point in time from the command line, in UTC and whole seconds.
pub(crate) fn parse_time(text: &str) -> std::result::Result<OffsetDateTime, String> {
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|error| format!("expected RFC 3339 such as 2026-06-15T12:00:00Z ({error})"))?;
    let time = time
        .checked_to_offset(UtcOffset::UTC)
        .ok_or("expected a time within the years 0 to 9999 in UTC")?;
    Ok(whole_seconds(time))
}

/// The time a command works at: the one it was given, or now.
pub(crate) fn time_or_now(at: Option<OffsetDateTime>) -> OffsetDateTime {
    at.unwrap_or_else(|| whole_seconds(OffsetDateTime::now_utc()))
}

fn whole_seconds(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_nanosecond(0).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn pairs_of_digits_are_hexadecimal_and_all_else_is_a_file() {
        let read = |text: &str| HexOrFile(text.into()).read();
        assert_eq!(read("83f6F6f6").unwrap(), [0x83, 0xf6, 0xf6, 0xf6]);
        for file in ["", "abc", "83 f6", "./83f6"] {
            assert_eq!(
                read(file).unwrap_err().exit(),
                crate::Exit::Usage,
                "{file:?}"
            );
        }
    }

    #[test]
    fn times_are_utc_in_whole_seconds() {
        let time = parse_time("2026-06-15T14:00:00.75+02:00").unwrap();
        assert_eq!(time, datetime!(2026-06-15 12:00 UTC));
        for wrong in ["2026-06-15", "", "9999-12-31T23:59:59-23:59"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }
}
