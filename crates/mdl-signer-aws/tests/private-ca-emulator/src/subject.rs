//! `ASN1Subject`, and the names that the service writes from it.

use serde_json::Value;

use crate::der;
use crate::shapes::{member, text};
use crate::wire::AwsError;

/// Member, identifier of the attribute, upper bound; in the order in which the emulator writes them.
const ATTRIBUTES: &[(&str, &str, usize)] = &[
    ("Country", "2.5.4.6", 2),
    ("Organization", "2.5.4.10", 64),
    ("OrganizationalUnit", "2.5.4.11", 64),
    ("State", "2.5.4.8", 128),
    ("Locality", "2.5.4.7", 128),
    ("CommonName", "2.5.4.3", 64),
    ("SerialNumber", "2.5.4.5", 64),
    ("DistinguishedNameQualifier", "2.5.4.46", 64),
    ("Title", "2.5.4.12", 64),
    ("Surname", "2.5.4.4", 40),
    ("GivenName", "2.5.4.42", 16),
    ("Initials", "2.5.4.43", 5),
    ("Pseudonym", "2.5.4.65", 128),
    ("GenerationQualifier", "2.5.4.44", 3),
];

/// Members that an `ASN1Subject` may have.
pub(crate) fn members() -> Vec<&'static str> {
    ATTRIBUTES
        .iter()
        .map(|(name, _, _)| *name)
        .chain(["CustomAttributes"])
        .collect()
}

/// The DER of a name. Which string types the service chooses is not documented: the emulator writes PrintableString
/// wherever the characters allow it, which is not what our own builder does.
pub(crate) fn name(subject: &Value) -> Result<Vec<u8>, AwsError> {
    if member(subject, "CustomAttributes").is_some() {
        return Err(AwsError::invalid_args(
            "this emulator has no custom attributes",
        ));
    }
    let mut attributes = Vec::new();
    for (member, oid, longest) in ATTRIBUTES {
        let Some(text) = text(subject, member, *longest)? else {
            continue;
        };
        if *member == "Country"
            && !(text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()))
        {
            return Err(AwsError::validation(format!(
                "Value at '{member}' failed to satisfy constraint: [A-Za-z]{{2}}"
            )));
        }
        let printable = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte));
        if *member == "SerialNumber" && !printable {
            return Err(AwsError::validation(format!(
                "Value at '{member}' is not a PrintableString"
            )));
        }
        let tag = if printable {
            der::PRINTABLE_STRING
        } else {
            der::UTF8_STRING
        };
        let oid = der::oid(oid).ok_or_else(|| AwsError::validation(*oid))?;
        attributes.push(der::tlv(
            der::SET,
            &der::sequence(&[&oid, &der::tlv(tag, text.as_bytes())]),
        ));
    }
    Ok(der::tlv(der::SEQUENCE, &attributes.concat()))
}
