//! For every rule at least one licence that breaks this rule and no other.

use mdl_mdoc::cbor::Value;
use mdl_mdoc::data_elements::{DocumentSignerName, ElementGate, Rule, Severity, Use};
use time::UtcOffset;
use time::macros::datetime;

use crate::licence::{
    AAMVA, CODESTREAM, ISO, JPEG, Licence, complete, full_date, map, rules, tdate,
};

type Case = (Rule, &'static str, fn(&mut Licence));

const TEXT_150: &str = "äääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää\
    äääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää";

fn privilege(members: &[(&'static str, Value<'static>)]) -> Value<'static> {
    Value::Array(vec![map(members)])
}

fn text(text: &'static str) -> Value<'static> {
    Value::Text(text)
}

/// What is broken, as a sentence; the rule that must speak; the change to a licence that is fine.
const CASES: &[Case] = &[
    (Rule::DocTypeMismatch, "another document type", |l| {
        l.context.doc_type = "org.iso.18013.5.1.mdl"
    }),
    (
        Rule::NameSpaceWithoutSchema,
        "a domestic name space nobody described",
        |l| {
            l.elements
                .push(("org.iso.18013.5.1.US-CA", "eye_color", text("green")));
        },
    ),
    (
        Rule::UnknownElement,
        "an identifier that is not in Table 5",
        |l| l.set("nickname", text("E")),
    ),
    (
        Rule::UnknownElement,
        "an identifier in other letters",
        |l| l.set("Sex", Value::Unsigned(1)),
    ),
    (
        Rule::UnlistedElement,
        "an AAMVA element of a version to come",
        |l| {
            l.elements.push((AAMVA, "hair_length", Value::Unsigned(1)));
        },
    ),
    (Rule::DuplicateElement, "an element twice", |l| {
        l.elements.push((ISO, "sex", Value::Unsigned(2)))
    }),
    (
        Rule::DuplicateElement,
        "an element twice among very many",
        |l| {
            let extra: Vec<_> = AGES
                .iter()
                .map(|id| (ISO, *id, Value::Bool(true)))
                .collect();
            l.elements.extend(extra);
            l.elements.push((ISO, "sex", Value::Unsigned(2)));
        },
    ),
    (Rule::MandatoryElementMissing, "no family name", |l| {
        l.remove(ISO, "family_name")
    }),
    (Rule::RecommendedElementMissing, "no REAL ID flag", |l| {
        l.remove(AAMVA, "DHS_compliance")
    }),
    // Types and tags.
    (Rule::WrongType, "a portrait in base64", |l| {
        l.set("portrait", text("/9j/4AAQ"))
    }),
    (Rule::WrongType, "sex as text", |l| l.set("sex", text("F"))),
    (Rule::WrongType, "a negative height", |l| {
        l.set("height", Value::Negative(4))
    }),
    (Rule::WrongType, "a weight with a fraction", |l| {
        l.set("weight", Value::Float(68.5))
    }),
    (Rule::WrongType, "an age statement as a number", |l| {
        l.set("age_over_18", Value::Unsigned(1))
    }),
    (Rule::WrongType, "a birth date as an epoch date", |l| {
        l.set("birth_date", Value::Unsigned(7470))
    }),
    (Rule::WrongType, "a number inside tag 1004", |l| {
        l.set(
            "birth_date",
            Value::Tag(1004, Box::new(Value::Unsigned(7470))),
        );
    }),
    (Rule::WrongType, "no name at all", |l| {
        l.set("family_name", Value::Null)
    }),
    (Rule::WrongType, "privileges as a map", |l| {
        l.set("driving_privileges", map(&[]))
    }),
    (Rule::WrongType, "a privilege that is text", |l| {
        l.set("driving_privileges", Value::Array(vec![text("B")]));
    }),
    (Rule::WrongTag, "a birth date without a tag", |l| {
        l.set("birth_date", text("1990-06-15"))
    }),
    (Rule::WrongTag, "a birth date as tdate", |l| {
        l.set("birth_date", tdate("1990-06-15T00:00:00Z"))
    }),
    (Rule::WrongTag, "a capture date as full-date", |l| {
        l.set("portrait_capture_date", full_date("2024-09-01"))
    }),
    (Rule::WrongTag, "a name with a tag", |l| {
        l.set("family_name", Value::Tag(0, Box::new(text("Mustermann"))));
    }),
    (Rule::WrongTag, "a tdate inside a privilege", |l| {
        let date = tdate("2017-02-23T00:00:00Z");
        l.set(
            "driving_privileges",
            privilege(&[("vehicle_category_code", text("B")), ("issue_date", date)]),
        );
    }),
    // Text.
    (Rule::TextTooLong, "151 characters", |l| {
        l.set(
            "resident_address",
            Value::Text(Box::leak(format!("{TEXT_150}x").into_boxed_str())),
        );
    }),
    (Rule::TextOutsideLatin1, "a letter outside Latin-1", |l| {
        l.set("family_name", text("Wałęsa"))
    }),
    (Rule::TextControlCharacter, "a line break", |l| {
        l.set("resident_address", text("Main Street\n1"))
    }),
    (Rule::TextControlCharacter, "a C1 control character", |l| {
        l.set("birth_place", text("Par\u{85}is"))
    }),
    (
        Rule::TextControlCharacter,
        "DEL in national characters",
        |l| {
            l.set("given_name_national_character", text("エ\u{7f}リカ"));
        },
    ),
    (Rule::TextEmpty, "a name of no characters", |l| {
        l.set("given_name", text(""))
    }),
    (Rule::TextDigits, "a county of two digits", |l| {
        l.set_aamva("resident_county", text("67"))
    }),
    (Rule::TextDigits, "a county with a letter", |l| {
        l.set_aamva("resident_county", text("O67"))
    }),
    // Vocabularies and numbers.
    (Rule::ValueNotListed, "a sex that 5218 does not know", |l| {
        l.set("sex", Value::Unsigned(3))
    }),
    (Rule::ValueNotListed, "an eye colour in capitals", |l| {
        l.set("eye_colour", text("Green"))
    }),
    (Rule::ValueNotListed, "an AAMVA sex of 0", |l| {
        l.set_aamva("sex", Value::Unsigned(0))
    }),
    (Rule::ValueOutOfRange, "a weight range of 10", |l| {
        l.set_aamva("weight_range", Value::Unsigned(10))
    }),
    (Rule::FlagNotOne, "a flag of 0", |l| {
        l.set_aamva("organ_donor", Value::Unsigned(0))
    }),
    // Countries.
    (
        Rule::CountryCodeShape,
        "a nationality of three letters",
        |l| l.set("nationality", text("DEU")),
    ),
    (Rule::CountryCodeUnassigned, "UK instead of GB", |l| {
        l.set("nationality", text("UK"))
    }),
    (Rule::SubdivisionShape, "a jurisdiction spelled out", |l| {
        l.set("issuing_jurisdiction", text("US-California"));
        l.context.document_signer = Some(DocumentSignerName {
            country: "US",
            state: None,
        });
    }),
    (
        Rule::DistinguishingSignShape,
        "a sign of four letters",
        |l| l.set("un_distinguishing_sign", text("USAX")),
    ),
    // Dates.
    (
        Rule::FullDateForm,
        "a birth date the other way round",
        |l| l.set("birth_date", full_date("15.06.1990")),
    ),
    (Rule::TdateForm, "a fraction of a second", |l| {
        l.set("portrait_capture_date", tdate("2024-09-01T10:00:00.5Z"))
    }),
    (Rule::TdateForm, "an offset instead of Z", |l| {
        l.set("portrait_capture_date", tdate("2024-09-01T10:00:00+00:00"))
    }),
    (Rule::DateNotInCalendar, "29 February 1990", |l| {
        l.set("birth_date", full_date("1990-02-29"))
    }),
    (Rule::DateNotInCalendar, "an hour of 24", |l| {
        l.set("portrait_capture_date", tdate("2024-09-01T24:00:00Z"))
    }),
    // Images.
    (Rule::ImageFormat, "a PNG", |l| {
        l.set("portrait", Value::Bytes(b"\x89PNG\r\n\x1a\n"))
    }),
    (Rule::ImageFormat, "an empty portrait", |l| {
        l.set("portrait", Value::Bytes(b""))
    }),
    (
        Rule::JpegStructure,
        "three magic bytes and nothing else",
        |l| l.set("portrait", Value::Bytes(&JPEG[..3])),
    ),
    (Rule::JpegStructure, "a JPEG cut off", |l| {
        l.set("portrait", Value::Bytes(&JPEG[..JPEG.len() - 1]))
    }),
    (Rule::JpegStructure, "a frame without height", |l| {
        l.set(
            "portrait",
            Value::Bytes(b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x00\x00\x01\x01\x01\x11\x00\xff\xd9"),
        );
    }),
    (Rule::JpegStructure, "no frame", |l| {
        l.set(
            "portrait",
            Value::Bytes(b"\xff\xd8\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x12\xff\xd9"),
        );
    }),
    (Rule::JpegStructure, "no scan", |l| {
        l.set(
            "portrait",
            Value::Bytes(b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00\xff\xd9"),
        );
    }),
    (Rule::JpegStructure, "bytes after the end marker", |l| {
        l.set(
            "portrait",
            Value::Bytes(Box::leak([JPEG, b"x"].concat().into_boxed_slice())),
        );
    }),
    (Rule::Jpeg2000Structure, "a codestream of no width", |l| {
        let mut bytes = CODESTREAM.to_vec();
        bytes[11] = 0;
        l.set("portrait", Value::Bytes(bytes.leak()));
    }),
    (
        Rule::Jpeg2000Structure,
        "a JP2 file without a codestream",
        |l| {
            l.set(
                "portrait",
                Value::Bytes(b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x0cftypjp2 "),
            );
        },
    ),
    // Patterned identifiers.
    (Rule::AgeOverName, "an age of one digit", |l| {
        l.set("age_over_8", Value::Bool(true))
    }),
    (Rule::AgeOverName, "an age of three digits", |l| {
        l.set("age_over_100", Value::Bool(false))
    }),
    (Rule::BiometricTemplateName, "a kind in capitals", |l| {
        l.set("biometric_template_Iris", Value::Bytes(&[0x7f, 0x61, 0x00]));
    }),
    (
        Rule::BiometricTemplateTag,
        "the outer tag still there",
        |l| {
            l.set(
                "biometric_template_face",
                Value::Bytes(&[0x75, 0x03, 0x7f, 0x61, 0x00]),
            );
        },
    ),
    (Rule::BiometricTemplateLength, "a template cut off", |l| {
        l.set(
            "biometric_template_face",
            Value::Bytes(&[0x7f, 0x61, 0x02, 0x02]),
        );
    }),
    // Structured values.
    (Rule::MemberMissing, "a privilege without a category", |l| {
        l.set(
            "driving_privileges",
            privilege(&[("issue_date", full_date("2017-02-23"))]),
        );
    }),
    (Rule::MemberUnexpected, "a misspelled member", |l| {
        let members = [
            ("vehicle_category_code", text("B")),
            ("expiry_dat", full_date("2030-01-01")),
        ];
        l.set("driving_privileges", privilege(&members));
    }),
    (
        Rule::MemberUnexpected,
        "a member with a number for a key",
        |l| {
            let members = vec![
                (text("vehicle_category_code"), text("B")),
                (Value::Unsigned(1), Value::Null),
            ];
            l.set(
                "driving_privileges",
                Value::Array(vec![Value::Map(members)]),
            );
        },
    ),
    (Rule::MemberRepeated, "a member twice", |l| {
        let members = [
            ("vehicle_category_code", text("B")),
            ("vehicle_category_code", text("C")),
        ];
        l.set("driving_privileges", privilege(&members));
    }),
    (Rule::ListTooShort, "an empty list of codes", |l| {
        let members = [
            ("vehicle_category_code", text("B")),
            ("codes", Value::Array(vec![])),
        ];
        l.set("driving_privileges", privilege(&members));
    }),
    (
        Rule::ListTooShort,
        "an empty list of domestic restrictions",
        |l| {
            let members = [("domestic_vehicle_restrictions", Value::Array(vec![]))];
            l.set_aamva("domestic_driving_privileges", privilege(&members));
        },
    ),
    (Rule::VehicleCategoryUnknown, "a national category", |l| {
        l.set(
            "driving_privileges",
            privilege(&[("vehicle_category_code", text("L"))]),
        );
    }),
    // Several values, the MSO and the document signer.
    (
        Rule::BirthDateAfterValidFrom,
        "a holder not yet born",
        |l| {
            l.set("birth_date", full_date("2027-01-01"));
            l.set("age_birth_year", Value::Unsigned(2027));
        },
    ),
    (Rule::AgeOverBirthDate, "an age that is not reached", |l| {
        l.set("age_over_36", Value::Bool(true))
    }),
    (Rule::AgeOverBirthDate, "an age that is reached", |l| {
        l.set("age_over_35", Value::Bool(false))
    }),
    (
        Rule::AgeInYearsBirthDate,
        "the age of the coming birthday",
        |l| l.set("age_in_years", Value::Unsigned(36)),
    ),
    (Rule::AgeBirthYearBirthDate, "the year before", |l| {
        l.set("age_birth_year", Value::Unsigned(1989))
    }),
    (
        Rule::IssueAfterExpiry,
        "a privilege that ends before it begins",
        |l| {
            let (issue, expiry) = (full_date("2017-02-23"), full_date("2017-02-22"));
            let members = [
                ("vehicle_category_code", text("B")),
                ("issue_date", issue),
                ("expiry_date", expiry),
            ];
            l.set("driving_privileges", privilege(&members));
        },
    ),
    (
        Rule::IssueDateAfterValidFrom,
        "issued the day after validFrom",
        |l| l.set("issue_date", full_date("2026-01-11")),
    ),
    (
        Rule::ValidUntilAfterExpiry,
        "an MSO that outlives the licence",
        |l| l.set("expiry_date", full_date("2026-02-09")),
    ),
    (Rule::ValidUntilAfterExpiry, "by one second", |l| {
        l.set("expiry_date", tdate("2026-02-09T23:59:59Z"))
    }),
    (
        Rule::IssuingCountryDocumentSigner,
        "the document signer of another country",
        |l| {
            l.context.document_signer = Some(DocumentSignerName {
                country: "CA",
                state: Some("US-CA"),
            });
        },
    ),
    (Rule::JurisdictionPrefix, "a jurisdiction elsewhere", |l| {
        l.set("issuing_jurisdiction", text("CA-ON"));
        l.context.document_signer = Some(DocumentSignerName {
            country: "US",
            state: Some("CA-ON"),
        });
    }),
    (
        Rule::JurisdictionDocumentSigner,
        "the document signer of another state",
        |l| {
            l.context.document_signer = Some(DocumentSignerName {
                country: "US",
                state: Some("US-NV"),
            });
        },
    ),
    (Rule::DocumentSignerUnknown, "no document signer", |l| {
        l.context.document_signer = None
    }),
];

/// Statements that are true of the holder.
const AGES: &[&str] = &[
    "age_over_01",
    "age_over_02",
    "age_over_03",
    "age_over_04",
    "age_over_05",
    "age_over_06",
    "age_over_07",
    "age_over_08",
    "age_over_09",
    "age_over_10",
    "age_over_11",
    "age_over_12",
];

#[test]
fn every_case_breaks_its_rule_and_no_other() {
    for (rule, what, change) in CASES {
        let mut licence = complete();
        change(&mut licence);
        let report = licence.examine();
        assert_eq!(rules(&report), [*rule], "{what}: {report}");
        let verdict = ElementGate::mdl().check(&licence.data_elements(), &licence.context);
        assert_eq!(
            verdict.is_err(),
            rule.severity(Use::Issuing) == Severity::Error,
            "{what}"
        );
    }
}

#[test]
fn every_rule_has_a_case() {
    // An issue date after the licence's own expiry date is also after validFrom or ends the licence before
    // the MSO, so the case of that rule is a privilege.
    for rule in Rule::ALL {
        assert!(CASES.iter().any(|(covered, ..)| covered == rule), "{rule}");
    }
}

#[test]
fn the_complete_licence_breaks_no_rule() {
    let licence = complete();
    assert_eq!(licence.examine().to_string(), "");
    assert_eq!(licence.disclosed().to_string(), "");
}

#[test]
fn an_issue_date_after_the_expiry_date_is_found_on_the_licence_itself() {
    let mut licence = complete();
    licence.set("issue_date", full_date("2034-10-21"));
    assert_eq!(
        rules(&licence.examine()),
        [Rule::IssueAfterExpiry, Rule::IssueDateAfterValidFrom]
    );
}

#[test]
fn names_are_measured_in_characters() {
    let mut licence = complete();
    assert_eq!((TEXT_150.chars().count(), TEXT_150.len()), (150, 300));
    licence.set("family_name", text(TEXT_150));
    assert!(licence.examine().is_empty());
}

#[test]
fn reports_name_the_place_and_never_the_value() {
    for (rule, what, change) in CASES {
        let mut licence = complete();
        change(&mut licence);
        let report = licence.examine();
        let shown = format!("{report} {report:?}");
        for value in [
            "Mustermann",
            "Erika",
            "1990",
            "Wałęsa",
            "Main Street",
            "DEU",
            "Paris",
            "15.06",
            "/9j/",
        ] {
            assert!(!shown.contains(value), "{what}: {shown}");
        }
        assert!(shown.contains(rule.id()), "{what}");
    }
    let mut licence = complete();
    let bad = map(&[
        ("vehicle_category_code", text("B")),
        ("codes", Value::Array(vec![map(&[])])),
    ]);
    licence.set(
        "driving_privileges",
        Value::Array(vec![map(&[("vehicle_category_code", text("A"))]), bad]),
    );
    assert_eq!(
        licence.examine().to_string(),
        "error member-missing org.iso.18013.5.1/driving_privileges[1].codes[0].code: expected tstr, found nothing"
    );
}

#[test]
fn every_mandatory_element_is_missed() {
    for row in mdl_mdoc::data_elements::iso_name_space::ROWS
        .iter()
        .take(11)
    {
        let mut licence = complete();
        licence.remove(ISO, &row.element_identifier);
        let report = licence.examine();
        assert!(
            rules(&report).contains(&Rule::MandatoryElementMissing),
            "{}",
            row.element_identifier
        );
        assert!(report.has_errors());
    }
}

#[test]
fn aamva_elements_are_not_asked_of_anyone_else() {
    let mut licence = complete();
    licence.elements.retain(|(ns, ..)| *ns == ISO);
    assert!(licence.examine().is_empty());
}

#[test]
fn ages_are_as_of_valid_from_in_the_calendar_of_the_authority() {
    // Born on 15 June 1990: 36 from the start of 15 June 2026.
    let mut licence = complete();
    licence.set("age_in_years", Value::Unsigned(36));
    licence.set("age_over_36", Value::Bool(true));
    licence.context.valid_from = datetime!(2026-06-14 23:00 UTC);
    licence.context.valid_until = datetime!(2026-07-14 23:00 UTC);
    assert_eq!(
        rules(&licence.examine()),
        [Rule::AgeInYearsBirthDate, Rule::AgeOverBirthDate]
    );
    licence.context.calendar_offset = UtcOffset::from_hms(2, 0, 0).unwrap();
    assert!(licence.examine().is_empty());
}

#[test]
fn a_licence_is_good_throughout_its_last_day() {
    let mut licence = complete();
    licence.set("expiry_date", full_date("2026-02-10"));
    licence.context.valid_until = datetime!(2026-02-10 23:59:59 UTC);
    assert!(licence.examine().is_empty());
    licence.context.valid_until = datetime!(2026-02-11 00:00:00 UTC);
    assert_eq!(rules(&licence.examine()), [Rule::ValidUntilAfterExpiry]);
    licence.context.calendar_offset = UtcOffset::from_hms(-8, 0, 0).unwrap();
    assert!(licence.examine().is_empty());
}

#[test]
fn a_document_signer_without_a_state_ties_no_jurisdiction() {
    let mut licence = complete();
    licence.context.document_signer = Some(DocumentSignerName {
        country: "US",
        state: None,
    });
    assert!(licence.examine().is_empty());
}

#[test]
fn an_empty_distinguishing_sign_and_no_privileges_are_fine() {
    let mut licence = complete();
    licence.set("un_distinguishing_sign", text(""));
    licence.set("driving_privileges", Value::Array(vec![]));
    assert!(licence.examine().is_empty());
}

#[test]
fn reports_stay_small_and_still_say_no() {
    let mut licence = complete();
    let many = vec![Value::Null; 1_000];
    licence.set("driving_privileges", Value::Array(many));
    let report = licence.examine();
    assert_eq!((report.violations().len(), report.omitted()), (256, 744));
    assert!(report.has_errors());
}
