//! PEM (RFC 7468) of what the other crates leave to us: public keys.

use base64ct::{Base64, Encoding};

/// The bytes of the first block with this label.
pub(crate) fn decode(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let compact: String = body.split_ascii_whitespace().collect();
    Base64::decode_vec(&compact).ok()
}

/// A block of `der`, lines of 64 characters ended by `\n`.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, others) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = others;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_decoded() {
        for len in [0, 1, 47, 48, 49, 200] {
            let bytes = vec![0xa5; len];
            let text = encode("PUBLIC KEY", &bytes);
            assert!(text.lines().all(|line| line.len() <= 64));
            assert_eq!(decode(&text, "PUBLIC KEY"), Some(bytes));
            assert_eq!(decode(&text, "PRIVATE KEY"), None);
        }
    }
}
