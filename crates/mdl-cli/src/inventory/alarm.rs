//! What ends soon with nothing to take its place.

use std::fmt;

use mdl_iaca::lint::Profile;
use time::{Duration, OffsetDateTime};

use super::entry::{Entry, State, days};
use super::{AlarmRule, Inventory};

/// Days before the end at which an alarm becomes more urgent.
const LEVELS: [u32; 5] = [45, 30, 14, 7, 1];

/// Why somebody should act.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Alarm {
    /// 0 when it is too late, otherwise the smallest of the days 1, 7, 14, 30, 45 or those asked for that has been reached.
    pub(crate) level: u32,
    what: What,
    /// Days to the end, negative when that is over.
    days: i64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    StopsSigning,
    Expires,
    Revoked,
    CrlDue,
    NoCrl,
    NoNextUpdate,
}

impl Alarm {
    /// What it is about, for programs.
    pub(crate) const fn code(&self) -> &'static str {
        match self.what {
            What::StopsSigning => "stops-signing",
            What::Expires => "expires",
            What::Revoked => "revoked",
            What::CrlDue => "crl-due",
            What::NoCrl => "no-crl",
            What::NoNextUpdate => "crl-without-next-update",
        }
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = match self.days {
            1 => "in 1 day".to_owned(),
            0.. => format!("in {} days", self.days),
            _ => format!("{} days ago", self.days.unsigned_abs()),
        };
        let over = self.days < 0;
        match self.what {
            What::StopsSigning if over => write!(f, "stopped signing {days} and has no successor"),
            What::StopsSigning => write!(f, "stops signing {days} and has no successor"),
            What::Expires if over => write!(f, "expired {days} and has no successor"),
            What::Expires => write!(f, "expires {days} and has no successor"),
            What::Revoked => f.write_str("is revoked and has no successor"),
            What::CrlDue if over => write!(f, "the next CRL was due {days}"),
            What::CrlDue => write!(f, "the next CRL is due {days}"),
            What::NoCrl => f.write_str("there is no CRL of this root"),
            What::NoNextUpdate => f.write_str("the CRL does not say when the next one is due"),
        }
    }
}

pub(super) fn raise(inventory: &mut Inventory, rule: AlarmRule) {
    let at = inventory.at;
    let alarms: Vec<_> = inventory
        .certificates
        .iter()
        .map(|entry| of_certificate(entry, inventory, rule.certificate_days, at))
        .collect();
    for (entry, alarm) in inventory.certificates.iter_mut().zip(alarms) {
        entry.alarm = alarm;
    }
    for crl in &mut inventory.crls {
        crl.alarm = match crl.next_update {
            Some(next) => when(What::CrlDue, next - at, rule.crl_days),
            None => Some(now(What::NoNextUpdate)),
        };
    }
}

fn of_certificate(
    entry: &Entry,
    inventory: &Inventory,
    warn_days: u32,
    at: OffsetDateTime,
) -> Option<Alarm> {
    // A link certificate ends with the root that it leads away from; nothing follows it.
    if entry.profile == Some(Profile::IacaLink) {
        return None;
    }
    // Of single files nobody knows what else there is.
    let is_whole = entry.owners.iter().any(|owner| !owner.is_empty());
    let is_live_root = entry.profile == Some(Profile::IacaRoot) && entry.state == State::Valid;
    let has_crl = || {
        inventory
            .crls
            .iter()
            .any(|crl| crl.issued_by == entry.sha256)
    };
    if is_live_root && is_whole && !has_crl() {
        return Some(now(What::NoCrl));
    }
    let ends = match entry.state {
        State::Revoked => at,
        _ => entry.ends(),
    };
    let follows = |other: &Entry| {
        other.sha256 != entry.sha256
            && other.state != State::Revoked
            && (other.profile, &other.jurisdiction) == (entry.profile, &entry.jurisdiction)
            && other.not_before <= ends.max(at)
            && (other.ends(), &other.sha256) > (ends, &entry.sha256)
    };
    // Each tenant needs a successor of its own.
    let has_successor = entry.owners.iter().all(|owner| {
        let mut others = inventory.certificates.iter();
        others.any(|other| other.owners.contains(owner) && follows(other))
    });
    if has_successor {
        return None;
    }
    match (entry.state, entry.stop_signing) {
        (State::Revoked, _) => Some(now(What::Revoked)),
        (_, Some(stop)) => when(What::StopsSigning, stop - at, warn_days),
        (_, None) => when(What::Expires, entry.not_after - at, warn_days),
    }
}

fn now(what: What) -> Alarm {
    Alarm {
        level: 0,
        what,
        days: 0,
    }
}

fn when(what: What, left: Duration, warn_days: u32) -> Option<Alarm> {
    let left_days = days(left);
    let reached = |level: &u32| left <= Duration::days(i64::from(*level));
    if !reached(&warn_days) {
        return None;
    }
    let levels = LEVELS.into_iter().filter(|level| *level < warn_days);
    let level = match left.is_negative() {
        true => 0,
        false => levels
            .chain([warn_days])
            .filter(reached)
            .min()
            .unwrap_or(warn_days),
    };
    Some(Alarm {
        level,
        what,
        days: left_days,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_has_the_level_of_the_smallest_number_of_days_reached() {
        let level = |days: i64, warn| {
            when(What::Expires, Duration::days(days), warn).map(|alarm| alarm.level)
        };
        assert_eq!(level(46, 45), None);
        for (days, expected) in [
            (45, 45),
            (31, 45),
            (30, 30),
            (14, 14),
            (8, 14),
            (7, 7),
            (1, 1),
            (0, 1),
            (-1, 0),
        ] {
            assert_eq!(level(days, 45), Some(expected), "{days}");
        }
        assert_eq!((level(60, 90), level(60, 45)), (Some(90), None));
        assert_eq!(
            (level(10, 10), level(11, 10), level(5, 10)),
            (Some(10), None, Some(7))
        );
    }

    #[test]
    fn an_alarm_says_when() {
        let text = |days: i64| {
            when(What::Expires, Duration::days(days), 45)
                .unwrap()
                .to_string()
        };
        assert_eq!(text(1), "expires in 1 day and has no successor");
        assert_eq!(text(-3), "expired 3 days ago and has no successor");
    }
}
