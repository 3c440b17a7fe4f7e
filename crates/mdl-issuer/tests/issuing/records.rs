//! A source of record with the people of a test.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use ciborium::Value;
use mdl_issuer::record::{RecordSource, RecordSourceError, SourceUnavailable, SubjectReference};
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::builder::ElementSet;

/// An element and the value that it has now, if any.
type Change = (&'static str, Option<Value>);

/// People by reference: elements that differ from those of everybody else, and whether the source answers at all.
#[derive(Debug, Default)]
pub(crate) struct Records {
    changed: Mutex<HashMap<String, Vec<Change>>>,
    away: Mutex<Option<SourceUnavailable>>,
}

impl Records {
    /// From now on, this person's element has another value, or is missing.
    pub(crate) fn change(&self, subject: &str, element: &'static str, value: Option<Value>) {
        let mut changed = self.changed.lock().unwrap();
        let elements = changed.entry(subject.to_owned()).or_default();
        elements.push((element, value));
    }

    /// From now on, the source answers or does not.
    pub(crate) fn set_away(&self, is_away: bool) {
        self.fail(is_away.then_some(SourceUnavailable::TimedOut));
    }

    /// From now on, this is why the source does not answer.
    pub(crate) fn fail(&self, reason: Option<SourceUnavailable>) {
        *self.away.lock().unwrap() = reason;
    }
}

#[async_trait]
impl RecordSource for Records {
    async fn fetch(
        &self,
        subject: &SubjectReference,
        _doc_type: &str,
    ) -> Result<ElementSet, RecordSourceError> {
        self.check().await?;
        if subject.expose() == "nobody" {
            return Err(RecordSourceError::NotFound);
        }
        let changed = self.changed.lock().unwrap();
        let changes = changed.get(subject.expose()).cloned().unwrap_or_default();
        let mut set = ElementSet::new();
        for (element, value) in licence() {
            let change = changes
                .iter()
                .rev()
                .find(|(changed, _)| *changed == element);
            let value = change.map_or(Some(value), |(_, value)| value.clone());
            if let Some(value) = value {
                set.add(MDL_NAME_SPACE, element, value).unwrap();
            }
        }
        Ok(set)
    }

    async fn check(&self) -> Result<(), RecordSourceError> {
        match self.away.lock().unwrap().clone() {
            Some(reason) => Err(reason.into()),
            None => Ok(()),
        }
    }
}

pub(crate) fn full_date(text: &str) -> Value {
    Value::Tag(1004, Box::new(text.into()))
}

fn licence() -> Vec<(&'static str, Value)> {
    let entry = |key: &str, value: Value| (Value::from(key), value);
    let privilege = Value::Map(vec![entry("vehicle_category_code", "B".into())]);
    vec![
        ("family_name", "Mustermann".into()),
        ("given_name", "Erika".into()),
        ("birth_date", full_date("1990-01-01")),
        ("issue_date", full_date("2024-10-20")),
        ("expiry_date", full_date("2034-10-20")),
        ("issuing_country", "US".into()),
        ("issuing_jurisdiction", "US-CA".into()),
        ("issuing_authority", "Department of Motor Vehicles".into()),
        ("document_number", "I1234568".into()),
        ("portrait", Value::Bytes(PORTRAIT.to_vec())),
        ("driving_privileges", Value::Array(vec![privilege])),
        ("un_distinguishing_sign", "USA".into()),
        ("age_over_18", true.into()),
        ("age_over_21", true.into()),
    ]
}

/// The segments of a JPEG around no image data to speak of.
const PORTRAIT: &[u8] = &[
    0xff, 0xd8, // start of image
    0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, //
    0xff, 0xc0, 0, 11, 8, 1, 0xe0, 1, 0x68, 1, 1, 0x11, 0, // a frame
    0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, // a scan
    0x12, 0x34, 0x56, 0xff, 0xd9, // end of image
];
