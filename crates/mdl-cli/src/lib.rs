//! What the `mdl` command is made of, as a library, so that tests can use it without the command line.

pub mod record;
