//! Records of AWS CloudTrail: log files as it writes them to S3, and digest files.

mod digest;
mod event;
mod records;

pub(super) use digest::Digests;
use event::{Event, What};

use super::authority_events::AuthorityEvents;
use super::finding::{Finding, Findings};
use super::key_names::KeyNames;
use super::key_use::KeyUse;
use super::record_files::microseconds;
use super::tally::{Failures, Principals};
pub(super) use records::InvalidFile;

/// What goes into reading a log file.
pub(super) struct LogFileReader<'r> {
    pub(super) names: &'r mut KeyNames,
    pub(super) principals: &'r mut Principals,
    pub(super) failures: &'r mut Failures,
    pub(super) authority: &'r mut AuthorityEvents,
    pub(super) findings: &'r mut Findings,
}

impl LogFileReader<'_> {
    /// Reads all events of a file; calls `take` with each use of a key. How many events there were.
    ///
    /// # Errors
    /// [`InvalidFile`]; the events before that place have been taken, and are counted.
    pub(super) fn read(
        &mut self,
        (file, name): (u32, &str),
        content: &[u8],
        mut take: impl FnMut(KeyUse),
    ) -> (u32, Result<(), InvalidFile>) {
        let mut number = 0_u32;
        let each = |json: &[u8]| {
            number = number.saturating_add(1);
            match Event::parse(json) {
                Ok(event) => self
                    .key_use(&event, file, number)
                    .into_iter()
                    .for_each(&mut take),
                Err(error) => self.findings.add(Finding::UnreadableRecord {
                    file: name.to_owned(),
                    number: number.into(),
                    why: error.to_string(),
                }),
            }
        };
        let read = records::each_event(content, each);
        (number, read)
    }

    fn key_use(&mut self, event: &Event, file: u32, number: u32) -> Option<KeyUse> {
        let (key, principal, failure) = match &event.what {
            What::Sign {
                key,
                principal,
                failure,
            } => (key, principal, failure),
            What::Issued(serial) => {
                self.authority.issued(serial.clone(), event.at);
                return None;
            }
            What::Revoked(serial) => {
                self.authority.revoked(serial.clone(), event.at);
                return None;
            }
            What::Other => return None,
        };
        let principal: Vec<&str> = principal.iter().map(String::as_str).collect();
        Some(KeyUse {
            key: self
                .names
                .of_name(key.as_deref().unwrap_or("a key that is not named")),
            at: microseconds(event.at),
            id: event.id,
            failure: self.failures.number(failure.as_deref()),
            principal: self.principals.number(&principal),
            file,
            number,
        })
    }
}
