//! Every certificate of an authority or service: what it is for, how long it lasts, where it is published.
//!
//! Certificates come from an authority's folder, from those that a service's configuration names, or from any files. A
//! configuration is read for the names of its certificates only: no key is opened and no secret is needed, and a
//! configuration that the service itself refuses, because a certificate has expired, is read all the same.
//!
//! What counts as an alarm is not that something ends, but that something ends with nothing to take its place: a document
//! signer that stops signing while its successor already signs is as it should be.

mod alarm;
mod entry;
mod found;
mod sources;
mod text;

pub(crate) use alarm::Alarm;
pub(crate) use entry::{CrlEntry, Entry};
pub(crate) use found::Unusable;
pub(crate) use sources::{SourceOptions, duration, read_sources};

use std::collections::HashMap;

use time::OffsetDateTime;

use found::Found;

/// When alarms are raised.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AlarmRule {
    /// Days before a certificate ends.
    pub(crate) certificate_days: u32,
    /// Days before the next CRL is due.
    pub(crate) crl_days: u32,
}

/// All certificates and current CRLs.
#[derive(Debug)]
pub(crate) struct Inventory {
    pub(crate) at: OffsetDateTime,
    /// Roots first, then what they issued.
    pub(crate) certificates: Vec<Entry>,
    pub(crate) crls: Vec<CrlEntry>,
    /// Files that cannot be read, and CRLs that nothing vouches for.
    pub(crate) unusable: Vec<Unusable>,
}

impl Inventory {
    pub(crate) fn new(found: Found, at: OffsetDateTime, rule: AlarmRule) -> Self {
        let Found {
            certificates,
            crls,
            mut unusable,
        } = found;
        let mut entries: Vec<Entry> = Vec::new();
        let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
        for certificate in certificates {
            if let Some(number) = known.get(&certificate.der) {
                entries[*number].found_again(certificate, at);
                continue;
            }
            let der = certificate.der.clone();
            match Entry::new(certificate, at) {
                Ok(entry) => {
                    known.insert(der, entries.len());
                    entries.push(entry);
                }
                Err(fault) => unusable.push(fault),
            }
        }
        entries.sort_by(|one, other| one.order().cmp(&other.order()));
        let crls = entry::current_crls(crls, &mut entries, at, &mut unusable);
        let mut inventory = Self {
            at,
            certificates: entries,
            crls,
            unusable,
        };
        entry::connect(&mut inventory.certificates);
        alarm::raise(&mut inventory, rule);
        inventory
    }

    /// How many alarms there are, unusable files included.
    pub(crate) fn alarms(&self) -> usize {
        let certificates = self
            .certificates
            .iter()
            .filter(|entry| entry.alarm.is_some());
        let crls = self.crls.iter().filter(|crl| crl.alarm.is_some());
        certificates.count() + crls.count() + self.unusable.len()
    }
}
