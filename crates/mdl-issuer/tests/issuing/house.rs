//! A service on a store in memory, with one tenant, a clock that stands, and people to issue to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mdl_crypto::{Curve, PrivateKey, PublicKey};
use mdl_issuer::clock::{Clock, SetClock};
use mdl_issuer::issuing::{IssueError, IssueRequest, IssuedBatch};
use mdl_issuer::record::SubjectReference;
use mdl_issuer::secret::ServiceSecret;
use mdl_issuer::service::Service;
use mdl_issuer::store::{
    Grant, GrantId, Hash, MemoryStore, NewGrant, NewOffer, OfferId, Redemption, RedemptionOutcome,
};
use mdl_issuer::tenant::{
    Authority, CredentialConfiguration, KeyAttestationRules, Legacy, Tenant, TenantPolicy,
};
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::data_elements::ElementGate;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::authority::authority;
use crate::records::Records;
use crate::sealer::sealer;

/// When every test begins: an odd second of an odd minute.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-06-15 13:14:15 UTC);

pub(crate) struct House {
    pub(crate) service: Service,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) records: Arc<Records>,
    next: AtomicU64,
}

impl House {
    /// One document signer that is good for a year, and status lists with room.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}, &[400]).await
    }

    /// With other policies, and document signers whose certificates are valid for so many days more.
    pub(crate) async fn with(
        change: impl FnOnce(&mut TenantPolicy),
        document_signers: &[i64],
    ) -> Self {
        Self::of(authority(NOW, document_signers), change).await
    }

    /// With another authority and other policies.
    pub(crate) async fn of(authority: Authority, change: impl FnOnce(&mut TenantPolicy)) -> Self {
        let clock = Arc::new(SetClock::new(NOW));
        let records = Arc::new(Records::default());
        let mut policy = policy();
        change(&mut policy);
        let tenant = Tenant {
            name: "dmv".into(),
            issuer: "https://dmv.example".into(),
            display: Vec::new(),
            configurations: vec![CredentialConfiguration {
                id: "mdl".into(),
                doc_type: MDL_DOC_TYPE.into(),
                scope: None,
                display: Vec::new(),
                claims: Vec::new(),
                gate: ElementGate::mdl(),
            }],
            authority: authority.into(),
            records: records.clone(),
            policy,
            key_attestation: KeyAttestationRules::default(),
            legacy: Legacy::default(),
        };
        let service = Service {
            tenants: vec![Arc::new(tenant)],
            store: Arc::new(MemoryStore::new()),
            clock: clock.clone(),
            secret: ServiceSecret::new(&[7; 32]),
            sealer: sealer(),
        };
        let house = Self {
            service,
            clock,
            records,
            next: AtomicU64::new(1),
        };
        house.service.publish_due("test").await;
        house
    }

    pub(crate) fn tenant(&self) -> &Arc<Tenant> {
        &self.service.tenants[0]
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// A number that no other call gives.
    pub(crate) fn fresh(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Device keys that no other call gives.
    pub(crate) fn keys(&self, count: usize) -> Vec<PublicKey> {
        let mut rng = ChaCha20Rng::seed_from_u64(1 << 40 | self.fresh());
        let key = |_| {
            PrivateKey::generate(Curve::P256, &mut rng)
                .public_key()
                .clone()
        };
        (0..count).map(key).collect()
    }

    /// The grant that a person's offer became.
    pub(crate) async fn grant(&self, subject: &str) -> Grant {
        let (number, now) = (self.fresh(), self.now());
        let mut id = OfferId([0; 16]);
        id.0[..8].copy_from_slice(&number.to_be_bytes());
        let code = Hash::of(&id.0);
        let subject = SubjectReference::new(subject).unwrap();
        let sealed = self.service.seal_subject("dmv", id, &subject).await;
        let offer = NewOffer {
            id,
            tenant: "dmv".into(),
            configuration_ids: vec!["mdl".into()],
            subject: sealed.unwrap(),
            code,
            tx_code: None,
            created_at: now,
            expires_at: now + Duration::HOUR,
        };
        self.service.store.create_offer(offer).await.unwrap();
        let redemption = Redemption {
            tenant: "dmv".into(),
            offer: id,
            tx_code: None,
            grant: NewGrant {
                id: GrantId(id.0),
                token: code,
                dpop_key: None,
                configuration_ids: vec!["mdl".into()],
                by_identifier: false,
                client_id: None,
                expires_at: now + Duration::HOUR,
            },
            once: Vec::new(),
            now,
        };
        match self.service.store.redeem(redemption).await.unwrap() {
            RedemptionOutcome::Granted(grant) => grant,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn issue(
        &self,
        grant: &Grant,
        device_keys: &[PublicKey],
    ) -> Result<IssuedBatch, IssueError> {
        let tenant = self.tenant();
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.fresh().to_be_bytes());
        let request = IssueRequest {
            tenant,
            grant,
            configuration: &tenant.configurations[0],
            device_keys: device_keys.to_vec(),
            nonce: None,
            once: Vec::new(),
            request: id,
        };
        self.service.issue(request).await
    }

    /// A batch for somebody who has none yet.
    pub(crate) async fn issue_new(&self, count: usize) -> IssuedBatch {
        let grant = self.grant(&format!("person {}", self.fresh())).await;
        self.issue(&grant, &self.keys(count)).await.unwrap()
    }
}

fn policy() -> TenantPolicy {
    TenantPolicy {
        batch_size: 30,
        batches_per_grant: 2,
        documents_per_subject_and_day: 60,
        validity: Duration::days(14),
        expected_update: Some(Duration::days(10)),
        time_granularity: Duration::DAY,
        offer_life: Duration::HOUR,
        tx_code_attempts: 3,
        access_token_life: Duration::HOUR,
        nonce_life: Duration::minutes(5),
        require_dpop: false,
        require_dpop_nonce: false,
        repeatable: Duration::minutes(10),
        status_list_size: 1 << 16,
        open_status_lists: 3,
        status_ttl: Duration::hours(12),
        status_life: Duration::days(7),
        status_latency: Duration::minutes(10),
    }
}
