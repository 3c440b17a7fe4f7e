//! A writer of DER, shared with nothing that is under test.

use time::OffsetDateTime;

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const UTF8_STRING: u8 = 0x0c;

/// Tag, length, content.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if let Ok(short @ 0..0x80) = u8::try_from(length) {
        out.push(short);
    } else {
        let octets = length.to_be_bytes();
        let octets: Vec<u8> = octets.into_iter().skip_while(|octet| *octet == 0).collect();
        // A usize has at most eight octets.
        out.push(0x80 | octets.len() as u8);
        out.extend(octets);
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.concat())
}

/// A positive INTEGER from its big-endian magnitude.
pub(crate) fn integer(magnitude: &[u8]) -> Vec<u8> {
    let zeros = magnitude.iter().take_while(|octet| **octet == 0).count();
    let mut content = magnitude[zeros..].to_vec();
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    tlv(0x02, &content)
}

/// An OBJECT IDENTIFIER from its dotted form, if it is one.
pub(crate) fn oid(dotted: &str) -> Option<Vec<u8>> {
    let arcs: Vec<u64> = dotted
        .split('.')
        .map(|arc| arc.parse().ok())
        .collect::<Option<_>>()?;
    let (first, rest) = arcs.split_first()?;
    let (second, rest) = rest.split_first()?;
    if *first > 2 || *second > 39 {
        return None;
    }
    let mut content = Vec::new();
    for arc in std::iter::once(&(first * 40 + second)).chain(rest) {
        let mut octets = vec![(arc & 0x7f) as u8];
        let mut arc = arc >> 7;
        while arc > 0 {
            octets.push(0x80 | (arc & 0x7f) as u8);
            arc >>= 7;
        }
        content.extend(octets.into_iter().rev());
    }
    Some(tlv(0x06, &content))
}

/// A BIT STRING whose last octet is full.
pub(crate) fn bit_string(octets: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[0], octets].concat())
}

/// UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5).
pub(crate) fn time(at: OffsetDateTime) -> Vec<u8> {
    let year = at.year();
    let rest = format!(
        "{:02}{:02}{:02}{:02}{:02}Z",
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    if (1950..2050).contains(&year) {
        tlv(0x17, format!("{:02}{rest}", year % 100).as_bytes())
    } else {
        tlv(0x18, format!("{year:04}{rest}").as_bytes())
    }
}

/// `Extension`; FALSE is the default of `critical` and not written.
pub(crate) fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[0x01, 0x01, 0xff] } else { &[] };
    sequence(&[oid, critical, &tlv(OCTET_STRING, value)])
}

/// Whether these octets are one value, with nothing after it.
pub(crate) fn is_one_value(octets: &[u8]) -> bool {
    let Some((&length, rest)) = octets.get(1..).and_then(<[u8]>::split_first) else {
        return false;
    };
    if length < 0x80 {
        return rest.len() == usize::from(length);
    }
    let count = usize::from(length & 0x7f);
    match rest.get(..count) {
        Some(octets) if (1..=4).contains(&count) => {
            let length = octets
                .iter()
                .fold(0usize, |sum, octet| sum << 8 | usize::from(*octet));
            rest.len() - count == length
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_lengths_are_those_of_the_standards() {
        assert_eq!(
            oid("1.0.18013.5.1.2").unwrap(),
            [6, 7, 0x28, 0x81, 0x8c, 0x5d, 5, 1, 2]
        );
        assert_eq!(oid("2.5.29.15").unwrap(), [6, 3, 0x55, 0x1d, 0x0f]);
        assert_eq!((oid("3.1"), oid("1.40"), oid("1")), (None, None, None));
        assert_eq!(tlv(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(tlv(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
        assert_eq!(integer(&[0, 0x80]), [2, 2, 0, 0x80]);
    }

    #[test]
    fn one_value_is_told_from_less_and_more() {
        assert!(is_one_value(&tlv(0x30, &[0; 300])));
        for wrong in [&[][..], &[0x30], &[0x30, 1], &[0x30, 0, 0], &[0x30, 0x80]] {
            assert!(!is_one_value(wrong), "{wrong:02x?}");
        }
    }
}
