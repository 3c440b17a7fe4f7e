//! Files with certificates, requests and CRLs, in PEM or DER.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_iaca::certificate::read_documents;

fuzz_target!(|data: &[u8]| {
    let _ = read_documents(data);
});
