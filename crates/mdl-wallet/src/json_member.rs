//! Members of received JSON objects, by name and type.

use serde_json::{Map, Value};

/// A member that is absent or of another type than the specification gives it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MemberError {
    /// Required and absent.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Of the wrong type, empty where it must not be, or out of range.
    #[error("{0} is not as specified")]
    Unusable(&'static str),
}

/// Text, if the member is there.
pub(crate) fn optional_text<'j>(
    object: &'j Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'j str>, MemberError> {
    match object.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(MemberError::Unusable(name)),
    }
}

/// Text that must be there and not be empty.
pub(crate) fn text<'j>(
    object: &'j Map<String, Value>,
    name: &'static str,
) -> Result<&'j str, MemberError> {
    match optional_text(object, name)? {
        None => Err(MemberError::Missing(name)),
        Some("") => Err(MemberError::Unusable(name)),
        Some(text) => Ok(text),
    }
}

/// An array of text, if the member is there.
pub(crate) fn optional_texts(
    object: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<Vec<String>>, MemberError> {
    let Some(value) = object.get(name) else {
        return Ok(None);
    };
    let texts = value.as_array().ok_or(MemberError::Unusable(name))?;
    texts
        .iter()
        .map(|text| text.as_str().map(str::to_owned))
        .collect::<Option<Vec<_>>>()
        .map(Some)
        .ok_or(MemberError::Unusable(name))
}

/// An object, if the member is there.
pub(crate) fn optional_object<'j>(
    object: &'j Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'j Map<String, Value>>, MemberError> {
    match object.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_object()
            .map(Some)
            .ok_or(MemberError::Unusable(name)),
    }
}

/// A whole number, if the member is there.
pub(crate) fn optional_number(
    object: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<u64>, MemberError> {
    match object.get(name) {
        None => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or(MemberError::Unusable(name)),
    }
}
