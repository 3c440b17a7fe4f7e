//! Valid responses that say less than was asked for, or more, or something else.

use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::data_elements::age_over::AgeAnswer;
use mdl_mdoc::device_request::{DeviceRequest, UnsignedDeviceRequest, UnsignedItemsRequest};
use mdl_reader::request::{Answer, ElementName};
use mdl_reader::{CheckId, Conditions, Session, Verdict};

use crate::authority::{MDL, NOW};
use crate::encoding::{map, text};
use crate::scene::{ISO, Scene, item, response_of};

const OTHER: &str = "org.example.permit";

fn asks(names: &[&str], retained: &[&str]) -> UnsignedItemsRequest {
    let request = UnsignedItemsRequest::new(MDL);
    let request = names
        .iter()
        .fold(request, |request, name| request.element(ISO, name));
    retained
        .iter()
        .fold(request, |request, name| request.retained_element(ISO, name))
}

/// The scene's verifier on a response to these requests.
fn answer<'r>(scene: &Scene, asked: &[UnsignedItemsRequest], response: &'r [u8]) -> Answer<'r> {
    let request = UnsignedDeviceRequest::new(asked).unwrap().into_bytes();
    let mut checker = Checker::new(&request, &Limits::DEFAULT).unwrap();
    let request = DeviceRequest::decode(&request, &mut checker).unwrap();
    let transcript = Scene::transcript();
    let session = Session::Device {
        transcript: &transcript,
        reader_key: Some(&scene.reader_key),
    };
    scene
        .verifier()
        .verify_answer(&request, response, &Conditions::new(NOW, session))
}

fn names(elements: &[ElementName]) -> Vec<String> {
    elements.iter().map(ToString::to_string).collect()
}

/// A licence whose statements on age are these.
fn with_ages(ages: &[(&str, bool)]) -> Scene {
    let mut scene = Scene::new();
    let items = ages.iter().enumerate().map(|(id, (identifier, is_over))| {
        item(
            id as u64,
            identifier,
            vec![if *is_over { 0xf5 } else { 0xf4 }],
        )
    });
    scene.name_spaces[0].1 = items.collect();
    scene
}

#[test]
fn an_answer_with_all_that_was_asked_for_is_complete() {
    let scene = Scene::new();
    let response = scene.response();
    let asked = [asks(&["family_name"], &["age_over_18"])];
    let answer = answer(&scene, &asked, &response);
    assert!(answer.is_complete());
    let document = &answer.documents()[0];
    assert_eq!((document.index, document.is_requested), (0, true));
    assert!(document.missing.is_empty() && document.not_requested.is_empty());
    assert_eq!(names(&document.retained), [format!("{ISO}:age_over_18")]);
    assert_eq!(document.ages, [(18, AgeAnswer::Reached)]);
    let verified = answer.verified(0).unwrap();
    assert!(verified.element(ISO, "family_name").is_some());
    assert!(answer.verified(1).is_none());
}

#[test]
fn what_is_missing_and_what_was_not_asked_for_is_named() {
    let scene = Scene::new();
    let response = scene.response();
    let asked = [asks(&["portrait", "age_over_18"], &[])];
    let answer = answer(&scene, &asked, &response);
    // Saying too much is no forgery; saying too little is no answer.
    assert_eq!(answer.report().verdict(), Verdict::Valid);
    assert!(!answer.is_complete());
    let document = &answer.documents()[0];
    assert_eq!(names(&document.missing), [format!("{ISO}:portrait")]);
    assert_eq!(
        names(&document.not_requested),
        [format!("{ISO}:family_name")]
    );
    assert!(document.retained.is_empty());
}

#[test]
fn the_same_identifier_in_another_name_space_answers_nothing() {
    let mut scene = Scene::new();
    scene.name_spaces[0].0 = "org.example".to_owned();
    let response = scene.response();
    let answer = answer(
        &scene,
        &[asks(&["family_name", "age_over_18"], &[])],
        &response,
    );
    let document = &answer.documents()[0];
    assert_eq!(
        (document.missing.len(), document.not_requested.len()),
        (2, 2)
    );
    assert_eq!(document.ages, [(18, AgeAnswer::Undecided)]);
}

#[test]
fn device_signed_elements_count_too() {
    let mut scene = Scene::new();
    let name_space = "org.example.device";
    scene.device_name_spaces = map(&[(text(name_space), map(&[(text("colour"), text("red"))]))]);
    let authorised = map(&[(
        text("nameSpaces"),
        crate::encoding::array(&[text(name_space)]),
    )]);
    scene.mso.key_authorizations = Some(authorised);
    let response = scene.response();
    let with = asks(&["family_name", "age_over_18"], &[]).element(name_space, "colour");
    assert!(answer(&scene, &[with], &response).is_complete());
    let without = answer(
        &scene,
        &[asks(&["family_name", "age_over_18"], &[])],
        &response,
    );
    let not_requested = names(&without.documents()[0].not_requested);
    assert_eq!(not_requested, [format!("{name_space}:colour")]);
}

#[test]
fn an_age_is_answered_by_any_statement_that_decides_it() {
    for (asked, statement, expected) in [
        ("age_over_18", ("age_over_18", true), AgeAnswer::Reached),
        ("age_over_18", ("age_over_21", true), AgeAnswer::Reached),
        ("age_over_20", ("age_over_18", false), AgeAnswer::NotReached),
        ("age_over_18", ("age_over_16", true), AgeAnswer::Undecided),
        ("age_over_18", ("age_over_21", false), AgeAnswer::Undecided),
    ] {
        let scene = with_ages(&[statement]);
        let response = scene.response();
        let answer = answer(&scene, &[asks(&[], &[asked])], &response);
        let document = &answer.documents()[0];
        assert_eq!(document.ages[0].1, expected, "{asked} {statement:?}");
        let is_decided = expected != AgeAnswer::Undecided;
        assert_eq!(answer.is_complete(), is_decided, "{asked} {statement:?}");
        // A statement that decides nothing was not asked for; one that does is kept as announced.
        assert_eq!(
            document.not_requested.is_empty(),
            is_decided,
            "{asked} {statement:?}"
        );
        assert_eq!(document.retained.len(), usize::from(is_decided));
    }
}

#[test]
fn contradicting_statements_answer_nothing() {
    let scene = with_ages(&[("age_over_18", false), ("age_over_21", true)]);
    let response = scene.response();
    let answer = answer(&scene, &[asks(&["age_over_20"], &[])], &response);
    let document = &answer.documents()[0];
    assert_eq!(document.ages, [(20, AgeAnswer::Contradictory)]);
    assert_eq!(names(&document.missing), [format!("{ISO}:age_over_20")]);
    assert!(!answer.is_complete());
}

#[test]
fn an_age_that_is_no_boolean_answers_nothing() {
    let mut scene = Scene::new();
    scene.name_spaces[0].1 = vec![item(0, "age_over_18", text("yes"))];
    let response = scene.response();
    let answer = answer(&scene, &[asks(&["age_over_18"], &[])], &response);
    for document in answer.documents() {
        assert_eq!(document.ages, [(18, AgeAnswer::Undecided)]);
    }
    assert!(!answer.is_complete());
}

#[test]
fn a_document_of_another_type_than_the_one_asked_for_is_rejected() {
    let mut scene = Scene::new();
    scene.doc_type = OTHER.to_owned();
    scene.mso.doc_type = OTHER.to_owned();
    let response = scene.response();
    let answer = answer(&scene, &[asks(&["family_name"], &[])], &response);
    assert_eq!(answer.report().verdict(), Verdict::Invalid);
    let failed: Vec<_> = answer.report().failures().map(|check| check.id).collect();
    assert_eq!(failed, [CheckId::RequestedDocType]);
    assert!(answer.documents().is_empty() && answer.verified(0).is_none());
    assert_eq!(answer.missing_documents(), [MDL]);
}

#[test]
fn of_several_types_that_were_asked_for_each_must_come_and_no_other() {
    let licence = Scene::new();
    let of_type = |doc_type: &str| {
        let mut scene = Scene::new();
        scene.doc_type = doc_type.to_owned();
        scene.mso.doc_type = doc_type.to_owned();
        scene.document()
    };
    let permit = UnsignedItemsRequest::new(OTHER).element(ISO, "family_name");
    let asked = [asks(&["family_name", "age_over_18"], &[]), permit];

    let both = response_of(&[of_type(OTHER), of_type(MDL)]);
    let complete = answer(&licence, &asked, &both);
    assert!(complete.is_complete());
    let permit = &complete.documents()[0];
    assert_eq!(names(&permit.not_requested), [format!("{ISO}:age_over_18")]);

    let one = response_of(&[of_type(MDL)]);
    let partial = answer(&licence, &asked, &one);
    assert_eq!(partial.missing_documents(), [OTHER]);
    assert!(!partial.is_complete() && partial.verified(0).is_some());

    let third = response_of(&[of_type(MDL), of_type(OTHER), of_type("org.example.club")]);
    let more = answer(&licence, &asked, &third);
    assert!(more.missing_documents().is_empty());
    assert!(!more.documents()[2].is_requested);
    assert!(!more.is_complete());
    assert!(more.report().verified(2).is_some() && more.verified(2).is_none());
}

#[test]
fn a_document_that_does_not_verify_answers_nothing() {
    let mut scene = Scene::new();
    scene.mso.valid_until("2026-05-31T00:00:00Z");
    let response = scene.response();
    let answer = answer(&scene, &[asks(&["family_name"], &[])], &response);
    assert!(answer.documents().is_empty() && answer.verified(0).is_none());
    assert_eq!(answer.missing_documents(), [MDL]);
    assert!(!answer.is_complete());
}
