//! What comes in before there are keys: device engagement, SessionEstablishment, SessionData.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::device_engagement::DeviceEngagement;
use mdl_mdoc::session::{SessionData, SessionEstablishment};

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    if let Ok(engagement) = DeviceEngagement::decode(data.to_vec(), &limits) {
        for method in engagement.retrieval_methods() {
            let _ = method.as_ble();
        }
        // What is shown again is what was received.
        let again = DeviceEngagement::from_qr(&engagement.to_qr(), &limits);
        if let Ok(again) = again {
            assert_eq!(again.as_bytes(), data);
        }
    }
    if let Ok(text) = str::from_utf8(data) {
        let _ = DeviceEngagement::from_qr(text, &limits);
    }
    if let Ok(establishment) = SessionEstablishment::decode(data, &limits) {
        let encoded = establishment.encode();
        let again = SessionEstablishment::decode(&encoded, &limits).expect("ours are well formed");
        assert_eq!(again.data, establishment.data);
        assert_eq!(again.e_reader_key, establishment.e_reader_key);
    }
    if let Ok(session_data) = SessionData::decode(data, &limits) {
        let encoded = session_data.encode();
        let again = SessionData::decode(&encoded, &limits).expect("ours are well formed");
        assert_eq!(
            (again.data, again.status),
            (session_data.data, session_data.status)
        );
    }
});
