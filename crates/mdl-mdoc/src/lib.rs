//! The ISO/IEC 18013-5 mdoc: data model, MSO builder and session transcripts. Pure: no I/O, no clock, no randomness.

pub mod cbor;
