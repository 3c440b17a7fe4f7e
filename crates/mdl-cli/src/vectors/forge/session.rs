//! The session in which the responses of the vectors are received: proximity by QR code.

use mdl_crypto::{Curve, PrivateKey};

use super::authority::key;
use super::cbor::{Cbor, Map};
use super::cose::cose_key;

/// A session with the reader's ephemeral key.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// `SessionTranscript`: the array.
    pub(crate) transcript: Vec<u8>,
    /// EReaderKey.Priv.
    pub(crate) reader_key: PrivateKey,
}

impl Session {
    /// The session of the vectors.
    pub(crate) fn ours() -> Self {
        Self::new("reader", Curve::P256)
    }

    /// Another session, from which a response may have been recorded.
    pub(crate) fn other() -> Self {
        Self::new("another reader", Curve::P256)
    }

    /// A session whose ephemeral keys are on `curve`. Of its engagement only the version is there: nothing reads it.
    pub(crate) fn new(reader: &str, curve: Curve) -> Self {
        let reader_key = key(reader, curve);
        let engagement = Map::new([(0, Cbor::from("1.0"))]);
        let transcript = Cbor::Array(vec![
            Cbor::encoded(Cbor::Map(engagement).to_bytes()),
            Cbor::encoded(cose_bytes(&reader_key)),
            Cbor::Null,
        ]);
        Self {
            transcript: transcript.to_bytes(),
            reader_key,
        }
    }
}

fn cose_bytes(key: &PrivateKey) -> Vec<u8> {
    Cbor::Map(cose_key(key.public_key())).to_bytes()
}
