//! The sample people: all of them are licences that may be issued, and they are as varied as is said of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use mdl_issuer::clock::SetClock;
use mdl_issuer::record::folder::FolderSource;
use mdl_issuer::record::sample::SamplePeople;
use mdl_issuer::record::{RecordSource, RecordSourceError, SubjectReference};
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::cbor::Value;
use mdl_mdoc::data_elements::age_over::age_in_years;
use mdl_mdoc::data_elements::{
    DocumentSignerName, ElementGate, GateContext, Schema, parse_full_date,
};
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
use time::macros::datetime;
use time::{Date, Duration, OffsetDateTime};

const NOW: OffsetDateTime = datetime!(2026-03-11 15:00 UTC);
const AAMVA: &str = "org.iso.18013.5.1.aamva";

fn people(country: &str, state: Option<&str>, now: OffsetDateTime) -> SamplePeople {
    SamplePeople::new(country, state, 7, Arc::new(SetClock::new(now)))
}

async fn record(source: &dyn RecordSource, subject: &str) -> ElementSet {
    let subject = SubjectReference::new(subject).expect("a reference");
    source
        .fetch(&subject, MDL_DOC_TYPE)
        .await
        .expect("a record")
}

/// Everything the gate says about a document that is valid from the day of `now` on, remarks and warnings included.
fn remarks(
    elements: &ElementSet,
    country: &str,
    state: Option<&str>,
    now: OffsetDateTime,
) -> Vec<String> {
    let day = now.replace_time(time::Time::MIDNIGHT);
    let mut context = GateContext::new(MDL_DOC_TYPE, day, day + Duration::days(30));
    context.document_signer = Some(DocumentSignerName { country, state });
    let report = ElementGate::mdl().examine_set(elements, &context);
    report
        .violations()
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Drawing takes long without optimisation: the tests share what they draw.
static PEOPLE: LazyLock<SamplePeople> = LazyLock::new(|| people("US", Some("US-IA"), NOW));

async fn assert_pass(
    people: &SamplePeople,
    country: &str,
    state: Option<&str>,
    now: OffsetDateTime,
) {
    for subject in people.subjects() {
        let elements = record(people, &subject).await;
        let remarks: Vec<_> = remarks(&elements, country, state, now)
            .into_iter()
            // National categories are allowed, and some people have them.
            .filter(|remark| !remark.contains("vehicle-category-unknown"))
            .collect();
        assert!(remarks.is_empty(), "{subject}: {remarks:?}");
    }
}

#[tokio::test]
async fn all_pass_the_gate_for_a_state_of_the_united_states() {
    assert_pass(&PEOPLE, "US", Some("US-IA"), NOW).await;
}

#[tokio::test]
async fn all_pass_the_gate_for_the_united_states_without_a_state() {
    assert_pass(&PEOPLE.licensed_by("US", None), "US", None, NOW).await;
}

#[tokio::test]
async fn all_pass_the_gate_for_other_countries() {
    for (country, state) in [("DE", None), ("ZZ", Some("ZZ-1")), ("FR", None)] {
        assert_pass(&PEOPLE.licensed_by(country, state), country, state, NOW).await;
    }
}

#[tokio::test]
async fn they_pass_the_gate_on_any_day() {
    for now in [
        datetime!(2026-01-01 0:00 UTC),
        datetime!(2027-12-31 23:59:59 UTC),
        datetime!(2028-02-29 12:00 UTC),
    ] {
        let people = people("DE", None, now);
        for subject in people.subjects().step_by(19) {
            let elements = record(&people, &subject).await;
            let remarks = remarks(&elements, "DE", None, now);
            let is_fine = |remark: &String| remark.contains("vehicle-category-unknown");
            assert!(remarks.iter().all(is_fine), "{subject}: {remarks:?}");
        }
    }
}

#[tokio::test]
async fn people_are_as_varied_as_is_said() {
    let people = PEOPLE.licensed_by("US", None);
    let mut ages = BTreeMap::<u32, u32>::new();
    let mut privileges = BTreeSet::new();
    let mut jurisdictions = BTreeSet::new();
    let mut portraits = BTreeSet::new();
    let mut names = BTreeSet::new();
    let mut identifiers = BTreeSet::new();
    let (mut longest, mut fewest, mut most, mut scripts) = (0, usize::MAX, 0, 0);
    for subject in people.subjects() {
        let elements = record(&people, &subject).await;
        let text = |name_space: &str, element: &str| {
            let value = elements.get(name_space, element)?;
            match value.decode().expect("CBOR") {
                Value::Text(text) => Some(text.to_owned()),
                Value::Tag(_, inner) => match *inner {
                    Value::Text(text) => Some(text.to_owned()),
                    _ => None,
                },
                _ => None,
            }
        };
        let birth_date = text(MDL_NAME_SPACE, "birth_date").expect("mandatory");
        let birth_date = parse_full_date(&birth_date).expect("a date");
        *ages
            .entry(age_in_years(birth_date, NOW.date()).expect("born"))
            .or_default() += 1;
        if let Value::Array(list) = elements
            .get(MDL_NAME_SPACE, "driving_privileges")
            .expect("mandatory")
            .decode()
            .expect("CBOR")
        {
            privileges.insert(list.len());
        }
        jurisdictions.insert(text(MDL_NAME_SPACE, "issuing_jurisdiction"));
        let family = text(MDL_NAME_SPACE, "family_name").expect("mandatory");
        longest = longest.max(family.chars().count());
        names.insert(family);
        let national = text(MDL_NAME_SPACE, "family_name_national_character").unwrap_or_default();
        scripts += u32::from(national.chars().any(|c| c > '\u{24f}'));
        let portrait = elements.get(MDL_NAME_SPACE, "portrait").expect("mandatory");
        let portrait = portrait.as_byte_string().expect("bytes");
        assert!(
            (15_000..30_000).contains(&portrait.len()),
            "{subject}: {}",
            portrait.len()
        );
        portraits.insert(portrait.to_vec());
        let count = elements
            .iter()
            .filter(|(ns, ..)| *ns == MDL_NAME_SPACE)
            .count();
        (fewest, most) = (fewest.min(count), most.max(count));
        identifiers.extend(elements.iter().map(|(ns, id, _)| format!("{ns}/{id}")));
    }
    let between = |from: u32, to: u32| ages.range(from..to).map(|(_, count)| count).sum::<u32>();
    for (from, to) in [(16, 18), (18, 21), (21, 25), (25, 65), (65, 80), (80, 120)] {
        assert!(between(from, to) >= 10, "{from} to {to}: {ages:?}");
    }
    assert!(privileges.contains(&0) && privileges.contains(&15) && privileges.len() >= 4);
    assert!(jurisdictions.len() >= 10, "{jurisdictions:?}");
    assert_eq!(portraits.len(), 200);
    assert!(
        names.len() >= 50 && (140..=150).contains(&longest),
        "{longest}"
    );
    assert!(scripts >= 20, "{scripts}");
    assert!(fewest <= 12 && most >= 35, "{fewest} to {most}");
    let missing: Vec<_> = Schema::mdl()
        .name_spaces()
        .iter()
        .flat_map(|space| {
            space
                .rows()
                .iter()
                .map(|row| format!("{}/{}", space.name_space(), row.element_identifier))
        })
        .filter(|identifier| !identifiers.contains(identifier))
        .filter(|identifier| !identifier.contains("_NN") && !identifier.contains("_xx"))
        .collect();
    // What nobody issues lightly, and older names of elements that are there.
    let left_out = [
        format!("{MDL_NAME_SPACE}/resident_street"),
        format!("{AAMVA}/aka_family_name"),
        format!("{AAMVA}/aka_given_name"),
        format!("{AAMVA}/aka_suffix"),
        format!("{AAMVA}/audit_information"),
    ];
    for identifier in missing {
        assert!(left_out.contains(&identifier), "{identifier}");
    }
}

#[tokio::test]
async fn a_person_is_the_same_each_time_and_another_seed_makes_others() {
    let encoded = |elements: &ElementSet| -> Vec<(String, Vec<u8>)> {
        let all = elements.iter();
        all.map(|(_, id, value)| (id.to_owned(), value.as_bytes().to_vec()))
            .collect()
    };
    let first = encoded(&record(&people("NL", None, NOW), "sample-042").await);
    let later = people("NL", None, NOW + Duration::hours(5));
    record(&later, "sample-001").await;
    assert_eq!(first, encoded(&record(&later, "sample-042").await));
    let other = SamplePeople::new("NL", None, 8, Arc::new(SetClock::new(NOW)));
    assert_ne!(first, encoded(&record(&other, "sample-042").await));
}

#[tokio::test]
async fn other_references_and_document_types_have_no_record() {
    let people = people("US", Some("US-IA"), NOW);
    for reference in [
        "sample-000",
        "sample-201",
        "sample-1",
        "sample-+01",
        "sample-0001",
        "001",
        "sample-",
    ] {
        let reference = SubjectReference::new(reference).expect("a reference");
        let refusal = people
            .fetch(&reference, MDL_DOC_TYPE)
            .await
            .expect_err("nobody");
        assert_eq!(refusal, RecordSourceError::NotFound);
    }
    let reference = SubjectReference::new("sample-001").expect("a reference");
    let refusal = people
        .fetch(&reference, "org.example.pid")
        .await
        .expect_err("no licence");
    assert_eq!(refusal.code(), "record-not-found");
    assert!(people.check().await.is_ok());
}

/// Writes the first three.
fn keep(people: &SamplePeople, folder: &Path, today: Date) {
    for number in 1..=3 {
        people.keep(number, folder, today).expect("written");
    }
}

fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder");
    let files = entries.map(|entry| {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("UTF-8");
        (name, fs::read(entry.path()).expect("a file"))
    });
    files.collect()
}

/// As if it had been written at this time.
fn set_time(path: &Path, at: OffsetDateTime) {
    let file = fs::File::options().write(true).open(path);
    let file = file.expect("a file");
    file.set_modified(at.into()).expect("its time is set");
}

#[test]
fn what_is_missing_in_a_folder_is_completed_and_the_rest_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    keep(&PEOPLE, at, NOW.date());
    let whole = content(at);
    // A process that was stopped leaves images without their record.
    fs::remove_file(at.join("sample-002.json")).expect("removed");
    fs::remove_file(at.join("sample-003.json")).expect("removed");
    fs::remove_file(at.join("sample-003.jpg")).expect("removed");
    fs::write(at.join("sample-001.json"), "mine").expect("written");
    keep(&PEOPLE, at, NOW.date());
    let mut completed = content(at);
    let changed = completed.insert(
        "sample-001.json".to_owned(),
        whole["sample-001.json"].clone(),
    );
    assert_eq!(changed.as_deref(), Some(&b"mine"[..]));
    assert!(completed == whole, "{:?}", completed.keys());
    let nobody = PEOPLE.keep(201, at, NOW.date()).expect_err("nobody");
    assert_eq!(nobody.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn a_record_is_renewed_after_a_week_unless_somebody_changed_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    keep(&PEOPLE, at, NOW.date());
    let record = at.join("sample-001.json");
    let changed = at.join("sample-002.json");
    let text = fs::read_to_string(&changed).expect("a record");
    fs::write(&changed, text.replace("sample-002.jpg", "sample-003.jpg")).expect("written");
    for path in [&record, &changed] {
        set_time(path, NOW);
    }
    let before = content(at);
    keep(&PEOPLE, at, (NOW + Duration::WEEK).date());
    assert!(content(at) == before, "a week is not too long");
    // Of another calendar year, so that the person has another birth date.
    let later = (NOW + Duration::days(300)).date();
    keep(&PEOPLE, at, later);
    let after = content(at);
    assert_eq!(after["sample-002.json"], before["sample-002.json"]);
    assert_ne!(after["sample-001.json"], before["sample-001.json"]);
    let fresh = tempfile::tempdir().expect("a folder");
    keep(&PEOPLE, fresh.path(), later);
    assert_eq!(
        after["sample-001.json"],
        content(fresh.path())["sample-001.json"]
    );
}

#[tokio::test]
async fn a_folder_of_samples_reads_like_the_samples() {
    let folder = tempfile::tempdir().expect("a folder");
    let people = PEOPLE.licensed_by("US", Some("US-CA"));
    people.write(folder.path(), NOW.date()).expect("written");
    let files = FolderSource::new(folder.path(), Schema::mdl());
    files.check().await.expect("readable");
    for subject in people.subjects() {
        let (read, made) = (
            record(&files, &subject).await,
            record(&people, &subject).await,
        );
        assert_eq!(read.iter().count(), made.iter().count(), "{subject}");
        for (name_space, identifier, value) in made.iter() {
            let same = read.get(name_space, identifier).expect("the element");
            assert_eq!(same.as_bytes(), value.as_bytes(), "{subject} {identifier}");
        }
    }
}
