//! Sample people: licence holders that do not exist, for demonstrations and tests.
//!
//! Each person follows from the seed and their number alone, so the same service shows the same people again, whatever
//! else it was asked for. Their licences are those of one authority, because elements are held against the document
//! signer's subject: a service with a document signer of `C=US, ST=US-IA` has 200 holders of Iowa's licences. Holders
//! come from everywhere, with names in many scripts; of all ages; with all, some and no optional elements; with
//! fifteen vehicle categories, some, or none.
//!
//! A person keeps name and birth date through a calendar year. Statements on age are those of the day on which the
//! record is asked for; one that a birthday within a month would turn is left out.

mod jpeg;
mod names;
mod person;
mod place;
mod portrait;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::data_elements::Schema;
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::{Map, Value, json};
use time::{Date, Duration, OffsetDateTime};

use self::person::Person;
use super::error::malformed;
use super::file::Record;
use super::folder::off_the_runtime;
use super::{RecordSource, RecordSourceError, SubjectReference};
use crate::clock::Clock;

/// Statements on age hold for a month; a record is written anew well before.
const RENEWED_AFTER: Duration = Duration::WEEK;

/// The sample people of one authority, called `sample-001` to `sample-200`.
#[derive(Clone, Debug)]
pub struct SamplePeople {
    country: String,
    state: Option<String>,
    seed: u64,
    clock: Arc<dyn Clock>,
    schema: Schema,
    /// By number, from 1: drawing costs more than the rest of an issuance.
    portraits: Arc<[OnceLock<Vec<u8>>]>,
}

impl SamplePeople {
    /// How many there are.
    pub const COUNT: u32 = 200;

    /// Holders of licences of the authority whose document signers have this country (C) and state (ST) in their
    /// subject.
    #[must_use]
    pub fn new(country: &str, state: Option<&str>, seed: u64, clock: Arc<dyn Clock>) -> Self {
        Self {
            country: country.to_owned(),
            state: state.map(str::to_owned),
            seed,
            clock,
            schema: Schema::mdl(),
            portraits: (0..Self::COUNT).map(|_| OnceLock::new()).collect(),
        }
    }

    /// The same people with licences of another authority.
    #[must_use]
    pub fn licensed_by(&self, country: &str, state: Option<&str>) -> Self {
        Self {
            country: country.to_owned(),
            state: state.map(str::to_owned),
            ..self.clone()
        }
    }

    /// The subject references, in order.
    pub fn subjects(&self) -> impl Iterator<Item = String> + use<> {
        (1..=Self::COUNT).map(subject)
    }

    /// Writes the people as they are on `today` into a folder that [`FolderSource`](super::folder::FolderSource)
    /// reads: for each `SUBJECT.json` and `SUBJECT.jpg`, for some `SUBJECT-mark.jpg`. Those that are there already are
    /// treated as [`keep`](Self::keep) says.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, folder: &Path, today: Date) -> io::Result<()> {
        (1..=Self::COUNT).try_for_each(|number| self.keep(number, folder, today))
    }

    /// Writes one of the people, by number from 1, if the folder has no record of theirs or one that was written more
    /// than a week ago: statements on age do not hold forever. A record that somebody changed is theirs and stays.
    ///
    /// The images come first and every file gets its name when it is complete, so a record that can be read is whole,
    /// whenever the process was stopped.
    ///
    /// # Errors
    /// What the file system says; [`io::ErrorKind::NotFound`] if nobody has this number.
    pub fn keep(&self, number: u32, folder: &Path, today: Date) -> io::Result<()> {
        if !(1..=Self::COUNT).contains(&number) {
            return Err(io::ErrorKind::NotFound.into());
        }
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("{}.json", subject(number)));
        if !self.is_due(number, &path, today)? {
            return Ok(());
        }
        let portrait = folder.join(portrait_file(number));
        if !portrait.exists() {
            write_whole(&portrait, self.portrait(number, today))?;
        }
        let person = self.person(number, today);
        if let Some(mark) = &person.usual_mark {
            write_whole(&folder.join(mark_file(number)), mark)?;
        }
        write_whole(&path, &record_file(number, person))
    }

    fn is_due(&self, number: u32, path: &Path, today: Date) -> io::Result<bool> {
        let modified = match path.metadata() {
            Ok(metadata) => metadata.modified()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        let written_on = OffsetDateTime::from(modified).date();
        if today - written_on <= RENEWED_AFTER {
            return Ok(false);
        }
        let as_written = record_file(number, self.person(number, written_on));
        Ok(fs::read(path)? == as_written)
    }

    fn person(&self, number: u32, today: Date) -> Person {
        let mut rng = self.randomness(number, Use::Person);
        Person::new(
            number,
            &self.country,
            self.state.as_deref(),
            today,
            &mut rng,
        )
    }

    fn portrait(&self, number: u32, today: Date) -> &[u8] {
        let place = &self.portraits[number as usize - 1];
        place.get_or_init(|| {
            let person = self.person(number, today);
            let mut rng = self.randomness(number, Use::Portrait);
            portrait::portrait(person.hair_colour, person.is_bearded, &mut rng)
        })
    }

    /// The randomness for one purpose about one person.
    fn randomness(&self, number: u32, used_for: Use) -> ChaCha20Rng {
        let mut rng = ChaCha20Rng::seed_from_u64(self.seed);
        rng.set_stream(u64::from(number) << 8 | used_for as u64);
        rng
    }

    fn read(&self, reference: &str) -> Result<ElementSet, RecordSourceError> {
        let number = number_of(reference).ok_or(RecordSourceError::NotFound)?;
        let today = self.clock.now().date();
        let person = self.person(number, today);
        let record = json!({ "doc_type": MDL_DOC_TYPE, "name_spaces": person.name_spaces });
        let mut elements = Record::parse_without_files(record.to_string().as_bytes(), &self.schema)
            .map_err(|error| malformed(error.to_string()))?
            .into_elements();
        let portrait = Some(("portrait", self.portrait(number, today)));
        let mark = person.usual_mark.as_deref();
        for (element, image) in portrait
            .into_iter()
            .chain(mark.map(|mark| ("signature_usual_mark", mark)))
        {
            elements
                .add(MDL_NAME_SPACE, element, image)
                .map_err(|error| malformed(error.to_string()))?;
        }
        Ok(elements)
    }
}

/// What randomness is for: a new purpose must not change the others.
#[derive(Clone, Copy)]
enum Use {
    Person,
    Portrait,
}

fn portrait_file(number: u32) -> String {
    format!("{}.jpg", subject(number))
}

fn mark_file(number: u32) -> String {
    format!("{}-mark.jpg", subject(number))
}

/// The record as it is written, which names its images.
fn record_file(number: u32, person: Person) -> Vec<u8> {
    let mut name_spaces = person.name_spaces;
    if let Some(Value::Object(elements)) = name_spaces.get_mut(MDL_NAME_SPACE) {
        let portrait = json!({ "file": portrait_file(number) });
        elements.insert("portrait".to_owned(), portrait);
        if person.usual_mark.is_some() {
            let mark = json!({ "file": mark_file(number) });
            elements.insert("signature_usual_mark".to_owned(), mark);
        }
    }
    let record = json!({ "doc_type": MDL_DOC_TYPE, "name_spaces": name_spaces });
    format!("{record:#}\n").into_bytes()
}

/// Writes a file under a name that no record source takes for one of its own, and renames it.
fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().display();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    fs::write(&beside, content)?;
    fs::rename(beside, path)
}

fn subject(number: u32) -> String {
    format!("sample-{number:03}")
}

fn number_of(reference: &str) -> Option<u32> {
    let number = reference.strip_prefix("sample-")?.parse().ok()?;
    // The same number has one name only.
    let is_one = (1..=SamplePeople::COUNT).contains(&number) && subject(number) == reference;
    is_one.then_some(number)
}

/// A number from 0 up to, and not including, `below`. The tiny bias of a remainder harms no sample.
fn number(rng: &mut ChaCha20Rng, below: u32) -> i32 {
    (rng.next_u32() % below.max(1)) as i32
}

/// One of a few. `choices` is never empty: all of them are tables of this module.
fn pick<'c, T>(rng: &mut ChaCha20Rng, choices: &'c [T]) -> &'c T {
    &choices[number(rng, choices.len() as u32) as usize]
}

type Elements = Map<String, Value>;

#[async_trait]
impl RecordSource for SamplePeople {
    async fn fetch(
        &self,
        subject: &SubjectReference,
        doc_type: &str,
    ) -> Result<ElementSet, RecordSourceError> {
        if doc_type != MDL_DOC_TYPE {
            return Err(RecordSourceError::NotFound);
        }
        let (source, subject) = (self.clone(), subject.clone());
        off_the_runtime(move || source.read(subject.expose())).await
    }

    async fn check(&self) -> Result<(), RecordSourceError> {
        Ok(())
    }
}
