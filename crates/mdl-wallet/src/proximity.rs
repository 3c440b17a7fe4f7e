//! The holder's end of a proximity session. ISO/IEC 18013-5, 9.1.1.4 and 6.3.2.
//!
//! An engagement is for one session: establishing it takes the engagement away. A session is over with the first message
//! that is not the one expected.

use mdl_crypto::{AgreementError, PrivateKey};
use mdl_mdoc::cbor::{Checker, DecodeError, Limits, Reader};
use mdl_mdoc::cose::{CoseKey, CoseKeyError};
use mdl_mdoc::device_engagement::{DeviceEngagement, RetrievalMethod};
use mdl_mdoc::session::{
    Role, SessionData, SessionEncryption, SessionEncryptionError, SessionEstablishment,
    SessionStatus,
};
use mdl_mdoc::session_transcript::{Handover, SessionTranscript};

/// An engagement that waits for a reader.
#[derive(Debug)]
pub struct Engaged {
    engagement: DeviceEngagement,
    e_device_key: PrivateKey,
}

/// A session with a reader.
#[derive(Debug)]
pub struct HolderSession {
    encryption: SessionEncryption,
    transcript: SessionTranscript,
    is_over: bool,
}

/// What came from the reader.
#[derive(Debug, Eq, PartialEq)]
pub struct Received {
    /// The CBOR of a `DeviceRequest`.
    pub request: Option<Vec<u8>>,
    /// Why the reader ended the session, if it did.
    pub ended: Option<SessionStatus>,
}

/// Why there is no session, or it is over.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HolderSessionError {
    /// The message is not what was expected.
    #[error("message is not a SessionEstablishment or SessionData")]
    Structure(#[from] DecodeError),
    /// EReaderKey is not usable.
    #[error("EReaderKey is not usable")]
    EReaderKey(#[from] CoseKeyError),
    /// EReaderKey is on another curve than EDeviceKey.
    #[error("EReaderKey does not fit EDeviceKey")]
    Agreement(#[from] AgreementError),
    /// The message does not decrypt.
    #[error("message of the reader was not accepted")]
    Encryption(#[from] SessionEncryptionError),
    /// The session was over before.
    #[error("session is over")]
    Over,
}

impl HolderSessionError {
    /// The message with which the reader is told, if there is anything to tell.
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

impl Engaged {
    /// Engages with a fresh key, which is for one session alone.
    #[must_use]
    pub fn new(e_device_key: PrivateKey, retrieval_methods: Vec<RetrievalMethod>) -> Self {
        Self {
            engagement: DeviceEngagement::new(e_device_key.public_key(), retrieval_methods),
            e_device_key,
        }
    }

    /// What is shown to the reader.
    #[must_use]
    pub const fn engagement(&self) -> &DeviceEngagement {
        &self.engagement
    }

    /// Takes the first message of a reader: the session, and the CBOR of its `DeviceRequest`.
    ///
    /// # Errors
    /// [`HolderSessionError`]; the engagement is used up all the same.
    pub fn establish(
        self,
        message: &[u8],
        handover: Handover<'_>,
    ) -> Result<(HolderSession, Vec<u8>), HolderSessionError> {
        let establishment = SessionEstablishment::decode(message, &Limits::DEFAULT)?;
        Checker::new(establishment.e_reader_key, &Limits::DEFAULT)?;
        let mut reader = Reader::new(establishment.e_reader_key, 0);
        let key = CoseKey::decode(&mut reader)?;
        reader.finish()?;
        let secret = self.e_device_key.diffie_hellman(&key.to_public_key()?)?;
        let transcript = SessionTranscript::proximity(
            self.engagement.as_bytes(),
            establishment.e_reader_key,
            handover,
        );
        let mut encryption = SessionEncryption::new(Role::Device, &secret, &transcript);
        let request = encryption.decrypt(establishment.data)?;
        let session = HolderSession {
            encryption,
            transcript,
            is_over: false,
        };
        Ok((session, request))
    }
}

impl HolderSession {
    /// The message with a response: the CBOR of a `DeviceResponse`.
    ///
    /// # Errors
    /// [`HolderSessionError::Over`], [`HolderSessionError::Encryption`] when there were too many.
    pub fn respond(&mut self, response: &[u8]) -> Result<Vec<u8>, HolderSessionError> {
        if self.is_over {
            return Err(HolderSessionError::Over);
        }
        let data = self.encryption.encrypt(response)?;
        let message = SessionData {
            data: Some(&data),
            status: None,
        };
        Ok(message.encode())
    }

    /// Takes another message of the reader.
    ///
    /// # Errors
    /// [`HolderSessionError`]: the session is over, and [`HolderSessionError::message`] tells the reader.
    pub fn receive(&mut self, message: &[u8]) -> Result<Received, HolderSessionError> {
        if self.is_over {
            return Err(HolderSessionError::Over);
        }
        // Until it has turned out well.
        self.is_over = true;
        let message = SessionData::decode(message, &Limits::DEFAULT)?;
        let decrypt = |data| self.encryption.decrypt(data);
        let received = Received {
            request: message.data.map(decrypt).transpose()?,
            ended: message.status,
        };
        self.is_over = received.ended.is_some();
        Ok(received)
    }

    /// Ends the session, and gives the message that says so.
    #[must_use]
    pub fn terminate(self) -> Vec<u8> {
        SessionStatus::Termination.to_message()
    }

    /// What device authentication is bound to.
    #[must_use]
    pub const fn transcript(&self) -> &SessionTranscript {
        &self.transcript
    }
}
