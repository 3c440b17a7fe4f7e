//! The holder's end of a proximity session. ISO/IEC 18013-5, 9.1.1.4 and 6.3.2.
//!
//! An engagement is for one session: establishing it takes the engagement away, and the session that it gives is no more
//! to be had twice.

use mdl_crypto::PrivateKey;
use mdl_mdoc::device_engagement::{Capabilities, DeviceEngagement, RetrievalMethod};
use mdl_mdoc::encrypted_session::{EncryptedSession, SessionError};
use mdl_mdoc::session_transcript::Handover;

/// An engagement that waits for a reader.
#[derive(Debug)]
pub struct Engaged {
    engagement: DeviceEngagement,
    e_device_key: PrivateKey,
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

    /// As [`new`](Self::new), and says that this device also verifies a signature over the whole of a request.
    #[must_use]
    pub fn with_reader_auth_all(
        e_device_key: PrivateKey,
        retrieval_methods: Vec<RetrievalMethod>,
    ) -> Self {
        let capabilities = Capabilities {
            reader_auth_all: true,
        };
        let key = e_device_key.public_key();
        Self {
            engagement: DeviceEngagement::with_capabilities(key, retrieval_methods, capabilities),
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
    /// [`SessionError`]; the engagement is used up all the same.
    pub fn establish(
        self,
        message: &[u8],
        handover: Handover<'_>,
    ) -> Result<(EncryptedSession, Vec<u8>), SessionError> {
        let engagement = self.engagement.as_bytes();
        EncryptedSession::accept(&self.e_device_key, engagement, handover, message)
    }
}
