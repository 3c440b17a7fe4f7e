//! The table `[tenants.authority]`: certificates and keys, held against their profiles before anything is signed.
//!
//! A document signer that does not belong to the root, has expired or is outside its profile would make documents that
//! no reader accepts, and it would be found out only in the field. So the service does not start with one.

use std::path::Path;

use mdl_iaca::certificate::{CertificateView, CrlView, DocumentKind, read_documents};
use mdl_iaca::lint::{Profile, Severity, lint_certificate, lint_crl};
use mdl_iaca::path::{PathConditions, Role};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_signer::key_uri::KeyUri;
use mdl_signer::quota::QuotaScheduler;
use mdl_signer::{DocumentSignerWindow, Signer, SigningGuard};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

use super::quantity::{duration, text};
use super::quota::Quotas;
use super::secret_source;
use super::section::Section;
use crate::issuing::StrictReader;
use crate::key_store::KeyStores;
use crate::store::Hash;
use crate::tenant::{Authority, DocumentSigner, StatusSigner};

pub(super) const AUTHORITY: &[&str] = &[
    "iaca_certificates",
    "crl",
    "document_signers",
    "status_signer",
];
pub(super) const DOCUMENT_SIGNER: &[&str] = &[
    "certificate",
    "key",
    "passphrase_file",
    "passphrase_env",
    "longest_mso_life",
    "quota",
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
    let signers = section.sections("document_signers", DOCUMENT_SIGNER);
    if signers.is_empty() {
        section.problem("document_signers", "is missing: nothing could be signed");
    }
    let status = section.optional_section("status_signer", STATUS_SIGNER);
    let has_status_signer = status.is_some();
    let crl = section.optional_path("crl");
    let iacas = iacas?;
    if let Some(path) = &crl {
        check_crl(section, path, &iacas);
    }
    let signers: Vec<_> = signers
        .iter()
        .filter_map(|signer| {
            let quota = read_quota(signer, quotas)?;
            let signer = read_document_signer(signer, &iacas, longest_validity, key_stores, now)?;
            Some(DocumentSigner {
                key_store: quota,
                ..signer
            })
        })
        .collect();
    let status_signer =
        status.and_then(|status| read_status_signer(&status, &iacas, key_stores, now));
    if signers.is_empty() || (has_status_signer && status_signer.is_none()) {
        return None;
    }
    Some(Authority {
        iacas,
        document_signers: signers,
        status_signer,
        crl,
    })
}

/// Certificates of one file.
fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, String> {
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
fn issuing_root<'i>(
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
fn read_pair(section: &Section<'_>, key_stores: &KeyStores) -> Option<(Vec<u8>, Box<dyn Signer>)> {
    let certificate =
        section
            .required_path("certificate")
            .and_then(|path| match certificates(&path) {
                Ok(found) => found.into_iter().next(),
                Err(what) => {
                    section.problem("certificate", what);
                    None
                }
            });
    let key_uri = section.required("key", |value| {
        text(value)?
            .parse::<KeyUri>()
            .map_err(|error| error.to_string())
    });
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
    let certified = CertificateView::from_der(&certificate)
        .map_err(|error| error.to_string())
        .and_then(|view| {
            view.public_key_info()
                .public_key()
                .map_err(|error| error.to_string())
        });
    match certified {
        Ok(certified) if certified == *key.public_key() => Some((certificate, key)),
        Ok(_) => {
            section.problem("key", "is not the key of the certificate");
            None
        }
        Err(what) => {
            section.problem("certificate", what);
            None
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
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
fn key_id(certificate: &CertificateView<'_>) -> Hash {
    Hash::of(certificate.public_key_info().der())
}

/// The schedule that a document signer keeps to, if it names one. `None` if there is no such schedule.
fn read_quota(section: &Section<'_>, quotas: &Quotas) -> Option<Option<QuotaScheduler>> {
    if !section.has("quota") {
        return Some(None);
    }
    let quota = section.optional("quota", |value| {
        let name = text(value)?;
        let quota = quotas.get(&name).cloned();
        quota.ok_or_else(|| format!("expected the name of one of the [[quotas]], found {name:?}"))
    });
    quota.map(Some)
}

fn read_document_signer(
    section: &Section<'_>,
    iacas: &[Vec<u8>],
    longest_validity: Option<Duration>,
    key_stores: &KeyStores,
    now: OffsetDateTime,
) -> Option<DocumentSigner> {
    let life = section.required(
        "longest_mso_life",
        duration(Duration::HOUR..=Duration::DAY * 457),
    );
    let (der, key) = read_pair(section, key_stores)?;
    let problem = |what: String| section.problem("certificate", what);
    let root = issuing_root(
        &der,
        iacas,
        Profile::DocumentSigner,
        Role::DocumentSigner,
        now,
    )
    .map_err(problem)
    .ok()?;
    let life = life?;
    if longest_validity.is_some_and(|validity| validity > life) {
        section.problem(
            "longest_mso_life",
            "is less than policy.validity: no document could be signed",
        );
        return None;
    }
    let certificate = CertificateView::from_der(&der).ok()?;
    let validity = certificate.validity();
    let window = DocumentSignerWindow::new(validity.not_before.at, validity.not_after.at, life)
        .map_err(|error| section.problem("longest_mso_life", error.to_string()))
        .ok()?;
    if now > window.stop_signing() {
        problem(format!(
            "has stopped signing on {}: what it signs now could outlive it",
            window.stop_signing().date()
        ));
        return None;
    }
    let anchor = TrustAnchor::from_der(root).ok()?;
    let rules = StrictReader::new(anchor, &der, key.public_key().curve());
    let certified = key.public_key().clone();
    let guard = SigningGuard::new(key, &certified, window, Box::new(rules))
        .map_err(|error| section.problem("key", error.to_string()))
        .ok()?;
    let subject = certificate.subject();
    Some(DocumentSigner {
        id: Hash::of(&der),
        country: subject.country().map(Into::into),
        state: subject.state_or_province().map(Into::into),
        guard,
        key_store: None,
        key_id: key_id(&certificate),
        certificate: der.clone(),
    })
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

/// The CRL is read anew for each answer; at the start it must be there and belong to a root.
fn check_crl(section: &Section<'_>, path: &Path, iacas: &[Vec<u8>]) {
    let check = || -> Result<(), String> {
        let content = std::fs::read(path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        let crl =
            CrlView::from_der(&content).map_err(|error| format!("not a CRL in DER: {error}"))?;
        let mut last = String::new();
        for iaca in iacas {
            let issuer = CertificateView::from_der(iaca).map_err(|error| error.to_string())?;
            let findings = lint_crl(&crl, Some(&issuer));
            match findings
                .iter()
                .find(|finding| finding.severity() == Severity::Error)
            {
                None => return Ok(()),
                Some(finding) => last = finding.to_string(),
            }
        }
        Err(format!("is no CRL of iaca_certificates: {last}"))
    };
    if let Err(what) = check() {
        section.problem("crl", what);
    }
}
