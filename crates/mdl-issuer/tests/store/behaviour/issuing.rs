use std::sync::Arc;

use mdl_issuer::store::{
    CompletionOutcome, IssuanceId, IssuanceState, MAX_REPETITIONS, NotificationEvent,
    NotificationOutcome, ReservationOutcome, Store, StoreError,
};

use crate::rows::{
    OTHER_TENANT, TENANT, at, completion, grant, hash, id, list, offer, redemption, repetition,
    reservation, reserve, subject,
};

pub(super) async fn a_reservation_is_kept(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let reserved = reserve(&*store, &reservation(&grant, 1)).await;
    let kept = store.issuance(TENANT, reserved.id).await.unwrap().unwrap();
    for issuance in [&reserved, &kept] {
        assert_eq!(issuance.id, IssuanceId(id("issuance", 1)));
        assert_eq!(issuance.tenant, TENANT);
        assert_eq!(issuance.grant, grant.id);
        assert_eq!(issuance.subject, subject(1));
        assert_eq!(issuance.configuration_id, "mdl");
        assert_eq!(issuance.batch_size, 2);
        assert_eq!(issuance.sealed_seed.as_deref(), Some(&b"sealed seed 1"[..]));
        assert_eq!(issuance.document_signer, hash("document signer", 0));
        assert_eq!(issuance.issued_at, at(0));
        assert_eq!(issuance.repeatable_until, at(700));
        assert!(issuance.status.is_empty());
        assert_eq!(issuance.state, IssuanceState::Reserved);
        assert_eq!(issuance.valid_until, None);
        assert_eq!(issuance.notified, None);
    }
    assert!(
        store
            .issuance(OTHER_TENANT, reserved.id)
            .await
            .unwrap()
            .is_none()
    );
    let unknown = IssuanceId(id("issuance", 2));
    assert!(store.issuance(TENANT, unknown).await.unwrap().is_none());
}

pub(super) async fn a_request_is_repeated_as_often_as_it_takes_until_it_is_issued_and_not_without_end(
    store: Arc<dyn Store>,
) {
    let grant = grant(&*store, 1).await;
    let first = reservation(&grant, 1);
    let id = reserve(&*store, &first).await.id;
    let mut repetitions = 0..;
    let mut repeat = async || {
        let number = repetitions.next().unwrap();
        store.reserve(repetition(&first, number)).await.unwrap()
    };
    for _ in 0..2 * MAX_REPETITIONS {
        assert!(matches!(repeat().await, ReservationOutcome::Repeated(_)));
    }
    store.complete(completion(id, 1)).await.unwrap();
    for _ in 0..MAX_REPETITIONS {
        assert!(matches!(repeat().await, ReservationOutcome::Repeated(_)));
    }
    let outcome = repeat().await;
    assert!(
        matches!(outcome, ReservationOutcome::RepeatedTooOften),
        "{outcome:?}"
    );
}

pub(super) async fn a_repeated_request_finds_the_same_issuance(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    let grant = grant(&*store, 1).await;
    let mut first = reservation(&grant, 1);
    first.new.status_until = Some(crate::rows::at(1000));
    let reserved = reserve(&*store, &first).await;
    for number in 1..=2 {
        let outcome = store.reserve(repetition(&first, number)).await.unwrap();
        let ReservationOutcome::Repeated(found) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(found.id, reserved.id);
        assert_eq!(found.sealed_seed, reserved.sealed_seed);
        assert_eq!(found.status, reserved.status);
    }
    // The proof of a repetition is used up as well, and so is its nonce where it came with another.
    let mut again = repetition(&first, 1);
    again.new.id = IssuanceId(id("issuance", 3));
    let outcome = store.reserve(again).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::Replayed),
        "{outcome:?}"
    );
    let mut fresh_nonce = repetition(&first, 3);
    fresh_nonce.nonce = reservation(&grant, 8).nonce;
    let outcome = store.reserve(fresh_nonce).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::Repeated(_)),
        "{outcome:?}"
    );
    let outcome = store.reserve(reservation(&grant, 8)).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::NonceUsed),
        "{outcome:?}"
    );
}

pub(super) async fn a_reservation_is_repeatable_by_its_caller(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let reservation = reservation(&grant, 1);
    let reserved = reserve(&*store, &reservation).await;
    let outcome = store.reserve(reservation).await.unwrap();
    assert!(matches!(outcome, ReservationOutcome::Repeated(found) if found.id == reserved.id));
    let all = store.issuances(TENANT, subject(1)).await.unwrap();
    assert_eq!(all.len(), 1);
}

pub(super) async fn a_nonce_is_used_by_one_request(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    reserve(&*store, &reservation(&grant, 1)).await;
    let mut other = reservation(&grant, 2);
    other.nonce = reservation(&grant, 1).nonce;
    let outcome = store.reserve(other).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::NonceUsed),
        "{outcome:?}"
    );
    let mut without = reservation(&grant, 2);
    without.nonce = None;
    reserve(&*store, &without).await;

    // The same request key under another grant is another request.
    let another = self::grant(&*store, 2).await;
    let mut same_request = reservation(&another, 3);
    same_request.request_key = reservation(&grant, 1).request_key;
    same_request.nonce = reservation(&grant, 1).nonce;
    let outcome = store.reserve(same_request).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::NonceUsed),
        "{outcome:?}"
    );
}

pub(super) async fn a_proof_is_used_once(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    reserve(&*store, &reservation(&grant, 1)).await;
    let mut other = reservation(&grant, 2);
    other.once = reservation(&grant, 1).once;
    let outcome = store.reserve(other).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::Replayed),
        "{outcome:?}"
    );
    let mut of_the_token_request = reservation(&grant, 2);
    of_the_token_request.once = redemption(1).once;
    let outcome = store.reserve(of_the_token_request).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::Replayed),
        "{outcome:?}"
    );
}

pub(super) async fn a_grant_that_is_over_reserves_nothing(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let mut expired = reservation(&grant, 1);
    expired.now = at(3600);
    let mut foreign = reservation(&grant, 1);
    foreign.tenant = OTHER_TENANT.into();
    let mut unknown = reservation(&grant, 1);
    unknown.grant.0 = id("grant", 2);
    for reservation in [expired, foreign, unknown] {
        let outcome = store.reserve(reservation).await.unwrap();
        assert!(
            matches!(outcome, ReservationOutcome::GrantOver),
            "{outcome:?}"
        );
    }
    // Also for a request that was here before.
    reserve(&*store, &reservation(&grant, 1)).await;
    let mut late = repetition(&reservation(&grant, 1), 1);
    late.now = at(3600);
    let outcome = store.reserve(late).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::GrantOver),
        "{outcome:?}"
    );
}

pub(super) async fn batches_of_a_grant_are_limited(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let limited = |number| {
        let mut reservation = reservation(&grant, number);
        reservation.limits.batches_per_grant = 2;
        reservation
    };
    reserve(&*store, &limited(1)).await;
    reserve(&*store, &limited(2)).await;
    let outcome = store.reserve(limited(3)).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::GrantExhausted),
        "{outcome:?}"
    );
    let outcome = store.reserve(repetition(&limited(2), 2)).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::Repeated(_)),
        "{outcome:?}"
    );
    let another = self::grant(&*store, 2).await;
    reserve(&*store, &reservation(&another, 4)).await;
}

pub(super) async fn documents_of_a_person_are_limited(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let limited = |number| {
        let mut reservation = reservation(&grant, number);
        reservation.limits.documents_per_subject = 4;
        reservation
    };
    reserve(&*store, &limited(1)).await;
    reserve(&*store, &limited(2)).await;
    let outcome = store.reserve(limited(3)).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::SubjectLimit),
        "{outcome:?}"
    );
    // Counted from the time of the reservation on, and only for this person.
    let mut later = limited(3);
    later.limits.counted_from = at(100);
    let outcome = store.reserve(later.clone()).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::SubjectLimit),
        "{outcome:?}"
    );
    later.limits.counted_from = at(101);
    reserve(&*store, &later).await;
    let another = self::grant(&*store, 2).await;
    let mut limited = reservation(&another, 4);
    limited.limits.documents_per_subject = 2;
    reserve(&*store, &limited).await;
}

pub(super) async fn a_device_key_is_in_one_document(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    reserve(&*store, &reservation(&grant, 1)).await;
    let another = self::grant(&*store, 2).await;
    let mut used = reservation(&another, 2);
    used.device_keys[1] = reservation(&grant, 1).device_keys[0];
    let mut twice = reservation(&another, 2);
    twice.device_keys[1] = twice.device_keys[0];
    for reservation in [used, twice] {
        let outcome = store.reserve(reservation).await.unwrap();
        assert!(
            matches!(outcome, ReservationOutcome::DeviceKeyUsed),
            "{outcome:?}"
        );
    }
}

pub(super) async fn a_refused_reservation_records_nothing(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let refused = |change: fn(&mut mdl_issuer::store::Reservation)| {
        let mut reservation = reservation(&grant, 1);
        change(&mut reservation);
        store.reserve(reservation)
    };
    let outcome = refused(|r| r.limits.batches_per_grant = 0).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::GrantExhausted),
        "{outcome:?}"
    );
    let outcome = refused(|r| r.limits.documents_per_subject = 1)
        .await
        .unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::SubjectLimit),
        "{outcome:?}"
    );
    let outcome = refused(|r| r.device_keys = vec![hash("key", 1); 2])
        .await
        .unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::DeviceKeyUsed),
        "{outcome:?}"
    );
    let outcome = refused(|r| r.new.status_until = Some(crate::rows::at(1000)))
        .await
        .unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::NoStatusPosition),
        "{outcome:?}"
    );
    // Nonce, proof, keys and identifier are as good as new, for another request.
    let mut other = reservation(&grant, 1);
    other.request_key = hash("request", 9);
    reserve(&*store, &other).await;
}

pub(super) async fn a_completion_is_in_the_ledger(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let reserved = reserve(&*store, &reservation(&grant, 1)).await;
    let completion = completion(reserved.id, 1);
    let outcome = store.complete(completion.clone()).await.unwrap();
    assert_eq!(outcome, CompletionOutcome::Completed);
    let kept = store.issuance(TENANT, reserved.id).await.unwrap().unwrap();
    let to_be_signed = completion.to_be_signed;
    assert_eq!(kept.state, IssuanceState::Issued { to_be_signed });
    assert_eq!(kept.valid_until, Some(at(1_000_000)));
    let rows = store.ledger(1, 10).await.unwrap();
    assert_eq!(rows.len(), 2);
    for (row, draft) in rows.iter().zip(&completion.ledger) {
        assert_eq!(row.entry.at, draft.at);
        assert_eq!(row.entry.tenant, draft.tenant);
        assert_eq!(row.entry.purpose, draft.purpose);
        assert_eq!(row.entry.key, draft.key);
        assert_eq!(row.entry.to_be_signed, draft.to_be_signed);
        assert_eq!(row.entry.request, draft.request);
    }
}

pub(super) async fn a_repeated_completion_is_recorded_once(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let reserved = reserve(&*store, &reservation(&grant, 1)).await;
    for _ in 0..2 {
        let outcome = store.complete(completion(reserved.id, 1)).await.unwrap();
        assert_eq!(outcome, CompletionOutcome::Completed);
    }
    assert_eq!(store.ledger_head().await.unwrap().sequence, 2);
}

pub(super) async fn a_new_signature_over_the_same_bytes_has_an_entry_of_its_own(
    store: Arc<dyn Store>,
) {
    let grant = grant(&*store, 1).await;
    let reserved = reserve(&*store, &reservation(&grant, 1)).await;
    store.complete(completion(reserved.id, 1)).await.unwrap();
    let mut second = completion(reserved.id, 2);
    second.notification = Some(hash("notification", 2));
    let outcome = store.complete(second).await.unwrap();
    assert_eq!(outcome, CompletionOutcome::Completed);
    assert_eq!(store.ledger_head().await.unwrap().sequence, 4);
    // The wallet knows the identifier of the last answer.
    let notify = |number| {
        let notification = hash("notification", number);
        store.notify(TENANT, grant.id, notification, NotificationEvent::Failure)
    };
    assert_eq!(notify(2).await.unwrap(), NotificationOutcome::Recorded);
    assert_eq!(notify(0).await.unwrap(), NotificationOutcome::Unknown);
}

pub(super) async fn other_bytes_are_not_completed(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let reserved = reserve(&*store, &reservation(&grant, 1)).await;
    store.complete(completion(reserved.id, 1)).await.unwrap();
    let mut other = completion(reserved.id, 2);
    other.to_be_signed = hash("to be signed", 1);
    let outcome = store.complete(other).await.unwrap();
    assert_eq!(outcome, CompletionOutcome::Differs);
    assert_eq!(store.ledger_head().await.unwrap().sequence, 2);
}

pub(super) async fn another_document_signer_completes_what_was_not_completed(
    store: Arc<dyn Store>,
) {
    let grant = grant(&*store, 1).await;
    let reserved = reserve(&*store, &reservation(&grant, 1)).await;
    let mut other = completion(reserved.id, 1);
    other.document_signer = hash("document signer", 1);
    let outcome = store.complete(other.clone()).await.unwrap();
    assert_eq!(outcome, CompletionOutcome::Completed);
    let kept = store.issuance(TENANT, reserved.id).await.unwrap().unwrap();
    assert_eq!(kept.document_signer, other.document_signer);
    // The one it began with comes too late, with the same bytes.
    let outcome = store.complete(completion(reserved.id, 2)).await.unwrap();
    assert_eq!(outcome, CompletionOutcome::Differs);
    assert_eq!(store.ledger_head().await.unwrap().sequence, 2);
}

pub(super) async fn an_unknown_issuance_is_not_completed(store: Arc<dyn Store>) {
    let unknown = completion(IssuanceId(id("issuance", 1)), 1);
    let outcome = store.complete(unknown).await;
    assert!(
        matches!(outcome, Err(StoreError::Corrupt(_))),
        "{outcome:?}"
    );
    assert_eq!(store.ledger_head().await.unwrap().sequence, 0);
}

pub(super) async fn a_notification_is_recorded(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let reserved = reserve(&*store, &reservation(&grant, 1)).await;
    store.complete(completion(reserved.id, 1)).await.unwrap();
    let notification = hash("notification", 0);
    let seed = async || {
        let kept = store.issuance(TENANT, reserved.id).await.unwrap().unwrap();
        (kept.notified, kept.sealed_seed.is_some())
    };
    let notify = |event| store.notify(TENANT, grant.id, notification, event);
    for (event, has_seed) in [
        (NotificationEvent::Failure, true),
        (NotificationEvent::Accepted, false),
        (NotificationEvent::Accepted, false),
        (NotificationEvent::Deleted, false),
    ] {
        assert_eq!(notify(event).await.unwrap(), NotificationOutcome::Recorded);
        assert_eq!(seed().await, (Some(event), has_seed));
    }
    let event = NotificationEvent::Accepted;
    let other = self::grant(&*store, 2).await;
    let unknown = [
        (TENANT, grant.id, hash("notification", 1)),
        (TENANT, other.id, notification),
        (OTHER_TENANT, grant.id, notification),
    ];
    for (tenant, grant, notification) in unknown {
        let outcome = store.notify(tenant, grant, notification, event).await;
        assert_eq!(outcome.unwrap(), NotificationOutcome::Unknown);
    }
    // Without its seed, the request is still known.
    let again = repetition(&reservation(&grant, 1), 1);
    let outcome = store.reserve(again).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::Repeated(issuance) if issuance.sealed_seed.is_none())
    );
}

pub(super) async fn issuances_of_a_person_are_listed(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    let grant = grant(&*store, 1).await;
    let another = self::grant(&*store, 2).await;
    reserve(&*store, &reservation(&another, 5)).await;
    for number in 1..=3 {
        let mut reservation = reservation(&grant, number);
        reservation.now = at(100 + i64::from(number));
        reservation.new.status_until = Some(crate::rows::at(1000));
        reserve(&*store, &reservation).await;
    }
    let found = store.issuances(TENANT, subject(1)).await.unwrap();
    let ids: Vec<_> = found.iter().map(|issuance| issuance.id).collect();
    let newest_first = [3, 2, 1].map(|number| IssuanceId(id("issuance", number)));
    assert_eq!(ids, newest_first);
    assert!(found.iter().all(|issuance| issuance.status.len() == 2));
    assert!(
        store
            .issuances(OTHER_TENANT, subject(1))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(offer(1).subject.hash, subject(1));
}
