//! Whatever happens to a response on its way, it is not accepted with another content; and no bytes make the verifier panic.

use std::ops::Range;

use mdl_mdoc::presentation::encode_device_response;
use mdl_reader::{Conditions, Policy, Verdict};
use proptest::prelude::*;

use crate::authority::NOW;
use crate::licence::{ELEMENTS, given_out, licence};

const POLICIES: [Policy; 3] = [Policy::Strict, Policy::Iso, Policy::Interop];

/// Two elements disclosed, one document type not returned.
fn response(by_mac: bool) -> Vec<u8> {
    let document = licence().document(&[ELEMENTS[0], ELEMENTS[6]], by_mac);
    encode_device_response(&[document], &["org.example"])
}

fn position(bytes: &[u8], part: &[u8]) -> usize {
    bytes
        .windows(part.len())
        .position(|window| window == part)
        .unwrap()
}

/// Where a response says what it says without authentication, by the standard's design: the digit of the minor
/// version, which readers ignore, and the error codes, of which a report gives out nothing.
fn unauthenticated(response: &[u8]) -> (usize, Range<usize>) {
    let minor_version = position(response, b"\x631.0") + 3;
    let errors = position(response, b"\x6edocumentErrors");
    (minor_version, errors..position(response, b"\x66status"))
}

#[test]
fn no_flipped_bit_changes_what_is_given_out() {
    for by_mac in [false, true] {
        let response = response(by_mac);
        let (minor_version, errors) = unauthenticated(&response);
        let original = licence().verify(&response, Policy::Iso);
        assert_eq!(original.verdict(), Verdict::Valid);
        let content = given_out(&original);

        let mut accepted = Vec::new();
        for at in 0..response.len() {
            for bit in 0..8 {
                let mut damaged = response.clone();
                damaged[at] ^= 1 << bit;
                let report = licence().verify(&damaged, Policy::Iso);
                if report.verdict() == Verdict::Valid {
                    assert_eq!(given_out(&report), content, "byte {at}, bit {bit}");
                    accepted.push(at);
                }
            }
        }
        accepted.retain(|at| !errors.contains(at));
        // 1.1, 1.2, 1.4 and 1.8.
        assert_eq!(accepted, [minor_version; 4]);
    }
}

#[test]
fn no_cut_is_accepted() {
    let response = response(false);
    for end in 0..response.len() {
        let report = licence().verify(&response[..end], Policy::Interop);
        assert_ne!(report.verdict(), Verdict::Valid, "{end}");
        assert!(given_out(&report).is_empty(), "{end}");
    }
}

/// Damage beyond single bits.
#[derive(Clone, Debug)]
enum Damage {
    Replace(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
    Repeat(prop::sample::Index, usize),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let range = |at: &prop::sample::Index, len: usize| {
            let start = at.index(bytes.len());
            start..(start + len).min(bytes.len())
        };
        match self {
            Self::Replace(at, new) => {
                bytes.splice(range(at, new.len()), new.iter().copied());
            }
            Self::Remove(at, len) => {
                bytes.drain(range(at, *len));
            }
            Self::Insert(at, new) => {
                bytes.splice(range(at, 0), new.iter().copied());
            }
            Self::Repeat(at, len) => {
                let range = range(at, *len);
                let repeated = bytes[range.clone()].to_vec();
                bytes.splice(range.end..range.end, repeated);
            }
        }
    }
}

fn any_damage() -> impl Strategy<Value = Damage> {
    let bytes = || prop::collection::vec(any::<u8>(), 1..9);
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), bytes()).prop_map(|(at, bytes)| Damage::Replace(at, bytes)),
        (at(), 1..40usize).prop_map(|(at, len)| Damage::Remove(at, len)),
        (at(), bytes()).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (at(), 1..40usize).prop_map(|(at, len)| Damage::Repeat(at, len)),
    ]
}

/// Verified as anything, under every policy: an answer and no panic; nothing given out unless valid.
fn answers(bytes: &[u8]) -> Result<(), TestCaseError> {
    let conditions = Conditions::new(NOW, licence().session());
    for policy in POLICIES {
        let verifier = licence().verifier.clone().with_policy(policy);
        for report in [
            verifier.verify(bytes, &conditions),
            verifier.verify_issuer_signed(bytes, &conditions),
        ] {
            let _ = format!("{report:?}");
            for check in report.failures() {
                let _ = check.cause.as_ref().map(ToString::to_string);
            }
            if report.verdict() != Verdict::Valid {
                for (index, document) in report.documents().iter().enumerate() {
                    prop_assert!(
                        document.verdict() == Verdict::Valid || report.verified(index).is_none()
                    );
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_damaged_response_gives_out_the_same_or_nothing(
        damage in prop::collection::vec(any_damage(), 1..4),
        by_mac: bool,
    ) {
        let original = response(by_mac);
        let content = given_out(&licence().verify(&original, Policy::Iso));
        let mut damaged = original;
        damage.iter().for_each(|damage| damage.apply(&mut damaged));
        let report = licence().verify(&damaged, Policy::Iso);
        let given_out = given_out(&report);
        prop_assert!(given_out.is_empty() || given_out == content);
        answers(&damaged)?;
    }

    #[test]
    fn noise_gets_an_answer(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        answers(&noise)?;
        let report = licence().verify(&noise, Policy::Interop);
        prop_assert_ne!(report.verdict(), Verdict::Valid);
    }

    #[test]
    fn noise_in_the_shape_of_a_response_gets_an_answer(
        noise in prop::collection::vec(any::<u8>(), 0..60),
        at in any::<prop::sample::Index>(),
    ) {
        // The head of a member's value, and noise in place of what follows.
        let mut bytes = response(false);
        let at = at.index(bytes.len());
        let end = (at + noise.len()).min(bytes.len());
        let len = end - at;
        bytes[at..end].copy_from_slice(&noise[..len]);
        answers(&bytes)?;
    }
}
