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
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let root_key = PrivateKey::generate(Curve::P256, &mut rng);
    let since = now - Duration::days(20);
    let days = |days| Validity::days(since, days).unwrap();
    let name = DistinguishedName::new("IACA").country("US").state("US-CA");
    let contact = Contact::email("iaca@dmv.example");
    let root = IacaProfile::new(
        root_key.public_key().clone(),
        name,
        days(3000),
        contact,
        CRL,
    );
    let root = root.build(&SerialNumber::random(&mut rng)).unwrap();
    let root = signed(root, &root_key);
    let issuer = Issuer::from_certificate(&root).unwrap();

    let document_signers = document_signers.iter().enumerate().map(|(number, left)| {
        let key = PrivateKey::generate(Curve::P256, &mut rng);
        let not_after = now + Duration::days(*left);
        let validity = Validity::new(since, not_after).unwrap();
        let name = DistinguishedName::new("DS");
        let public = key.public_key().clone();
        let profile = DocumentSignerProfile::new(&issuer, public.clone(), name, validity, CRL);
        let unsigned = profile.build(&SerialNumber::random(&mut rng)).unwrap();
        let certificate = signed(unsigned, &root_key);
        let window = DocumentSignerWindow::new(since, not_after, LONGEST_MSO_LIFE).unwrap();
        let anchor = TrustAnchor::from_der(&root).unwrap();
        let rules = StrictReader::new(anchor, &certificate, Curve::P256);
        let signer = behind(number, SoftwareSigner::new(key));
        DocumentSigner {
            id: Hash::of(&certificate),
            certificate,
            country: Some("US".into()),
            state: Some("US-CA".into()),
            guard: SigningGuard::new(signer, &public, window, Box::new(rules)).unwrap(),
            key_store: None,
            key_id: Hash::of(&public.to_spki_der()),
        }
    });
    let document_signers = document_signers.collect();

    let key = PrivateKey::generate(Curve::P256, &mut rng);
    let name = DistinguishedName::new("Status")
        .country("US")
        .state("US-CA");
    let public = key.public_key().clone();
    let profile = MsoRevocationListSignerProfile::new(&issuer, public.clone(), name, days(1000))
        .crl_distribution_point(CRL);
    let certificate = signed(
        profile.build(&SerialNumber::random(&mut rng)).unwrap(),
        &root_key,
    );
    Authority {
        iacas: vec![root],
        document_signers,
        status_signer: Some(StatusSigner {
            certificate,
            signer: Arc::new(SoftwareSigner::new(key)),
            key_id: Hash::of(&public.to_spki_der()),
        }),
        crl: None,
    }
}

fn signed(unsigned: UnsignedCertificate, key: &PrivateKey) -> Vec<u8> {
    let signature = key.sign(unsigned.to_be_signed());
    unsigned.attach(&signature).unwrap().into_der()
}
