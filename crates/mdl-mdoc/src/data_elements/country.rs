//! ISO 3166-1 alpha-2 country codes, and the shape of ISO 3166-2 subdivision codes.
//!
//! The list is that of ISO 3166-1:2020, unchanged since. User-assigned codes count as codes, because the
//! standard lets issuers that have none use one: AA, QM to QZ, XA to XZ and ZZ. Codes that are merely
//! reserved do not (UK for GB, EU, SU): they are what people mistype.

/// The officially assigned codes, sorted.
const ASSIGNED: &[[u8; 2]] = &[
    *b"AD", *b"AE", *b"AF", *b"AG", *b"AI", *b"AL", *b"AM", *b"AO", *b"AQ", *b"AR", *b"AS", *b"AT",
    *b"AU", *b"AW", *b"AX", *b"AZ", *b"BA", *b"BB", *b"BD", *b"BE", *b"BF", *b"BG", *b"BH", *b"BI",
    *b"BJ", *b"BL", *b"BM", *b"BN", *b"BO", *b"BQ", *b"BR", *b"BS", *b"BT", *b"BV", *b"BW", *b"BY",
    *b"BZ", *b"CA", *b"CC", *b"CD", *b"CF", *b"CG", *b"CH", *b"CI", *b"CK", *b"CL", *b"CM", *b"CN",
    *b"CO", *b"CR", *b"CU", *b"CV", *b"CW", *b"CX", *b"CY", *b"CZ", *b"DE", *b"DJ", *b"DK", *b"DM",
    *b"DO", *b"DZ", *b"EC", *b"EE", *b"EG", *b"EH", *b"ER", *b"ES", *b"ET", *b"FI", *b"FJ", *b"FK",
    *b"FM", *b"FO", *b"FR", *b"GA", *b"GB", *b"GD", *b"GE", *b"GF", *b"GG", *b"GH", *b"GI", *b"GL",
    *b"GM", *b"GN", *b"GP", *b"GQ", *b"GR", *b"GS", *b"GT", *b"GU", *b"GW", *b"GY", *b"HK", *b"HM",
    *b"HN", *b"HR", *b"HT", *b"HU", *b"ID", *b"IE", *b"IL", *b"IM", *b"IN", *b"IO", *b"IQ", *b"IR",
    *b"IS", *b"IT", *b"JE", *b"JM", *b"JO", *b"JP", *b"KE", *b"KG", *b"KH", *b"KI", *b"KM", *b"KN",
    *b"KP", *b"KR", *b"KW", *b"KY", *b"KZ", *b"LA", *b"LB", *b"LC", *b"LI", *b"LK", *b"LR", *b"LS",
    *b"LT", *b"LU", *b"LV", *b"LY", *b"MA", *b"MC", *b"MD", *b"ME", *b"MF", *b"MG", *b"MH", *b"MK",
    *b"ML", *b"MM", *b"MN", *b"MO", *b"MP", *b"MQ", *b"MR", *b"MS", *b"MT", *b"MU", *b"MV", *b"MW",
    *b"MX", *b"MY", *b"MZ", *b"NA", *b"NC", *b"NE", *b"NF", *b"NG", *b"NI", *b"NL", *b"NO", *b"NP",
    *b"NR", *b"NU", *b"NZ", *b"OM", *b"PA", *b"PE", *b"PF", *b"PG", *b"PH", *b"PK", *b"PL", *b"PM",
    *b"PN", *b"PR", *b"PS", *b"PT", *b"PW", *b"PY", *b"QA", *b"RE", *b"RO", *b"RS", *b"RU", *b"RW",
    *b"SA", *b"SB", *b"SC", *b"SD", *b"SE", *b"SG", *b"SH", *b"SI", *b"SJ", *b"SK", *b"SL", *b"SM",
    *b"SN", *b"SO", *b"SR", *b"SS", *b"ST", *b"SV", *b"SX", *b"SY", *b"SZ", *b"TC", *b"TD", *b"TF",
    *b"TG", *b"TH", *b"TJ", *b"TK", *b"TL", *b"TM", *b"TN", *b"TO", *b"TR", *b"TT", *b"TV", *b"TW",
    *b"TZ", *b"UA", *b"UG", *b"UM", *b"US", *b"UY", *b"UZ", *b"VA", *b"VC", *b"VE", *b"VG", *b"VI",
    *b"VN", *b"VU", *b"WF", *b"WS", *b"YE", *b"YT", *b"ZA", *b"ZM", *b"ZW",
];

/// Whether `code` is two upper-case letters.
pub(super) fn has_alpha2_shape(code: &str) -> bool {
    matches!(code.as_bytes(), [first, second] if first.is_ascii_uppercase() && second.is_ascii_uppercase())
}

/// Whether `code` is assigned to a country, or to users.
pub fn is_country_code(code: &str) -> bool {
    let &[first, second] = code.as_bytes() else {
        return false;
    };
    let user_assigned = matches!(
        (first, second),
        (b'A', b'A') | (b'Q', b'M'..=b'Z') | (b'X', b'A'..=b'Z') | (b'Z', b'Z')
    );
    user_assigned || ASSIGNED.binary_search(&[first, second]).is_ok()
}

/// Whether `code` has the shape of ISO 3166-2: two upper-case letters, a hyphen, one to three upper-case
/// letters or digits. Whether the subdivision exists is not looked at: the lists change often.
pub(super) fn has_subdivision_shape(code: &str) -> bool {
    let Some((country, subdivision)) = code.split_once('-') else {
        return false;
    };
    has_alpha2_shape(country)
        && (1..=3).contains(&subdivision.len())
        && subdivision
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_complete() {
        assert!(ASSIGNED.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(ASSIGNED.len(), 249);
    }

    #[test]
    fn user_assigned_codes_are_codes_and_reserved_ones_are_not() {
        for code in ["US", "DE", "AA", "QM", "QZ", "XA", "XK", "XZ", "ZZ", "QA"] {
            assert!(is_country_code(code), "{code}");
        }
        for code in ["UK", "EU", "SU", "QL", "ZY", "us", "U", "USA", "", "Ü"] {
            assert!(!is_country_code(code), "{code}");
        }
    }

    #[test]
    fn subdivisions_have_a_hyphen_and_one_to_three_characters() {
        for code in ["US-CA", "GB-SCT", "FR-2A", "AT-9"] {
            assert!(has_subdivision_shape(code), "{code}");
        }
        for code in [
            "USCA", "US-", "US-CALI", "us-CA", "US-ca", "US-C-A", "USX-A", "-CA", "US CA",
        ] {
            assert!(!has_subdivision_shape(code), "{code}");
        }
    }
}
