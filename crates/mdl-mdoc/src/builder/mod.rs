//! Building an mdoc: prepare, sign elsewhere, attach.
//!
//! [`ElementSet`] encodes each data element once; [`MdocBuilder`] salts and digests them into an [`UnsignedMdoc`];
//! whoever holds the document signer's key signs [`UnsignedMdoc::to_be_signed`]; [`UnsignedMdoc::attach`] checks that
//! signature and gives the `IssuerSigned`. A batch of copies shares one `ElementSet`: only salts, digest identifiers
//! and device keys differ, and nothing links them.
//!
//! ISO/IEC 18013-5, 9.1.2. The same elements, times and generator give the same bytes on every platform.

mod element_set;
mod key_authorizations;
mod mdoc_builder;
mod status_reference;
mod unsigned_mdoc;
mod validity;

pub use element_set::{ElementError, ElementSet};
pub use key_authorizations::{DeviceKeyAuthorizations, KeyAuthorizationsError};
pub use mdoc_builder::{BuildError, Decoys, DigestId, DigestIdTooLarge, MdocBuilder};
pub use status_reference::{IdentifierReference, StatusReference};
pub use unsigned_mdoc::{AttachError, UnsignedMdoc};
pub use validity::{Granularity, Validity, ValidityError};
