//! Device keys and device authentications that prove nothing.

use mdl_crypto::Curve;
use mdl_reader::{CheckId, Verdict};

use crate::authority::key;
use crate::encoding::{NULL, array, bstr, int, map, text};
use crate::scene::{DeviceAuth, ISO, Scene, item};

fn device_key(members: &[(i64, Vec<u8>)]) -> Scene {
    let mut scene = Scene::new();
    let members: Vec<_> = members
        .iter()
        .map(|(label, value)| (int(*label), value.clone()))
        .collect();
    scene.mso.device_key = map(&members);
    scene
}

#[test]
fn malformed_device_keys_are_refused_without_a_panic() {
    let good = key(Curve::P256, 3);
    let (x, y) = (good.public_key().x(), good.public_key().y().unwrap());
    let ec2 = |crv: i64, x: &[u8], y: Vec<u8>| {
        device_key(&[(1, int(2)), (-1, int(crv)), (-2, bstr(x)), (-3, y)])
    };
    let okp = |x: &[u8]| device_key(&[(1, int(1)), (-1, int(6)), (-2, bstr(x))]);
    let mut order_8 = [0; 32];
    hex::decode_to_slice(
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        &mut order_8,
    )
    .unwrap();
    for scene in [
        ec2(1, &x[1..], bstr(y)),
        ec2(1, &[&[0], x].concat(), bstr(y)),
        ec2(1, x, bstr(x)),
        ec2(1, &[0; 32], bstr(&[0; 32])),
        ec2(1, &[0xff; 32], bstr(&[0xff; 32])),
        ec2(1, &[], bstr(&[])),
        ec2(2, x, bstr(y)),
        ec2(8, x, bstr(y)),
        ec2(i64::MIN, x, bstr(y)),
        ec2(6, x, bstr(y)),
        ec2(1, &[0xff; 32], vec![0xf5]),
        device_key(&[(1, int(1)), (-1, int(1)), (-2, bstr(x))]),
        device_key(&[(1, int(4)), (-1, bstr(x))]),
        device_key(&[]),
        okp(&[0; 32]),
        okp(&order_8),
        okp(&[0xff; 32]),
    ] {
        let response = scene.response();
        let failures = scene.failures(&response);
        let expected = [CheckId::DeviceKey, CheckId::Mso];
        assert!(
            failures.iter().any(|check| expected.contains(check)),
            "{failures:?}"
        );
        assert_ne!(
            scene.verify(&response).documents()[0].device_binding(),
            Some(Verdict::Valid)
        );
    }
    let compressed = ec2(1, x, vec![0xf4 + (y[31] & 1)]);
    assert_eq!(
        compressed.verify(&compressed.response()).verdict(),
        Verdict::Valid
    );
}

#[test]
fn a_mac_has_all_its_bytes_and_the_curve_of_the_device_key() {
    let mut scene = Scene::new();
    scene.device_auth = DeviceAuth::Mac { tag_len: 32 };
    let response = scene.response();
    assert_eq!(scene.verify(&response).verdict(), Verdict::Valid);
    for tag_len in [0, 8, 31] {
        let mut scene = Scene::new();
        scene.device_auth = DeviceAuth::Mac { tag_len };
        scene.fails(CheckId::DeviceAuthentication);
    }
    let mut other_curve = Scene::new();
    other_curve.reader_key = key(Curve::P384, 4);
    let failures = other_curve.failures(&response);
    assert_eq!(failures, [CheckId::ReaderKey]);
}

#[test]
fn there_is_exactly_one_device_authentication() {
    for (device_auth, check) in [
        (DeviceAuth::Both, CheckId::DeviceAuthSingle),
        (DeviceAuth::Neither, CheckId::DeviceAuthPresent),
        (DeviceAuth::Null, CheckId::Structure),
    ] {
        let mut scene = Scene::new();
        scene.device_auth = device_auth;
        scene.fails(check);
    }
}

#[test]
fn a_device_key_that_no_issuer_signed_binds_nothing() {
    // The holder puts his own key into the MSO and authenticates with it.
    let scene = Scene::new();
    let mut forged = Scene::new();
    forged.ds_key = key(Curve::P256, 99);
    let response = forged.response();
    let report = scene.verify(&response);
    let document = &report.documents()[0];
    assert_eq!(
        document
            .check(CheckId::DeviceAuthentication)
            .unwrap()
            .outcome,
        mdl_reader::Outcome::Pass
    );
    assert_eq!(document.device_binding(), Some(Verdict::Invalid));
    let response = scene.response();
    let report = scene.verify(&response);
    assert_eq!(report.documents()[0].device_binding(), Some(Verdict::Valid));
}

fn device_signed(name_space: &str, identifier: &str, value: Vec<u8>) -> Scene {
    let mut scene = Scene::new();
    scene.device_name_spaces = map(&[(text(name_space), map(&[(text(identifier), value)]))]);
    scene
}

#[test]
fn device_signed_elements_need_the_issuers_authorisation() {
    device_signed("example", "a", int(1)).fails(CheckId::KeyAuthorizations);
    let authorised = |name_spaces: &[&str], elements: &[(&str, &[&str])]| {
        let names: Vec<_> = name_spaces.iter().map(|name| text(name)).collect();
        let elements: Vec<_> = elements
            .iter()
            .map(|(name, identifiers)| {
                let identifiers: Vec<_> = identifiers.iter().map(|name| text(name)).collect();
                (text(name), array(&identifiers))
            })
            .collect();
        let mut scene = device_signed("example", "m", int(1));
        scene.mso.key_authorizations = Some(map(&[
            (text("nameSpaces"), array(&names)),
            (text("dataElements"), map(&elements)),
        ]));
        scene.verify(&scene.response()).verdict() == Verdict::Valid
    };
    assert!(authorised(&["z", "example", "a"], &[]));
    assert!(authorised(
        &[],
        &[("z", &["m"]), ("example", &["z", "m", "a"])]
    ));
    assert!(!authorised(&["exampl", "examplee"], &[]));
    assert!(!authorised(&[], &[("z", &["m"]), ("example", &["z", "a"])]));
    assert!(!authorised(&["m"], &[("m", &["example"])]));
}

#[test]
fn the_country_is_compared_whoever_signed_it() {
    let mut scene = device_signed(ISO, "issuing_country", text("XX"));
    scene.mso.key_authorizations = Some(map(&[(text("nameSpaces"), array(&[text(ISO)]))]));
    scene.fails(CheckId::IssuingCountry);
    let mut scene = Scene::new();
    scene.name_spaces[0]
        .1
        .push(item(2, "issuing_country", text("XX")));
    scene.fails(CheckId::IssuingCountry);
}

#[test]
fn an_element_is_returned_once_whoever_signed_it() {
    let mut scene = device_signed(ISO, "age_over_18", vec![0xf5]);
    scene.mso.key_authorizations = Some(map(&[(text("nameSpaces"), array(&[text(ISO)]))]));
    scene.fails(CheckId::ElementUnique);
    let mut scene = Scene::new();
    scene.name_spaces[0]
        .1
        .push(item(2, "age_over_18", vec![0xf4]));
    scene.fails(CheckId::ElementUnique);
    // In another name space it is another element.
    let mut scene = device_signed("example", "age_over_18", vec![NULL]);
    scene.mso.key_authorizations = Some(map(&[(text("nameSpaces"), array(&[text("example")]))]));
    assert_eq!(scene.verify(&scene.response()).verdict(), Verdict::Valid);
}
