//! Record files: what they become, and what the author of a wrong one is told.

use std::fs;
use std::path::Path;

use mdl_issuer::record::file::{MAX_ATTACHMENT_BYTES, MAX_MEMBERS, Record, RecordError};
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::cbor::Value;
use mdl_mdoc::data_elements::{
    DocumentSignerName, ElementGate, GateContext, Presence, Schema, Use, iso_name_space,
};
use time::macros::datetime;

const ISO: &str = iso_name_space::NAME_SPACE;

fn parse_in(folder: &Path, json: &str) -> Result<Record, RecordError> {
    Record::parse(json.as_bytes(), &Schema::mdl(), folder)
}

/// A record with one element of the ISO name space.
fn with_element(element: &str) -> Result<Record, RecordError> {
    let json =
        format!(r#"{{"doc_type": "{MDL_DOC_TYPE}", "name_spaces": {{"{ISO}": {{{element}}}}}}}"#);
    parse_in(Path::new("."), &json)
}

/// The encoding of the only element.
fn encoding_of(element: &str) -> String {
    let record = with_element(element).expect("a record");
    let (_, _, value) = record.elements().iter().next().expect("one element");
    hex::encode(value.as_bytes())
}

/// What the author of a record with this element is told.
fn refusal_of(element: &str) -> String {
    with_element(element).expect_err("not a record").to_string()
}

fn sample() -> (std::path::PathBuf, Record) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/records");
    let record = Record::read(&folder.join("erika.json"), &Schema::mdl()).expect("the sample");
    (folder, record)
}

#[test]
fn the_sample_record_passes_the_gate_without_a_word() {
    let (_, record) = sample();
    assert_eq!(record.doc_type(), MDL_DOC_TYPE);
    let (from, until) = (
        datetime!(2026-01-10 0:00 UTC),
        datetime!(2026-02-10 0:00 UTC),
    );
    let mut context = GateContext::new(record.doc_type(), from, until);
    context.document_signer = Some(DocumentSignerName {
        country: "US",
        state: Some("US-CA"),
    });
    let report = ElementGate::mdl().examine_set(record.elements(), &context);
    assert_eq!(report.to_string(), "");
    // Its statements on age stay true for a long time, so that the example keeps working.
    context.valid_from = datetime!(2039-09-01 0:00 UTC);
    context.valid_until = datetime!(2039-10-01 0:00 UTC);
    assert!(
        ElementGate::mdl()
            .check_set(record.elements(), &context)
            .is_ok()
    );
}

#[test]
fn the_sample_record_has_all_mandatory_and_many_optional_elements() {
    let (folder, record) = sample();
    let mandatory = iso_name_space::ROWS
        .iter()
        .filter(|row| row.presence == Presence::Mandatory);
    for row in mandatory {
        assert!(
            record
                .elements()
                .get(ISO, &row.element_identifier)
                .is_some()
        );
    }
    assert!(record.elements().iter().count() >= 11 + 20);
    let portrait = record.elements().get(ISO, "portrait").expect("mandatory");
    let file = fs::read(folder.join("portrait.jpg")).expect("beside the record");
    assert_eq!(portrait.as_byte_string(), Some(&*file));
    assert!((20_000..30_000).contains(&file.len()));
}

#[test]
fn values_take_the_type_of_their_element() {
    for (element, encoding) in [
        (r#""family_name": "Doe""#, "63446f65"),
        (
            r#""birth_date": "1990-01-02""#,
            "d903ec6a313939302d30312d3032",
        ),
        (
            r#""issue_date": "2024-10-20""#,
            "d903ec6a323032342d31302d3230",
        ),
        (
            r#""issue_date": "2024-10-20T00:00:00Z""#,
            "c074323032342d31302d32305430303a30303a30305a",
        ),
        (
            r#""issue_date": {"full_date": "2024-10-20"}"#,
            "d903ec6a323032342d31302d3230",
        ),
        (r#""sex": 2"#, "02"),
        (r#""age_over_18": true"#, "f5"),
        (r#""portrait": {"hex": "FFd8ff"}"#, "43ffd8ff"),
        (r#""portrait": {"base64": "/9j/"}"#, "43ffd8ff"),
        (
            r#""driving_privileges": [{"vehicle_category_code": "B", "issue_date": "2017-02-23"}]"#,
            "81a27576656869636c655f63617465676f72795f636f646561426a69737375655f64617465d903ec6a323031372d30322d3233",
        ),
    ] {
        assert_eq!(encoding_of(element), encoding, "{element}");
    }
}

#[test]
fn without_a_schema_json_keeps_its_types_and_objects_may_say_what_they_are() {
    let json = r#"{ "doc_type": "org.example", "name_spaces": { "org.example.1": {
        "list": [1, -2, 0.5, true, null, "1990-01-02"],
        "day": {"full_date": "1990-01-02"}, "moment": {"tdate": "1990-01-02T03:04:05Z"},
        "bytes": {"hex": "00ff"}, "map": {"a": {"hex": "01"}, "b": 2} } } }"#;
    let record = parse_in(Path::new("."), json).expect("a record");
    let names: Vec<_> = record
        .elements()
        .iter()
        .map(|(_, name, _)| name.to_owned())
        .collect();
    assert_eq!(names, ["list", "day", "moment", "bytes", "map"]);
    let value = |name: &str| {
        record
            .elements()
            .get("org.example.1", name)
            .expect(name)
            .decode()
            .expect(name)
    };
    let list = [
        Value::Unsigned(1),
        Value::Negative(1),
        Value::Float(0.5),
        Value::Bool(true),
        Value::Null,
        Value::Text("1990-01-02"),
    ];
    assert!(value("list") == Value::Array(list.to_vec()));
    assert!(value("day") == Value::Tag(1004, Box::new(Value::Text("1990-01-02"))));
    assert!(value("moment") == Value::Tag(0, Box::new(Value::Text("1990-01-02T03:04:05Z"))));
    assert!(value("bytes") == Value::Bytes(&[0x00, 0xff]));
    let members = [
        (Value::Text("a"), Value::Bytes(&[1])),
        (Value::Text("b"), Value::Unsigned(2)),
    ];
    assert!(value("map") == Value::Map(members.to_vec()));
}

#[test]
fn what_is_wrong_is_told_with_place_and_without_the_value() {
    for (element, told) in [
        (
            r#""birth_date": "15.06.1990""#,
            "birth_date: expected full-date YYYY-MM-DD, found text of 10 characters",
        ),
        (
            r#""birth_date": "1990-02-30""#,
            "there is no such day or time",
        ),
        (
            r#""birth_date": {"tdate": "1990-01-02T03:04:05Z"}"#,
            "birth_date: expected full-date",
        ),
        (
            r#""sex": "F""#,
            "sex: expected uint, one of 0, 1, 2, 9, found text of 1 character",
        ),
        (
            r#""height": -1"#,
            "height: expected uint, found a negative number",
        ),
        (
            r#""height": 1.5"#,
            "height: expected uint, found a number with a fraction",
        ),
        (r#""height": 18446744073709551616"#, "or too large"),
        (
            r#""family_name": 4711"#,
            "family_name: expected tstr of ISO/IEC 8859-1, at most 150 characters, found a number",
        ),
        (
            r#""family_name": null"#,
            "family_name: expected tstr of ISO/IEC 8859-1, at most 150 characters, found null",
        ),
        (
            r#""age_over_18": "yes""#,
            "age_over_18: expected bool, found text of 3 characters",
        ),
        (
            r#""portrait": "/9j/4711""#,
            r#"portrait: expected bytes as {"file": …}"#,
        ),
        (
            r#""portrait": {"hex": "4711x"}"#,
            "hexadecimal digits in pairs",
        ),
        (
            r#""portrait": {"base64": "4711"  , "hex": "00"}"#,
            "found an object",
        ),
        (
            r#""driving_privileges": [{"expiry_dat": "4711"}]"#,
            r#"driving_privileges[0]: expected map of vehicle_category_code"#,
        ),
        (
            r#""driving_privileges": [{"issue_date": 4711}]"#,
            "driving_privileges[0].issue_date: expected full-date",
        ),
    ] {
        let refusal = refusal_of(element);
        assert!(refusal.contains(told), "{refusal}");
        for value in ["15.06", "1990", "4711"] {
            assert!(!refusal.contains(value), "{refusal}");
        }
    }
}

#[test]
fn the_place_is_a_line_and_a_column() {
    let json = format!(
        "{{ \"doc_type\": \"{MDL_DOC_TYPE}\",\n \"name_spaces\": {{ \"{ISO}\": {{\n  \"sex\": true\n}} }} }}"
    );
    let refusal = parse_in(Path::new("."), &json).expect_err("not a number");
    let RecordError::Content { line, column, .. } = &refusal else {
        panic!("{refusal}")
    };
    assert_eq!((*line, *column), (3, 13), "{refusal}");
}

#[test]
fn keys_that_occur_twice_are_refused_everywhere() {
    assert!(refusal_of(r#""sex": 1, "sex": 2"#).contains(r#""sex" occurs twice"#));
    let twice =
        r#""driving_privileges": [{"vehicle_category_code": "A", "vehicle_category_code": "B"}]"#;
    assert!(refusal_of(twice).contains(r#""vehicle_category_code" occurs twice"#));
    for json in [
        r#"{"doc_type": "a", "doc_type": "b", "name_spaces": {}}"#,
        r#"{"doc_type": "a", "name_spaces": {}, "name_spaces": {}}"#,
        r#"{"doc_type": "a", "name_spaces": {"n": {}, "n": {}}}"#,
    ] {
        let refusal = parse_in(Path::new("."), json)
            .expect_err("twice")
            .to_string();
        assert!(refusal.contains("occurs twice"), "{refusal}");
    }
}

#[test]
fn anything_but_a_record_is_refused() {
    for (json, told) in [
        ("", "EOF"),
        ("[]", "invalid type: sequence"),
        ("\"secret\"", "the record: expected an object, found text"),
        ("{}", "expected a member doc_type"),
        (r#"{"doc_type": "a"}"#, "expected a member name_spaces"),
        (
            r#"{"doc_type": 1, "name_spaces": {}}"#,
            "doc_type: expected text",
        ),
        (
            r#"{"doc_type": "a", "name_spaces": "secret"}"#,
            "name_spaces: expected an object, found text",
        ),
        (
            r#"{"doc_type": "a", "name_spaces": {"n": 7}}"#,
            "n: expected an object, found a number",
        ),
        (
            r#"{"doc_type": "a", "name_spaces": {}, "namespaces": {}}"#,
            "expected only doc_type and name_spaces",
        ),
        (
            r#"{"doc_type": "a", "name_spaces": {}} x"#,
            "trailing characters",
        ),
        (
            r#"{"doc_type": "a", "name_spaces": {"": {}}}"#,
            "must not be empty",
        ),
    ] {
        let refusal = parse_in(Path::new("."), json)
            .expect_err("not a record")
            .to_string();
        assert!(
            refusal.contains(told) && !refusal.contains("secret"),
            "{json}: {refusal}"
        );
    }
    let deep = format!(
        r#""nickname": {}{}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    assert!(refusal_of(&deep).contains("recursion limit"));
    let many: Vec<_> = (0..=MAX_MEMBERS)
        .map(|index| format!("\"e{index}\": 1"))
        .collect();
    assert!(refusal_of(&many.join(",")).contains("at most 1000 members"));
}

#[test]
fn files_stay_below_the_folder_of_the_record() {
    let outside = tempfile::tempdir().expect("a folder");
    let folder = outside.path().join("records");
    fs::create_dir_all(folder.join("photos")).expect("a folder");
    fs::write(outside.path().join("secret.bin"), b"secret").expect("a file");
    fs::write(folder.join("photos/one.jpg"), b"\xff\xd8\xff").expect("a file");
    fs::write(folder.join("large.jpg"), vec![0; MAX_ATTACHMENT_BYTES + 1]).expect("a file");
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path().join("secret.bin"), folder.join("link.jpg"))
        .expect("a link");
    let read = |name: &str| {
        let json = format!(
            r#"{{"doc_type": "{MDL_DOC_TYPE}", "name_spaces": {{"{ISO}": {{"portrait": {{"file": "{name}"}}}}}}}}"#
        );
        parse_in(&folder, &json)
    };
    assert!(read("photos/one.jpg").is_ok());
    assert!(read("./photos/one.jpg").is_ok());
    let absolute = outside.path().join("secret.bin");
    for name in [
        "../secret.bin",
        "photos/../../secret.bin",
        absolute.to_str().expect("UTF-8"),
        "",
        "photos",
        "link.jpg",
        "large.jpg",
        "none.jpg",
    ] {
        let refusal = read(name).expect_err(name).to_string();
        assert!(refusal.contains("portrait: expected"), "{refusal}");
    }
}

#[test]
fn records_print_names_only() {
    let record = with_element(r#""family_name": "Doe""#).expect("a record");
    let shown = format!("{record:?}");
    assert!(
        shown.contains("family_name") && !shown.contains("Doe"),
        "{shown}"
    );
}

#[test]
fn elements_nobody_knows_get_as_far_as_the_gate() {
    let record = with_element(r#""nickname": "E""#).expect("a record");
    let context = GateContext::new(
        MDL_DOC_TYPE,
        datetime!(2026-01-10 0:00 UTC),
        datetime!(2026-02-10 0:00 UTC),
    );
    let report = ElementGate::mdl()
        .check_set(record.elements(), &context)
        .expect_err("unknown");
    let first = &report.violations()[0];
    assert_eq!(
        (first.rule.id(), first.severity),
        ("unknown-element", first.rule.severity(Use::Issuing))
    );
}
