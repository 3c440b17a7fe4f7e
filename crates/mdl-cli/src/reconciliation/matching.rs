//! Which signature belongs to which entry, for one key.
//!
//! Entry and signature fit when the signature's time is at most the tolerance after the entry's, or before it; records
//! have whole seconds, cut off, so "before" is a second more. As every entry has a window of the same length, going
//! through both sides in the order of time and taking the first pair that fits gives a largest matching: whatever a
//! largest matching does with the first two that fit, they can be swapped into a pair without losing one.
//!
//! What is left over goes through the same once more with a wider window, [`Windows::reach`]: a pair found there is late,
//! and better said to be late than said to be two faults.

use std::collections::VecDeque;

use super::key_use::{Entry, KeyUse};

/// Records are cut off to whole seconds.
const RESOLUTION: i64 = 1_000_000;

/// How far apart in time an entry and its signature may be, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    /// No further, and all is well.
    pub(super) tolerance: i64,
    /// No further, and they are a pair that is out of time.
    pub(super) reach: i64,
}

/// What became of an entry or a signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// A pair.
    Pair,
    /// A pair whose times differ by more than the tolerance.
    OutOfTime { entry: Entry, signature: KeyUse },
    /// An entry that no signature was left for. `exact`: there is none in its window at all.
    EntryLeft { entry: Entry, exact: bool },
    /// A signature that no entry was left for. `exact`: there is none in its window at all.
    SignatureLeft { signature: KeyUse, exact: bool },
}

/// Matches the entries and signatures of one key; both have to come in the order of their times.
#[derive(Debug)]
pub(super) struct Matching {
    windows: Windows,
    entries: VecDeque<Entry>,
    signatures: VecDeque<KeyUse>,
    last_entry: Option<i64>,
    last_signature: Option<i64>,
    entries_left: VecDeque<(Entry, bool)>,
    signatures_left: VecDeque<(KeyUse, bool)>,
    decided: VecDeque<Outcome>,
}

impl Matching {
    pub(super) fn new(windows: Windows) -> Self {
        Self {
            windows,
            entries: VecDeque::new(),
            signatures: VecDeque::new(),
            last_entry: None,
            last_signature: None,
            entries_left: VecDeque::new(),
            signatures_left: VecDeque::new(),
            decided: VecDeque::new(),
        }
    }

    /// To be called with both sides in one order of time, so that what waits is bounded by the windows.
    pub(super) fn entry(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        self.settle(entry.at);
    }

    /// See [`entry`](Self::entry).
    pub(super) fn signature(&mut self, signature: KeyUse) {
        self.signatures.push_back(signature);
        self.settle(signature.at);
    }

    /// Nothing comes any more.
    pub(super) fn finish(&mut self) {
        self.settle(i64::MAX);
    }

    /// The next thing that is decided.
    pub(super) fn decided(&mut self) -> Option<Outcome> {
        self.decided.pop_front()
    }

    /// Decides what nothing that comes at `now` or later can change.
    fn settle(&mut self, now: i64) {
        let tolerance = self.windows.tolerance;
        loop {
            match (self.entries.front(), self.signatures.front()) {
                (Some(&entry), Some(&signature)) => {
                    if fits(entry.at, signature.at, tolerance) {
                        self.entries.pop_front();
                        self.signatures.pop_front();
                        self.last_entry = Some(entry.at);
                        self.last_signature = Some(signature.at);
                        self.decided.push_back(Outcome::Pair);
                    } else if entry.at < signature.at {
                        self.leave_entry(entry);
                    } else {
                        self.leave_signature(signature);
                    }
                }
                (Some(&entry), None) if !fits(entry.at, now, tolerance) => self.leave_entry(entry),
                (None, Some(&signature)) if !fits(now, signature.at, tolerance) => {
                    self.leave_signature(signature);
                }
                _ => break,
            }
        }
        // Nothing earlier than this can still be left over.
        let waiting = [
            self.entries.front().map(|entry| entry.at),
            self.signatures.front().map(|signature| signature.at),
        ];
        let frontier = waiting.into_iter().flatten().fold(now, i64::min);
        self.settle_leftovers(frontier);
    }

    fn leave_entry(&mut self, entry: Entry) {
        self.entries.pop_front();
        self.last_entry = Some(entry.at);
        let exact = !self
            .last_signature
            .is_some_and(|last| fits(entry.at, last, self.windows.tolerance));
        self.entries_left.push_back((entry, exact));
    }

    fn leave_signature(&mut self, signature: KeyUse) {
        self.signatures.pop_front();
        self.last_signature = Some(signature.at);
        let exact = !self
            .last_entry
            .is_some_and(|last| fits(last, signature.at, self.windows.tolerance));
        self.signatures_left.push_back((signature, exact));
    }

    fn settle_leftovers(&mut self, frontier: i64) {
        let reach = self.windows.reach;
        loop {
            match (self.entries_left.front(), self.signatures_left.front()) {
                (Some(&(entry, exact)), Some(&(signature, signature_exact))) => {
                    if fits(entry.at, signature.at, reach) {
                        self.entries_left.pop_front();
                        self.signatures_left.pop_front();
                        self.decided
                            .push_back(Outcome::OutOfTime { entry, signature });
                    } else if entry.at < signature.at {
                        self.entries_left.pop_front();
                        self.decided.push_back(Outcome::EntryLeft { entry, exact });
                    } else {
                        self.signatures_left.pop_front();
                        self.decided.push_back(Outcome::SignatureLeft {
                            signature,
                            exact: signature_exact,
                        });
                    }
                }
                (Some(&(entry, exact)), None) if !fits(entry.at, frontier, reach) => {
                    self.entries_left.pop_front();
                    self.decided.push_back(Outcome::EntryLeft { entry, exact });
                }
                (None, Some(&(signature, exact))) if !fits(frontier, signature.at, reach) => {
                    self.signatures_left.pop_front();
                    self.decided
                        .push_back(Outcome::SignatureLeft { signature, exact });
                }
                _ => break,
            }
        }
    }
}

fn fits(entry: i64, signature: i64, window: i64) -> bool {
    let late = signature.saturating_sub(entry);
    late <= window && late > -window.saturating_add(RESOLUTION)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000;
    const WINDOWS: Windows = Windows {
        tolerance: 10 * SECOND,
        reach: 60 * SECOND,
    };

    fn entry(at: i64) -> Entry {
        Entry {
            key: 0,
            at,
            sequence: 1,
        }
    }

    fn signature(at: i64) -> KeyUse {
        KeyUse {
            key: 0,
            at,
            id: [0; 16],
            failure: 0,
            principal: 0,
            file: 0,
            number: 0,
        }
    }

    fn matched(entries: &[i64], signatures: &[i64]) -> Vec<Outcome> {
        let mut matching = Matching::new(WINDOWS);
        let mut both: Vec<(i64, bool)> = entries.iter().map(|at| (*at, true)).collect();
        both.extend(signatures.iter().map(|at| (*at, false)));
        both.sort_unstable();
        for (at, is_entry) in both {
            match is_entry {
                true => matching.entry(entry(at)),
                false => matching.signature(signature(at)),
            }
        }
        matching.finish();
        std::iter::from_fn(|| matching.decided()).collect()
    }

    #[test]
    fn the_window_has_the_resolution_of_the_records_before_and_none_after() {
        // 12:00:00.9 is recorded as 12:00:00, so a signature may seem up to a second earlier than it was.
        for (late, fits) in [
            (10 * SECOND, true),
            (10 * SECOND + 1, false),
            (-11 * SECOND + 1, true),
            (-11 * SECOND, false),
        ] {
            let outcomes = matched(&[0], &[late]);
            assert_eq!(outcomes == [Outcome::Pair], fits, "{late}");
        }
    }

    #[test]
    fn a_pair_out_of_time_is_one_finding_and_not_two() {
        let outcomes = matched(&[0], &[30 * SECOND]);
        let expected = Outcome::OutOfTime {
            entry: entry(0),
            signature: signature(30 * SECOND),
        };
        assert_eq!(outcomes, [expected]);
        assert_eq!(matched(&[0], &[61 * SECOND]).len(), 2);
    }

    #[test]
    fn what_is_alone_in_its_window_is_named_exactly_and_what_is_not_is_not() {
        let left = |outcomes: &[Outcome]| {
            let exact = outcomes.iter().find_map(|outcome| match outcome {
                Outcome::SignatureLeft { exact, .. } | Outcome::EntryLeft { exact, .. } => {
                    Some(*exact)
                }
                _ => None,
            });
            exact.unwrap()
        };
        assert!(left(&matched(&[], &[0])));
        assert!(left(&matched(&[0], &[])));
        assert!(!left(&matched(&[0], &[0, SECOND])));
        assert!(!left(&matched(&[0, SECOND], &[SECOND])));
        // The signature between two entries' windows is alone, however many there are elsewhere.
        assert!(left(&matched(
            &[0, 400 * SECOND],
            &[0, 200 * SECOND, 400 * SECOND]
        )));
    }

    /// Kuhn's algorithm: slow, and obviously right.
    fn largest_matching(entries: &[i64], signatures: &[i64]) -> usize {
        fn augment(
            entry: usize,
            entries: &[i64],
            signatures: &[i64],
            seen: &mut [bool],
            owner: &mut [Option<usize>],
        ) -> bool {
            for (number, signature) in signatures.iter().enumerate() {
                if seen[number] || !fits(entries[entry], *signature, WINDOWS.tolerance) {
                    continue;
                }
                seen[number] = true;
                let is_free = match owner[number] {
                    None => true,
                    Some(other) => augment(other, entries, signatures, seen, owner),
                };
                if is_free {
                    owner[number] = Some(entry);
                    return true;
                }
            }
            false
        }
        let mut owner = vec![None; signatures.len()];
        (0..entries.len())
            .filter(|entry| {
                let mut seen = vec![false; signatures.len()];
                augment(*entry, entries, signatures, &mut seen, &mut owner)
            })
            .count()
    }

    proptest! {
        #[test]
        fn no_matching_is_larger(
            entries in prop::collection::vec(0..80 * SECOND, 0..25),
            signatures in prop::collection::vec((0..80_i64).prop_map(|at| at * SECOND), 0..25),
        ) {
            let outcomes = matched(&entries, &signatures);
            let pairs = outcomes.iter().filter(|outcome| **outcome == Outcome::Pair).count();
            prop_assert_eq!(pairs, largest_matching(&entries, &signatures));
            let late = outcomes.iter().filter(|it| matches!(it, Outcome::OutOfTime { .. })).count();
            let entries_left = outcomes.iter().filter(|it| matches!(it, Outcome::EntryLeft { .. })).count();
            prop_assert_eq!(pairs + late + entries_left, entries.len());
            prop_assert_eq!(2 * (pairs + late) + outcomes.len() - pairs - late, entries.len() + signatures.len());
        }

        #[test]
        fn an_exact_finding_is_alone_and_another_is_not(
            entries in prop::collection::vec(0..200 * SECOND, 0..12),
            signatures in prop::collection::vec((0..200_i64).prop_map(|at| at * SECOND), 0..12),
        ) {
            for outcome in matched(&entries, &signatures) {
                match outcome {
                    Outcome::EntryLeft { entry, exact } => {
                        let is_alone = !signatures.iter().any(|at| fits(entry.at, *at, WINDOWS.tolerance));
                        prop_assert_eq!(exact, is_alone);
                    }
                    Outcome::SignatureLeft { signature, exact } => {
                        let is_alone = !entries.iter().any(|at| fits(*at, signature.at, WINDOWS.tolerance));
                        prop_assert_eq!(exact, is_alone);
                    }
                    _ => {}
                }
            }
        }
    }
}
