//! Readiness: every check fails in a service in which everything else is right.

use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mdl_crypto::{Algorithm, PublicKey, Signature};
use mdl_issuer::operations::readiness::Readiness;
use mdl_issuer::store::{MemoryStore, SqlStore, Store};
use mdl_issuer::tenant::Tenant;
use mdl_signer::{SignError, Signer};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use time::Duration;

use super::rig::authority::{authority, authority_with};
use super::rig::{NOW, Rig, change_authority};
use super::{Served, settings};

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

fn as_it_is(_: &mut Tenant) {}

/// A service whose status lists are published.
async fn published(store: Arc<dyn Store>, change: impl FnOnce(&mut Tenant)) -> Rig {
    let rig = Rig::of_one(store, change);
    let done = rig.service.publish_due("test").await;
    assert_eq!(done.failed, 0);
    rig
}

/// What fails, and why.
async fn failing(rig: &Rig) -> Vec<(&'static str, &'static str)> {
    let report = Readiness::new(rig.service.clone()).report().await;
    let failing: Vec<_> = report
        .checks
        .iter()
        .filter_map(|check| Some((check.id, check.failure?)))
        .collect();
    assert_eq!(report.ready, failing.is_empty());
    failing
}

async fn sqlite(folder: &Path) -> (Arc<dyn Store>, SqliteConnection) {
    let path = folder.join("issuer.db");
    let store = SqlStore::sqlite(&path).await.unwrap();
    let url = format!("sqlite:{}", path.display());
    let connection = SqliteConnection::connect(&url).await.unwrap();
    (Arc::new(store), connection)
}

#[tokio::test]
async fn a_service_with_everything_in_place_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = sqlite(folder.path()).await;
    let rig = published(store, as_it_is).await;
    assert_eq!(failing(&rig).await, []);
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut other) = sqlite(folder.path()).await;
    let rig = published(store, as_it_is).await;
    let held = sqlx::raw_sql("BEGIN IMMEDIATE");
    held.execute(&mut other).await.unwrap();
    assert_eq!(failing(&rig).await, [("store", "timed-out")]);
}

#[tokio::test]
async fn a_ledger_whose_end_was_cut_off_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut other) = sqlite(folder.path()).await;
    let rig = published(store, as_it_is).await;
    let cut = "DELETE FROM ledger WHERE sequence = (SELECT max(sequence) FROM ledger)";
    sqlx::raw_sql(cut).execute(&mut other).await.unwrap();
    assert_eq!(failing(&rig).await, [("ledger", "corrupt")]);
}

#[tokio::test]
async fn document_signers_past_their_last_signature_are_not_ready() {
    // Certificate for 31 days more, documents of 30 days.
    let rig = published(memory(), |tenant| {
        tenant.authority = authority(NOW, &[31]).into()
    })
    .await;
    assert_eq!(failing(&rig).await, []);
    rig.clock.advance(Duration::days(2));
    assert_eq!(failing(&rig).await, [("document-signer", "none-signs")]);
}

/// A key that signs, and of which this is what its store says.
#[derive(Debug)]
struct Says(Arc<dyn Signer>, Arc<Mutex<Option<Failure>>>);

type Failure = fn() -> SignError;

const AWAY: Failure = || SignError::Unavailable("away".into());
const DISABLED: Failure = || SignError::Refused("disabled".into());

#[async_trait]
impl Signer for Says {
    fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        self.0.sign(message).await
    }

    async fn check(&self) -> Result<(), SignError> {
        let says = *self.1.lock().unwrap();
        says.map_or(Ok(()), |failure| Err(failure()))
    }
}

#[tokio::test]
async fn keys_that_no_store_lets_sign_are_not_ready() {
    let store = memory();
    let [first, second] = [(); 2].map(|()| Arc::new(Mutex::new(None)));
    let says = [first.clone(), second.clone()];
    let two = authority_with(NOW, &[400, 400], |number, key| {
        Box::new(Says(Arc::new(key), says[number].clone()))
    });
    let rig = published(store, |tenant| tenant.authority.replace(two)).await;
    *first.lock().unwrap() = Some(AWAY);
    assert_eq!(failing(&rig).await, [], "the other one signs");
    *second.lock().unwrap() = Some(DISABLED);
    assert_eq!(failing(&rig).await, [("document-signer", "key-refused")]);
    *second.lock().unwrap() = Some(AWAY);
    assert_eq!(
        failing(&rig).await,
        [("document-signer", "key-unavailable")]
    );
    *first.lock().unwrap() = None;
    assert_eq!(failing(&rig).await, []);
}

#[tokio::test]
async fn a_status_signer_whose_key_is_away_is_not_ready() {
    let rig = published(memory(), |tenant| {
        change_authority(tenant, |authority| {
            let signer = authority.status_signer.as_mut().unwrap();
            let says = Arc::new(Mutex::new(Some(AWAY)));
            signer.signer = Arc::new(Says(signer.signer.clone(), says));
        });
    })
    .await;
    assert_eq!(failing(&rig).await, [("status-signer", "key-unavailable")]);
}

#[tokio::test]
async fn a_status_signer_that_has_expired_is_not_ready() {
    let store = memory();
    published(store.clone(), as_it_is).await;
    // The lists are there and current; who signs the next ones is not.
    let expired = authority(NOW - Duration::days(1100), &[400]);
    let rig = Rig::of_one(store, |tenant| {
        change_authority(tenant, |authority| {
            authority.status_signer = expired.status_signer;
        });
    });
    assert_eq!(failing(&rig).await, [("status-signer", "expired")]);
}

#[tokio::test]
async fn status_lists_that_are_missing_or_expired_are_not_ready() {
    let rig = Rig::of_one(memory(), as_it_is);
    assert_eq!(failing(&rig).await, [("status-lists", "none-open")]);
    let rig = published(memory(), as_it_is).await;
    rig.clock.advance(rig.tenant(0).policy.status_life);
    assert_eq!(failing(&rig).await, [("status-lists", "expired")]);
}

#[tokio::test]
async fn status_lists_of_another_issuer_identifier_are_not_ready() {
    let store = memory();
    published(store.clone(), as_it_is).await;
    let moved = |tenant: &mut Tenant| tenant.issuer = "https://moved.example".to_owned();
    let rig = Rig::of_one(store, moved);
    assert_eq!(failing(&rig).await, [("status-lists", "issuer-changed")]);
    // The job of the process before has its turn no longer.
    rig.clock.advance(Duration::minutes(2));
    assert_eq!(rig.service.publish_due("another").await.failed, 0);
    assert_eq!(failing(&rig).await, []);
}

#[tokio::test]
async fn a_source_of_record_that_is_away_is_not_ready_and_both_listeners_say_so() {
    let rig = published(memory(), as_it_is).await;
    rig.records.set_away(true);
    assert_eq!(failing(&rig).await, [("record-source", "unavailable")]);

    let served = Served::of(rig, settings()).await;
    let public = served.public("/readyz").send().await.unwrap();
    assert_eq!(public.status(), StatusCode::SERVICE_UNAVAILABLE);
    let public: Value = public.json().await.unwrap();
    assert_eq!(public["failing"], json!(["record-source"]));
    // Whoever balances load there has no token.
    let internal = served
        .internal(Method::GET, "/readyz")
        .send()
        .await
        .unwrap();
    assert_eq!(internal.status(), StatusCode::SERVICE_UNAVAILABLE);
    let internal: Value = internal.json().await.unwrap();
    let checks = internal["checks"].as_array().unwrap();
    let failed: Vec<_> = checks
        .iter()
        .filter(|check| check["failure"].is_string())
        .collect();
    let expected = json!({ "id": "record-source", "tenant": "dmv", "failure": "unavailable" });
    assert_eq!(failed, [&expected]);
    served.running.stop().await.unwrap();
}
