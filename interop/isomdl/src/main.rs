//! The crate isomdl: reads and checks with the functions of its reader, issues with its `Mdoc` builder, presents
//! with its `DeviceSession`.

mod check;
mod make;

use std::path::Path;
use std::process::ExitCode;

use ciborium::Value;
use isomdl::definitions::session::SessionTranscript;
use serde::{Deserialize, Serialize};

/// A session transcript as it was given, of any handover: isomdl's own type stops at QR and NFC.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
struct GivenTranscript(Value);

impl SessionTranscript for GivenTranscript {}

fn main() -> ExitCode {
    // A panic of the library's is reported as its outcome, by check.rs.
    std::panic::set_hook(Box::new(|_| {}));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((mode, folders)) if mode == "check" => folders
            .iter()
            .try_for_each(|folder| check::check(Path::new(folder))),
        Some((mode, [folder])) if mode == "make" => make::make(Path::new(folder)),
        _ => Err(anyhow::anyhow!("usage: check FOLDER… | make FOLDER")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
