//! The issuing service behind its real router, on loopback, with a clock that stands and a way between it and the wallet
//! on which things go wrong.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::profile::{Contact, DistinguishedName, IacaProfile, SerialNumber, Validity};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_issuer::clock::SetClock;
use mdl_issuer::http::public::{self, Readiness};
use mdl_issuer::openid4vci::offer::{self, CreatedOffer, OfferIdentity, OfferRequest};
use mdl_issuer::record::SubjectReference;
use mdl_issuer::secret::ServiceSecret;
use mdl_issuer::service::Service;
use mdl_issuer::store::{Issuance, MemoryStore};
use mdl_issuer::tenant::{
    CredentialConfiguration, KeyAttestationRules, Legacy, Tenant, TenantPolicy,
};
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::data_elements::ElementGate;
use mdl_wallet::collection::Collector;
use mdl_wallet::connection::{Connection, ConnectionOptions};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::Value;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;

use crate::authority::authority;
use crate::records::Records;
use crate::sealer::sealer;

/// When every test takes place.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-06-15 13:14:15 UTC);
pub(crate) const SUBJECT: &str = "erika";
pub(crate) const BATCH_SIZE: u32 = 10;
/// Shorter than the age that a proof may have, so that a nonce can be too old without its proof.
const NONCE_LIFE: Duration = Duration::seconds(20);

pub(crate) struct Running {
    pub(crate) service: Arc<Service>,
    pub(crate) way: Arc<Way>,
    pub(crate) issuer: String,
}

/// What still goes wrong between wallet and service.
#[derive(Debug)]
pub(crate) struct Way {
    clock: Arc<SetClock>,
    /// Answers of the credential endpoint that are lost behind a proxy.
    pub(crate) lost: AtomicUsize,
    /// Credential requests that arrive when their nonce has grown old.
    pub(crate) late: AtomicUsize,
    /// Credential requests seen.
    pub(crate) credential_requests: AtomicUsize,
    /// What a hostile issuer makes of the documents.
    pub(crate) mischief: Mutex<Option<Mischief>>,
    /// What a hostile issuer answers at a path.
    pub(crate) instead: Mutex<Option<(&'static str, Instead)>>,
    /// Paths that were asked for.
    pub(crate) seen: Mutex<Vec<String>>,
}

pub(crate) type Mischief = fn(&mut Vec<Value>);
pub(crate) type Instead = fn() -> Response;

#[derive(Debug)]
struct Ready;

#[async_trait]
impl Readiness for Ready {
    async fn failing(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

impl Running {
    pub(crate) async fn new(require_dpop_nonce: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/dmv", listener.local_addr().unwrap());
        let clock = Arc::new(SetClock::new(NOW));
        let tenant = Tenant {
            name: "dmv".into(),
            issuer: issuer.clone(),
            display: Vec::new(),
            configurations: vec![CredentialConfiguration {
                id: "mdl".into(),
                doc_type: MDL_DOC_TYPE.into(),
                scope: None,
                display: Vec::new(),
                claims: Vec::new(),
                gate: ElementGate::mdl(),
            }],
            authority: authority(NOW, &[400]).into(),
            records: Arc::new(Records::default()),
            policy: policy(require_dpop_nonce),
            key_attestation: KeyAttestationRules::default(),
            legacy: Legacy::default(),
        };
        let service = Arc::new(Service {
            tenants: vec![Arc::new(tenant)],
            store: Arc::new(MemoryStore::new()),
            clock: clock.clone(),
            secret: ServiceSecret::new(&[7; 32]),
            sealer: sealer(),
        });
        service.publish_due("test").await;
        let way = Arc::new(Way {
            clock,
            lost: AtomicUsize::new(0),
            late: AtomicUsize::new(0),
            credential_requests: AtomicUsize::new(0),
            mischief: Mutex::default(),
            instead: Mutex::default(),
            seen: Mutex::default(),
        });
        let router: Router = public::router(&service, Arc::new(Ready));
        let router = router.layer(from_fn_with_state(way.clone(), on_the_way));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            service,
            way,
            issuer,
        }
    }

    pub(crate) async fn offer(&self, tx_code_digits: Option<u8>) -> CreatedOffer {
        let request = OfferRequest {
            configuration_ids: vec!["mdl".into()],
            subject: SubjectReference::new(SUBJECT).unwrap(),
            tx_code_digits,
            life: None,
            identity: OfferIdentity::Random,
        };
        offer::create(&self.service, &self.service.tenants[0], request)
            .await
            .unwrap()
    }

    pub(crate) async fn issuances(&self) -> Vec<Issuance> {
        let subject = SubjectReference::new(SUBJECT).unwrap();
        let hash = self.service.subject_hash("dmv", &subject);
        self.service.store.issuances("dmv", hash).await.unwrap()
    }

    pub(crate) fn anchors(&self) -> TrustAnchors {
        let iaca = &self.service.tenants[0].authority.get().iacas[0];
        TrustAnchors::new([TrustAnchor::from_der(iaca).unwrap()])
    }
}

pub(crate) fn connection() -> Connection {
    let options = ConnectionOptions {
        allow_loopback_http: true,
        ..ConnectionOptions::default()
    };
    Connection::new(&options).unwrap()
}

/// A root that has issued nothing here.
pub(crate) fn stranger() -> TrustAnchors {
    let key = PrivateKey::from_scalar(Curve::P256, &[9; 32]).unwrap();
    let name = DistinguishedName::new("Stranger")
        .country("US")
        .state("US-CA");
    let validity = Validity::days(NOW - Duration::DAY, 3000).unwrap();
    let contact = Contact::email("iaca@stranger.example");
    let public = key.public_key().clone();
    let profile = IacaProfile::new(
        public,
        name,
        validity,
        contact,
        "https://stranger.example/crl",
    );
    let serial = SerialNumber::random(&mut ChaCha20Rng::seed_from_u64(9));
    let unsigned = profile.build(&serial).unwrap();
    let signature = key.sign(unsigned.to_be_signed());
    let certificate = unsigned.attach(&signature).unwrap().into_der();
    TrustAnchors::new([TrustAnchor::from_der(&certificate).unwrap()])
}

/// A wallet that trusts `anchors` and lives when the service does.
pub(crate) fn wallet(anchors: TrustAnchors) -> Collector {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).unwrap();
    Collector::new(connection(), seed)
        .trusting(anchors)
        .with_clock(|| NOW)
}

async fn on_the_way(State(way): State<Arc<Way>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    way.seen.lock().unwrap().push(path.clone());
    let instead = *way.instead.lock().unwrap();
    if let Some((_, answer)) = instead.filter(|(at, _)| *at == path) {
        return answer();
    }
    if path != "/dmv/credential" {
        return next.run(request).await;
    }
    way.credential_requests.fetch_add(1, Ordering::SeqCst);
    if take_one(&way.late) {
        way.clock.advance(NONCE_LIFE + Duration::SECOND);
    }
    let answer = next.run(request).await;
    if answer.status().is_success() && take_one(&way.lost) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let mischief = *way.mischief.lock().unwrap();
    match mischief {
        Some(mischief) => changed(answer, mischief).await,
        None => answer,
    }
}

async fn changed(answer: Response, mischief: Mischief) -> Response {
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    mischief(body["credentials"].as_array_mut().unwrap());
    Json(body).into_response()
}

fn take_one(left: &AtomicUsize) -> bool {
    let less = |left: usize| left.checked_sub(1);
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
        .is_ok()
}

const fn policy(require_dpop_nonce: bool) -> TenantPolicy {
    TenantPolicy {
        batch_size: BATCH_SIZE,
        batches_per_grant: 1,
        documents_per_subject_and_day: 100,
        validity: Duration::days(14),
        expected_update: Some(Duration::days(7)),
        time_granularity: Duration::DAY,
        offer_life: Duration::HOUR,
        tx_code_attempts: 3,
        access_token_life: Duration::minutes(10),
        nonce_life: NONCE_LIFE,
        require_dpop: true,
        require_dpop_nonce,
        repeatable: Duration::minutes(10),
        status_list_size: 1 << 12,
        open_status_lists: 2,
        status_ttl: Duration::minutes(5),
        status_life: Duration::DAY,
        status_latency: Duration::MINUTE,
    }
}
