//! One builder per certificate kind of ISO/IEC 18013-5, Annex B and C.
//!
//! A profile collects what the authority decides and [`build`](IacaProfile::build)s an [`UnsignedCertificate`]:
//! everything the tables prescribe is fixed here, everything they limit is refused with a [`ProfileError`].
//! The [linter](crate::lint), which shares no code with the builders, then has to agree, so that no key ever signs what
//! it refuses. Signing happens elsewhere, with any key store: pass on
//! [`to_be_signed`](UnsignedCertificate::to_be_signed), bring the signature to
//! [`attach`](UnsignedCertificate::attach), which verifies it before the certificate exists.
//!
//! The clock and the random generator are the caller's. The names of an issuer are copied as bytes, because Annex B
//! compares them as bytes.

mod accept;
mod contact;
mod distinguished_name;
mod document_signer;
pub(crate) mod encoding;
mod error;
pub(crate) mod extension_list;
mod iaca_root;
mod issuer;
mod key_purpose;
mod link_certificate;
pub(crate) mod lint_gate;
mod mso_revocation_list_signer;
mod ocsp_signer;
mod reader_authentication;
mod serial_number;
mod unsigned_certificate;
mod validity;
mod vical_signer;

pub use accept::{AcceptError, Difference, RequestedCertificate, RequestedExtension};
pub use contact::Contact;
pub use distinguished_name::DistinguishedName;
pub use document_signer::DocumentSignerProfile;
pub use error::{AttachError, Field, ProfileError};
pub use iaca_root::IacaProfile;
pub use issuer::{Issuer, IssuerError};
pub use link_certificate::LinkCertificateProfile;
pub use lint_gate::LintRefusal;
pub use mso_revocation_list_signer::MsoRevocationListSignerProfile;
pub use ocsp_signer::OcspSignerProfile;
pub use reader_authentication::ReaderAuthenticationProfile;
pub use serial_number::{InvalidSerialNumber, SerialNumber};
pub use unsigned_certificate::{IssuedCertificate, UnsignedCertificate};
pub use validity::Validity;
pub use vical_signer::VicalSignerProfile;
