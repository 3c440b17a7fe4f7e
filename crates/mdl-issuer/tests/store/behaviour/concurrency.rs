//! Eight callers at once, each on a task of its own: what must happen once happens once.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

use mdl_issuer::ledger::entry_hash;
use mdl_issuer::store::{
    ApprovalId, CompletionOutcome, DecisionOutcome, Hash, IssuanceId, NewStatusList,
    RedemptionOutcome, ReservationOutcome, Store, UsedPurpose, Verdict,
};

use crate::rows::{
    TENANT, at, completion, draft, grant, hash, id, list, offer, redemption, repetition,
    reservation, subject, used,
};

const CALLERS: u32 = 8;

/// Runs a call for each caller at once, and returns what they got.
async fn race<F, T>(call: impl Fn(u32) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = (0..CALLERS)
        .map(|caller| tokio::spawn(call(caller)))
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

pub(super) async fn one_of_many_approves(store: Arc<dyn Store>) {
    let batch = super::approvals::batch(&*store).await;
    let request = super::approvals::request(1);
    store.request_approval(request.clone()).await.unwrap();
    let outcomes = race(|caller| {
        let store = Arc::clone(&store);
        let mut decision = super::approvals::approve(1, &batch);
        decision.by = format!("operator {caller}");
        if caller == 0 {
            decision.verdict = Verdict::Reject;
        }
        async move { store.decide(decision).await.unwrap() }
    })
    .await;
    let done = |outcome: &&DecisionOutcome| matches!(outcome, DecisionOutcome::Done(_));
    assert_eq!(outcomes.iter().filter(done).count(), 1);
    let kept = store.approval(TENANT, request.id).await.unwrap().unwrap();
    let decided = kept.decided.unwrap();
    let changes = store.status_changes(TENANT, batch.id).await.unwrap();
    assert_eq!(changes.len(), if decided.approved { 2 } else { 0 });
    assert_eq!(changes.len() as u64, decided.documents);
}

pub(super) async fn one_of_many_requests_is_kept(store: Arc<dyn Store>) {
    let requests = race(|caller| {
        let store = Arc::clone(&store);
        let mut request = super::approvals::request(1);
        request.id = ApprovalId(id("caller", caller));
        async move { store.request_approval(request).await.unwrap() }
    })
    .await;
    let ids: HashSet<_> = requests.iter().map(|request| request.id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(store.approvals(TENANT, None).await.unwrap().len(), 1);
}

pub(super) async fn one_of_many_redeems_a_code(store: Arc<dyn Store>) {
    store.create_offer(offer(1)).await.unwrap();
    let outcomes = race(|caller| {
        let store = Arc::clone(&store);
        let mut redemption = redemption(100 + caller);
        redemption.offer = offer(1).id;
        async move { store.redeem(redemption).await.unwrap() }
    })
    .await;
    let granted = |outcome: &&RedemptionOutcome| matches!(outcome, RedemptionOutcome::Granted(_));
    assert_eq!(outcomes.iter().filter(granted).count(), 1);
}

pub(super) async fn one_of_many_uses_a_nonce(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let outcomes = race(|caller| {
        let store = Arc::clone(&store);
        let mut reservation = reservation(&grant, caller);
        reservation.nonce = Some(used(UsedPurpose::CredentialNonce, 1));
        async move { store.reserve(reservation).await.unwrap() }
    })
    .await;
    let reserved =
        |outcome: &&ReservationOutcome| matches!(outcome, ReservationOutcome::Reserved(_));
    let refused = |outcome: &&ReservationOutcome| matches!(outcome, ReservationOutcome::NonceUsed);
    assert_eq!(outcomes.iter().filter(reserved).count(), 1);
    assert_eq!(outcomes.iter().filter(refused).count(), 7);
}

pub(super) async fn one_request_is_one_issuance(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    let grant = grant(&*store, 1).await;
    let outcomes = race(|caller| {
        let store = Arc::clone(&store);
        let mut repetition = repetition(&reservation(&grant, 1), caller);
        repetition.new.status_until = Some(crate::rows::at(1000));
        async move { store.reserve(repetition).await.unwrap() }
    })
    .await;
    let mut reserved = 0;
    let mut issuances = HashSet::new();
    for outcome in outcomes {
        match outcome {
            ReservationOutcome::Reserved(issuance) => {
                reserved += 1;
                issuances.insert((issuance.id, issuance.status));
            }
            ReservationOutcome::Repeated(issuance) => {
                issuances.insert((issuance.id, issuance.status));
            }
            refused => panic!("{refused:?}"),
        }
    }
    assert_eq!((reserved, issuances.len()), (1, 1));
    let kept = store.issuances(TENANT, subject(1)).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(store.status_lists(TENANT).await.unwrap()[0].allocated, 2);
}

pub(super) async fn positions_are_given_once(store: Arc<dyn Store>) {
    for number in 1..=2 {
        let small = NewStatusList {
            capacity: 30,
            ..list(number)
        };
        store.create_status_list(small).await.unwrap();
    }
    let grant = grant(&*store, 1).await;
    let positions = race(|caller| {
        let store = Arc::clone(&store);
        let grant = grant.clone();
        async move {
            let mut positions = Vec::new();
            for round in 0..5 {
                let mut reservation = reservation(&grant, caller + 10 * round);
                reservation.new.status_until = Some(crate::rows::at(1000));
                match store.reserve(reservation).await.unwrap() {
                    ReservationOutcome::Reserved(issuance) => positions.extend(issuance.status),
                    ReservationOutcome::NoStatusPosition => {}
                    other => panic!("{other:?}"),
                }
            }
            positions
        }
    })
    .await;
    let all: Vec<_> = positions.into_iter().flatten().collect();
    let distinct: HashSet<_> = all.iter().copied().collect();
    assert_eq!((all.len(), distinct.len()), (60, 60));
    assert!(all.iter().all(|place| place.position < 30));
}

pub(super) async fn a_device_key_is_used_once(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let outcomes = race(|caller| {
        let store = Arc::clone(&store);
        let mut reservation = reservation(&grant, caller);
        reservation.device_keys[1] = hash("shared key", 1);
        async move { store.reserve(reservation).await.unwrap() }
    })
    .await;
    let reserved =
        |outcome: &&ReservationOutcome| matches!(outcome, ReservationOutcome::Reserved(_));
    let refused =
        |outcome: &&ReservationOutcome| matches!(outcome, ReservationOutcome::DeviceKeyUsed);
    assert_eq!(outcomes.iter().filter(reserved).count(), 1);
    assert_eq!(outcomes.iter().filter(refused).count(), 7);
}

pub(super) async fn limits_hold(store: Arc<dyn Store>) {
    // One person with a grant for each caller: what they have in common is only the limit.
    let mut grants = Vec::new();
    for number in 0..CALLERS {
        let mut offer = offer(number);
        offer.subject.hash = subject(1);
        store.create_offer(offer).await.unwrap();
        match store.redeem(redemption(number)).await.unwrap() {
            RedemptionOutcome::Granted(grant) => grants.push(grant),
            refused => panic!("{refused:?}"),
        }
    }
    let outcomes = race(|caller| {
        let store = Arc::clone(&store);
        let mut reservation = reservation(&grants[caller as usize], caller);
        reservation.limits.documents_per_subject = 6;
        async move { store.reserve(reservation).await.unwrap() }
    })
    .await;
    let reserved =
        |outcome: &&ReservationOutcome| matches!(outcome, ReservationOutcome::Reserved(_));
    assert_eq!(outcomes.iter().filter(reserved).count(), 3);
}

pub(super) async fn the_ledger_stays_a_chain(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    race(|caller| {
        let store = Arc::clone(&store);
        let reservation = reservation(&grant, caller);
        async move {
            store.reserve(reservation).await.unwrap();
            let issuance = IssuanceId(id("issuance", caller));
            let outcome = store.complete(completion(issuance, caller)).await.unwrap();
            assert_eq!(outcome, CompletionOutcome::Completed);
            store
                .append_ledger(vec![draft(1000 + caller)])
                .await
                .unwrap();
        }
    })
    .await;
    let rows = store.ledger(1, 100).await.unwrap();
    assert_eq!(rows.len(), 24);
    let mut previous = Hash::default();
    for (sequence, row) in (1..).zip(&rows) {
        assert_eq!((row.sequence, row.previous), (sequence, previous));
        assert_eq!(row.hash, entry_hash(sequence, previous, &row.entry));
        previous = row.hash;
    }
    assert_eq!(store.ledger_head().await.unwrap().hash, previous);
}

pub(super) async fn a_lease_is_given_once(store: Arc<dyn Store>) {
    let got = race(|caller| {
        let store = Arc::clone(&store);
        async move {
            let holder = format!("replica {caller}");
            store.lease("sign", &holder, at(0), at(60)).await.unwrap()
        }
    })
    .await;
    assert_eq!(got.iter().filter(|got| **got).count(), 1);
}
