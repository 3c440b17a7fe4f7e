//! Token Status List and identifier list: what an issuing authority publishes about revocation, and how it is signed.
//!
//! A mobile security object names a list by its URI, and an entry of it ([`Status`](crate::mso::Status)). The list comes
//! as a signed token, CWT or (cargo feature `jwt`) JWT:
//!
//! | To | use |
//! |---|---|
//! | keep, change and pack the entries | [`StatusList`] |
//! | say for which list, from when to when | [`StatusClaims`] |
//! | have them signed | [`UnsignedStatusCwt`], `UnsignedStatusJwt` |
//! | read a token | [`SignedStatusToken`] |
//!
//! Entries are counted from the *least* significant bit of each byte, unlike nearly everything else that packs bits. A
//! token says nothing before its signature is verified, and what the signer may say is for the reader to judge.
//!
//! draft-ietf-oauth-status-list, 4 and 5; ISO/IEC 18013-5 second edition, 12.3.6.

mod claims;
mod compressed;
mod cwt;
mod identifier_list;
#[cfg(feature = "jwt")]
mod jwt;
mod packed;
mod signed_token;
mod zlib;

pub use claims::{RevocationList, StatusClaims, UnusableClaims};
pub use compressed::CompressedStatusList;
pub use cwt::{StatusAttachError, UnsignedStatusCwt};
pub use identifier_list::IdentifierList;
#[cfg(feature = "jwt")]
pub use jwt::{StatusJwtAttachError, UnsignedStatusJwt};
pub use packed::{EntryError, StatusBits, StatusList, StatusType, UnknownStatusBits};
pub use signed_token::{InvalidStatusToken, SignedStatusToken, StatusTokenLimits, TokenForm};
pub use zlib::InvalidZlib;

/// Media type of a status list in a CWT.
pub const STATUS_LIST_CWT: &str = "application/statuslist+cwt";
/// Media type of a status list in a JWT; `typ` of its header lacks the `application/`.
pub const STATUS_LIST_JWT: &str = "application/statuslist+jwt";
/// Media type of an identifier list, which has no JWT form.
pub const IDENTIFIER_LIST_CWT: &str = "application/identifierlist+cwt";
