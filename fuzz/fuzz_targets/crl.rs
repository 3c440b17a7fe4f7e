//! The CRL decoder: entries, extensions and lookups by serial number.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_iaca::certificate::CrlView;

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
    let _ = (
        crl.extensions().crl_number(),
        crl.extensions().authority_key_identifier(),
    );
    let _ = (crl.deviations(), crl.algorithms_agree(), crl.next_update());
});
