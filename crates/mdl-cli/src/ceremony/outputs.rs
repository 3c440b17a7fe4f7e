//! The files that a ceremony leaves in the folders of authorities, as the other commands make and read them.
//!
//! They are written from the transcript, so that a run that died writes the same again. A file that is there already
//! must be the same file.

use std::fs;
use std::path::{Path, PathBuf};

use mdl_iaca::certificate::DocumentKind;
use serde_json::json;

use super::outline::sha256;
use super::script::Ceremony;
use super::step::Step;
use super::structure::StructureKind;
use super::transcript::PlacedFile;
use crate::authority::{AuthorityFolder, SignerName, key_uri_line};
use crate::failure::{Failure, Result};
use crate::files::{Readers, replace, write_new};
use crate::{input, pem};

/// What a step has made.
pub(super) struct Made {
    pub(super) step: String,
    pub(super) kind: StructureKind,
    pub(super) der: Vec<u8>,
}

/// A file as it is to be.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Output {
    path: PathBuf,
    content: Vec<u8>,
    /// Whether it takes the place of an older version of itself.
    replaces: bool,
    /// Whether it says where a key is, which is nobody's business.
    is_private: bool,
}

/// Every file, in the order in which they are written. `uris` has where the keys are, as far as the caller knows.
pub(super) fn outputs(
    ceremony: &Ceremony,
    made: &[Made],
    uris: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Output>> {
    let mut outputs = Vec::new();
    for step in &ceremony.steps {
        let of_step = |kind| {
            let mut made = made.iter();
            made.find(|made| made.step == step.name() && made.kind == kind)
                .map(|made| made.der.as_slice())
        };
        match step {
            Step::Key(_) => {}
            Step::Root(root) => {
                let folder = authority_folder(ceremony, &root.name)?.iaca();
                let certificate = of_step(StructureKind::RootCertificate);
                outputs.extend(pem_file(folder.join("certificate.pem"), certificate));
                outputs.extend(key_file(&folder, &root.key, uris)?);
            }
            Step::Link(link) => {
                let place = authority_folder(ceremony, &link.new)?.link();
                let certificate = of_step(StructureKind::LinkCertificate);
                outputs.extend(pem_file(place, certificate));
            }
            Step::DocumentSigner(signer) => {
                let name: SignerName = signer.name.parse().map_err(Failure::usage)?;
                let folder = authority_folder(ceremony, &signer.issuer)?.document_signer(&name);
                let certificate = of_step(StructureKind::DocumentSignerCertificate);
                outputs.extend(pem_file(folder.join("certificate.pem"), certificate));
                let request = match &signer.request {
                    Some(request) => Some(super::script::one_pem(request, DocumentKind::Csr)?),
                    None => of_step(StructureKind::CertificationRequest).map(<[u8]>::to_vec),
                };
                outputs.extend(request.map(|der| Output {
                    path: folder.join("request.pem"),
                    content: pem::encode(DocumentKind::Csr.pem_label(), &der).into_bytes(),
                    replaces: false,
                    is_private: false,
                }));
                let days = signer.longest_mso_life_days;
                let settings = format!("{:#}\n", json!({ "longest_mso_life_days": days }));
                outputs.push(Output {
                    path: folder.join("signer.json"),
                    content: settings.into_bytes(),
                    replaces: false,
                    is_private: false,
                });
                if let Some(key) = &signer.key {
                    outputs.extend(key_file(&folder, key, uris)?);
                }
            }
            Step::Crl(crl) => {
                let folder = authority_folder(ceremony, &crl.issuer)?;
                let Some(der) = of_step(StructureKind::Crl) else {
                    continue;
                };
                let pem = pem::encode("X509 CRL", der).into_bytes();
                let files = [
                    (folder.crl_number(crl.number), der.to_vec(), false),
                    (folder.crl(), der.to_vec(), true),
                    (folder.crl_pem(), pem, true),
                ];
                outputs.extend(files.map(|(path, content, replaces)| Output {
                    path,
                    content,
                    replaces,
                    is_private: false,
                }));
            }
        }
    }
    Ok(outputs)
}

fn pem_file(path: PathBuf, der: Option<&[u8]>) -> Option<Output> {
    der.map(|der| Output {
        path,
        content: pem::encode(DocumentKind::Certificate.pem_label(), der).into_bytes(),
        replaces: false,
        is_private: false,
    })
}

fn key_file(
    folder: &Path,
    key: &str,
    uris: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Output>> {
    let Some(uri) = uris(key) else {
        return Ok(None);
    };
    let uri = uri
        .parse()
        .map_err(|error| Failure::usage(format!("the uri of key {key}")).because(&error))?;
    Ok(Some(Output {
        path: folder.join("key.uri"),
        content: key_uri_line(&uri)?.into_bytes(),
        replaces: false,
        is_private: true,
    }))
}

/// The folder of an issuer, which is a step or existed before.
pub(super) fn authority_folder(ceremony: &Ceremony, issuer: &str) -> Result<AuthorityFolder> {
    if let Some(existing) = ceremony.issuers.get(issuer) {
        return Ok(existing.folder.clone());
    }
    let mut steps = ceremony.steps.iter();
    let folder = steps.find_map(|step| match step {
        Step::Root(root) if root.name == issuer => {
            let folder = AuthorityFolder::new(ceremony.path(&root.folder));
            Some(folder.with_root(root.number))
        }
        _ => None,
    });
    folder.ok_or_else(|| Failure::usage(format!("there is no issuer {issuer}")))
}

impl Output {
    /// Refuses early what [`write`](Self::write) would refuse.
    pub(super) fn refuse_other(&self) -> Result<()> {
        if self.replaces || self.path.symlink_metadata().is_err() || self.is_there()? {
            return Ok(());
        }
        let what = format!("{} exists and is another file", self.path.display());
        Err(Failure::usage(what).hint("a ceremony overwrites nothing: move it away"))
    }

    /// Whether the file is as it is to be.
    pub(super) fn is_there(&self) -> Result<bool> {
        Ok(self.path.exists() && input::read(&self.path)? == self.content)
    }

    pub(super) fn write(&self) -> Result<()> {
        if self.is_there()? {
            return Ok(());
        }
        self.refuse_other()?;
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent).map_err(|error| {
                Failure::usage(format!("cannot write {}", parent.display())).because(&error)
            })?;
        }
        let readers = match self.is_private {
            true => Readers::Owner,
            false => Readers::Everyone,
        };
        match self.replaces {
            true => replace(&self.path, &self.content, readers),
            false => write_new(&self.path, &self.content, readers),
        }
    }

    /// As the transcript names it; nothing for what depends on the machine.
    pub(super) fn placed(&self, ceremony: &Ceremony) -> Option<PlacedFile> {
        let path = self
            .path
            .strip_prefix(&ceremony.folder)
            .unwrap_or(&self.path);
        (!self.is_private).then(|| PlacedFile {
            file: path.display().to_string(),
            sha256: sha256(&self.content),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
