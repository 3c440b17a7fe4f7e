//! Writing the vectors: the same bytes every time, on every platform and crypto backend.

use std::path::{Path, PathBuf};

use super::{VectorFileError, cases};

/// Writes every vector file into `folder`, which is made if it is not there; other files in it stay as they are.
/// Gives path and number of tests of each file.
///
/// # Errors
/// The folder or a file cannot be written.
pub(crate) fn generate(folder: &Path) -> Result<Vec<(PathBuf, usize)>, VectorFileError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| VectorFileError::Io { path, source }
    };
    std::fs::create_dir_all(folder).map_err(io(folder))?;
    let mut files = Vec::new();
    for (name, file) in cases::all() {
        let path = folder.join(name).with_extension("json");
        std::fs::write(&path, file.to_json()).map_err(io(&path))?;
        files.push((path, file.tests.len()));
    }
    Ok(files)
}
