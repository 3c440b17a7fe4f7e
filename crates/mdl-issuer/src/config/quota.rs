//! The tables `[[quotas]]`: what the stores of document signers' keys allow.

use std::collections::HashMap;
use std::num::NonZeroU32;

use mdl_signer::quota::{QuotaScheduler, QuotaSettings};
use time::Duration;
use toml::de::DeValue;

use super::quantity::{Expected, duration, number, text};
use super::section::Section;

pub(super) const QUOTA: &[&str] = &[
    "name",
    "signatures_per_second",
    "burst",
    "longest_wait",
    "in_flight",
];

const LONGEST_WAIT: Duration = Duration::seconds(2);

/// The schedules by their names. Document signers that name the same one share it.
pub(super) type Quotas = HashMap<String, Quota>;

/// A schedule and what it was made from.
#[derive(Clone, Debug)]
pub(super) struct Quota {
    settings: QuotaSettings,
    pub(super) scheduler: QuotaScheduler,
}

/// Schedules that are `known` under the same name with the same settings go on: what has been signed in this second
/// counts, whatever is read again.
pub(super) fn read(sections: &[Section<'_>], known: &Quotas) -> Quotas {
    let mut quotas = Quotas::new();
    for section in sections {
        let name = section.required("name", text);
        let settings = read_settings(section);
        let (Some(name), Some(settings)) = (name, settings) else {
            continue;
        };
        if quotas.contains_key(&name) {
            section.problem("name", format!("there are two quotas named {name:?}"));
        }
        let quota = match known.get(&name) {
            Some(quota) if quota.settings == settings => quota.clone(),
            _ => Quota {
                settings,
                scheduler: QuotaScheduler::new(settings),
            },
        };
        quotas.insert(name, quota);
    }
    quotas
}

fn read_settings(section: &Section<'_>) -> Option<QuotaSettings> {
    let limit = section.required("signatures_per_second", count);
    let bounds = Duration::milliseconds(100)..=Duration::minutes(10);
    let longest_wait = section.or("longest_wait", LONGEST_WAIT, duration(bounds));
    let (burst, in_flight) = (
        section.optional("burst", count),
        section.optional("in_flight", count),
    );
    let settings = QuotaSettings::new(limit?, longest_wait?.unsigned_abs());
    Some(QuotaSettings {
        burst: burst.unwrap_or(settings.burst),
        in_flight: in_flight.unwrap_or(settings.in_flight),
        ..settings
    })
}

fn count(value: &DeValue<'_>) -> Expected<NonZeroU32> {
    let count = number(1..=1_000_000)(value)?;
    NonZeroU32::new(count).ok_or_else(|| "expected at least 1".to_owned())
}
