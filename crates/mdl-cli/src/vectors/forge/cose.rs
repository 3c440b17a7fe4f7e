//! `COSE_Sign1`, `COSE_Mac0` and `COSE_Key` (RFC 9052), assembled without the library under test.

use mdl_crypto::{PrivateKey, PublicKey, hmac_sha256};

use super::cbor::{Cbor, Map};

pub(crate) const ALG: i64 = 1;
pub(crate) const CRIT: i64 = 2;
pub(crate) const X5CHAIN: i64 = 33;
pub(crate) const HMAC_256_256: i64 = 5;

/// The four elements of a `COSE_Sign1` or `COSE_Mac0`.
#[derive(Clone, Debug)]
pub(crate) struct Cose {
    pub(crate) tag: Option<u64>,
    /// Content of the protected header's byte string.
    pub(crate) protected: Vec<u8>,
    pub(crate) unprotected: Map,
    pub(crate) payload: Cbor,
    /// Signature or authentication tag.
    pub(crate) authenticator: Vec<u8>,
}

impl Cose {
    pub(crate) fn new(algorithm: i64, payload: Cbor) -> Self {
        Self {
            tag: None,
            protected: protected(algorithm),
            unprotected: Map::default(),
            payload,
            authenticator: Vec::new(),
        }
    }

    pub(crate) fn sign(&mut self, key: &PrivateKey, content: &[u8]) {
        let message = structure("Signature1", &self.protected, content);
        self.authenticator = key.sign_deterministic(&message).as_bytes().to_vec();
    }

    pub(crate) fn mac(&mut self, key: &[u8; 32], content: &[u8]) {
        let message = structure("MAC0", &self.protected, content);
        self.authenticator = hmac_sha256(key, &[&message]).to_vec();
    }

    /// The payload, if it is attached.
    pub(crate) fn payload_bytes(&self) -> &[u8] {
        match &self.payload {
            Cbor::Bytes(payload) => payload,
            _ => &[],
        }
    }

    pub(crate) fn to_cbor(&self) -> Cbor {
        let array = Cbor::Array(vec![
            self.protected.clone().into(),
            self.unprotected.clone().into(),
            self.payload.clone(),
            self.authenticator.clone().into(),
        ]);
        match self.tag {
            Some(tag) => Cbor::Tag(tag, Box::new(array)),
            None => array,
        }
    }
}

/// Content of the protected header `{1: algorithm}`.
pub(crate) fn protected(algorithm: i64) -> Vec<u8> {
    header([(ALG, algorithm.into())])
}

/// Content of a protected header.
pub(crate) fn header<const N: usize>(entries: [(i64, Cbor); N]) -> Vec<u8> {
    Cbor::Map(Map::new(entries)).to_bytes()
}

/// `Sig_structure` or `MAC_structure` without external data.
fn structure(context: &str, protected: &[u8], content: &[u8]) -> Vec<u8> {
    Cbor::Array(vec![
        context.into(),
        protected.into(),
        Cbor::Bytes(Vec::new()),
        content.into(),
    ])
    .to_bytes()
}

/// `COSE_Key` of a public key.
pub(crate) fn cose_key(key: &PublicKey) -> Map {
    let kty = if key.curve().is_edwards() { 1 } else { 2 };
    let mut map = Map::new([
        (1, kty.into()),
        (-1, key.curve().cose().into()),
        (-2, key.x().into()),
    ]);
    if let Some(y) = key.y() {
        map.set(-3, y);
    }
    map
}
