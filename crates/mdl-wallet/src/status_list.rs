//! The status list that a document names: what readers will learn of it.
//!
//! Token Status List, 8.1. The token is handed out as received, for a reader to check: the wallet has no use for it but to
//! know beforehand.

use mdl_mdoc::cbor::{Checker, DecodeError, Limits};
use mdl_mdoc::issuer_signed::IssuerSigned;
use mdl_mdoc::mso::MobileSecurityObject;

use crate::connection::{Connection, Endpoint, RequestError};

/// The media type of status list tokens as CWT (Token Status List, 14.7).
const STATUS_LIST_CWT: &str = "application/statuslist+cwt";

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatusListError {
    /// Not an `IssuerSigned` with an MSO.
    #[error("document cannot be read")]
    Document(#[from] DecodeError),
    /// The document names no status list.
    #[error("document names no status list")]
    NoStatus,
    /// The list could not be had.
    #[error(transparent)]
    Request(#[from] RequestError),
}

/// Fetches the status list token (CWT) that a document names.
///
/// # Errors
/// See [`StatusListError`].
pub async fn fetch(
    connection: &Connection,
    issuer_signed: &[u8],
) -> Result<Vec<u8>, StatusListError> {
    let uri = uri(issuer_signed)?.ok_or(StatusListError::NoStatus)?;
    let endpoint = Endpoint::StatusList;
    let url = connection.address(endpoint, &uri)?;
    let answer = connection.get(endpoint, &url, STATUS_LIST_CWT).await?;
    Ok(answer.into_body())
}

fn uri(issuer_signed: &[u8]) -> Result<Option<String>, DecodeError> {
    let mut checker = Checker::new(issuer_signed, &Limits::DEFAULT)?;
    let document = IssuerSigned::decode(issuer_signed, &mut checker)?;
    let Some(payload) = document.issuer_auth.payload else {
        return Ok(None);
    };
    let mso = MobileSecurityObject::decode(payload, &mut checker)?;
    let list = mso.status.and_then(|status| status.status_list);
    Ok(list.map(|list| list.uri.to_owned()))
}
