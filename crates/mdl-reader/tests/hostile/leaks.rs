//! Values of data elements do not reach a log, and names out of the input do so escaped and cut.

use mdl_mdoc::cbor::{Checker, Limits, Reader};
use mdl_mdoc::device_response::DeviceResponse;
use mdl_mdoc::issuer_signed::decode_issuer_signed;
use mdl_mdoc::presentation::Presentation;
use mdl_reader::{CheckId, Verdict};

use crate::encoding::{array, map, text};
use crate::scene::{ISO, Scene, item};

const SECRET: &str = "Mustermann";

/// Neither as text nor as a list of bytes, decimal or hexadecimal.
#[track_caller]
fn hides(shown: &str) {
    let decimal: Vec<_> = SECRET.bytes().map(|byte| byte.to_string()).collect();
    assert!(!shown.contains(SECRET), "text");
    assert!(!shown.contains(&decimal.join(", ")), "bytes");
    assert!(!shown.contains(&decimal.join(",\n")), "bytes");
    assert!(!shown.to_lowercase().contains(&hex::encode(SECRET)), "hex");
}

#[test]
fn debug_shows_no_element_value() {
    let mut scene = Scene::new();
    scene.device_name_spaces = map(&[(text("example"), map(&[(text("name"), text(SECRET))]))]);
    scene.mso.key_authorizations = Some(map(&[(text("nameSpaces"), array(&[text("example")]))]));
    let response = scene.response();
    let report = scene.verify(&response);
    assert_eq!(report.verdict(), Verdict::Valid);
    hides(&format!("{report:?}"));
    hides(&format!("{:?}", report.verified(0)));

    let mut checker = Checker::new(&response, &Limits::DEFAULT).unwrap();
    let decoded = DeviceResponse::decode(&response, &mut checker).unwrap();
    hides(&format!("{decoded:?}"));
    hides(&format!("{checker:?}"));
    hides(&format!("{:?}", Reader::new(&response, 0)));

    let issuer_signed = scene.issuer_signed();
    let (issuer_signed, _) = decode_issuer_signed(&issuer_signed, &Limits::DEFAULT).unwrap();
    let mut presentation = Presentation::new("a", &issuer_signed);
    presentation.disclose_all().unwrap();
    presentation
        .add_device_signed("example", "name", SECRET)
        .unwrap();
    hides(&format!("{presentation:?}"));
    hides(&format!("{:?}", presentation.prepare(&Scene::transcript())));
}

#[test]
fn causes_show_names_escaped_and_cut() {
    let long = "a".repeat(100_000);
    for name in ["\u{1b}[2J\r\nverdict: valid", long.as_str()] {
        let mut scene = Scene::new();
        scene.mso.value_digests = Some(map(&[(text(ISO), map(&[]))]));
        scene.name_spaces[0].1 = vec![item(5, name, text(SECRET))];
        let response = scene.response();
        let report = scene.verify(&response);
        let document = &report.documents()[0];
        let check = document.check(CheckId::ValueDigestPresent).unwrap();
        let shown = check.cause.as_ref().unwrap().to_string();
        assert!(
            !shown.contains(char::is_control) && shown.len() < 1000,
            "{shown}"
        );
        hides(&shown);
    }
}
