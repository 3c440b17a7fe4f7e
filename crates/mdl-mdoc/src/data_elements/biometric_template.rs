//! `biometric_template_xx`: a biometric information template without its outer tag.
//!
//! The value starts with tag 7F61 and a BER-TLV length that covers the rest. What is inside is the business
//! of 18013-2 and of the comparison engine, and is not looked at.
//!
//! ISO/IEC 18013-5, 7.2.6; 18013-2:2020, C.4.7; `xx` is an abstract value name of ISO/IEC 19785-3 Table 7
//! in lower case, with `_` for all that is neither letter nor digit.

use super::report::{Findings, Found, Place};
use super::rule::Rule;

const TAG: [u8; 2] = [0x7f, 0x61];

/// Whether `xx` is a possible kind: its shape only, because the registry of kinds grows.
pub(super) fn is_kind(xx: &str) -> bool {
    !xx.is_empty()
        && xx
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

pub(super) fn check(template: &[u8], place: &Place<'_>, findings: &mut Findings) {
    let Some(rest) = template.strip_prefix(&TAG) else {
        let expected = "a template that starts with tag 7F61";
        findings.add(
            place,
            Rule::BiometricTemplateTag,
            expected,
            Found::Bytes(template.len()),
        );
        return;
    };
    match ber_length(rest) {
        Some((length, content)) if length == content => {}
        announced => {
            let found = match announced {
                Some((length, content)) => {
                    format!("a length of {length} before {content} bytes").into()
                }
                None => "no BER-TLV length of up to 4 bytes".into(),
            };
            let expected = "a length that covers the rest of the template";
            findings.add(
                place,
                Rule::BiometricTemplateLength,
                expected,
                Found::Fact(found),
            );
        }
    }
}

/// The definite length at the start of `bytes`, and the number of bytes after it.
fn ber_length(bytes: &[u8]) -> Option<(usize, usize)> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest.len()));
    }
    let digits = usize::from(first & 0x7f);
    if !(1..=4).contains(&digits) {
        return None;
    }
    let (digits, content) = rest.split_at_checked(digits)?;
    let length = digits.iter().try_fold(0usize, |sum, &digit| {
        sum.checked_mul(256)?.checked_add(usize::from(digit))
    })?;
    Some((length, content.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_short_and_long_form() {
        assert_eq!(ber_length(&[0x02, 1, 2]), Some((2, 2)));
        assert_eq!(ber_length(&[0x81, 0x02, 1, 2]), Some((2, 2)));
        assert_eq!(ber_length(&[0x82, 0x01, 0x00]), Some((256, 0)));
        assert_eq!(ber_length(&[0x80]), None);
        assert_eq!(ber_length(&[0x82, 0x01]), None);
        assert_eq!(ber_length(&[]), None);
    }
}
