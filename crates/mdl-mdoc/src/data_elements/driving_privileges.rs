//! Driving privileges: what the holder may drive, by the vehicle categories of the Vienna convention or by
//! domestic classes.
//!
//! Dates inside are full-date only, also where `issue_date` of the licence itself is a tdate. Category codes
//! and restriction codes are not enumerated: states have their own.
//!
//! ISO/IEC 18013-5, 7.2.4; AAMVA mDL Implementation Guidelines for the domestic form.

use std::borrow::Cow;

use super::element_type::{ElementType, ItemType, Member};

const fn list_of(item: &'static ElementType, at_least: usize) -> ElementType {
    ElementType::List {
        of: ItemType::Fixed(item),
        at_least,
    }
}

const fn map_of(members: &'static [Member]) -> ElementType {
    ElementType::Map(Cow::Borrowed(members))
}

/// `DrivingPrivileges`: may be empty, as on an identification card.
pub const DRIVING_PRIVILEGES: ElementType = list_of(&DRIVING_PRIVILEGE, 0);

static DRIVING_PRIVILEGE: ElementType = map_of(DRIVING_PRIVILEGE_MEMBERS);

const DRIVING_PRIVILEGE_MEMBERS: &[Member] = &[
    Member::required("vehicle_category_code", ElementType::VehicleCategory),
    Member::optional(ISSUE_DATE, ElementType::FullDate),
    Member::optional(EXPIRY_DATE, ElementType::FullDate),
    Member::optional("codes", list_of(&CODE, 1)),
];

static CODE: ElementType = map_of(CODE_MEMBERS);

const CODE_MEMBERS: &[Member] = &[
    Member::required("code", ElementType::Utf8Text),
    Member::optional("sign", ElementType::Utf8Text),
    Member::optional("value", ElementType::Utf8Text),
];

/// `domestic_driving_privileges` of the AAMVA name space.
pub const DOMESTIC_DRIVING_PRIVILEGES: ElementType = list_of(&DOMESTIC_DRIVING_PRIVILEGE, 0);

static DOMESTIC_DRIVING_PRIVILEGE: ElementType = map_of(DOMESTIC_DRIVING_PRIVILEGE_MEMBERS);

const DOMESTIC_DRIVING_PRIVILEGE_MEMBERS: &[Member] = &[
    Member::optional("domestic_vehicle_class", map_of(DOMESTIC_VEHICLE_CLASS)),
    Member::optional(
        "domestic_vehicle_restrictions",
        list_of(&DOMESTIC_VEHICLE_RESTRICTION, 1),
    ),
    Member::optional(
        "domestic_vehicle_endorsements",
        list_of(&DOMESTIC_VEHICLE_ENDORSEMENT, 1),
    ),
];

const DOMESTIC_VEHICLE_CLASS: &[Member] = &[
    Member::required("domestic_vehicle_class_code", ElementType::Utf8Text),
    Member::required("domestic_vehicle_class_description", ElementType::Utf8Text),
    Member::optional(ISSUE_DATE, ElementType::FullDate),
    Member::optional(EXPIRY_DATE, ElementType::FullDate),
];

static DOMESTIC_VEHICLE_RESTRICTION: ElementType = map_of(DOMESTIC_VEHICLE_RESTRICTION_MEMBERS);

const DOMESTIC_VEHICLE_RESTRICTION_MEMBERS: &[Member] = &[
    Member::optional("domestic_vehicle_restriction_code", ElementType::Utf8Text),
    Member::required(
        "domestic_vehicle_restriction_description",
        ElementType::Utf8Text,
    ),
];

static DOMESTIC_VEHICLE_ENDORSEMENT: ElementType = map_of(DOMESTIC_VEHICLE_ENDORSEMENT_MEMBERS);

const DOMESTIC_VEHICLE_ENDORSEMENT_MEMBERS: &[Member] = &[
    Member::optional("domestic_vehicle_endorsement_code", ElementType::Utf8Text),
    Member::required(
        "domestic_vehicle_endorsement_description",
        ElementType::Utf8Text,
    ),
];

pub(super) const ISSUE_DATE: &str = "issue_date";
pub(super) const EXPIRY_DATE: &str = "expiry_date";

/// The vehicle categories of 18013-1 Annex B.
pub const VEHICLE_CATEGORIES: &[&str] = &[
    "A", "B", "C", "D", "BE", "CE", "DE", "AM", "A1", "A2", "B1", "C1", "D1", "C1E", "D1E",
];
