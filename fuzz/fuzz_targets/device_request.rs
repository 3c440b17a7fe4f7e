//! The DeviceRequest decoder, and what a holder's device does with what it hands out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::device_request::DeviceRequest;
use mdl_mdoc::session_transcript::{Handover, SessionTranscript};

fuzz_target!(|data: &[u8]| {
    let Ok(mut checker) = Checker::new(data, &Limits::default()) else {
        return;
    };
    let Ok(request) = DeviceRequest::decode(data, &mut checker) else {
        return;
    };
    assert!(!request.doc_requests.is_empty());
    let transcript = SessionTranscript::proximity(&[0xa0], &[0xa0], Handover::Qr);
    let all = request.reader_authentication_all_bytes(&transcript);
    for doc_request in &request.doc_requests {
        let items_request = &doc_request.items_request;
        assert!(items_request.elements().next().is_some());
        // Signatures cover the very bytes that came.
        let encoded = items_request.encoded.bytes;
        let within = |bytes: &[u8]| bytes.windows(encoded.len()).any(|window| window == encoded);
        assert!(within(data) && within(&all));
        assert!(within(
            &doc_request.reader_authentication_bytes(&transcript)
        ));
    }
});
