//! A throw-away authority: root, document signer, status signer.

use std::sync::Arc;

use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::profile::{
    Contact, DistinguishedName, DocumentSignerProfile, IacaProfile, Issuer,
    MsoRevocationListSignerProfile, SerialNumber, UnsignedCertificate, Validity,
};
use mdl_iaca::trust_anchor::TrustAnchor;
use mdl_issuer::issuing::StrictReader;
use mdl_issuer::store::Hash;
use mdl_issuer::tenant::{Authority, DocumentSigner, StatusSigner};
use mdl_signer::{DocumentSignerWindow, Signer, SigningGuard, SoftwareSigner};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use time::{Duration, OffsetDateTime};

const CRL: &str = "https://dmv.example/crl";

/// The longest life that a document of this authority has.
pub(crate) const LONGEST_MSO_LIFE: Duration = Duration::days(30);

/// An authority whose certificates are valid at `now`, with one document signer for each number of days that its
/// certificate is still valid.
pub(crate) fn authority(now: OffsetDateTime, document_signers: &[i64]) -> Authority {
    authority_with(now, document_signers, |_, key| Box::new(key))
}

/// The same, with the key of each document signer behind something else.
pub(crate) fn authority_with(
    now: OffsetDateTime,
    document_signers: &[i64],
    behind: impl Fn(usize, SoftwareSigner) -> Box<dyn Signer>,
) -> Authority {
    let since = now - Duration::days(20);
    let mut root = Root::new(since);
    let document_signers = document_signers.iter().enumerate().map(|(number, left)| {
        let not_after = now + Duration::days(*left);
        let window = DocumentSignerWindow::new(since, not_after, LONGEST_MSO_LIFE).unwrap();
        root.document_signer(window, |key| behind(number, key))
    });
    let document_signers = document_signers.collect();
    root.authority(document_signers)
}

/// The root of an authority, which certifies.
pub(crate) struct Root {
    since: OffsetDateTime,
    key: PrivateKey,
    certificate: Vec<u8>,
    rng: ChaCha20Rng,
}

impl Root {
    /// Valid for some years.
    pub(crate) fn new(since: OffsetDateTime) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let key = PrivateKey::generate(Curve::P256, &mut rng);
        let name = DistinguishedName::new("IACA").country("US").state("US-CA");
        let contact = Contact::email("iaca@dmv.example");
        let validity = Validity::days(since, 3000).unwrap();
        let profile = IacaProfile::new(key.public_key().clone(), name, validity, contact, CRL);
        let unsigned = profile.build(&SerialNumber::random(&mut rng)).unwrap();
        Self {
            since,
            certificate: signed(unsigned, &key),
            key,
            rng,
        }
    }

    /// A document signer that is certified for a window, with its key behind something else.
    pub(crate) fn document_signer(
        &mut self,
        window: DocumentSignerWindow,
        behind: impl Fn(SoftwareSigner) -> Box<dyn Signer>,
    ) -> DocumentSigner {
        let issuer = Issuer::from_certificate(&self.certificate).unwrap();
        let key = PrivateKey::generate(Curve::P256, &mut self.rng);
        let validity = Validity::new(window.not_before(), window.not_after()).unwrap();
        let name = DistinguishedName::new("DS");
        let public = key.public_key().clone();
        let profile = DocumentSignerProfile::new(&issuer, public.clone(), name, validity, CRL);
        let unsigned = profile.build(&SerialNumber::random(&mut self.rng)).unwrap();
        let certificate = signed(unsigned, &self.key);
        let anchor = TrustAnchor::from_der(&self.certificate).unwrap();
        let rules = StrictReader::new(anchor, &certificate, Curve::P256);
        let signer = behind(SoftwareSigner::new(key));
        DocumentSigner {
            id: Hash::of(&certificate),
            certificate,
            country: Some("US".into()),
            state: Some("US-CA".into()),
            guard: SigningGuard::new(signer, &public, window, Box::new(rules)).unwrap(),
            key_store: None,
            key_id: Hash::of(&public.to_spki_der()),
        }
    }

    /// The authority with these document signers, and a status signer.
    pub(crate) fn authority(mut self, document_signers: Vec<DocumentSigner>) -> Authority {
        let document_signers = document_signers.into_iter().map(Arc::new).collect();
        let issuer = Issuer::from_certificate(&self.certificate).unwrap();
        let key = PrivateKey::generate(Curve::P256, &mut self.rng);
        let name = DistinguishedName::new("Status")
            .country("US")
            .state("US-CA");
        let public = key.public_key().clone();
        let validity = Validity::days(self.since, 1000).unwrap();
        let profile = MsoRevocationListSignerProfile::new(&issuer, public.clone(), name, validity)
            .crl_distribution_point(CRL);
        let certificate = signed(
            profile.build(&SerialNumber::random(&mut self.rng)).unwrap(),
            &self.key,
        );
        Authority {
            iacas: vec![self.certificate],
            document_signers,
            status_signer: Some(StatusSigner {
                certificate,
                signer: Arc::new(SoftwareSigner::new(key)),
                key_id: Hash::of(&public.to_spki_der()),
            }),
            crls: Vec::new(),
        }
    }
}

fn signed(unsigned: UnsignedCertificate, key: &PrivateKey) -> Vec<u8> {
    // Replicas of a test each make the same authority, down to the bytes of its certificates.
    let signature = key.sign_deterministic(unsigned.to_be_signed());
    unsigned.attach(&signature).unwrap().into_der()
}
