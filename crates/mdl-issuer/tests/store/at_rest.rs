//! What lies on the disk: for its owner only, and without what was sealed or erased.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mdl_issuer::seal::{EnvelopeSealer, Sealer};
use mdl_issuer::store::{IssuanceId, SqlStore, Store};

use crate::rows::{TENANT, at, grant, id, offer, reservation, reserve};

/// Everything in the folder: database, write-ahead log, shared memory.
fn content(folder: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        content.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    content
}

fn holds(content: &[u8], canary: &[u8]) -> bool {
    content.windows(canary.len()).any(|window| window == canary)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_readable_by_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqlStore::sqlite(&folder.path().join("issuer.db"))
        .await
        .unwrap();
    store.create_offer(offer(1)).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_reference_is_nowhere_in_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqlStore::sqlite(&folder.path().join("issuer.db"))
        .await
        .unwrap();
    let canary = b"CANARY-SUBJECT-4711";
    let sealer = EnvelopeSealer::with_local_key(&[7; 32]);
    let mut offer = offer(1);
    offer.subject.sealed = sealer.seal(&offer.id.0, canary).await.unwrap();
    store.create_offer(offer.clone()).await.unwrap();
    let written = content(folder.path());
    assert!(
        holds(&written, &offer.subject.sealed),
        "the sealed value is there"
    );
    assert!(!holds(&written, canary));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_is_not_in_the_database_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("issuer.db");
    let store = SqlStore::sqlite(&file).await.unwrap();
    let grant = grant(&store, 1).await;
    reserve(&store, &reservation(&grant, 1)).await;
    let erased = [&b"sealed subject 1"[..], b"sealed seed 1"];
    let written = content(folder.path());
    assert!(erased.iter().all(|value| holds(&written, value)));
    store.purge(at(3600)).await.unwrap();
    let left = content(folder.path());
    for value in erased {
        assert!(!holds(&left, value), "{}", String::from_utf8_lossy(value));
    }
    let kept = store
        .issuance(TENANT, IssuanceId(id("issuance", 1)))
        .await
        .unwrap();
    assert!(kept.is_some_and(|issuance| issuance.sealed_seed.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_back_is_not_in_the_database_after_a_purge_that_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqlStore::sqlite(&folder.path().join("issuer.db"))
        .await
        .unwrap();
    let offer = offer(1);
    store.create_offer(offer.clone()).await.unwrap();
    store.cancel_offer(TENANT, offer.id).await.unwrap();
    let sealed = b"sealed subject 1";
    assert!(holds(&content(folder.path()), sealed), "in the log");
    assert_eq!(store.purge(at(1)).await.unwrap(), 0);
    assert!(!holds(&content(folder.path()), sealed));
}
