//! The CBOR decoder: no input may panic it or make it allocate beyond its limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_mdoc::cbor::{Limits, Value};

fuzz_target!(|data: &[u8]| {
    let _ = Value::decode(data, &Limits::default());
});
