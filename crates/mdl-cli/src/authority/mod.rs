//! An issuing authority in a folder: its root, its document signers and its CRL.
//!
//! ```text
//! mdl-authority/
//!   iaca/certificate.pem   iaca/key.pem (PKCS#8, encrypted) or key.uri (where the key is)
//!   ds/.rotation.json (a rotation that has begun)
//!   ds/NAME/certificate.pem   request.pem   key.pem or key.uri (neither for the key of a request)   signer.json
//!   status/NAME/certificate.pem   key.pem or key.uri
//!   reader/NAME/certificate.pem   key.pem or key.uri
//!   private-ca/state.json (of a root in AWS Private CA, which has no key here)   ds/NAME/ (until it is certified)
//!   crl/crl.der   crl/crl.pem   crl/1.der, 2.der, … (every CRL ever issued)
//!   root-2/iaca/   root-2/crl/   root-2/link.pem   root-3/… (the roots after the first, their lists and the link
//!                                                            certificates that lead to them)
//! ```
//!
//! Everything that is signed is built, linted, signed and checked before it is written (the builders of `mdl-iaca`
//! insist), files appear complete or not at all, and none is overwritten but the two names of the current CRL.

#[cfg(feature = "aws")]
mod begun_signer;
mod certification;
mod crl;
mod document_signer;
mod folder;
mod iaca;
mod keys;
mod own;
#[cfg(feature = "aws")]
pub(crate) mod private_ca;
mod publication;
mod reader;
mod renewal;
mod roots;
mod rotation;
mod status_signer;

#[cfg(feature = "aws")]
pub(crate) use begun_signer::plan as plan_document_signer;
pub(crate) use crl::{BuiltCrl, CrlRequest, build_crl, build_crl_if_due};
pub(crate) use document_signer::{
    DocumentSigner, DocumentSignerRequest, Subject, issue_document_signer,
};
pub(crate) use folder::{AuthorityFolder, AuthorityOptions, SignerName};
pub(crate) use iaca::{Iaca, IacaRequest, create_iaca};
pub(crate) use keys::{KeyChoice, key_of, key_store_failure, key_uri_line, open_uri, pin};
#[cfg(feature = "aws")]
pub(crate) use private_ca::aws_access;
pub(crate) use publication::{Place, Publication, publish_crl};
pub(crate) use reader::{ReaderRequest, issue_reader};
pub(crate) use renewal::{RenewalRequest, Step, plan_renewal, renew_iaca};
pub(crate) use roots::{Bundle, RETIRED};
pub(crate) use rotation::{Rotation, Successor};
pub(crate) use status_signer::{StatusSignerRequest, issue_status_signer};

use mdl_crypto::Signature;
use mdl_signer::{SignError, Signer};
use time::OffsetDateTime;

use crate::failure::{Failure, Result};
use crate::runtime::wait_for;

/// Midnight UTC before `at`. Certificates begin there, because the times of an MSO are rounded down to whole days and
/// must still lie in the document signer's validity.
pub(crate) fn start_of_day(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_time(time::Time::MIDNIGHT)
}

/// Signs with a key that is at hand.
pub(crate) fn sign(signer: &dyn Signer, message: &[u8]) -> Result<Signature> {
    wait_for(signer.sign(message))?.map_err(|error| sign_failure(&error))
}

/// Retrying helps where the key store is only out of reach.
pub(crate) fn sign_failure(error: &SignError) -> Failure {
    let failure = match error {
        SignError::Unavailable(_) => Failure::outside("no signature"),
        SignError::Refused(_) => Failure::no("no signature"),
    };
    failure.because(error)
}
