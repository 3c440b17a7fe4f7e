//! The COSE_Key decoder and the public key it leads to: malformed keys are an error, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_mdoc::cbor::{Checker, Limits, Reader};
use mdl_mdoc::cose::{CoseKey, encode_cose_key};

fuzz_target!(|data: &[u8]| {
    if Checker::new(data, &Limits::default()).is_err() {
        return;
    }
    let Ok(key) = CoseKey::decode(&mut Reader::new(data, 0)) else {
        return;
    };
    if let Ok(public_key) = key.to_public_key() {
        // What was accepted is a point of its curve, so it survives being written and read again.
        let written = encode_cose_key(&public_key);
        let read = CoseKey::decode(&mut Reader::new(&written, 0)).map(|key| key.to_public_key());
        assert_eq!(read, Ok(Ok(public_key)));
    }
});
