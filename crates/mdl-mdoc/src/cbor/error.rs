/// Why bytes were not accepted, and where.
///
/// Carries no content of the input beyond type names, so that it can be logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct DecodeError {
    /// Offset of the offending data item in the outermost input, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub kind: DecodeErrorKind,
}

/// The reasons of a [`DecodeError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The input ends inside a data item, or a length exceeds what is left.
    #[error("input ends inside a data item")]
    Truncated,
    /// Bytes follow the one expected data item.
    #[error("bytes after the end of the data item")]
    TrailingBytes,
    /// The input is larger than [`Limits::max_bytes`](super::Limits::max_bytes).
    #[error("input larger than {limit} bytes")]
    TooLarge {
        /// The limit in force, in bytes.
        limit: usize,
    },
    /// Nested deeper than [`Limits::max_depth`](super::Limits::max_depth).
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit in force, in levels.
        limit: u8,
    },
    /// More data items than [`Limits::max_items`](super::Limits::max_items).
    #[error("more than {limit} data items")]
    TooManyItems {
        /// The limit in force.
        limit: usize,
    },
    /// More entries in a list than the caller allows.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// The limit in force.
        limit: usize,
    },
    /// A text string that is not UTF-8.
    #[error("text is not UTF-8")]
    InvalidUtf8,
    /// A map holds the same key twice (RFC 8949, 5.6: invalid).
    #[error("duplicate map key")]
    DuplicateKey,
    /// Additional information 28 to 30, or an indefinite length where none is possible.
    #[error("reserved additional information")]
    ReservedHead,
    /// A break outside an indefinite-length item, or between a key and its value.
    #[error("unexpected break")]
    UnexpectedBreak,
    /// A text or byte string in chunks. 18013-5, 8.1 asks for definite lengths, and chunks are not one slice.
    #[error("indefinite-length string")]
    ChunkedString,
    /// A simple value below 32 in the two-byte form.
    #[error("malformed simple value")]
    InvalidSimple,
    /// Another type than the structure asks for.
    #[error("{member}: expected {expected}, found {found}")]
    WrongType {
        /// Member of the structure, as the standard spells it.
        member: &'static str,
        /// What the structure asks for.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A member that the structure requires is absent.
    #[error("{member}: missing")]
    Missing {
        /// Member of the structure, as the standard spells it.
        member: &'static str,
    },
    /// A value outside what the structure allows.
    #[error("{member}: {rule}")]
    OutOfRange {
        /// Member of the structure, as the standard spells it.
        member: &'static str,
        /// The rule that is broken.
        rule: &'static str,
    },
}

impl DecodeErrorKind {
    /// Whether the bytes are not acceptable CBOR at all, rather than CBOR of another structure than asked for.
    pub fn is_malformed(&self) -> bool {
        match self {
            Self::WrongType { .. }
            | Self::Missing { .. }
            | Self::OutOfRange { .. }
            | Self::TooMany { .. } => false,
            Self::Truncated
            | Self::TrailingBytes
            | Self::TooLarge { .. }
            | Self::TooDeep { .. }
            | Self::TooManyItems { .. }
            | Self::InvalidUtf8
            | Self::DuplicateKey
            | Self::ReservedHead
            | Self::UnexpectedBreak
            | Self::ChunkedString
            | Self::InvalidSimple => true,
        }
    }
}
