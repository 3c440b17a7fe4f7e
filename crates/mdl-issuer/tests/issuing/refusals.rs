//! Every reason not to issue, with its code.

use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_issuer::issuing::IssueError;
use mdl_reader::{Conditions, Policy, Session, Verdict, Verifier};
use time::Duration;
use time::macros::datetime;

use crate::house::{House, NOW};
use crate::observation::observe;
use crate::records::full_date;

#[tokio::test]
async fn what_is_issued_is_valid_for_a_strict_reader() {
    let house = House::new().await;
    let batch = house.issue_new(3).await;
    let anchor = TrustAnchor::from_der(&house.tenant().authority.get().iacas[0]).unwrap();
    let verifier = Verifier::new(TrustAnchors::new([anchor])).with_policy(Policy::Strict);
    for document in &batch.documents {
        let report =
            verifier.verify_issuer_signed(document, &Conditions::new(NOW, Session::Static));
        assert_eq!(report.verdict(), Verdict::Valid, "{report:?}");
        let times = observe(document, 0, NOW).times;
        assert_eq!(times[0], datetime!(2026-06-15 00:00 UTC));
        assert_eq!(times[2], datetime!(2026-06-29 00:00 UTC));
        assert_eq!(batch.valid_until, times[2]);
    }
}

#[tokio::test]
async fn a_document_ends_with_the_last_second_of_the_licence() {
    let house = House::new().await;
    house
        .records
        .change("erika", "expiry_date", Some(full_date("2026-06-20")));
    let grant = house.grant("erika").await;
    let batch = house.issue(&grant, &house.keys(1)).await.unwrap();
    assert_eq!(batch.valid_until, datetime!(2026-06-20 23:59:59 UTC));
}

async fn refused(house: &House, subject: &str) -> Option<IssueError> {
    let grant = house.grant(subject).await;
    house.issue(&grant, &house.keys(1)).await.err()
}

fn denied(code: &'static str) -> Option<IssueError> {
    Some(IssueError::Denied { code })
}

#[tokio::test]
async fn records_that_make_no_document_are_refused() {
    let house = House::new().await;
    assert_eq!(refused(&house, "nobody").await, denied("record-not-found"));
    house.records.change("without a name", "family_name", None);
    assert_eq!(
        refused(&house, "without a name").await,
        denied("record-refused")
    );
    house
        .records
        .change("over", "expiry_date", Some(full_date("2026-06-14")));
    assert_eq!(refused(&house, "over").await, denied("licence-over"));
    house
        .records
        .change("last day", "expiry_date", Some(full_date("2026-06-15")));
    assert_eq!(refused(&house, "last day").await, None);
    house
        .records
        .change("abroad", "issuing_country", Some("DE".into()));
    assert_eq!(refused(&house, "abroad").await, denied("record-refused"));
}

#[tokio::test]
async fn a_batch_has_at_least_one_key_and_not_too_many_and_none_twice() {
    let house = House::with(|policy| policy.batch_size = 3, &[400]).await;
    let grant = house.grant("erika").await;
    for count in [0, 4] {
        let refused = house.issue(&grant, &house.keys(count)).await.err();
        assert_eq!(refused, denied("batch-size"), "{count}");
    }
    let mut keys = house.keys(3);
    keys[2] = keys[0].clone();
    assert_eq!(
        house.issue(&grant, &keys).await.err(),
        denied("device-key-twice")
    );
    assert!(house.issue(&grant, &house.keys(3)).await.is_ok());
}

#[tokio::test]
async fn limits_of_grant_person_and_device_key_hold() {
    let house = House::with(|policy| policy.documents_per_subject_and_day = 5, &[400]).await;
    let (grant, keys) = (house.grant("erika").await, house.keys(2));
    house.issue(&grant, &keys).await.unwrap();

    let other = house.grant("hans").await;
    let with_used_key = [house.keys(1), keys].concat();
    let refused = house.issue(&other, &with_used_key).await.err();
    assert_eq!(refused, denied("device-key-used"));

    house.issue(&grant, &house.keys(2)).await.unwrap();
    let refused = house.issue(&grant, &house.keys(1)).await.err();
    assert_eq!(refused, denied("grant-exhausted"));
    let again = house.grant("erika").await;
    let refused = house.issue(&again, &house.keys(2)).await.err();
    assert_eq!(refused, denied("subject-limit"));
    house.issue(&again, &house.keys(1)).await.unwrap();

    house.clock.advance(Duration::hours(25));
    let tomorrow = house.grant("erika").await;
    house.issue(&tomorrow, &house.keys(2)).await.unwrap();
}

#[tokio::test]
async fn a_grant_that_is_over_or_for_something_else_gives_nothing() {
    let house = House::new().await;
    let mut grant = house.grant("erika").await;
    grant.configuration_ids = vec!["other".into()];
    let refused = house.issue(&grant, &house.keys(1)).await.err();
    assert_eq!(refused, denied("configuration-not-granted"));
    let grant = house.grant("erika").await;
    house.clock.advance(Duration::hours(2));
    let refused = house.issue(&grant, &house.keys(1)).await.err();
    assert_eq!(refused, Some(IssueError::GrantOver));
}

#[tokio::test]
async fn without_a_document_signer_that_may_sign_the_service_is_not_available() {
    // Its certificate has twenty days left, less than its documents' longest life.
    let house = House::with(|_| {}, &[20]).await;
    match refused(&house, "erika").await {
        Some(IssueError::Unavailable { code, .. }) => assert_eq!(code, "no-document-signer"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn without_room_in_a_status_list_the_service_is_not_available() {
    let small = |policy: &mut mdl_issuer::tenant::TenantPolicy| {
        policy.status_list_size = 16;
        policy.open_status_lists = 1;
    };
    let house = House::with(small, &[400]).await;
    house.issue_new(14).await;
    match refused(&house, "erika").await {
        Some(IssueError::Unavailable { code, .. }) => assert_eq!(code, "no-status-position"),
        other => panic!("{other:?}"),
    }
    assert_eq!(house.service.publish_due("test").await.created, 1);
    assert_eq!(refused(&house, "erika").await, None);
}
