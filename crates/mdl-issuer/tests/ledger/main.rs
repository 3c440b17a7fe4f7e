//! Every way to change a ledger is found, and named with the record that it was done to.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use mdl_crypto::{Curve, PrivateKey, PublicKey};
use mdl_issuer::ledger::{
    CheckpointRule, ExportLine, Finding, LedgerReport, LedgerVerifier, checkpoint, entry_hash,
};
use mdl_issuer::store::{
    Hash, LedgerCheckpoint, LedgerDraft, LedgerHead, LedgerRow, MemoryStore, SignaturePurpose,
    Store,
};
use mdl_signer::SoftwareSigner;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const NOON: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);
const RULE: CheckpointRule = CheckpointRule {
    entries: 4,
    age: Duration::hours(1),
};

/// Ten entries; the sixth is that of a checkpoint about the fifth.
struct Ledger {
    rows: Vec<LedgerRow>,
    checkpoints: Vec<LedgerCheckpoint>,
    head: LedgerHead,
    keys: Vec<PublicKey>,
}

fn signer(key: u8) -> SoftwareSigner {
    SoftwareSigner::new(PrivateKey::from_scalar(Curve::P256, &[key; 32]).unwrap())
}

fn draft(number: u8) -> LedgerDraft {
    LedgerDraft {
        at: NOON + Duration::microseconds(i64::from(number)),
        tenant: "utopia".into(),
        purpose: SignaturePurpose::Mso,
        key: Hash([7; 32]),
        to_be_signed: Hash([number; 32]),
        request: [number; 16],
    }
}

async fn ledger() -> Ledger {
    let store = MemoryStore::new();
    let signer = signer(1);
    store
        .append_ledger((1..=5).map(draft).collect())
        .await
        .unwrap();
    checkpoint(&store, "utopia", &signer, RULE, NOON)
        .await
        .unwrap()
        .unwrap();
    store
        .append_ledger((7..=10).map(draft).collect())
        .await
        .unwrap();
    Ledger {
        rows: store.ledger(1, 100).await.unwrap(),
        checkpoints: store.checkpoints(1, 100).await.unwrap(),
        head: store.ledger_head().await.unwrap(),
        keys: vec![mdl_signer::Signer::public_key(&signer).clone()],
    }
}

impl Ledger {
    fn report(&self) -> LedgerReport {
        let mut verifier = LedgerVerifier::new(&self.checkpoints, &self.keys);
        for row in &self.rows {
            verifier.entry(row.clone());
        }
        verifier.finish(Some(self.head))
    }

    fn findings(&self) -> Vec<Finding> {
        self.report().findings
    }

    fn row(&mut self, sequence: usize) -> &mut LedgerRow {
        &mut self.rows[sequence - 1]
    }

    /// Numbers all entries anew, as somebody would who hides a gap.
    fn number_anew(&mut self) {
        for (sequence, row) in (1..).zip(&mut self.rows) {
            row.sequence = sequence;
        }
    }

    /// Computes the chain anew from an entry on, as somebody would who knows how.
    fn chain_anew(&mut self, from: usize) {
        let mut previous = match from {
            1 => Hash::default(),
            _ => self.rows[from - 2].hash,
        };
        for (sequence, row) in (from as u64..).zip(&mut self.rows[from - 1..]) {
            row.sequence = sequence;
            row.previous = previous;
            row.hash = entry_hash(sequence, previous, &row.entry);
            previous = row.hash;
        }
    }
}

#[tokio::test]
async fn an_untouched_ledger_is_intact() {
    let report = ledger().await.report();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.entries, report.newest), (10, 10));
    assert_eq!((report.checkpoints, report.vouched), (1, 5));
}

#[tokio::test]
async fn an_empty_ledger_is_intact() {
    let report = LedgerVerifier::new(&[], &[]).finish(Some(LedgerHead::default()));
    assert!(report.is_intact());
}

#[tokio::test]
async fn an_edited_record_is_named() {
    let edits: [fn(&mut LedgerRow); 7] = [
        |row| row.entry.tenant.push('x'),
        |row| row.entry.at += Duration::microseconds(1),
        |row| row.entry.purpose = SignaturePurpose::Crl,
        |row| row.entry.key.0[0] ^= 1,
        |row| row.entry.to_be_signed.0[0] ^= 1,
        |row| row.entry.request[0] ^= 1,
        |row| row.previous.0[0] ^= 1,
    ];
    for sequence in [1, 4, 10] {
        for edit in edits {
            let mut ledger = ledger().await;
            edit(ledger.row(sequence));
            let sequence = sequence as u64;
            assert_eq!(ledger.findings(), [Finding::Edited { sequence }]);
        }
    }
}

#[tokio::test]
async fn an_edited_record_with_a_hash_of_its_own_is_named() {
    for sequence in [1, 3, 9] {
        let mut ledger = ledger().await;
        let row = ledger.row(sequence);
        row.entry.to_be_signed = Hash([99; 32]);
        row.hash = entry_hash(row.sequence, row.previous, &row.entry);
        let sequence = sequence as u64;
        assert_eq!(ledger.findings(), [Finding::Edited { sequence }]);
    }
}

#[tokio::test]
async fn an_edited_newest_record_with_a_hash_of_its_own_is_not_the_one_remembered() {
    let mut ledger = ledger().await;
    let row = ledger.row(10);
    row.entry.to_be_signed = Hash([99; 32]);
    row.hash = entry_hash(row.sequence, row.previous, &row.entry);
    assert_eq!(ledger.findings(), [Finding::HeadDiffers { sequence: 10 }]);
}

#[tokio::test]
async fn a_deleted_record_is_named() {
    for (from, to) in [(1, 1), (4, 4), (7, 9), (1, 3)] {
        let mut ledger = ledger().await;
        ledger.rows.drain(from - 1..to);
        let (from, to) = (from as u64, to as u64);
        assert_eq!(ledger.findings(), [Finding::Deleted { from, to }]);
    }
}

#[tokio::test]
async fn a_deleted_record_is_named_when_the_rest_is_numbered_anew() {
    for (from, to) in [(1, 1), (4, 4), (7, 8), (8, 9)] {
        let mut ledger = ledger().await;
        ledger.rows.drain(from - 1..to);
        ledger.number_anew();
        let (from, to) = (from as u64, to as u64);
        assert_eq!(ledger.findings(), [Finding::Deleted { from, to }]);
    }
}

#[tokio::test]
async fn exchanged_records_are_named() {
    for (one, two) in [(3, 4), (2, 8), (9, 10)] {
        let mut ledger = ledger().await;
        ledger.rows.swap(one - 1, two - 1);
        ledger.number_anew();
        let (one, two) = (one as u64, two as u64);
        let expected = [
            Finding::Reordered {
                found: one,
                written: two,
            },
            Finding::Reordered {
                found: two,
                written: one,
            },
        ];
        assert_eq!(ledger.findings(), expected);
    }
}

#[tokio::test]
async fn records_out_of_order_are_named() {
    let mut ledger = ledger().await;
    ledger.rows.swap(7, 8);
    let out_of_order = Finding::Reordered {
        found: 9,
        written: 8,
    };
    assert_eq!(ledger.findings(), [out_of_order]);
}

#[tokio::test]
async fn an_inserted_record_is_named() {
    for sequence in [1, 4, 10] {
        let mut ledger = ledger().await;
        let previous = ledger.row(sequence).previous;
        let entry = draft(99);
        let forged = LedgerRow {
            sequence: sequence as u64,
            previous,
            hash: entry_hash(sequence as u64, previous, &entry),
            entry,
        };
        ledger.rows.insert(sequence - 1, forged);
        ledger.number_anew();
        let sequence = sequence as u64;
        assert_eq!(ledger.findings(), [Finding::Inserted { sequence }]);
    }
}

#[tokio::test]
async fn a_record_that_occurs_twice_is_named() {
    let mut ledger = ledger().await;
    let again = ledger.row(8).clone();
    ledger.rows.insert(8, again);
    assert_eq!(ledger.findings(), [Finding::Inserted { sequence: 8 }]);
}

#[tokio::test]
async fn a_ledger_cut_off_before_a_checkpoint_is_named() {
    let mut ledger = ledger().await;
    ledger.rows.truncate(4);
    ledger.head = LedgerHead {
        sequence: 4,
        hash: ledger.row(4).hash,
    };
    assert_eq!(
        ledger.findings(),
        [Finding::Truncated {
            last: 4,
            written: 5
        }]
    );
    ledger.rows.clear();
    ledger.head = LedgerHead::default();
    assert_eq!(
        ledger.findings(),
        [Finding::Truncated {
            last: 0,
            written: 5
        }]
    );
}

#[tokio::test]
async fn a_ledger_cut_off_after_the_last_checkpoint_is_shorter_than_remembered() {
    let mut ledger = ledger().await;
    ledger.rows.truncate(8);
    assert_eq!(
        ledger.findings(),
        [Finding::Truncated {
            last: 8,
            written: 10
        }]
    );
}

#[tokio::test]
async fn a_chain_computed_anew_is_not_the_one_that_was_signed() {
    let mut ledger = ledger().await;
    ledger.row(3).entry.to_be_signed = Hash([99; 32]);
    ledger.chain_anew(3);
    ledger.head.hash = ledger.row(10).hash;
    assert_eq!(
        ledger.findings(),
        [Finding::CheckpointDiffers { sequence: 5 }]
    );
    // Without the key nobody can tell.
    ledger.keys.clear();
    let report = ledger.report();
    assert!(report.is_intact());
    assert_eq!((report.checkpoints, report.vouched), (0, 0));
}

#[tokio::test]
async fn a_checkpoint_by_another_key_is_named() {
    let mut ledger = ledger().await;
    ledger.keys = vec![mdl_signer::Signer::public_key(&signer(2)).clone()];
    assert_eq!(
        ledger.findings(),
        [Finding::CheckpointInvalid { sequence: 5 }]
    );
}

#[tokio::test]
async fn a_checkpoint_that_was_changed_is_named() {
    let mut ledger = ledger().await;
    ledger.checkpoints[0].head.hash.0[0] ^= 1;
    assert_eq!(
        ledger.findings(),
        [Finding::CheckpointInvalid { sequence: 5 }]
    );
    let token = ledger.checkpoints[0].token.clone();
    for garbage in ["", "a.b.c", &token[1..]] {
        ledger.checkpoints[0].token = garbage.into();
        assert_eq!(
            ledger.findings(),
            [Finding::CheckpointInvalid { sequence: 5 }]
        );
    }
}

#[tokio::test]
async fn a_checkpoint_is_made_when_it_is_due() {
    let store = MemoryStore::new();
    let signer = signer(1);
    let due = async |seconds| {
        let now = NOON + Duration::seconds(seconds);
        let made = checkpoint(&store, "utopia", &signer, RULE, now)
            .await
            .unwrap();
        made.map(|made| made.head.sequence)
    };
    assert_eq!(due(0).await, None, "there is nothing to sign");
    store.append_ledger(vec![draft(1)]).await.unwrap();
    assert_eq!(due(0).await, Some(1));
    assert_eq!(due(7200).await, None, "its own entry is nothing new");
    store.append_ledger(vec![draft(2)]).await.unwrap();
    assert_eq!(due(3599).await, None, "neither entries nor age");
    assert_eq!(due(3600).await, Some(3), "age");
    store
        .append_ledger((3..=6).map(draft).collect())
        .await
        .unwrap();
    assert_eq!(due(3601).await, Some(8), "entries");
    let purposes: Vec<_> = store.ledger(1, 100).await.unwrap();
    let own = purposes
        .iter()
        .filter(|row| row.entry.purpose == SignaturePurpose::Checkpoint);
    assert_eq!(own.map(|row| row.sequence).collect::<Vec<_>>(), [2, 4, 9]);
}

#[tokio::test]
async fn an_export_is_read_as_it_was_written() {
    let mut ledger = ledger().await;
    let lines: Vec<String> = ledger
        .rows
        .drain(..)
        .map(ExportLine::Entry)
        .chain(ledger.checkpoints.drain(..).map(ExportLine::Checkpoint))
        .chain([ExportLine::Head(ledger.head)])
        .map(|line| line.to_json())
        .collect();
    for line in &lines {
        match ExportLine::parse(line).unwrap() {
            ExportLine::Entry(row) => ledger.rows.push(row),
            ExportLine::Checkpoint(checkpoint) => ledger.checkpoints.push(checkpoint),
            ExportLine::Head(head) => ledger.head = head,
        }
    }
    let report = ledger.report();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.entries, report.vouched), (10, 5));
    for wrong in [
        "",
        "{}",
        "[]",
        "{\"entry\":{}}",
        &lines[0].replace("\"hash\":\"", "\"hash\":\"0"),
    ] {
        assert!(ExportLine::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_million_entries_are_read_as_a_stream() {
    let mut head = LedgerHead::default();
    let mut verifier = LedgerVerifier::new(&[], &[]);
    for number in 0..1_000_000_u64 {
        let entry = draft((number % 200) as u8);
        let sequence = number + 1;
        let hash = entry_hash(sequence, head.hash, &entry);
        verifier.entry(LedgerRow {
            sequence,
            previous: head.hash,
            hash,
            entry,
        });
        head = LedgerHead { sequence, hash };
    }
    let report = verifier.finish(Some(head));
    assert!(report.is_intact());
    assert_eq!(report.entries, 1_000_000);
}
