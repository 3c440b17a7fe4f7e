//! The table `[tenants.records]`: where data elements come from.

use std::path::PathBuf;

use super::quantity::text;
use super::section::Section;

pub(super) const RECORDS: &[&str] = &["kind", "path"];

/// A source of record as configured.
#[derive(Clone, Debug)]
pub enum RecordSettings {
    /// Files in a folder.
    Folder(PathBuf),
}

pub(super) fn read(section: &Section<'_>) -> Option<RecordSettings> {
    let kind = section.required("kind", text)?;
    match kind.as_str() {
        "folder" => section.required_path("path").map(RecordSettings::Folder),
        other => {
            section.problem("kind", format!("expected folder, found {other:?}"));
            None
        }
    }
}
