//! One end of an encrypted session: bytes in, bytes out. ISO/IEC 18013-5, 9.1.1.4 and 6.3.2.
//!
//! Reader and device hold the same state and differ in who speaks first and with which key. It is not `Clone`: a copy would
//! encrypt a second message under the nonce of the first. It is over with the first message that is not the one expected,
//! because whoever was listening could otherwise have one repeated; how messages reach the other end is the app's.

use std::fmt;

use mdl_crypto::{AgreementError, PrivateKey, PublicKey, SharedSecret};

use crate::cbor::{Checker, DecodeError, Limits, Reader};
use crate::cose::{CoseKey, CoseKeyError, encode_cose_key};
use crate::session::{
    Role, SessionData, SessionEncryption, SessionEncryptionError, SessionEstablishment,
    SessionStatus,
};
use crate::session_transcript::{Handover, SessionTranscript};

/// One end of a session. Its keys are zeroized when it is dropped.
///
/// ```compile_fail
/// fn two(session: mdl_mdoc::encrypted_session::EncryptedSession) {
///     let copy = session.clone();
/// }
/// ```
#[derive(Debug)]
pub struct EncryptedSession {
    encryption: SessionEncryption,
    transcript: SessionTranscript,
    limits: Limits,
    is_over: bool,
}

/// What came from the other end. `Debug` prints the size of the data only, which is personal.
#[derive(Eq, PartialEq)]
pub struct Received {
    /// The CBOR of a `DeviceRequest` at the device, of a `DeviceResponse` at the reader.
    pub data: Option<Vec<u8>>,
    /// Why the other end ended the session, if it did.
    pub ended: Option<SessionStatus>,
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("data_len", &self.data.as_ref().map(Vec::len))
            .field("ended", &self.ended)
            .finish()
    }
}

/// Why there is no session, or it is over.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The message is not what was expected.
    #[error("message is not a SessionEstablishment or SessionData")]
    Structure(#[from] DecodeError),
    /// EReaderKey is not usable.
    #[error("EReaderKey is not usable")]
    EReaderKey(#[from] CoseKeyError),
    /// EReaderKey is on another curve than EDeviceKey.
    #[error("EReaderKey does not fit EDeviceKey")]
    Agreement(#[from] AgreementError),
    /// The message does not decrypt, or there were too many.
    #[error("message was not accepted")]
    Encryption(#[from] SessionEncryptionError),
    /// The session was over before.
    #[error("session is over")]
    Over,
}

impl SessionError {
    /// The message with which the other end is told, if there is anything to tell.
    #[must_use]
    pub fn message(&self) -> Option<Vec<u8>> {
        let status = match self {
            Self::Structure(_) => SessionStatus::CborDecodingError,
            Self::EReaderKey(_) | Self::Agreement(_) | Self::Encryption(_) => {
                SessionStatus::EncryptionError
            }
            Self::Over => return None,
        };
        Some(status.to_message())
    }
}

impl EncryptedSession {
    /// The reader's end, and its first message: the `SessionEstablishment` with the encrypted `request`.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the first of all counters is free"
    )]
    #[must_use]
    pub fn establish(
        shared_secret: &SharedSecret,
        e_reader_key: &PublicKey,
        transcript: SessionTranscript,
        request: &[u8],
    ) -> (Self, Vec<u8>) {
        let mut session = Self::new(Role::Reader, shared_secret, transcript);
        let data = session.encryption.encrypt(request);
        let establishment = SessionEstablishment {
            e_reader_key: &encode_cose_key(e_reader_key),
            data: &data.expect("the first of all counters is free"),
        };
        let message = establishment.encode();
        (session, message)
    }

    /// The device's end, from a reader's first message; and the request in it.
    ///
    /// # Errors
    /// [`SessionError`]: whoever engages again does so with another key.
    pub fn accept(
        e_device_key: &PrivateKey,
        device_engagement: &[u8],
        handover: Handover<'_>,
        message: &[u8],
    ) -> Result<(Self, Vec<u8>), SessionError> {
        let establishment = SessionEstablishment::decode(message, &Limits::DEFAULT)?;
        Checker::new(establishment.e_reader_key, &Limits::DEFAULT)?;
        let mut reader = Reader::new(establishment.e_reader_key, 0);
        let key = CoseKey::decode(&mut reader)?;
        reader.finish()?;
        let secret = e_device_key.diffie_hellman(&key.to_public_key()?)?;
        let transcript =
            SessionTranscript::proximity(device_engagement, establishment.e_reader_key, handover);
        let mut session = Self::new(Role::Device, &secret, transcript);
        let request = session.encryption.decrypt(establishment.data)?;
        Ok((session, request))
    }

    fn new(role: Role, shared_secret: &SharedSecret, transcript: SessionTranscript) -> Self {
        Self {
            encryption: SessionEncryption::new(role, shared_secret, &transcript),
            transcript,
            limits: Limits::DEFAULT,
            is_over: false,
        }
    }

    /// Bounds on what the other end sends; [`Limits::DEFAULT`] unless set.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The message with this request or response.
    ///
    /// # Errors
    /// [`SessionError::Over`], [`SessionError::Encryption`] when there were too many.
    pub fn send(&mut self, data: &[u8]) -> Result<Vec<u8>, SessionError> {
        if self.is_over {
            return Err(SessionError::Over);
        }
        let data = self.encryption.encrypt(data)?;
        let message = SessionData {
            data: Some(&data),
            status: None,
        };
        Ok(message.encode())
    }

    /// Takes a message of the other end.
    ///
    /// # Errors
    /// [`SessionError`]: the session is over, and [`SessionError::message`] tells the other end.
    pub fn receive(&mut self, message: &[u8]) -> Result<Received, SessionError> {
        if self.is_over {
            return Err(SessionError::Over);
        }
        // Until it has turned out well.
        self.is_over = true;
        let message = SessionData::decode(message, &self.limits)?;
        let decrypt = |data| self.encryption.decrypt(data);
        let received = Received {
            data: message.data.map(decrypt).transpose()?,
            ended: message.status,
        };
        self.is_over = received.ended.is_some();
        Ok(received)
    }

    /// Whether it has ended: nothing is sent or received any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Ends the session, and gives the message that says so.
    #[must_use]
    pub fn terminate(&mut self) -> Vec<u8> {
        self.is_over = true;
        SessionStatus::Termination.to_message()
    }

    /// What device and reader authentication are bound to.
    #[must_use]
    pub const fn transcript(&self) -> &SessionTranscript {
        &self.transcript
    }
}
