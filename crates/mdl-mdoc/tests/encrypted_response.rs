//! Encrypted responses of the online flows, as others encrypted them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::{Curve, HpkeError, PrivateKey};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::encrypted_response::{EncryptedResponseError, open_dc_api_response, open_vp_token};
use mdl_mdoc::session_transcript::{OnlineHandover, SessionTranscript};

/// ISO/IEC TS 18013-7, Annex C: ANNEXC-DETERMINISTIC-001 of walt-id/waltid-identity at b19fda24.
const ENCRYPTION_INFO: &str = "gmVkY2FwaaJlbm9uY2VQAAECAwQFBgcICQoLDA0OD3JyZWNpcGllbnRQdWJsaWNLZXmkAQIgASFYILO0LJXwA8VAp7-r\
    I9YIJvj1wfEQ122YdEjwxUFeYAFEIlgg0u68CgTFZk_nslWFmYhDMQQ6vdBNf2vwy3QHKI_80Js";
const ENCRYPTED: &str = "gmVkY2FwaaJjZW5jWEEEG5gvoNUFmbbhxRtSl075PExgPLGtxDb9Hxu_VnVe03aaHuJ-vW219YofqLJJGUHZKgrrjcEm\
    oLYT0ur35BJCBGpjaXBoZXJUZXh0WCXUGzq3WpzY3INchUZw8cbzbz8bWJueKZ4PLW0LEvhDmmQPAKOa";
const RECIPIENT: &str = "9baeb7b14495d7b69cbe751a98c7ee4ad36b41053da880fe00baa4bb5ce31372";
const PLAINTEXT: &str = "a26776657273696f6e63312e306673746174757300";

/// Encrypted by jwcrypto 1.6.1 for the key with the scalar 7, 7, …: a response with one DeviceResponse.
const JWE: &str = "eyJhbGciOiJFQ0RILUVTIiwiYXB1IjoiZDJGc2JHVjBJRzV2Ym1ObCIsImFwdiI6ImNtVnhkV1Z6ZENCdWIyNWpaUSIs\
    ImVuYyI6IkExMjhHQ00iLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJrdHkiOiJFQyIsIngiOiI5b19Db0RCczlZNTZ2SVVU\
    Ri1JNmI2aC1OZi02WXJzdlVXQTY2YkJQaDc4IiwieSI6IkZtYkUtbDJZVkNqa0lFcW0zbUpDbXNkaEZURW11MTUyY1Nk\
    dUZEdjdNemMifSwia2lkIjoiMSJ9..kwpa2kafvqdbXBuG.G7TlFeJENm-QsOioTO04g8fvtcciK9Bprtffr9oc82cPY\
    0bKQu4RApj4vuSPDJ0NiEOzwF8.L9KfG8abVcpHoJszqH4i2g";

fn transcript(origin: &str) -> SessionTranscript {
    SessionTranscript::online(OnlineHandover::Iso18013Part7AnnexC {
        encryption_info: ENCRYPTION_INFO,
        origin,
    })
}

fn open(response: &[u8], origin: &str) -> Result<Vec<u8>, EncryptedResponseError> {
    let key = PrivateKey::from_scalar(Curve::P256, &hex::decode(RECIPIENT).unwrap()).unwrap();
    open_dc_api_response(response, &transcript(origin), &key, &Limits::DEFAULT)
}

#[test]
fn a_response_of_annex_c_is_opened_in_its_own_session_only() {
    let response = Base64UrlUnpadded::decode_vec(ENCRYPTED).unwrap();
    let opened = open(&response, "https://verifier.example").unwrap();
    assert_eq!(hex::encode(opened), PLAINTEXT);
    let elsewhere = open(&response, "https://attacker.example");
    let not_authentic = matches!(
        elsewhere,
        Err(EncryptedResponseError::Hpke(HpkeError::NotAuthentic(_)))
    );
    assert!(not_authentic, "{elsewhere:?}");
}

#[test]
fn other_structures_are_no_responses_of_annex_c() {
    let good = Base64UrlUnpadded::decode_vec(ENCRYPTED).unwrap();
    let mut other_protocol = good.clone();
    other_protocol[2] = b'x';
    let mut other_member = good.clone();
    let at = good
        .windows(4)
        .position(|window| window == b"\x63enc")
        .unwrap();
    other_member[at + 1] = b'x';
    for response in [
        &[][..],
        &[0x80],
        &good[..40],
        &other_protocol,
        &other_member,
    ] {
        let opened = open(response, "https://verifier.example");
        assert!(
            matches!(opened, Err(EncryptedResponseError::Decode(_))),
            "{opened:?}"
        );
    }
}

#[test]
fn a_vp_token_is_read_out_of_its_jwe() {
    let key = PrivateKey::from_scalar(Curve::P256, &[7; 32]).unwrap();
    let token = open_vp_token(JWE, &key).unwrap();
    let response = Base64UrlUnpadded::decode_vec("omd2ZXJzaW9uYzEuMGZzdGF0dXMA").unwrap();
    assert_eq!(token.responses, [(Some("mdl".to_owned()), response)]);
    assert_eq!(token.party_u_info, b"wallet nonce");
    assert_eq!(token.party_v_info, b"request nonce");
    let other = PrivateKey::from_scalar(Curve::P256, &[8; 32]).unwrap();
    let opened = open_vp_token(JWE, &other);
    assert!(
        matches!(opened, Err(EncryptedResponseError::Decrypt(_))),
        "{opened:?}"
    );
    let opened = open_vp_token("no.jwe", &key);
    assert!(
        matches!(opened, Err(EncryptedResponseError::Jwe(_))),
        "{opened:?}"
    );
}
