//! CBOR written head by head, so that what no encoder writes can be written too; and what such bytes are worth.

use mdl_reader::{CheckId, Verdict};

use crate::scene::Scene;

pub(crate) fn head(major: u8, argument: u64) -> Vec<u8> {
    let bytes = argument.to_be_bytes();
    match argument {
        0..=23 => vec![major << 5 | argument as u8],
        24..=0xff => vec![major << 5 | 24, argument as u8],
        0x100..=0xffff => [&[major << 5 | 25], &bytes[6..]].concat(),
        0x1_0000..=0xffff_ffff => [&[major << 5 | 26], &bytes[4..]].concat(),
        _ => [&[major << 5 | 27], &bytes[..]].concat(),
    }
}

pub(crate) fn int(number: i64) -> Vec<u8> {
    match u64::try_from(number) {
        Ok(number) => head(0, number),
        Err(_) => head(1, number.unsigned_abs() - 1),
    }
}

pub(crate) fn bstr(content: &[u8]) -> Vec<u8> {
    [head(2, content.len() as u64), content.to_vec()].concat()
}

pub(crate) fn text(content: &str) -> Vec<u8> {
    [head(3, content.len() as u64), content.as_bytes().to_vec()].concat()
}

pub(crate) fn array(items: &[Vec<u8>]) -> Vec<u8> {
    [head(4, items.len() as u64), items.concat()].concat()
}

pub(crate) fn map(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut encoded = head(5, entries.len() as u64);
    for (key, value) in entries {
        encoded.extend_from_slice(key);
        encoded.extend_from_slice(value);
    }
    encoded
}

pub(crate) fn tag(number: u64, content: Vec<u8>) -> Vec<u8> {
    [head(6, number), content].concat()
}

pub(crate) fn embedded(content: &[u8]) -> Vec<u8> {
    tag(24, bstr(content))
}

pub(crate) fn tdate(moment: &str) -> Vec<u8> {
    tag(0, text(moment))
}

pub(crate) const NULL: u8 = 0xf6;

#[test]
fn the_untouched_scene_is_valid() {
    let scene = Scene::new();
    let response = scene.response();
    let report = scene.verify(&response);
    assert_eq!(
        report.verdict(),
        Verdict::Valid,
        "{:?}",
        report.failures().collect::<Vec<_>>()
    );
    let document = report.verified(0).unwrap();
    let elements: Vec<_> = document.elements().map(|(_, name, _)| name).collect();
    assert_eq!(elements, ["family_name", "age_over_18"]);
}

/// A tag or an integer "of indefinite length" is not CBOR, wherever it stands.
#[test]
fn heads_that_are_not_cbor_are_refused() {
    // 0xdf in place of tag 0 before a tdate, inside what the issuer signed.
    let mut scene = Scene::new();
    scene.mso.validity = map(&[
        (text("signed"), tdate("2026-05-25T00:00:00Z")),
        (text("validFrom"), tdate("2026-05-25T00:00:00Z")),
        (
            text("validUntil"),
            [vec![0xdf], text("2026-06-25T00:00:00Z")].concat(),
        ),
    ]);
    scene.fails(CheckId::Mso);

    // 0x1f in place of digestID 0.
    let mut scene = Scene::new();
    let (_, items) = &mut scene.name_spaces[0];
    let mut item = items[0].clone();
    let at = item.iter().position(|byte| *byte == b'D').unwrap();
    item[at + 1] = 0x1f;
    items[0] = item;
    let response = scene.response();
    assert!(scene.failures(&response).contains(&CheckId::Cbor));
}

/// The same key once as text and once as bytes, or with a longer head, is no way to say two things.
#[test]
fn a_key_cannot_be_given_twice_in_two_spellings() {
    let scene = Scene::new();
    let response = scene.response();
    let longer_head = |name: &str| [vec![0x78, name.len() as u8], name.into()].concat();
    let with = |extra: (Vec<u8>, Vec<u8>)| {
        let documents = &response[1..];
        [vec![0xa4], extra.0, extra.1, documents.to_vec()].concat()
    };
    let twice = with((longer_head("documents"), array(&[])));
    assert_eq!(scene.failures(&twice), [CheckId::Cbor]);
    // As a byte string it is another key, which nothing reads.
    let other = with((bstr(b"documents"), array(&[])));
    assert_eq!(scene.verify(&other).verdict(), Verdict::Valid);
}

/// Tag 18 once is tolerated; a tag around it, or another structure than four elements, is not.
#[test]
fn cose_structures_have_one_form() {
    for (before, valid) in [
        (vec![0xd2], true),
        (vec![0xd2, 0xd2], false),
        (vec![0xd1], false),
        (vec![0xd8, 0x18], false),
    ] {
        let mut scene = Scene::new();
        scene.before_issuer_auth = before.clone();
        let report_is_valid = scene.verify(&scene.response()).verdict() == Verdict::Valid;
        assert_eq!(report_is_valid, valid, "{before:02x?}");
    }
    let mut scene = Scene::new();
    scene.after_issuer_auth = vec![0x00];
    scene.fails(CheckId::Structure);
}

/// Times are instants of the years 0 to 9999 in UTC, so that nobody who formats them panics.
#[test]
fn times_beyond_the_calendar_are_refused() {
    for moment in ["9999-12-31T23:59:59-23:59", "9999-12-31T23:59:60-01:00"] {
        let mut scene = Scene::new();
        scene.mso.valid_until(moment);
        scene.fails(CheckId::Mso);
    }
    // An hour before the time of verification, written with an offset that makes it look a day later.
    let mut scene = Scene::new();
    scene.mso.valid_until("2026-06-02T10:59:59+23:59");
    scene.fails(CheckId::ValidUntil);
    let mut scene = Scene::new();
    scene.mso.valid_until("2026-05-31T12:01:00-23:59");
    assert_eq!(scene.verify(&scene.response()).verdict(), Verdict::Valid);
}
