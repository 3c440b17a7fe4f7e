//! The name space `org.iso.18013.5.1`: the data elements of the mDL (7.2.1, Table 5).
//!
//! The name space is closed: an identifier that is not in the table is not allowed in it.

use std::borrow::Cow;

use super::driving_privileges::DRIVING_PRIVILEGES;
use super::element_type::{ElementType, Vocabulary};
use super::schema::Presence::{Mandatory, Optional};
use super::schema::Row;

/// The name space, compared byte by byte.
pub const NAME_SPACE: &str = crate::MDL_NAME_SPACE;

const LATIN1_150: ElementType = ElementType::Latin1Text {
    max_characters: 150,
};
const UINT: ElementType = ElementType::Uint {
    min: 0,
    max: u64::MAX,
};

/// Eye colours (Table 5).
const EYE_COLOURS: Vocabulary = Vocabulary::Fixed(&[
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
]);

/// Hair colours (Table 5).
const HAIR_COLOURS: Vocabulary = Vocabulary::Fixed(&[
    "bald", "black", "blond", "brown", "grey", "red", "auburn", "sandy", "white", "unknown",
]);

/// ISO/IEC 5218: not known, male, female, not applicable.
const SEXES: &[u64] = &[0, 1, 2, 9];

/// The table, in the standard's order.
pub static ROWS: &[Row] = &[
    Row::new("family_name", Mandatory, LATIN1_150, "7.2.1"),
    Row::new("given_name", Mandatory, LATIN1_150, "7.2.1"),
    Row::new("birth_date", Mandatory, ElementType::FullDate, "7.2.1"),
    Row::new(
        "issue_date",
        Mandatory,
        ElementType::TdateOrFullDate,
        "7.2.1",
    ),
    Row::new(
        "expiry_date",
        Mandatory,
        ElementType::TdateOrFullDate,
        "7.2.1",
    ),
    Row::new(
        "issuing_country",
        Mandatory,
        ElementType::CountryCode,
        "7.2.1",
    ),
    Row::new("issuing_authority", Mandatory, LATIN1_150, "7.2.1"),
    Row::new("document_number", Mandatory, LATIN1_150, "7.2.1"),
    Row::new("portrait", Mandatory, ElementType::Image, "7.2.2"),
    Row::new("driving_privileges", Mandatory, DRIVING_PRIVILEGES, "7.2.4"),
    Row::new(
        "un_distinguishing_sign",
        Mandatory,
        ElementType::DistinguishingSign,
        "7.2.1",
    ),
    Row::new("administrative_number", Optional, LATIN1_150, "7.2.1"),
    Row::new(
        "sex",
        Optional,
        ElementType::UintCode(Cow::Borrowed(SEXES)),
        "7.2.1",
    ),
    Row::new("height", Optional, UINT, "7.2.1"),
    Row::new("weight", Optional, UINT, "7.2.1"),
    Row::new(
        "eye_colour",
        Optional,
        ElementType::TextCode(EYE_COLOURS),
        "7.2.1",
    ),
    Row::new(
        "hair_colour",
        Optional,
        ElementType::TextCode(HAIR_COLOURS),
        "7.2.1",
    ),
    Row::new("birth_place", Optional, LATIN1_150, "7.2.1"),
    Row::new("resident_address", Optional, LATIN1_150, "7.2.1"),
    Row::new(
        "portrait_capture_date",
        Optional,
        ElementType::Tdate,
        "7.2.1",
    ),
    Row::new("age_in_years", Optional, UINT, "7.2.1"),
    Row::new("age_birth_year", Optional, UINT, "7.2.1"),
    Row::new("age_over_NN", Optional, ElementType::AgeOver, "7.2.5"),
    Row::new(
        "issuing_jurisdiction",
        Optional,
        ElementType::Subdivision,
        "7.2.1",
    ),
    Row::new("nationality", Optional, ElementType::CountryCode, "7.2.1"),
    // Second edition only; older readers do not know it and ignore it.
    Row::new(
        "resident_street",
        Optional,
        LATIN1_150,
        "second edition 13.4.2",
    ),
    Row::new("resident_city", Optional, LATIN1_150, "7.2.1"),
    Row::new("resident_state", Optional, LATIN1_150, "7.2.1"),
    Row::new("resident_postal_code", Optional, LATIN1_150, "7.2.1"),
    Row::new(
        "resident_country",
        Optional,
        ElementType::CountryCode,
        "7.2.1",
    ),
    Row::new(
        "biometric_template_xx",
        Optional,
        ElementType::BiometricTemplate,
        "7.2.6",
    ),
    Row::new(
        "family_name_national_character",
        Optional,
        ElementType::Utf8Text,
        "7.2.1",
    ),
    Row::new(
        "given_name_national_character",
        Optional,
        ElementType::Utf8Text,
        "7.2.1",
    ),
    Row::new(
        "signature_usual_mark",
        Optional,
        ElementType::Image,
        "7.2.7",
    ),
];
