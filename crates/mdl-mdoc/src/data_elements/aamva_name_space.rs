//! The name space `org.iso.18013.5.1.aamva`: what North American authorities add to the mDL.
//!
//! The versions of the AAMVA mDL Implementation Guidelines differ in presence and in two names. Mandatory
//! here is what is mandatory in every version known, recommended what some make mandatory, and unlisted
//! elements are reported rather than refused. `aka_family_name` and `aka_given_name` exist with and without
//! the suffix `.v2`: identifiers may hold dots.

use std::borrow::Cow;

use super::driving_privileges::DOMESTIC_DRIVING_PRIVILEGES;
use super::element_type::{ElementType, Vocabulary};
use super::schema::Presence::{Mandatory, Optional, Recommended};
use super::schema::Row;

/// The name space, compared byte by byte.
pub const NAME_SPACE: &str = "org.iso.18013.5.1.aamva";

const LATIN1_150: ElementType = ElementType::Latin1Text {
    max_characters: 150,
};
const CLAUSE: &str = "AAMVA";

const SUFFIXES: ElementType = ElementType::TextCode(Vocabulary::Fixed(&[
    "JR", "SR", "1ST", "2ND", "3RD", "4TH", "5TH", "6TH", "7TH", "8TH", "9TH", "I", "II", "III",
    "IV", "V", "VI", "VII", "VIII", "IX",
]));

/// Truncated, not truncated, unknown.
const TRUNCATIONS: ElementType = ElementType::TextCode(Vocabulary::Fixed(&["T", "N", "U"]));

const RACES: ElementType =
    ElementType::TextCode(Vocabulary::Fixed(&["AI", "AP", "BK", "H", "O", "U", "W"]));

/// F complies with the REAL ID act, N does not.
const DHS_COMPLIANCES: ElementType = ElementType::TextCode(Vocabulary::Fixed(&["F", "N"]));

/// The table.
pub static ROWS: &[Row] = &[
    Row::new(
        "domestic_driving_privileges",
        Recommended,
        DOMESTIC_DRIVING_PRIVILEGES,
        CLAUSE,
    ),
    Row::new("name_suffix", Optional, SUFFIXES, CLAUSE),
    Row::new("organ_donor", Optional, ElementType::Flag, CLAUSE),
    Row::new("veteran", Optional, ElementType::Flag, CLAUSE),
    Row::new("family_name_truncation", Mandatory, TRUNCATIONS, CLAUSE),
    Row::new("given_name_truncation", Mandatory, TRUNCATIONS, CLAUSE),
    Row::new("aka_family_name.v2", Optional, LATIN1_150, CLAUSE),
    Row::new("aka_family_name", Optional, LATIN1_150, CLAUSE),
    Row::new("aka_given_name.v2", Optional, LATIN1_150, CLAUSE),
    Row::new("aka_given_name", Optional, LATIN1_150, CLAUSE),
    Row::new("aka_suffix", Optional, SUFFIXES, CLAUSE),
    // From 0 (up to 31 kg) to 9 (146 kg and more).
    Row::new(
        "weight_range",
        Optional,
        ElementType::Uint { min: 0, max: 9 },
        CLAUSE,
    ),
    Row::new("race_ethnicity", Optional, RACES, CLAUSE),
    // 1 driver's licence, 2 identification card; only on an enhanced one.
    Row::new(
        "EDL_credential",
        Optional,
        ElementType::UintCode(Cow::Borrowed(&[1, 2])),
        CLAUSE,
    ),
    // As in the ISO name space, without 0.
    Row::new(
        "sex",
        Mandatory,
        ElementType::UintCode(Cow::Borrowed(&[1, 2, 9])),
        CLAUSE,
    ),
    Row::new("DHS_compliance", Recommended, DHS_COMPLIANCES, CLAUSE),
    Row::new(
        "DHS_compliance_text",
        Optional,
        ElementType::Utf8Text,
        CLAUSE,
    ),
    Row::new(
        "DHS_temporary_lawful_status",
        Optional,
        ElementType::Flag,
        CLAUSE,
    ),
    Row::new("resident_county", Optional, ElementType::Digits(3), CLAUSE),
    Row::new(
        "hazmat_endorsement_expiration_date",
        Optional,
        ElementType::FullDate,
        CLAUSE,
    ),
    Row::new("CDL_indicator", Optional, ElementType::Flag, CLAUSE),
    Row::new("audit_information", Optional, ElementType::Utf8Text, CLAUSE),
    Row::new(
        "aamva_version",
        Optional,
        ElementType::Uint {
            min: 0,
            max: u64::MAX,
        },
        CLAUSE,
    ),
];
