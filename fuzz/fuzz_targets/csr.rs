//! The decoder of certification requests, and their proof of possession.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_iaca::certificate::CsrView;

fuzz_target!(|data: &[u8]| {
    let Ok(request) = CsrView::from_der(data) else {
        return;
    };
    assert_eq!(request.der(), data);
    let _ = (
        request.subject().common_name(),
        request.extensions().key_usage(),
        request.deviations(),
    );
    if let Ok(key) = request.public_key_info().public_key() {
        let _ = request.verify_signature(&key);
    }
});
