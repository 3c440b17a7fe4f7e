//! A bench measures nothing when the verifier it measures accepts altered bytes.

use mdl_iaca::path::PathCache;
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::device_response::DeviceResponse;
use mdl_reader::Verdict;

use crate::operation::Bench;

/// Flips one bit in the portrait, the MSO and the device signature, one at a time, and asks the verifier, with the
/// document signer in its cache and without.
///
/// # Errors
/// What was accepted although it was altered, or that the response itself is not accepted.
pub fn refuse_altered(bench: &Bench) -> Result<(), String> {
    let mut cache = PathCache::new(16);
    if !is_accepted(bench, &bench.response, &mut cache) {
        return Err("the response itself is not accepted".into());
    }
    for (what, offset) in places(bench) {
        let mut altered = bench.response.clone();
        altered[offset] ^= 1;
        if is_accepted(bench, &altered, &mut cache)
            || is_accepted(bench, &altered, &mut PathCache::new(0))
        {
            return Err(format!("the verifier accepts a flipped bit in the {what}"));
        }
    }
    Ok(())
}

fn is_accepted(bench: &Bench, response: &[u8], cache: &mut PathCache) -> bool {
    let report = bench
        .verifier
        .verify_cached(response, &bench.conditions(), cache);
    report.verdict() == Verdict::Valid || report.verified(0).is_some()
}

/// Offsets whose byte is data and no part of the structure around it, so that only a digest or a signature can tell.
fn places(bench: &Bench) -> [(&'static str, usize); 3] {
    let response = bench.response.as_slice();
    let mut checker = Checker::new(response, &Limits::DEFAULT).expect("well-formed CBOR");
    let decoded = DeviceResponse::decode(response, &mut checker).expect("a DeviceResponse");
    let document = decoded.documents.first().expect("one document");
    let middle = |bytes: &[u8]| checker.offset_of(bytes) + bytes.len() / 2;
    let portrait = document
        .issuer_signed
        .name_spaces
        .iter()
        .flat_map(|(_, items)| items)
        .find(|item| item.element_identifier == "portrait")
        .expect("the licence has a portrait");
    let mso = document.issuer_signed.issuer_auth.payload;
    let device_signed = document.device_signed.as_ref().expect("device-signed");
    let signature = device_signed.device_auth.device_signature.as_ref();
    [
        ("portrait", middle(portrait.element_value.as_bytes())),
        ("MSO", middle(mso.expect("attached"))),
        (
            "device signature",
            middle(signature.expect("a device signature").signature),
        ),
    ]
}
