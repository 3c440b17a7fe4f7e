//! Session encryption between reader and device, and the messages that carry it. ISO/IEC 18013-5, 9.1.1.
//!
//! Each direction has a key and a counter of its own. The counter is never sent: a message that is repeated, left out or
//! out of order does not decrypt, and the session is over. Easy to get wrong: the counters begin at 1, and the salt is the
//! hash of the transcript *with* its tag 24.

use std::fmt;

use mdl_crypto::{AesGcmKey, HashAlgorithm, SharedSecret, hkdf_sha256};
use zeroize::Zeroizing;

use crate::cbor::{Checker, DecodeError, DecodeErrorKind, Limits, Reader, Writer};
use crate::issuer_signed::member_name;
use crate::session_transcript::SessionTranscript;

/// One of the two ends of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// The mdoc reader.
    Reader,
    /// The mdoc: the holder's device.
    Device,
}

impl Role {
    const fn other(self) -> Self {
        match self {
            Self::Reader => Self::Device,
            Self::Device => Self::Reader,
        }
    }

    /// Key of the messages that this end sends, and the identifier in their nonces (9.1.1.5).
    const fn label(self) -> (&'static [u8], [u8; 8]) {
        match self {
            Self::Reader => (b"SKReader", [0; 8]),
            Self::Device => (b"SKDevice", [0, 0, 0, 0, 0, 0, 0, 1]),
        }
    }
}

/// The keys and counters of one end of a session.
///
/// It is not `Clone`: two copies would encrypt two messages under one nonce. Its keys are zeroized when it is dropped.
pub struct SessionEncryption {
    sent: Direction,
    received: Direction,
}

struct Direction {
    key: AesGcmKey,
    identifier: [u8; 8],
    /// The counter of the last message.
    counter: u32,
    is_over: bool,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionEncryptionError {
    /// Changed on the way, repeated, left out or out of order; or encrypted for another session.
    #[error("message does not decrypt")]
    NotAuthentic,
    /// Nothing is encrypted or decrypted after an error.
    #[error("session is over after an error")]
    Over,
    /// All 2³² − 1 counters of this direction are used up.
    #[error("session has had all its messages")]
    CounterUsedUp,
}

impl SessionEncryption {
    /// The keys of one end: from the secret that EReaderKey and EDeviceKey share, and the transcript.
    #[must_use]
    pub fn new(role: Role, shared_secret: &SharedSecret, transcript: &SessionTranscript) -> Self {
        let salt = HashAlgorithm::Sha256.digest(&transcript.to_tagged_bytes());
        let direction = |role: Role| {
            let (info, identifier) = role.label();
            let mut key = Zeroizing::new([0; 32]);
            hkdf_sha256(shared_secret.as_bytes(), salt.as_ref(), info, &mut *key);
            Direction {
                key: AesGcmKey::new(&key),
                identifier,
                counter: 0,
                is_over: false,
            }
        };
        Self {
            sent: direction(role),
            received: direction(role.other()),
        }
    }

    /// Encrypts the next message to the other end: ciphertext and tag.
    ///
    /// # Errors
    /// [`SessionEncryptionError::CounterUsedUp`].
    pub fn encrypt(&mut self, message: &[u8]) -> Result<Vec<u8>, SessionEncryptionError> {
        let nonce = self.sent.next_nonce()?;
        Ok(self.sent.key.encrypt(&nonce, message))
    }

    /// Decrypts the next message of the other end.
    ///
    /// # Errors
    /// Any [`SessionEncryptionError`]; after the first one the other end is not listened to any more.
    pub fn decrypt(&mut self, encrypted: &[u8]) -> Result<Vec<u8>, SessionEncryptionError> {
        let nonce = self.received.next_nonce()?;
        self.received.key.decrypt(&nonce, encrypted).map_err(|_| {
            self.received.is_over = true;
            SessionEncryptionError::NotAuthentic
        })
    }
}

impl Direction {
    fn next_nonce(&mut self) -> Result<[u8; 12], SessionEncryptionError> {
        if self.is_over {
            return Err(SessionEncryptionError::Over);
        }
        let next = self.counter.checked_add(1);
        self.counter = next.ok_or(SessionEncryptionError::CounterUsedUp)?;
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.identifier);
        nonce[8..].copy_from_slice(&self.counter.to_be_bytes());
        Ok(nonce)
    }
}

impl fmt::Debug for SessionEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionEncryption")
            .field("messages_sent", &self.sent.counter)
            .field("messages_received", &self.received.counter)
            .finish_non_exhaustive()
    }
}

/// `SessionEstablishment`: the first message, from reader to device (9.1.1.4).
#[derive(Clone, Copy, Debug)]
pub struct SessionEstablishment<'a> {
    /// The `COSE_Key` of EReaderKey, which tag 24 wraps. The transcript embeds these very bytes.
    pub e_reader_key: &'a [u8],
    /// The encrypted request.
    pub data: &'a [u8],
}

impl<'a> SessionEstablishment<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// Another structure, or beyond `limits`.
    pub fn decode(message: &'a [u8], limits: &Limits) -> Result<Self, DecodeError> {
        let mut checker = Checker::new(message, limits)?;
        let mut reader = Reader::new(message, 0);
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut e_reader_key, mut data) = (None, None);
        let mut entries = reader.map("SessionEstablishment")?;
        while reader.has_entry(&mut entries) {
            match member_name(&mut reader)? {
                Some(b"eReaderKey") => {
                    let (content, _) = reader.encoded_cbor("eReaderKey")?;
                    checker.check_embedded(content, 1)?;
                    e_reader_key = Some(content);
                }
                Some(b"data") => data = Some(reader.bytes("data")?),
                _ => reader.skip()?,
            }
        }
        reader.finish()?;
        Ok(Self {
            e_reader_key: e_reader_key.ok_or_else(|| missing("eReaderKey"))?,
            data: data.ok_or_else(|| missing("data"))?,
        })
    }

    /// The CBOR of it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(self.e_reader_key.len() + self.data.len() + 40);
        writer
            .map(2)
            .text("eReaderKey")
            .encoded_cbor(self.e_reader_key)
            .text("data")
            .bytes(self.data);
        writer.into_bytes()
    }
}

/// `status` of `SessionData` (9.1.1.4, Table 20). Every one of them ends the session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SessionStatus {
    /// 10: a message did not decrypt.
    EncryptionError,
    /// 11: a message is not what was expected.
    CborDecodingError,
    /// 20: the other end is done.
    Termination,
    /// A status of which the standard says nothing.
    Other(u64),
}

impl SessionStatus {
    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u64 {
        match self {
            Self::EncryptionError => 10,
            Self::CborDecodingError => 11,
            Self::Termination => 20,
            Self::Other(code) => code,
        }
    }

    /// The last message of a session: this status and no data.
    #[must_use]
    pub fn to_message(self) -> Vec<u8> {
        let end = SessionData {
            data: None,
            status: Some(self),
        };
        end.encode()
    }

    const fn from_code(code: u64) -> Self {
        match code {
            10 => Self::EncryptionError,
            11 => Self::CborDecodingError,
            20 => Self::Termination,
            code => Self::Other(code),
        }
    }
}

/// `SessionData`: every message after the first, in both directions (9.1.1.4).
#[derive(Clone, Copy, Debug)]
pub struct SessionData<'a> {
    /// An encrypted request or response.
    pub data: Option<&'a [u8]>,
    /// How the session ends, if it does.
    pub status: Option<SessionStatus>,
}

impl<'a> SessionData<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// Another structure, neither of the members, data beside an error, or beyond `limits`.
    pub fn decode(message: &'a [u8], limits: &Limits) -> Result<Self, DecodeError> {
        Checker::new(message, limits)?;
        let mut reader = Reader::new(message, 0);
        let start = reader.clone();
        let (mut data, mut status) = (None, None);
        let mut entries = reader.map("SessionData")?;
        while reader.has_entry(&mut entries) {
            match member_name(&mut reader)? {
                Some(b"data") => data = Some(reader.bytes("data")?),
                Some(b"status") => {
                    status = Some(SessionStatus::from_code(reader.unsigned("status")?));
                }
                _ => reader.skip()?,
            }
        }
        reader.finish()?;
        if data.is_none() && status.is_none() {
            return Err(start.error(DecodeErrorKind::Missing { member: "data" }));
        }
        let is_error = matches!(
            status,
            Some(SessionStatus::EncryptionError | SessionStatus::CborDecodingError)
        );
        if is_error && data.is_some() {
            let (member, rule) = ("data", "none beside an error");
            return Err(start.error(DecodeErrorKind::OutOfRange { member, rule }));
        }
        Ok(Self { data, status })
    }

    /// The CBOR of it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let members = usize::from(self.data.is_some()) + usize::from(self.status.is_some());
        let mut writer = Writer::with_capacity(self.data.map_or(0, <[u8]>::len) + 32);
        writer.map(members);
        if let Some(data) = self.data {
            writer.text("data").bytes(data);
        }
        if let Some(status) = self.status {
            writer.text("status").unsigned(status.code());
        }
        writer.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use mdl_crypto::{Curve, PrivateKey};

    use super::*;
    use crate::session_transcript::Handover;

    fn ends() -> (SessionEncryption, SessionEncryption) {
        let reader = PrivateKey::from_scalar(Curve::P256, &[1; 32]).expect("a scalar");
        let device = PrivateKey::from_scalar(Curve::P256, &[2; 32]).expect("a scalar");
        let transcript = SessionTranscript::proximity(&[0xa0], &[0xa0], Handover::Qr);
        let of = |role, own: &PrivateKey, other: &PrivateKey| {
            let secret = own.diffie_hellman(other.public_key()).expect("one curve");
            SessionEncryption::new(role, &secret, &transcript)
        };
        (
            of(Role::Reader, &reader, &device),
            of(Role::Device, &device, &reader),
        )
    }

    #[test]
    fn messages_go_both_ways_in_order() {
        let (mut reader, mut device) = ends();
        for number in 0..3_u8 {
            let request = reader.encrypt(&[number; 5]).unwrap();
            assert_eq!(device.decrypt(&request), Ok(vec![number; 5]));
            let response = device.encrypt(&[number; 9]).unwrap();
            assert_eq!(reader.decrypt(&response), Ok(vec![number; 9]));
        }
    }

    #[test]
    fn a_message_that_is_repeated_left_out_or_sent_back_ends_the_session() {
        let not_authentic = Err(SessionEncryptionError::NotAuthentic);
        let over = Err(SessionEncryptionError::Over);

        let (mut reader, mut device) = ends();
        let first = reader.encrypt(b"first").unwrap();
        let second = reader.encrypt(b"second").unwrap();
        device.decrypt(&first).unwrap();
        assert_eq!(device.decrypt(&first), not_authentic, "repeated");
        assert_eq!(device.decrypt(&second), over);

        let (_, mut device) = ends();
        assert_eq!(device.decrypt(&second), not_authentic, "left out");
        assert_eq!(device.decrypt(&first), over);

        let (mut reader, _) = ends();
        let own = reader.encrypt(b"first").unwrap();
        assert_eq!(reader.decrypt(&own), not_authentic, "sent back");
    }

    #[test]
    fn a_counter_is_not_used_again() {
        let (mut reader, _) = ends();
        reader.sent.counter = u32::MAX - 1;
        reader.encrypt(b"the last").unwrap();
        let used_up = Err(SessionEncryptionError::CounterUsedUp);
        assert_eq!(reader.encrypt(b"one more"), used_up);
    }

    #[test]
    fn session_data_has_data_or_status() {
        fn decode(message: &[u8]) -> Result<SessionData<'_>, DecodeError> {
            SessionData::decode(message, &Limits::DEFAULT)
        }
        let both = SessionData {
            data: Some(b"ab"),
            status: Some(SessionStatus::Termination),
        };
        let encoded = both.encode();
        assert_eq!(hex::encode(&encoded), "a264646174614261626673746174757314");
        let decoded = decode(&encoded).unwrap();
        assert_eq!((decoded.data, decoded.status), (both.data, both.status));
        assert!(decode(&[0xa0]).is_err(), "neither");
        for error in [
            SessionStatus::EncryptionError,
            SessionStatus::CborDecodingError,
        ] {
            let status = Some(error);
            let beside_error = SessionData { status, ..both };
            assert!(
                decode(&beside_error.encode()).is_err(),
                "data beside an error"
            );
        }
        assert!(decode(b"\xa1\x64data\x01").is_err(), "a number for bytes");
        assert!(
            decode(&[&encoded[..], &[0]].concat()).is_err(),
            "more follows"
        );
        for code in [10, 11, 20, 21] {
            assert_eq!(SessionStatus::from_code(code).code(), code);
        }
    }

    #[test]
    fn an_establishment_needs_both_members() {
        let whole = SessionEstablishment {
            e_reader_key: &[0xa0],
            data: b"ab",
        };
        let encoded = whole.encode();
        let decoded = SessionEstablishment::decode(&encoded, &Limits::DEFAULT).unwrap();
        assert_eq!(decoded.e_reader_key, whole.e_reader_key);
        assert_eq!(decoded.data, whole.data);
        let refused =
            |message: &[u8]| SessionEstablishment::decode(message, &Limits::DEFAULT).unwrap_err();
        refused(b"\xa1\x64data\x42ab");
        refused(b"\xa1\x6aeReaderKey\xd8\x18\x41\xa0");
        // What tag 24 wraps is held to the same rules.
        refused(b"\xa2\x6aeReaderKey\xd8\x18\x41\xa1\x64data\x42ab");
    }
}
