use std::sync::Arc;

use mdl_issuer::store::{OFFER_RETENTION, OfferState, Store, UsedPurpose};

use crate::rows::{TENANT, at, grant, hash, offer, reservation, reserve, used};

pub(super) async fn a_value_counts_once(store: Arc<dyn Store>) {
    let value = used(UsedPurpose::DpopProof, 1);
    assert!(store.use_once(&[value]).await.unwrap());
    assert!(!store.use_once(&[value]).await.unwrap());
    let other_purpose = used(UsedPurpose::CredentialNonce, 1);
    assert!(store.use_once(&[other_purpose]).await.unwrap());
    assert!(store.use_once(&[]).await.unwrap());
}

pub(super) async fn values_are_used_together_or_not_at_all(store: Arc<dyn Store>) {
    let [one, two, three] = [1, 2, 3].map(|number| used(UsedPurpose::DpopProof, number));
    assert!(store.use_once(&[one, two]).await.unwrap());
    assert!(!store.use_once(&[three, two]).await.unwrap());
    assert!(store.use_once(&[three]).await.unwrap());
}

pub(super) async fn a_lease_has_one_holder(store: Arc<dyn Store>) {
    let lease = |holder: &'static str, now, until| store.lease("sign", holder, at(now), at(until));
    assert!(lease("a", 0, 60).await.unwrap());
    assert!(!lease("b", 59, 120).await.unwrap());
    assert!(lease("a", 30, 90).await.unwrap(), "prolonged");
    assert!(!lease("b", 89, 120).await.unwrap());
    assert!(lease("b", 90, 120).await.unwrap(), "over");
    assert!(!lease("a", 100, 130).await.unwrap());
    assert!(store.lease("other", "a", at(100), at(130)).await.unwrap());
}

pub(super) async fn what_is_over_is_erased(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    let issuance = reserve(&*store, &reservation(&grant, 1)).await;
    store.create_offer(offer(2)).await.unwrap();
    let seed = async || {
        let kept = store.issuance(TENANT, issuance.id).await.unwrap().unwrap();
        kept.sealed_seed.is_some()
    };
    assert_eq!(store.purge(at(599)).await.unwrap(), 0);
    assert!(seed().await);
    assert_eq!(
        store.purge(at(600)).await.unwrap(),
        1,
        "the subject of offer 2"
    );
    assert_eq!(store.purge(at(700)).await.unwrap(), 1, "the seed");
    assert!(!seed().await);
    assert_eq!(
        store.purge(at(959)).await.unwrap(),
        0,
        "a replica whose clock is behind by less than a minute would take them again"
    );
    assert_eq!(
        store.purge(at(960)).await.unwrap(),
        3,
        "two proofs and a nonce"
    );
    assert!(store.use_once(&reservation(&grant, 1).once).await.unwrap());
    assert_eq!(store.purge(at(3599)).await.unwrap(), 1, "the proof");
    assert!(
        store
            .grant(TENANT, hash("token", 1))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(store.purge(at(3600)).await.unwrap(), 1, "the grant");
    assert!(
        store
            .grant(TENANT, hash("token", 1))
            .await
            .unwrap()
            .is_none()
    );
    let kept = store.offer(TENANT, offer(1).id).await.unwrap().unwrap();
    assert_eq!(kept.state, OfferState::Redeemed);
    let gone = store.purge(at(600) + OFFER_RETENTION).await.unwrap();
    assert_eq!(gone, 2, "the offers");
    assert!(store.offer(TENANT, offer(1).id).await.unwrap().is_none());
    assert!(
        store
            .offer_by_code(TENANT, offer(1).code)
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.issuance(TENANT, issuance.id).await.unwrap().is_some());
}

pub(super) async fn the_store_answers(store: Arc<dyn Store>) {
    store.check().await.unwrap();
}
