use std::collections::BTreeMap;
use std::sync::Arc;

use mdl_issuer::store::{
    Issuance, NewStatusList, PublishedStatusList, RecordedStatusChange, ReservationOutcome,
    STATUS_LIST_MARGIN, SignaturePurpose, StatusChange, StatusListId, StatusSelector, StatusValue,
    Store,
};

use crate::rows::{
    OTHER_TENANT, TENANT, at, draft, grant, hash, id, list, reservation, reserve, subject,
};

async fn batch(store: &dyn Store, number: u32, documents: u32) -> Issuance {
    let grant = grant(store, number).await;
    let mut reservation = reservation(&grant, number);
    reservation.new.status_until = Some(crate::rows::at(1000));
    reservation.device_keys = (0..documents)
        .map(|document| hash("key", 1000 * number + document))
        .collect();
    reserve(store, &reservation).await
}

fn change(selector: StatusSelector, value: StatusValue) -> StatusChange {
    StatusChange {
        tenant: TENANT.into(),
        selector,
        value,
        reason: "lost".into(),
        actor: "operator".into(),
        now: at(200),
    }
}

async fn version(store: &dyn Store, list: StatusListId) -> u64 {
    let lists = store.status_lists(TENANT).await.unwrap();
    lists.iter().find(|row| row.id == list).unwrap().version
}

pub(super) async fn a_list_is_created_once(store: Arc<dyn Store>) {
    store.create_status_list(list(2)).await.unwrap();
    store.create_status_list(list(1)).await.unwrap();
    batch(&*store, 1, 2).await;
    store.create_status_list(list(1)).await.unwrap();
    let lists = store.status_lists(TENANT).await.unwrap();
    let ids: Vec<_> = lists.iter().map(|list| list.id).collect();
    assert_eq!(ids, [list(1).id, list(2).id], "the oldest first");
    assert!(lists.iter().all(|list| list.allocated == 1));
    assert_eq!((lists[0].size, lists[0].capacity), (64, 48));
    assert_eq!((lists[0].version, lists[0].published_version), (0, None));
    assert!(store.status_lists(OTHER_TENANT).await.unwrap().is_empty());
}

pub(super) async fn a_batch_is_spread_over_open_lists(store: Arc<dyn Store>) {
    for number in 1..=3 {
        store.create_status_list(list(number)).await.unwrap();
    }
    let issuance = batch(&*store, 1, 10).await;
    let mut by_list = BTreeMap::<_, Vec<u32>>::new();
    for place in &issuance.status {
        by_list.entry(place.list).or_default().push(place.position);
    }
    assert_eq!(by_list.len(), 3);
    for positions in by_list.values() {
        let expected: Vec<u32> = (0..).take(positions.len()).collect();
        assert_eq!(*positions, expected);
        assert!((3..=4).contains(&positions.len()));
    }
    // Single documents take turns as well.
    let mut lists = Vec::new();
    for number in 2..=4 {
        lists.push(batch(&*store, number, 1).await.status[0].list);
    }
    lists.sort_unstable();
    lists.dedup();
    assert_eq!(lists.len(), 3);
}

pub(super) async fn a_batch_gets_all_positions_or_none(store: Arc<dyn Store>) {
    let small = NewStatusList {
        capacity: 5,
        ..list(1)
    };
    store.create_status_list(small).await.unwrap();
    store
        .create_status_list(NewStatusList {
            capacity: 1,
            ..list(2)
        })
        .await
        .unwrap();
    let issuance = batch(&*store, 1, 4).await;
    assert_eq!(issuance.status.len(), 4);
    let grant = grant(&*store, 2).await;
    let mut reservation = reservation(&grant, 2);
    reservation.new.status_until = Some(crate::rows::at(1000));
    reservation.device_keys.push(hash("key", 1));
    let outcome = store.reserve(reservation.clone()).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::NoStatusPosition),
        "{outcome:?}"
    );
    reservation.device_keys.pop();
    let mut all = reserve(&*store, &reservation).await.status;
    all.extend(issuance.status);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 6, "every position is given once");
    assert!(
        store
            .status_lists(TENANT)
            .await
            .unwrap()
            .iter()
            .all(|list| list.allocated == list.capacity)
    );
}

pub(super) async fn only_lists_of_the_tenant_are_used(store: Arc<dyn Store>) {
    let foreign = NewStatusList {
        tenant: OTHER_TENANT.into(),
        ..list(1)
    };
    store.create_status_list(foreign).await.unwrap();
    let grant = grant(&*store, 1).await;
    let mut reservation = reservation(&grant, 1);
    reservation.new.status_until = Some(crate::rows::at(1000));
    let outcome = store.reserve(reservation).await.unwrap();
    assert!(
        matches!(outcome, ReservationOutcome::NoStatusPosition),
        "{outcome:?}"
    );
}

pub(super) async fn one_document_changes(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    let issuance = batch(&*store, 1, 3).await;
    let second = change(
        StatusSelector::Document(issuance.id, 1),
        StatusValue::Suspended,
    );
    assert_eq!(store.change_status(second.clone()).await.unwrap(), 1);
    assert_eq!(version(&*store, list(1).id).await, 1);
    let entries = store.status_entries(list(1).id).await.unwrap();
    assert_eq!(entries, [(1, StatusValue::Suspended)]);
    // Again: nothing changes, and there is nothing new to publish.
    assert_eq!(store.change_status(second).await.unwrap(), 0);
    assert_eq!(version(&*store, list(1).id).await, 1);
    for unknown in [
        StatusSelector::Document(issuance.id, 3),
        StatusSelector::Document(mdl_issuer::store::IssuanceId(id("issuance", 9)), 0),
    ] {
        let nothing = change(unknown, StatusValue::Invalid);
        assert_eq!(store.change_status(nothing).await.unwrap(), 0);
    }
    let lifted = change(StatusSelector::Document(issuance.id, 1), StatusValue::Valid);
    assert_eq!(store.change_status(lifted).await.unwrap(), 1);
    assert!(store.status_entries(list(1).id).await.unwrap().is_empty());
    assert_eq!(version(&*store, list(1).id).await, 2);
}

pub(super) async fn a_batch_changes(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    store.create_status_list(list(2)).await.unwrap();
    let issuance = batch(&*store, 1, 3).await;
    batch(&*store, 2, 3).await;
    let all = change(StatusSelector::Issuance(issuance.id), StatusValue::Invalid);
    assert_eq!(store.change_status(all).await.unwrap(), 3);
    for number in 1..=2 {
        assert_eq!(version(&*store, list(number).id).await, 1);
        let entries = store.status_entries(list(number).id).await.unwrap();
        let mut positions: Vec<u32> = issuance
            .status
            .iter()
            .filter(|place| place.list == list(number).id)
            .map(|place| place.position)
            .collect();
        positions.sort_unstable();
        let expected: Vec<_> = positions
            .into_iter()
            .map(|position| (position, StatusValue::Invalid))
            .collect();
        assert_eq!(entries, expected);
    }
}

pub(super) async fn a_person_changes(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    let grant = grant(&*store, 1).await;
    for number in 1..=2 {
        let mut reservation = reservation(&grant, number);
        reservation.new.status_until = Some(crate::rows::at(1000));
        reserve(&*store, &reservation).await;
    }
    // Without status: nothing to change.
    reserve(&*store, &reservation(&grant, 3)).await;
    batch(&*store, 4, 2).await;
    let all = change(StatusSelector::Subject(subject(1)), StatusValue::Suspended);
    assert_eq!(store.change_status(all).await.unwrap(), 4);
    assert_eq!(store.status_entries(list(1).id).await.unwrap().len(), 4);
    assert_eq!(version(&*store, list(1).id).await, 1);
    let nobody = change(StatusSelector::Subject(subject(9)), StatusValue::Suspended);
    assert_eq!(store.change_status(nobody).await.unwrap(), 0);
}

pub(super) async fn a_lost_device_stays_suspended_when_the_licence_is_reinstated(
    store: Arc<dyn Store>,
) {
    store.create_status_list(list(1)).await.unwrap();
    let issuance = batch(&*store, 1, 1).await;
    let to = |value, reason: &str| {
        let mut change = change(StatusSelector::Issuance(issuance.id), value);
        change.reason = reason.into();
        store.change_status(change)
    };
    let (suspended, valid) = (StatusValue::Suspended, StatusValue::Valid);
    for [first, second] in [
        ["device-lost", "licence-suspended"],
        ["licence-suspended", "device-lost"],
    ] {
        assert_eq!(to(suspended, first).await.unwrap(), 1);
        assert_eq!(to(suspended, second).await.unwrap(), 0);
        assert_eq!(to(valid, "licence-reinstated").await.unwrap(), 0);
        let entries = store.status_entries(list(1).id).await.unwrap();
        assert_eq!(entries, [(0, suspended)], "{first}");
        assert_eq!(to(valid, "holder-request").await.unwrap(), 1);
    }
    assert_eq!(to(suspended, "licence-suspended").await.unwrap(), 1);
    assert_eq!(to(valid, "licence-reinstated").await.unwrap(), 1);
    assert_eq!(store.status_entries(list(1).id).await.unwrap(), []);
    assert_eq!(
        version(&*store, list(1).id).await,
        6,
        "as often as it changed"
    );
}

pub(super) async fn changes_of_a_batch_are_told(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    let (issuance, other) = (batch(&*store, 1, 3).await, batch(&*store, 2, 1).await);
    let changes = [
        (
            StatusSelector::Document(issuance.id, 2),
            StatusValue::Suspended,
            "lost",
        ),
        (
            StatusSelector::Issuance(issuance.id),
            StatusValue::Invalid,
            "withdrawn",
        ),
        (
            StatusSelector::Issuance(other.id),
            StatusValue::Invalid,
            "lost",
        ),
    ];
    for (seconds, (selector, value, reason)) in (200..).zip(changes) {
        let change = StatusChange {
            reason: reason.into(),
            now: at(seconds),
            ..change(selector, value)
        };
        // The second time changes nothing, and is not told.
        for _ in 0..2 {
            store.change_status(change.clone()).await.unwrap();
        }
    }
    let told = |seconds, document, value, reason: &str| RecordedStatusChange {
        at: at(seconds),
        document,
        value,
        reason: reason.into(),
        actor: "operator".into(),
    };
    assert_eq!(
        store.status_changes(TENANT, issuance.id).await.unwrap(),
        [
            told(200, 2, StatusValue::Suspended, "lost"),
            told(201, 0, StatusValue::Invalid, "withdrawn"),
            told(201, 1, StatusValue::Invalid, "withdrawn"),
            told(201, 2, StatusValue::Invalid, "withdrawn"),
        ]
    );
    let foreign = store.status_changes(OTHER_TENANT, issuance.id).await;
    assert_eq!(foreign.unwrap(), []);
}

pub(super) async fn what_is_invalid_stays_invalid(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    let issuance = batch(&*store, 1, 1).await;
    let to = |value| store.change_status(change(StatusSelector::Issuance(issuance.id), value));
    assert_eq!(to(StatusValue::Suspended).await.unwrap(), 1);
    assert_eq!(to(StatusValue::Invalid).await.unwrap(), 1);
    assert_eq!(to(StatusValue::Valid).await.unwrap(), 0);
    assert_eq!(to(StatusValue::Suspended).await.unwrap(), 0);
    let entries = store.status_entries(list(1).id).await.unwrap();
    assert_eq!(entries, [(0, StatusValue::Invalid)]);
}

pub(super) async fn a_change_is_bound_to_the_tenant(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    let issuance = batch(&*store, 1, 2).await;
    for selector in [
        StatusSelector::Document(issuance.id, 0),
        StatusSelector::Issuance(issuance.id),
        StatusSelector::Subject(subject(1)),
    ] {
        let mut foreign = change(selector, StatusValue::Invalid);
        foreign.tenant = OTHER_TENANT.into();
        assert_eq!(store.change_status(foreign).await.unwrap(), 0);
    }
    assert!(store.status_entries(list(1).id).await.unwrap().is_empty());
}

const ISSUER: &str = "https://utopia.example";

fn publication(version: u64, issued_at: i64) -> PublishedStatusList {
    PublishedStatusList {
        id: list(1).id,
        tenant: TENANT.into(),
        version,
        jwt: format!("jwt {version} {issued_at}"),
        cwt: format!("cwt {version} {issued_at}").into_bytes(),
        issued_at: at(issued_at),
        expires_at: at(issued_at + 1000),
        ttl: 300,
    }
}

pub(super) async fn a_published_list_is_served(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    assert!(
        store
            .published_status_list(TENANT, list(1).id)
            .await
            .unwrap()
            .is_none()
    );
    let mut entry = draft(1);
    entry.purpose = SignaturePurpose::StatusList;
    for _ in 0..2 {
        let published = store.publish_status_list(publication(0, 10), ISSUER, vec![entry.clone()]);
        published.await.unwrap();
    }
    let served = store
        .published_status_list(TENANT, list(1).id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (served.version, served.jwt, served.cwt),
        (0, "jwt 0 10".into(), b"cwt 0 10".to_vec())
    );
    assert_eq!(
        (served.issued_at, served.expires_at, served.ttl),
        (at(10), at(1010), 300)
    );
    let lists = store.status_lists(TENANT).await.unwrap();
    assert_eq!(lists[0].published_version, Some(0));
    assert_eq!(lists[0].published_at, Some(at(10)));
    assert_eq!(lists[0].expires_at, Some(at(1010)));
    assert_eq!(lists[0].published_for.as_deref(), Some(ISSUER));
    // Nothing is known of an end before a document has a place.
    assert_eq!(lists[0].needed_until, None);
    let ledger = store.ledger(1, 10).await.unwrap();
    assert_eq!(ledger.len(), 1, "once for the same tokens");
    assert_eq!(ledger[0].entry.purpose, SignaturePurpose::StatusList);
    assert!(
        store
            .published_status_list(OTHER_TENANT, list(1).id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .published_status_list(TENANT, list(2).id)
            .await
            .unwrap()
            .is_none()
    );

    let mut unknown = publication(0, 10);
    unknown.id = list(2).id;
    let unknown = store.publish_status_list(unknown, ISSUER, Vec::new()).await;
    assert!(unknown.is_err());
}

pub(super) async fn a_list_is_needed_until_its_last_document_ends(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    store.create_status_list(list(2)).await.unwrap();
    let grant = grant(&*store, 1).await;
    for (number, until) in [(1, 5000), (2, 3000)] {
        let mut reservation = reservation(&grant, number);
        reservation.device_keys.pop();
        reservation.new.status_until = Some(at(until));
        reserve(&*store, &reservation).await;
    }
    let mut ends: Vec<_> = store.status_lists(TENANT).await.unwrap();
    ends.sort_unstable_by_key(|list| list.needed_until);
    assert_eq!(ends[0].needed_until, Some(at(3000)));
    assert_eq!(ends[1].needed_until, Some(at(5000)));
    // A document that ends sooner takes nothing back.
    for number in 3..=4 {
        let mut reservation = reservation(&grant, number);
        reservation.device_keys.pop();
        reservation.new.status_until = Some(at(4000));
        reserve(&*store, &reservation).await;
    }
    let mut ends: Vec<_> = store
        .status_lists(TENANT)
        .await
        .unwrap()
        .iter()
        .map(|list| list.needed_until)
        .collect();
    ends.sort_unstable();
    assert_eq!(ends, [Some(at(4000)), Some(at(5000))]);
}

pub(super) async fn tokens_that_nobody_can_use_are_erased(store: Arc<dyn Store>) {
    let margin = STATUS_LIST_MARGIN.whole_seconds();
    store.create_status_list(list(1)).await.unwrap();
    let is_served = async || {
        let served = store.published_status_list(TENANT, list(1).id).await;
        served.unwrap().is_some()
    };
    let entry = || vec![draft(1)];
    let published = store.publish_status_list(publication(0, 3000), ISSUER, entry());
    published.await.unwrap();
    // Of a list without documents, nothing is erased: it waits for them.
    store.purge(at(4001 + margin)).await.unwrap();
    assert!(is_served().await);
    // The document ends at 1000, the token at 4000.
    batch(&*store, 1, 1).await;
    store.purge(at(3999 + margin)).await.unwrap();
    assert!(is_served().await, "the token may still be read");
    store.purge(at(4000 + margin)).await.unwrap();
    assert!(!is_served().await);
    // The document ends at 1000, the token at 510.
    let mut early = publication(1, 0);
    early.expires_at = at(510);
    let published = store.publish_status_list(early, ISSUER, entry());
    published.await.unwrap();
    store.purge(at(999 + margin)).await.unwrap();
    assert!(is_served().await, "the document may still be valid");
    store.purge(at(1000 + margin)).await.unwrap();
    assert!(!is_served().await);
}

pub(super) async fn an_older_publication_does_not_replace_a_newer(store: Arc<dyn Store>) {
    store.create_status_list(list(1)).await.unwrap();
    let sequence = async |version, at: i64| {
        let entry = draft(u32::try_from(at).unwrap());
        let published = store.publish_status_list(publication(version, at), ISSUER, vec![entry]);
        published.await.unwrap();
        let served = store
            .published_status_list(TENANT, list(1).id)
            .await
            .unwrap();
        served.unwrap().jwt
    };
    assert_eq!(sequence(1, 10).await, "jwt 1 10");
    assert_eq!(sequence(1, 20).await, "jwt 1 20");
    assert_eq!(sequence(1, 15).await, "jwt 1 20");
    assert_eq!(sequence(0, 30).await, "jwt 1 20");
    assert_eq!(sequence(2, 25).await, "jwt 2 25");
    // Signed is signed.
    assert_eq!(store.ledger_head().await.unwrap().sequence, 5);
}
