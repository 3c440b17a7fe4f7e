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
use time::Date;

use self::person::Person;
use super::error::malformed;
use super::file::Record;
use super::folder::off_the_runtime;
use super::{RecordSource, RecordSourceError, SubjectReference};
use crate::clock::Clock;

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
    /// reads: for each `SUBJECT.json` and `SUBJECT.jpg`, for some `SUBJECT-mark.jpg`.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, folder: &Path, today: Date) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        for number in 1..=Self::COUNT {
            let person = self.person(number, today);
            let mut name_spaces = person.name_spaces;
            let mut add_file = |element: &str, name: String, content: &[u8]| {
                if let Some(Value::Object(elements)) = name_spaces.get_mut(MDL_NAME_SPACE) {
                    elements.insert(element.to_owned(), json!({ "file": name }));
                }
                fs::write(folder.join(name), content)
            };
            let subject = subject(number);
            add_file(
                "portrait",
                format!("{subject}.jpg"),
                self.portrait(number, today),
            )?;
            if let Some(mark) = &person.usual_mark {
                add_file("signature_usual_mark", format!("{subject}-mark.jpg"), mark)?;
            }
            let record = json!({ "doc_type": MDL_DOC_TYPE, "name_spaces": name_spaces });
            fs::write(
                folder.join(format!("{subject}.json")),
                format!("{record:#}\n"),
            )?;
        }
        Ok(())
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
