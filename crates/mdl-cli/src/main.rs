//! The `mdl` command; everything is in the library, see [`mdl_cli::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    mdl_cli::run(std::env::args_os()).into()
}
