//! The decoder of trust bundles; what it accepts is written again as the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_crypto::{Curve, PrivateKey};
use mdl_mdoc::trust_bundle::{SignedTrustBundle, TrustBundleLimits, UnsignedTrustBundle};

fuzz_target!(|data: &[u8]| {
    let limits = TrustBundleLimits::DEFAULT;
    let Ok(signed) = SignedTrustBundle::decode(data, &limits) else {
        return;
    };
    let content = signed.dangerous_unverified_content();
    let key = PrivateKey::from_scalar(Curve::P256, &[7; 32]).expect("a scalar");
    let unsigned =
        UnsignedTrustBundle::new(content, key.public_key()).expect("what is read can be written");
    let signature = key.sign_deterministic(unsigned.to_be_signed());
    let bytes = unsigned.attach(&signature).expect("the key signed");
    let again = SignedTrustBundle::decode(&bytes, &limits).expect("what is written can be read");
    assert_eq!(again.dangerous_unverified_content(), content);
});
