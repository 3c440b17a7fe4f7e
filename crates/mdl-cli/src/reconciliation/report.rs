//! The comparison, and what came of it.

use std::collections::BTreeMap;
use std::fmt::Write;

use mdl_issuer::store::{Hash, LedgerRow};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::authority_events::KnownCertificates;
use super::finding::{Finding, Findings, Signature};
use super::key_use::{Entry, KeyUse};
use super::matching::{Matching, Outcome, Windows};
use super::record_files::{Records, microseconds, no_room};
use super::sorted::{Sorted, Sorter};
use crate::failure::Result;
use crate::verification_report::{rfc3339, shown};

/// More keys of the ledger than this, for which no records were given, are counted as one.
const MAX_KEYS: usize = 1000;

/// The time that matters: what lies outside is matched, and not reported.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) from: Option<OffsetDateTime>,
    pub(crate) until: OffsetDateTime,
}

impl Span {
    fn contains(&self, at: i64) -> bool {
        self.from.is_none_or(|from| microseconds(from) <= at) && at < microseconds(self.until)
    }
}

/// Takes the entries of the ledger, and compares them with records.
#[derive(Debug)]
pub(crate) struct Comparison {
    records: Records,
    entries: Sorter<Entry>,
    without_records: BTreeMap<[u8; 32], u64>,
    span: Span,
    windows: Windows,
    /// Surplus signatures that are put down to repeated calls.
    retries: u64,
    number_of_entries: u64,
}

impl Comparison {
    pub(crate) fn new(
        records: Records,
        span: Span,
        tolerance: Duration,
        reach: Duration,
        retries: u64,
    ) -> Self {
        let micros =
            |length: Duration| i64::try_from(length.whole_microseconds()).unwrap_or(i64::MAX);
        let windows = Windows {
            tolerance: micros(tolerance),
            reach: micros(reach).max(micros(tolerance)),
        };
        Self {
            records,
            entries: Sorter::new(),
            without_records: BTreeMap::new(),
            span,
            windows,
            retries,
            number_of_entries: 0,
        }
    }

    /// Takes an entry; they may come in any order.
    ///
    /// # Errors
    /// Exit code 3 if there is no room for temporary files.
    pub(crate) fn entry(&mut self, row: &LedgerRow) -> Result<()> {
        self.number_of_entries += 1;
        let at = microseconds(row.entry.at);
        let hash = row.entry.key;
        if let Some(key) = self.records.names.of_hash(hash) {
            let sequence = row.sequence;
            let pushed = self.entries.push(Entry { key, at, sequence });
            return pushed.map_err(|error| no_room(&error));
        }
        if self.span.contains(at) && !self.records.names.is_without_records(hash) {
            let is_known = self.without_records.contains_key(&hash.0);
            let counted = match is_known || self.without_records.len() < MAX_KEYS {
                true => hash.0,
                false => [0; 32],
            };
            *self.without_records.entry(counted).or_default() += 1;
        }
        Ok(())
    }

    /// Compares. With `known`, the certificates of Private CA too.
    ///
    /// # Errors
    /// Exit code 3 if temporary files cannot be read.
    pub(crate) fn finish(self, known: Option<&KnownCertificates>) -> Result<Report> {
        let mut records = self.records;
        let uses = std::mem::replace(&mut records.uses, Sorter::new());
        let uses = uses.finish().map_err(|error| no_room(&error))?;
        let entries = self.entries.finish().map_err(|error| no_room(&error))?;
        let mut report = Report {
            records,
            span: self.span,
            windows: self.windows,
            retries: self.retries,
            keys: BTreeMap::new(),
            entries: self.number_of_entries,
            duplicates: 0,
            compares_certificates: known.is_some(),
        };
        for (hash, entries) in self.without_records {
            report.records.findings.add(Finding::KeyWithoutRecords {
                key: hex::encode(hash),
                entries,
            });
        }
        report
            .merge(uses, entries)
            .map_err(|error| no_room(&error))?;
        if let Some(known) = known {
            let (authority, findings) = (&report.records.authority, &mut report.records.findings);
            authority.compare(known, findings);
        }
        Ok(report)
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Report {
    records: Records,
    span: Span,
    windows: Windows,
    retries: u64,
    keys: BTreeMap<u32, OfKey>,
    entries: u64,
    duplicates: u64,
    compares_certificates: bool,
}

/// Counts of one key, within the span.
#[derive(Debug, Default)]
struct OfKey {
    entries: u64,
    signatures: u64,
    pairs: u64,
    /// By reason and principal.
    failures: BTreeMap<(u32, u32), u64>,
    principals: BTreeMap<u32, u64>,
}

impl Report {
    fn merge(
        &mut self,
        mut uses: Sorted<KeyUse>,
        mut entries: Sorted<Entry>,
    ) -> std::io::Result<()> {
        let mut next_use = uses.next()?;
        let mut next_entry = entries.next()?;
        let compared = u32::try_from(self.records.names.compared()).unwrap_or(u32::MAX);
        for key in 0..compared {
            let mut of_key = OfKey::default();
            let mut matching = Matching::new(self.windows);
            let mut is_over = false;
            while !is_over {
                let at_entry = next_entry.filter(|entry| entry.key == key);
                let at_use = next_use.filter(|key_use| key_use.key == key);
                match (at_entry, at_use) {
                    (Some(entry), at_use) if at_use.is_none_or(|it| entry.at <= it.at) => {
                        of_key.entries += u64::from(self.span.contains(entry.at));
                        matching.entry(entry);
                        next_entry = entries.next()?;
                    }
                    (_, Some(key_use)) => {
                        if self.count(key_use, &mut of_key) {
                            matching.signature(key_use);
                        }
                        next_use = self.next_different(key_use, &mut uses)?;
                    }
                    _ => {
                        matching.finish();
                        is_over = true;
                    }
                }
                while let Some(outcome) = matching.decided() {
                    self.take(outcome, &mut of_key);
                }
            }
            self.keys.insert(key, of_key);
        }
        while let Some(key_use) = next_use {
            let mut of_key = self.keys.remove(&key_use.key).unwrap_or_default();
            self.count(key_use, &mut of_key);
            self.keys.insert(key_use.key, of_key);
            next_use = self.next_different(key_use, &mut uses)?;
        }
        Ok(())
    }

    /// The next record that is not the same delivered again.
    fn next_different(
        &mut self,
        this: KeyUse,
        uses: &mut Sorted<KeyUse>,
    ) -> std::io::Result<Option<KeyUse>> {
        loop {
            match uses.next()? {
                Some(next) if next.is_same(&this) => self.duplicates += 1,
                next => return Ok(next),
            }
        }
    }

    /// Counts a record; whether it is a signature.
    fn count(&mut self, key_use: KeyUse, of_key: &mut OfKey) -> bool {
        let is_signature = key_use.failure == 0;
        if !self.span.contains(key_use.at) {
            return is_signature;
        }
        if !is_signature {
            let who = (key_use.failure, key_use.principal);
            *of_key.failures.entry(who).or_default() += 1;
            return false;
        }
        of_key.signatures += 1;
        *of_key.principals.entry(key_use.principal).or_default() += 1;
        let is_compared = self.records.names.hash(key_use.key).is_some();
        if is_compared && !self.records.principals.is_allowed(key_use.principal) {
            let finding = Finding::UnknownPrincipal {
                signature: self.signature(key_use),
                principal: shown(self.records.principals.name(key_use.principal)),
            };
            self.records.findings.add(finding);
        }
        true
    }

    fn take(&mut self, outcome: Outcome, of_key: &mut OfKey) {
        let (inside, finding) = match outcome {
            Outcome::Pair => {
                of_key.pairs += 1;
                return;
            }
            Outcome::OutOfTime { entry, signature } => (
                self.span.contains(entry.at) || self.span.contains(signature.at),
                Finding::OutsideWindow {
                    signature: self.signature(signature),
                    sequence: entry.sequence,
                    entry_at: moment(entry.at),
                },
            ),
            Outcome::EntryLeft { entry, exact } => (
                self.span.contains(entry.at),
                Finding::EntryWithoutSignature {
                    key: self.key(entry.key),
                    sequence: entry.sequence,
                    at: moment(entry.at),
                    exact,
                },
            ),
            Outcome::SignatureLeft { signature, exact } => {
                let kind = match exact {
                    true => Finding::SignatureWithoutEntry,
                    false => Finding::SurplusSignature,
                };
                (
                    self.span.contains(signature.at),
                    kind(self.signature(signature)),
                )
            }
        };
        if inside {
            self.records.findings.add(finding);
        }
    }

    fn signature(&self, key_use: KeyUse) -> Signature {
        Signature {
            key: self.key(key_use.key),
            at: moment(key_use.at),
            event: uuid(key_use.id),
            file: self
                .records
                .files
                .get(key_use.file as usize)
                .cloned()
                .unwrap_or_default(),
            number: key_use.number,
        }
    }

    fn key(&self, number: u32) -> String {
        let hash = self.records.names.hash(number);
        hash.map(|Hash(hash)| hex::encode(hash)).unwrap_or_default()
    }

    /// Whether ledger and records fit together.
    pub(crate) fn matches(&self) -> bool {
        let surplus = self.findings().count("surplus-signature");
        let all: u64 = self.findings().counts().values().sum();
        all == surplus && surplus <= self.retries
    }

    pub(super) fn findings(&self) -> &Findings {
        &self.records.findings
    }

    fn verdict(&self) -> &'static str {
        if self.matches() { "matches" } else { "differs" }
    }

    /// What the comparison could not see.
    fn notes(&self) -> Vec<&'static str> {
        let mut notes = Vec::new();
        if self.records.has_cloudtrail && self.records.digest_files == 0 {
            notes.push("no digest files: log files that are missing cannot be noticed");
        }
        if !self.records.principals.are_checked() {
            notes.push("no --principal: whoever signed was taken for somebody who may");
        }
        let events = &self.records.authority;
        let has_events = !events.issued.is_empty() || !events.revoked.is_empty();
        if has_events && !self.compares_certificates {
            notes.push(
                "Private CA issued or revoked, and no --certificates were given to compare with",
            );
        }
        if events.more > 0 {
            notes.push("more certificates of Private CA than are compared");
        }
        notes
    }

    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        let mut listed: BTreeMap<&str, u64> = BTreeMap::new();
        for finding in self.findings().listed() {
            *listed.entry(finding.code()).or_default() += 1;
            let _ = writeln!(text, "{}", shown(&finding.to_string()));
        }
        for (code, count) in self.findings().counts() {
            let more = count - listed.get(code).copied().unwrap_or_default();
            if more > 0 {
                let _ = writeln!(text, "and {more} more of {code}");
            }
        }
        for (number, of_key) in &self.keys {
            self.key_text(*number, of_key, &mut text);
        }
        for note in self.notes() {
            let _ = writeln!(text, "note: {note}");
        }
        let (findings, records) = (self.findings(), &self.records);
        let from = self.span.from.map_or("the beginning".to_owned(), rfc3339);
        let _ = write!(
            text,
            "{}: {} findings from {from} to {}; {} entries, {} records in {} files, {} of them delivered twice",
            self.verdict(),
            findings.counts().values().sum::<u64>(),
            rfc3339(self.span.until),
            self.entries,
            records.records,
            records.files.len(),
            self.duplicates,
        );
        text
    }

    fn key_text(&self, number: u32, of_key: &OfKey, text: &mut String) {
        let names = shown(&self.records.names.names(number).join(", "));
        let OfKey {
            entries,
            signatures,
            pairs,
            ..
        } = of_key;
        let _ = match self.records.names.hash(number) {
            Some(_) => writeln!(
                text,
                "key {} ({names}): {entries} entries, {signatures} signatures, {pairs} pairs",
                self.key(number)
            ),
            None => writeln!(text, "not compared: {names}: {signatures} signatures"),
        };
        for (principal, count) in &of_key.principals {
            let name = shown(self.records.principals.name(*principal));
            let _ = writeln!(text, "  {count} signatures by {name}");
        }
        for ((failure, principal), count) in &of_key.failures {
            let failure = shown(self.records.failures.text(*failure).unwrap_or_default());
            let name = shown(self.records.principals.name(*principal));
            let _ = writeln!(
                text,
                "  {count} calls without a signature by {name}: {failure}"
            );
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let (compared, others): (Vec<_>, Vec<_>) = self
            .keys
            .iter()
            .partition(|(number, _)| self.records.names.hash(**number).is_some());
        let keys: Vec<Value> = compared
            .iter()
            .map(|(number, it)| self.key_json(**number, it))
            .collect();
        let others: Vec<Value> = others
            .iter()
            .map(|(number, it)| self.key_json(**number, it))
            .collect();
        let findings: Vec<Value> = self
            .findings()
            .listed()
            .iter()
            .map(Finding::to_json)
            .collect();
        let authority = &self.records.authority;
        json!({
            "verdict": self.verdict(),
            "from": self.span.from.map(rfc3339),
            "until": rfc3339(self.span.until),
            "tolerance_seconds": self.windows.tolerance / 1_000_000,
            "reach_seconds": self.windows.reach / 1_000_000,
            "accepted_retries": self.retries,
            "entries": self.entries,
            "records": self.records.records,
            "delivered_twice": self.duplicates,
            "files": self.records.files.len(),
            "digest_files": self.records.digest_files,
            "other_files": self.records.other_files,
            "keys": keys,
            "keys_not_compared": others,
            "certificates_issued": authority.issued.len(),
            "certificates_revoked": authority.revoked.len(),
            "counts": self.findings().counts(),
            "findings": findings,
            "notes": self.notes(),
        })
    }

    fn key_json(&self, number: u32, of_key: &OfKey) -> Value {
        let principals = of_key.principals.iter().map(|(principal, count)| {
            json!({
                "principal": self.records.principals.name(*principal),
                "allowed": self.records.principals.is_allowed(*principal),
                "signatures": count,
            })
        });
        let failures = of_key.failures.iter().map(|((failure, principal), count)| {
            json!({
                "error": self.records.failures.text(*failure),
                "principal": self.records.principals.name(*principal),
                "allowed": self.records.principals.is_allowed(*principal),
                "calls": count,
            })
        });
        let mut json = json!({
            "recorded_as": self.records.names.names(number),
            "signatures": of_key.signatures,
            "principals": principals.collect::<Vec<_>>(),
            "failed_calls": failures.collect::<Vec<_>>(),
        });
        if self.records.names.hash(number).is_some() {
            json["key"] = json!(self.key(number));
            json["entries"] = json!(of_key.entries);
            json["pairs"] = json!(of_key.pairs);
        }
        json
    }
}

fn moment(microseconds: i64) -> OffsetDateTime {
    let nanoseconds = i128::from(microseconds) * 1000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn uuid(id: [u8; 16]) -> String {
    let text = hex::encode(id);
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    parts
        .map(|(from, to)| text.get(from..to).unwrap_or_default())
        .join("-")
}
