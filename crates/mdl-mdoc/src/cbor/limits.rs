/// What the decoder spends at most on one input. Chosen by the caller, because only the caller knows what it can afford.
///
/// Limits bound work as well as memory: they are checked before anything of the announced size is read or allocated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Size of the whole input, in bytes.
    pub max_bytes: usize,
    /// Nesting of arrays, maps and tags, embedded CBOR included.
    pub max_depth: u8,
    /// Data items (RFC 8949, 1.2) in the whole input, embedded CBOR included.
    pub max_items: usize,
    /// Documents in one `DeviceResponse`.
    pub max_documents: usize,
    /// Certificates in one `x5chain`.
    pub max_certificates: usize,
}

impl Limits {
    /// For a response over proximity or the web: 4 MiB, 24 levels, 100,000 items, 16 documents, 8 certificates.
    pub const DEFAULT: Self = Self {
        max_bytes: 4 << 20,
        max_depth: 24,
        max_items: 100_000,
        max_documents: 16,
        max_certificates: 8,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
