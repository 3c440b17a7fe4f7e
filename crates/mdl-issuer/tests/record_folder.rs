//! Records in a folder and in a table: what is found, and what no subject reference reaches.

use std::fs;
use std::path::Path;

use mdl_issuer::record::folder::FolderSource;
use mdl_issuer::record::table::CsvSource;
use mdl_issuer::record::{RecordSource, RecordSourceError, SubjectReference};
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::cbor::Value;
use mdl_mdoc::data_elements::Schema;
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
use tempfile::TempDir;

async fn fetch(source: &dyn RecordSource, subject: &str) -> Result<ElementSet, RecordSourceError> {
    let subject = SubjectReference::new(subject).expect("a reference");
    source.fetch(&subject, MDL_DOC_TYPE).await
}

fn record(family_name: &str) -> String {
    format!(
        r#"{{"doc_type": "{MDL_DOC_TYPE}", "name_spaces": {{"{MDL_NAME_SPACE}": {{
            "family_name": "{family_name}", "portrait": {{"file": "portraits/anna.jpg"}} }} }} }}"#
    )
}

/// `outside/secret.json`, and `outside/records` with `anna.json` and her portrait.
fn folder() -> (TempDir, FolderSource) {
    let outside = tempfile::tempdir().expect("a folder");
    let records = outside.path().join("records");
    fs::create_dir_all(records.join("portraits")).expect("a folder");
    fs::write(outside.path().join("secret.json"), record("Secret")).expect("a file");
    fs::write(records.join("anna.json"), record("Anna")).expect("a file");
    fs::write(records.join("portraits/anna.jpg"), b"\xff\xd8\xff\xd9").expect("a file");
    let source = FolderSource::new(records, Schema::mdl());
    (outside, source)
}

#[tokio::test]
async fn a_record_is_read_anew_with_its_portrait() {
    let (outside, source) = folder();
    source.check().await.expect("readable");
    let name = |elements: &ElementSet| {
        let value = elements.get(MDL_NAME_SPACE, "family_name").expect("there");
        match value.decode().expect("CBOR") {
            Value::Text(name) => name.to_owned(),
            other => panic!("{other:?}"),
        }
    };
    let elements = fetch(&source, "anna").await.expect("a record");
    assert_eq!(name(&elements), "Anna");
    let portrait = elements.get(MDL_NAME_SPACE, "portrait").expect("there");
    assert_eq!(portrait.as_byte_string(), Some(&b"\xff\xd8\xff\xd9"[..]));
    fs::write(outside.path().join("records/anna.json"), record("Anne")).expect("a file");
    assert_eq!(
        name(&fetch(&source, "anna").await.expect("a record")),
        "Anne"
    );
}

#[tokio::test]
async fn references_do_not_lead_out_of_the_folder() {
    let (outside, source) = folder();
    let records = outside.path().join("records");
    let absolute = outside.path().join("secret");
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(
            outside.path().join("secret.json"),
            records.join("link.json"),
        )
        .expect("a link");
        symlink(records.join("anna.json"), records.join("alias.json")).expect("a link");
        symlink(outside.path(), records.join("up")).expect("a link");
    }
    for reference in [
        "../secret",
        "..",
        ".",
        "./anna",
        "portraits/../anna",
        "up/secret",
        "link",
        "alias",
        "..\\secret",
        "portraits\\..\\anna",
        "anna.json",
        "anna/",
        "Anna",
        "ANNA",
        "anna ",
        " anna",
        "аnna",         // the first letter is Cyrillic
        "ａnna",        // full width
        "anna\u{200b}", // an invisible space
        "%2e%2e%2fsecret",
        "anna%00",
        "C:anna",
        "~",
        "*",
        "portraits",
        absolute.to_str().expect("UTF-8"),
        &"a".repeat(200),
    ] {
        let refusal = fetch(&source, reference).await.expect_err(reference);
        assert_eq!(refusal, RecordSourceError::NotFound, "{reference}");
    }
    assert!(SubjectReference::new("anna\0").is_none());
    assert!(SubjectReference::new("anna\n").is_none());
    assert!(SubjectReference::new("").is_none());
    assert!(SubjectReference::new(&"a".repeat(257)).is_none());
}

#[tokio::test]
async fn what_is_wrong_with_a_record_has_a_code_and_no_value() {
    let (outside, source) = folder();
    let write = |name: &str, content: &[u8]| {
        fs::write(outside.path().join("records").join(name), content).expect("a file");
    };
    write("q-large.json", &vec![b' '; (8 << 20) + 1]);
    write("q-broken.json", b"{ \"doc_type\": \"Canary");
    write(
        "q-value.json",
        record("Canary").replace("family_name", "sex").as_bytes(),
    );
    write(
        "q-image.json",
        record("Canary")
            .replace("portraits/anna", "canary")
            .as_bytes(),
    );
    write(
        "q-out.json",
        record("Canary")
            .replace("portraits/anna.jpg", "../secret.json")
            .as_bytes(),
    );
    for (subject, code) in [
        ("q-large", "record-too-large"),
        ("q-broken", "record-malformed"),
        ("q-value", "record-malformed"),
        ("q-image", "record-malformed"),
        ("q-out", "record-malformed"),
    ] {
        let refusal = fetch(&source, subject).await.expect_err(subject);
        assert_eq!(refusal.code(), code, "{subject}");
        assert_eq!(refusal.retry_after(), None);
        let told = format!("{refusal:?}").to_lowercase();
        assert!(
            !told.contains("canary") && !told.contains(subject),
            "{told}"
        );
    }
}

#[tokio::test]
async fn records_of_other_document_types_are_none_for_this_one() {
    let (outside, source) = folder();
    let other = record("Anna").replace(MDL_DOC_TYPE, "org.example.pid");
    fs::write(outside.path().join("records/other.json"), other).expect("a file");
    let refusal = fetch(&source, "other").await.expect_err("another type");
    assert_eq!(refusal, RecordSourceError::NotFound);
}

#[tokio::test]
async fn a_folder_that_is_away_is_worth_a_retry() {
    let (outside, source) = folder();
    drop(outside);
    assert_eq!(
        source.check().await.expect_err("away").code(),
        "source-unreachable"
    );
    let refusal = fetch(&source, "anna").await.expect_err("away");
    assert_eq!(refusal.code(), "source-unreachable");
    assert!(refusal.retry_after().is_some());
}

const TABLE: &str = r#"subject,doc_type,family_name,birth_date,sex,portrait,age_over_18,driving_privileges,aamva/sex,org.example/points
anna,org.iso.18013.5.1.mDL,"Müller, geb. ""Groß""",1990-01-02,2,portraits/anna.jpg,true,"[{""vehicle_category_code"":""B"",""issue_date"":""2017-02-23""}]",2,"{""full_date"":""2020-01-02""}"
jörg,org.iso.18013.5.1.mDL,Jörg,,1,portraits/anna.jpg,,[],1,
anna,org.example.pid,Other,,,,,,,
"#;

fn table(folder: &Path, content: &str) -> CsvSource {
    fs::write(folder.join("people.csv"), content).expect("a file");
    CsvSource::new(folder.join("people.csv"), Schema::mdl())
}

#[tokio::test]
async fn a_line_of_a_table_becomes_what_a_record_file_would() {
    let (outside, files) = folder();
    let records = outside.path().join("records");
    let source = table(&records, TABLE);
    source.check().await.expect("readable");
    let json = format!(
        r#"{{"doc_type": "{MDL_DOC_TYPE}", "name_spaces": {{
            "{MDL_NAME_SPACE}": {{ "family_name": "Müller, geb. \"Groß\"", "birth_date": "1990-01-02", "sex": 2,
                "portrait": {{"file": "portraits/anna.jpg"}}, "age_over_18": true,
                "driving_privileges": [{{"vehicle_category_code": "B", "issue_date": "2017-02-23"}}] }},
            "org.iso.18013.5.1.aamva": {{ "sex": 2 }},
            "org.example": {{ "points": {{"full_date": "2020-01-02"}} }} }} }}"#
    );
    fs::write(records.join("same.json"), json).expect("a file");
    let all = |elements: ElementSet| -> Vec<(String, String, Vec<u8>)> {
        let each = elements.iter().map(|(name_space, identifier, value)| {
            (
                name_space.to_owned(),
                identifier.to_owned(),
                value.as_bytes().to_vec(),
            )
        });
        each.collect()
    };
    let from_table = all(fetch(&source, "anna").await.expect("a line"));
    assert_eq!(
        from_table,
        all(fetch(&files, "same").await.expect("a file"))
    );
    let jörg = fetch(&source, "jörg").await.expect("a line");
    assert_eq!(jörg.iter().count(), 5, "{jörg:?}");
    for reference in ["Anna", "an", "subject", "anna,"] {
        let refusal = fetch(&source, reference).await.expect_err(reference);
        assert_eq!(refusal, RecordSourceError::NotFound);
    }
}

#[tokio::test]
async fn tables_that_are_wrong_are_refused_with_a_code_and_no_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = |columns: &str, cells: &str| format!("subject,{columns}\nanna,{cells}\n");
    for (content, code) in [
        (
            line("family_name", "Canary\nanna,Canary"),
            "record-ambiguous",
        ),
        (line("sex", "Canary"), "record-malformed"),
        (line("sex", "+1"), "record-malformed"),
        (line("age_over_18", "Canary"), "record-malformed"),
        (line("birth_date", "01.02.1990 Canary"), "record-malformed"),
        (line("portrait", "../canary.jpg"), "record-malformed"),
        (
            line("driving_privileges", "\"[],\"\"sex\"\":1\""),
            "record-malformed",
        ),
        (line("org.example/x", "Canary"), "record-malformed"),
        (line("family_name,family_name", "a,b"), "record-malformed"),
        (
            line("family_name,org.iso.18013.5.1/family_name", "a,b"),
            "record-malformed",
        ),
        (line("family_name", "Canary,Canary"), "record-malformed"),
        ("family_name\nCanary\n".to_owned(), "record-malformed"),
        (String::new(), "record-malformed"),
        ("x".repeat((16 << 20) + 1), "record-too-large"),
    ] {
        let source = table(folder.path(), &content);
        let shown = &content[..content.len().min(100)];
        let refusal = fetch(&source, "anna").await.expect_err(shown);
        assert_eq!(refusal.code(), code, "{shown}: {refusal:?}");
        assert!(
            !format!("{refusal:?}").to_lowercase().contains("canary"),
            "{refusal:?}"
        );
    }
}
