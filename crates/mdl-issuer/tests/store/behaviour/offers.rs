use std::sync::Arc;

use mdl_issuer::store::{
    OfferFilter, OfferId, OfferState, Redemption, RedemptionOutcome, Store, UsedPurpose,
};

use crate::rows::{
    OTHER_TENANT, TENANT, at, grant, hash, id, offer, offer_with_tx_code, redemption, subject, used,
};

pub(super) async fn an_offer_is_kept_as_created(store: Arc<dyn Store>) {
    let new = offer_with_tx_code(1, 3);
    store.create_offer(new.clone()).await.unwrap();
    let kept = store.offer(TENANT, new.id).await.unwrap().unwrap();
    assert_eq!(kept.id, new.id);
    assert_eq!(kept.tenant, new.tenant);
    assert_eq!(kept.configuration_ids, new.configuration_ids);
    assert_eq!(kept.subject, new.subject.hash);
    assert_eq!(kept.state, OfferState::Open);
    assert_eq!((kept.created_at, kept.expires_at), (at(0), at(600)));
    let rule = kept.tx_code.unwrap();
    assert_eq!(rule.hash, hash("tx_code", 1));
    assert!(rule.is_numeric);
    assert_eq!((rule.length, rule.attempts_left), (6, 3));

    let by_code = store.offer_by_code(TENANT, new.code).await.unwrap();
    assert_eq!(by_code.unwrap().id, new.id);
    assert!(store.offer(OTHER_TENANT, new.id).await.unwrap().is_none());
    let elsewhere = store.offer_by_code(OTHER_TENANT, new.code).await.unwrap();
    assert!(elsewhere.is_none());
    let unknown = OfferId(id("offer", 2));
    assert!(store.offer(TENANT, unknown).await.unwrap().is_none());
    let unknown = store.offer_by_code(TENANT, hash("code", 2)).await.unwrap();
    assert!(unknown.is_none());
}

pub(super) async fn an_offer_is_created_once(store: Arc<dyn Store>) {
    store.create_offer(offer(1)).await.unwrap();
    store.redeem(redemption(1)).await.unwrap();
    store.create_offer(offer(1)).await.unwrap();
    let kept = store.offer(TENANT, offer(1).id).await.unwrap().unwrap();
    assert_eq!(kept.state, OfferState::Redeemed);
}

pub(super) async fn offers_are_listed_in_pages_newest_first(store: Arc<dyn Store>) {
    for number in 0..5 {
        let mut offer = offer(number);
        offer.created_at = at(i64::from(number / 2));
        offer.subject.hash = subject(number % 2);
        store.create_offer(offer).await.unwrap();
    }
    let mut foreign = offer(9);
    foreign.tenant = OTHER_TENANT.into();
    store.create_offer(foreign).await.unwrap();

    let filter = |subject, before, limit| OfferFilter {
        tenant: TENANT.into(),
        subject,
        before,
        limit,
    };
    let all = store.offers(&filter(None, None, 10)).await.unwrap();
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted_by_key(|offer| std::cmp::Reverse((offer.created_at, offer.id))));
    let mut paged = Vec::new();
    let mut before = None;
    loop {
        let page = store.offers(&filter(None, before, 2)).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        paged.extend(page.into_iter().map(|offer| offer.id));
    }
    let ids: Vec<_> = all.iter().map(|offer| offer.id).collect();
    assert_eq!(paged, ids);
    let one = store.offers(&filter(Some(subject(1)), None, 10)).await;
    assert_eq!(one.unwrap().len(), 2);
    let none = store.offers(&filter(None, Some(offer(9).id), 10)).await;
    assert!(none.unwrap().is_empty());
}

pub(super) async fn an_offer_is_cancelled_once_and_for_good(store: Arc<dyn Store>) {
    let id = offer(1).id;
    assert_eq!(store.cancel_offer(TENANT, id).await.unwrap(), None);
    store.create_offer(offer(1)).await.unwrap();
    assert_eq!(store.cancel_offer(OTHER_TENANT, id).await.unwrap(), None);
    for _ in 0..2 {
        let state = store.cancel_offer(TENANT, id).await.unwrap();
        assert_eq!(state, Some(OfferState::Cancelled));
    }
    let kept = store.offer(TENANT, id).await.unwrap().unwrap();
    assert_eq!(kept.state, OfferState::Cancelled);

    grant(&*store, 2).await;
    let state = store.cancel_offer(TENANT, offer(2).id).await.unwrap();
    assert_eq!(state, Some(OfferState::Redeemed));
}

pub(super) async fn a_code_is_traded_once(store: Arc<dyn Store>) {
    let grant = grant(&*store, 1).await;
    assert_eq!(grant.id, redemption(1).grant.id);
    assert_eq!(grant.tenant, TENANT);
    assert_eq!(grant.offer, offer(1).id);
    assert_eq!(
        grant.configuration_ids,
        redemption(1).grant.configuration_ids
    );
    assert!(grant.by_identifier);
    assert_eq!(grant.client_id.as_deref(), Some("wallet"));
    assert_eq!(grant.subject.hash, subject(1));
    assert_eq!(grant.subject.sealed, b"sealed subject 1");
    assert_eq!(grant.dpop_key, Some(hash("dpop key", 1)));
    assert_eq!(grant.expires_at, at(3600));

    let mut second = redemption(2);
    second.offer = offer(1).id;
    let outcome = store.redeem(second).await.unwrap();
    assert!(matches!(outcome, RedemptionOutcome::NotOpen), "{outcome:?}");
    let kept = store.offer(TENANT, offer(1).id).await.unwrap().unwrap();
    assert_eq!(kept.state, OfferState::Redeemed);
}

pub(super) async fn a_redemption_is_repeatable_by_its_caller(store: Arc<dyn Store>) {
    grant(&*store, 1).await;
    let outcome = store.redeem(redemption(1)).await.unwrap();
    assert!(
        matches!(outcome, RedemptionOutcome::Granted(grant) if grant.id == redemption(1).grant.id)
    );

    let mut another_token = redemption(1);
    another_token.grant.token = hash("token", 2);
    let outcome = store.redeem(another_token).await.unwrap();
    assert!(matches!(outcome, RedemptionOutcome::NotOpen), "{outcome:?}");
}

pub(super) async fn what_is_over_is_not_redeemed(store: Arc<dyn Store>) {
    for number in 1..=3 {
        store.create_offer(offer(number)).await.unwrap();
    }
    store.cancel_offer(TENANT, offer(2).id).await.unwrap();
    let refused = [
        Redemption {
            now: at(600),
            ..redemption(1)
        },
        redemption(2),
        Redemption {
            tenant: OTHER_TENANT.into(),
            ..redemption(3)
        },
        redemption(4),
    ];
    for redemption in refused {
        let outcome = store.redeem(redemption).await.unwrap();
        assert!(matches!(outcome, RedemptionOutcome::NotOpen), "{outcome:?}");
    }
    // To the last moment.
    let last = Redemption {
        now: at(600) - time::Duration::microseconds(1),
        ..redemption(1)
    };
    let outcome = store.redeem(last).await.unwrap();
    assert!(
        matches!(outcome, RedemptionOutcome::Granted(_)),
        "{outcome:?}"
    );
}

pub(super) async fn wrong_transaction_codes_are_counted_and_lock(store: Arc<dyn Store>) {
    let new = offer_with_tx_code(1, 2);
    store.create_offer(new.clone()).await.unwrap();
    let with = |grant: u32, code: u32| {
        let mut redemption = redemption(grant);
        redemption.offer = new.id;
        redemption.tx_code = Some(hash("tx_code", code));
        redemption
    };
    // The same call repeated counts once.
    for _ in 0..2 {
        let outcome = store.redeem(with(1, 7)).await.unwrap();
        assert!(
            matches!(outcome, RedemptionOutcome::TxCodeWrong { left: 1 }),
            "{outcome:?}"
        );
    }
    let kept = store.offer(TENANT, new.id).await.unwrap().unwrap();
    assert_eq!(kept.tx_code.unwrap().attempts_left, 1);
    assert_eq!(kept.state, OfferState::Open);
    let outcome = store.redeem(with(2, 8)).await.unwrap();
    assert!(
        matches!(outcome, RedemptionOutcome::TxCodeWrong { left: 0 }),
        "{outcome:?}"
    );
    let kept = store.offer(TENANT, new.id).await.unwrap().unwrap();
    assert_eq!(kept.state, OfferState::Locked);
    let outcome = store.redeem(with(3, 1)).await.unwrap();
    assert!(matches!(outcome, RedemptionOutcome::NotOpen), "{outcome:?}");
    let state = store.cancel_offer(TENANT, new.id).await.unwrap();
    assert_eq!(state, Some(OfferState::Locked));
}

pub(super) async fn transaction_code_must_be_sent_exactly_if_asked_for(store: Arc<dyn Store>) {
    store.create_offer(offer_with_tx_code(1, 2)).await.unwrap();
    let outcome = store.redeem(redemption(1)).await.unwrap();
    assert!(
        matches!(outcome, RedemptionOutcome::TxCodeMissing),
        "{outcome:?}"
    );
    let right = Redemption {
        tx_code: Some(hash("tx_code", 1)),
        ..redemption(1)
    };
    let outcome = store.redeem(right).await.unwrap();
    assert!(
        matches!(outcome, RedemptionOutcome::Granted(_)),
        "{outcome:?}"
    );

    store.create_offer(offer(2)).await.unwrap();
    let unasked = Redemption {
        tx_code: Some(hash("tx_code", 2)),
        ..redemption(2)
    };
    let outcome = store.redeem(unasked).await.unwrap();
    assert!(
        matches!(outcome, RedemptionOutcome::TxCodeUnexpected),
        "{outcome:?}"
    );
    let outcome = store.redeem(redemption(2)).await.unwrap();
    assert!(
        matches!(outcome, RedemptionOutcome::Granted(_)),
        "{outcome:?}"
    );
}

pub(super) async fn a_used_proof_redeems_nothing(store: Arc<dyn Store>) {
    grant(&*store, 1).await;
    store.create_offer(offer_with_tx_code(2, 1)).await.unwrap();
    let mut replayed = redemption(2);
    replayed.once = redemption(1).once;
    replayed.tx_code = Some(hash("tx_code", 7));
    let outcome = store.redeem(replayed).await.unwrap();
    assert!(
        matches!(outcome, RedemptionOutcome::Replayed),
        "{outcome:?}"
    );
    // Neither the code nor a try is gone, and a proof counts only once it redeemed something.
    let right = Redemption {
        tx_code: Some(hash("tx_code", 2)),
        ..redemption(2)
    };
    let outcome = store.redeem(right).await.unwrap();
    assert!(
        matches!(outcome, RedemptionOutcome::Granted(_)),
        "{outcome:?}"
    );

    store.create_offer(offer_with_tx_code(3, 2)).await.unwrap();
    let wrong = Redemption {
        tx_code: Some(hash("tx_code", 7)),
        ..redemption(3)
    };
    store.redeem(wrong.clone()).await.unwrap();
    assert!(store.use_once(&wrong.once).await.unwrap());
    let other = [used(UsedPurpose::CredentialNonce, 1001)];
    assert!(store.use_once(&other).await.unwrap());
}

pub(super) async fn a_grant_is_found_by_its_token(store: Arc<dyn Store>) {
    let made = grant(&*store, 1).await;
    let found = store
        .grant(TENANT, hash("token", 1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, made.id);
    assert_eq!(found.subject.sealed, made.subject.sealed);
    assert_eq!(found.configuration_ids, made.configuration_ids);
    assert_eq!(found.by_identifier, made.by_identifier);
    assert_eq!(found.client_id, made.client_id);
    assert_eq!(
        (found.dpop_key, found.expires_at),
        (made.dpop_key, made.expires_at)
    );
    assert_eq!(
        (found.offer, found.subject.hash),
        (made.offer, made.subject.hash)
    );
    assert!(
        store
            .grant(OTHER_TENANT, hash("token", 1))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .grant(TENANT, hash("token", 2))
            .await
            .unwrap()
            .is_none()
    );
}
