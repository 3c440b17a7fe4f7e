//! The DeviceResponse decoder, what lies embedded in it, and every value it hands out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::device_response::DeviceResponse;
use mdl_mdoc::mso::MobileSecurityObject;

fuzz_target!(|data: &[u8]| {
    let Ok(mut checker) = Checker::new(data, &Limits::default()) else {
        return;
    };
    let Ok(response) = DeviceResponse::decode(data, &mut checker) else {
        return;
    };
    for document in &response.documents {
        for (_, items) in &document.issuer_signed.name_spaces {
            for item in items {
                assert!(
                    item.element_value.decode().is_ok(),
                    "the checker let it pass"
                );
                assert!(item.element_value.offset() < data.len());
            }
        }
        for (_, elements) in document
            .device_signed
            .iter()
            .flat_map(|signed| &signed.name_spaces)
        {
            for (_, value) in elements {
                assert!(value.decode().is_ok(), "the checker let it pass");
            }
        }
        if let Some(payload) = document.issuer_signed.issuer_auth.payload {
            let _ = MobileSecurityObject::decode(payload, &mut checker);
        }
    }
});
