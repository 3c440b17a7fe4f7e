//! One certificate, one CRL of the inventory.

use std::path::PathBuf;

use mdl_iaca::certificate::{CertificateView, CrlView, KeyUsage};
use mdl_iaca::lint::Profile;
use mdl_issuer::store::Hash;
use time::OffsetDateTime;

use super::alarm::Alarm;
use super::found::{FoundCertificate, FoundCrl, KeyPlace, Unusable};
use crate::certificate_text;

/// How a certificate stands at the time of the inventory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    NotYetValid,
    Valid,
    /// A document signer whose last documents are still out: it expires later than it stops signing.
    StoppedSigning,
    Expired,
    Revoked,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NotYetValid => "not-yet-valid",
            Self::Valid => "valid",
            Self::StoppedSigning => "stopped-signing",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A certificate.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) der: Vec<u8>,
    pub(crate) files: Vec<PathBuf>,
    /// Who has it: tenants and folders.
    pub(super) owners: Vec<String>,
    pub(crate) profile: Option<Profile>,
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) serial: String,
    pub(crate) sha256: String,
    /// What the ledger calls its key.
    pub(crate) key_id: Hash,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    /// When a document signer stops signing, if the longest life of what it signs is known.
    pub(crate) stop_signing: Option<OffsetDateTime>,
    pub(crate) state: State,
    pub(crate) revoked_at: Option<OffsetDateTime>,
    pub(crate) key: Option<KeyPlace>,
    pub(crate) published: Vec<String>,
    pub(crate) crl_url: Option<String>,
    /// SHA-256 of the certificate that issued it, if it is here.
    pub(crate) issued_by: Option<String>,
    /// How many certificates here it issued.
    pub(crate) issued: usize,
    pub(crate) alarm: Option<Alarm>,
    /// Country and state: who needs one of its kind.
    pub(super) jurisdiction: (Option<String>, Option<String>),
}

impl Entry {
    pub(super) fn new(found: FoundCertificate, at: OffsetDateTime) -> Result<Self, Unusable> {
        let view = CertificateView::from_der(&found.der).map_err(|error| Unusable {
            file: found.file.clone(),
            why: error.to_string(),
        })?;
        let profile = profile_of(&view);
        let validity = view.validity();
        let (not_before, not_after) = (validity.not_before.at, validity.not_after.at);
        let subject = view.subject();
        let jurisdiction = (
            subject.country().map(String::from),
            subject.state_or_province().map(String::from),
        );
        let mut entry = Self {
            profile,
            subject: subject.to_string(),
            issuer: view.issuer().to_string(),
            serial: hex::encode(view.serial().as_bytes()),
            sha256: hex::encode(view.fingerprint()),
            key_id: Hash::of(view.public_key_info().der()),
            not_before,
            not_after,
            stop_signing: None,
            state: State::Valid,
            revoked_at: None,
            crl_url: certificate_text::crl_url(&found.der),
            issued_by: None,
            issued: 0,
            alarm: None,
            jurisdiction,
            files: vec![found.file],
            owners: vec![found.owner],
            key: found.key,
            published: found.published,
            der: found.der,
        };
        entry.stops_signing(found.longest_mso_life);
        entry.state = entry.state_at(at);
        Ok(entry)
    }

    /// The same certificate lay in another place, where something else may be known about it.
    pub(super) fn found_again(&mut self, found: FoundCertificate, at: OffsetDateTime) {
        self.files.push(found.file);
        if !self.owners.contains(&found.owner) {
            self.owners.push(found.owner);
        }
        self.key = self.key.or(found.key);
        for address in found.published {
            if !self.published.contains(&address) {
                self.published.push(address);
            }
        }
        if self.stop_signing.is_none() {
            self.stops_signing(found.longest_mso_life);
            self.state = self.state_at(at);
        }
    }

    fn stops_signing(&mut self, longest_mso_life: Option<time::Duration>) {
        if self.profile == Some(Profile::DocumentSigner) {
            self.stop_signing = longest_mso_life.and_then(|life| self.not_after.checked_sub(life));
        }
    }

    fn state_at(&self, at: OffsetDateTime) -> State {
        if at < self.not_before {
            State::NotYetValid
        } else if at > self.not_after {
            State::Expired
        } else if self.stop_signing.is_some_and(|stop| at > stop) {
            State::StoppedSigning
        } else {
            State::Valid
        }
    }

    /// The last moment at which it does its work.
    pub(crate) fn ends(&self) -> OffsetDateTime {
        self.stop_signing.unwrap_or(self.not_after)
    }

    /// Whole days from `at` to the end of validity, negative when that is over.
    pub(crate) fn days_left(&self, at: OffsetDateTime) -> i64 {
        days(self.not_after - at)
    }

    /// What its key is for.
    pub(crate) const fn signs(&self) -> &'static str {
        match self.profile {
            Some(Profile::IacaRoot) => "certificates and CRLs",
            Some(Profile::IacaLink) => "nothing: it vouches for the next root",
            Some(Profile::DocumentSigner) => "mobile security objects (documents)",
            Some(Profile::ReaderAuth) => "requests of readers",
            Some(Profile::OcspSigner) => "OCSP responses",
            Some(Profile::StatusSigner) => "status lists and checkpoints of the ledger",
            Some(Profile::VicalSigner) => "lists of trusted roots (VICAL)",
            _ => "unknown: the certificate does not say",
        }
    }

    pub(super) fn order(&self) -> (u8, &[String], OffsetDateTime, &str) {
        let rank = match self.profile {
            Some(Profile::IacaRoot) => 0,
            Some(Profile::IacaLink) => 1,
            Some(Profile::DocumentSigner) => 2,
            Some(Profile::StatusSigner) => 3,
            _ => 4,
        };
        (rank, &self.owners, self.not_before, &self.sha256)
    }

    /// Whether other certificates may be signed with its key.
    pub(crate) fn is_issuer(&self) -> bool {
        matches!(self.profile, Some(Profile::IacaRoot | Profile::IacaLink))
    }
}

/// The guess of the linter; what lies in a service's place for status signers but has no key purpose counts as one only
/// if it may sign and nothing else.
fn profile_of(view: &CertificateView<'_>) -> Option<Profile> {
    Profile::guess(view).or_else(|| {
        let usage = view.extensions().key_usage().ok()??;
        (usage.bits() == KeyUsage::DIGITAL_SIGNATURE).then_some(Profile::StatusSigner)
    })
}

pub(super) fn days(length: time::Duration) -> i64 {
    length.whole_seconds().div_euclid(86_400)
}

/// Says of each certificate which other one issued it.
pub(super) fn connect(entries: &mut [Entry]) {
    let mut links = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let Ok(view) = CertificateView::from_der(&entry.der) else {
            continue;
        };
        let issuer = entries.iter().position(|issuer| {
            issuer.is_issuer()
                && CertificateView::from_der(&issuer.der).is_ok_and(|issuer| {
                    let key = issuer.public_key_info().public_key();
                    issuer.subject() == view.issuer()
                        && key.is_ok_and(|key| view.verify_signature(&key).is_ok())
                })
        });
        links.extend(issuer.map(|issuer| (number, issuer)));
    }
    for (number, issuer) in links {
        entries[number].issued_by = Some(entries[issuer].sha256.clone());
        if number != issuer {
            entries[issuer].issued += 1;
        }
    }
}

/// A CRL.
#[derive(Clone, Debug)]
pub(crate) struct CrlEntry {
    pub(crate) der: Vec<u8>,
    pub(crate) file: PathBuf,
    pub(crate) issuer: String,
    /// SHA-256 of the root that signed it.
    pub(crate) issued_by: String,
    pub(crate) number: Option<String>,
    pub(crate) this_update: OffsetDateTime,
    pub(crate) next_update: Option<OffsetDateTime>,
    pub(crate) revoked: usize,
    pub(crate) published: Vec<String>,
    pub(crate) alarm: Option<Alarm>,
}

/// The newest CRL of each root, and from it which certificates are revoked. An older one is history.
pub(super) fn current_crls(
    found: Vec<FoundCrl>,
    entries: &mut [Entry],
    at: OffsetDateTime,
    unusable: &mut Vec<Unusable>,
) -> Vec<CrlEntry> {
    let mut current: Vec<(CrlEntry, Vec<u8>)> = Vec::new();
    for crl in found {
        let file = crl.file.clone();
        match read_crl(crl, entries) {
            Ok((entry, number)) => {
                let known = current
                    .iter_mut()
                    .find(|(known, _)| known.issued_by == entry.issued_by);
                match known {
                    Some((known, _)) if known.der == entry.der => {
                        known.published.extend(entry.published)
                    }
                    Some(known) if order(&known.1) < order(&number) => *known = (entry, number),
                    Some(_) => {}
                    None => current.push((entry, number)),
                }
            }
            Err(why) => unusable.push(Unusable { file, why }),
        }
    }
    for (crl, _) in &current {
        let Ok(view) = CrlView::from_der(&crl.der) else {
            continue;
        };
        for entry in entries.iter_mut() {
            let Ok(certificate) = CertificateView::from_der(&entry.der) else {
                continue;
            };
            if certificate.issuer() != view.issuer() || entry.sha256 == crl.issued_by {
                continue;
            }
            if let Some(revoked) = view.find(certificate.serial()) {
                entry.revoked_at = Some(revoked.revocation_date.at);
                if revoked.revocation_date.at <= at {
                    entry.state = State::Revoked;
                }
            }
        }
    }
    current.into_iter().map(|(crl, _)| crl).collect()
}

/// Numbers have any length; without zeros in front the longer is the larger.
fn order(number: &[u8]) -> (usize, &[u8]) {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    let number = number.get(zeros..).unwrap_or_default();
    (number.len(), number)
}

fn read_crl(crl: FoundCrl, entries: &[Entry]) -> Result<(CrlEntry, Vec<u8>), String> {
    let view = CrlView::from_der(&crl.der).map_err(|error| error.to_string())?;
    let issuer = entries.iter().find(|entry| {
        entry.profile == Some(Profile::IacaRoot)
            && CertificateView::from_der(&entry.der).is_ok_and(|root| {
                let key = root.public_key_info().public_key();
                root.subject() == view.issuer()
                    && key.is_ok_and(|key| view.verify_signature(&key).is_ok())
            })
    });
    let issuer = issuer.ok_or("a CRL that no root here signed")?;
    let number = view
        .extensions()
        .crl_number()
        .ok()
        .flatten()
        .unwrap_or_default()
        .to_vec();
    let json = certificate_text::crl_to_json(&crl.der, None).unwrap_or_default();
    let entry = CrlEntry {
        issuer: view.issuer().to_string(),
        issued_by: issuer.sha256.clone(),
        number: json["number"].as_str().map(str::to_owned),
        this_update: view.this_update().at,
        next_update: view.next_update().map(|time| time.at),
        revoked: view.revoked().count(),
        published: crl.published,
        alarm: None,
        file: crl.file,
        der: crl.der.clone(),
    };
    Ok((entry, number))
}
