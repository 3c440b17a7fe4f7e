//! Whether a ledger is as it was written, and if not, which records are not.
//!
//! Entries come in the order of their numbers; a handful are held at a time. Each has three ties: its own hash over
//! content, number and the hash before; the number after the one before; the hash before. What was done to a ledger
//! shows in which of them are broken:
//!
//! - content or hash changed: its own hash; or, where that was computed anew, the tie of the next entry
//! - taken out: the number, or, where the rest was numbered anew, the own hashes of the rest, which fit larger numbers
//! - put in: the same, with smaller numbers
//! - exchanged: own hashes that fit each other's numbers
//!
//! Whoever computes the whole rest of the chain anew leaves all ties whole. That is what checkpoints are against, and
//! the newest entry as the store or an auditor remembers it; whoever can write to the database can change what the store
//! remembers, and take checkpoints away, so only the auditor's memory is against them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use mdl_crypto::PublicKey;

use super::checkpoint::UnverifiedCheckpoint;
use super::entry_hash;
use crate::store::{Hash, LedgerCheckpoint, LedgerHead, LedgerRow};

/// How far from its number an entry is looked for.
const FARTHEST_MOVE: i64 = 64;
/// More findings than this are counted only.
const MAX_FINDINGS: usize = 1000;

/// Something that is not as it was written.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// Entries are missing.
    Deleted {
        /// The number of the first of them.
        from: u64,
        /// The number of the last.
        to: u64,
    },
    /// An entry lies in the place of another.
    Reordered {
        /// Where it lies.
        found: u64,
        /// Where it was written.
        written: u64,
    },
    /// The content of an entry, or its hash, is not what was written.
    Edited {
        /// Its number.
        sequence: u64,
    },
    /// An entry was not written here.
    Inserted {
        /// Where it lies.
        sequence: u64,
    },
    /// The ledger ends before the entry that a checkpoint or the store's own memory says is there.
    Truncated {
        /// The last entry that is there; 0 if there is none.
        last: u64,
        /// The one that was.
        written: u64,
    },
    /// The entry is not the one that was signed: it or one before it was changed, and the chain computed anew.
    CheckpointDiffers {
        /// Its number.
        sequence: u64,
    },
    /// A checkpoint that none of the keys signed, or that says something else than it is kept for.
    CheckpointInvalid {
        /// The entry it is kept for.
        sequence: u64,
    },
    /// The entry is not the one that an auditor remembers: it or one before it was changed, and the chain computed anew.
    EarlierDiffers {
        /// Its number.
        sequence: u64,
    },
    /// The newest entry is not the one that the store remembers.
    HeadDiffers {
        /// The number of the newest entry.
        sequence: u64,
    },
}

impl Finding {
    /// A stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Deleted { .. } => "deleted",
            Self::Reordered { .. } => "reordered",
            Self::Edited { .. } => "edited",
            Self::Inserted { .. } => "inserted",
            Self::Truncated { .. } => "truncated",
            Self::CheckpointDiffers { .. } => "checkpoint-differs",
            Self::CheckpointInvalid { .. } => "checkpoint-invalid",
            Self::EarlierDiffers { .. } => "earlier-differs",
            Self::HeadDiffers { .. } => "head-differs",
        }
    }

    /// The number of the entry, or of the first entry, that it is about.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        match self {
            Self::Deleted { from, .. } => *from,
            Self::Reordered { found, .. } => *found,
            Self::Truncated { last, .. } => *last + 1,
            Self::Edited { sequence }
            | Self::Inserted { sequence }
            | Self::CheckpointDiffers { sequence }
            | Self::CheckpointInvalid { sequence }
            | Self::EarlierDiffers { sequence }
            | Self::HeadDiffers { sequence } => *sequence,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleted { from, to } if from == to => write!(f, "entry {from} was deleted"),
            Self::Deleted { from, to } => write!(f, "entries {from} to {to} were deleted"),
            Self::Reordered { found, written } => {
                write!(f, "entry {written} lies in the place of entry {found}")
            }
            Self::Edited { sequence } => write!(f, "entry {sequence} was edited"),
            Self::Inserted { sequence } => write!(f, "entry {sequence} was inserted"),
            Self::Truncated { last, written } => {
                write!(
                    f,
                    "the ledger ends with entry {last}, but entry {written} was written"
                )
            }
            Self::CheckpointDiffers { sequence } => write!(
                f,
                "entry {sequence} is not the one that was signed: it or one before it was changed"
            ),
            Self::CheckpointInvalid { sequence } => {
                write!(
                    f,
                    "the checkpoint of entry {sequence} is not signed by a known key"
                )
            }
            Self::EarlierDiffers { sequence } => write!(
                f,
                "entry {sequence} is not the one that was there earlier: it or one before it was changed"
            ),
            Self::HeadDiffers { sequence } => {
                write!(
                    f,
                    "entry {sequence} is not the newest one that the store remembers"
                )
            }
        }
    }
}

/// What a verification found.
#[derive(Clone, Debug)]
pub struct LedgerReport {
    /// Entries that were read.
    pub entries: u64,
    /// The number of the newest of them; 0 if there is none.
    pub newest: u64,
    /// Checkpoints whose signature and entry are right.
    pub checkpoints: u64,
    /// The entry up to which a checkpoint vouches; 0 without one.
    pub vouched: u64,
    /// What is not as it was written, at most 1,000, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// How many findings there were beyond those.
    pub more_findings: u64,
}

impl LedgerReport {
    /// Whether nothing was found.
    #[must_use]
    pub const fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Reads a ledger from its first entry to its last.
#[derive(Debug)]
pub struct LedgerVerifier {
    signed: BTreeMap<u64, Hash>,
    /// What an auditor remembers.
    remembered: BTreeMap<u64, Hash>,
    /// Entries that were not judged yet: one is judged when the next is known.
    waiting: VecDeque<LedgerRow>,
    /// The last entry that was judged.
    last: Option<Judged>,
    /// What must be added to a number to get the one that the entry was written with.
    shift: i64,
    /// Numbers that were left out so far; they may still come, out of order.
    missing: Vec<(u64, u64)>,
    report: LedgerReport,
}

#[derive(Clone, Copy, Debug)]
struct Judged {
    sequence: u64,
    hash: Hash,
    /// Whether there is a finding about the entry.
    is_found: bool,
}

impl LedgerVerifier {
    /// Begins, with all checkpoints that are kept and the keys that may have signed them. Without keys, checkpoints are
    /// not looked at.
    #[must_use]
    pub fn new(checkpoints: &[LedgerCheckpoint], keys: &[PublicKey]) -> Self {
        let mut verifier = Self {
            signed: BTreeMap::new(),
            remembered: BTreeMap::new(),
            waiting: VecDeque::with_capacity(2),
            last: None,
            shift: 0,
            missing: Vec::new(),
            report: LedgerReport {
                entries: 0,
                newest: 0,
                checkpoints: 0,
                vouched: 0,
                findings: Vec::new(),
                more_findings: 0,
            },
        };
        if keys.is_empty() {
            return verifier;
        }
        for kept in checkpoints {
            let sequence = kept.head.sequence;
            let read = UnverifiedCheckpoint::parse(&kept.token);
            match read.and_then(|checkpoint| checkpoint.verify(keys)) {
                Some(head) if head == kept.head => {
                    verifier.signed.insert(sequence, head.hash);
                }
                _ => verifier.find(Finding::CheckpointInvalid { sequence }),
            }
        }
        verifier
    }

    /// Takes the newest entry of an earlier time, as an auditor remembers it: it must still be there.
    pub fn remember(&mut self, head: LedgerHead) {
        if head.sequence > 0 {
            self.remembered.insert(head.sequence, head.hash);
        }
    }

    /// Takes the next entry.
    pub fn entry(&mut self, row: LedgerRow) {
        self.report.entries += 1;
        self.waiting.push_back(row);
        if self.waiting.len() > 1 {
            self.judge_next();
        }
    }

    /// Ends. `head` is the newest entry as the store or an auditor remembers it.
    #[must_use]
    pub fn finish(mut self, head: Option<LedgerHead>) -> LedgerReport {
        while !self.waiting.is_empty() {
            self.judge_next();
        }
        for (from, to) in std::mem::take(&mut self.missing) {
            self.find(Finding::Deleted { from, to });
        }
        let last = self.last.map_or(0, |last| last.sequence);
        self.report.newest = last;
        let newest = |known: &BTreeMap<u64, Hash>| known.keys().next_back().copied();
        let written = newest(&self.signed).max(newest(&self.remembered));
        let written = written.unwrap_or(0);
        let remembered = head.map_or(0, |head| head.sequence);
        // Numbered anew after a deletion, the ledger is as long as it was; the deletion has been found.
        let reached = last.saturating_add_signed(self.shift);
        if reached < written.max(remembered) {
            self.find(Finding::Truncated {
                last,
                written: written.max(remembered),
            });
        } else if let (Some(head), Some(last)) = (head, self.last)
            && self.report.findings.is_empty()
            && (last.sequence, last.hash) != (head.sequence, head.hash)
        {
            let sequence = last.sequence;
            self.find(Finding::HeadDiffers { sequence });
        }
        self.report
    }

    fn judge_next(&mut self) {
        let Some(row) = self.waiting.pop_front() else {
            return;
        };
        let expected = self.last.map_or(1, |last| last.sequence + 1);
        if row.sequence < expected {
            self.judge_late(&row);
            return;
        }
        let mut is_found = false;
        let is_gap = row.sequence > expected;
        if is_gap {
            self.missing.push((expected, row.sequence - 1));
        }
        match self.displacement(&row) {
            Some(0) => {
                if !is_gap && self.breaks_the_chain(&row) {
                    is_found = self.replaced_before(&row);
                }
            }
            Some(moved) => {
                is_found = true;
                self.judge_moved(&row, moved);
            }
            None => {
                is_found = true;
                let sequence = row.sequence;
                self.find(Finding::Edited { sequence });
            }
        }
        self.compare(&row);
        self.last = Some(Judged {
            sequence: row.sequence,
            hash: row.hash,
            is_found,
        });
    }

    /// How far from its place an entry was written, by its own hash; `None` if it was not written like this at all.
    fn displacement(&self, row: &LedgerRow) -> Option<i64> {
        let fits = |moved: i64| {
            let sequence = row.sequence.checked_add_signed(self.shift + moved)?;
            let is_it = entry_hash(sequence, row.previous, &row.entry) == row.hash;
            is_it.then_some(moved)
        };
        let near = (1..=FARTHEST_MOVE).flat_map(|distance| [distance, -distance]);
        std::iter::once(0).chain(near).find_map(fits)
    }

    fn breaks_the_chain(&self, row: &LedgerRow) -> bool {
        row.previous != self.last.map_or(Hash::default(), |last| last.hash)
    }

    /// An entry that is whole does not go with the one before: that one was replaced. Whether this one is the culprit.
    fn replaced_before(&mut self, row: &LedgerRow) -> bool {
        match self.last {
            Some(last) if !last.is_found => {
                let sequence = last.sequence;
                self.find(Finding::Edited { sequence });
                false
            }
            // The finding about the one before explains it.
            Some(_) => false,
            // The first entry must follow nothing.
            None => {
                let sequence = row.sequence;
                self.find(Finding::Edited { sequence });
                true
            }
        }
    }

    /// An entry that was written with another number: all from here on were moved, or only this one.
    fn judge_moved(&mut self, row: &LedgerRow, moved: i64) {
        let all_move = match self.waiting.front() {
            Some(next) => self.displacement(next) == Some(moved),
            None => self.last.is_none_or(|last| !last.is_found),
        };
        let written = row.sequence.saturating_add_signed(self.shift + moved);
        let found = row.sequence;
        if !all_move {
            self.find(Finding::Reordered { found, written });
            return;
        }
        if moved > 0 {
            let from = found.saturating_add_signed(self.shift);
            let to = written.saturating_sub(1);
            self.find(Finding::Deleted { from, to });
        } else {
            for number in (1..=moved.unsigned_abs()).rev() {
                let sequence = found.saturating_sub(number);
                // The entry before was taken for a replaced one as long as this one was not known.
                self.find_instead(Finding::Inserted { sequence });
            }
        }
        self.shift += moved;
    }

    /// An entry whose number was passed already.
    fn judge_late(&mut self, row: &LedgerRow) {
        let sequence = row.sequence;
        let range = self
            .missing
            .iter()
            .position(|(from, to)| (*from..=*to).contains(&sequence));
        let Some(range) = range else {
            self.find(Finding::Inserted { sequence });
            return;
        };
        let (from, to) = self.missing.swap_remove(range);
        if from < sequence {
            self.missing.push((from, sequence - 1));
        }
        if sequence < to {
            self.missing.push((sequence + 1, to));
        }
        let found = self.last.map_or(sequence, |last| last.sequence);
        self.find(Finding::Reordered {
            found,
            written: sequence,
        });
        self.compare(row);
    }

    fn compare(&mut self, row: &LedgerRow) {
        let sequence = row.sequence.saturating_add_signed(self.shift);
        let earlier = self.remembered.get(&sequence);
        if earlier.is_some_and(|hash| *hash != row.hash) {
            self.find(Finding::EarlierDiffers { sequence });
        }
        match self.signed.get(&sequence) {
            Some(hash) if *hash == row.hash => {
                self.report.checkpoints += 1;
                self.report.vouched = self.report.vouched.max(sequence);
            }
            Some(_) => self.find(Finding::CheckpointDiffers { sequence }),
            None => {}
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(finding);
        } else {
            self.report.more_findings += 1;
        }
    }

    fn find_instead(&mut self, finding: Finding) {
        let sequence = finding.sequence();
        self.report.findings.retain(|other| {
            !matches!(other, Finding::Edited { .. }) || other.sequence() != sequence
        });
        self.find(finding);
    }
}
