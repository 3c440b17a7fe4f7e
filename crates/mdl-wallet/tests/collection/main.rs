//! The wallet against the real service, over HTTP on loopback.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../mdl-issuer/tests/issuing/authority.rs"]
mod authority;
mod hostile;
#[path = "../../../mdl-issuer/tests/issuing/records.rs"]
#[expect(dead_code, reason = "people of these tests do not change")]
mod records;
#[path = "../../../mdl-issuer/tests/issuing/sealer.rs"]
mod sealer;
mod service;

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::session_transcript::{Handover, SessionTranscript};
use mdl_reader::{CheckId, Conditions, Outcome, Session, Verdict, Verifier};
use mdl_wallet::collection::{Batch, CollectError, Collector, Order};
use mdl_wallet::document::{DocumentError, Trust};
use mdl_wallet::metadata::MetadataError;
use mdl_wallet::presentation::{DeviceAuthentication, Selection, present};
use mdl_wallet::status_list;
use zeroize::Zeroizing;

use crate::service::{BATCH_SIZE, NOW, Running, connection, stranger, wallet};

async fn collect(wallet: &mut Collector, link: &str, order: &Order) -> Result<Batch, CollectError> {
    let offer = wallet.read_offer(&link.parse()?).await?;
    wallet.collect(&offer, order).await
}

#[tokio::test]
async fn a_batch_has_one_verified_document_for_each_key() {
    let running = Running::new(false).await;
    let offer = running.offer(None).await;
    let mut wallet = wallet(running.anchors());
    let batch = collect(&mut wallet, &offer.link_by_reference, &Order::batch_of(10))
        .await
        .unwrap();
    assert_eq!((batch.documents.len(), batch.repeated), (10, 0));
    assert_eq!(batch.credential_issuer, running.issuer);
    let documents: HashSet<_> = batch
        .documents
        .iter()
        .map(|one| &one.issuer_signed)
        .collect();
    assert_eq!(documents.len(), 10);
    for document in &batch.documents {
        assert_eq!(document.facts.trust, Trust::Anchored);
        assert_eq!(document.facts.doc_type, MDL_DOC_TYPE);
    }
    let issuances = running.issuances().await;
    assert_eq!(issuances.len(), 1);
    assert!(issuances[0].notified.is_some());
}

#[tokio::test]
async fn a_lost_answer_gives_the_same_batch_and_no_second_one() {
    let running = Running::new(false).await;
    running.way.lost.store(2, Ordering::SeqCst);
    let offer = running.offer(None).await;
    let mut wallet = wallet(running.anchors());
    let batch = collect(&mut wallet, &offer.link_by_value, &Order::batch_of(3))
        .await
        .unwrap();
    assert_eq!((batch.documents.len(), batch.repeated), (3, 2));
    assert_eq!(running.way.credential_requests.load(Ordering::SeqCst), 3);
    let issuances = running.issuances().await;
    assert_eq!((issuances.len(), issuances[0].batch_size), (1, 3));
}

#[tokio::test]
async fn a_nonce_that_grew_old_on_the_way_is_replaced() {
    let running = Running::new(false).await;
    running.way.late.store(1, Ordering::SeqCst);
    let offer = running.offer(None).await;
    let mut wallet = wallet(running.anchors());
    let batch = collect(&mut wallet, &offer.link_by_value, &Order::batch_of(2))
        .await
        .unwrap();
    assert_eq!((batch.documents.len(), batch.repeated), (2, 1));
}

#[tokio::test]
async fn a_service_that_wants_its_nonce_in_dpop_proofs_gets_it() {
    let running = Running::new(true).await;
    let offer = running.offer(Some(6)).await;
    let order = Order {
        tx_code: offer.tx_code.clone(),
        ..Order::batch_of(2)
    };
    let mut wallet = wallet(running.anchors());
    let batch = collect(&mut wallet, &offer.link_by_value, &order)
        .await
        .unwrap();
    assert_eq!((batch.documents.len(), batch.repeated), (2, 0));
}

#[tokio::test]
async fn a_batch_is_as_large_as_the_issuer_allows() {
    let running = Running::new(false).await;
    let offer = running.offer(None).await;
    let mut wallet = wallet(running.anchors());
    let batch = collect(&mut wallet, &offer.link_by_value, &Order::batch_of(1000))
        .await
        .unwrap();
    assert_eq!(batch.documents.len(), BATCH_SIZE as usize);
}

#[tokio::test]
async fn what_the_service_refuses_has_its_code() {
    let running = Running::new(false).await;
    let offer = running.offer(Some(6)).await;
    let mut wallet = wallet(running.anchors());
    let without = collect(&mut wallet, &offer.link_by_value, &Order::batch_of(1)).await;
    assert!(
        matches!(without, Err(CollectError::TxCodeNeeded)),
        "{without:?}"
    );
    let order = Order {
        tx_code: Some(Zeroizing::new("x".into())),
        ..Order::batch_of(1)
    };
    let wrong = collect(&mut wallet, &offer.link_by_value, &order)
        .await
        .unwrap_err();
    let refusal = wrong.request().unwrap().refusal().unwrap();
    assert_eq!(
        (refusal.status, refusal.code.as_deref()),
        (400, Some("invalid_grant"))
    );
    assert!(!wrong.may_pass());
}

#[tokio::test]
async fn an_issuer_under_another_name_is_not_believed() {
    let running = Running::new(false).await;
    let offer = running.offer(None).await;
    // The same service answers, but says that it is somebody else.
    let link = offer.link_by_value.replace("127.0.0.1", "localhost");
    assert_ne!(link, offer.link_by_value);
    let refused = collect(&mut wallet(running.anchors()), &link, &Order::batch_of(1)).await;
    let mismatch = matches!(
        refused,
        Err(CollectError::Metadata(MetadataError::Mismatch { .. }))
    );
    assert!(mismatch, "{refused:?}");
}

#[tokio::test]
async fn documents_of_an_authority_that_is_not_trusted_are_not_kept() {
    let running = Running::new(false).await;
    let offer = running.offer(None).await;
    let mut wallet = wallet(stranger());
    let refused = collect(&mut wallet, &offer.link_by_value, &Order::batch_of(2)).await;
    let Err(CollectError::Document { index: 0, source }) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        matches!(source, DocumentError::NotVerified { .. }),
        "{source}"
    );
    let issuances = running.issuances().await;
    assert!(issuances[0].notified.is_some());
}

#[tokio::test]
async fn what_was_collected_is_presented_and_its_status_is_known() {
    let running = Running::new(false).await;
    let offer = running.offer(None).await;
    let mut wallet = wallet(running.anchors());
    let batch = collect(&mut wallet, &offer.link_by_value, &Order::batch_of(1))
        .await
        .unwrap();
    let document = &batch.documents[0];
    let status = status_list::fetch(&connection(), &document.issuer_signed)
        .await
        .unwrap();

    let transcript = SessionTranscript::proximity(&[0xa0], &[0xa0], Handover::Qr);
    let selection = Selection::Element("org.iso.18013.5.1".into(), "age_over_18".into());
    let response = present(
        &document.issuer_signed,
        &[selection],
        &document.key,
        DeviceAuthentication::Signature,
        &transcript,
    );
    let response = response.unwrap();
    let session = Session::Device {
        transcript: &transcript,
        reader_key: None,
    };
    let conditions = Conditions {
        status_tokens: &[&status],
        ..Conditions::new(NOW, session)
    };
    let report = Verifier::new(running.anchors()).verify(&response, &conditions);
    assert_eq!(report.verdict(), Verdict::Valid);
    let status = report.documents()[0]
        .check(CheckId::StatusReference)
        .unwrap();
    assert_eq!(status.outcome, Outcome::Pass, "{:?}", status.cause);
}
