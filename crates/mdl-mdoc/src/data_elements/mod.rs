//! Data elements: what a mobile driving licence says about its holder, and the rules on it.
//!
//! [`Schema`] lists the elements of a document type in the standard's words, as data; [`ElementGate`] holds
//! values against it, for an issuing authority before it signs and for a reader after disclosure. What is found
//! is a list of [`Violation`]s that name element and [`Rule`] and never hold a value. [`age_over`] answers
//! questions about age.
//!
//! ```
//! use mdl_mdoc::cbor::Value;
//! use mdl_mdoc::data_elements::{DataElement, ElementGate, Rule};
//!
//! let birth_date = Value::Text("1990-01-02"); // a full-date must carry tag 1004
//! let disclosed = [DataElement::new("org.iso.18013.5.1", "birth_date", &birth_date)];
//! let report = ElementGate::mdl().examine_disclosed(&disclosed);
//! assert_eq!(report.violations()[0].rule, Rule::WrongTag);
//! ```
//!
//! ISO/IEC 18013-5, 7.2. The easiest thing to get wrong: lengths are in characters, not in bytes.

pub mod aamva_name_space;
pub mod age_over;
mod biometric_template;
mod consistency;
mod country;
mod date;
pub mod driving_privileges;
mod element_type;
mod element_value;
mod gate;
mod image;
pub mod iso_name_space;
mod report;
mod rule;
mod schema;

pub use country::is_country_code;
pub use date::{DateError, FULL_DATE_TAG, TDATE_TAG, parse_full_date, parse_tdate};
pub use element_type::{ElementType, ItemType, Member, Vocabulary};
pub use gate::{DataElement, DocumentSignerName, ElementGate, GateContext};
pub use report::{Found, GateReport, Violation};
pub use rule::{Rule, Severity, Use};
pub use schema::{NameSpaceSchema, Presence, Row, Schema};
