//! The authority's roots, when it has changed its key: the old ones go on until nothing of theirs is in use.
//!
//! A root that has been followed by another still signs CRLs, for the certificates that it issued, and is still published,
//! for the readers that check them. It is retired when the last of them is over.

use std::path::{Path, PathBuf};

use mdl_iaca::certificate::{CertificateView, CrlView, DocumentKind};
use serde_json::json;
use time::OffsetDateTime;

use super::AuthorityFolder;
use crate::failure::{Failure, Result};
use crate::files::{self, Readers, replace, write_new};
use crate::verification_report::rfc3339;
use crate::{input, pem};

/// Beside the certificate of a root that is published no more: when that was decided.
pub(crate) const RETIRED: &str = "retired.json";

impl AuthorityFolder {
    /// All roots, the first one first.
    pub(crate) fn roots(&self) -> Vec<Self> {
        let numbers = 1..=self.newest_root();
        numbers.map(|number| self.with_root(number)).collect()
    }

    /// Those that are published and sign CRLs.
    pub(crate) fn roots_in_use(&self) -> Vec<Self> {
        let mut roots = self.roots();
        roots.retain(|root| !root.is_retired());
        roots
    }

    /// The root with this number.
    ///
    /// # Errors
    /// Exit code 2 if there is none.
    pub(crate) fn root_numbered(&self, number: u32) -> Result<Self> {
        match number {
            1.. if number <= self.newest_root() => Ok(self.with_root(number)),
            _ => Err(self.missing(
                &format!("there is no root {number}"),
                &format!("there are {}, counted from 1", self.newest_root()),
            )),
        }
    }

    /// The root that issued a certificate, if it is one of these.
    pub(crate) fn root_of(&self, certificate: &[u8]) -> Option<Self> {
        let view = CertificateView::from_der(certificate).ok()?;
        self.roots().into_iter().rev().find(|root| {
            root.read_iaca().is_ok_and(|iaca| {
                iaca.issuer.subject() == view.issuer().der()
                    && view.verify_signature(iaca.issuer.key()).is_ok()
            })
        })
    }

    /// When this root revoked a certificate of its own, if it did.
    pub(super) fn revokes(
        &self,
        certificate: &CertificateView<'_>,
    ) -> Result<Option<OffsetDateTime>> {
        if !self.crl().exists() {
            return Ok(None);
        }
        let der = input::read_one_pem_or_der(&self.crl(), DocumentKind::Crl)?;
        let crl = CrlView::from_der(&der).map_err(|error| {
            Failure::usage(format!("{}: not a readable CRL", self.crl().display())).because(&error)
        })?;
        let entry = crl.find(certificate.serial());
        Ok(entry.map(|entry| entry.revocation_date.at))
    }

    fn is_retired(&self) -> bool {
        self.iaca().join(RETIRED).exists()
    }

    /// The certificate by which the root before this one vouches for it.
    pub(crate) fn link(&self) -> PathBuf {
        self.folder_of_root(self.root_number()).join("link.pem")
    }

    /// Has this root sign and be published no more. `false`: it was so already.
    ///
    /// # Errors
    /// Exit code 1 while a certificate that it issued is valid, or nothing has followed it.
    pub(crate) fn retire_root(&self, at: OffsetDateTime) -> Result<bool> {
        let number = self.root_number();
        if number == self.newest_root() {
            return Err(
                Failure::no(format!("nothing has followed root {number} yet"))
                    .hint("make the next one with `mdl iaca renew`"),
            );
        }
        if self.is_retired() {
            return Ok(false);
        }
        let in_use = self.certificates_in_use(at)?;
        if !in_use.is_empty() {
            let what = format!("certificates of root {number} are valid");
            return Err(Failure::no(what).hint(format!(
                "wait for their end, or revoke them and publish the CRL: {}",
                in_use.join("; ")
            )));
        }
        let text = format!("{:#}\n", json!({ "retired_at": rfc3339(at) }));
        write_new(
            &self.iaca().join(RETIRED),
            text.as_bytes(),
            Readers::Everyone,
        )?;
        Ok(true)
    }

    /// What it issued that is neither over nor revoked. The link certificate to its successor does not count: it ends
    /// with it.
    fn certificates_in_use(&self, at: OffsetDateTime) -> Result<Vec<String>> {
        let mut in_use = Vec::new();
        for kind in ["ds", "status"] {
            let folder = self.root().join(kind);
            if !folder.exists() {
                continue;
            }
            for file in files::below(&folder)? {
                if file
                    .file_name()
                    .is_none_or(|name| name != "certificate.pem")
                {
                    continue;
                }
                let der = input::read_one_pem_or_der(&file, DocumentKind::Certificate)?;
                if self.root_of(&der).map(|root| root.root_number()) != Some(self.root_number()) {
                    continue;
                }
                let view = CertificateView::from_der(&der).map_err(|error| {
                    Failure::usage(format!("{}: damaged", file.display())).because(&error)
                })?;
                let ends = view.validity().not_after.at;
                if at <= ends && self.revokes(&view)?.is_none() {
                    let name = file.strip_prefix(self.root()).unwrap_or(&file);
                    let name = name.parent().unwrap_or(name).display();
                    in_use.push(format!("{name} until {}", rfc3339(ends)));
                }
            }
        }
        Ok(in_use)
    }
}

/// What readers get from an authority: its roots, and the link certificates between them.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// Names and contents of the files.
    files: Vec<(String, Vec<u8>)>,
}

impl Bundle {
    /// Of all roots in use, the newest first.
    ///
    /// # Errors
    /// Exit code 2 if a file is missing or damaged.
    pub(crate) fn of(folder: &AuthorityFolder) -> Result<Self> {
        let (mut all, mut files) = (String::new(), Vec::new());
        for root in folder.roots_in_use().into_iter().rev() {
            let number = root.root_number();
            let der = root.read_iaca()?.der;
            all.push_str(&pem::encode("CERTIFICATE", &der));
            files.push((format!("iaca-{number}.cer"), der));
            // Whoever knows only a root that is in use no more is not led on from it.
            let leads_here = folder
                .roots_in_use()
                .iter()
                .any(|before| before.root_number() + 1 == number);
            if root.link().exists() && leads_here {
                let link = input::read_one_pem_or_der(&root.link(), DocumentKind::Certificate)?;
                files.push((format!("link-{number}.cer"), link));
            }
        }
        files.insert(0, ("iaca.pem".to_owned(), all.into_bytes()));
        Ok(Self { files })
    }

    /// Writes the files into a folder, and takes out what an earlier bundle had and this one has not. Returns their
    /// paths.
    ///
    /// # Errors
    /// Exit code 2 if the folder cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let failed = |path: &Path, error: &std::io::Error| {
            Failure::usage(format!("cannot write {}", path.display())).because(error)
        };
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        let mut written = Vec::new();
        for (name, content) in &self.files {
            let path = folder.join(name);
            replace(&path, content, Readers::Everyone)?;
            written.push(path);
        }
        let entries = folder.read_dir().map_err(|error| failed(folder, &error))?;
        for entry in entries {
            let path = entry.map_err(|error| failed(folder, &error))?.path();
            if is_of_a_bundle(&path) && !written.contains(&path) {
                std::fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
            }
        }
        Ok(written)
    }
}

/// `iaca-N.cer` and `link-N.cer`.
fn is_of_a_bundle(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let number = ["iaca-", "link-"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .and_then(|rest| rest.strip_suffix(".cer"));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_a_bundle_are_taken_out() {
        for ours in ["iaca-1.cer", "link-12.cer"] {
            assert!(is_of_a_bundle(Path::new(ours)), "{ours}");
        }
        for foreign in [
            "iaca.pem",
            "iaca-.cer",
            "iaca-x.cer",
            "link-1.pem",
            "1.cer",
            "iaca-1.cer.old",
        ] {
            assert!(!is_of_a_bundle(Path::new(foreign)), "{foreign}");
        }
    }
}
