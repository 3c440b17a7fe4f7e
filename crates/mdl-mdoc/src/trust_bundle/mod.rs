//! The trust bundle: all that a reader without a network needs to decide whom to believe, in one signed file.
//!
//! Trust anchors with their scope, CRLs and status tokens, signed by whoever equips the reader; the anchors come from
//! that party's own decisions, of which a VICAL (ISO/IEC 18013-5, Annex C) may be one source. The format is this
//! project's, since the standard has none for it; a VICAL cannot carry revocation evidence, and names its signer by a
//! certificate that a reader would need another list for.
//!
//! ```cddl
//! TrustBundle = #6.18([ protected: bstr .cbor { 1: alg, 4: kid, 16: typ }, {}, bstr .cbor Content, signature: bstr ])
//! Content = {
//!   "version": "1.0", "publisher": tstr, "sequence": uint,
//!   "issued": tdate, "nextUpdate": tdate, "notAfter": tdate,
//!   "anchors": [+ Anchor], ? "crls": [+ bstr], ? "statusTokens": [+ bstr],
//! }
//! Anchor = { "certificate": bstr, ? "docTypes": [+ tstr], ? "country": tstr, ? "state": tstr, ? "origin": tstr }
//! ```
//!
//! The encoding is deterministic (RFC 8949, 4.2.1), and every deviation from it is refused. So is every member that is
//! not listed here: one that is not understood could narrow what is trusted. `kid` is the SHA-256 of the signer's
//! SubjectPublicKeyInfo; it helps people find the key, and decides nothing.
//!
//! | To | use |
//! |---|---|
//! | say what is in a bundle | [`TrustBundleContent`] |
//! | have it signed | [`UnsignedTrustBundle`] |
//! | read one | [`SignedTrustBundle`] |
//!
//! Whether a bundle is current, and what its anchors are worth, is for `mdl-reader` to judge.

mod content;
mod signed;
mod unsigned;

pub use content::{BundledAnchor, TrustBundleContent, UnusableContent};
pub use signed::{InvalidTrustBundle, SignedTrustBundle, TrustBundleLimits};
pub use unsigned::{TrustBundleAttachError, UnsignedTrustBundle};

/// `typ` of the protected header (RFC 9596), so that no other signature of the same key is mistaken for a bundle.
pub const TRUST_BUNDLE_TYPE: &str = "application/vnd.mdl.trust-bundle+cose";
