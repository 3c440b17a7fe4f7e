//! Offers by reference and their links.

use mdl_crypto::Curve;
use mdl_issuer::openid4vci::offer::{self, OfferIdentity, OfferRequest};
use mdl_issuer::record::SubjectReference;
use time::Duration;
use url::Url;

use crate::rig::{DMV, Rig};

/// The path of the offer's address, out of its link.
fn path_of(link: &str) -> String {
    let link = Url::parse(link).unwrap();
    let (_, address) = link.query_pairs().next().unwrap();
    Url::parse(&address).unwrap().path().to_owned()
}

#[tokio::test]
async fn an_offer_by_reference_is_the_offer_by_value_until_it_is_over() {
    let rig = Rig::new().await;
    let offer = rig.offer(DMV, Some(6)).await;
    let path = path_of(&offer.link_by_reference);
    let answer = rig.get(&path).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.ok(), offer.offer);
    rig.clock.advance(Duration::HOUR);
    assert_eq!(rig.get(&path).await.status, 404);
}

#[tokio::test]
async fn an_offer_is_gone_once_it_was_collected_and_nowhere_else() {
    let rig = Rig::new().await;
    let (offer, key) = (rig.offer(DMV, None).await, rig.key(Curve::P256));
    let path = path_of(&offer.link_by_reference);
    assert_eq!(
        rig.get(&path.replace("/dmv", "")).await.status,
        404,
        "another tenant's"
    );
    for wrong in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "%00", "..%2f..%2fcrl"] {
        let answer = rig.get(&format!("/dmv/offers/{wrong}")).await;
        assert_eq!(answer.status, 404, "{wrong}");
    }
    rig.token_request(DMV, &offer, Some(&key))
        .send(&rig)
        .await
        .ok();
    assert_eq!(rig.get(&path).await.status, 404);
}

#[tokio::test]
async fn an_offer_says_nothing_of_the_person() {
    let rig = Rig::new().await;
    let request = OfferRequest {
        configuration_ids: vec!["mdl".into()],
        subject: SubjectReference::new("CANARY-7").unwrap(),
        tx_code_digits: Some(6),
        life: None,
        identity: OfferIdentity::Random,
    };
    let offer = offer::create(&rig.service, rig.tenant(DMV), request)
        .await
        .unwrap();
    let seen = format!(
        "{} {} {} {offer:?}",
        offer.offer, offer.link_by_value, offer.link_by_reference
    );
    assert!(!seen.contains("CANARY"), "{seen}");
    let tx_code = offer.tx_code.unwrap();
    assert!(!offer.offer.to_string().contains(tx_code.as_str()));
}

#[tokio::test]
async fn an_offer_that_nobody_could_collect_is_not_made() {
    let rig = Rig::new().await;
    let request = || OfferRequest {
        configuration_ids: vec!["mdl".into()],
        subject: SubjectReference::new("person").unwrap(),
        tx_code_digits: None,
        life: None,
        identity: OfferIdentity::Random,
    };
    type Change = fn(&mut OfferRequest);
    let changes: [(Change, &str); 7] = [
        (|r| r.configuration_ids.clear(), "NoConfiguration"),
        (
            |r| r.configuration_ids = vec!["x".into()],
            "UnknownConfiguration",
        ),
        (
            |r| r.configuration_ids.push("mdl".into()),
            "ConfigurationTwice",
        ),
        (|r| r.tx_code_digits = Some(3), "TxCodeDigits"),
        (|r| r.tx_code_digits = Some(13), "TxCodeDigits"),
        (|r| r.life = Some(Duration::ZERO), "Life"),
        (|r| r.life = Some(Duration::HOUR + Duration::SECOND), "Life"),
    ];
    for (change, expected) in changes {
        let mut request = request();
        change(&mut request);
        let error = offer::create(&rig.service, rig.tenant(DMV), request)
            .await
            .unwrap_err();
        assert_eq!(format!("{error:?}"), expected);
    }
}
