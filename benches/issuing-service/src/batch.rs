//! Thirty copies of a licence, as the issuing service makes them: from one encoded record, through the guard.

use mdl_crypto::PublicKey;
use mdl_issuer::issuing::Batch;
use mdl_issuer::tenant::DocumentSigner;
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::builder::{ElementSet, Granularity, Validity};
use time::{Duration, OffsetDateTime};

use mdl_benches::licence::{Authority, Key};

use crate::house::document_signer;

/// Documents of a batch.
pub const DOCUMENTS: u8 = 30;

/// A document signer behind its guard, and the device keys of a batch.
pub struct Guarded {
    signer: DocumentSigner,
    pub device_keys: Vec<PublicKey>,
    validity: Validity,
    now: OffsetDateTime,
    seed: [u8; 32],
}

impl Guarded {
    /// The document signer of `authority`.
    pub fn new(authority: &Authority, now: OffsetDateTime) -> Self {
        let device_keys = (1..=DOCUMENTS).map(|byte| Key::new(byte).key.public_key().clone());
        Self {
            signer: document_signer(authority, now),
            device_keys: device_keys.collect(),
            validity: Validity::coarse(now, Duration::days(30), Granularity::Day)
                .expect("in range"),
            now,
            seed: [0; 32],
        }
    }

    /// The documents of the next batch.
    pub fn issue(&mut self, elements: &ElementSet) -> Vec<Vec<u8>> {
        self.seed[0] = self.seed[0].wrapping_add(1);
        let unsigned = Batch {
            doc_type: MDL_DOC_TYPE,
            elements,
            validity: self.validity,
            device_keys: self.device_keys.iter().collect(),
            status: Vec::new(),
            seed: &self.seed,
        }
        .build(self.signer.guard.algorithm());
        let unsigned = unsigned.expect("the settings are the default ones");
        pollster::block_on(unsigned.sign(&self.signer, None, self.now))
            .expect("a strict reader agrees")
    }
}
