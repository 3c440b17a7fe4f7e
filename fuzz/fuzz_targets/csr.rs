//! The decoder of certification requests, and the linter, which checks the proof of possession too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_iaca::certificate::CsrView;
use mdl_iaca::lint::lint_csr;

fuzz_target!(|data: &[u8]| {
    let Ok(request) = CsrView::from_der(data) else {
        return;
    };
    assert_eq!(request.der(), data);
    let _ = lint_csr(&request);
});
