//! Certificates that AWS Private CA issued or revoked, beside those that the authority knows.

use std::collections::{BTreeMap, BTreeSet};

use mdl_iaca::certificate::{CertificateView, CrlView, DocumentKind, read_documents};
use time::OffsetDateTime;

use super::finding::{Finding, Findings};

/// More certificates than this no authority has.
const MAX_CERTIFICATES: usize = 100_000;

/// What events say about certificates, by serial number.
#[derive(Debug, Default)]
pub(super) struct AuthorityEvents {
    pub(super) issued: BTreeMap<Vec<u8>, OffsetDateTime>,
    pub(super) revoked: BTreeMap<Vec<u8>, OffsetDateTime>,
    pub(super) more: u64,
}

impl AuthorityEvents {
    pub(super) fn issued(&mut self, serial: Vec<u8>, at: OffsetDateTime) {
        self.more += insert(&mut self.issued, serial, at);
    }

    pub(super) fn revoked(&mut self, serial: Vec<u8>, at: OffsetDateTime) {
        self.more += insert(&mut self.revoked, serial, at);
    }

    /// What the authority does not know although it happened.
    pub(super) fn compare(&self, known: &KnownCertificates, findings: &mut Findings) {
        for (serial, at) in &self.issued {
            if !known.certificates.contains(serial) {
                findings.add(Finding::CertificateUnknown {
                    serial: serial.clone(),
                    at: *at,
                });
            }
        }
        for (serial, at) in &self.revoked {
            if !known.revoked.contains(serial) {
                findings.add(Finding::RevocationUnknown {
                    serial: serial.clone(),
                    at: *at,
                });
            }
        }
    }
}

fn insert(map: &mut BTreeMap<Vec<u8>, OffsetDateTime>, serial: Vec<u8>, at: OffsetDateTime) -> u64 {
    if map.len() >= MAX_CERTIFICATES && !map.contains_key(&serial) {
        return 1;
    }
    map.entry(serial).or_insert(at);
    0
}

/// Serial numbers of the certificates and the CRL entries that the authority has.
#[derive(Debug, Default)]
pub(crate) struct KnownCertificates {
    certificates: BTreeSet<Vec<u8>>,
    revoked: BTreeSet<Vec<u8>>,
}

impl KnownCertificates {
    /// Adds what a file holds; whether it held any.
    pub(crate) fn add(&mut self, content: &[u8]) -> bool {
        let documents = read_documents(content).unwrap_or_default();
        let mut found = false;
        for document in &documents {
            if document.kind == DocumentKind::Certificate
                && let Ok(certificate) = CertificateView::from_der(&document.der)
            {
                let serial = without_zeros(certificate.serial().as_bytes());
                self.certificates.insert(serial.to_vec());
                found = true;
            }
            if document.kind == DocumentKind::Crl
                && let Ok(crl) = CrlView::from_der(&document.der)
            {
                let serials = crl.revoked();
                let serials = serials.map(|it| without_zeros(it.serial.as_bytes()).to_vec());
                self.revoked.extend(serials);
                found = true;
            }
        }
        found
    }
}

/// DER puts a zero in front of some numbers; ARNs do not.
pub(super) fn without_zeros(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|octet| **octet == 0).count();
    &serial[zeros..]
}
