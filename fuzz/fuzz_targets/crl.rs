//! The CRL decoder, lookups by serial number, and the linter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_iaca::certificate::CrlView;
use mdl_iaca::lint::lint_crl;

fuzz_target!(|data: &[u8]| {
    let Ok(crl) = CrlView::from_der(data) else {
        return;
    };
    assert_eq!(crl.der(), data);
    // Every lookup walks the list: enough of them for the fuzzer, few enough for its time.
    for entry in crl.revoked().take(16) {
        assert!(
            crl.find(entry.serial).is_some(),
            "a listed certificate is found"
        );
    }
    let _ = lint_crl(&crl, None);
});
