//! A reader and a holder in one session, whose messages somebody may hold back, repeat or change.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use mdl_crypto::{AgreementError, Curve, PrivateKey};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::device_engagement::{BleOptions, DeviceEngagement, RetrievalMethod};
use mdl_mdoc::encrypted_session::{EncryptedSession, SessionError};
use mdl_mdoc::session::{SessionData, SessionEncryptionError, SessionEstablishment, SessionStatus};
use mdl_mdoc::session_transcript::Handover;
use mdl_reader::proximity::{Encounter, ReaderSession};
use mdl_wallet::proximity::Engaged;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const REQUEST: &[u8] = b"\xa1\x67version\x631.0";
const RESPONSE: &[u8] = b"\xa2\x67version\x631.0\x66status\x00";
/// `SessionData` that ends a session, by its status.
const ENDS: [(u8, SessionStatus); 3] = [
    (10, SessionStatus::EncryptionError),
    (11, SessionStatus::CborDecodingError),
    (20, SessionStatus::Termination),
];

fn key(curve: Curve, seed: u64) -> PrivateKey {
    PrivateKey::generate(curve, &mut ChaCha20Rng::seed_from_u64(seed))
}

fn engaged(curve: Curve) -> Engaged {
    let ble = RetrievalMethod::ble(&BleOptions {
        peripheral_server: Some([5; 16]),
        central_client: None,
    });
    Engaged::new(key(curve, 1), vec![ble])
}

/// What the reader reads from the QR code.
fn scanned(engaged: &Engaged) -> DeviceEngagement {
    DeviceEngagement::from_qr(&engaged.engagement().to_qr(), &Limits::DEFAULT).unwrap()
}

/// The reader's first message to a device that engages on P-256.
fn first_message(engaged: &Engaged) -> Vec<u8> {
    let key = key(Curve::P256, 2);
    let encounter = Encounter::new(&scanned(engaged), Handover::Qr, key).unwrap();
    encounter.establish(REQUEST).1
}

fn ends(curve: Curve) -> (ReaderSession, EncryptedSession) {
    let engaged = engaged(curve);
    let encounter = Encounter::new(&scanned(&engaged), Handover::Qr, key(curve, 2)).unwrap();
    let (reader, message) = encounter.establish(REQUEST);
    let (holder, request) = engaged.establish(&message, Handover::Qr).unwrap();
    assert_eq!(request, REQUEST);
    (reader, holder)
}

fn end(code: u8) -> Vec<u8> {
    let head: &[u8] = if code < 24 { &[] } else { &[0x18] };
    [b"\xa1\x66status", head, &[code]].concat()
}

#[test]
fn requests_and_responses_go_to_and_fro_on_every_curve() {
    for curve in [
        Curve::P256,
        Curve::P384,
        Curve::P521,
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP384r1,
    ] {
        let (mut reader, mut holder) = ends(curve);
        assert_eq!(reader.transcript(), holder.transcript());
        for _ in 0..3 {
            let received = reader.receive(&holder.send(RESPONSE).unwrap()).unwrap();
            assert_eq!(received.data.as_deref(), Some(RESPONSE));
            assert_eq!(received.ended, None);
            let received = holder.receive(&reader.request(REQUEST).unwrap()).unwrap();
            assert_eq!(received.data.as_deref(), Some(REQUEST));
        }
        let received = holder.receive(&reader.terminate()).unwrap();
        assert_eq!(received.ended, Some(SessionStatus::Termination));
        assert_eq!(holder.send(RESPONSE).unwrap_err(), SessionError::Over);
    }
}

#[test]
fn a_key_on_another_curve_than_the_devices_is_refused() {
    let engaged = engaged(Curve::P256);
    let refused = Encounter::new(&scanned(&engaged), Handover::Qr, key(Curve::P384, 2));
    assert!(
        matches!(refused, Err(AgreementError::CurveMismatch { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_session_is_bound_to_the_handover() {
    let engaged = engaged(Curve::P256);
    let nfc = Handover::Nfc {
        select: b"select",
        request: None,
    };
    let encounter = Encounter::new(&scanned(&engaged), nfc, key(Curve::P256, 2)).unwrap();
    let (_, message) = encounter.establish(REQUEST);
    let error = engaged.establish(&message, Handover::Qr).unwrap_err();
    let not_authentic = SessionError::Encryption(SessionEncryptionError::NotAuthentic);
    assert_eq!(error, not_authentic);
    assert_eq!(error.message(), Some(end(10)));
}

#[test]
fn a_session_is_bound_to_the_bytes_of_both_keys() {
    let engaged = engaged(Curve::P256);
    let message = first_message(&engaged);
    let establishment = SessionEstablishment::decode(&message, &Limits::DEFAULT).unwrap();
    // The same key with a member more: the same secret, and other bytes.
    let mut other_key = establishment.e_reader_key.to_vec();
    assert_eq!(other_key[0], 0xa4);
    other_key[0] = 0xa5;
    other_key.extend([0x02, 0x41, 0x00]);
    let changed = SessionEstablishment {
        e_reader_key: &other_key,
        data: establishment.data,
    };
    let error = engaged
        .establish(&changed.encode(), Handover::Qr)
        .unwrap_err();
    let not_authentic = SessionError::Encryption(SessionEncryptionError::NotAuthentic);
    assert_eq!(error, not_authentic);
}

#[test]
fn what_is_no_message_ends_the_session_and_the_other_end_is_told() {
    for message in [&b""[..], b"\xa0", b"\x00", b"\xa1\x64data\x01", &[0x9b; 9]] {
        let (mut reader, mut holder) = ends(Curve::P256);
        let error = reader.receive(message).unwrap_err();
        assert_eq!(error.message(), Some(end(11)), "{error}");
        assert_eq!(reader.request(REQUEST), Err(SessionError::Over));
        let good = holder.send(RESPONSE).unwrap();
        assert_eq!(reader.receive(&good), Err(SessionError::Over));
        assert_eq!(SessionError::Over.message(), None);

        let error = holder.receive(message).unwrap_err();
        assert_eq!(error.message(), Some(end(11)), "{error}");
        assert_eq!(holder.send(RESPONSE), Err(SessionError::Over));
        assert_eq!(
            engaged(Curve::P256)
                .establish(message, Handover::Qr)
                .unwrap_err()
                .message(),
            Some(end(11))
        );
    }
}

#[test]
fn a_message_that_comes_twice_ends_the_session() {
    let (mut reader, mut holder) = ends(Curve::P256);
    let message = holder.send(RESPONSE).unwrap();
    reader.receive(&message).unwrap();
    let error = reader.receive(&message).unwrap_err();
    assert_eq!(error.message(), Some(end(10)), "{error}");
    // Nothing more is accepted, also not what comes next.
    let next = holder.send(RESPONSE).unwrap();
    assert_eq!(reader.receive(&next), Err(SessionError::Over));
}

#[test]
fn a_message_out_of_order_left_out_or_sent_back_ends_the_session_at_either_end() {
    type Break = fn(&mut ReaderSession, &mut EncryptedSession) -> Vec<u8>;
    let at_reader: [Break; 3] = [
        |_, holder| {
            let _late = holder.send(RESPONSE).unwrap();
            holder.send(RESPONSE).unwrap()
        },
        |reader, _| reader.request(REQUEST).unwrap(),
        // Of another session.
        |_, _| ends(Curve::P384).1.send(RESPONSE).unwrap(),
    ];
    for message in at_reader {
        let (mut reader, mut holder) = ends(Curve::P256);
        let message = message(&mut reader, &mut holder);
        let error = reader.receive(&message).unwrap_err();
        assert_eq!(error.message(), Some(end(10)), "{error}");
        assert_eq!(reader.request(REQUEST), Err(SessionError::Over));
    }
    let at_holder: [Break; 4] = [
        |reader, _| {
            let _late = reader.request(REQUEST).unwrap();
            reader.request(REQUEST).unwrap()
        },
        |_, holder| holder.send(RESPONSE).unwrap(),
        |_, _| ends(Curve::P384).0.request(REQUEST).unwrap(),
        // The data of the first message once more, as if it were the second.
        |_, _| {
            let message = first_message(&engaged(Curve::P256));
            let first = SessionEstablishment::decode(&message, &Limits::DEFAULT).unwrap();
            let data = Some(first.data);
            SessionData { data, status: None }.encode()
        },
    ];
    for message in at_holder {
        let (mut reader, mut holder) = ends(Curve::P256);
        let message = message(&mut reader, &mut holder);
        let error = holder.receive(&message).unwrap_err();
        assert_eq!(error.message(), Some(end(10)), "{error}");
        assert!(holder.is_over());
        assert_eq!(holder.send(RESPONSE), Err(SessionError::Over));
    }
}

#[test]
fn nothing_is_said_or_heard_after_termination() {
    let (mut reader, mut holder) = ends(Curve::P256);
    let (request, response) = (
        reader.request(REQUEST).unwrap(),
        holder.send(RESPONSE).unwrap(),
    );
    assert_eq!(reader.terminate(), end(20));
    assert_eq!(reader.receive(&response), Err(SessionError::Over));
    assert_eq!(reader.request(REQUEST), Err(SessionError::Over));
    assert_eq!(holder.terminate(), end(20));
    assert_eq!(holder.receive(&request), Err(SessionError::Over));
}

#[test]
fn every_byte_of_a_message_counts() {
    let message = ends(Curve::P256).1.send(RESPONSE).unwrap();
    for byte in 0..message.len() {
        let (mut reader, _) = ends(Curve::P256);
        let mut changed = message.clone();
        changed[byte] ^= 1;
        let accepted = reader.receive(&changed);
        assert!(accepted.is_err(), "byte {byte}: {accepted:?}");
    }
}

#[test]
fn every_status_ends_the_session() {
    for (code, status) in ENDS.into_iter().chain([(99, SessionStatus::Other(99))]) {
        let (mut reader, mut holder) = ends(Curve::P256);
        let received = reader.receive(&end(code)).unwrap();
        assert_eq!((received.data, received.ended), (None, Some(status)));
        assert_eq!(reader.request(REQUEST), Err(SessionError::Over));
        let received = holder.receive(&end(code)).unwrap();
        assert_eq!((received.data, received.ended), (None, Some(status)));
        assert_eq!(holder.receive(&end(code)), Err(SessionError::Over));
    }
}

#[test]
fn a_reader_key_that_is_no_point_is_refused() {
    let engaged = engaged(Curve::P256);
    let message = first_message(&engaged);
    let establishment = SessionEstablishment::decode(&message, &Limits::DEFAULT).unwrap();
    let mut off_curve = establishment.e_reader_key.to_vec();
    *off_curve.last_mut().unwrap() ^= 1;
    let changed = SessionEstablishment {
        e_reader_key: &off_curve,
        ..establishment
    };
    let error = engaged
        .establish(&changed.encode(), Handover::Qr)
        .unwrap_err();
    assert!(matches!(error, SessionError::EReaderKey(_)), "{error}");
    assert_eq!(error.message(), Some(end(10)));
}
