//! PKCS#11 libraries, each loaded and initialised once in a process.
//!
//! A second `C_Initialize` is an error, and whatever one part of a process does to a library it does to all of them.

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, PoisonError},
};

use crate::error::Pkcs11Error;

static LOADED: LazyLock<Mutex<HashMap<PathBuf, Pkcs11>>> = LazyLock::new(Mutex::default);

/// The library `path`, which stays loaded until the process ends.
pub(crate) fn load(path: &Path) -> Result<Pkcs11, Pkcs11Error> {
    let failed = |source| Pkcs11Error::Library {
        path: path.to_owned(),
        source,
    };
    // Two names of one file are one library. A name without a folder is looked up by the system.
    let key = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(library) = loaded.get(&key) {
        return Ok(library.clone());
    }
    let library = Pkcs11::new(path).map_err(failed)?;
    initialise(&library).map_err(failed)?;
    loaded.insert(key, library.clone());
    Ok(library)
}

/// Initialises the library unless it is: also after somebody else in the process has finalised it.
pub(crate) fn initialise(library: &Pkcs11) -> Result<(), Error> {
    let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    match library.initialize(arguments) {
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        outcome => outcome,
    }
}
