//! The two listeners: one for wallets and readers, one for operators.

pub mod public;
