//! What is verified, and the values in it. None of it prints a value: that is personal data.

use std::fmt;
use std::time::{Duration, SystemTime};

use mdl_verifier::Issuer;

/// A document in which everything that was asked for holds: the only source of element values.
#[derive(uniffi::Record)]
#[uniffi::export(Display)]
pub struct VerifiedDocument {
    /// `docType`.
    pub doc_type: String,
    /// Who vouches for the issuer-signed elements.
    pub issuer: Issuer,
    /// When the issuer signed it.
    pub signed: SystemTime,
    /// From when on it may be used.
    pub valid_from: SystemTime,
    /// Until when it may be used.
    pub valid_until: SystemTime,
    /// Issuer-signed elements in the order of the response.
    pub elements: Vec<Element>,
    /// Device-signed elements: vouched for by the holder's device, which the issuer authorised for them.
    pub device_signed: Vec<Element>,
}

/// A data element of a verified document.
#[derive(uniffi::Record)]
#[uniffi::export(Display)]
pub struct Element {
    /// Its name space.
    pub name_space: String,
    /// Its identifier within the name space.
    pub identifier: String,
    /// Its value.
    pub value: ElementValue,
}

/// The value of a data element.
#[derive(uniffi::Enum)]
#[uniffi::export(Display)]
pub enum ElementValue {
    /// A text, such as `family_name`.
    Text {
        /// The text.
        value: String,
    },
    /// A date or a time, such as `birth_date`, as RFC 3339 writes it: `1990-01-02` or `1990-01-02T00:00:00Z`.
    Date {
        /// The date, which has no time zone, or the time.
        value: String,
    },
    /// Bytes, such as `portrait`.
    Bytes {
        /// The bytes.
        value: Vec<u8>,
    },
    /// A whole number, such as `height`.
    Integer {
        /// The number.
        value: i64,
    },
    /// Yes or no, such as `age_over_18`.
    Boolean {
        /// The answer.
        value: bool,
    },
    /// Anything else, such as `driving_privileges`, in the JSON of a report.
    Json {
        /// The JSON.
        value: String,
    },
}

impl fmt::Display for VerifiedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedDocument({})", self.doc_type)
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({}: {})", self.name_space, self.identifier)
    }
}

impl fmt::Display for ElementValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ElementValue(..)")
    }
}

impl From<&mdl_verifier::VerifiedDocument> for VerifiedDocument {
    fn from(document: &mdl_verifier::VerifiedDocument) -> Self {
        Self {
            doc_type: document.doc_type.clone(),
            issuer: document.issuer.clone(),
            signed: time(document.signed),
            valid_from: time(document.valid_from),
            valid_until: time(document.valid_until),
            elements: document.elements.iter().map(Element::from).collect(),
            device_signed: document.device_signed.iter().map(Element::from).collect(),
        }
    }
}

impl From<&mdl_verifier::Element> for Element {
    fn from(element: &mdl_verifier::Element) -> Self {
        use mdl_verifier::ElementValue as Value;
        Self {
            name_space: element.name_space.clone(),
            identifier: element.identifier.clone(),
            value: match element.value.clone() {
                Value::Text(value) => ElementValue::Text { value },
                Value::Date(value) => ElementValue::Date { value },
                Value::Bytes(value) => ElementValue::Bytes { value },
                Value::Integer(value) => ElementValue::Integer { value },
                Value::Boolean(value) => ElementValue::Boolean { value },
                Value::Json(value) => ElementValue::Json { value },
            },
        }
    }
}

/// Seconds since 1970 of a verified document, whose times are within the years 0 to 9999.
fn time(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH - distance
    } else {
        SystemTime::UNIX_EPOCH + distance
    }
}
