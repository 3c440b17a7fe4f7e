//! Values that must be nowhere, and the search for them in every form that somebody might have kept them in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};

/// Shorter ones would be found by chance.
const SHORTEST: usize = 8;

/// Named values.
#[derive(Default)]
pub(crate) struct Canaries {
    values: BTreeMap<String, Vec<u8>>,
}

impl Canaries {
    pub(crate) fn add(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        let (name, value) = (name.into(), value.into());
        assert!(value.len() >= SHORTEST, "{name} would be found by chance");
        self.values.insert(name, value);
    }

    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.values.keys().map(String::as_str).collect()
    }

    /// The names of those that are there, as they are or encoded.
    pub(crate) fn found_in(&self, haystacks: &[&[u8]]) -> BTreeSet<&str> {
        let mut forms: HashMap<[u8; 4], Vec<(Vec<u8>, &str)>> = HashMap::new();
        // Of most positions, two bytes say that nothing begins there.
        let mut starts = vec![false; 1 << 16];
        for (name, value) in &self.values {
            for form in forms_of(value) {
                let start = [form[0], form[1], form[2], form[3]];
                starts[usize::from(u16::from_le_bytes([form[0], form[1]]))] = true;
                forms.entry(start).or_default().push((form, name));
            }
        }
        let mut found = BTreeSet::new();
        for haystack in haystacks {
            for (at, bytes) in haystack.windows(4).enumerate() {
                if !starts[usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))] {
                    continue;
                }
                for (form, name) in forms.get(bytes).into_iter().flatten() {
                    if haystack[at..].starts_with(form) {
                        found.insert(*name);
                    }
                }
            }
        }
        found
    }
}

/// A value as it is, percent-encoded, in hexadecimal and in base64; the last two also inside of a base64 text, such as
/// a JWT.
fn forms_of(value: &[u8]) -> BTreeSet<Vec<u8>> {
    let percent = url::form_urlencoded::byte_serialize(value).collect::<String>();
    let texts = [hex::encode(value), hex::encode_upper(value)].map(String::into_bytes);
    let texts: Vec<_> = texts.into_iter().chain(in_base64(value)).collect();
    let mut forms = BTreeSet::from([value.to_vec(), percent.into_bytes()]);
    forms.extend(texts.iter().flat_map(|text| in_base64(text)));
    forms.extend(texts);
    forms
}

/// What of a value is visible in the base64 of something that contains it, at each of the three places where it may
/// begin.
fn in_base64(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..3).flat_map(move |before: usize| {
        let whole = [&[0; 2][..before], value].concat();
        let of_value = (before * 8).div_ceil(6)..whole.len() * 8 / 6;
        [
            Base64Unpadded::encode_string(&whole),
            Base64UrlUnpadded::encode_string(&whole),
        ]
        .map(|text| text.as_bytes()[of_value.clone()].to_vec())
    })
}

#[test]
fn a_value_is_found_in_every_form_and_nothing_else_is() {
    let value = b"Kanarienvogel \xff\x00\x10";
    let mut canaries = Canaries::default();
    canaries.add("bird", *value);
    let base64 = |before: &str| {
        let whole = [before.as_bytes(), value, b"}"].concat();
        Base64UrlUnpadded::encode_string(&whole)
    };
    let jwt = |before: &str| Base64UrlUnpadded::encode_string(base64(before).as_bytes());
    for form in [
        hex::encode(value),
        hex::encode_upper(value),
        base64(""),
        base64("{"),
        base64("{{"),
        jwt("{{{"),
        "x=Kanarienvogel+%FF%00%10&".to_owned(),
    ] {
        let text = format!("…{form}…");
        assert!(!canaries.found_in(&[text.as_bytes()]).is_empty(), "{form}");
    }
    assert!(!canaries.found_in(&[b"", value]).is_empty());
    assert!(
        canaries
            .found_in(&[&value[1..], b"Kanarienvogel", b""])
            .is_empty()
    );
}
