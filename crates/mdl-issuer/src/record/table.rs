//! One CSV file with a line per person: what a spreadsheet exports. For demonstrations and tests.
//!
//! | Column | holds |
//! |---|---|
//! | `subject` | the subject reference; required |
//! | `doc_type` | the document type; without this column every line is an mDL |
//! | `family_name`, … | an element of `org.iso.18013.5.1` |
//! | `aamva/sex`, … | an element of `org.iso.18013.5.1.aamva` |
//! | `org.example.domestic/member_since`, … | an element of any name space |
//!
//! Cells hold what the schema asks for, as in [`file`](super::file): text, `true` or `false`, digits, dates. An
//! image is the name of a file beside or below the table. Lists such as `driving_privileges`, and elements that no
//! schema knows, are JSON: `[{"vehicle_category_code":"B","issue_date":"2017-02-23"}]`. An empty cell is an element
//! that is left out. RFC 4180, UTF-8, with one line of column names.
//!
//! The table is read anew for every record, so an edited line counts from the next request on; with more people than
//! fit a spreadsheet, use another source.

use std::collections::BTreeSet;
use std::path::PathBuf;

use async_trait::async_trait;
use csv::{ByteRecord, ReaderBuilder};
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::data_elements::{ElementType, Schema, aamva_name_space};
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
use serde::de::IgnoredAny;

use super::error::{malformed, unreachable};
use super::file::{Record, RecordError, read_at_most};
use super::folder::off_the_runtime;
use super::{RecordSource, RecordSourceError, SubjectReference, UnusableRecord};

/// The largest table, in bytes.
pub const MAX_TABLE_BYTES: usize = 16 << 20;

/// A table of records.
#[derive(Clone, Debug)]
pub struct CsvSource {
    file: PathBuf,
    schema: Schema,
}

/// What a column is about.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Column {
    Subject,
    DocType,
    Element {
        name_space: String,
        element_identifier: String,
    },
}

impl Column {
    fn named(header: &str) -> Self {
        match (header, header.rsplit_once('/')) {
            ("subject", _) => Self::Subject,
            ("doc_type", _) => Self::DocType,
            (_, Some(("aamva", element))) => Self::element(aamva_name_space::NAME_SPACE, element),
            (_, Some((name_space, element))) => Self::element(name_space, element),
            (_, None) => Self::element(MDL_NAME_SPACE, header),
        }
    }

    fn element(name_space: &str, element_identifier: &str) -> Self {
        Self::Element {
            name_space: name_space.to_owned(),
            element_identifier: element_identifier.to_owned(),
        }
    }
}

impl CsvSource {
    /// The lines of `file`, read by `schema`.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, schema: Schema) -> Self {
        Self {
            file: file.into(),
            schema,
        }
    }

    fn read(&self, reference: &str, doc_type: &str) -> Result<ElementSet, RecordSourceError> {
        let bytes = self.bytes()?;
        let mut reader = ReaderBuilder::new().from_reader(&*bytes);
        let columns = columns(&mut reader)?;
        let is_one = |line: &ByteRecord| {
            let mut named = false;
            let mut of_type = None;
            for (column, cell) in columns.iter().zip(line) {
                match column {
                    Column::Subject => named = cell == reference.as_bytes(),
                    Column::DocType => of_type = Some(cell == doc_type.as_bytes()),
                    Column::Element { .. } => {}
                }
            }
            named && of_type.unwrap_or(doc_type == MDL_DOC_TYPE)
        };
        let mut found = None;
        for line in reader.byte_records() {
            let line = line.map_err(not_a_table)?;
            if is_one(&line) && found.replace(line).is_some() {
                return Err(UnusableRecord::Ambiguous.into());
            }
        }
        let line = found.ok_or(RecordSourceError::NotFound)?;
        let json = self.json(doc_type, &columns, &line)?;
        let folder = self.file.parent().unwrap_or_else(|| "".as_ref());
        Record::parse(json.as_bytes(), &self.schema, folder)
            .map(Record::into_elements)
            .map_err(|error| match error {
                // Line and column are those of JSON that nobody has written.
                RecordError::Content { problem, .. } => malformed(problem),
                RecordError::Unreadable { source, .. } => unreachable(source),
            })
    }

    fn bytes(&self) -> Result<Vec<u8>, RecordSourceError> {
        read_at_most(&self.file, MAX_TABLE_BYTES).map_err(|error| {
            if error.kind() == std::io::ErrorKind::FileTooLarge {
                let limit = MAX_TABLE_BYTES;
                UnusableRecord::TooLarge { limit }.into()
            } else {
                unreachable(error)
            }
        })
    }

    /// A line in the form of a record file, name spaces and elements in the order of the columns.
    fn json(
        &self,
        doc_type: &str,
        columns: &[Column],
        line: &ByteRecord,
    ) -> Result<String, RecordSourceError> {
        let schema = (self.schema.doc_type() == doc_type).then_some(&self.schema);
        let mut name_spaces: Vec<(&str, Vec<String>)> = Vec::new();
        for (column, cell) in columns.iter().zip(line) {
            let Column::Element {
                name_space,
                element_identifier,
            } = column
            else {
                continue;
            };
            if cell.is_empty() {
                continue;
            }
            let element_type = schema
                .and_then(|schema| schema.name_space(name_space))
                .and_then(|known| known.row(element_identifier))
                .map_or(&ElementType::Any, |row| &row.element_type);
            let value = cell_as_json(cell, element_type).ok_or_else(|| {
                malformed(format!(
                    "{name_space}/{element_identifier}: expected {element_type} in the cell"
                ))
            })?;
            let member = format!("{}:{value}", quoted(element_identifier));
            match name_spaces
                .iter_mut()
                .find(|(known, _)| known == name_space)
            {
                Some((_, members)) => members.push(member),
                None => name_spaces.push((name_space, vec![member])),
            }
        }
        let name_spaces: Vec<_> = name_spaces
            .into_iter()
            .map(|(name_space, members)| {
                format!("{}:{{{}}}", quoted(name_space), members.join(","))
            })
            .collect();
        Ok(format!(
            r#"{{"doc_type":{},"name_spaces":{{{}}}}}"#,
            quoted(doc_type),
            name_spaces.join(",")
        ))
    }
}

/// The cell as the JSON that the record file would have in its place.
fn cell_as_json(cell: &[u8], element_type: &ElementType) -> Option<String> {
    let cell = std::str::from_utf8(cell).ok()?;
    match element_type {
        ElementType::Latin1Text { .. }
        | ElementType::Utf8Text
        | ElementType::TextCode(_)
        | ElementType::Digits(_)
        | ElementType::CountryCode
        | ElementType::Subdivision
        | ElementType::DistinguishingSign
        | ElementType::VehicleCategory
        | ElementType::FullDate
        | ElementType::Tdate
        | ElementType::TdateOrFullDate => Some(quoted(cell)),
        ElementType::Uint { .. } | ElementType::UintCode(_) | ElementType::Flag => {
            let digits = cell.bytes().all(|b| b.is_ascii_digit());
            cell.parse::<u64>()
                .ok()
                .filter(|_| digits)
                .map(|number| number.to_string())
        }
        ElementType::Bool | ElementType::AgeOver => {
            matches!(cell, "true" | "false").then(|| cell.to_owned())
        }
        ElementType::Image | ElementType::Bytes | ElementType::BiometricTemplate => {
            Some(format!(r#"{{"file":{}}}"#, quoted(cell)))
        }
        // Exactly one JSON value: the cell must not close its object and open another.
        _ => serde_json::from_str::<IgnoredAny>(cell)
            .is_ok()
            .then(|| cell.to_owned()),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn columns(reader: &mut csv::Reader<&[u8]>) -> Result<Vec<Column>, RecordSourceError> {
    let headers = reader.headers().map_err(not_a_table)?;
    let columns: Vec<_> = headers
        .iter()
        .map(|header| Column::named(header.trim_start_matches('\u{feff}').trim()))
        .collect();
    let mut seen = BTreeSet::new();
    for (header, column) in headers.iter().zip(&columns) {
        if !seen.insert(column) {
            return Err(malformed(format!("the column {header:?} occurs twice")));
        }
    }
    if !columns.contains(&Column::Subject) {
        return Err(malformed("the table has no column \"subject\""));
    }
    Ok(columns)
}

/// The text of the reader's own errors may repeat a cell.
fn not_a_table(error: csv::Error) -> RecordSourceError {
    let line = error.position().map_or(0, csv::Position::line);
    malformed(format!(
        "line {line} of the table: expected UTF-8 and as many cells as there are columns"
    ))
}

#[async_trait]
impl RecordSource for CsvSource {
    async fn fetch(
        &self,
        subject: &SubjectReference,
        doc_type: &str,
    ) -> Result<ElementSet, RecordSourceError> {
        let (source, subject, doc_type) = (self.clone(), subject.clone(), doc_type.to_owned());
        off_the_runtime(move || source.read(subject.expose(), &doc_type)).await
    }

    async fn check(&self) -> Result<(), RecordSourceError> {
        let source = self.clone();
        off_the_runtime(move || {
            let bytes = source.bytes()?;
            columns(&mut ReaderBuilder::new().from_reader(&*bytes)).map(drop)
        })
        .await
    }
}
