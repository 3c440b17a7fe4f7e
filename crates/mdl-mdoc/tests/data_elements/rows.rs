//! Every row of the tables, with values that it takes and one that it refuses.

use std::collections::BTreeSet;

use mdl_mdoc::cbor::Value;
use mdl_mdoc::data_elements::{ElementType, Presence, Schema, aamva_name_space, iso_name_space};

use crate::licence::{CODESTREAM, EXIF, JPEG, complete};

#[test]
fn the_complete_licence_exercises_every_row() {
    let licence = complete();
    let mut described = BTreeSet::new();
    for (name_space, identifier, _) in &licence.elements {
        let schema = Schema::mdl();
        let row = schema
            .name_space(name_space)
            .and_then(|known| known.row(identifier));
        described.insert((*name_space, row.unwrap().element_identifier.to_string()));
    }
    for schema in Schema::mdl().name_spaces() {
        for row in schema.rows() {
            let key = (schema.name_space(), row.element_identifier.to_string());
            assert!(described.contains(&key), "{key:?}");
        }
    }
    assert_eq!(
        described.len(),
        iso_name_space::ROWS.len() + aamva_name_space::ROWS.len()
    );
}

#[test]
fn every_row_refuses_a_value_of_another_type() {
    let names: Vec<_> = complete()
        .elements
        .iter()
        .map(|(ns, id, _)| (*ns, *id))
        .collect();
    for (name_space, identifier) in names {
        for wrong in [
            Value::Null,
            Value::Float(1.0),
            Value::Negative(0),
            Value::Tag(24, Box::new(Value::Null)),
        ] {
            let mut licence = complete();
            *licence.value(name_space, identifier) = wrong;
            let report = licence.examine();
            let violation = &report.violations()[0];
            assert_eq!(violation.rule.id(), "wrong-type", "{identifier}");
            assert_eq!(
                (&*violation.name_space, &*violation.element_identifier),
                (name_space, identifier)
            );
        }
    }
}

#[test]
fn the_tables_have_the_rows_of_the_standard() {
    let mandatory = |rows: &[mdl_mdoc::data_elements::Row]| {
        rows.iter()
            .filter(|row| row.presence == Presence::Mandatory)
            .count()
    };
    assert_eq!(
        (iso_name_space::ROWS.len(), mandatory(iso_name_space::ROWS)),
        (34, 11)
    );
    assert_eq!(
        (
            aamva_name_space::ROWS.len(),
            mandatory(aamva_name_space::ROWS)
        ),
        (23, 3)
    );
}

#[test]
fn types_read_like_the_standard() {
    let row = |identifier: &str| {
        let schema = Schema::mdl();
        schema.name_spaces()[0]
            .row(identifier)
            .unwrap()
            .element_type
            .to_string()
    };
    assert_eq!(
        row("family_name"),
        "tstr of ISO/IEC 8859-1, at most 150 characters"
    );
    assert_eq!(row("sex"), "uint, one of 0, 1, 2, 9");
    assert_eq!(row("height"), "uint");
    assert_eq!(
        row("driving_privileges"),
        "array of map of vehicle_category_code, issue_date?, expiry_date?, codes?"
    );
    assert_eq!(
        ElementType::TdateOrFullDate.to_string(),
        "tdate (tag 0) or full-date (tag 1004)"
    );
}

#[test]
fn every_word_of_a_vocabulary_is_accepted() {
    let words: [(&str, &[&str]); 2] = [
        (
            "eye_colour",
            &[
                "black",
                "blue",
                "brown",
                "dichromatic",
                "grey",
                "green",
                "hazel",
                "maroon",
                "pink",
                "unknown",
            ],
        ),
        (
            "hair_colour",
            &[
                "bald", "black", "blond", "brown", "grey", "red", "auburn", "sandy", "white",
                "unknown",
            ],
        ),
    ];
    for (identifier, words) in words {
        for word in words {
            let mut licence = complete();
            licence.set(identifier, Value::Text(word));
            assert!(licence.examine().is_empty(), "{word}");
        }
    }
    for sex in [0, 1, 2, 9] {
        let mut licence = complete();
        licence.set("sex", Value::Unsigned(sex));
        assert!(licence.examine().is_empty(), "{sex}");
    }
    for suffix in ["JR", "SR", "1ST", "2ND", "3RD", "9TH", "I", "IX"] {
        let mut licence = complete();
        licence.set_aamva("name_suffix", Value::Text(suffix));
        assert!(licence.examine().is_empty(), "{suffix}");
    }
}

#[test]
fn portraits_may_be_jfif_exif_jp2_or_a_bare_codestream() {
    let mut jp2 = b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 \0\0\0\0jp2c".to_vec();
    jp2.extend_from_slice(CODESTREAM);
    for image in [JPEG, EXIF, CODESTREAM, jp2.leak()] {
        let mut licence = complete();
        licence.set("portrait", Value::Bytes(image));
        assert_eq!(licence.examine().to_string(), "");
    }
}
