//! A trust list in a file: which certificates are trusted, and for what.

use std::path::{Path, PathBuf};

use mdl_iaca::certificate::DocumentKind;
use mdl_iaca::trust_anchor::{RegionScope, TrustAnchor};
use serde::Deserialize;

use crate::failure::{Failure, Result};
use crate::input;

/// A list for every authority of the world is far smaller.
const MAX_BYTES: u64 = 4 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListFile {
    anchor: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Certificates, PEM or DER; relative to the list.
    certificate: PathBuf,
    doc_types: Option<Vec<String>>,
    country: Option<String>,
    state: Option<String>,
}

/// The anchors of a trust list.
///
/// # Errors
/// Exit code 2 for a file that is no list, or a certificate that cannot be used.
pub(super) fn read(path: &Path) -> Result<Vec<TrustAnchor>> {
    let unusable = |why: &str| {
        Failure::usage(format!("{}: {why}", path.display()))
            .hint("`mdl trust build --help` shows a trust list")
    };
    let content = input::read_at_most(path, MAX_BYTES)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(unusable("too large for a trust list"));
    }
    let text =
        std::str::from_utf8(&content).map_err(|_| unusable("expected a trust list, TOML"))?;
    let list: ListFile = toml::from_str(text)
        .map_err(|error| unusable("expected a trust list, TOML").because(&error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut anchors = Vec::new();
    for entry in list.anchor {
        let certificate = folder.join(&entry.certificate);
        for der in input::read_pem_or_der(&certificate, DocumentKind::Certificate)? {
            anchors.push(entry.limit(input::trust_anchor(&certificate, &der)?)?);
        }
    }
    Ok(anchors)
}

impl Entry {
    fn limit(&self, anchor: TrustAnchor) -> Result<TrustAnchor> {
        let anchor = match &self.doc_types {
            None => anchor,
            Some(doc_types) if doc_types.is_empty() => {
                let name = self.certificate.display();
                return Err(Failure::usage(format!("{name}: doc_types is empty"))
                    .hint("leave it out to trust the certificate for every document type"));
            }
            Some(doc_types) => anchor.only_for(doc_types.iter().cloned()),
        };
        Ok(anchor.only_in(RegionScope {
            country: self.country.clone(),
            state: self.state.clone(),
        }))
    }
}
