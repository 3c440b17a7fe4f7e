//! The `mdl` command.
fn main() {}
