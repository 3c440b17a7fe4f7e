//! Random schedules with faults put in: each is found, and nothing else is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use indicatif::ProgressBar;
use mdl_issuer::store::{Hash, LedgerDraft, LedgerRow, SignaturePurpose};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::{Comparison, KeyNames, Principals, RecordSources, Records, Report, Span};

const START: OffsetDateTime = datetime!(2026-06-15 00:00 UTC);
const TOLERANCE: i64 = 60;
const REACH: i64 = 900;
/// Further apart than anything reaches, so that each fault is one finding of its own.
const SPARSE: i64 = 2000;

/// What happens around one entry.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Entry and signature.
    Good,
    /// The same, and the record is delivered again.
    DeliveredTwice,
    /// The signature is made twice.
    Repeated,
    /// The signature is late.
    Late,
    NoSignature,
    NoEntry,
    /// By somebody else.
    Stranger,
    /// Before the signature, calls fail.
    Throttled,
    /// Somebody's other event, unreadable.
    Unreadable,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Good),
        1 => Just(Step::DeliveredTwice),
        1 => Just(Step::Repeated),
        1 => Just(Step::Late),
        1 => Just(Step::NoSignature),
        1 => Just(Step::NoEntry),
        1 => Just(Step::Stranger),
        1 => Just(Step::Throttled),
        1 => Just(Step::Unreadable),
    ]
}

fn finding_of(step: Step) -> Option<&'static str> {
    match step {
        Step::Good | Step::DeliveredTwice | Step::Throttled => None,
        Step::Repeated => Some("surplus-signature"),
        Step::Late => Some("outside-window"),
        Step::NoSignature => Some("entry-without-signature"),
        Step::NoEntry => Some("signature-without-entry"),
        Step::Stranger => Some("unknown-principal"),
        Step::Unreadable => Some("unreadable-record"),
    }
}

#[derive(Default)]
struct Schedule {
    entries: Vec<LedgerRow>,
    events: Vec<Value>,
}

impl Schedule {
    fn entry(&mut self, key: u8, at: i64, micros: i64) {
        self.entries.push(LedgerRow {
            sequence: self.entries.len() as u64 + 1,
            previous: Hash([0; 32]),
            hash: Hash([0; 32]),
            entry: LedgerDraft {
                at: START + Duration::seconds(at) + Duration::microseconds(micros),
                tenant: "utopia".into(),
                purpose: SignaturePurpose::Mso,
                key: Hash([key; 32]),
                to_be_signed: Hash([0; 32]),
                request: [0; 16],
            },
        });
    }

    fn event(&mut self, key: u8, at: i64, who: &str) -> &mut Value {
        let time = START + Duration::seconds(at);
        self.events.push(json!({
            "eventTime": time.format(&Rfc3339).unwrap(), "eventSource": "kms.amazonaws.com", "eventName": "Sign",
            "eventID": format!("00000000-0000-0000-0000-{:012x}", self.events.len()),
            "userIdentity": { "arn": who }, "resources": [{ "ARN": arn(key) }],
        }));
        self.events.last_mut().unwrap()
    }

    fn step(&mut self, step: Step, key: u8, at: i64, micros: i64, late: i64) {
        if !matches!(step, Step::NoEntry) {
            self.entry(key, at, micros);
        }
        let who = match step {
            Step::Stranger => "stranger",
            _ => "service",
        };
        match step {
            Step::NoSignature => {}
            Step::Late => {
                self.event(key, at + TOLERANCE + 2 + late, who);
            }
            Step::Repeated => {
                self.event(key, at + late, who);
                self.event(key, at + late + 1, who);
            }
            Step::DeliveredTwice => {
                let event = self.event(key, at + late, who).clone();
                self.events.push(event);
            }
            Step::Throttled => {
                self.event(key, at, who)["errorCode"] = "ThrottlingException".into();
                self.event(key, at + late, who);
            }
            Step::Unreadable => {
                self.event(key, at + late, who);
                self.event(key, at + late, who)["eventTime"] = Value::Null;
            }
            Step::Good | Step::NoEntry | Step::Stranger => {
                self.event(key, at + late, who);
            }
        }
    }

    /// In files of a few events, in the order of `order`.
    fn compare(&self, order: &[u16], folder: &Path) -> Report {
        let mut events: Vec<(u16, &Value)> =
            order.iter().copied().cycle().zip(&self.events).collect();
        events.sort_by_key(|(order, _)| *order);
        for (number, events) in events.chunks(7).enumerate() {
            let events: Vec<_> = events.iter().map(|(_, event)| event).collect();
            let content = json!({ "Records": events }).to_string();
            fs::write(folder.join(format!("{number}.json")), content).unwrap();
        }
        let mut names = KeyNames::default();
        for key in 0..3 {
            names.add(&arn(key), Hash([key; 32])).unwrap();
        }
        let span = Span {
            from: None,
            until: START + Duration::days(365),
        };
        let sources = RecordSources {
            cloudtrail: &[folder.to_owned()],
            hsm_logs: &[],
        };
        let principals = Principals::allowed(vec!["service".into()]);
        let hidden = ProgressBar::hidden();
        let records = Records::read(&sources, names, principals, &span, &hidden).unwrap();
        let (tolerance, reach) = (Duration::seconds(TOLERANCE), Duration::seconds(REACH));
        let mut comparison = Comparison::new(records, span, tolerance, reach, 0);
        for row in &self.entries {
            comparison.entry(row).unwrap();
        }
        comparison.finish(None).unwrap()
    }
}

fn arn(key: u8) -> String {
    format!("arn:aws:kms:eu-west-1:111122223333:key/{key}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_fault_of_a_sparse_schedule_is_found_and_nothing_else(
        steps in prop::collection::vec((step(), 0_u8..3, 0_i64..1_000_000, 0_i64..50), 1..40),
        order in prop::collection::vec(any::<u16>(), 80),
    ) {
        let mut schedule = Schedule::default();
        let mut expected: BTreeMap<&str, u64> = BTreeMap::new();
        for (number, (step, key, micros, late)) in steps.iter().enumerate() {
            schedule.step(*step, *key, number as i64 * SPARSE, *micros, *late);
            if let Some(code) = finding_of(*step) {
                *expected.entry(code).or_default() += 1;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let report = schedule.compare(&order, folder.path());
        let json = report.to_json();
        prop_assert_eq!(&json["counts"], &json!(expected));
        prop_assert_eq!(report.matches(), expected.is_empty());
        let twice = steps.iter().filter(|(step, ..)| matches!(step, Step::DeliveredTwice)).count();
        prop_assert_eq!(&json["delivered_twice"], &json!(twice));
    }

    /// Where many signatures are made within the tolerance, it is their number that tells.
    #[test]
    fn in_a_dense_schedule_the_numbers_are_right(
        times in prop::collection::vec((0_i64..20, 0_i64..1_000_000, 0_i64..30), 1..80),
        slipped_in in 0_usize..6,
        lost in 0_usize..6,
        order in prop::collection::vec(any::<u16>(), 80),
    ) {
        let mut schedule = Schedule::default();
        for (number, (at, micros, late)) in times.iter().enumerate() {
            schedule.entry(0, *at, *micros);
            if number >= lost {
                schedule.event(0, at + late, "service");
            }
        }
        for number in 0..slipped_in {
            schedule.event(0, number as i64, "service");
        }
        let lost = lost.min(times.len());
        let folder = tempfile::tempdir().unwrap();
        let report = schedule.compare(&order, folder.path());
        let count = |code: &str| report.findings().count(code);
        let surplus = count("surplus-signature") + count("signature-without-entry");
        prop_assert_eq!(surplus, slipped_in.saturating_sub(lost) as u64);
        prop_assert_eq!(count("entry-without-signature"), lost.saturating_sub(slipped_in) as u64);
        prop_assert_eq!(report.matches(), slipped_in == lost);
    }
}
