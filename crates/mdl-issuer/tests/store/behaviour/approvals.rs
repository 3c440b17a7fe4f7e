use std::sync::Arc;

use mdl_issuer::store::{
    Approval, ApprovalId, Decided, Decision, DecisionOutcome, Issuance, NewApproval, StatusChange,
    StatusSelector, StatusValue, Store, Verdict,
};

use crate::rows::{OTHER_TENANT, TENANT, at, grant, hash, id, list, reservation, reserve};

/// A batch of two documents with a place in a list.
pub(super) async fn batch(store: &dyn Store) -> Issuance {
    store.create_status_list(list(1)).await.unwrap();
    let grant = grant(store, 1).await;
    let mut reservation = reservation(&grant, 1);
    reservation.new.status_until = Some(at(1000));
    reserve(store, &reservation).await
}

/// Ann asks for operation `number`, for ten minutes.
pub(super) fn request(number: u32) -> NewApproval {
    NewApproval {
        id: ApprovalId(id("approval", number)),
        tenant: TENANT.into(),
        operation: format!("{{\"operation\":{number}}}"),
        digest: hash("operation", number),
        requested_by: "ann".into(),
        requested_at: at(i64::from(number)),
        expires_at: at(600),
    }
}

/// Bob approves request `number`, which revokes the batch.
pub(super) fn approve(number: u32, batch: &Issuance) -> Decision {
    Decision {
        tenant: TENANT.into(),
        id: request(number).id,
        digest: request(number).digest,
        by: "bob".into(),
        verdict: Verdict::Approve(Some(StatusChange {
            tenant: TENANT.into(),
            selector: StatusSelector::Issuance(batch.id),
            value: StatusValue::Invalid,
            reason: "lost".into(),
            actor: "ann, approved by bob".into(),
            now: at(300),
        })),
        now: at(300),
    }
}

async fn revoked(store: &dyn Store, batch: &Issuance) -> usize {
    let list = batch.status[0].list;
    store.status_entries(list).await.unwrap().len()
}

fn done(outcome: DecisionOutcome) -> Approval {
    match outcome {
        DecisionOutcome::Done(approval) => approval,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn a_request_waits_and_changes_nothing(store: Arc<dyn Store>) {
    let batch = batch(&*store).await;
    let made = store.request_approval(request(1)).await.unwrap();
    assert_eq!((made.id, &made.decided), (request(1).id, &None));
    assert_eq!(made.requested_at, at(1));
    let found = store.approval(TENANT, made.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&made));
    assert!(
        store
            .approval(OTHER_TENANT, made.id)
            .await
            .unwrap()
            .is_none()
    );
    let nobodys = ApprovalId(id("approval", 2));
    assert!(store.approval(TENANT, nobodys).await.unwrap().is_none());
    assert_eq!(revoked(&*store, &batch).await, 0);
}

pub(super) async fn a_request_that_is_repeated_is_found(store: Arc<dyn Store>) {
    let first = store.request_approval(request(1)).await.unwrap();
    let again = NewApproval {
        id: ApprovalId(id("another", 1)),
        requested_at: at(30),
        expires_at: at(900),
        ..request(1)
    };
    let found = store.request_approval(again.clone()).await.unwrap();
    assert_eq!(found, first);
    assert_eq!(store.request_approval(request(1)).await.unwrap(), first);
    // Of somebody else, of another operation, or when the first is over, it is another request.
    let by_bob = NewApproval {
        id: ApprovalId(id("another", 2)),
        requested_by: "bob".into(),
        ..again.clone()
    };
    let by_bob = store.request_approval(by_bob).await.unwrap();
    let later = NewApproval {
        id: ApprovalId(id("another", 3)),
        requested_at: at(600),
        ..again
    };
    let later = store.request_approval(later).await.unwrap();
    let other = store.request_approval(request(2)).await.unwrap();
    let all = store.approvals(TENANT, None).await.unwrap();
    let expected = [later.clone(), by_bob.clone(), other.clone(), first.clone()];
    assert_eq!(all, expected, "newest first");
    let rest = store.approvals(TENANT, Some(by_bob.id)).await.unwrap();
    assert_eq!(rest, [other, first]);
    assert!(
        store
            .approvals(OTHER_TENANT, None)
            .await
            .unwrap()
            .is_empty()
    );
    let of_nobody = ApprovalId(id("nobody", 1));
    assert!(
        store
            .approvals(TENANT, Some(of_nobody))
            .await
            .unwrap()
            .is_empty()
    );
}

pub(super) async fn what_is_approved_is_done_once(store: Arc<dyn Store>) {
    let batch = batch(&*store).await;
    store.request_approval(request(1)).await.unwrap();
    let approved = done(store.decide(approve(1, &batch)).await.unwrap());
    let expected = Decided {
        approved: true,
        by: "bob".into(),
        at: at(300),
        documents: 2,
    };
    assert_eq!(approved.decided, Some(expected));
    assert_eq!(revoked(&*store, &batch).await, 2);
    let kept = store.approval(TENANT, approved.id).await.unwrap();
    assert_eq!(kept.as_ref(), Some(&approved));
    let changes = store.status_changes(TENANT, batch.id).await.unwrap();
    assert!(
        changes
            .iter()
            .all(|change| change.actor == "ann, approved by bob")
    );

    // The answer was lost: the same again says the same. Anybody else comes too late.
    assert_eq!(
        done(store.decide(approve(1, &batch)).await.unwrap()),
        approved
    );
    assert_eq!(
        store.status_changes(TENANT, batch.id).await.unwrap().len(),
        2
    );
    for late in [
        Decision {
            by: "carol".into(),
            ..approve(1, &batch)
        },
        Decision {
            verdict: Verdict::Reject,
            ..approve(1, &batch)
        },
    ] {
        let outcome = store.decide(late).await.unwrap();
        assert_eq!(outcome, DecisionOutcome::DecidedBefore(approved.clone()));
    }
    // With the first decided, the same may be asked for again.
    let again = NewApproval {
        id: ApprovalId(id("another", 1)),
        ..request(1)
    };
    let again = store.request_approval(again).await.unwrap();
    assert_ne!(again.id, approved.id);
}

pub(super) async fn who_asks_does_not_approve(store: Arc<dyn Store>) {
    let batch = batch(&*store).await;
    store.request_approval(request(1)).await.unwrap();
    for by in ["ann", "certificate:ann"] {
        let own = Decision {
            by: by.into(),
            ..approve(1, &batch)
        };
        assert_eq!(
            store.decide(own).await.unwrap(),
            DecisionOutcome::OwnRequest
        );
    }
    assert_eq!(revoked(&*store, &batch).await, 0);
    let taken_back = Decision {
        by: "ann".into(),
        verdict: Verdict::Reject,
        ..approve(1, &batch)
    };
    let rejected = done(store.decide(taken_back).await.unwrap());
    assert!(!rejected.decided.as_ref().unwrap().approved);
    let outcome = store.decide(approve(1, &batch)).await.unwrap();
    assert_eq!(outcome, DecisionOutcome::DecidedBefore(rejected));
    assert_eq!(revoked(&*store, &batch).await, 0);
}

pub(super) async fn another_operation_or_tenant_is_not_approved(store: Arc<dyn Store>) {
    let batch = batch(&*store).await;
    store.request_approval(request(1)).await.unwrap();
    let other = Decision {
        digest: hash("operation", 2),
        ..approve(1, &batch)
    };
    assert_eq!(
        store.decide(other).await.unwrap(),
        DecisionOutcome::OtherOperation
    );
    let elsewhere = Decision {
        tenant: OTHER_TENANT.into(),
        ..approve(1, &batch)
    };
    assert_eq!(
        store.decide(elsewhere).await.unwrap(),
        DecisionOutcome::Unknown
    );
    assert_eq!(
        store.decide(approve(2, &batch)).await.unwrap(),
        DecisionOutcome::Unknown
    );
    assert_eq!(revoked(&*store, &batch).await, 0);
}

pub(super) async fn a_request_that_is_over_is_not_approved(store: Arc<dyn Store>) {
    let batch = batch(&*store).await;
    store.request_approval(request(1)).await.unwrap();
    let late = Decision {
        now: at(600),
        ..approve(1, &batch)
    };
    assert_eq!(store.decide(late).await.unwrap(), DecisionOutcome::Expired);
    assert_eq!(revoked(&*store, &batch).await, 0);
    let just = Decision {
        now: at(599),
        ..approve(1, &batch)
    };
    done(store.decide(just).await.unwrap());
    store.purge(at(100_000_000)).await.unwrap();
    assert!(
        store
            .approval(TENANT, request(1).id)
            .await
            .unwrap()
            .is_some(),
        "for auditors"
    );
}

pub(super) async fn an_approval_is_found_by_its_operation(store: Arc<dyn Store>) {
    let batch = batch(&*store).await;
    let digest = request(1).digest;
    let is_approved = async || store.is_approved(TENANT, digest).await.unwrap();
    store.request_approval(request(1)).await.unwrap();
    store.request_approval(request(2)).await.unwrap();
    assert!(!is_approved().await);
    let rejected = Decision {
        verdict: Verdict::Reject,
        ..approve(1, &batch)
    };
    done(store.decide(rejected).await.unwrap());
    assert!(!is_approved().await);
    let again = NewApproval {
        id: ApprovalId(id("another", 1)),
        ..request(1)
    };
    store.request_approval(again.clone()).await.unwrap();
    let approved = Decision {
        id: again.id,
        verdict: Verdict::Approve(None),
        ..approve(1, &batch)
    };
    let approved = done(store.decide(approved).await.unwrap());
    assert_eq!(approved.decided.unwrap().documents, 0);
    assert!(is_approved().await);
    assert!(!store.is_approved(OTHER_TENANT, digest).await.unwrap());
    assert!(!store.is_approved(TENANT, request(2).digest).await.unwrap());
    assert_eq!(revoked(&*store, &batch).await, 0);
}
