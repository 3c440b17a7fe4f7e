//! A request that comes again gives the same batch or a clean refusal, and never a second batch.

use ciborium::Value;
use mdl_issuer::issuing::{IssueError, IssuedBatch};
use mdl_issuer::store::SignaturePurpose;
use time::Duration;

use crate::house::{House, NOW};
use crate::observation::observe;

/// The bytes that were signed, document by document.
fn signed(batch: &IssuedBatch) -> Vec<Vec<u8>> {
    let documents = batch.documents.iter();
    documents
        .map(|document| observe(document, 0, NOW).mso)
        .collect()
}

fn denied(code: &'static str) -> Option<IssueError> {
    Some(IssueError::Denied { code })
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_batch() {
    let house = House::new().await;
    let (grant, keys) = (house.grant("erika").await, house.keys(4));
    let first = house.issue(&grant, &keys).await.unwrap();
    house.clock.advance(Duration::minutes(9));
    let second = house.issue(&grant, &keys).await.unwrap();
    assert_eq!(signed(&first), signed(&second));
    assert_eq!(first.issuance, second.issuance);
    assert_eq!(first.notification_id, second.notification_id);
    assert_eq!(first.valid_until, second.valid_until);
}

#[tokio::test]
async fn proofs_in_another_order_are_the_same_request_and_answered_in_their_order() {
    let house = House::new().await;
    let (grant, mut keys) = (house.grant("erika").await, house.keys(5));
    let mut first = signed(&house.issue(&grant, &keys).await.unwrap());
    keys.reverse();
    first.reverse();
    assert_eq!(signed(&house.issue(&grant, &keys).await.unwrap()), first);
}

#[tokio::test]
async fn every_signature_is_in_the_ledger_also_those_of_a_repetition() {
    let house = House::new().await;
    let (grant, keys) = (house.grant("erika").await, house.keys(3));
    for _ in 0..2 {
        house.issue(&grant, &keys).await.unwrap();
    }
    let rows = house.service.store.ledger(1, 100).await.unwrap();
    let of_documents = rows
        .iter()
        .filter(|row| row.entry.purpose == SignaturePurpose::Mso);
    let signed: Vec<_> = of_documents.map(|row| row.entry.to_be_signed).collect();
    assert_eq!(signed.len(), 6);
    assert_eq!(signed[..3], signed[3..]);
}

#[tokio::test]
async fn when_the_time_for_repetitions_is_over_the_batch_is_not_given_again() {
    let house = House::new().await;
    let (grant, keys) = (house.grant("erika").await, house.keys(2));
    house.issue(&grant, &keys).await.unwrap();
    house.clock.advance(Duration::minutes(11));
    let refused = house.issue(&grant, &keys).await.err();
    assert_eq!(refused, denied("repetition-over"));
}

#[tokio::test]
async fn a_record_that_changed_in_between_gives_no_second_batch() {
    let house = House::new().await;
    let (grant, keys) = (house.grant("erika").await, house.keys(2));
    house.issue(&grant, &keys).await.unwrap();
    house
        .records
        .change("erika", "given_name", Some(Value::from("Anna")));
    let refused = house.issue(&grant, &keys).await.err();
    assert_eq!(refused, denied("record-changed"));
    let rows = house.service.store.ledger(1, 100).await.unwrap();
    let documents = rows
        .iter()
        .filter(|row| row.entry.purpose == SignaturePurpose::Mso);
    assert_eq!(documents.count(), 2);
}

#[tokio::test]
async fn a_repetition_is_signed_by_the_same_document_signer_or_by_none() {
    let house = House::with(|_| {}, &[400, 400]).await;
    let (grant, keys) = (house.grant("erika").await, house.keys(2));
    house.issue(&grant, &keys).await.unwrap();
    house.tenant().authority.get().document_signers[0]
        .guard
        .revoke();
    let refused = house.issue(&grant, &keys).await.err();
    assert_eq!(refused, denied("document-signer-gone"));
    let grant = house.grant("hans").await;
    let batch = house.issue(&grant, &house.keys(1)).await.unwrap();
    let second = &house.tenant().authority.get().document_signers[1].certificate;
    let has_certificate = |document: &Vec<u8>| {
        document
            .windows(second.len())
            .any(|window| window == second)
    };
    assert!(batch.documents.iter().all(has_certificate));
}

#[tokio::test]
async fn what_failed_half_way_is_finished_by_the_repetition() {
    let house = House::new().await;
    let (grant, keys) = (house.grant("erika").await, house.keys(2));
    house.records.set_away(true);
    match house.issue(&grant, &keys).await.err() {
        Some(IssueError::Unavailable { code, .. }) => assert_eq!(code, "record-source-unavailable"),
        other => panic!("{other:?}"),
    }
    house.records.set_away(false);
    let batch = house.issue(&grant, &keys).await.unwrap();
    let subject = grant.subject.hash;
    let issuances = house.service.store.issuances("dmv", subject).await.unwrap();
    assert_eq!(issuances.len(), 1);
    assert_eq!(issuances[0].id, batch.issuance);
}
