//! The holder's side: what the reference wallet presents, and what a person reads when it does not.

use std::path::PathBuf;

use clap::Args;
use mdl_crypto::{PrivateKey, PublicKey};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_wallet::presentation::{self, PresentError};
pub(crate) use mdl_wallet::presentation::{DeviceAuthentication as Authentication, Selection};

use crate::failure::{Failure, Result};
use crate::files::{Readers, or_force, refuse_existing, write};
use crate::input::{self, HexOrFile};

/// The session that a document is presented in, what of it, and where the response goes.
#[derive(Args, Debug)]
pub(crate) struct SessionOptions {
    /// The SessionTranscript array, not in tag 24: hexadecimal, or a file with the bytes
    #[arg(long, value_name = "HEX|FILE")]
    session_transcript: HexOrFile,
    /// Elements to disclose, NAMESPACE:IDENTIFIER separated by commas, or all
    #[arg(
        long,
        value_name = "NS:ID,…|all",
        value_delimiter = ',',
        required = true
    )]
    elements: Vec<Selection>,
    /// Authenticate by a MAC for the reader with this ephemeral public key instead of a signature
    #[arg(long, value_name = "FILE")]
    pub(crate) reader_key: Option<PathBuf>,
    /// Where the DeviceResponse is written
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Overwrite the file
    #[arg(long)]
    force: bool,
}

/// A session whose options have been read.
#[derive(Debug)]
pub(crate) struct Session<'o> {
    options: &'o SessionOptions,
    transcript: SessionTranscript,
    reader_key: Option<PublicKey>,
}

impl SessionOptions {
    /// Reads what the options name, before a document is taken for it.
    ///
    /// # Errors
    /// Exit code 2 if the output exists, or something cannot be read.
    pub(crate) fn open(&self) -> Result<Session<'_>> {
        refuse_existing(&self.out, self.force).map_err(or_force)?;
        let transcript = read_transcript(&self.session_transcript)?;
        let reader_key = self.reader_key.as_deref().map(input::read_public_key);
        Ok(Session {
            options: self,
            transcript,
            reader_key: reader_key.transpose()?,
        })
    }
}

impl Session<'_> {
    /// Presents the document, and writes the response. Gives its bytes.
    ///
    /// # Errors
    /// See [`present`]; exit code 2 if it cannot be written.
    pub(crate) fn present(&self, issuer_signed: &[u8], device_key: &PrivateKey) -> Result<usize> {
        let key = self.reader_key.as_ref();
        let authentication = key.map_or(Authentication::Signature, Authentication::Mac);
        let options = self.options;
        let response = present(
            issuer_signed,
            &options.elements,
            device_key,
            authentication,
            &self.transcript,
        )?;
        write(&options.out, &response, Readers::Owner, options.force)?;
        Ok(response.len())
    }
}

/// The transcript of a session from the command line.
///
/// # Errors
/// Exit code 2 if it is none.
pub(crate) fn read_transcript(value: &HexOrFile) -> Result<SessionTranscript> {
    SessionTranscript::from_bytes(value.read()?, &Limits::DEFAULT).map_err(|error| {
        Failure::usage(
            "--session-transcript: expected the CBOR of a SessionTranscript, an array of three",
        )
        .because(&error)
        .hint("it is the bare array, without tag 24; 83f6f6f6 is the smallest")
    })
}

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

/// Why nothing was presented, with what to do.
pub(crate) fn refused(error: &PresentError) -> Failure {
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
