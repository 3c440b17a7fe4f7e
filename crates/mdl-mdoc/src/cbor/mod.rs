//! CBOR as received: a bounded check of well-formedness, and a reader that borrows from the input.
//!
//! What an issuer or a device signed is hashed over the very bytes that arrived, so nothing here re-encodes. Every
//! byte string handed on is a slice of the input, and every error names the byte offset in the outermost input.
//!
//! ISO/IEC 18013-5, 8.1 (RFC 8949 with definite lengths and shortest forms). Deviations that leave the meaning
//! unambiguous (longer heads than needed, indefinite arrays and maps, map key order) are [`Deviations`], not errors:
//! fielded wallets send them. Indefinite-length *strings* are refused, because their content is not one slice.

mod check;
mod error;
mod head;
mod limits;
mod one_pass;
mod reader;
mod value;
mod write;

pub use check::{Checker, Deviation, DeviationKind, Deviations};
pub use error::{DecodeError, DecodeErrorKind};
pub use head::MajorType;
pub use limits::Limits;
pub(crate) use one_pass::OnePass;
pub use reader::{MapEntries, RawItem, Reader};
pub use value::{Value, ValueKind};
pub(crate) use write::{Writer, head_len};
