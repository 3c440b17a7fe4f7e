//! A token of SoftHSM of its own for one test.
//!
//! SoftHSM finds its tokens through a variable of the environment, and a library is initialised once per process. So
//! each test runs in a process of its own: it starts the test program again for itself alone, with a fresh folder.

mod token_folder;

use mdl_signer_pkcs11::{Pin, Pkcs11Error, Token, TokenSelector};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use token_folder::{CONFIGURATION, make_token};
pub(crate) use token_folder::{LABEL, MODULE, PIN};

/// Runs `test` with a token in a fresh folder; `name` is the test's own name.
///
/// # Panics
/// If `test` does, or without SoftHSM.
pub(crate) fn with_token(name: &str, test: impl FnOnce(&Path)) {
    if let Some(configuration) = env::var_os("MDL_TEST_SOFTHSM") {
        return test(Path::new(&configuration));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = make_token(folder.path());
    let status = Command::new(env::current_exe().expect("this program"))
        .args([name, "--exact", "--nocapture"])
        .env(CONFIGURATION, &configuration)
        .env("MDL_TEST_SOFTHSM", folder.path())
        .status()
        .expect("this program starts");
    assert!(status.success(), "{name} in a process of its own: {status}");
}

/// The token of this test.
pub(crate) fn token() -> Token {
    open(LABEL, PIN).expect("a token")
}

pub(crate) fn open(label: &str, pin: &str) -> Result<Token, Pkcs11Error> {
    let selector = TokenSelector {
        label: Some(label.to_owned()),
        ..TokenSelector::default()
    };
    Token::open(&PathBuf::from(MODULE), selector, Pin::new(pin.to_owned()))
}
