//! Percent-encoding (RFC 3986, 2.1).

use super::InvalidKeyUri;

pub(super) fn decode(text: &str) -> Result<Vec<u8>, InvalidKeyUri> {
    let failed = || InvalidKeyUri::PercentEncoding(text.to_owned());
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = char::from(bytes.next()?).to_digit(16)?;
            u8::try_from(digit).ok()
        };
        let (high, low) = (digit().ok_or_else(failed)?, digit().ok_or_else(failed)?);
        decoded.push(high << 4 | low);
    }
    Ok(decoded)
}

pub(super) fn decode_text(text: &str) -> Result<String, InvalidKeyUri> {
    String::from_utf8(decode(text)?).map_err(|_| InvalidKeyUri::PercentEncoding(text.to_owned()))
}

/// Everything but unreserved characters and those of `also`.
pub(super) fn encode(bytes: &[u8], also: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || also.contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
