//! The holder's side: what the reference wallet presents, and what a person reads when it does not.

use mdl_crypto::PrivateKey;
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_wallet::presentation::{self, PresentError};
pub(crate) use mdl_wallet::presentation::{DeviceAuthentication as Authentication, Selection};

use crate::failure::{Failure, Result};

/// Makes a `DeviceResponse` with one document.
///
/// # Errors
/// Exit code 1 if the document is none, lacks an element, or belongs to another device key.
pub(crate) fn present(
    issuer_signed: &[u8],
    selections: &[Selection],
    device_key: &PrivateKey,
    authentication: Authentication<'_>,
    transcript: &SessionTranscript,
) -> Result<Vec<u8>> {
    presentation::present(
        issuer_signed,
        selections,
        device_key,
        authentication,
        transcript,
    )
    .map_err(|error| refused(&error))
}

fn refused(error: &PresentError) -> Failure {
    let failure = Failure::no(error.to_string());
    let failure = match std::error::Error::source(error) {
        Some(cause) => failure.because(cause),
        None => failure,
    };
    match error {
        PresentError::Structure(_) => failure.hint("`mdl issue` makes one"),
        PresentError::DeviceKey => failure.hint("give the key that was given to `mdl issue`"),
        PresentError::Agreement(_) => {
            failure.hint("EReaderKey must be on the curve of the device key")
        }
        _ => failure,
    }
}
