//! The IssuerSigned decoder, as a wallet meets it, and the digests of its items.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_crypto::HashAlgorithm;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::issuer_signed::decode_issuer_signed;

fuzz_target!(|data: &[u8]| {
    let Ok((issuer_signed, checker)) = decode_issuer_signed(data, &Limits::default()) else {
        return;
    };
    for (_, items) in &issuer_signed.name_spaces {
        for item in items {
            assert!(
                item.element_value.decode().is_ok(),
                "the checker let it pass"
            );
            // The digest is over received bytes: they are a part of the input.
            let offset = checker.offset_of(item.encoded.bytes);
            assert_eq!(
                &data[offset..offset + item.encoded.bytes.len()],
                item.encoded.bytes
            );
            let _ = item.digest(HashAlgorithm::Sha256);
        }
    }
});
