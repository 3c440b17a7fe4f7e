//! Naming a key, wherever it is kept, in one line of a configuration or command.
//!
//! | Key store | Written as |
//! |---|---|
//! | file | `ds/key.pem` or `file:ds/key.pem`, see [`key_file`](crate::key_file) |
//! | PKCS#11 | `pkcs11:token=TOKEN;object=LABEL?module-path=FILE&pin-source=file:FILE` (RFC 7512) |
//! | AWS KMS | `awskms:///ARN`, with `?replica-regions=REGION,REGION` for a multi-Region key |
//!
//! What is easy to get wrong: RFC 7512 knows `pin-value`, a secret in a line that ends up in process lists, logs and
//! tickets. It is refused.

mod aws_kms;
mod percent;
mod pkcs11;

use std::{fmt, path::PathBuf, str::FromStr};

pub use aws_kms::KmsUri;
pub use pkcs11::{PinSource, Pkcs11Uri};

/// Where a key is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyUri {
    /// In a file.
    File(PathBuf),
    /// In a PKCS#11 token.
    Pkcs11(Pkcs11Uri),
    /// In AWS KMS.
    Kms(KmsUri),
}

impl FromStr for KeyUri {
    type Err = InvalidKeyUri;

    fn from_str(text: &str) -> Result<Self, InvalidKeyUri> {
        if let Some(path) = text.strip_prefix("file:") {
            // `file:///path` is `/path`; another authority would be another machine.
            let path = match path.strip_prefix("//") {
                Some(rest) if rest.starts_with('/') => rest,
                Some(_) => return Err(InvalidKeyUri::Host),
                None => path,
            };
            return percent::decode_text(path).map(|path| Self::File(path.into()));
        }
        if text.starts_with(pkcs11::SCHEME) {
            return text.parse().map(Self::Pkcs11);
        }
        if text.starts_with(aws_kms::SCHEME) {
            return text.parse().map(Self::Kms);
        }
        match text.split_once(':') {
            // One letter is a drive of Windows.
            Some((scheme, _)) if scheme.len() > 1 && is_scheme(scheme) => {
                Err(InvalidKeyUri::Scheme(scheme.to_owned()))
            }
            _ if text.is_empty() => Err(InvalidKeyUri::Empty),
            _ => Ok(Self::File(text.into())),
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

impl fmt::Display for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Pkcs11(uri) => uri.fmt(f),
            Self::Kms(uri) => uri.fmt(f),
        }
    }
}

/// Why a text names no key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeyUri {
    /// Nothing.
    #[error("no key is named")]
    Empty,
    /// A scheme of which no key store is known.
    #[error("there is no key store {0:?}: expected a file, pkcs11: or awskms:")]
    Scheme(String),
    /// A file of another machine.
    #[error("file: names another machine: expected file:PATH or file:///PATH")]
    Host,
    /// A `%` without two hexadecimal digits, or what they encode is no text.
    #[error("percent-encoding of {0:?} cannot be read")]
    PercentEncoding(String),
    /// A part that is not known here.
    #[error("{0:?} is not known here")]
    Unknown(String),
    /// A part that stands there twice.
    #[error("{0:?} stands there twice")]
    Twice(String),
    /// A part whose value cannot be read.
    #[error("{0:?} has no usable value")]
    Value(String),
    /// A PIN in the clear.
    #[error(
        "pin-value would show the PIN to everybody who sees this line: use pin-source=file:FILE or pin-source=env:NAME"
    )]
    PinValue,
    /// Not `awskms:///ARN`.
    #[error("expected awskms:///ARN of the key, or awskms: alone for the Region's key store")]
    KmsForm,
}
