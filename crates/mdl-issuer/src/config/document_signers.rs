//! Document signers: those of the tables `[[tenants.authority.document_signers]]`, and those of the folder that
//! `mdl ds issue` and `mdl ds rotate` fill.
//!
//! One that has stopped signing is left out as long as another one signs: after a rotation the old one must not keep a
//! service from starting. One that the CRL lists is left out in any case, also if then nobody signs: what it signed must be
//! withdrawn by somebody. Anything else that is wrong with one is a problem, because it would be
//! missed only when it is needed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mdl_iaca::certificate::{CertificateView, CrlView};
use mdl_iaca::lint::Profile;
use mdl_iaca::path::Role;
use mdl_iaca::trust_anchor::TrustAnchor;
use mdl_signer::key_uri::KeyUri;
use mdl_signer::quota::QuotaScheduler;
use mdl_signer::{DocumentSignerWindow, Signer, SigningGuard};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::authority::{belong_together, certificates, chain, issuing_root, key_id, read_pair};
use super::quantity::{duration, text};
use super::quota::Quotas;
use super::secret_source;
use super::section::Section;
use crate::issuing::StrictReader;
use crate::key_store::KeyStores;
use crate::store::Hash;
use crate::tenant::DocumentSigner;

pub(super) const DOCUMENT_SIGNER: &[&str] = &[
    "certificate",
    "key",
    "passphrase_file",
    "passphrase_env",
    "longest_mso_life",
    "quota",
];
pub(super) const DOCUMENT_SIGNER_FOLDER: &[&str] =
    &["path", "passphrase_file", "passphrase_env", "quota"];

const LISTED: &str = "document_signers";
const FOLDER: &str = "document_signer_folder";

/// What document signers are held against.
pub(super) struct Surroundings<'a> {
    pub(super) iacas: &'a [Vec<u8>],
    /// The authority's CRL.
    pub(super) revoked: Vec<Vec<u8>>,
    /// Of the tenant's documents.
    pub(super) longest_validity: Option<Duration>,
    pub(super) key_stores: &'a KeyStores,
    pub(super) quotas: &'a Quotas,
    pub(super) now: OffsetDateTime,
}

/// A document signer that has not been looked at yet.
struct Candidate {
    certificate: Vec<u8>,
    key: Box<dyn Signer>,
    longest_mso_life: Duration,
    key_store: Option<QuotaScheduler>,
}

/// Why one is not in use.
enum Unusable {
    /// Somebody made a mistake: key and what is wrong.
    Problem(&'static str, String),
    /// It had its time: key and why it is over.
    Over(&'static str, String),
    /// The CRL lists it.
    Revoked,
}

/// All that sign: the listed ones in their order, then those of the folder, the one that stops first before the others.
pub(super) fn read(
    section: &Section<'_>,
    surroundings: &Surroundings<'_>,
) -> Option<Vec<Arc<DocumentSigner>>> {
    let listed = section.sections(LISTED, DOCUMENT_SIGNER);
    let folder = section.optional_section(FOLDER, DOCUMENT_SIGNER_FOLDER);
    if listed.is_empty() && folder.is_none() {
        section.problem(LISTED, "is missing: nothing could be signed");
        return None;
    }
    let mut signers = Vec::new();
    let mut over: Vec<(&Section<'_>, &'static str, String)> = Vec::new();
    let (mut complete, mut any_revoked) = (true, false);
    for section in &listed {
        let Some(candidate) = read_listed(section, surroundings) else {
            complete = false;
            continue;
        };
        match candidate.examine(surroundings) {
            Ok(signer) => signers.push(Arc::new(signer)),
            Err(Unusable::Over(key, why)) => over.push((section, key, why)),
            Err(Unusable::Revoked) => any_revoked = true,
            Err(Unusable::Problem(key, what)) => {
                section.problem(key, what);
                complete = false;
            }
        }
    }
    let mut filed = Vec::new();
    if let Some(section) = &folder {
        match read_folder(section, surroundings) {
            None => complete = false,
            Some(found) => {
                for (name, candidate) in found {
                    let usable = candidate.and_then(|candidate| candidate.examine(surroundings));
                    match usable {
                        Ok(signer) => filed.push(Arc::new(signer)),
                        Err(Unusable::Over(_, why)) => {
                            over.push((section, "path", format!("{name}: {why}")));
                        }
                        Err(Unusable::Revoked) => any_revoked = true,
                        Err(Unusable::Problem(_, what)) => {
                            section.problem("path", format!("{name}: {what}"));
                            complete = false;
                        }
                    }
                }
            }
        }
    }
    filed.sort_by_key(|signer| signer.guard.window().stop_signing());
    for signer in filed {
        // Listed and in the folder: the list says how it is to be used.
        if !signers.iter().any(|known| known.id == signer.id) {
            signers.push(signer);
        }
    }
    if signers.is_empty() && complete && !any_revoked {
        for (section, key, why) in &over {
            section.problem(key, why.clone());
        }
        if over.is_empty() {
            section.problem(
                FOLDER,
                "holds no document signer: make one with `mdl ds issue`",
            );
        }
    }
    (complete && (any_revoked || !signers.is_empty())).then_some(signers)
}

fn read_listed(section: &Section<'_>, surroundings: &Surroundings<'_>) -> Option<Candidate> {
    let life = section.required(
        "longest_mso_life",
        duration(Duration::HOUR..=Duration::DAY * 457),
    );
    let quota = read_quota(section, surroundings.quotas);
    let (certificate, key) = read_pair(section, surroundings.key_stores)?;
    Some(Candidate {
        certificate,
        key,
        longest_mso_life: life?,
        key_store: quota?,
    })
}

/// The schedule that a document signer keeps to, if it names one. `None` if there is no such schedule.
fn read_quota(section: &Section<'_>, quotas: &Quotas) -> Option<Option<QuotaScheduler>> {
    if !section.has("quota") {
        return Some(None);
    }
    let quota = section.optional("quota", |value| {
        let name = text(value)?;
        let quota = quotas.get(&name).map(|quota| quota.scheduler.clone());
        quota.ok_or_else(|| format!("expected the name of one of the [[quotas]], found {name:?}"))
    });
    quota.map(Some)
}

/// Every document signer of the folder by its name, but those that are retired, and those whose key is not there.
fn read_folder(
    section: &Section<'_>,
    surroundings: &Surroundings<'_>,
) -> Option<Vec<(String, Result<Candidate, Unusable>)>> {
    let path = section.required_path("path")?;
    let quota = read_quota(section, surroundings.quotas)?;
    let has_passphrase = section.has("passphrase_file") || section.has("passphrase_env");
    let passphrase = secret_source::optional(section, "passphrase");
    if has_passphrase && passphrase.is_none() {
        return None;
    }
    section.document.follow(&path);
    let mut folders = match folders_in(&path) {
        Ok(folders) => folders,
        Err(error) => {
            section.problem(
                "path",
                format!("{} cannot be read: {error}", path.display()),
            );
            return None;
        }
    };
    folders.sort();
    let mut found = Vec::new();
    for folder in folders {
        for file in [CERTIFICATE, SETTINGS, KEY_FILE, KEY_URI] {
            section.document.follow(&folder.join(file));
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let candidate = read_filed(&folder, passphrase.clone(), &quota, surroundings);
        match candidate {
            Ok(None) => {}
            Ok(Some(candidate)) => found.push((name.into_owned(), Ok(candidate))),
            Err(unusable) => found.push((name.into_owned(), Err(unusable))),
        }
    }
    Some(found)
}

const CERTIFICATE: &str = "certificate.pem";
const SETTINGS: &str = "signer.json";
const KEY_FILE: &str = "key.pem";
const KEY_URI: &str = "key.uri";

/// What `mdl ds issue` writes beside a certificate.
#[derive(Deserialize)]
struct SignerSettings {
    longest_mso_life_days: u32,
    /// When and why it was retired: it signs no more, although it could.
    retired: Option<serde::de::IgnoredAny>,
}

/// Folders whose names begin with a dot are in the making.
fn folders_in(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && entry.path().is_dir() {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

/// `None` for one that is not to be used here.
fn read_filed(
    folder: &Path,
    passphrase: Option<Zeroizing<String>>,
    key_store: &Option<QuotaScheduler>,
    surroundings: &Surroundings<'_>,
) -> Result<Option<Candidate>, Unusable> {
    let problem = |what: String| Unusable::Problem("path", what);
    let settings = std::fs::read(folder.join(SETTINGS))
        .map_err(|error| problem(format!("{SETTINGS} cannot be read: {error}")))?;
    let settings: SignerSettings = serde_json::from_slice(&settings)
        .map_err(|error| problem(format!("{SETTINGS}: {error}")))?;
    let (uri, file) = (folder.join(KEY_URI), folder.join(KEY_FILE));
    let key = match (uri.exists(), file.exists()) {
        _ if settings.retired.is_some() => return Ok(None),
        (true, _) => std::fs::read_to_string(&uri)
            .map_err(|error| problem(format!("{KEY_URI} cannot be read: {error}")))?
            .trim()
            .parse::<KeyUri>()
            .map_err(|error| problem(format!("{KEY_URI}: {error}")))?,
        // Not relative to anything any more.
        (false, true) => std::path::absolute(&file)
            .map(KeyUri::File)
            .map_err(|error| problem(format!("{KEY_FILE}: {error}")))?,
        // The key of a request is with whoever made the request.
        (false, false) => return Ok(None),
    };
    let certificate = certificates(&folder.join(CERTIFICATE))
        .map_err(problem)?
        .swap_remove(0);
    // A key of what is over may be gone.
    is_over(&certificate, surroundings)?;
    let key = surroundings
        .key_stores
        .open_blocking(&key, passphrase)
        .map_err(|error| problem(chain(&error)))?
        .signer;
    match belong_together(&certificate, &*key) {
        Ok(true) => {}
        Ok(false) => return Err(problem("the key is not that of the certificate".to_owned())),
        Err(what) => return Err(problem(what)),
    }
    Ok(Some(Candidate {
        certificate,
        key,
        longest_mso_life: Duration::days(i64::from(settings.longest_mso_life_days)),
        key_store: key_store.clone(),
    }))
}

/// Revoked, or expired.
fn is_over(der: &[u8], surroundings: &Surroundings<'_>) -> Result<(), Unusable> {
    let over = |why: String| Err(Unusable::Over("certificate", why));
    let certificate = CertificateView::from_der(der)
        .map_err(|error| Unusable::Problem("certificate", error.to_string()))?;
    let not_after = certificate.validity().not_after.at;
    if surroundings.now > not_after {
        return over(format!("has expired on {}", not_after.date()));
    }
    let lists_it = |crl: &CrlView<'_>| {
        crl.issuer() == certificate.issuer() && crl.find(certificate.serial()).is_some()
    };
    let mut crls = surroundings.revoked.iter();
    match crls.any(|crl| CrlView::from_der(crl).is_ok_and(|crl| lists_it(&crl))) {
        true => Err(Unusable::Revoked),
        false => Ok(()),
    }
}

impl Candidate {
    /// Holds it against the profile, the root and the time.
    fn examine(self, surroundings: &Surroundings<'_>) -> Result<DocumentSigner, Unusable> {
        let problem = |key, what: String| Unusable::Problem(key, what);
        let Self {
            certificate: der,
            key,
            longest_mso_life: life,
            key_store,
        } = self;
        is_over(&der, surroundings)?;
        let now = surroundings.now;
        let root = issuing_root(
            &der,
            surroundings.iacas,
            Profile::DocumentSigner,
            Role::DocumentSigner,
            now,
        )
        .map_err(|what| problem("certificate", what))?;
        let longest = surroundings.longest_validity;
        if longest.is_some_and(|validity| validity > life) {
            let what = "is less than policy.validity: no document could be signed";
            return Err(problem("longest_mso_life", what.to_owned()));
        }
        let unreadable = |error: &dyn std::error::Error| problem("certificate", error.to_string());
        let certificate = CertificateView::from_der(&der).map_err(|error| unreadable(&error))?;
        let validity = certificate.validity();
        let window = DocumentSignerWindow::new(validity.not_before.at, validity.not_after.at, life)
            .map_err(|error| problem("longest_mso_life", error.to_string()))?;
        if now > window.stop_signing() {
            let stopped = window.stop_signing().date();
            let why =
                format!("has stopped signing on {stopped}: what it signs now could outlive it");
            return Err(Unusable::Over("certificate", why));
        }
        let anchor = TrustAnchor::from_der(root).map_err(|error| unreadable(&error))?;
        let rules = StrictReader::new(anchor, &der, key.public_key().curve());
        let certified = key.public_key().clone();
        let guard = SigningGuard::new(key, &certified, window, Box::new(rules))
            .map_err(|error| problem("key", error.to_string()))?;
        let subject = certificate.subject();
        Ok(DocumentSigner {
            id: Hash::of(&der),
            country: subject.country().map(Into::into),
            state: subject.state_or_province().map(Into::into),
            guard,
            key_store,
            key_id: key_id(&certificate),
            certificate: der.clone(),
        })
    }
}
