//! The table `[tenants.authority]`: certificates and keys, held against their profiles before anything is signed.
//!
//! A document signer that does not belong to the root, has expired or is outside its profile would make documents that
//! no reader accepts, and it would be found out only in the field. So the service does not start with one.

use std::path::{Path, PathBuf};

use mdl_iaca::certificate::{CertificateView, CrlView, DocumentKind, read_documents};
use mdl_iaca::lint::{Profile, Severity, lint_certificate, lint_crl};
use mdl_iaca::path::{PathConditions, Role};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_signer::Signer;
use mdl_signer::key_uri::KeyUri;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

use super::document_signers::{self, Surroundings};
use super::quantity::text;
use super::quota::Quotas;
use super::secret_source;
use super::section::Section;
use crate::key_store::KeyStores;
use crate::store::Hash;
use crate::tenant::{Authority, StatusSigner};

pub(super) const AUTHORITY: &[&str] = &[
    "iaca_certificates",
    "crl",
    "further_crls",
    "document_signers",
    "document_signer_folder",
    "status_signer",
];
pub(super) const STATUS_SIGNER: &[&str] =
    &["certificate", "key", "passphrase_file", "passphrase_env"];

pub(super) fn read(
    section: &Section<'_>,
    longest_validity: Option<Duration>,
    key_stores: &KeyStores,
    quotas: &Quotas,
    now: OffsetDateTime,
) -> Option<Authority> {
    let iacas = read_iacas(section, now);
    let status = section.optional_section("status_signer", STATUS_SIGNER);
    let has_status_signer = status.is_some();
    let crls = crl_paths(section);
    let iacas = iacas?;
    let revoked = crls
        .iter()
        .filter_map(|(key, path)| read_crl(section, key, path, &iacas))
        .collect();
    let document_signers = document_signers::read(
        section,
        &Surroundings {
            iacas: &iacas,
            revoked,
            longest_validity,
            key_stores,
            quotas,
            now,
        },
    );
    let status_signer =
        status.and_then(|status| read_status_signer(&status, &iacas, key_stores, now));
    if has_status_signer && status_signer.is_none() {
        return None;
    }
    Some(Authority {
        iacas,
        document_signers: document_signers?,
        status_signer,
        crls: crls.into_iter().map(|(_, path)| path).collect(),
    })
}

/// Certificates of one file.
pub(super) fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let content = std::fs::read(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let documents =
        read_documents(&content).map_err(|error| format!("{}: {error}", path.display()))?;
    let certificates: Vec<_> = documents
        .into_iter()
        .filter(|document| document.kind == DocumentKind::Certificate)
        .map(|document| document.der)
        .collect();
    if certificates.is_empty() {
        return Err(format!("{} holds no certificate", path.display()));
    }
    Ok(certificates)
}

fn read_iacas(section: &Section<'_>, now: OffsetDateTime) -> Option<Vec<Vec<u8>>> {
    const KEY: &str = "iaca_certificates";
    let paths = section.paths(KEY)?;
    let mut iacas = Vec::new();
    for path in &paths {
        section.document.follow(path);
        match certificates(path) {
            Ok(found) => iacas.extend(found),
            Err(what) => section.problem(KEY, what),
        }
    }
    if paths.is_empty() {
        section.problem(KEY, "is missing");
    }
    let mut complete = !iacas.is_empty();
    for der in &iacas {
        if let Err(what) = lint(der, Profile::IacaRoot, None).and_then(|()| in_validity(der, now)) {
            section.problem(KEY, what);
            complete = false;
        }
    }
    complete.then_some(iacas)
}

/// Roots that this service trusts and did not make: any certificates that are valid.
pub(super) fn read_anchors(
    section: &Section<'_>,
    key: &'static str,
    now: OffsetDateTime,
) -> Option<Vec<Vec<u8>>> {
    let mut anchors = Vec::new();
    for path in section.paths(key)? {
        let found = certificates(&path).and_then(|found| {
            found.iter().try_for_each(|der| in_validity(der, now))?;
            Ok(found)
        });
        match found {
            Ok(found) => anchors.extend(found),
            Err(what) => section.problem(key, what),
        }
    }
    Some(anchors)
}

/// Refuses a certificate that breaches its profile.
fn lint(der: &[u8], profile: Profile, issuer: Option<&[u8]>) -> Result<(), String> {
    let certificate =
        CertificateView::from_der(der).map_err(|error| format!("not a certificate: {error}"))?;
    let issuer = issuer
        .map(CertificateView::from_der)
        .transpose()
        .map_err(|error| error.to_string())?;
    let findings = lint_certificate(&certificate, Some(profile), issuer.as_ref());
    let errors: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity() == Severity::Error)
        .map(ToString::to_string)
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "breaches the profile {profile}: {}",
            errors.join("; ")
        ))
    }
}

fn in_validity(der: &[u8], now: OffsetDateTime) -> Result<(), String> {
    let certificate = CertificateView::from_der(der).map_err(|error| error.to_string())?;
    let validity = certificate.validity();
    if validity.contains(now) {
        return Ok(());
    }
    Err(format!(
        "is valid from {} to {} only",
        validity.not_before.at.date(),
        validity.not_after.at.date()
    ))
}

/// The root that a certificate leads to: profile, signature, names, times.
pub(super) fn issuing_root<'i>(
    der: &[u8],
    iacas: &'i [Vec<u8>],
    profile: Profile,
    role: Role,
    now: OffsetDateTime,
) -> Result<&'i [u8], String> {
    let mut reasons = Vec::new();
    for iaca in iacas {
        let anchor = match TrustAnchor::from_der(iaca) {
            Ok(anchor) => anchor,
            Err(error) => return Err(error.to_string()),
        };
        let examined = TrustAnchors::new([anchor]).examine(&[der], role);
        let report = examined.evaluate(&PathConditions::at(now));
        let failures: Vec<_> = report
            .failures()
            .map(|step| {
                let reason = step
                    .reason
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                format!("{}: {reason}", step.check)
            })
            .collect();
        if failures.is_empty() {
            lint(der, profile, Some(iaca))?;
            return Ok(iaca);
        }
        reasons = failures;
    }
    Err(format!(
        "has no valid path to iaca_certificates: {}",
        reasons.join("; ")
    ))
}

/// The first certificate of the file under `certificate`, and the key under `key`, which must be its own.
pub(super) fn read_pair(
    section: &Section<'_>,
    key_stores: &KeyStores,
) -> Option<(Vec<u8>, Box<dyn Signer>)> {
    let certificate = section.required_path("certificate").and_then(|path| {
        section.document.follow(&path);
        match certificates(&path) {
            Ok(found) => found.into_iter().next(),
            Err(what) => {
                section.problem("certificate", what);
                None
            }
        }
    });
    let key_uri = section.required("key", |value| {
        text(value)?
            .parse::<KeyUri>()
            .map_err(|error| error.to_string())
    });
    if let Some(KeyUri::File(path)) = &key_uri {
        section
            .document
            .follow(&section.document.folder().join(path));
    }
    let has_passphrase = section.has("passphrase_file") || section.has("passphrase_env");
    let passphrase = secret_source::optional(section, "passphrase");
    if has_passphrase && passphrase.is_none() {
        return None;
    }
    let key = key_uri.and_then(|uri| match key_stores.open_blocking(&uri, passphrase) {
        Ok(key) => Some(key.signer),
        Err(error) => {
            section.problem("key", chain(&error));
            None
        }
    });
    let (certificate, key) = (certificate?, key?);
    match belong_together(&certificate, &*key) {
        Ok(true) => Some((certificate, key)),
        Ok(false) => {
            section.problem("key", "is not the key of the certificate");
            None
        }
        Err(what) => {
            section.problem("certificate", what);
            None
        }
    }
}

/// Whether the certificate is about the key.
pub(super) fn belong_together(certificate: &[u8], key: &dyn Signer) -> Result<bool, String> {
    let certificate = CertificateView::from_der(certificate).map_err(|error| error.to_string())?;
    let certified = certificate.public_key_info().public_key();
    Ok(certified.map_err(|error| error.to_string())? == *key.public_key())
}

pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// SHA-256 of the SubjectPublicKeyInfo.
pub(super) fn key_id(certificate: &CertificateView<'_>) -> Hash {
    Hash::of(certificate.public_key_info().der())
}

fn read_status_signer(
    section: &Section<'_>,
    iacas: &[Vec<u8>],
    key_stores: &KeyStores,
    now: OffsetDateTime,
) -> Option<StatusSigner> {
    let (der, key) = read_pair(section, key_stores)?;
    issuing_root(
        &der,
        iacas,
        Profile::StatusSigner,
        Role::MsoRevocationListSigner,
        now,
    )
    .map_err(|what| section.problem("certificate", what))
    .ok()?;
    let key_id = key_id(&CertificateView::from_der(&der).ok()?);
    Some(StatusSigner {
        certificate: der,
        signer: Arc::from(key),
        key_id,
    })
}

/// The lists of the roots, each with the key that names it.
fn crl_paths(section: &Section<'_>) -> Vec<(&'static str, PathBuf)> {
    let first = section.optional_path("crl").map(|path| ("crl", path));
    let further = section.paths("further_crls").unwrap_or_default();
    if first.is_none() && !further.is_empty() {
        section.problem(
            "further_crls",
            "without crl, there is nothing that they follow",
        );
    }
    let further = further.into_iter().map(|path| ("further_crls", path));
    first.into_iter().chain(further).collect()
}

/// The CRL is read anew for each answer. Whenever the authority is read it must be there and belong to a root; what it
/// lists signs nothing.
fn read_crl(
    section: &Section<'_>,
    key: &'static str,
    path: &Path,
    iacas: &[Vec<u8>],
) -> Option<Vec<u8>> {
    section.document.follow(path);
    current_crl(path, iacas)
        .map_err(|what| section.problem(key, what))
        .ok()
}

/// A CRL that is good by the profile, signed by one of the roots.
pub(crate) fn current_crl(path: &Path, iacas: &[Vec<u8>]) -> Result<Vec<u8>, String> {
    let content = std::fs::read(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let crl = CrlView::from_der(&content).map_err(|error| format!("not a CRL in DER: {error}"))?;
    let mut last = String::new();
    for iaca in iacas {
        let issuer = CertificateView::from_der(iaca).map_err(|error| error.to_string())?;
        let findings = lint_crl(&crl, Some(&issuer));
        match findings
            .iter()
            .find(|finding| finding.severity() == Severity::Error)
        {
            None => return Ok(content),
            Some(finding) => last = finding.to_string(),
        }
    }
    Err(format!("is no CRL of iaca_certificates: {last}"))
}
