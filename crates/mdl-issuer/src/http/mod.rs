//! The two listeners: one for wallets and readers, one for operators.

pub mod internal;
pub mod public;
