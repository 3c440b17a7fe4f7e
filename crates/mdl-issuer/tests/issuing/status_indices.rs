//! That no two documents ever share a place in a status list, and that places say nothing of when they were given out.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mdl_issuer::status;
use mdl_issuer::store::{
    Hash, IssuanceId, NewIssuance, Reservation, ReservationLimits, ReservationOutcome,
    StatusPosition,
};
use time::Duration;

use crate::house::House;
use crate::unlinkability::are_correlated;

const TASKS: u32 = 8;
const ISSUANCES_OF_A_TASK: u32 = 1250;

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn ten_thousand_parallel_issuances_share_no_place_and_their_order_is_not_seen() {
    let house = Arc::new(House::new().await);
    let tasks = (0..TASKS).map(|task| tokio::spawn(reserve_many(Arc::clone(&house), task)));
    let mut positions = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        positions.extend(task.await.unwrap());
    }
    assert_eq!(positions.len(), (TASKS * ISSUANCES_OF_A_TASK) as usize);

    positions.sort_unstable();
    let mut places = HashSet::new();
    let mut lists: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for position in &positions {
        let secret = &house.service.secret;
        let reference = status::reference(secret, house.tenant(), position).unwrap();
        assert!(reference.idx < u64::from(position.size));
        assert!(
            places.insert((reference.uri.clone(), reference.idx)),
            "a place given out twice"
        );
        lists
            .entry(reference.uri)
            .or_default()
            .push(reference.idx as f64);
    }
    assert!(lists.len() >= 3, "spread over the open lists");
    for indices in lists.values() {
        let next: Vec<_> = indices.windows(2).map(|pair| (pair[0], pair[1])).collect();
        assert!(!are_correlated(&next));
    }
    let counted: Vec<_> = (0..1000)
        .map(|n| (f64::from(n), f64::from(n + 1)))
        .collect();
    assert!(are_correlated(&counted), "a counter is found out");
}

async fn reserve_many(house: Arc<House>, task: u32) -> Vec<StatusPosition> {
    let grant = house.grant(&format!("person {task}")).await;
    let mut positions = Vec::new();
    for number in 0..ISSUANCES_OF_A_TASK {
        let name = Hash::of(&[task.to_be_bytes(), number.to_be_bytes()].concat());
        let mut id = IssuanceId([0; 16]);
        id.0.copy_from_slice(&name.0[..16]);
        let reservation = Reservation {
            tenant: "dmv".into(),
            grant: grant.id,
            subject: grant.subject.hash,
            request_key: name,
            configuration_id: "mdl".into(),
            device_keys: vec![name],
            nonce: None,
            once: Vec::new(),
            limits: ReservationLimits {
                batches_per_grant: u32::MAX,
                documents_per_subject: u32::MAX,
                counted_from: house.now(),
            },
            new: NewIssuance {
                id,
                sealed_seed: vec![1],
                document_signer: name,
                issued_at: house.now(),
                repeatable_until: house.now() + Duration::HOUR,
                status_until: Some(house.now() + Duration::DAY),
            },
            now: house.now(),
        };
        match house.service.store.reserve(reservation).await.unwrap() {
            ReservationOutcome::Reserved(issuance) => positions.extend(issuance.status),
            other => panic!("{other:?}"),
        }
    }
    positions
}
