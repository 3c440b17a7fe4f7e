//! The vector files beside the repository, where they are present.

use std::path::PathBuf;

use base64ct::{Base64, Encoding};
use ciborium::Value as Cbor;
use mdl_iaca::certificate::read_documents;
use serde_json::Value;

/// The cases of one file; `None`, with a line on standard output that says why, where the folder is absent.
pub(crate) fn load(name: &str) -> Option<Vec<Value>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors")
        .join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).expect("vector files are JSON arrays")),
        Err(error) => {
            println!("skipped: {}: {error}", path.display());
            None
        }
    }
}

/// The DER of the only certificate in a PEM member.
pub(crate) fn pem(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("PEM is text");
    let mut documents = read_documents(text.as_bytes()).expect("PEM");
    assert_eq!(documents.len(), 1);
    documents.remove(0).der
}

/// The certificate of the case with this `id`.
pub(crate) fn certificate(cases: &[Value], id: &str) -> Vec<u8> {
    let case = cases.iter().find(|case| case["id"] == id);
    pem(&case.unwrap_or_else(|| panic!("no case {id}"))["pem"])
}

/// The payload of a VICAL, and the certificates of its signer's chain.
pub(crate) fn vical(cases: &[Value]) -> (Cbor, Vec<Vec<u8>>) {
    let base64 = cases[0]["vical_base64"].as_str().expect("base64");
    let bytes = <Base64 as Encoding>::decode_vec(base64).expect("base64");
    let cose: Cbor = ciborium::from_reader(bytes.as_slice()).expect("CBOR");
    let parts = cose.as_array().expect("COSE_Sign1");
    let chain = parts[1].as_map().expect("unprotected header").iter();
    let chain = chain.flat_map(|(_, value)| value.as_array().expect("x5chain of several"));
    let chain = chain
        .map(|value| value.as_bytes().expect("bstr").clone())
        .collect();
    let payload = parts[2].as_bytes().expect("attached payload");
    (
        ciborium::from_reader(payload.as_slice()).expect("CBOR"),
        chain,
    )
}

/// The IACA certificates listed in a VICAL payload.
pub(crate) fn vical_roots(payload: &Cbor) -> Vec<Vec<u8>> {
    member(payload, "certificateInfos")
        .as_array()
        .expect("certificateInfos")
        .iter()
        .map(|info| {
            member(info, "certificate")
                .as_bytes()
                .expect("bstr")
                .clone()
        })
        .collect()
}

fn member<'a>(map: &'a Cbor, name: &str) -> &'a Cbor {
    let entries = map.as_map().expect("map");
    let found = entries.iter().find(|(key, _)| key.as_text() == Some(name));
    &found.unwrap_or_else(|| panic!("no member {name}")).1
}
