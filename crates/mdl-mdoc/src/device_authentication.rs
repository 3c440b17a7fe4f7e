//! Device authentication: what the device key signs or MACs. ISO/IEC 18013-5, 9.1.3.
//!
//! `DeviceAuthentication = ["DeviceAuthentication", SessionTranscript, docType, DeviceNameSpacesBytes]`. The content is
//! always detached: reader and device each assemble it from their own transcript, so an attached payload is worth nothing.

use mdl_crypto::{HashAlgorithm, SharedSecret, hkdf_sha256};

use zeroize::Zeroizing;

use crate::cbor::Writer;
use crate::session_transcript::SessionTranscript;

/// `DeviceAuthenticationBytes`: `DeviceAuthentication` in tag 24.
///
/// `name_spaces_bytes` is `DeviceNameSpacesBytes` as transmitted, tag 24 included.
pub fn device_authentication_bytes(
    session_transcript: &SessionTranscript,
    doc_type: &str,
    name_spaces_bytes: &[u8],
) -> Vec<u8> {
    let context = "DeviceAuthentication";
    let transcript = session_transcript.as_bytes();
    let heads = 1 + 1 + context.len() + 9;
    let mut writer =
        Writer::with_capacity(heads + transcript.len() + doc_type.len() + name_spaces_bytes.len());
    writer
        .array(4)
        .text(context)
        .raw(transcript)
        .text(doc_type)
        .raw(name_spaces_bytes);
    let mut tagged = Writer::with_capacity(writer.len() + 11);
    tagged.encoded_cbor(writer.as_slice());
    tagged.into_bytes()
}

/// EMacKey: HKDF-SHA-256 of the secret shared by SDeviceKey (the static key of the MSO) and EReaderKey, salted with
/// the SHA-256 of `SessionTranscriptBytes`, info "EMacKey", 32 bytes (9.1.3.5). Zeroized when dropped.
pub fn e_mac_key(
    shared_secret: &SharedSecret,
    session_transcript: &SessionTranscript,
) -> Zeroizing<[u8; 32]> {
    let salt = HashAlgorithm::Sha256.digest(&session_transcript.to_tagged_bytes());
    let mut key = Zeroizing::new([0; 32]);
    hkdf_sha256(
        shared_secret.as_bytes(),
        salt.as_ref(),
        b"EMacKey",
        &mut *key,
    );
    key
}
