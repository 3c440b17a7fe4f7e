//! The reader's end of a proximity session. ISO/IEC 18013-5, 9.1.1.4 and 6.3.2.
//!
//! Bytes in, bytes out: how they reach the device is the app's. A session is not `Clone`, and is over with the first
//! message that is not the one expected: whoever was listening could otherwise have it repeated.
//!
//! ```
//! use mdl_crypto::{Curve, PrivateKey};
//! use mdl_mdoc::device_engagement::DeviceEngagement;
//! use mdl_mdoc::session_transcript::Handover;
//! use mdl_reader::proximity::ReaderSession;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let device = PrivateKey::from_scalar(Curve::P256, &[1; 32])?;
//! # let engagement = DeviceEngagement::new(device.public_key(), Vec::new());
//! // A fresh key for every session, on the curve that the device chose.
//! let e_reader_key = PrivateKey::from_scalar(Curve::P256, &[7; 32])?; // in earnest: PrivateKey::generate
//! let request = [0xa0]; // the CBOR of a DeviceRequest
//! let (session, message) =
//!     ReaderSession::establish(&engagement, Handover::Qr, e_reader_key, &request)?;
//! // ... send the message, and give what comes back to session.receive ...
//! # Ok(())
//! # }
//! ```

use mdl_crypto::{AgreementError, PrivateKey};
use mdl_mdoc::cbor::{DecodeError, Limits};
use mdl_mdoc::cose::encode_cose_key;
use mdl_mdoc::device_engagement::DeviceEngagement;
use mdl_mdoc::session::{
    Role, SessionData, SessionEncryption, SessionEncryptionError, SessionEstablishment,
    SessionStatus,
};
use mdl_mdoc::session_transcript::{Handover, SessionTranscript};

/// A session with a device.
#[derive(Debug)]
pub struct ReaderSession {
    encryption: SessionEncryption,
    transcript: SessionTranscript,
    e_reader_key: PrivateKey,
    limits: Limits,
    is_over: bool,
}

/// What came from the device.
#[derive(Debug, Eq, PartialEq)]
pub struct Received {
    /// The CBOR of a `DeviceResponse`, to be verified with [`ReaderSession::transcript`].
    pub response: Option<Vec<u8>>,
    /// Why the device ended the session, if it did.
    pub ended: Option<SessionStatus>,
}

/// Why the session is over.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReaderSessionError {
    /// The message is no `SessionData`.
    #[error("message is not a SessionData")]
    Structure(#[from] DecodeError),
    /// The message does not decrypt.
    #[error("message of the device was not accepted")]
    Encryption(#[from] SessionEncryptionError),
    /// The session was over before.
    #[error("session is over")]
    Over,
}

impl ReaderSessionError {
    /// The message with which the device is told, if there is anything to tell.
    #[must_use]
    pub fn message(&self) -> Option<Vec<u8>> {
        let status = match self {
            Self::Structure(_) => SessionStatus::CborDecodingError,
            Self::Encryption(_) => SessionStatus::EncryptionError,
            Self::Over => return None,
        };
        Some(status.to_message())
    }
}

impl ReaderSession {
    /// Begins a session with a device, and gives the first message to it: the `SessionEstablishment` with the encrypted
    /// `request`, the CBOR of a `DeviceRequest`.
    ///
    /// `e_reader_key` is a fresh key on the curve of [`DeviceEngagement::e_device_key`], for this session alone.
    ///
    /// # Errors
    /// [`AgreementError`] if the key is on another curve.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the first of all counters is free"
    )]
    pub fn establish(
        engagement: &DeviceEngagement,
        handover: Handover<'_>,
        e_reader_key: PrivateKey,
        request: &[u8],
    ) -> Result<(Self, Vec<u8>), AgreementError> {
        let secret = e_reader_key.diffie_hellman(engagement.e_device_key())?;
        let cose_key = encode_cose_key(e_reader_key.public_key());
        let transcript = SessionTranscript::proximity(engagement.as_bytes(), &cose_key, handover);
        let mut session = Self {
            encryption: SessionEncryption::new(Role::Reader, &secret, &transcript),
            transcript,
            e_reader_key,
            limits: Limits::DEFAULT,
            is_over: false,
        };
        let data = session.encryption.encrypt(request);
        let establishment = SessionEstablishment {
            e_reader_key: &cose_key,
            data: &data.expect("the first of all counters is free"),
        };
        let message = establishment.encode();
        Ok((session, message))
    }

    /// Bounds on what the device sends; [`Limits::DEFAULT`] unless set.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Takes a message of the device.
    ///
    /// # Errors
    /// [`ReaderSessionError`]: the session is over, and [`ReaderSessionError::message`] tells the device.
    pub fn receive(&mut self, message: &[u8]) -> Result<Received, ReaderSessionError> {
        if self.is_over {
            return Err(ReaderSessionError::Over);
        }
        // Until it has turned out well.
        self.is_over = true;
        let message = SessionData::decode(message, &self.limits)?;
        let decrypt = |data| self.encryption.decrypt(data);
        let received = Received {
            response: message.data.map(decrypt).transpose()?,
            ended: message.status,
        };
        self.is_over = received.ended.is_some();
        Ok(received)
    }

    /// The message with another request in the same session.
    ///
    /// # Errors
    /// [`ReaderSessionError::Over`], [`ReaderSessionError::Encryption`] when there were too many.
    pub fn request(&mut self, request: &[u8]) -> Result<Vec<u8>, ReaderSessionError> {
        if self.is_over {
            return Err(ReaderSessionError::Over);
        }
        let data = self.encryption.encrypt(request)?;
        let message = SessionData {
            data: Some(&data),
            status: None,
        };
        Ok(message.encode())
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

    /// EReaderKey, with which a device MAC is checked.
    #[must_use]
    pub const fn e_reader_key(&self) -> &PrivateKey {
        &self.e_reader_key
    }
}
