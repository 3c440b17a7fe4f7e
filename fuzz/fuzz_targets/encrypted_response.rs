//! The decoders of encrypted responses: HPKE of Annex C, JWE of OpenID4VP.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_crypto::{Curve, PrivateKey};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::encrypted_response::{open_dc_api_response, open_vp_token};
use mdl_mdoc::session_transcript::{OnlineHandover, SessionTranscript};

fuzz_target!(|data: &[u8]| {
    let key = PrivateKey::from_scalar(Curve::P256, &[7; 32]).expect("a scalar");
    let transcript = SessionTranscript::online(OnlineHandover::Iso18013Part7AnnexC {
        encryption_info: "info",
        origin: "https://verifier.example",
    });
    let _ = open_dc_api_response(data, &transcript, &key, &Limits::DEFAULT);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = open_vp_token(text, &key);
    }
});
