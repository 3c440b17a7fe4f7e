//! Writing files: complete or not at all, and never in place of another without being asked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

const EXISTS_HINT: &str = "choose another name, or move it away";

/// Who may read a new file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Readers {
    /// Everyone whom the umask leaves.
    Everyone,
    /// Its owner only: keys, and data of a person.
    Owner,
}

/// Writes a new file.
///
/// # Errors
/// Exit code 2 if there is one of that name already or the folder cannot be written, 3 if the disk fails.
pub(crate) fn write_new(path: &Path, content: &[u8], readers: Readers) -> Result<()> {
    let beside = TemporaryFile::write(path, content, readers)?;
    match fs::hard_link(&beside.0, path) {
        // A file system without links: not atomic there, but still never in place of another file.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::Unsupported | ErrorKind::PermissionDenied
            ) =>
        {
            write_private(path, content, readers).map_err(|error| failed(path, &error))
        }
        linked => linked.map_err(|error| failed(path, &error)),
    }
}

/// Writes a file, in place of an older version of itself.
pub(crate) fn replace(path: &Path, content: &[u8], readers: Readers) -> Result<()> {
    refuse_special(path)?;
    let beside = TemporaryFile::write(path, content, readers)?;
    fs::rename(&beside.0, path).map_err(|error| failed(path, &error))
}

/// Writes a file: a new one, or with `force` also in place of another.
pub(crate) fn write(path: &Path, content: &[u8], readers: Readers, force: bool) -> Result<()> {
    if force {
        replace(path, content, readers)
    } else {
        write_new(path, content, readers)
    }
}

/// Fails early if [`write`] would fail because of an existing file.
pub(crate) fn refuse_existing(path: &Path, force: bool) -> Result<()> {
    match path.symlink_metadata() {
        Ok(_) if !force => Err(exists(path)),
        _ if path == Path::new("-") => Err(Failure::usage("- is not the name of a file")
            .hint("results are written to files; write ./- for a file named -")),
        _ => refuse_special(path),
    }
}

/// Says that `--force` overwrites, for the commands that have it.
pub(crate) fn or_force(failure: Failure) -> Failure {
    failure.replace_hint(
        EXISTS_HINT,
        "choose another name, or overwrite it with --force",
    )
}

/// All regular files in a folder and the folders in it, in the order of their names; links are not followed.
///
/// # Errors
/// Exit code 2 if a folder cannot be read, or there are very many files.
pub(crate) fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    const MAX_FILES: usize = 100_000;
    let unreadable = |folder: &Path, error: &io::Error| {
        Failure::usage(format!("cannot read {}", folder.display())).because(error)
    };
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let kind = entry
                .file_type()
                .map_err(|error| unreadable(&folder, &error))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
        if files.len() + folders.len() > MAX_FILES {
            let what = format!("more than {MAX_FILES} files in {}", folder.display());
            return Err(Failure::usage(what).hint("check that it is the folder you mean"));
        }
    }
    files.sort();
    Ok(files)
}

/// A device, pipe or folder is not replaced by a file, not even on demand: nobody means that.
fn refuse_special(path: &Path) -> Result<()> {
    match path.metadata() {
        Ok(found) if !found.is_file() => Err(Failure::usage(format!(
            "{} is not a regular file and is not overwritten",
            path.display()
        ))
        .hint("choose another name")),
        _ => Ok(()),
    }
}

/// Waits until nobody else works in a folder, until what is returned is dropped. Systems and file systems without locks
/// on folders have none; what is written appears in one step all the same.
///
/// # Errors
/// Exit code 3 if the lock fails.
pub(crate) fn lock_folder_of(path: &Path) -> Result<Option<File>> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let Ok(file) = File::open(folder) else {
        return Ok(None);
    };
    match file.lock() {
        Ok(()) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) => {
            Err(Failure::outside(format!("cannot lock {}", folder.display())).because(&error))
        }
    }
}

/// A folder that appears under its name with all its files, or not at all.
#[derive(Debug)]
pub(crate) struct NewFolder {
    beside: PathBuf,
    path: PathBuf,
}

impl NewFolder {
    /// Starts a folder that is to be `path`, and makes the folders above it.
    pub(crate) fn start(path: &Path) -> Result<Self> {
        refuse_existing(path, false)?;
        let beside = beside(path)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
        }
        fs::create_dir(&beside).map_err(|error| failed(path, &error))?;
        Ok(Self {
            beside,
            path: path.to_owned(),
        })
    }

    /// Where a file of the folder is to be written.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.beside.join(name)
    }

    /// Gives the folder its name.
    pub(crate) fn finish(self) -> Result<()> {
        refuse_existing(&self.path, false)?;
        fs::rename(&self.beside, &self.path).map_err(|error| failed(&self.path, &error))
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        // After `finish` there is nothing of that name left.
        let _ = fs::remove_dir_all(&self.beside);
    }
}

struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn write(path: &Path, content: &[u8], readers: Readers) -> Result<Self> {
        let beside = Self(beside(path)?);
        write_private(&beside.0, content, readers).map_err(|error| failed(path, &error))?;
        Ok(beside)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn write_private(path: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file: File = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A name in the same folder that nobody else chooses.
fn beside(path: &Path) -> Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| Failure::usage(format!("{} is not the name of a file", path.display())))?;
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::outside("the system gives no random numbers").because(&error))?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}", hex::encode(random)));
    Ok(path.with_file_name(temporary))
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!("{} exists and is not overwritten", path.display())).hint(EXISTS_HINT)
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    let what = format!("cannot write {}", path.display());
    match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => exists(path),
        ErrorKind::NotFound
        | ErrorKind::PermissionDenied
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::ReadOnlyFilesystem => Failure::usage(what).because(error),
        _ => Failure::outside(what).because(error),
    }
}
