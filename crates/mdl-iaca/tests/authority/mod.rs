//! An issuing authority for tests: keys from seeds, certificates by the builders, and a way to forge others.
#![allow(dead_code, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub(crate) mod forge;

use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::crl::CrlProfile;
use mdl_iaca::profile::{
    Contact, DistinguishedName, DocumentSignerProfile, IacaProfile, Issuer, SerialNumber,
    UnsignedCertificate, Validity,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// The moment at which everything here is valid.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
pub(crate) const CRL_URI: &str = "https://iaca.example/crl.der";
pub(crate) const MDL: &str = "org.iso.18013.5.1.mDL";

/// Curves of IACA keys.
pub(crate) const ECDSA_CURVES: [Curve; 5] = [
    Curve::P256,
    Curve::P384,
    Curve::P521,
    Curve::BrainpoolP256r1,
    Curve::BrainpoolP384r1,
];

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn key(curve: Curve, seed: u64) -> PrivateKey {
    PrivateKey::generate(curve, &mut rng(seed))
}

pub(crate) fn serial(seed: u64) -> SerialNumber {
    SerialNumber::random(&mut rng(seed))
}

pub(crate) fn days(count: i64) -> Duration {
    Duration::days(count)
}

pub(crate) fn sign(unsigned: UnsignedCertificate, key: &PrivateKey) -> Vec<u8> {
    let signature = key.sign(unsigned.to_be_signed());
    unsigned.attach(&signature).unwrap().into_der()
}

/// An IACA with its key.
pub(crate) struct Authority {
    pub(crate) key: PrivateKey,
    pub(crate) certificate: Vec<u8>,
    pub(crate) issuer: Issuer,
}

pub(crate) fn iaca_name() -> DistinguishedName {
    DistinguishedName::new("Utopia IACA")
        .country("UT")
        .state("UT-01")
        .organization("Utopia DMV")
}

pub(crate) fn iaca_profile(key: &PrivateKey, name: DistinguishedName) -> IacaProfile {
    let validity = Validity::days(NOW - days(300), 9 * 365).unwrap();
    let contact = Contact::email("iaca@dmv.example").and_uri("https://dmv.example");
    IacaProfile::new(key.public_key().clone(), name, validity, contact, CRL_URI)
}

impl Authority {
    pub(crate) fn new(curve: Curve) -> Self {
        Self::named(curve, 1, iaca_name())
    }

    pub(crate) fn named(curve: Curve, seed: u64, name: DistinguishedName) -> Self {
        let key = key(curve, seed);
        let unsigned = iaca_profile(&key, name).build(&serial(seed)).unwrap();
        let certificate = sign(unsigned, &key);
        let issuer = Issuer::from_certificate(&certificate).unwrap();
        Self {
            key,
            certificate,
            issuer,
        }
    }

    pub(crate) fn document_signer_profile(&self, key: &PrivateKey) -> DocumentSignerProfile<'_> {
        let validity = Validity::days(NOW - days(10), 90).unwrap();
        let name = DistinguishedName::new("Utopia DS 1").organization("Utopia DMV");
        DocumentSignerProfile::new(
            &self.issuer,
            key.public_key().clone(),
            name,
            validity,
            CRL_URI,
        )
    }

    pub(crate) fn document_signer(&self, key: &PrivateKey) -> Vec<u8> {
        sign(
            self.document_signer_profile(key)
                .build(&serial(77))
                .unwrap(),
            &self.key,
        )
    }

    /// A CRL made at `NOW` that revokes these certificates.
    pub(crate) fn crl(&self, number: u64, revoked: &[SerialNumber]) -> Vec<u8> {
        let mut profile =
            CrlProfile::new(&self.issuer, number, NOW - days(1), NOW + days(29)).unwrap();
        for serial in revoked {
            profile = profile.revoke(serial.clone(), NOW - days(2));
        }
        let unsigned = profile.build().unwrap();
        let signature = self.key.sign(unsigned.to_be_signed());
        unsigned.attach(&signature).unwrap().into_der()
    }
}
