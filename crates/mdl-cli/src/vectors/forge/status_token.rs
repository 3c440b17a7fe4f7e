//! Status tokens of either form, with a place to deviate before and after the signature.
//!
//! Lists are compressed by hand into a single stored block, so that no library decides about the bytes.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use mdl_crypto::{Curve, PrivateKey};

use super::authority::{Authority, key};
use super::cbor::{Cbor, Map};
use super::certificate::{Certificate, EXTENDED_KEY_USAGE, ISSUER_ALT_NAME, Name};
use super::cose::{ALG, Cose, X5CHAIN};

pub(crate) const TYP: i64 = 16;
pub(crate) const SUBJECT: i64 = 2;
pub(crate) const EXPIRATION_TIME: i64 = 4;
pub(crate) const ISSUED_AT: i64 = 6;
pub(crate) const IDENTIFIER_LIST: i64 = 65530;
pub(crate) const STATUS_LIST: i64 = 65533;
pub(crate) const TIME_TO_LIVE: i64 = 65534;

/// The list that the documents of the vectors name.
pub(crate) const STATUS_URI: &str = "https://status.example/1";

/// A token to be forged.
#[derive(Clone, Debug)]
pub(crate) struct StatusToken {
    pub(crate) signer: PrivateKey,
    pub(crate) x5chain: Vec<Vec<u8>>,
    pub(crate) protected: Map,
    pub(crate) unprotected: Map,
    pub(crate) claims: Map,
}

impl StatusToken {
    /// A token without fault: 1024 entries of one bit, all valid, issued on 14 June 2026 for a week and to be fetched
    /// anew after two days, signed by the status signer of the IACA.
    pub(crate) fn new() -> Self {
        let signer = status_signer_key();
        let certificate = status_signer(&Authority::utopia());
        let iaca = Authority::utopia();
        Self {
            protected: Map::new([
                (ALG, signer.curve().algorithm().cose().into()),
                (TYP, "application/statuslist+cwt".into()),
            ]),
            unprotected: Map::default(),
            x5chain: vec![certificate.sign(&iaca.key)],
            signer,
            claims: Map::new([
                (SUBJECT, STATUS_URI.into()),
                (ISSUED_AT, 1_781_395_200.into()),
                (EXPIRATION_TIME, 1_782_000_000.into()),
                (TIME_TO_LIVE, 172_800.into()),
                (STATUS_LIST, status_list(1, &[0; 128]).into()),
            ]),
        }
    }

    /// A token whose list names these identifiers.
    pub(crate) fn of_identifiers(identifiers: &[&[u8]]) -> Self {
        let identifiers = identifiers
            .iter()
            .map(|id| (Cbor::Bytes(id.to_vec()), Cbor::Map(Map::default())));
        let list = Map::new([("identifiers", Cbor::Map(Map(identifiers.collect())))]);
        Self::new().with(|token| {
            token.protected.set(TYP, "application/identifierlist+cwt");
            token.claims.remove(STATUS_LIST);
            token.claims.set(IDENTIFIER_LIST, list);
        })
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Signed by this key, with these certificates.
    pub(crate) fn signed_by(self, signer: &PrivateKey, x5chain: Vec<Vec<u8>>) -> Self {
        self.with(|token| {
            token.protected.set(ALG, signer.curve().algorithm().cose());
            token.signer = signer.clone();
            token.x5chain = x5chain;
        })
    }

    /// With entries of `bits` bits, packed.
    pub(crate) fn list(self, bits: u8, packed: &[u8]) -> Self {
        self.with(|token| token.claims.set(STATUS_LIST, status_list(bits, packed)))
    }

    /// Issued at this time, in seconds since 1970.
    pub(crate) fn issued_at(self, seconds: i64) -> Self {
        self.with(|token| token.claims.set(ISSUED_AT, seconds))
    }

    pub(crate) fn to_cwt(&self) -> Vec<u8> {
        self.to_cose().to_cbor().to_bytes()
    }

    /// The parts, signed.
    pub(crate) fn to_cose(&self) -> Cose {
        let payload = Cbor::Map(self.claims.clone()).to_bytes();
        let mut protected = self.protected.clone();
        if let [certificate] = self.x5chain.as_slice() {
            protected.set(X5CHAIN, certificate.clone());
        }
        let mut cose = Cose::new(0, payload.clone().into());
        cose.tag = Some(18);
        cose.protected = Cbor::Map(protected).to_bytes();
        cose.unprotected = self.unprotected.clone();
        cose.sign(&self.signer, &payload);
        cose
    }
}

/// The key of the status signer.
pub(crate) fn status_signer_key() -> PrivateKey {
    key("status signer", Curve::P256)
}

/// The status signer's certificate below an authority (second edition, Table B.9), unsigned.
pub(crate) fn status_signer(authority: &Authority) -> Certificate {
    let subject = Name::new("US", "US-UT", "Utopia Status 1");
    let signer = status_signer_key();
    let mut certificate = Certificate::document_signer(
        &authority.name,
        authority.key.public_key(),
        &subject,
        signer.public_key(),
    );
    certificate.remove_extension(EXTENDED_KEY_USAGE);
    certificate.remove_extension(ISSUER_ALT_NAME);
    certificate
}

/// `StatusList` in CBOR.
pub(crate) fn status_list(bits: u8, packed: &[u8]) -> Map {
    Map::new([
        ("bits", Cbor::Unsigned(bits.into())),
        ("lst", zlib(packed).into()),
    ])
}

/// The JWT form of a list of one-bit entries, as issued by [`StatusToken::new`].
pub(crate) fn status_jwt(packed: &[u8]) -> Vec<u8> {
    let token = StatusToken::new();
    let x5c = Base64::encode_string(&token.x5chain[0]);
    let lst = Base64UrlUnpadded::encode_string(&zlib(packed));
    let header = format!(r#"{{"alg":"ES256","typ":"statuslist+jwt","x5c":["{x5c}"]}}"#);
    let payload = format!(
        r#"{{"sub":"{STATUS_URI}","iat":1781395200,"exp":1782000000,"ttl":172800,"status_list":{{"bits":1,"lst":"{lst}"}}}}"#
    );
    let encode = |text: &[u8]| Base64UrlUnpadded::encode_string(text);
    let signed = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(payload.as_bytes())
    );
    let signature = token.signer.sign_deterministic(signed.as_bytes());
    format!("{signed}.{}", encode(signature.as_bytes())).into_bytes()
}

/// RFC 1950 around one stored block of RFC 1951, for less than 64 KiB.
pub(crate) fn zlib(content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).expect("the forge packs small lists");
    let mut bytes = vec![0x78, 0x01, 0x01];
    bytes.extend(len.to_le_bytes());
    bytes.extend((!len).to_le_bytes());
    bytes.extend(content);
    let (mut a, mut b) = (1u32, 0u32);
    for byte in content {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    bytes.extend((b << 16 | a).to_be_bytes());
    bytes
}
