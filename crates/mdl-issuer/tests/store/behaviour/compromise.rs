//! A document signer's key may be in other hands.

use std::sync::Arc;

use mdl_issuer::store::{
    CLOCK_DIFFERENCE, CompromiseProgress, CompromiseReport, Hash, Issuance, IssuanceId,
    NotificationEvent, OFFER_RETENTION, Reissue, SIGNER_COMPROMISED, StatusChange, StatusSelector,
    StatusValue, Store,
};
use time::{Duration, OffsetDateTime};

use crate::rows::{TENANT, at, completion, grant, hash, list, reservation, reserve, subject};

fn signer(number: u32) -> Hash {
    hash("document signer", number)
}

fn report(number: u32) -> CompromiseReport {
    CompromiseReport {
        document_signer: signer(number),
        at: at(300),
        actor: "custodian".into(),
        reason: "the token is missing".into(),
    }
}

/// A batch of two documents for a person, signed by a document signer, good for so many seconds from noon.
async fn issued(
    store: &dyn Store,
    number: u32,
    person: u32,
    signer_number: u32,
    good_for: i64,
) -> Issuance {
    let grant = grant(store, number).await;
    let mut reservation = reservation(&grant, number);
    reservation.subject = subject(person);
    let lists = store.status_lists(TENANT).await.unwrap();
    reservation.new.status_until = (!lists.is_empty()).then(|| at(good_for));
    let issuance = reserve(store, &reservation).await;
    let mut completion = completion(issuance.id, number);
    completion.document_signer = signer(signer_number);
    completion.valid_until = at(good_for);
    store.complete(completion).await.unwrap();
    issuance
}

async fn set(store: &dyn Store, issuance: IssuanceId, value: StatusValue) {
    let change = StatusChange {
        tenant: TENANT.into(),
        selector: StatusSelector::Issuance(issuance),
        value,
        reason: "lost".into(),
        actor: "operator".into(),
        now: at(200),
    };
    store.change_status(change).await.unwrap();
}

async fn due(store: &dyn Store, now: OffsetDateTime) -> Vec<Reissue> {
    let due = store.reissues_due(TENANT, 100, now, at(0)).await;
    due.unwrap().due
}

async fn progress(store: &dyn Store) -> CompromiseProgress {
    store.compromise_progress(signer(1)).await.unwrap()
}

/// All that the signer has signed.
async fn withdraw(store: &dyn Store, number: u32) {
    store.report_compromise(&report(number)).await.unwrap();
    while store.withdraw(signer(number), 10, at(310)).await.unwrap() > 0 {}
}

async fn invalid(store: &dyn Store, number: u32) -> usize {
    let entries = store.status_entries(list(number).id).await.unwrap();
    let is_invalid = |(_, value): &&(u32, StatusValue)| *value == StatusValue::Invalid;
    entries.iter().filter(is_invalid).count()
}

pub(super) async fn what_a_signer_signed_is_withdrawn_piece_by_piece_and_nothing_else(
    store: Arc<dyn Store>,
) {
    let store = &*store;
    store.create_status_list(list(1)).await.unwrap();
    let mut batches = Vec::new();
    for number in 1..=5 {
        batches.push(issued(store, number, number, 1, 1_000_000).await);
    }
    let other = issued(store, 6, 6, 2, 1_000_000).await;
    // Begun with the same signer and never signed by it.
    let mut begun = reservation(&grant(store, 7).await, 7);
    begun.new.document_signer = signer(1);
    begun.new.status_until = Some(at(1000));
    reserve(store, &begun).await;
    assert_eq!(progress(store).await.remaining_batches, 5);
    assert_eq!(
        store.withdraw(signer(1), 10, at(310)).await.unwrap(),
        0,
        "unreported"
    );

    store.report_compromise(&report(1)).await.unwrap();
    let version = store.status_lists(TENANT).await.unwrap()[0].version;
    assert_eq!(store.withdraw(signer(1), 2, at(310)).await.unwrap(), 2);
    assert_eq!(invalid(store, 1).await, 4);
    let after = store.status_lists(TENANT).await.unwrap()[0].version;
    assert!(after > version, "it is published anew");
    assert_eq!(progress(store).await.remaining_batches, 3);
    assert_eq!(store.withdraw(signer(1), 2, at(311)).await.unwrap(), 2);
    assert_eq!(store.withdraw(signer(1), 2, at(312)).await.unwrap(), 1);
    assert_eq!(store.withdraw(signer(1), 2, at(313)).await.unwrap(), 0);
    assert_eq!(invalid(store, 1).await, 10);
    let known = store.compromises().await.unwrap();
    assert_eq!((known[0].batches, known[0].documents), (5, 10));

    // Auditors find who and why with every batch, once for each document.
    for batch in &batches {
        let changes = store.status_changes(TENANT, batch.id).await.unwrap();
        let documents: Vec<_> = changes.iter().map(|change| change.document).collect();
        assert_eq!(documents, [0, 1]);
        for change in changes {
            assert_eq!(change.value, StatusValue::Invalid);
            assert_eq!(
                (&*change.actor, &*change.reason),
                ("custodian", SIGNER_COMPROMISED)
            );
        }
    }
    let changes = store.status_changes(TENANT, other.id).await.unwrap();
    assert!(changes.is_empty());
    // What is done to the rows afterwards undoes nothing.
    let notification = hash("notification", 0);
    let grant = batches[0].grant;
    store
        .notify(TENANT, grant, notification, NotificationEvent::Accepted)
        .await
        .unwrap();
    assert_eq!(progress(store).await.remaining_batches, 0);
}

pub(super) async fn a_report_is_kept_as_first_made_and_finished_when_nothing_can_follow(
    store: Arc<dyn Store>,
) {
    assert!(store.compromises().await.unwrap().is_empty());
    store.report_compromise(&report(1)).await.unwrap();
    let again = CompromiseReport {
        actor: "somebody else".into(),
        at: at(900),
        ..report(1)
    };
    store.report_compromise(&again).await.unwrap();
    let known = store.compromises().await.unwrap();
    assert_eq!((known.len(), &known[0].report), (1, &report(1)));
    // A replica that has not heard of it may be in the middle of a batch.
    assert_eq!(store.withdraw(signer(1), 10, at(310)).await.unwrap(), 0);
    assert_eq!(store.compromises().await.unwrap()[0].finished_at, None);
    issued(&*store, 1, 1, 1, 1_000_000).await;
    let later = at(300) + CLOCK_DIFFERENCE;
    assert_eq!(store.withdraw(signer(1), 10, later).await.unwrap(), 1);
    assert_eq!(store.compromises().await.unwrap()[0].finished_at, None);
    assert_eq!(store.withdraw(signer(1), 10, later).await.unwrap(), 0);
    let known = store.compromises().await.unwrap();
    assert_eq!(known[0].finished_at, Some(later));
    // No list, nothing to make invalid, and still somebody to be offered others.
    assert_eq!((known[0].batches, known[0].documents), (1, 0));
    assert_eq!(progress(&*store).await.waiting, 1);
}

pub(super) async fn who_lost_most_comes_first_and_once(store: Arc<dyn Store>) {
    let store = &*store;
    issued(store, 1, 1, 1, 10_000).await;
    issued(store, 2, 2, 1, 30_000).await;
    issued(store, 3, 3, 1, 20_000).await;
    issued(store, 4, 1, 1, 25_000).await;
    withdraw(store, 1).await;
    let queue = due(store, at(320)).await;
    let people: Vec<_> = queue.iter().map(|reissue| reissue.subject).collect();
    assert_eq!(people, [2, 1, 3].map(subject));
    assert_eq!(
        queue[1].sealed_subject, b"sealed holder 4",
        "of the later batch"
    );
    assert_eq!(queue[1].configuration_id, "mdl");
    let first = store.reissues_due(TENANT, 1, at(320), at(0)).await.unwrap();
    assert_eq!(first.due, queue[..1]);
    let nobody = store.reissues_due("elsewhere", 9, at(320), at(0)).await;
    assert_eq!(nobody.unwrap().due, []);
}

pub(super) async fn nobody_waits_for_documents_that_were_no_good(store: Arc<dyn Store>) {
    let store = &*store;
    store.create_status_list(list(1)).await.unwrap();
    issued(store, 1, 1, 1, 305).await; // has ended
    let revoked = issued(store, 2, 2, 1, 10_000).await;
    set(store, revoked.id, StatusValue::Invalid).await;
    let suspended = issued(store, 3, 3, 1, 10_000).await;
    set(store, suspended.id, StatusValue::Suspended).await;
    let deleted = issued(store, 4, 4, 1, 10_000).await;
    let event = NotificationEvent::Deleted;
    store
        .notify(TENANT, deleted.grant, hash("notification", 0), event)
        .await
        .unwrap();
    issued(store, 5, 5, 1, 10_000).await;
    withdraw(store, 1).await;
    let queue = due(store, at(320)).await;
    let people: Vec<_> = queue.iter().map(|reissue| reissue.subject).collect();
    assert_eq!(people, [subject(5)]);
    assert_eq!(invalid(store, 1).await, 10, "all the same");
}

pub(super) async fn who_has_other_documents_leaves_the_queue_and_who_lets_an_offer_pass_comes_back(
    store: Arc<dyn Store>,
) {
    let store = &*store;
    for person in 1..=2 {
        issued(store, person, person, 1, 10_000).await;
    }
    withdraw(store, 1).await;
    for reissue in due(store, at(320)).await {
        store
            .reissue_offered(&reissue, at(320), at(400))
            .await
            .unwrap();
        // Repeated after a lost answer.
        store
            .reissue_offered(&reissue, at(320), at(400))
            .await
            .unwrap();
    }
    let counted = store
        .reissues_due(TENANT, 9, at(330), at(310))
        .await
        .unwrap();
    assert_eq!((counted.due.len(), counted.offered_since), (0, 2));
    let counted = store
        .reissues_due(TENANT, 9, at(330), at(325))
        .await
        .unwrap();
    assert_eq!(counted.offered_since, 0);
    assert_eq!(
        (progress(store).await.waiting, progress(store).await.offered),
        (0, 2)
    );

    // The first comes.
    let grant = grant(store, 3).await;
    let mut reservation = reservation(&grant, 3);
    reservation.subject = subject(1);
    reservation.new.issued_at = at(350);
    let issuance = reserve(store, &reservation).await;
    let mut completion = completion(issuance.id, 3);
    completion.document_signer = signer(2);
    store.complete(completion).await.unwrap();
    let again = due(store, at(401)).await;
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].subject, again[0].attempts), (subject(2), 1));
    let progress = progress(store).await;
    assert_eq!(
        (progress.waiting, progress.offered, progress.replaced),
        (1, 0, 1)
    );
}

pub(super) async fn another_compromise_queues_anew(store: Arc<dyn Store>) {
    let store = &*store;
    issued(store, 1, 1, 1, 10_000).await;
    withdraw(store, 1).await;
    let first = due(store, at(320)).await.remove(0);
    store
        .reissue_offered(&first, at(320), at(400))
        .await
        .unwrap();
    // It was collected, signed by another one that is no better.
    issued(store, 2, 1, 2, 20_000).await;
    withdraw(store, 2).await;
    let queue = due(store, at(330)).await;
    assert_eq!(queue.len(), 1);
    assert_eq!(
        queue[0].attempts, 1,
        "so that the next offer is another one"
    );
    let second = store.compromise_progress(signer(2)).await.unwrap();
    assert_eq!((progress(store).await.waiting, second.waiting), (0, 1));
}

pub(super) async fn who_does_not_come_is_forgotten(store: Arc<dyn Store>) {
    let store = &*store;
    issued(store, 1, 1, 1, 10_000).await;
    withdraw(store, 1).await;
    let long_after = at(310) + OFFER_RETENTION;
    store.purge(long_after - Duration::SECOND).await.unwrap();
    assert_eq!(progress(store).await.waiting, 1);
    store.purge(long_after).await.unwrap();
    assert_eq!(progress(store).await.waiting, 0);
}
