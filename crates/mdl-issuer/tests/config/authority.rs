//! A throw-away authority and secrets in a folder, at the paths that `deploy/issuer.example.toml` names.

use std::fs;
use std::path::Path;

use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::certificate::CertificateView;
use mdl_iaca::crl::CrlProfile;
use mdl_iaca::csr::{CertificateRequest, UnsignedRequest};
use mdl_iaca::profile::{
    Contact, DistinguishedName, DocumentSignerProfile, IacaProfile, Issuer,
    MsoRevocationListSignerProfile, SerialNumber, Validity,
};
use mdl_signer::key_file::{self, Passphrase};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use time::OffsetDateTime;
use time::macros::datetime;

/// When the certificates begin.
pub(crate) const START: OffsetDateTime = datetime!(2026-06-01 00:00 UTC);
const CRL_URL: &str = "https://dmv.example/crl";

/// What makes the certificates of a folder what they are.
pub(crate) struct Authority {
    rng: ChaCha20Rng,
    pub(crate) key: PrivateKey,
    pub(crate) iaca: Vec<u8>,
}

impl Authority {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let key = PrivateKey::generate(Curve::P256, &mut rng);
        let profile = IacaProfile::new(
            key.public_key().clone(),
            DistinguishedName::new("Example IACA")
                .country("US")
                .state("US-CA"),
            Validity::days(START, 3650).unwrap(),
            Contact::email("iaca@dmv.example"),
            CRL_URL,
        );
        let unsigned = profile.build(&SerialNumber::random(&mut rng)).unwrap();
        let signature = key.sign(unsigned.to_be_signed());
        let iaca = unsigned.attach(&signature).unwrap();
        Self {
            rng,
            key,
            iaca: iaca.as_der().to_vec(),
        }
    }

    /// A document signer: certificate (DER) and key.
    pub(crate) fn document_signer(&mut self) -> (Vec<u8>, PrivateKey) {
        let key = PrivateKey::generate(Curve::P256, &mut self.rng);
        let name = DistinguishedName::new("Example DS");
        let request = UnsignedRequest::new(key.public_key().clone(), &name).unwrap();
        let signature = key.sign(request.to_be_signed());
        let request = request.attach(&signature).unwrap().into_der();
        let request = CertificateRequest::from_der(&request).unwrap();
        let issuer = Issuer::from_certificate(&self.iaca).unwrap();
        let validity = Validity::days(START, 457).unwrap();
        let profile =
            DocumentSignerProfile::from_request(&issuer, &request, validity, CRL_URL.to_owned());
        let unsigned = profile.build(&SerialNumber::random(&mut self.rng)).unwrap();
        let signature = self.key.sign(unsigned.to_be_signed());
        (unsigned.attach(&signature).unwrap().into_der(), key)
    }

    /// A signer of status lists: certificate (DER) and key.
    pub(crate) fn status_signer(&mut self) -> (Vec<u8>, PrivateKey) {
        let key = PrivateKey::generate(Curve::P256, &mut self.rng);
        let issuer = Issuer::from_certificate(&self.iaca).unwrap();
        let name = DistinguishedName::new("Example status signer")
            .country("US")
            .state("US-CA");
        let validity = Validity::days(START, 457).unwrap();
        let profile =
            MsoRevocationListSignerProfile::new(&issuer, key.public_key().clone(), name, validity)
                .crl_distribution_point(CRL_URL);
        let unsigned = profile.build(&SerialNumber::random(&mut self.rng)).unwrap();
        let signature = self.key.sign(unsigned.to_be_signed());
        (unsigned.attach(&signature).unwrap().into_der(), key)
    }

    /// The CRL with these certificates (DER) on it.
    pub(crate) fn crl(&self, revoked: &[Vec<u8>]) -> Vec<u8> {
        let issuer = Issuer::from_certificate(&self.iaca).unwrap();
        let next = START + time::Duration::days(30);
        let mut profile = CrlProfile::new(&issuer, 1, START, next).unwrap();
        for der in revoked {
            let certificate = CertificateView::from_der(der).unwrap();
            let serial = SerialNumber::from_content(certificate.serial().as_bytes()).unwrap();
            profile = profile.revoke(serial, START);
        }
        let unsigned = profile.build().unwrap();
        let signature = self.key.sign(unsigned.to_be_signed());
        unsigned.attach(&signature).unwrap().into_der()
    }

    /// Writes everything that the example names.
    pub(crate) fn write(&mut self, folder: &Path) {
        let write = |path: &str, content: &[u8]| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write("secrets/service-secret", "11".repeat(32).as_bytes());
        write(
            "secrets/sealing-key",
            format!("{}\n", "22".repeat(32)).as_bytes(),
        );
        write(
            "secrets/back-office-token",
            b"0123456789abcdef0123456789abcdef\n",
        );
        write("secrets/passphrase", b"correct horse\n");
        for file in [
            "certificate",
            "key",
            "internal",
            "internal-key",
            "operators-ca",
        ] {
            write(&format!("tls/{file}.pem"), b"read when the listeners start");
        }
        write("authority/iaca/certificate.pem", &self.iaca);
        write("authority/crl/crl.der", &self.crl(&[]));
        let (document_signer, status_signer) = (self.document_signer(), self.status_signer());
        for (place, (certificate, key)) in [
            ("ds/ds-1", document_signer),
            ("status/status-1", status_signer),
        ] {
            write(&format!("authority/{place}/certificate.pem"), &certificate);
            self.write_key(&folder.join(format!("authority/{place}/key.pem")), &key);
        }
    }

    /// Writes a key, in place of another.
    pub(crate) fn write_key(&mut self, path: &Path, key: &PrivateKey) {
        let _ = fs::remove_file(path);
        // Opening an encrypted key is slow by intention, and these are opened a hundred times.
        key_file::create_unencrypted(path, key, &mut self.rng).unwrap();
    }

    /// The same under the passphrase.
    pub(crate) fn write_encrypted_key(&mut self, path: &Path, key: &PrivateKey) {
        let _ = fs::remove_file(path);
        let passphrase = Passphrase::new("correct horse".to_owned()).unwrap();
        key_file::create(path, key, &passphrase, &mut self.rng).unwrap();
    }
}
