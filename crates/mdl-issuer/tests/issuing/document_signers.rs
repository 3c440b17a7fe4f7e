//! Several document signers: one whose key fails is left out, and the batch completes on the next.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use async_trait::async_trait;
use mdl_crypto::{Algorithm, PublicKey, Signature};
use mdl_issuer::issuing::IssueError;
use mdl_issuer::tenant::DocumentSigner;
use mdl_signer::quota::{Priority, QuotaScheduler, QuotaSettings};
use mdl_signer::{SignError, Signer, SoftwareSigner};
use time::Duration;

use crate::authority::authority_with;
use crate::house::{House, NOW};

/// How long a signature may wait for its turn at a key store.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(1);

const SIGNS: u8 = 0;
const IS_AWAY: u8 = 1;
const REFUSES: u8 = 2;
const SIGNS_SOMETHING_ELSE: u8 = 3;

/// A key that does as it is told.
#[derive(Clone, Debug, Default)]
struct Conduct {
    does: Arc<AtomicU8>,
    /// Signatures that it gives before it does so.
    gives_first: Arc<AtomicU32>,
    asked: Arc<AtomicU32>,
}

#[derive(Debug)]
struct Key {
    key: SoftwareSigner,
    conduct: Conduct,
}

#[async_trait]
impl Signer for Key {
    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        self.conduct.asked.fetch_add(1, Ordering::SeqCst);
        let gives = &self.conduct.gives_first;
        if gives.load(Ordering::SeqCst) > 0 {
            gives.fetch_sub(1, Ordering::SeqCst);
            return self.key.sign(message).await;
        }
        match self.conduct.does.load(Ordering::SeqCst) {
            SIGNS => self.key.sign(message).await,
            IS_AWAY => Err(SignError::Unavailable("away".into())),
            REFUSES => Err(SignError::Refused("disabled".into())),
            _ => self.key.sign(b"something else").await,
        }
    }

    async fn check(&self) -> Result<(), SignError> {
        match self.conduct.does.load(Ordering::SeqCst) {
            IS_AWAY => Err(SignError::Unavailable("away".into())),
            REFUSES => Err(SignError::Refused("disabled".into())),
            _ => Ok(()),
        }
    }
}

/// Two document signers, both good for a year, and what their keys do.
async fn house_of_two() -> (House, [Conduct; 2]) {
    house_of_two_in([None, None]).await
}

/// The same, with keys in stores that allow so many signatures in a second.
async fn house_of_two_in(limits: [Option<u32>; 2]) -> (House, [Conduct; 2]) {
    let conducts = [Conduct::default(), Conduct::default()];
    let mut authority = authority_with(NOW, &[400, 400], |number, key| {
        let conduct = conducts[number].clone();
        Box::new(Key { key, conduct })
    });
    for (signer, limit) in authority.document_signers.iter_mut().zip(limits) {
        let signer = Arc::get_mut(signer).unwrap();
        signer.key_store = limit.map(|limit| {
            let limit = NonZeroU32::new(limit).unwrap();
            QuotaScheduler::new(QuotaSettings::new(limit, LONGEST_WAIT))
        });
    }
    (House::of(authority, |_| {}).await, conducts)
}

impl Conduct {
    fn does(&self, what: u8) {
        self.does.store(what, Ordering::SeqCst);
    }

    fn asked(&self) -> u32 {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

/// The document signers of the house that signed the documents, by their place in the configuration.
fn signed_by(house: &House, documents: &[Vec<u8>]) -> Vec<usize> {
    let signers = &house.tenant().authority.get().document_signers;
    let place = |document: &Vec<u8>| {
        // The certificate stands in the unprotected header as it is.
        let holds = |signer: &Arc<DocumentSigner>| {
            let certificate = &signer.certificate;
            let mut windows = document.windows(certificate.len());
            windows.any(|window| window == certificate)
        };
        signers.iter().position(holds).unwrap()
    };
    documents.iter().map(place).collect()
}

#[tokio::test]
async fn the_first_in_the_configuration_signs() {
    let (house, [_, second]) = house_of_two().await;
    let batch = house.issue_new(3).await;
    assert_eq!(signed_by(&house, &batch.documents), [0, 0, 0]);
    assert_eq!(second.asked(), 0);
}

#[tokio::test]
async fn a_batch_whose_key_fails_is_completed_by_the_next_document_signer() {
    for failure in [IS_AWAY, REFUSES, SIGNS_SOMETHING_ELSE] {
        let (house, [first, _]) = house_of_two().await;
        first.does(failure);
        // In the middle of the batch.
        first.gives_first.store(2, Ordering::SeqCst);
        let batch = house.issue_new(5).await;
        assert_eq!(signed_by(&house, &batch.documents), [1; 5], "{failure}");
        // Only what left is in the ledger.
        let rows = house.service.store.ledger(1, 100).await.unwrap();
        let second = house.tenant().authority.get().document_signers[1].key_id;
        let by_second = rows.iter().filter(|row| row.entry.key == second).count();
        let first = house.tenant().authority.get().document_signers[0].key_id;
        let by_first = rows.iter().filter(|row| row.entry.key == first).count();
        assert_eq!((by_first, by_second), (0, 5), "{failure}");
    }
}

#[tokio::test]
async fn a_key_that_failed_is_left_alone_for_a_while() {
    let (house, [first, second]) = house_of_two().await;
    first.does(IS_AWAY);
    house.issue_new(1).await;
    assert_eq!((first.asked(), second.asked()), (1, 1));
    first.does(SIGNS);
    house.issue_new(1).await;
    assert_eq!((first.asked(), second.asked()), (0, 1));
    house.clock.advance(Duration::seconds(30));
    house.issue_new(1).await;
    assert_eq!((first.asked(), second.asked()), (1, 0));
    house.issue_new(1).await;
    assert_eq!((first.asked(), second.asked()), (1, 0));
}

#[tokio::test]
async fn when_all_keys_fail_nothing_is_issued_and_the_same_request_succeeds_later() {
    let (house, [first, second]) = house_of_two().await;
    first.does(IS_AWAY);
    second.does(IS_AWAY);
    let (grant, keys) = (house.grant("erika").await, house.keys(2));
    match house.issue(&grant, &keys).await.unwrap_err() {
        IssueError::Unavailable { code, .. } => assert_eq!(code, "signer-unavailable"),
        other => panic!("{other:?}"),
    }
    // Both rest, and are asked all the same: there is nobody else.
    second.does(SIGNS);
    let batch = house.issue(&grant, &keys).await.unwrap();
    assert_eq!(signed_by(&house, &batch.documents), [1, 1]);
}

#[tokio::test]
async fn a_batch_that_has_left_is_repeated_by_the_same_document_signer_or_by_none() {
    let (house, [first, second]) = house_of_two().await;
    let (grant, keys) = (house.grant("erika").await, house.keys(2));
    house.issue(&grant, &keys).await.unwrap();
    first.does(IS_AWAY);
    match house.issue(&grant, &keys).await.unwrap_err() {
        IssueError::Unavailable { code, .. } => assert_eq!(code, "signer-unavailable"),
        other => panic!("{other:?}"),
    }
    assert_eq!(second.asked(), 0);
    first.does(SIGNS);
    let again = house.issue(&grant, &keys).await.unwrap();
    assert_eq!(signed_by(&house, &again.documents), [0, 0]);
}

#[tokio::test]
async fn what_was_begun_with_a_document_signer_that_was_revoked_is_signed_by_the_next() {
    let (house, [first, second]) = house_of_two().await;
    first.does(IS_AWAY);
    second.does(IS_AWAY);
    let (grant, keys) = (house.grant("erika").await, house.keys(1));
    house.issue(&grant, &keys).await.unwrap_err();
    house.tenant().authority.get().document_signers[0]
        .guard
        .revoke();
    second.does(SIGNS);
    let batch = house.issue(&grant, &keys).await.unwrap();
    assert_eq!(signed_by(&house, &batch.documents), [1]);
    assert_eq!(first.asked(), 1, "not after it was revoked");
}

/// The key store of a document signer of the house.
fn key_store(house: &House, number: usize) -> QuotaScheduler {
    let signer = &house.tenant().authority.get().document_signers[number];
    signer.key_store.clone().unwrap()
}

#[tokio::test]
async fn what_one_key_store_has_no_time_for_is_signed_in_the_next() {
    let (house, _) = house_of_two_in([Some(1000), Some(1000)]).await;
    let all = key_store(&house, 0).admit(Priority::Interactive, 1000);
    let batch = house.issue_new(3).await;
    assert_eq!(signed_by(&house, &batch.documents), [1, 1, 1]);
    drop(all);
    let batch = house.issue_new(3).await;
    assert_eq!(signed_by(&house, &batch.documents), [0, 0, 0]);
}

#[tokio::test]
async fn when_every_key_store_is_busy_the_wallet_is_told_when_to_come_back_and_nothing_is_spent() {
    let (house, [first, second]) = house_of_two_in([Some(1000), Some(1000)]).await;
    let (grant, keys) = (house.grant("erika").await, house.keys(3));
    let one = key_store(&house, 0)
        .admit(Priority::Interactive, 5000)
        .unwrap();
    let other = key_store(&house, 1)
        .admit(Priority::Interactive, 3000)
        .unwrap();
    let refused = house.issue(&grant, &keys).await.unwrap_err();
    let expected = IssueError::Busy {
        code: "key-store-busy",
        // Of the one that is sooner free.
        retry_after: Duration::seconds(3),
    };
    assert_eq!(refused, expected);
    let begun = house
        .service
        .store
        .issuances("dmv", grant.subject.hash)
        .await;
    assert!(begun.unwrap().is_empty());
    assert_eq!((first.asked(), second.asked()), (0, 0));
    drop((one, other));
    house.issue(&grant, &keys).await.unwrap();
}

#[tokio::test]
async fn every_signature_has_a_turn_at_its_key_store() {
    // One at once, and the others half a second apart: a schedule is never early, however slow the machine.
    let (house, _) = house_of_two_in([Some(2), None]).await;
    let before = std::time::Instant::now();
    house.issue_new(3).await;
    assert!(before.elapsed() >= std::time::Duration::from_secs(1));
    let load = key_store(&house, 0).load();
    assert_eq!((load.waiting, load.in_flight), ([0; 3], 0));
}

#[tokio::test]
async fn a_key_store_that_does_not_answer_is_left_alone() {
    let (house, [first, _]) = house_of_two_in([Some(1000), None]).await;
    first.does(IS_AWAY);
    for _ in 0..5 {
        assert!(!key_store(&house, 0).load().resting);
        house.issue_new(1).await;
        // Long enough for the document signer to be tried again.
        house.clock.advance(Duration::seconds(30));
    }
    assert!(key_store(&house, 0).load().resting);
}
