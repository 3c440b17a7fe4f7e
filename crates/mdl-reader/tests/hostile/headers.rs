//! COSE headers that say two things, or demand what is not understood.

use mdl_reader::{CheckId, Verdict};

use crate::encoding::{array, bstr, int, map, text};
use crate::scene::Scene;

fn with(protected: &[(Vec<u8>, Vec<u8>)], unprotected: &[(Vec<u8>, Vec<u8>)]) -> Scene {
    let mut scene = Scene::new();
    let mut protected = protected.to_vec();
    if !protected.iter().any(|(label, _)| *label == int(1)) {
        protected.push((int(1), int(-7)));
    }
    let mut unprotected = unprotected.to_vec();
    if !unprotected.iter().any(|(label, _)| *label == int(33)) {
        unprotected.push((int(33), bstr(&scene.ds)));
    }
    scene.issuer_protected = map(&protected);
    scene.issuer_unprotected = Some(map(&unprotected));
    scene
}

#[test]
fn a_label_in_both_headers_is_refused_be_it_a_number_or_text() {
    with(&[], &[(int(1), int(-7))]).fails(CheckId::IssuerAuthHeaders);
    let own = text("example.profile");
    with(&[(own.clone(), int(1))], &[(own.clone(), int(2))]).fails(CheckId::IssuerAuthHeaders);
    let one_side = with(&[(own, int(1))], &[(text("1"), int(-35))]);
    assert_eq!(
        one_side.verify(&one_side.response()).verdict(),
        Verdict::Valid
    );
}

#[test]
fn x5chain_in_both_headers_is_refused_even_when_one_is_empty() {
    let other = Scene::new().ds;
    with(&[(int(33), bstr(&other))], &[]).fails(CheckId::IssuerAuthHeaders);
    with(&[(int(33), bstr(&other))], &[(int(33), array(&[]))]).fails(CheckId::IssuerAuthHeaders);
}

#[test]
fn an_empty_or_nested_x5chain_is_refused() {
    let scene = with(&[], &[(int(33), array(&[]))]);
    let failures = scene.failures(&scene.response());
    assert!(failures.contains(&CheckId::X5chain), "{failures:?}");
    let nested = array(&[array(&[bstr(&scene.ds)])]);
    with(&[], &[(int(33), nested)]).fails(CheckId::Structure);
}

#[test]
fn crit_is_understood_protected_and_about_labels_that_are_there() {
    let crit = |labels: &[Vec<u8>]| (int(2), array(labels));
    for labels in [
        &[int(-70000)][..],
        &[text("x")],
        &[],
        &[int(33)],
        &[int(1), int(1)],
    ] {
        with(&[crit(labels)], &[]).fails(CheckId::IssuerAuthCritical);
    }
    with(&[], &[crit(&[int(1)])]).fails(CheckId::IssuerAuthCritical);
    let understood = with(&[crit(&[int(1)])], &[]);
    assert_eq!(
        understood.verify(&understood.response()).verdict(),
        Verdict::Valid
    );
}

#[test]
fn a_certificate_with_bytes_after_it_is_refused() {
    let mut der = Scene::new().ds;
    der.push(0);
    let scene = with(&[], &[(int(33), bstr(&der))]);
    let failures = scene.failures(&scene.response());
    assert!(failures.contains(&CheckId::X5chain), "{failures:?}");
}

#[test]
fn the_algorithm_is_protected_and_fits_the_key() {
    let mut scene = with(&[], &[(int(1), int(-7))]);
    scene.issuer_protected = Vec::new();
    scene.fails(CheckId::IssuerAuthAlgorithm);
    for (algorithm, check) in [
        (-35, CheckId::IssuerSignature),
        (-8, CheckId::IssuerSignature),
        (-9, CheckId::IssuerAuthAlgorithm),
        (5, CheckId::IssuerAuthAlgorithm),
    ] {
        with(&[(int(1), int(algorithm))], &[]).fails(check);
    }
}
