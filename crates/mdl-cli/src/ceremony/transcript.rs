//! The transcript: one line of JSON for everything that happened, written and on the disk before the next thing does.
//!
//! Every line has the SHA-256 of the one before it. A line that says that a key is about to sign comes before the call,
//! and one with the result after it: a run that dies in between leaves a doubt, which a person settles, and never a
//! second signature that nobody knows of.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::outline::sha256;
use super::plan::Plan;
use super::statement::Statement;
use super::structure::StructureKind;
use crate::failure::{Failure, Result};
use crate::verification_report::rfc3339;

/// A larger file is no transcript: a CRL of a large authority takes the most.
const MAX_BYTES: u64 = 256 << 20;
/// What the first line has in the place of the hash of a line before it.
const NOTHING: &str = "";
/// How a transcript begins.
const BEGINNING: &[u8] = br#"{"number":1,"previous":"","at":""#;

/// A line.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub(super) number: u64,
    /// SHA-256 of the line before it.
    pub(super) previous: String,
    pub(super) at: String,
    pub(super) event: Event,
}

/// What happened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Event {
    /// The ceremony began, with a plan that witnesses have approved.
    Begun {
        operator: String,
        clock: Clock,
        plan: Plan,
        approvals: Vec<Statement>,
    },
    /// A run went on where another had ended.
    Resumed {
        operator: String,
        clock: Clock,
        tool: String,
        /// Bytes of a line that was not finished.
        torn: usize,
        /// Steps of which the operator said that they are to be done although they may have been.
        again: Vec<String>,
    },
    /// A key is about to be made.
    MakingKey { step: String, key: String },
    /// A key was made.
    KeyMade {
        step: String,
        key: String,
        uri: String,
        public_key: String,
    },
    /// A key was opened, and is the one it should be.
    KeyOpened {
        key: String,
        uri: String,
        kept: String,
        public_key: String,
    },
    /// With these keys every structure has the planned hash.
    Reproduced { structures: usize },
    /// A key is about to sign.
    Signing {
        step: String,
        structure: StructureKind,
        signer: String,
        to_be_signed_sha256: String,
    },
    /// It has signed, and the signature was checked. `der` is what it signed, complete.
    Signed {
        step: String,
        structure: StructureKind,
        sha256: String,
        der: String,
    },
    /// The key store refused, so nothing was made or signed.
    Refused { step: String },
    /// Everything is done and in its place.
    Finished { files: Vec<PlacedFile> },
}

/// Where the times come from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Clock {
    /// The clock of the machine.
    System,
    /// The operator said what time it is.
    Given,
}

/// A file that the ceremony left.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlacedFile {
    /// As seen from the folder of the ceremony file.
    pub(super) file: String,
    pub(super) sha256: String,
}

fn text_of(line: &Line) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

/// Reads the lines of a transcript; what is behind the last line end is no line, and its length is the second result.
///
/// # Errors
/// Exit code 1 for a line that is not as it was written, or does not follow the one before it.
pub(super) fn read_lines(content: &[u8]) -> Result<(Vec<Line>, usize)> {
    let whole = content.iter().rposition(|byte| *byte == b'\n');
    let (whole, torn) = content.split_at(whole.map_or(0, |end| end + 1));
    let mut lines: Vec<Line> = Vec::new();
    let mut previous = NOTHING.to_owned();
    for (number, text) in (1..).zip(whole.split(|byte| *byte == b'\n')) {
        if text.is_empty() && lines.len() as u64 + 1 == number {
            // Behind the last line end.
            break;
        }
        let broken = |what: &str| Failure::no(format!("line {number} of the transcript {what}"));
        let line: Line = serde_json::from_slice(text)
            .map_err(|error| broken("is not one of ours").because(&error))?;
        if text_of(&line).as_bytes() != text {
            return Err(broken("is not written as we write it"));
        }
        if line.number != number || line.previous != previous {
            return Err(broken("does not follow the one before it"));
        }
        previous = sha256(text);
        lines.push(line);
    }
    Ok((lines, torn.len()))
}

/// The content of a file that is to be a transcript.
///
/// # Errors
/// Exit code 2 if it cannot be read, or is too large for one.
pub(crate) fn read_transcript(path: &Path) -> Result<Vec<u8>> {
    let content = crate::input::read_at_most(path, MAX_BYTES)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(Failure::usage(format!("{} is too large", path.display())));
    }
    Ok(content)
}

/// The content of a transcript that is finished.
///
/// # Errors
/// Exit code 1 for one that is not.
pub(crate) fn read_finished(path: &Path) -> Result<Vec<u8>> {
    let content = read_transcript(path)?;
    let (lines, torn) = read_lines(&content)?;
    match lines.last().map(|line| &line.event) {
        Some(Event::Finished { .. }) if torn == 0 => Ok(content),
        _ => Err(Failure::no(format!("{} is not finished", path.display()))
            .hint("go on with `mdl ceremony run`")),
    }
}

/// A transcript that is being written.
pub(super) struct Transcript {
    file: File,
    pub(super) lines: Vec<Line>,
    /// Bytes of a line that an earlier run did not finish.
    pub(super) torn: usize,
    /// Bytes of all lines. What is behind them stays until there is another line to take its place.
    whole: u64,
    last: String,
}

impl Transcript {
    /// Opens or makes a transcript, which nobody else can write meanwhile.
    ///
    /// # Errors
    /// Exit code 2 if another run has it, 1 if it is damaged.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Failure::usage(format!("cannot write {}", path.display())).because(&error)
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed)?;
        file.try_lock().map_err(|error| {
            Failure::usage(format!("{} is in use", path.display()))
                .because(&error)
                .hint("another run writes it: wait for its end")
        })?;
        let mut content = Vec::new();
        let read = Read::take(&mut file, MAX_BYTES + 1).read_to_end(&mut content);
        read.map_err(failed)?;
        if content.len() as u64 > MAX_BYTES {
            return Err(Failure::usage(format!("{} is too large", path.display())));
        }
        let (lines, torn) = read_lines(&content)?;
        let began_a_line = BEGINNING.starts_with(&content) || content.starts_with(BEGINNING);
        if lines.is_empty() && !began_a_line {
            return Err(
                Failure::usage(format!("{} is no transcript", path.display()))
                    .hint("it is not overwritten: choose another name"),
            );
        }
        let whole = (content.len() - torn) as u64;
        let last = lines
            .last()
            .map_or(NOTHING.to_owned(), |line| sha256(text_of(line).as_bytes()));
        Ok(Self {
            file,
            lines,
            torn,
            whole,
            last,
        })
    }

    /// Writes what happened, and returns when it is on the disk.
    pub(super) fn append(&mut self, at: OffsetDateTime, event: Event) -> Result<()> {
        let line = Line {
            number: self.lines.len() as u64 + 1,
            previous: self.last.clone(),
            at: rfc3339(at),
            event,
        };
        let text = text_of(&line);
        let whole = format!("{text}\n");
        let write = |file: &mut File| {
            file.set_len(self.whole)?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(whole.as_bytes())?;
            file.sync_all()
        };
        write(&mut self.file)
            .map_err(|error| Failure::outside("cannot write the transcript").because(&error))?;
        self.whole += whole.len() as u64;
        self.last = sha256(text.as_bytes());
        self.lines.push(line);
        Ok(())
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        self.lines.iter().map(|line| &line.event)
    }
}
