//! That what is said about a document reaches readers: in time, in both forms, and whatever happens in between.

use std::sync::Arc;

use mdl_issuer::issuing::IssuedBatch;
use mdl_issuer::operations::readiness::Readiness;
use mdl_issuer::record::SubjectReference;
use mdl_issuer::service::Service;
use mdl_issuer::status::{
    Publication, RecordEvent, StatusAction, StatusReason, Whose, capacity, list_uri,
};
use mdl_issuer::store::{PublishedStatusList, STATUS_LIST_MARGIN, SignaturePurpose};
use mdl_mdoc::status_list::{
    RevocationList, SignedStatusToken, StatusClaims, StatusTokenLimits, TokenForm,
};
use time::Duration;

use crate::house::House;
use crate::observation::observe;

impl House {
    async fn publish(&self) -> Publication {
        let publication = self.service.publish_due("test").await;
        assert_eq!(publication.failed, 0);
        publication
    }

    /// The tokens of every list, as the world sees them.
    async fn published(&self) -> Vec<PublishedStatusList> {
        let mut published = Vec::new();
        for list in self.service.store.status_lists("dmv").await.unwrap() {
            let tokens = self
                .service
                .store
                .published_status_list("dmv", list.id)
                .await
                .unwrap();
            published.push(tokens.expect("every list is published before it is used"));
        }
        published
    }

    /// The claims of one form, its signature verified.
    fn claims(&self, token: &[u8], form: TokenForm) -> StatusClaims {
        let decoded = SignedStatusToken::decode(token, &StatusTokenLimits::DEFAULT).unwrap();
        assert_eq!(decoded.form(), form);
        let authority = self.tenant().authority.get();
        let signer = authority.status_signer.as_ref().unwrap();
        decoded.verify(signer.signer.public_key()).unwrap().clone()
    }

    /// What both forms say of each document of a batch: whether it is no longer valid.
    async fn is_ended(&self, batch: &IssuedBatch) -> Vec<bool> {
        let published = self.published().await;
        let documents = batch.documents.iter().map(|document| {
            let reference = observe(document, 0, self.now());
            let tokens = published
                .iter()
                .find(|tokens| list_uri(self.tenant(), tokens.id) == reference.list)
                .expect("the list of the document is published");
            let look_up = |claims: StatusClaims| {
                assert_eq!(claims.subject, reference.list);
                let RevocationList::Status(list) = &claims.list else {
                    panic!("a status list");
                };
                list.look_up(reference.idx, 1 << 20)
                    .unwrap()
                    .expect("within the list")
            };
            let jwt = look_up(self.claims(tokens.jwt.as_bytes(), TokenForm::Jwt));
            let cwt = look_up(self.claims(&tokens.cwt, TokenForm::Cwt));
            assert_eq!(jwt, cwt);
            jwt == 1
        });
        documents.collect()
    }

    async fn change(&self, whose: Whose, action: StatusAction) -> u64 {
        let reason = StatusReason::HolderRequest;
        let changed = self
            .service
            .change_status(self.tenant(), &whose, action, reason, "clerk 7");
        changed.await.unwrap().documents
    }

    /// A batch for a person.
    async fn issue_to(&self, subject: &str, count: usize) -> IssuedBatch {
        let grant = self.grant(subject).await;
        self.issue(&grant, &self.keys(count)).await.unwrap()
    }
}

#[tokio::test]
async fn a_revoked_document_is_revoked_in_both_forms_and_its_batch_is_not() {
    let house = House::new().await;
    let batch = house.issue_new(5).await;
    assert_eq!(house.is_ended(&batch).await, [false; 5]);

    assert_eq!(
        house
            .change(Whose::Document(batch.issuance, 2), StatusAction::Revoke)
            .await,
        1
    );
    house.clock.advance(house.tenant().policy.status_spacing());
    assert_eq!(house.publish().await.published, 1);
    let ended = house.is_ended(&batch).await;
    assert_eq!(ended.iter().filter(|ended| **ended).count(), 1);

    // For good: neither resumed nor merely suspended afterwards.
    for action in [StatusAction::Resume, StatusAction::Suspend] {
        assert_eq!(
            house
                .change(Whose::Document(batch.issuance, 2), action)
                .await,
            0
        );
    }
}

#[tokio::test]
async fn both_forms_say_where_all_lists_are_named() {
    let house = House::new().await;
    let place = format!("{}/status-lists", house.tenant().issuer);
    for tokens in house.published().await {
        for (token, form) in [
            (tokens.jwt.as_bytes(), TokenForm::Jwt),
            (&tokens.cwt, TokenForm::Cwt),
        ] {
            let RevocationList::Status(list) = house.claims(token, form).list else {
                panic!("a status list");
            };
            assert_eq!(list.aggregation_uri.as_ref(), Some(&place));
        }
    }
}

#[tokio::test]
async fn a_suspended_batch_is_valid_again_when_it_is_resumed() {
    let house = House::new().await;
    let (batch, other) = (house.issue_new(4).await, house.issue_new(4).await);
    for (action, ended) in [(StatusAction::Suspend, true), (StatusAction::Resume, false)] {
        assert_eq!(house.change(Whose::Batch(batch.issuance), action).await, 4);
        house.clock.advance(house.tenant().policy.status_spacing());
        house.publish().await;
        assert_eq!(house.is_ended(&batch).await, [ended; 4]);
        assert_eq!(house.is_ended(&other).await, [false; 4]);
    }
}

#[tokio::test]
async fn everything_that_a_person_has_follows_the_source_of_record() {
    let house = House::new().await;
    let mine = [
        house.issue_to("erika", 2).await,
        house.issue_to("erika", 3).await,
    ];
    let other = house.issue_to("hans", 2).await;
    let erika = SubjectReference::new("erika").unwrap();
    for (event, documents, ended) in [
        (RecordEvent::Suspended, 5, true),
        (RecordEvent::Reinstated, 5, false),
        (RecordEvent::DataChanged, 5, true),
        (RecordEvent::Reinstated, 0, true),
        (RecordEvent::Withdrawn, 0, true),
    ] {
        let changed = house
            .service
            .record_changed(house.tenant(), &erika, event, "register");
        let changed = changed.await.unwrap();
        assert_eq!(changed.documents, documents, "{event:?}");
        assert_eq!(changed.published_by - house.now(), Duration::minutes(10));
        house.clock.advance(house.tenant().policy.status_spacing());
        house.publish().await;
        for batch in &mine {
            assert!(
                house.is_ended(batch).await.iter().all(|is| *is == ended),
                "{event:?}"
            );
        }
        assert_eq!(house.is_ended(&other).await, [false; 2]);
    }
}

#[tokio::test]
async fn changes_that_come_close_together_are_published_together() {
    let house = House::new().await;
    let batch = house.issue_new(1).await;
    house
        .change(Whose::Batch(batch.issuance), StatusAction::Suspend)
        .await;
    assert_eq!(house.publish().await.published, 0, "published a moment ago");
    house
        .change(Whose::Batch(batch.issuance), StatusAction::Revoke)
        .await;
    house.clock.advance(house.tenant().policy.status_spacing());
    assert_eq!(house.publish().await.published, 1);
    assert_eq!(house.publish().await.published, 0);
    assert_eq!(house.is_ended(&batch).await, [true]);
}

#[tokio::test]
async fn tokens_are_signed_anew_before_readers_want_new_ones_and_long_before_they_expire() {
    let house = House::new().await;
    let before = house.published().await;
    house.clock.advance(Duration::hours(12) - Duration::SECOND);
    assert_eq!(house.publish().await.published, 0);
    house.clock.advance(Duration::SECOND);
    assert_eq!(house.publish().await.published, 3);
    for (old, new) in before.iter().zip(house.published().await) {
        assert_eq!(new.issued_at - old.issued_at, Duration::hours(12));
        assert_eq!(new.expires_at - new.issued_at, Duration::days(7));
        let claims = house.claims(&new.cwt, TokenForm::Cwt);
        assert_eq!(claims.expires_at, Some(new.expires_at));
        assert_eq!(claims.ttl.map(u64::from), Some(12 * 3600));
    }
}

#[tokio::test]
async fn a_token_is_never_issued_before_the_one_that_it_follows() {
    let house = House::new().await;
    let batch = house.issue_new(1).await;
    let before = house.published().await;
    house
        .change(Whose::Batch(batch.issuance), StatusAction::Revoke)
        .await;
    house.clock.advance(house.tenant().policy.status_spacing());
    house.publish().await;
    // The clock is put back, and the next change comes.
    house.clock.advance(-Duration::hours(3));
    let second = house.issue_new(3).await;
    house
        .change(Whose::Batch(second.issuance), StatusAction::Revoke)
        .await;
    house
        .clock
        .advance(Duration::hours(3) + Duration::minutes(20));
    house.publish().await;
    house.clock.advance(-Duration::hours(13));
    let third = house.issue_new(3).await;
    house
        .change(Whose::Batch(third.issuance), StatusAction::Revoke)
        .await;
    house
        .clock
        .advance(Duration::hours(13) + Duration::minutes(10));
    house.publish().await;
    for (old, new) in before.iter().zip(house.published().await) {
        assert!(new.issued_at > old.issued_at);
    }
    assert_eq!(house.is_ended(&third).await, [true; 3]);
}

#[tokio::test]
async fn a_change_survives_a_crash_before_its_publication() {
    let house = House::new().await;
    let batch = house.issue_new(2).await;
    house
        .change(Whose::Batch(batch.issuance), StatusAction::Revoke)
        .await;
    // The process is gone; another begins on the same store.
    let service = Service {
        tenants: house.service.tenants.clone(),
        store: house.service.store.clone(),
        clock: house.clock.clone(),
        secret: mdl_issuer::secret::ServiceSecret::new(&[7; 32]),
        sealer: house.service.sealer.clone(),
    };
    house.clock.advance(house.tenant().policy.status_spacing());
    assert_eq!(service.publish_due("another").await.published, 2);
    assert_eq!(house.is_ended(&batch).await, [true; 2]);
}

#[tokio::test]
async fn one_replica_publishes_at_a_time() {
    let house = House::new().await;
    house.clock.advance(Duration::hours(12));
    let now = house.now();
    let until = now + Duration::minutes(1);
    let leased = house
        .service
        .store
        .lease("status/dmv", "another", now, until)
        .await;
    assert!(leased.unwrap());
    assert_eq!(house.publish().await, Publication::default());
    house.clock.advance(Duration::minutes(2));
    assert_eq!(house.publish().await.published, 3);
}

#[tokio::test]
async fn both_signatures_of_a_publication_are_in_the_ledger() {
    let house = House::new().await;
    let rows = house.service.store.ledger(1, 100).await.unwrap();
    let tokens = rows
        .iter()
        .filter(|row| row.entry.purpose == SignaturePurpose::StatusList);
    assert_eq!(tokens.count(), 2 * 3);
}

#[tokio::test]
async fn lists_are_created_before_the_open_ones_are_full() {
    let small = |policy: &mut mdl_issuer::tenant::TenantPolicy| {
        policy.status_list_size = 64;
        policy.open_status_lists = 2;
    };
    let house = House::with(small, &[400]).await;
    assert_eq!(house.published().await.len(), 2);
    assert_eq!(house.publish().await.created, 0);
    // Fifty of the fifty-six places of each.
    assert_eq!(capacity(64), 56);
    for _ in 0..5 {
        house.issue_new(20).await;
    }
    let publication = house.publish().await;
    assert_eq!((publication.created, publication.published), (2, 2));
    assert_eq!(house.published().await.len(), 4);
}

#[tokio::test]
async fn a_full_list_is_signed_until_its_last_document_is_past_its_end() {
    let small = |policy: &mut mdl_issuer::tenant::TenantPolicy| {
        policy.status_list_size = 64;
        policy.open_status_lists = 1;
    };
    let house = House::with(small, &[400]).await;
    let first = house.published().await.remove(0).id;
    // All places but one, and a day later the last.
    for documents in [20, 20, 15] {
        house.issue_new(documents).await;
    }
    house.clock.advance(Duration::DAY);
    house.issue_new(1).await;
    let last_end = house.now() + Duration::days(14);
    house.publish().await;
    let signed_at = async || {
        let tokens = house.service.store.published_status_list("dmv", first);
        tokens.await.unwrap().unwrap().issued_at
    };
    house.clock.advance(last_end - house.now());
    house.publish().await;
    assert_eq!(signed_at().await, last_end, "a reader's clock may be late");
    house.clock.advance(STATUS_LIST_MARGIN);
    // What is still said of a document that has ended makes no new list either.
    assert_eq!(house.publish().await.published, 1, "the list that has room");
    assert_eq!(signed_at().await, last_end);
    // When its last token has expired, the service is as ready as before.
    house.clock.advance(house.tenant().policy.status_life);
    house.publish().await;
    let readiness = Readiness::new(Arc::new(house.service));
    let report = readiness.report().await;
    assert!(report.ready, "{report:?}");
}

#[tokio::test]
async fn a_list_with_room_is_signed_also_when_nobody_was_given_a_document_for_long() {
    let house = House::new().await;
    house.issue_new(3).await;
    house.clock.advance(Duration::days(100));
    assert_eq!(house.publish().await.published, 3);
}

#[tokio::test]
async fn some_decoys_are_set_and_one_more_with_every_change() {
    let house = House::new().await;
    let set = |tokens: &PublishedStatusList| {
        let RevocationList::Status(list) = house.claims(&tokens.cwt, TokenForm::Cwt).list else {
            panic!("a status list");
        };
        let list = list.decompress(1 << 20).unwrap();
        list.packed()
            .iter()
            .map(|byte| byte.count_ones())
            .sum::<u32>()
    };
    let decoys = (1 << 16) / 8 / 16;
    assert!(
        house
            .published()
            .await
            .iter()
            .all(|tokens| set(tokens) == decoys)
    );
    let batch = house.issue_new(1).await;
    house
        .change(Whose::Batch(batch.issuance), StatusAction::Revoke)
        .await;
    house.clock.advance(house.tenant().policy.status_spacing());
    house.publish().await;
    let mut counts: Vec<_> = house.published().await.iter().map(set).collect();
    counts.sort_unstable();
    assert_eq!(counts, [decoys, decoys, decoys + 2]);
}
