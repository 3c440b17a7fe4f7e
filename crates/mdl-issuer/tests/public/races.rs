//! The same thing asked for by many at once, through the whole way of a request: on memory, on SQLite, and on two replicas
//! that share a PostgreSQL database.

use std::future::Future;
use std::sync::Arc;

use futures_util::future::join_all;
use mdl_crypto::Curve;
use mdl_issuer::store::{OfferState, SqlStore};
use serde_json::Value;

use crate::postgres_server::PostgresServer;
use crate::rig::{Answer, DMV, Rig};

const MANY: usize = 12;

/// Runs a case on each kind of store; requests go to the replicas in turn.
async fn everywhere<F: Future<Output = ()>>(case: impl Fn(Arc<[Rig]>) -> F) {
    println!("memory");
    case(Arc::new([Rig::new().await])).await;
    println!("SQLite");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("issuer.db");
    let store = SqlStore::sqlite(&file).await.unwrap();
    case(Arc::new([Rig::on(Arc::new(store), 1).await])).await;
    let Some(server) = PostgresServer::start() else {
        return;
    };
    println!("PostgreSQL");
    let url = server.new_database();
    let mut replicas = Vec::new();
    for seed in 1..=2 {
        let store = SqlStore::postgres(&url, None, 8).await.unwrap();
        replicas.push(Rig::on(Arc::new(store), seed).await);
    }
    case(replicas.into()).await;
}

/// Statuses and errors, sorted.
fn outcomes(answers: &[Answer]) -> Vec<(u16, String)> {
    let outcome = |answer: &Answer| (answer.status.as_u16(), answer.error());
    let mut outcomes: Vec<_> = answers.iter().map(outcome).collect();
    outcomes.sort();
    outcomes
}

/// One success, and this refusal for all others.
#[track_caller]
fn assert_one_of_many(answers: &[Answer], status: u16, error: &str) {
    let mut expected = vec![(status, error.to_owned()); MANY - 1];
    expected.insert(0, (200, String::new()));
    assert_eq!(outcomes(answers), expected);
}

fn turn(replicas: &[Rig], number: usize) -> &Rig {
    &replicas[number % replicas.len()]
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_gets_a_token_for_a_code() {
    everywhere(|replicas| async move {
        let offer = replicas[0].offer(DMV, None).await;
        let attempts = (0..MANY).map(|number| {
            let rig = turn(&replicas, number);
            let key = replicas[0].key(Curve::P256);
            rig.token_request(DMV, &offer, Some(&key)).send(rig)
        });
        assert_one_of_many(&join_all(attempts).await, 400, "invalid_grant");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_of_a_transaction_code_at_once_are_counted_one_by_one() {
    everywhere(|replicas| async move {
        let offer = replicas[0].offer(DMV, Some(6)).await;
        let attempts = (0..MANY).map(|number| {
            let rig = turn(&replicas, number);
            let key = replicas[0].key(Curve::P256);
            let mut attempt = rig.token_request(DMV, &offer, Some(&key));
            attempt.set("tx_code", Some(&format!("guess {number}")));
            attempt.send(rig)
        });
        let refused = vec![(400, "invalid_grant".to_owned()); MANY];
        assert_eq!(outcomes(&join_all(attempts).await), refused);
        let rig = &replicas[0];
        let name = &rig.tenant(DMV).name;
        let kept = rig.service.store.offer(name, offer.id).await.unwrap();
        assert_eq!(kept.unwrap().state, OfferState::Locked);
        let right = rig.token_request(DMV, &offer, Some(&rig.key(Curve::P256)));
        let answer = right.send(rig).await;
        assert_eq!(answer.error(), "invalid_grant", "too late");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_uses_a_nonce_and_a_grant_gives_no_more_than_its_batches() {
    everywhere(|replicas| async move {
        let rig = &replicas[0];
        let session = rig.session(DMV).await;
        let nonce = rig.nonce(DMV).await;
        let attempts = (0..MANY).map(|number| {
            let rig = turn(&replicas, number);
            let keys = vec![replicas[0].key(Curve::P256)];
            rig.credential_request(&session, &nonce, keys).send(rig)
        });
        assert_one_of_many(&join_all(attempts).await, 400, "invalid_nonce");
        // Of two batches, one is left.
        let mut attempts = Vec::new();
        for number in 0..MANY {
            let rig = turn(&replicas, number);
            let nonce = rig.nonce(DMV).await;
            let keys = vec![replicas[0].key(Curve::P256)];
            attempts.push(rig.credential_request(&session, &nonce, keys).send(rig));
        }
        let answers = join_all(attempts).await;
        assert_one_of_many(&answers, 400, "credential_request_denied");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_key_gets_one_document_whoever_asks_for_it() {
    everywhere(|replicas| async move {
        let device_key = replicas[0].key(Curve::P256);
        let mut sessions = Vec::new();
        for number in 0..MANY {
            sessions.push(turn(&replicas, number).session(DMV).await);
        }
        let mut attempts = Vec::new();
        for (number, session) in sessions.iter().enumerate() {
            let rig = turn(&replicas, number);
            let nonce = rig.nonce(DMV).await;
            let keys = vec![device_key.clone()];
            attempts.push(rig.credential_request(session, &nonce, keys).send(rig));
        }
        let answers = join_all(attempts).await;
        assert_one_of_many(&answers, 400, "credential_request_denied");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_many_times_at_once_is_one_issuance() {
    everywhere(|replicas| async move {
        let rig = &replicas[0];
        let session = rig.session(DMV).await;
        let nonce = rig.nonce(DMV).await;
        let keys = vec![rig.key(Curve::P256), rig.key(Curve::P256)];
        // With a proof of possession of its own for each; and with the very same one.
        let attempts = (0..MANY).map(|number| {
            let rig = turn(&replicas, number);
            let mut attempt = rig.credential_request(&session, &nonce, keys.clone());
            attempt.dpop().claims["jti"] = format!("{}", number.min(MANY - 2)).into();
            attempt.send(rig)
        });
        let answers = join_all(attempts).await;
        let mut expected = vec![(200, String::new()); MANY - 1];
        expected.push((401, "invalid_dpop_proof".to_owned()));
        assert_eq!(outcomes(&answers), expected);
        let identifiers: std::collections::HashSet<Value> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .map(|answer| answer.json()["notification_id"].clone())
            .collect();
        assert_eq!(identifiers.len(), 1);
        let lists = rig.service.store.status_lists(&rig.tenant(DMV).name);
        let given: u32 = lists.await.unwrap().iter().map(|list| list.allocated).sum();
        assert_eq!(given, 2, "no position of a list was given twice or lost");
    })
    .await;
}
