use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::failure::{Failure, Result};

/// Which authority a command is about.
#[derive(Args, Clone, Debug)]
pub(crate) struct AuthorityOptions {
    /// Folder of the authority: its certificates, keys and CRLs
    #[arg(
        long,
        value_name = "DIR",
        env = "MDL_AUTHORITY",
        default_value = "mdl-authority"
    )]
    pub(crate) authority: PathBuf,
}

impl AuthorityOptions {
    pub(crate) fn folder(&self) -> AuthorityFolder {
        AuthorityFolder::new(self.authority.clone())
    }
}

/// The layout of an authority on disk, as one of its roots sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AuthorityFolder {
    root: PathBuf,
    /// Which of the roots, counted from 1; the newest without one.
    chosen: Option<u32>,
}

impl AuthorityFolder {
    /// With the newest root.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, chosen: None }
    }

    /// The same authority with another of its roots.
    pub(crate) fn with_root(&self, number: u32) -> Self {
        Self {
            root: self.root.clone(),
            chosen: Some(number),
        }
    }

    /// The number of the root, counted from 1.
    pub(crate) fn root_number(&self) -> u32 {
        self.chosen.unwrap_or_else(|| self.newest_root())
    }

    pub(crate) fn newest_root(&self) -> u32 {
        let mut number = 1;
        while self.folder_of_root(number + 1).exists() {
            number += 1;
        }
        number
    }

    /// Where the certificate, the key and the lists of a root are: of the first one, beside everything else.
    pub(super) fn folder_of_root(&self, number: u32) -> PathBuf {
        match number {
            1 => self.root.clone(),
            _ => self.root.join(format!("root-{number}")),
        }
    }

    pub(super) fn root(&self) -> &std::path::Path {
        &self.root
    }

    fn of_root(&self) -> PathBuf {
        self.folder_of_root(self.root_number())
    }

    pub(crate) fn iaca(&self) -> PathBuf {
        self.of_root().join("iaca")
    }

    pub(crate) fn iaca_certificate(&self) -> PathBuf {
        self.iaca().join("certificate.pem")
    }

    /// The document signers, each in a folder of its name.
    pub(crate) fn document_signers(&self) -> PathBuf {
        self.root.join("ds")
    }

    pub(crate) fn document_signer(&self, name: &SignerName) -> PathBuf {
        self.document_signers().join(&name.0)
    }

    pub(crate) fn status_signer(&self, name: &SignerName) -> PathBuf {
        self.root.join("status").join(&name.0)
    }

    pub(crate) fn reader(&self, name: &SignerName) -> PathBuf {
        self.root.join("reader").join(&name.0)
    }

    /// The CRL to publish, in DER.
    pub(crate) fn crl(&self) -> PathBuf {
        self.of_root().join("crl").join("crl.der")
    }

    /// The CRL to publish, in PEM.
    pub(crate) fn crl_pem(&self) -> PathBuf {
        self.of_root().join("crl").join("crl.pem")
    }

    /// Where the CRL with a number is kept for good.
    pub(crate) fn crl_number(&self, number: u64) -> PathBuf {
        self.of_root().join("crl").join(format!("{number}.der"))
    }

    /// The names of all document signers, sorted.
    pub(crate) fn signer_names(&self) -> Result<Vec<SignerName>> {
        let folder = self.document_signers();
        let unreadable = |error: &std::io::Error| {
            Failure::usage(format!("cannot read {}", folder.display())).because(error)
        };
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| unreadable(&error))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&error))?;
            // Names beginning with a dot are folders in the making.
            if let Some(name) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    pub(crate) fn missing(&self, what: &str, hint: &str) -> Failure {
        Failure::usage(format!("{} in {}", what, self.root.display())).hint(format!(
            "{hint}; another folder is given by --authority DIR or MDL_AUTHORITY"
        ))
    }
}

/// What a document signer is called on this machine: also the name of its folder.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct SignerName(String);

impl FromStr for SignerName {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let begins_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        if text.len() <= 64 && begins_well && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(
                "expected letters, digits, '-', '_' and '.', at most 64, a letter or digit first"
                    .into(),
            )
        }
    }
}

impl fmt::Display for SignerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_folder() {
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            ".hidden",
            "-x",
            "a b",
            "é",
            &"a".repeat(65),
        ] {
            assert!(name.parse::<SignerName>().is_err(), "{name:?}");
        }
        for name in ["1", "ds-2026.1_a"] {
            assert_eq!(name.parse::<SignerName>().unwrap().to_string(), name);
        }
    }
}
