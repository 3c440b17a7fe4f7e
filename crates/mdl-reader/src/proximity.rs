//! The reader's end of a proximity session. ISO/IEC 18013-5, 9.1.1.4 and 6.3.2.
//!
//! Bytes in, bytes out: how they reach the device is the app's. The steps cannot be mixed up or repeated: an [`Encounter`]
//! becomes one [`ReaderSession`], and neither is `Clone`.
//!
//! ```
//! use mdl_crypto::{Curve, PrivateKey};
//! use mdl_mdoc::device_engagement::DeviceEngagement;
//! use mdl_mdoc::device_request::UnsignedDeviceRequest;
//! use mdl_mdoc::session_transcript::Handover;
//! use mdl_reader::proximity::Encounter;
//! use mdl_reader::request::RequestTemplate;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let device = PrivateKey::from_scalar(Curve::P256, &[1; 32])?;
//! # let engagement = DeviceEngagement::new(device.public_key(), Vec::new());
//! // A fresh key for every session, on the curve that the device chose.
//! let e_reader_key = PrivateKey::from_scalar(Curve::P256, &[7; 32])?; // in earnest: PrivateKey::generate
//! let encounter = Encounter::new(&engagement, Handover::Qr, e_reader_key)?;
//! let template: RequestTemplate = "age-over-18".parse()?;
//! let request = UnsignedDeviceRequest::new(&[template.items_request()])?;
//! // A reader with a certificate signs here: request.prepare(encounter.transcript(), ...)
//! let (session, message) = encounter.establish(&request.into_bytes());
//! // ... send the message, and give what comes back to session.receive ...
//! # Ok(())
//! # }
//! ```

use std::fmt;

use mdl_crypto::{AgreementError, PrivateKey, PublicKey, SharedSecret};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::cose::encode_cose_key;
use mdl_mdoc::device_engagement::DeviceEngagement;
use mdl_mdoc::encrypted_session::EncryptedSession;
pub use mdl_mdoc::encrypted_session::{Received, SessionError};
use mdl_mdoc::session_transcript::{Handover, SessionTranscript};

use crate::Session;

/// A device that has engaged, before the first message to it: the request is signed for the transcript that is known now.
pub struct Encounter {
    shared_secret: SharedSecret,
    e_reader_key: PrivateKey,
    transcript: SessionTranscript,
}

/// A session with a device.
#[derive(Debug)]
pub struct ReaderSession {
    session: EncryptedSession,
    e_reader_key: PrivateKey,
}

impl fmt::Debug for Encounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encounter").finish_non_exhaustive()
    }
}

impl Encounter {
    /// Meets a device. `e_reader_key` is a fresh key on the curve of [`DeviceEngagement::e_device_key`], for this session
    /// alone.
    ///
    /// # Errors
    /// [`AgreementError`] if the key is on another curve.
    pub fn new(
        engagement: &DeviceEngagement,
        handover: Handover<'_>,
        e_reader_key: PrivateKey,
    ) -> Result<Self, AgreementError> {
        let cose_key = encode_cose_key(e_reader_key.public_key());
        Ok(Self {
            shared_secret: e_reader_key.diffie_hellman(engagement.e_device_key())?,
            transcript: SessionTranscript::proximity(engagement.as_bytes(), &cose_key, handover),
            e_reader_key,
        })
    }

    /// What reader authentication is bound to.
    #[must_use]
    pub const fn transcript(&self) -> &SessionTranscript {
        &self.transcript
    }

    /// EReaderKey, to which a device MAC is addressed.
    #[must_use]
    pub const fn e_reader_key(&self) -> &PublicKey {
        self.e_reader_key.public_key()
    }

    /// Begins the session, and gives the first message to the device: the `SessionEstablishment` with the encrypted
    /// `request`, the CBOR of a `DeviceRequest`.
    #[must_use]
    pub fn establish(self, request: &[u8]) -> (ReaderSession, Vec<u8>) {
        let (session, message) = EncryptedSession::establish(
            &self.shared_secret,
            self.e_reader_key.public_key(),
            self.transcript,
            request,
        );
        let session = ReaderSession {
            session,
            e_reader_key: self.e_reader_key,
        };
        (session, message)
    }
}

impl ReaderSession {
    /// Bounds on what the device sends; [`Limits::DEFAULT`] unless set.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self {
            session: self.session.with_limits(limits),
            ..self
        }
    }

    /// Takes a message of the device: the CBOR of a `DeviceResponse`, to be verified in [`as_session`](Self::as_session).
    ///
    /// # Errors
    /// [`SessionError`]: the session is over, and [`SessionError::message`] tells the device.
    pub fn receive(&mut self, message: &[u8]) -> Result<Received, SessionError> {
        self.session.receive(message)
    }

    /// The message with another request in the same session.
    ///
    /// # Errors
    /// [`SessionError::Over`], [`SessionError::Encryption`] when there were too many.
    pub fn request(&mut self, request: &[u8]) -> Result<Vec<u8>, SessionError> {
        self.session.send(request)
    }

    /// Ends the session, and gives the message that says so. What was received can still be verified.
    #[must_use]
    pub fn terminate(&mut self) -> Vec<u8> {
        self.session.terminate()
    }

    /// What device authentication is bound to.
    #[must_use]
    pub const fn transcript(&self) -> &SessionTranscript {
        self.session.transcript()
    }

    /// The session as the verifier wants it: device authentication is required, by signature or by MAC.
    #[must_use]
    pub const fn as_session(&self) -> Session<'_> {
        Session::Device {
            transcript: self.session.transcript(),
            reader_key: Some(&self.e_reader_key),
        }
    }
}
