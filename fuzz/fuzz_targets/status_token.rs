//! Status tokens, CWT and JWT, and the lists in them. What is read can be written again and says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_mdoc::status_list::{RevocationList, SignedStatusToken, StatusTokenLimits};

const LIMITS: StatusTokenLimits = StatusTokenLimits {
    max_bytes: 16 << 10,
    max_list_bytes: 1 << 20,
};

fuzz_target!(|data: &[u8]| {
    let Ok(token) = SignedStatusToken::decode(data, &LIMITS) else {
        return;
    };
    let claims = token.dangerous_unverified_claims();
    let _ = claims.is_stale(claims.issued_at);
    match &claims.list {
        RevocationList::Status(compressed) => {
            let Ok(list) = compressed.decompress(LIMITS.max_list_bytes) else {
                assert!(compressed.look_up(0, LIMITS.max_list_bytes).is_err());
                return;
            };
            for idx in [0, 1, list.len() / 2, list.len().wrapping_sub(1), list.len()] {
                let found = compressed.look_up(idx, LIMITS.max_list_bytes);
                assert_eq!(found, Ok(list.get(idx)));
            }
            let again = list.compress().decompress(LIMITS.max_list_bytes);
            assert_eq!(again, Ok(list));
        }
        RevocationList::Identifiers(list) => {
            assert!(list.identifiers.iter().all(|id| list.contains(id)));
        }
    }
});
