//! `age_over_NN`: how a holder answers a question about age, and what the answer proves.
//!
//! A document holds a few statements, and a reader may ask about an age that none of them names. The holder
//! then returns the nearest one that decides the question, under *its own* identifier; a reader that looks
//! only for the identifier it asked for misses the answer.
//!
//! Age is counted in whole years on a calendar day: NN years are reached on the NNth birthday. Someone born on
//! 29 February has the birthday on 1 March in other years, the later of the two customs, so that no statement
//! makes anybody older than every law does. Which day it is depends on the place: the issuing authority
//! says where its calendar is ([`GateContext::calendar_offset`](super::GateContext::calendar_offset)).
//!
//! ISO/IEC 18013-5, 7.2.5.

use time::Date;

use super::schema::AGE_OVER;

/// The most `age_over_NN` elements that one retrieval may ask for or return (7.2.5).
pub const MAX_PER_RETRIEVAL: usize = 2;

/// The NN of `age_over_NN`: 0 to 99, written in two digits. `None` for any other identifier.
pub fn years_of(element_identifier: &str) -> Option<u8> {
    match element_identifier.strip_prefix(AGE_OVER)?.as_bytes() {
        &[tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + (ones - b'0')),
        _ => None,
    }
}

/// The age in whole years on the day `on`. `None` before birth.
pub fn age_in_years(birth_date: Date, on: Date) -> Option<u32> {
    let had_birthday =
        (u8::from(on.month()), on.day()) >= (u8::from(birth_date.month()), birth_date.day());
    let years = on.year() - birth_date.year() - i32::from(!had_birthday);
    u32::try_from(years).ok()
}

/// What a holder returns when asked for `age_over_NN` with NN = `asked`: the smallest true statement from NN
/// up; else the largest false one up to NN; else nothing. Both sides are (NN, value).
pub fn nearest(asked: u8, statements: impl IntoIterator<Item = (u8, bool)>) -> Option<(u8, bool)> {
    let (mut proves, mut refutes) = (None::<u8>, None::<u8>);
    for (years, is_over) in statements {
        if is_over && years >= asked {
            proves = Some(proves.map_or(years, |nearest| nearest.min(years)));
        } else if !is_over && years <= asked {
            refutes = Some(refutes.map_or(years, |nearest| nearest.max(years)));
        }
    }
    proves
        .map(|years| (years, true))
        .or(refutes.map(|years| (years, false)))
}

/// What disclosed statements prove about an age.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AgeAnswer {
    /// The holder has reached the age.
    Reached,
    /// The holder has not reached it.
    NotReached,
    /// Nothing that was disclosed decides it.
    Undecided,
    /// The statements contradict one another; believe neither.
    Contradictory,
}

/// What `disclosed` statements (NN, value) prove about the age `asked`, whichever identifier was asked for.
pub fn proven(asked: u8, disclosed: impl IntoIterator<Item = (u8, bool)>) -> AgeAnswer {
    let (mut reached, mut not_reached) = (false, false);
    for (years, is_over) in disclosed {
        reached |= is_over && years >= asked;
        not_reached |= !is_over && years <= asked;
    }
    match (reached, not_reached) {
        (true, false) => AgeAnswer::Reached,
        (false, true) => AgeAnswer::NotReached,
        (false, false) => AgeAnswer::Undecided,
        (true, true) => AgeAnswer::Contradictory,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn only_two_digits_name_an_age() {
        assert_eq!(years_of("age_over_00"), Some(0));
        assert_eq!(years_of("age_over_99"), Some(99));
        for other in [
            "age_over_8",
            "age_over_018",
            "age_over_",
            "age_over_1a",
            "age_over_１８",
            "Age_over_18",
        ] {
            assert_eq!(years_of(other), None, "{other}");
        }
    }

    #[test]
    fn years_are_complete_on_the_birthday() {
        let born = date!(2000 - 06 - 15);
        assert_eq!(age_in_years(born, date!(2018 - 06 - 14)), Some(17));
        assert_eq!(age_in_years(born, date!(2018 - 06 - 15)), Some(18));
        assert_eq!(age_in_years(born, date!(2000 - 06 - 15)), Some(0));
        assert_eq!(age_in_years(born, date!(2000 - 06 - 14)), None);
        assert_eq!(age_in_years(born, date!(1990 - 12 - 31)), None);
    }

    #[test]
    fn a_leap_day_child_is_older_on_the_first_of_march() {
        let born = date!(2004 - 02 - 29);
        assert_eq!(age_in_years(born, date!(2022 - 02 - 28)), Some(17));
        assert_eq!(age_in_years(born, date!(2022 - 03 - 01)), Some(18));
        assert_eq!(age_in_years(born, date!(2024 - 02 - 28)), Some(19));
        assert_eq!(age_in_years(born, date!(2024 - 02 - 29)), Some(20));
    }

    #[test]
    fn the_nearest_statement_answers_as_in_the_annex() {
        // Stored: age_over_21 and age_over_60. Columns: an age of 19; of 21 or 30; of 60 or 64.
        const TABLE: [([u8; 3], &str, &str, &str); 5] = [
            ([18, 19, 20], "none", "21=true", "21=true"),
            ([21, 21, 21], "21=false", "21=true", "21=true"),
            ([25, 30, 50], "21=false", "none", "60=true"),
            ([60, 60, 60], "60=false", "60=false", "60=true"),
            ([63, 64, 65], "60=false", "60=false", "none"),
        ];
        let answer = |asked: u8, age: u8| match nearest(asked, [(21, age >= 21), (60, age >= 60)]) {
            Some((years, is_over)) => format!("{years}={is_over}"),
            None => "none".to_owned(),
        };
        for (questions, at_19, at_21, at_60) in TABLE {
            for asked in questions {
                assert_eq!(answer(asked, 19), at_19, "{asked} asked");
                assert_eq!(answer(asked, 21), at_21, "{asked} asked");
                assert_eq!(answer(asked, 30), at_21, "{asked} asked");
                assert_eq!(answer(asked, 60), at_60, "{asked} asked");
                assert_eq!(answer(asked, 64), at_60, "{asked} asked");
            }
        }
    }

    #[test]
    fn what_a_holder_returns_proves_the_truth_or_nothing() {
        for (age, asked) in (0..=99).flat_map(|age| (0..=99).map(move |asked| (age, asked))) {
            let stored = [16, 18, 21, 25, 60].map(|years| (years, age >= years));
            let answer = proven(asked, nearest(asked, stored));
            let truth = if age >= asked {
                AgeAnswer::Reached
            } else {
                AgeAnswer::NotReached
            };
            assert!(
                answer == truth || answer == AgeAnswer::Undecided,
                "{age} {asked} {answer:?}"
            );
        }
    }

    #[test]
    fn contradicting_statements_prove_nothing() {
        assert_eq!(
            proven(21, [(25, true), (18, false)]),
            AgeAnswer::Contradictory
        );
        assert_eq!(proven(30, [(25, true), (35, false)]), AgeAnswer::Undecided);
    }
}
