//! What CBOR is, going by its outermost members.

use mdl_mdoc::cbor::{Checker, DecodeError, Limits, MajorType, Reader};

/// The structures that commands tell apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DocumentStructure {
    /// A map with `issuerAuth`.
    IssuerSigned,
    /// A map with `version` and `status` or `documents`.
    DeviceResponse,
    /// A map with `valueDigests`, alone or in tag 24.
    Mso,
    /// Something else.
    Other,
}

/// Tells what `content` is meant to be.
///
/// # Errors
/// It is not acceptable CBOR.
pub(crate) fn structure_of(content: &[u8]) -> Result<DocumentStructure, DecodeError> {
    let mut checker = Checker::new(content, &Limits::DEFAULT)?;
    let mut reader = Reader::new(content, 0);
    if reader.peek()? == MajorType::Tag
        && let Ok((embedded, _)) = reader.clone().encoded_cbor("")
    {
        checker.check_embedded(embedded, 1)?;
        reader = Reader::new(embedded, checker.offset_of(embedded));
    }
    Ok(members(reader).unwrap_or(DocumentStructure::Other))
}

fn members(mut reader: Reader<'_>) -> Result<DocumentStructure, DecodeError> {
    let mut entries = reader.map("")?;
    while reader.has_entry(&mut entries) {
        if reader.peek()? == MajorType::Text {
            match reader.text("")? {
                "issuerAuth" => return Ok(DocumentStructure::IssuerSigned),
                "valueDigests" => return Ok(DocumentStructure::Mso),
                "documents" | "documentErrors" | "status" => {
                    return Ok(DocumentStructure::DeviceResponse);
                }
                _ => {}
            }
        } else {
            reader.skip()?;
        }
        reader.skip()?;
    }
    Ok(DocumentStructure::Other)
}

/// `MobileSecurityObjectBytes` of an MSO that is, or is not yet, in tag 24.
pub(crate) fn mso_bytes(content: &[u8]) -> Vec<u8> {
    const TAG_24: [u8; 2] = [0xd8, 0x18];
    if Reader::new(content, 0).peek() == Ok(MajorType::Tag) {
        return content.to_vec();
    }
    let mut encoded = TAG_24.to_vec();
    // Writing a byte string to memory cannot fail.
    let written = ciborium::into_writer(&ciborium::Value::Bytes(content.to_vec()), &mut encoded);
    debug_assert!(written.is_ok());
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_are_told_by_their_members() {
        let cases = [
            ("a16a697373756572417574680", None),
            (
                "a16a6973737565724175746880",
                Some(DocumentStructure::IssuerSigned),
            ),
            (
                "a2016161667374617475730a",
                Some(DocumentStructure::DeviceResponse),
            ),
            (
                "a16c76616c756544696765737473a0",
                Some(DocumentStructure::Mso),
            ),
            (
                "d8184fa16c76616c756544696765737473a0",
                Some(DocumentStructure::Mso),
            ),
            ("83f6f6f6", Some(DocumentStructure::Other)),
            ("a0", Some(DocumentStructure::Other)),
            ("d81841ff", None),
        ];
        for (encoded, expected) in cases {
            let found = hex::decode(encoded)
                .ok()
                .and_then(|bytes| structure_of(&bytes).ok());
            assert_eq!(found, expected, "{encoded}");
        }
    }
}
