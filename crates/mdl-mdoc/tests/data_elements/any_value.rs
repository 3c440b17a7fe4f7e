//! The gate answers for any value whatever.

use mdl_mdoc::cbor::Value;
use mdl_mdoc::data_elements::{DataElement, ElementGate, Schema};
use proptest::prelude::*;

use crate::licence::{JPEG, complete};

fn any_value() -> impl Strategy<Value = Value<'static>> {
    let bytes =
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Bytes(bytes.leak()));
    let text = prop_oneof![
        ".{0,12}",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "[A-Z]{0,3}-?[A-Z]{0,3}"
    ]
    .prop_map(|text: String| Value::Text(Box::leak(text.into_boxed_str())));
    let leaf = prop_oneof![
        any::<u64>().prop_map(Value::Unsigned),
        any::<u64>().prop_map(Value::Negative),
        any::<f64>().prop_map(Value::Float),
        any::<bool>().prop_map(Value::Bool),
        any::<u8>().prop_map(Value::Simple),
        Just(Value::Null),
        Just(Value::Undefined),
        bytes,
        text,
    ];
    let key = prop_oneof![
        Just(Value::Text("vehicle_category_code")),
        Just(Value::Text("issue_date")),
        Just(Value::Text("expiry_date")),
        Just(Value::Text("codes")),
        Just(Value::Text("code")),
        any::<u64>().prop_map(Value::Unsigned),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner.clone()), 0..5).prop_map(Value::Map),
            (prop_oneof![Just(0), Just(1004), any::<u64>()], inner)
                .prop_map(|(tag, inner)| Value::Tag(tag, Box::new(inner))),
        ]
    })
}

/// A JPEG or JPEG 2000 start followed by bytes that are likely to mean something.
fn any_image() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        Just(&b"\xff\xd8\xff"[..]),
        Just(&b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 "[..]),
        Just(&b"\xff\x4f\xff\x51"[..]),
        Just(JPEG),
    ];
    let byte = prop_oneof![
        Just(0xff),
        Just(0x00),
        Just(0xda),
        Just(0xc0),
        Just(0xd9),
        Just(0x02),
        any::<u8>()
    ];
    (start, prop::collection::vec(byte, 0..120)).prop_map(|(start, rest)| [start, &rest].concat())
}

proptest! {
    #[test]
    fn any_value_of_any_element_gets_an_answer(value in any_value(), offset in -90_000i32..90_000) {
        let mut context = complete().context;
        context.calendar_offset = time::UtcOffset::from_whole_seconds(offset).unwrap();
        let gate = ElementGate::mdl();
        for schema in Schema::mdl().name_spaces() {
            for row in schema.rows() {
                let element = [DataElement::new(schema.name_space(), &row.element_identifier, &value)];
                let _ = gate.examine(&element, &context).to_string();
                let _ = gate.examine_disclosed(&element).to_string();
            }
        }
    }

    #[test]
    fn any_image_gets_an_answer(image in any_image()) {
        let value = Value::Bytes(&image);
        let element = [DataElement::new("org.iso.18013.5.1", "portrait", &value)];
        let _ = ElementGate::mdl().examine_disclosed(&element);
    }
}

#[test]
fn every_cut_of_a_jpeg_is_refused() {
    for end in 0..JPEG.len() {
        let value = Value::Bytes(&JPEG[..end]);
        let element = [DataElement::new("org.iso.18013.5.1", "portrait", &value)];
        assert!(
            ElementGate::mdl().examine_disclosed(&element).has_errors(),
            "{end}"
        );
    }
}

#[test]
fn a_report_is_small_whatever_the_names() {
    let name_space = "é".repeat(1_000_000);
    let elements = vec![DataElement::new(&name_space, "é", &Value::Null); 300];
    let report = ElementGate::mdl().examine_disclosed(&elements);
    assert_eq!(report.violations().len() + report.omitted(), 300);
    let kept = report.violations().iter();
    let longest = kept.map(|violation| violation.name_space.len()).max();
    assert_eq!(longest, Some(256));
}
