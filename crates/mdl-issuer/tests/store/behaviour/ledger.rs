use std::sync::Arc;

use mdl_issuer::ledger::entry_hash;
use mdl_issuer::store::{Hash, LedgerCheckpoint, LedgerHead, SignaturePurpose, Store};

use crate::rows::{at, draft};

pub(super) async fn entries_are_chained(store: Arc<dyn Store>) {
    assert_eq!(store.ledger_head().await.unwrap(), LedgerHead::default());
    store.append_ledger(vec![draft(1), draft(2)]).await.unwrap();
    let head = store.append_ledger(vec![draft(3)]).await.unwrap();
    assert_eq!(head, store.ledger_head().await.unwrap());
    let rows = store.ledger(0, 10).await.unwrap();
    let mut previous = Hash([0; 32]);
    for (sequence, row) in (1..).zip(&rows) {
        assert_eq!(row.sequence, sequence);
        assert_eq!(row.previous, previous);
        assert_eq!(row.hash, entry_hash(sequence, previous, &row.entry));
        previous = row.hash;
    }
    assert_eq!((head.sequence, head.hash), (3, previous));
}

pub(super) async fn entries_are_appended_once(store: Arc<dyn Store>) {
    let first = store.append_ledger(vec![draft(1), draft(2)]).await.unwrap();
    let again = store.append_ledger(vec![draft(1), draft(2)]).await.unwrap();
    assert_eq!(first, again);
    let head = store.append_ledger(vec![draft(2)]).await.unwrap();
    assert_eq!(head.sequence, 3);
    let none = store.append_ledger(Vec::new()).await.unwrap();
    assert_eq!(none.sequence, 3);
}

pub(super) async fn entries_are_read_in_pages(store: Arc<dyn Store>) {
    let drafts = (0..5).map(draft).collect();
    store.append_ledger(drafts).await.unwrap();
    let sequences = async |from, limit| -> Vec<u64> {
        let rows = store.ledger(from, limit).await.unwrap();
        rows.iter().map(|row| row.sequence).collect()
    };
    assert_eq!(sequences(1, 2).await, [1, 2]);
    assert_eq!(sequences(3, 10).await, [3, 4, 5]);
    assert!(sequences(6, 10).await.is_empty());
    assert!(sequences(u64::MAX, 10).await.is_empty());
}

pub(super) async fn checkpoints_are_kept(store: Arc<dyn Store>) {
    assert_eq!(store.last_checkpoint().await.unwrap(), None);
    let checkpoint = async |number| {
        let head = store.append_ledger(vec![draft(number)]).await.unwrap();
        let checkpoint = LedgerCheckpoint {
            head,
            at: at(i64::from(number)),
            token: format!("token {number}"),
        };
        let mut entry = draft(100 + number);
        entry.purpose = SignaturePurpose::Checkpoint;
        for _ in 0..2 {
            let kept = store.append_checkpoint(checkpoint.clone(), entry.clone());
            kept.await.unwrap();
        }
        checkpoint
    };
    let first = checkpoint(1).await;
    let second = checkpoint(2).await;
    assert_eq!((first.head.sequence, second.head.sequence), (1, 3));
    assert_eq!(store.ledger_head().await.unwrap().sequence, 4);
    let all = store.checkpoints(0, 10).await.unwrap();
    assert_eq!(all, [first.clone(), second.clone()]);
    assert_eq!(store.checkpoints(0, 1).await.unwrap(), [first]);
    assert_eq!(
        store.checkpoints(2, 10).await.unwrap(),
        std::slice::from_ref(&second)
    );
    assert_eq!(store.last_checkpoint().await.unwrap(), Some(second));
}
