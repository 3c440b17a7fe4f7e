//! The options that say whom to believe, and what comes of them.

use std::path::{Path, PathBuf};

use clap::Args;
use mdl_iaca::certificate::DocumentKind;
use mdl_iaca::revocation::RevocationEvidence;
use mdl_iaca::trust_anchor::{TrustAnchor, renewed_roots};
use mdl_reader::vical::Vical;
use time::OffsetDateTime;

use super::{Remembered, TrustFinding, list_file, vical, with_causes};
use crate::certificate_text::fingerprint;
use crate::failure::{Failure, Result};
use crate::{files, input};

/// Endings of the names of certificates in a folder.
const CERTIFICATE_ENDINGS: [&str; 4] = ["pem", "der", "crt", "cer"];

/// Where trust anchors come from.
#[derive(Args, Debug)]
pub(crate) struct TrustSources {
    /// A trusted IACA certificate, PEM or DER, or a folder of them (*.pem, *.der, *.crt, *.cer); may be repeated, and a
    /// file may hold several
    #[arg(long, value_name = "FILE|FOLDER")]
    iaca: Vec<PathBuf>,
    /// A trust list (TOML): IACA certificates with the document types, country and state that each is trusted for
    #[arg(long, value_name = "FILE")]
    trust_list: Option<PathBuf>,
    /// A VICAL: trust the IACA certificates that it lists, each for the document types of its entry
    #[arg(long, value_name = "FILE", requires = "vical_root")]
    vical: Option<PathBuf>,
    /// The root certificate of the VICAL's provider, PEM or DER
    #[arg(long, value_name = "FILE", requires = "vical")]
    vical_root: Option<PathBuf>,
    /// Link certificates and the new roots that they are for, PEM or DER: a new root is trusted only if a trusted one
    /// vouches for it; may be repeated
    #[arg(long, value_name = "FILE")]
    link: Vec<PathBuf>,
    /// Remember in this file the newest VICAL and trust bundle that were accepted, and refuse older ones
    #[arg(long, value_name = "FILE")]
    trust_state: Option<PathBuf>,
}

/// The anchors of all sources, and what should be known of these.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) anchors: Vec<TrustAnchor>,
    pub(crate) vical: Option<Vical>,
    pub(crate) findings: Vec<TrustFinding>,
}

impl TrustSources {
    /// What was accepted before.
    pub(crate) fn remembered(&self) -> Result<Remembered> {
        Remembered::read(self.trust_state.as_deref())
    }

    /// Reads and verifies the sources. `more` are anchors from elsewhere, which a link may start from as well.
    ///
    /// # Errors
    /// Exit code 2 for files that are something else, 1 for a source that gives no trust.
    pub(crate) fn gather(
        &self,
        at: OffsetDateTime,
        crls: &[&[u8]],
        more: &[TrustAnchor],
        remembered: &mut Remembered,
    ) -> Result<Gathered> {
        let mut anchors = read_trust_anchors(&self.iaca)?;
        if let Some(list) = &self.trust_list {
            anchors.extend(list_file::read(list)?);
        }
        anchors.extend_from_slice(more);
        let mut findings = Vec::new();
        let vical = match (&self.vical, &self.vical_root) {
            (Some(list), Some(root)) => Some(vical::read(list, root, at, remembered)?),
            _ => None,
        };
        if let Some(vical) = &vical {
            anchors.extend_from_slice(&vical.trust_anchors);
            findings.extend(vical::findings(vical, at));
        }
        self.follow_links(&mut anchors, &mut findings, at, crls)?;
        Ok(Gathered {
            anchors,
            vical,
            findings,
        })
    }

    fn follow_links(
        &self,
        anchors: &mut Vec<TrustAnchor>,
        findings: &mut Vec<TrustFinding>,
        at: OffsetDateTime,
        crls: &[&[u8]],
    ) -> Result<()> {
        let mut certificates = Vec::new();
        for path in &self.link {
            certificates.extend(input::read_pem_or_der(path, DocumentKind::Certificate)?);
        }
        let evidence = RevocationEvidence::Der(crls);
        let (renewed, unused) = renewed_roots(anchors, &certificates, at, &evidence);
        findings.extend(unused.into_iter().map(|(link, reason)| {
            let why = with_causes(&reason);
            TrustFinding::warning("iaca-link", format!("link {}: {why}", fingerprint(link)))
        }));
        anchors.extend(renewed);
        Ok(())
    }
}

/// Every certificate of every file.
///
/// # Errors
/// Exit code 2 for a file without a usable certificate, or a folder without files.
pub(crate) fn read_trust_anchors(paths: &[PathBuf]) -> Result<Vec<TrustAnchor>> {
    let mut anchors = Vec::new();
    for path in paths {
        for file in certificate_files(path)? {
            for der in input::read_pem_or_der(&file, DocumentKind::Certificate)? {
                anchors.push(input::trust_anchor(&file, &der)?);
            }
        }
    }
    Ok(anchors)
}

fn certificate_files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let is_certificate = |file: &PathBuf| {
        file.extension()
            .and_then(|ending| ending.to_str())
            .is_some_and(|ending| CERTIFICATE_ENDINGS.contains(&ending))
    };
    let mut certificates = files::below(path)?;
    certificates.retain(is_certificate);
    if certificates.is_empty() {
        let what = format!("no certificate in {}", path.display());
        return Err(Failure::usage(what).hint("their names end in .pem, .der, .crt or .cer"));
    }
    Ok(certificates)
}
