//! The operations, each under the name that `docs/performance.md` lists.

use std::hint::black_box;
use std::num::NonZeroU64;

use mdl_crypto::PublicKey;
use mdl_iaca::certificate::CertificateView;
use mdl_iaca::path::{PathCache, PathConditions, Role};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::builder::ElementSet;
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::cose::CoseSign1;
use mdl_mdoc::device_authentication::device_authentication_bytes;
use mdl_mdoc::device_response::DeviceResponse;
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_mdoc::status_list::{
    RevocationList, StatusBits, StatusClaims, StatusList, UnsignedStatusCwt,
};
use mdl_reader::{Conditions, Session, Verdict, Verifier};
use rand_core::Rng;
use time::OffsetDateTime;

use crate::licence::{self, Authority, Key, NOW, Record, THREE_ELEMENTS};
use crate::raw;

/// One operation, ready to be called.
pub type Operation<'b> = Box<dyn FnMut() + 'b>;

/// Every operation by name, in the order of a report.
pub const NAMES: [&str; 20] = [
    "raw/sign",
    "raw/verify",
    "raw/sha256_25k",
    "raw/issue_sum",
    "raw/issue_checked_sum",
    "raw/verify_sum2",
    "raw/verify_sum3",
    "crypto/sign",
    "crypto/verify",
    "crypto/sha256_25k",
    "issue/mdl30",
    "issue/mdl30_from_record",
    "issue/mdl30_10k_portrait",
    "verify/mdl30_ds_cached",
    "verify/mdl30_full_chain",
    "verify/three_elements",
    "cbor/decode_device_response",
    "x509/ds_path_validate",
    "elements/check",
    "status/token_build_1m",
];

/// Everything that the operations work on.
pub struct Bench {
    now: OffsetDateTime,
    /// The issuing authority.
    pub authority: Authority,
    /// The key that the licence is issued to.
    pub device_key: Key,
    /// The record with a portrait of 25,000 bytes.
    pub record: Record,
    elements: ElementSet,
    elements_10k: ElementSet,
    /// All 30 elements.
    pub response: Vec<u8>,
    three_elements: Vec<u8>,
    transcript: SessionTranscript,
    /// Trusts the authority.
    pub verifier: Verifier,
    anchors: TrustAnchors,
    raw: RawParts,
}

/// A message with its signature.
struct Signed {
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// What the raw operations work on: the very keys, messages and signatures of the licence.
struct RawParts {
    ds_key: raw::SigningKey,
    iaca_decoded: raw::VerifyingKey,
    ds_point: Vec<u8>,
    ds_decoded: raw::VerifyingKey,
    device_point: Vec<u8>,
    issuer_auth: Signed,
    device_auth: Signed,
    certificate: Signed,
    /// Every IssuerSignedItemBytes, one after the other.
    items: Vec<u8>,
}

impl Bench {
    /// Issues and presents the licence at [`NOW`].
    pub fn new() -> Self {
        Self::at(NOW)
    }

    /// Issues and presents the licence at a moment.
    pub fn at(now: OffsetDateTime) -> Self {
        let (authority, device_key) = (Authority::new(now), Key::new(0x33));
        let record = Record::new(25_000, now);
        let issuer_signed = authority.issue_reproducibly(&record, &device_key);
        let response = licence::present(&issuer_signed, None, &device_key);
        let three_elements = licence::present(&issuer_signed, Some(&THREE_ELEMENTS), &device_key);
        let anchor = TrustAnchor::from_der(&authority.iaca).expect("an IACA certificate");
        let anchors = TrustAnchors::new([anchor]);
        Self {
            now,
            elements: record.encode(),
            elements_10k: Record::new(10_000, now).encode(),
            raw: RawParts::new(&authority, &device_key, &response),
            verifier: Verifier::new(anchors.clone()),
            transcript: licence::transcript(),
            authority,
            device_key,
            record,
            response,
            three_elements,
            anchors,
        }
    }

    /// The operation called `name`, one of [`NAMES`].
    ///
    /// # Panics
    /// No such operation.
    pub fn operation(&self, name: &str) -> Operation<'_> {
        let raw = &self.raw;
        match name {
            "raw/sign" => Box::new(|| raw.sign()),
            "raw/verify" => Box::new(|| raw.verify_device_auth()),
            "raw/sha256_25k" => {
                let portrait = self.record.portrait();
                Box::new(|| drop(black_box(raw::sha256(black_box(portrait)))))
            }
            "raw/issue_sum" => Box::new(|| {
                raw.sign();
                raw.hash_items();
            }),
            "raw/issue_checked_sum" => Box::new(|| {
                raw.sign();
                raw.verify_issuer_auth();
                raw.hash_items();
            }),
            "raw/verify_sum2" => Box::new(|| {
                raw.verify_issuer_auth();
                raw.verify_device_auth();
                raw.hash_items();
            }),
            "raw/verify_sum3" => Box::new(|| {
                raw.verify_certificate();
                raw.verify_issuer_auth_with_new_key();
                raw.verify_device_auth();
                raw.hash_items();
            }),
            "crypto/sign" => Box::new(|| {
                let message = black_box(&raw.issuer_auth.message);
                black_box(self.authority.ds_key.key.sign(message));
            }),
            "crypto/verify" => Box::new(|| self.verify_device_auth()),
            "crypto/sha256_25k" => Box::new(|| {
                let hash = mdl_crypto::HashAlgorithm::Sha256;
                black_box(hash.digest(black_box(self.record.portrait())));
            }),
            "issue/mdl30" => self.issue_encoded(&self.elements),
            "issue/mdl30_10k_portrait" => self.issue_encoded(&self.elements_10k),
            "issue/mdl30_from_record" => {
                let mut rng = licence::rng(5);
                Box::new(move || {
                    let issued = self
                        .authority
                        .issue(&self.record, &self.device_key, &mut rng);
                    black_box(issued);
                })
            }
            "verify/mdl30_ds_cached" => self.verify_cached(&self.response),
            "verify/three_elements" => self.verify_cached(&self.three_elements),
            "verify/mdl30_full_chain" => Box::new(|| self.verify_full_chain(&self.response)),
            "cbor/decode_device_response" => Box::new(|| {
                let response = black_box(&self.response);
                let mut checker =
                    Checker::new(response, &Limits::DEFAULT).expect("well-formed CBOR");
                let decoded = DeviceResponse::decode(response, &mut checker);
                black_box(decoded.expect("a DeviceResponse"));
            }),
            "x509/ds_path_validate" => Box::new(|| {
                let chain = [black_box(self.authority.ds.as_slice())];
                let path = self.anchors.examine(&chain, Role::DocumentSigner);
                let report = path.evaluate(&PathConditions::at(self.now));
                black_box(report.validated().expect("the path is valid").key());
            }),
            "status/token_build_1m" => {
                let list = self.status_list();
                Box::new(move || drop(black_box(self.status_token(black_box(&list)))))
            }
            "elements/check" => Box::new(|| self.authority.check(black_box(&self.elements))),
            _ => panic!("no operation {name}"),
        }
    }

    /// What the verifier is asked: now, in the session of the response.
    pub fn conditions(&self) -> Conditions<'_> {
        let session = Session::Device {
            transcript: &self.transcript,
            reader_key: None,
        };
        Conditions {
            doc_type: Some(MDL_DOC_TYPE),
            ..Conditions::new(self.now, session)
        }
    }

    /// 1,048,576 entries of one bit, of which one in a hundred is set, anywhere.
    fn status_list(&self) -> StatusList {
        let mut list = StatusList::new(StatusBits::One, 1 << 20);
        let mut rng = licence::rng(6);
        for _ in 0..list.len() / 100 {
            let idx = rng.next_u64() % list.len();
            list.set(idx, 1).expect("within the list");
        }
        list
    }

    /// A status token: compressed, encoded, signed, and the signature checked.
    fn status_token(&self, list: &StatusList) -> Vec<u8> {
        let claims = StatusClaims {
            subject: "https://status.dmv.example/1".to_owned(),
            issued_at: self.now,
            expires_at: Some(self.now + time::Duration::days(7)),
            ttl: NonZeroU64::new(43_200),
            list: RevocationList::Status(list.compress()),
        };
        let signer = &self.authority.ds_key.key;
        let chain = [self.authority.ds.as_slice()];
        let unsigned =
            UnsignedStatusCwt::new(&claims, signer.public_key().curve().algorithm(), &chain)
                .expect("claims that a reader takes");
        let signature = signer.sign_deterministic(unsigned.to_be_signed());
        unsigned
            .attach(&signature, signer.public_key())
            .expect("the signature is good")
    }

    fn issue_encoded<'b>(&'b self, elements: &'b ElementSet) -> Operation<'b> {
        let mut rng = licence::rng(5);
        Box::new(move || {
            let issued = self
                .authority
                .issue_encoded(elements, &self.device_key, &mut rng);
            black_box(issued);
        })
    }

    fn verify_full_chain(&self, response: &[u8]) {
        let report = self
            .verifier
            .verify(black_box(response), &self.conditions());
        assert_eq!(report.verdict(), Verdict::Valid);
        assert!(black_box(report.verified(0)).is_some());
    }

    fn verify_cached<'b>(&'b self, response: &'b [u8]) -> Operation<'b> {
        let mut cache = PathCache::new(16);
        Box::new(move || {
            let report =
                self.verifier
                    .verify_cached(black_box(response), &self.conditions(), &mut cache);
            assert_eq!(report.verdict(), Verdict::Valid);
            assert!(black_box(report.verified(0)).is_some());
        })
    }

    /// As [`RawParts::verify_device_auth`], in our library.
    fn verify_device_auth(&self) {
        let Signed { message, signature } = black_box(&self.raw.device_auth);
        let key = PublicKey::from_sec1(mdl_crypto::Curve::P256, &self.raw.device_point);
        key.expect("a point of the curve")
            .verify(mdl_crypto::Algorithm::Es256, message, signature)
            .expect("the signature is good");
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}

impl RawParts {
    fn new(authority: &Authority, device_key: &Key, response: &[u8]) -> Self {
        let mut checker = Checker::new(response, &Limits::DEFAULT).expect("well-formed CBOR");
        let decoded = DeviceResponse::decode(response, &mut checker).expect("a DeviceResponse");
        let document = decoded.documents.first().expect("one document");
        let issuer_auth = &document.issuer_signed.issuer_auth;
        let device_signed = document.device_signed.as_ref().expect("device-signed");
        let device_auth = device_signed
            .device_auth
            .device_signature
            .as_ref()
            .expect("a device signature");
        let device_content = device_authentication_bytes(
            &licence::transcript(),
            document.doc_type,
            device_signed.name_spaces_bytes.bytes,
        );
        let certificate = CertificateView::from_der(&authority.ds).expect("a certificate");
        let items = document.issuer_signed.name_spaces.iter();
        let point = |key: &Key| key.key.public_key().key_bits().to_vec();
        let ds_point = point(&authority.ds_key);
        Self {
            ds_key: raw::SigningKey::new(&authority.ds_key.scalar, &ds_point),
            iaca_decoded: raw::VerifyingKey::decode_for_der(&point(&authority.iaca_key)),
            ds_decoded: raw::VerifyingKey::decode(&ds_point),
            ds_point,
            device_point: point(device_key),
            issuer_auth: Signed::new(issuer_auth, issuer_auth.payload.expect("attached")),
            device_auth: Signed::new(device_auth, &device_content),
            certificate: Signed {
                message: certificate.tbs().to_vec(),
                signature: certificate.signed_data().signature().to_vec(),
            },
            items: items
                .flat_map(|(_, items)| items)
                .flat_map(|item| item.encoded.bytes)
                .copied()
                .collect(),
        }
    }

    fn sign(&self) {
        black_box(self.ds_key.sign(black_box(&self.issuer_auth.message)));
    }

    fn hash_items(&self) {
        black_box(raw::sha256(black_box(&self.items)));
    }

    /// With a key that is decoded already, as that of a known document signer is.
    fn verify_issuer_auth(&self) {
        let Signed { message, signature } = black_box(&self.issuer_auth);
        self.ds_decoded.verify(message, signature);
    }

    fn verify_issuer_auth_with_new_key(&self) {
        let Signed { message, signature } = black_box(&self.issuer_auth);
        raw::VerifyingKey::decode(&self.ds_point).verify(message, signature);
    }

    /// The key of the IACA is decoded already: it is a trust anchor.
    fn verify_certificate(&self) {
        let Signed { message, signature } = black_box(&self.certificate);
        self.iaca_decoded.verify(message, signature);
    }

    /// A device key is new with every licence, so it is decoded first, which includes that it is on the curve.
    fn verify_device_auth(&self) {
        let Signed { message, signature } = black_box(&self.device_auth);
        raw::VerifyingKey::decode(&self.device_point).verify(message, signature);
    }
}

impl Signed {
    fn new(signature: &CoseSign1<'_>, content: &[u8]) -> Self {
        Self {
            message: signature.sig_structure(&[], content),
            signature: signature.signature.to_vec(),
        }
    }
}
