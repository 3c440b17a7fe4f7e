//! The built `mdl` binary, as its users run it: results, exit codes, files.

mod authority;
mod demo;
mod hostile_input;
mod inspect;
mod issue;
mod lint;
mod mdl;
mod readme;
mod usage;
mod verify;
mod whole_way;
