//! Session transcripts from elsewhere: what is accepted is kept byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::session_transcript::SessionTranscript;

fuzz_target!(|data: &[u8]| {
    if let Ok(transcript) = SessionTranscript::from_bytes(data.to_vec(), &Limits::default()) {
        assert_eq!(transcript.as_bytes(), data);
        assert!(transcript.to_tagged_bytes().ends_with(data));
    }
});
