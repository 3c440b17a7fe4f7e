//! A service behind its real router, on a store in memory, with a clock that stands; and a wallet's side of the
//! protocol, made by hand so that every part of it can be wrong.

#![allow(
    dead_code,
    reason = "each test binary uses the part of the rig that it needs"
)]

#[path = "../issuing/authority.rs"]
pub(crate) mod authority;
mod exchange;
mod jwt;
#[path = "../issuing/records.rs"]
mod records;
#[path = "../issuing/sealer.rs"]
mod sealer;
mod wallet;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use mdl_crypto::{Curve, PrivateKey};
use mdl_issuer::clock::{Clock, SetClock};
use mdl_issuer::http::public::{self, Readiness};
use mdl_issuer::openid4vci::offer::{self, CreatedOffer, OfferIdentity, OfferRequest};
use mdl_issuer::record::SubjectReference;
use mdl_issuer::secret::ServiceSecret;
use mdl_issuer::service::Service;
use mdl_issuer::store::{MemoryStore, Store};
use mdl_issuer::tenant::{
    Authority, Claim, CredentialConfiguration, CredentialDisplay, IssuerDisplay,
    KeyAttestationRules, Legacy, Tenant, TenantPolicy,
};
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::data_elements::ElementGate;
use mdl_signer::quota::{QuotaScheduler, QuotaSettings};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use tower::ServiceExt;

pub(crate) use exchange::Answer;
pub(crate) use jwt::{Jwt, jwk};
pub(crate) use records::Records;
pub(crate) use wallet::{CredentialAttempt, NotificationAttempt, Session, TokenAttempt};

/// When every test begins.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-06-15 13:14:15 UTC);

/// The tenant with a path, whose tokens are bound to a key.
pub(crate) const DMV: usize = 0;
/// The tenant without a path, which wants its nonce in every DPoP proof and issues one document at a time.
pub(crate) const STRICT: usize = 1;
/// The tenant for wallets of older drafts, with bearer tokens.
pub(crate) const OLD: usize = 2;

pub(crate) struct Rig {
    pub(crate) service: Arc<Service>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) records: Arc<Records>,
    pub(crate) router: Router,
    /// Holds the CRL of the tenant [`DMV`].
    pub(crate) folder: tempfile::TempDir,
    rng: Mutex<ChaCha20Rng>,
}

/// Ready as long as the store is.
#[derive(Debug)]
struct StoreReadiness(Arc<dyn Store>);

#[async_trait]
impl Readiness for StoreReadiness {
    async fn failing(&self) -> Vec<&'static str> {
        match self.0.check().await {
            Ok(()) => Vec::new(),
            Err(_) => vec!["store"],
        }
    }
}

/// Not ready, because of the ledger.
#[derive(Debug)]
pub(crate) struct FailingReadiness;

#[async_trait]
impl Readiness for FailingReadiness {
    async fn failing(&self) -> Vec<&'static str> {
        vec!["ledger"]
    }
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()), 11).await
    }

    /// A service on this store. Two of them on one are replicas, whose wallets must not draw the same numbers.
    pub(crate) async fn on(store: Arc<dyn Store>, seed: u64) -> Self {
        Self::made(store, seed, |_| {}).await
    }

    /// With something changed about the tenants.
    pub(crate) async fn with(change: impl FnOnce(&mut [Tenant; 4])) -> Self {
        Self::made(Arc::new(MemoryStore::new()), 11, change).await
    }

    async fn made(store: Arc<dyn Store>, seed: u64, change: impl FnOnce(&mut [Tenant; 4])) -> Self {
        let mut strict = policy();
        strict.require_dpop_nonce = true;
        strict.batch_size = 1;
        let mut old = policy();
        old.require_dpop = false;
        old.access_token_life = Duration::HOUR;
        let all = Legacy {
            single_proof: true,
            c_nonce_in_token: true,
            format_selector: true,
            metadata_shape: true,
            did_keys: true,
        };
        let none = Legacy::default();
        let mut dmv = tenant("dmv", "https://issuer.example/dmv", policy(), none);
        change_authority(&mut dmv, |authority| {
            let mut signer = authority::authority(NOW, &[400]).document_signers.remove(0);
            Arc::get_mut(&mut signer).unwrap().key_store = Some(key_store());
            authority.document_signers = vec![signer];
        });
        let mut tenants = [
            dmv,
            tenant("strict", "https://issuer.example", strict, none),
            tenant("old", "https://issuer.example/a/old", old, all),
            // Nobody gets here: the path is taken.
            tenant("shadow", "https://other.example/dmv", policy(), none),
        ];
        change(&mut tenants);
        let rig = Self::of(store, seed, tenants.into());
        rig.service.publish_due("test").await;
        rig
    }

    /// A service with one tenant, as a test wants it. Its status lists are not published yet.
    pub(crate) fn of_one(store: Arc<dyn Store>, change: impl FnOnce(&mut Tenant)) -> Self {
        let issuer = "https://issuer.example/dmv";
        let mut dmv = tenant("dmv", issuer, policy(), Legacy::default());
        change(&mut dmv);
        Self::of(store, 11, vec![dmv])
    }

    fn of(store: Arc<dyn Store>, seed: u64, mut tenants: Vec<Tenant>) -> Self {
        let clock = Arc::new(SetClock::new(NOW));
        let folder = tempfile::tempdir().unwrap();
        let records = Arc::new(Records::default());
        tenants[DMV].records = records.clone();
        change_authority(&mut tenants[DMV], |authority| {
            authority.crls = ["crl", "crl-2"]
                .map(|name| folder.path().join(name))
                .to_vec();
        });
        let service = Arc::new(Service {
            tenants: tenants.into_iter().map(Arc::new).collect(),
            store,
            clock: clock.clone(),
            secret: ServiceSecret::new(&[7; 32]),
            sealer: sealer::sealer(),
        });
        let readiness = Arc::new(StoreReadiness(service.store.clone()));
        let router = public::router(&service, readiness);
        Self {
            service,
            clock,
            router,
            records,
            folder,
            rng: Mutex::new(ChaCha20Rng::seed_from_u64(seed)),
        }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    pub(crate) fn tenant(&self, tenant: usize) -> &Arc<Tenant> {
        &self.service.tenants[tenant]
    }

    pub(crate) fn issuer(&self, tenant: usize) -> &str {
        &self.tenant(tenant).issuer
    }

    pub(crate) fn key(&self, curve: Curve) -> PrivateKey {
        PrivateKey::generate(curve, &mut *self.rng.lock().unwrap())
    }

    pub(crate) fn random(&self) -> String {
        format!("{:032x}", self.rng.lock().unwrap().next_u64())
    }

    /// An offer of everything that the tenant issues, for somebody who has nothing yet.
    pub(crate) async fn offer(&self, tenant: usize, tx_code_digits: Option<u8>) -> CreatedOffer {
        let tenant = self.tenant(tenant);
        let request = OfferRequest {
            configuration_ids: tenant
                .configurations
                .iter()
                .filter(|configuration| configuration.id != NOT_OFFERED)
                .map(|configuration| configuration.id.clone())
                .collect(),
            subject: SubjectReference::new(&format!("person {}", self.random())).unwrap(),
            tx_code_digits,
            life: None,
            identity: OfferIdentity::Random,
        };
        offer::create(&self.service, tenant, request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send(Request::get(uri).body(Body::empty()).unwrap())
            .await
    }
}

/// Changes something about the authority of a tenant.
pub(crate) fn change_authority(tenant: &mut Tenant, change: impl FnOnce(&mut Authority)) {
    let mut authority = Authority::clone(&tenant.authority.get());
    change(&mut authority);
    tenant.authority.replace(authority);
}

/// A configuration that the tenants have and no offer has.
pub(crate) const NOT_OFFERED: &str = "learner";

/// More than any test asks for.
fn key_store() -> QuotaScheduler {
    let limit = std::num::NonZeroU32::new(100_000).unwrap();
    QuotaScheduler::new(QuotaSettings::new(limit, std::time::Duration::from_secs(1)))
}

fn tenant(name: &str, issuer: &str, policy: TenantPolicy, legacy: Legacy) -> Tenant {
    Tenant {
        name: name.into(),
        issuer: issuer.into(),
        display: vec![IssuerDisplay {
            name: "Department".into(),
            locale: Some("en".into()),
            logo: Some("https://issuer.example/logo.svg".into()),
        }],
        configurations: vec![configuration("mdl"), configuration(NOT_OFFERED)],
        authority: authority::authority(NOW, &[400]).into(),
        records: Arc::new(Records::default()),
        policy,
        key_attestation: KeyAttestationRules::default(),
        legacy,
    }
}

fn configuration(id: &str) -> CredentialConfiguration {
    CredentialConfiguration {
        id: id.into(),
        doc_type: MDL_DOC_TYPE.into(),
        scope: Some(format!("scope-{id}")),
        display: vec![CredentialDisplay {
            name: "Driving licence".into(),
            ..CredentialDisplay::default()
        }],
        claims: vec![Claim {
            name_space: "org.iso.18013.5.1".into(),
            element: "family_name".into(),
            mandatory: true,
            display: vec![("Family name".into(), Some("en".into()))],
        }],
        gate: ElementGate::mdl(),
    }
}

fn policy() -> TenantPolicy {
    TenantPolicy {
        batch_size: 4,
        batches_per_grant: 2,
        documents_per_subject_and_day: 8,
        validity: Duration::days(14),
        expected_update: None,
        time_granularity: Duration::DAY,
        offer_life: Duration::HOUR,
        tx_code_attempts: 3,
        access_token_life: Duration::minutes(30),
        nonce_life: Duration::minutes(5),
        require_dpop: true,
        require_dpop_nonce: false,
        repeatable: Duration::minutes(10),
        status_list_size: 1 << 12,
        open_status_lists: 2,
        status_ttl: Duration::hours(12),
        status_life: Duration::days(7),
        status_latency: Duration::minutes(10),
    }
}
