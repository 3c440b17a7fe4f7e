//! An issuing service behind its real router, with the licence of the benches for everybody, and a clock that stands.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use mdl_benches::licence::{Authority, Key, NOW, Record};
use mdl_crypto::Curve;
use mdl_iaca::profile::{
    DistinguishedName, Issuer, MsoRevocationListSignerProfile, SerialNumber, Validity,
};
use mdl_iaca::trust_anchor::TrustAnchor;
use mdl_issuer::clock::SetClock;
use mdl_issuer::http::public::{self, Readiness};
use mdl_issuer::issuing::StrictReader;
use mdl_issuer::record::{RecordSource, RecordSourceError, SubjectReference};
use mdl_issuer::seal::EnvelopeSealer;
use mdl_issuer::secret::ServiceSecret;
use mdl_issuer::service::Service;
use mdl_issuer::store::{Hash, SqlStore, Store};
use mdl_issuer::tenant::{
    self, CredentialConfiguration, DocumentSigner, KeyAttestationRules, Legacy, StatusSigner,
    Tenant, TenantPolicy,
};
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::data_elements::ElementGate;
use mdl_signer::{DocumentSignerWindow, SigningGuard, SoftwareSigner};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use time::{Duration, OffsetDateTime};

/// How access tokens are presented; a tenant for each.
#[derive(Clone, Copy, PartialEq)]
pub enum Tokens {
    /// By whoever has them.
    Bearer,
    /// With a proof by the key that they are bound to (RFC 9449).
    Dpop,
}

/// The service and the way into it.
pub struct House {
    pub service: Arc<Service>,
    pub router: Router,
}

impl House {
    /// A service on `store`, with status lists that documents are entered in.
    pub async fn on(store: Arc<dyn Store>) -> Self {
        let tenants = [Tokens::Bearer, Tokens::Dpop].map(|tokens| Arc::new(tenant(tokens)));
        let service = Arc::new(Service {
            tenants: tenants.into(),
            store,
            clock: Arc::new(SetClock::new(NOW)),
            secret: ServiceSecret::new(&[7; 32]),
            sealer: Arc::new(EnvelopeSealer::with_local_key(&[8; 32])),
        });
        service.publish_due("bench").await;
        let router = public::router(&service, Arc::new(AlwaysReady));
        Self { service, router }
    }

    /// On SQLite, in a file of this folder.
    pub async fn on_sqlite(folder: &Path) -> Self {
        let store = SqlStore::sqlite(&folder.join("store.sqlite")).await;
        Self::on(Arc::new(store.expect("a folder that can be written to"))).await
    }

    /// On the PostgreSQL database at this address.
    pub async fn on_postgres(url: &str) -> Self {
        let store = SqlStore::postgres(url, None, 10).await;
        Self::on(Arc::new(store.expect("a database that was just made"))).await
    }

    /// The tenant whose tokens are presented so.
    pub fn tenant(&self, tokens: Tokens) -> &Arc<Tenant> {
        &self.service.tenants[tokens as usize]
    }
}

#[derive(Debug)]
struct AlwaysReady;

#[async_trait]
impl Readiness for AlwaysReady {
    async fn failing(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// The same licence for everybody.
#[derive(Debug)]
struct OneLicence(ElementSet);

#[async_trait]
impl RecordSource for OneLicence {
    async fn fetch(
        &self,
        _subject: &SubjectReference,
        _doc_type: &str,
    ) -> Result<ElementSet, RecordSourceError> {
        Ok(self.0.clone())
    }

    async fn check(&self) -> Result<(), RecordSourceError> {
        Ok(())
    }
}

fn tenant(tokens: Tokens) -> Tenant {
    let name = match tokens {
        Tokens::Bearer => "bearer",
        Tokens::Dpop => "dpop",
    };
    let authority = Authority::new(NOW);
    Tenant {
        name: name.into(),
        issuer: format!("https://issuer.example/{name}"),
        display: Vec::new(),
        configurations: vec![CredentialConfiguration {
            id: "mdl".into(),
            doc_type: MDL_DOC_TYPE.into(),
            scope: None,
            display: Vec::new(),
            claims: Vec::new(),
            gate: ElementGate::mdl(),
        }],
        authority: tenant::Authority {
            iacas: vec![authority.iaca.clone()],
            document_signers: vec![Arc::new(document_signer(&authority, NOW))],
            status_signer: Some(status_signer(&authority, NOW)),
            crls: Vec::new(),
        }
        .into(),
        records: Arc::new(OneLicence(Record::new(25_000, NOW).encode())),
        policy: TenantPolicy {
            batch_size: 30,
            batches_per_grant: 1,
            documents_per_subject_and_day: 30,
            validity: Duration::days(14),
            expected_update: None,
            time_granularity: Duration::DAY,
            offer_life: Duration::HOUR,
            tx_code_attempts: 3,
            access_token_life: Duration::HOUR,
            nonce_life: Duration::HOUR,
            require_dpop: tokens == Tokens::Dpop,
            require_dpop_nonce: false,
            repeatable: Duration::minutes(10),
            status_list_size: 1 << 20,
            open_status_lists: 2,
            status_ttl: Duration::hours(12),
            status_life: Duration::days(7),
            status_latency: Duration::minutes(10),
        },
        key_attestation: KeyAttestationRules::default(),
        legacy: Legacy::default(),
    }
}

/// The document signer of `authority` behind its guard.
pub fn document_signer(authority: &Authority, now: OffsetDateTime) -> DocumentSigner {
    let key = authority.ds_key.key.clone();
    let public = key.public_key().clone();
    let anchor = TrustAnchor::from_der(&authority.iaca).expect("an IACA certificate");
    let window = DocumentSignerWindow::new(
        now - Duration::days(10),
        now + Duration::days(80),
        Duration::days(30),
    );
    let guard = SigningGuard::new(
        Box::new(SoftwareSigner::new(key)),
        &public,
        window.expect("in order"),
        Box::new(StrictReader::new(anchor, &authority.ds, Curve::P256)),
    );
    DocumentSigner {
        id: Hash::of(&authority.ds),
        certificate: authority.ds.clone(),
        country: Some("US".into()),
        state: Some("US-CA".into()),
        guard: guard.expect("the key is the certificate's"),
        key_id: Hash::of(&public.to_spki_der()),
        key_store: None,
    }
}

fn status_signer(authority: &Authority, now: OffsetDateTime) -> StatusSigner {
    let issuer = Issuer::from_certificate(&authority.iaca).expect("an IACA certificate");
    let key = Key::new(0x44).key;
    let public = key.public_key().clone();
    let name = DistinguishedName::new("Bench status")
        .country("US")
        .state("US-CA");
    let validity = Validity::days(now - Duration::days(10), 400).expect("in range");
    let unsigned = MsoRevocationListSignerProfile::new(&issuer, public.clone(), name, validity)
        .crl_distribution_point("https://iaca.example/crl.der")
        .build(&SerialNumber::random(&mut ChaCha20Rng::from_seed([9; 32])))
        .expect("the profile is kept");
    let signature = authority.iaca_key.key.sign(unsigned.to_be_signed());
    let certificate = unsigned
        .attach(&signature)
        .expect("the key is the issuer's");
    StatusSigner {
        certificate: certificate.into_der(),
        signer: Arc::new(SoftwareSigner::new(key)),
        key_id: Hash::of(&public.to_spki_der()),
    }
}
