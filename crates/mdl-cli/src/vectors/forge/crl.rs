//! CRLs field by field (Table B.10).

use mdl_crypto::{PrivateKey, PublicKey};

use super::certificate::{AUTHORITY_KEY_IDENTIFIER, Extension, Name, authority, ecdsa_with};
use super::der::{INTEGER, SEQUENCE, bit_string, sequence, time, tlv};

pub(crate) const CRL_NUMBER: &str = "2.5.29.20";
pub(crate) const REASON_CODE: &str = "2.5.29.21";
pub(crate) const DELTA_CRL_INDICATOR: &str = "2.5.29.27";
pub(crate) const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";

/// A CRL open to change.
#[derive(Clone, Debug)]
pub(crate) struct Crl {
    pub(crate) inner_algorithm: Vec<u8>,
    pub(crate) outer_algorithm: Vec<u8>,
    pub(crate) issuer: Name,
    /// `Time`.
    pub(crate) this_update: Vec<u8>,
    /// `Time`.
    pub(crate) next_update: Option<Vec<u8>>,
    pub(crate) revoked: Vec<Revoked>,
    pub(crate) extensions: Vec<Extension>,
}

/// One entry.
#[derive(Clone, Debug)]
pub(crate) struct Revoked {
    /// Content octets.
    pub(crate) serial: Vec<u8>,
    pub(crate) extensions: Vec<Extension>,
}

impl Crl {
    /// The list of June 2026, which lists nothing.
    pub(crate) fn new(issuer: &Name, key: &PublicKey) -> Self {
        Self {
            inner_algorithm: ecdsa_with(key.curve()),
            outer_algorithm: ecdsa_with(key.curve()),
            issuer: issuer.clone(),
            this_update: time("2026-06-01T00:00:00Z"),
            next_update: Some(time("2026-07-01T00:00:00Z")),
            revoked: Vec::new(),
            extensions: vec![
                Extension {
                    oid: AUTHORITY_KEY_IDENTIFIER,
                    critical: false,
                    value: authority(key),
                },
                Extension {
                    oid: CRL_NUMBER,
                    critical: false,
                    value: tlv(INTEGER, &[7]),
                },
            ],
        }
    }

    /// The same list with an entry for this serial number.
    pub(crate) fn revoke(mut self, serial: &[u8]) -> Self {
        self.revoked.push(Revoked {
            serial: serial.to_vec(),
            extensions: Vec::new(),
        });
        self
    }

    pub(crate) fn sign(&self, key: &PrivateKey) -> Vec<u8> {
        let tbs = self.tbs();
        let signature = key.sign_deterministic(&tbs).to_der();
        sequence(&[&tbs, &self.outer_algorithm, &bit_string(&signature)])
    }

    fn tbs(&self) -> Vec<u8> {
        let entries: Vec<u8> = self.revoked.iter().flat_map(Revoked::to_der).collect();
        let revoked = if entries.is_empty() {
            Vec::new()
        } else {
            tlv(SEQUENCE, &entries)
        };
        let extensions: Vec<u8> = self.extensions.iter().flat_map(Extension::to_der).collect();
        sequence(&[
            &[INTEGER, 1, 1],
            &self.inner_algorithm,
            &self.issuer.to_der(),
            &self.this_update,
            self.next_update.as_deref().unwrap_or_default(),
            &revoked,
            &tlv(0xa0, &tlv(SEQUENCE, &extensions)),
        ])
    }
}

impl Revoked {
    fn to_der(&self) -> Vec<u8> {
        let extensions: Vec<u8> = self.extensions.iter().flat_map(Extension::to_der).collect();
        let extensions = if extensions.is_empty() {
            extensions
        } else {
            tlv(SEQUENCE, &extensions)
        };
        sequence(&[
            &tlv(INTEGER, &self.serial),
            &time("2026-05-20T00:00:00Z"),
            &extensions,
        ])
    }
}
