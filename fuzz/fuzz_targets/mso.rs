//! The MobileSecurityObject decoder: the payload that an issuer signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::mso::MobileSecurityObject;

fuzz_target!(|data: &[u8]| {
    let Ok(mut checker) = Checker::new(data, &Limits::default()) else {
        return;
    };
    let Ok(mso) = MobileSecurityObject::decode(data, &mut checker) else {
        return;
    };
    for (name_space, digests) in mso.value_digests.iter() {
        for (digest_id, digest) in digests {
            assert_eq!(mso.value_digests.get(name_space, *digest_id), Some(*digest));
        }
    }
    let _ = mso.device_key_info.device_key.to_public_key();
});
