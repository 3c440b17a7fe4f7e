//! Files with records: found in folders, unpacked within limits, read one after the other.
//!
//! What was given by name has to be there. What lies in a folder and cannot be read is a finding, because a signature may
//! be recorded in it.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;
use mdl_crypto::HashAlgorithm;
use time::OffsetDateTime;

use super::authority_events::AuthorityEvents;
use super::cloudtrail::{Digests, LogFileReader};
use super::finding::{Finding, Findings};
use super::hsm_log::{Line, MAX_LINE_BYTES};
use super::key_names::KeyNames;
use super::key_use::KeyUse;
use super::report::Span;
use super::sorted::Sorter;
use super::tally::{Failures, Principals};
use crate::failure::{Failure, Result};

/// CloudTrail's log files are a few MB, 50 at most, before compression.
const MAX_FILE_BYTES: u64 = 128 << 20;
/// Unpacked, the largest log of an HSM.
const MAX_LOG_BYTES: u64 = 64 << 30;
const MAX_FILES: usize = 2_000_000;
/// `AWSLogs/ORGANISATION/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD`, and where somebody put it.
const MAX_DEPTH: usize = 24;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Where records are read from.
#[derive(Debug)]
pub(crate) struct RecordSources<'s> {
    /// Log files of CloudTrail, and folders with them.
    pub(crate) cloudtrail: &'s [PathBuf],
    /// Logs as lines of JSON.
    pub(crate) hsm_logs: &'s [PathBuf],
}

/// Everything that was read from records.
#[derive(Debug)]
pub(crate) struct Records {
    pub(super) uses: Sorter<KeyUse>,
    pub(super) names: KeyNames,
    pub(super) principals: Principals,
    pub(super) failures: Failures,
    pub(super) authority: AuthorityEvents,
    pub(super) findings: Findings,
    pub(super) files: Vec<String>,
    /// Events and lines, whatever they are about.
    pub(super) records: u64,
    pub(super) digest_files: usize,
    pub(super) has_cloudtrail: bool,
    /// Files in folders whose names are not those of records.
    pub(super) other_files: u64,
}

/// Microseconds since 1970.
pub(super) fn microseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1000)).unwrap_or(i64::MAX)
}

impl Records {
    /// Reads everything.
    ///
    /// # Errors
    /// Exit code 2 if something that was named is not there, 3 if there is no room for temporary files.
    pub(crate) fn read(
        sources: &RecordSources<'_>,
        names: KeyNames,
        principals: Principals,
        span: &Span,
        progress: &ProgressBar,
    ) -> Result<Self> {
        let mut records = Self {
            uses: Sorter::new(),
            names,
            principals,
            failures: Failures::default(),
            authority: AuthorityEvents::default(),
            findings: Findings::default(),
            files: Vec::new(),
            records: 0,
            digest_files: 0,
            has_cloudtrail: !sources.cloudtrail.is_empty(),
            other_files: 0,
        };
        let mut found = Found::default();
        for path in sources.cloudtrail {
            found.walk_named(path, &mut records.findings)?;
        }
        records.other_files = found.others;
        progress
            .set_length((found.digests.len() + found.logs.len() + sources.hsm_logs.len()) as u64);
        let mut digests = records.read_digests(&found.digests, span, progress);
        for path in &found.logs {
            records
                .read_log_file(path, &mut digests)
                .map_err(|error| no_room(&error))?;
            progress.inc(1);
        }
        records.digest_files = digests.count();
        if !digests.is_empty() {
            digests.finish(span.from, span.until, &mut records.findings);
        }
        for path in sources.hsm_logs {
            records.read_hsm_log(path)?;
            progress.inc(1);
        }
        progress.finish_and_clear();
        Ok(records)
    }

    fn read_digests(&mut self, paths: &[PathBuf], span: &Span, progress: &ProgressBar) -> Digests {
        let mut digests = Digests::default();
        for path in paths {
            let name = path.display().to_string();
            let content = unpacked(path);
            let read = match &content {
                Ok(unpacked) if unpacked.fault.is_none() => digests
                    .add(
                        &name,
                        &unpacked.content,
                        sha256(&unpacked.content),
                        span.from,
                        span.until,
                    )
                    .map_err(|error| error.to_string()),
                Ok(unpacked) => Err(unpacked.fault.clone().unwrap_or_default()),
                Err(error) => Err(error.to_string()),
            };
            if let Err(why) = read {
                self.findings
                    .add(Finding::UnreadableFile { file: name, why });
            }
            progress.inc(1);
        }
        digests
    }

    fn read_log_file(&mut self, path: &Path, digests: &mut Digests) -> io::Result<()> {
        let name = path.display().to_string();
        let unpacked = match unpacked(path) {
            Ok(unpacked) => unpacked,
            Err(error) => {
                let why = error.to_string();
                self.findings
                    .add(Finding::UnreadableFile { file: name, why });
                return Ok(());
            }
        };
        if !digests.is_empty() {
            digests.log_file(&name, sha256(&unpacked.content), &mut self.findings);
        }
        let file = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let mut written = Ok(());
        let (number, read) = LogFileReader {
            names: &mut self.names,
            principals: &mut self.principals,
            failures: &mut self.failures,
            authority: &mut self.authority,
            findings: &mut self.findings,
        }
        .read((file, &name), &unpacked.content, |key_use| {
            if written.is_ok() {
                written = self.uses.push(key_use);
            }
        });
        self.records += u64::from(number);
        let why = unpacked.fault.or(read.err().map(|error| error.to_string()));
        if let Some(why) = why {
            let file = name.clone();
            self.findings.add(Finding::UnreadableFile { file, why });
        }
        self.files.push(name);
        written
    }

    fn read_hsm_log(&mut self, path: &Path) -> Result<()> {
        let unreadable = |error: &io::Error| {
            Failure::usage(format!("cannot read {}", path.display())).because(error)
        };
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        let mut file = BufReader::new(file);
        let start = file.fill_buf().map_err(|error| unreadable(&error))?;
        let mut lines: Box<dyn BufRead> = match start.starts_with(&GZIP) {
            true => Box::new(BufReader::new(
                MultiGzDecoder::new(file).take(MAX_LOG_BYTES),
            )),
            false => Box::new(file.take(MAX_LOG_BYTES)),
        };
        let name = path.display().to_string();
        let number_of_file = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(name.clone());
        let mut number = 0_u32;
        let mut line = Vec::new();
        loop {
            line.clear();
            number = number.saturating_add(1);
            let read = (&mut lines)
                .take(MAX_LINE_BYTES)
                .read_until(b'\n', &mut line);
            match read {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => {
                    let why = error.to_string();
                    self.findings
                        .add(Finding::UnreadableFile { file: name, why });
                    return Ok(());
                }
            }
            let why = if line.last() != Some(&b'\n') && line.len() as u64 == MAX_LINE_BYTES {
                // The rest of it is no line of its own.
                if let Err(error) = lines.skip_until(b'\n') {
                    return Err(unreadable(&error));
                }
                Some(format!("more than {MAX_LINE_BYTES} bytes"))
            } else {
                match Line::parse(line.trim_ascii()) {
                    Ok(line) => {
                        let place = (number_of_file, number);
                        self.hsm_line(&line, place)
                            .map_err(|error| no_room(&error))?;
                        None
                    }
                    Err(error) => Some(error.to_string()),
                }
            };
            self.records += 1;
            if let Some(why) = why {
                self.findings.add(Finding::UnreadableRecord {
                    file: name.clone(),
                    number: number.into(),
                    why,
                });
            }
        }
    }

    fn hsm_line(&mut self, line: &Line, (file, number): (u32, u32)) -> io::Result<()> {
        if !line.is_signature {
            return Ok(());
        }
        // Without an identifier of its own it is told from others by its place.
        let mut place = [0; 16];
        place[..4].copy_from_slice(&file.to_be_bytes());
        place[12..].copy_from_slice(&number.to_be_bytes());
        let principal: Vec<&str> = line.principal.as_deref().into_iter().collect();
        self.uses.push(KeyUse {
            key: self.names.of_name(&line.key),
            at: microseconds(line.at),
            id: line.id.unwrap_or(place),
            failure: self.failures.number(line.failure.as_deref()),
            principal: self.principals.number(&principal),
            file,
            number,
        })
    }
}

pub(super) fn no_room(error: &io::Error) -> Failure {
    Failure::outside("records cannot be sorted in temporary files")
        .because(error)
        .hint("make room, or set TMPDIR to a folder that has it")
}

fn sha256(content: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(HashAlgorithm::Sha256.digest(content).as_bytes());
    hash
}

/// The content of a file, and what was wrong with the rest of it.
struct Unpacked {
    content: Vec<u8>,
    fault: Option<String>,
}

fn unpacked(path: &Path) -> io::Result<Unpacked> {
    let mut file = BufReader::new(File::open(path)?);
    let is_gzip = file.fill_buf()?.starts_with(&GZIP);
    let mut content = Vec::new();
    let limit = MAX_FILE_BYTES + 1;
    let read = match is_gzip {
        true => MultiGzDecoder::new(file)
            .take(limit)
            .read_to_end(&mut content),
        false => file.take(limit).read_to_end(&mut content),
    };
    let fault = match read {
        Err(error) => Some(error.to_string()),
        Ok(_) if content.len() as u64 >= limit => {
            Some(format!("more than {MAX_FILE_BYTES} bytes when unpacked"))
        }
        Ok(_) => None,
    };
    Ok(Unpacked { content, fault })
}

#[derive(Debug, Default)]
struct Found {
    logs: Vec<PathBuf>,
    digests: Vec<PathBuf>,
    others: u64,
}

impl Found {
    fn walk_named(&mut self, path: &Path, findings: &mut Findings) -> Result<()> {
        let kind = fs::metadata(path).map_err(|error| {
            Failure::usage(format!("cannot read {}", path.display())).because(&error)
        })?;
        if kind.is_dir() {
            self.walk(path, 0, findings)
        } else if is_digest(path) {
            self.digests.push(path.to_owned());
            Ok(())
        } else {
            self.logs.push(path.to_owned());
            Ok(())
        }
    }

    fn walk(&mut self, folder: &Path, depth: usize, findings: &mut Findings) -> Result<()> {
        let entries =
            fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        let mut entries = match entries {
            Ok(_) if depth > MAX_DEPTH => {
                unreadable(
                    findings,
                    folder,
                    "too many folders within each other".to_owned(),
                );
                return Ok(());
            }
            Ok(entries) => entries,
            Err(error) => {
                unreadable(findings, folder, error.to_string());
                return Ok(());
            }
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) => {
                    unreadable(findings, &path, error.to_string());
                    continue;
                }
            };
            if kind.is_dir() {
                self.walk(&path, depth + 1, findings)?;
            } else if !is_record(&path) {
                self.others += 1;
            } else if !kind.is_file() {
                // A link may lead out of what was asked for, or in circles.
                unreadable(findings, &path, "not a regular file".to_owned());
            } else if is_digest(&path) {
                self.digests.push(path);
            } else {
                self.logs.push(path);
            }
        }
        if self.logs.len() + self.digests.len() > MAX_FILES {
            let what = format!("more than {MAX_FILES} files");
            return Err(
                Failure::usage(what).hint("give a part of the folder, and --from and --until")
            );
        }
        Ok(())
    }
}

fn unreadable(findings: &mut Findings, path: &Path, why: String) {
    let file = path.display().to_string();
    findings.add(Finding::UnreadableFile { file, why });
}

/// By its name. CloudTrail's insights and AWS Config lie beside log files and hold no calls.
fn is_record(path: &Path) -> bool {
    const OTHERS: [&str; 2] = ["_CloudTrail-Insight_", "_Config_"];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if OTHERS.iter().any(|other| name.contains(other)) {
        return false;
    }
    name.ends_with(".json") || name.ends_with(".json.gz")
}

fn is_digest(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.contains("_CloudTrail-Digest_")
}
