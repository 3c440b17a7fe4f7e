//! A fresh token of SoftHSM in a folder of its own.

use std::{fs, path::Path, process::Command};

/// Where Debian has the library.
pub(crate) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(crate) const LABEL: &str = "mdl test";
pub(crate) const PIN: &str = "7391-user";
/// The variable by which SoftHSM finds its tokens; the value is what [`make_token`] gives.
pub(crate) const CONFIGURATION: &str = "SOFTHSM2_CONF";

/// Makes the token [`LABEL`] below `folder`, in `tokens`.
///
/// # Panics
/// Without SoftHSM.
pub(crate) fn make_token(folder: &Path) -> String {
    let configuration = folder.join("softhsm2.conf");
    let tokens = folder.join("tokens");
    fs::create_dir(&tokens).expect("a folder");
    let text = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    fs::write(&configuration, text).expect("a file");
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", LABEL])
        .args(["--so-pin", "12345678", "--pin", PIN])
        .env(CONFIGURATION, &configuration)
        .output()
        .expect("softhsm2 is installed");
    assert!(made.status.success(), "{made:?}");
    configuration.display().to_string()
}
