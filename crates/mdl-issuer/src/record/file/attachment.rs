use std::path::{Component, Path, PathBuf};

use super::{MAX_ATTACHMENT_BYTES, read_at_most};

/// The files that a record may name.
pub(super) enum Attachments {
    /// None: the record came from where there are no files.
    Forbidden,
    /// Those below the record's own folder, links followed.
    Below(PathBuf),
}

impl Attachments {
    /// The content of a file; otherwise what to tell the author of the record.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let Self::Below(folder) = self else {
            return Err("bytes in the record itself, which may not name files,".to_owned());
        };
        let relative = Path::new(name);
        let goes_down = relative
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !goes_down || relative.components().next().is_none() {
            return Err("a path below the record's folder, without .. and not absolute".to_owned());
        }
        // Without the name: in a service's log it could tell who the record is about.
        let unreadable = |error: std::io::Error| format!("a readable file ({error})");
        let folder = folder.canonicalize().map_err(unreadable)?;
        let file = folder.join(relative).canonicalize().map_err(unreadable)?;
        if !file.starts_with(&folder) {
            return Err("a file below the record's folder, also where links lead".to_owned());
        }
        read_at_most(&file, MAX_ATTACHMENT_BYTES).map_err(unreadable)
    }
}
