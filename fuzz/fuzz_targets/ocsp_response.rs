//! The decoder of OCSP responses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_iaca::certificate::OcspResponseView;

fuzz_target!(|data: &[u8]| {
    let Ok(OcspResponseView::Basic(response)) = OcspResponseView::from_der(data) else {
        return;
    };
    let _ = response.nonce();
    assert!(response.answers().len() <= 64);
    assert!(response.certificates().len() <= 8);
});
