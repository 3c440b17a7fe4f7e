//! Certificates and CRLs as they were found, before anything is made of them.

use std::path::{Path, PathBuf};

use mdl_iaca::certificate::{DocumentKind, read_documents};
use time::Duration;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(super) certificates: Vec<FoundCertificate>,
    pub(super) crls: Vec<FoundCrl>,
    pub(super) unusable: Vec<Unusable>,
}

/// A certificate, and what is known about it from where it lay.
#[derive(Clone, Debug)]
pub(super) struct FoundCertificate {
    pub(super) file: PathBuf,
    pub(super) der: Vec<u8>,
    /// The tenant, or the folder: what has to have a certificate of each kind.
    pub(super) owner: String,
    pub(super) longest_mso_life: Option<Duration>,
    pub(super) key: Option<KeyPlace>,
    /// Addresses at which the certificate is to be had.
    pub(super) published: Vec<String>,
}

/// A CRL.
#[derive(Clone, Debug)]
pub(super) struct FoundCrl {
    pub(super) file: PathBuf,
    pub(super) der: Vec<u8>,
    pub(super) published: Vec<String>,
}

/// Where the key of a certificate is kept, as far as it is known here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyPlace {
    /// In an encrypted file.
    File,
    /// In a PKCS#11 token.
    Pkcs11,
    /// In AWS KMS.
    AwsKms,
}

impl KeyPlace {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Pkcs11 => "pkcs11",
            Self::AwsKms => "aws-kms",
        }
    }

    /// The key store of a key's URI, as the configuration and the folder have it.
    pub(super) fn of_uri(uri: &str) -> Self {
        if uri.starts_with("pkcs11:") {
            Self::Pkcs11
        } else if uri.starts_with("awskms:") {
            Self::AwsKms
        } else {
            Self::File
        }
    }
}

/// A file that cannot be used, and why.
#[derive(Clone, Debug)]
pub(crate) struct Unusable {
    pub(crate) file: PathBuf,
    pub(crate) why: String,
}

impl Found {
    pub(super) fn unusable(&mut self, file: &Path, why: impl ToString) {
        self.unusable.push(Unusable {
            file: file.to_owned(),
            why: why.to_string(),
        });
    }

    /// Takes what a file holds. `like` says what is known of its certificates.
    pub(super) fn take(&mut self, content: &[u8], like: &FoundCertificate) {
        let documents = match read_documents(content) {
            Ok(documents) => documents,
            Err(error) => return self.unusable(&like.file, error),
        };
        for document in documents {
            match document.kind {
                DocumentKind::Certificate => self.certificates.push(FoundCertificate {
                    der: document.der,
                    ..like.clone()
                }),
                DocumentKind::Crl => self.crls.push(FoundCrl {
                    file: like.file.clone(),
                    der: document.der,
                    published: Vec::new(),
                }),
                DocumentKind::Csr => {}
            }
        }
    }
}

impl FoundCertificate {
    pub(super) fn new(file: PathBuf, owner: &str) -> Self {
        Self {
            file,
            der: Vec::new(),
            owner: owner.to_owned(),
            longest_mso_life: None,
            key: None,
            published: Vec::new(),
        }
    }
}
