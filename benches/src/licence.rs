//! The licence: a record of 30 elements with a portrait, the authority that issues it, and what a device sends of it.
//!
//! Everything comes from fixed seeds and one fixed time, so that every run measures the same bytes.

use ciborium::Value;
use mdl_crypto::{Curve, PrivateKey, Signature};
use mdl_iaca::profile::{
    Contact, DistinguishedName, DocumentSignerProfile, IacaProfile, Issuer, SerialNumber,
    UnsignedCertificate,
};
use mdl_mdoc::builder::{ElementSet, Granularity, MdocBuilder, Validity};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::data_elements::{DocumentSignerName, ElementGate, GateContext};
use mdl_mdoc::issuer_signed::decode_issuer_signed;
use mdl_mdoc::presentation::{Presentation, encode_device_response};
use mdl_mdoc::session_transcript::{OnlineHandover, SessionTranscript};
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// The moment of everything, unless a peer insists on the present.
pub const NOW: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);

/// What a holder discloses where age and name are all that is asked for.
pub const THREE_ELEMENTS: [&str; 3] = ["family_name", "given_name", "age_over_21"];

const CRL_URI: &str = "https://iaca.example/crl.der";

/// A P-256 key with its scalar, which the raw operations need.
pub struct Key {
    /// The scalar, big-endian.
    pub scalar: [u8; 32],
    /// The same key in our library.
    pub key: PrivateKey,
}

impl Key {
    /// The key whose scalar is this byte, 32 times.
    pub fn new(byte: u8) -> Self {
        let scalar = [byte; 32];
        let key = PrivateKey::from_scalar(Curve::P256, &scalar);
        Self {
            scalar,
            key: key.expect("far from zero and from the order"),
        }
    }
}

/// An issuing authority with one document signer.
pub struct Authority {
    /// The key of the IACA.
    pub iaca_key: Key,
    /// The certificate of the IACA.
    pub iaca: Vec<u8>,
    /// The document signer's key.
    pub ds_key: Key,
    /// The document signer's certificate.
    pub ds: Vec<u8>,
    now: OffsetDateTime,
    gate: ElementGate,
}

impl Authority {
    /// An authority with keys and certificates of its own, of which each is valid at `now`.
    pub fn new(now: OffsetDateTime) -> Self {
        let (iaca_key, ds_key) = (Key::new(0x11), Key::new(0x22));
        let days = |from: i64, count| {
            mdl_iaca::profile::Validity::days(now - Duration::days(from), count).expect("in range")
        };
        let name = DistinguishedName::new("Bench IACA")
            .country("US")
            .state("US-CA")
            .organization("Bench DMV");
        let contact = Contact::email("iaca@dmv.example").and_uri("https://dmv.example");
        let key = iaca_key.key.public_key().clone();
        let iaca = IacaProfile::new(key, name, days(300, 9 * 365), contact, CRL_URI)
            .build(&SerialNumber::random(&mut rng(1)))
            .expect("the profile is kept");
        let iaca = sign_certificate(iaca, &iaca_key.key);
        let issuer = Issuer::from_certificate(&iaca).expect("an IACA certificate");
        let name = DistinguishedName::new("Bench DS 1").organization("Bench DMV");
        let key = ds_key.key.public_key().clone();
        let ds = DocumentSignerProfile::new(&issuer, key, name, days(10, 90), CRL_URI)
            .build(&SerialNumber::random(&mut rng(2)))
            .expect("the profile is kept");
        let ds = sign_certificate(ds, &iaca_key.key);
        Self {
            iaca_key,
            iaca,
            ds_key,
            ds,
            now,
            gate: ElementGate::mdl(),
        }
    }

    /// Issues `record` to `device_key`, all the way from the record: encodes the elements, holds them against the
    /// rules, builds, signs, checks the signature.
    pub fn issue(&self, record: &Record, device_key: &Key, rng: &mut ChaCha20Rng) -> Vec<u8> {
        let elements = record.encode();
        self.check(&elements);
        self.issue_encoded(&elements, device_key, rng)
    }

    /// Issues with an RFC 6979 signature: the same bytes in every run.
    pub fn issue_reproducibly(&self, record: &Record, device_key: &Key) -> Vec<u8> {
        let key = &self.ds_key.key;
        let sign = |message: &[u8]| key.sign_deterministic(message);
        self.build_and_sign(&record.encode(), device_key, &mut rng(4), sign)
    }

    /// Holds the elements against the rules on elements.
    pub fn check(&self, elements: &ElementSet) {
        let validity = self.validity();
        let mut context =
            GateContext::new(MDL_DOC_TYPE, validity.valid_from(), validity.valid_until());
        context.document_signer = Some(DocumentSignerName {
            country: "US",
            state: Some("US-CA"),
        });
        if let Err(report) = self.gate.check_set(elements, &context) {
            panic!("the record breaks a rule: {report}");
        }
    }

    /// Issues elements that are encoded and checked: what each further copy of a batch costs.
    pub fn issue_encoded(
        &self,
        elements: &ElementSet,
        device_key: &Key,
        rng: &mut ChaCha20Rng,
    ) -> Vec<u8> {
        let key = &self.ds_key.key;
        self.build_and_sign(elements, device_key, rng, |message| key.sign(message))
    }

    fn build_and_sign(
        &self,
        elements: &ElementSet,
        device_key: &Key,
        rng: &mut ChaCha20Rng,
        sign: impl Fn(&[u8]) -> Signature,
    ) -> Vec<u8> {
        let public_key = self.ds_key.key.public_key();
        let unsigned = MdocBuilder::new(
            MDL_DOC_TYPE,
            elements,
            device_key.key.public_key(),
            self.validity(),
        )
        .build(public_key.curve().algorithm(), rng)
        .expect("the settings are the default ones");
        let signature = sign(unsigned.to_be_signed());
        unsigned
            .attach(&signature, public_key, &[&self.ds])
            .expect("the key is the document signer's")
    }

    fn validity(&self) -> Validity {
        Validity::coarse(self.now, Duration::days(30), Granularity::Day).expect("in range")
    }
}

/// 30 elements: the 11 mandatory ones and 19 others.
pub struct Record {
    portrait: Vec<u8>,
    birth_year: i32,
}

impl Record {
    /// The record of somebody who is 36 at `now`, with a portrait of so many bytes.
    pub fn new(portrait_len: usize, now: OffsetDateTime) -> Self {
        Self {
            portrait: jpeg(portrait_len),
            birth_year: now.year() - 36,
        }
    }

    /// The portrait.
    pub fn portrait(&self) -> &[u8] {
        &self.portrait
    }

    /// The elements, in the order in which they are issued.
    pub fn elements(&self) -> [(&'static str, Value); 30] {
        let number = |number: u32| Value::from(number);
        let full_date = |text: &str| Value::Tag(1004, Box::new(text.into()));
        let entry = |key: &str, value: Value| (Value::from(key), value);
        let privilege = Value::Map(vec![
            entry("vehicle_category_code", "B".into()),
            entry("issue_date", full_date("2019-05-04")),
            entry("expiry_date", full_date("2034-10-20")),
        ]);
        [
            ("family_name", "Mustermann".into()),
            ("given_name", "Erika".into()),
            (
                "birth_date",
                full_date(&format!("{}-01-01", self.birth_year)),
            ),
            ("issue_date", full_date("2024-10-20")),
            ("expiry_date", full_date("2034-10-20")),
            ("issuing_country", "US".into()),
            ("issuing_authority", "Department of Motor Vehicles".into()),
            ("document_number", "I1234568".into()),
            ("portrait", Value::Bytes(self.portrait.clone())),
            ("driving_privileges", Value::Array(vec![privilege])),
            ("un_distinguishing_sign", "USA".into()),
            ("administrative_number", "A-77-1234".into()),
            ("sex", number(2)),
            ("height", number(176)),
            ("weight", number(68)),
            ("eye_colour", "green".into()),
            ("hair_colour", "auburn".into()),
            ("birth_place", "Sacramento".into()),
            ("resident_address", "1 Main Street, Apartment 4".into()),
            (
                "portrait_capture_date",
                Value::Tag(0, Box::new("2024-09-01T10:00:00Z".into())),
            ),
            ("age_in_years", number(36)),
            ("age_birth_year", self.birth_year.into()),
            ("age_over_18", true.into()),
            ("age_over_21", true.into()),
            ("issuing_jurisdiction", "US-CA".into()),
            ("nationality", "US".into()),
            ("resident_city", "Sacramento".into()),
            ("resident_state", "California".into()),
            ("resident_postal_code", "95814".into()),
            ("resident_country", "US".into()),
        ]
    }

    /// The elements as they are handed to the builder.
    pub fn encode(&self) -> ElementSet {
        encode(self.elements())
    }
}

/// Encodes elements for the builder.
pub fn encode(elements: [(&'static str, Value); 30]) -> ElementSet {
    let mut set = ElementSet::new();
    for (identifier, value) in elements {
        set.add(MDL_NAME_SPACE, identifier, value)
            .expect("each is given once");
    }
    set
}

/// A `DeviceResponse` that discloses `identifiers` of `issuer_signed`, or everything, in the session of [`transcript`].
pub fn present(issuer_signed: &[u8], identifiers: Option<&[&str]>, device_key: &Key) -> Vec<u8> {
    let (decoded, _) = decode_issuer_signed(issuer_signed, &Limits::DEFAULT).expect("we issued it");
    let mut presentation = Presentation::new(MDL_DOC_TYPE, &decoded);
    match identifiers {
        None => {
            presentation
                .disclose_all()
                .expect("nothing is disclosed yet");
        }
        Some(identifiers) => {
            for identifier in identifiers {
                presentation
                    .disclose(MDL_NAME_SPACE, identifier)
                    .expect("the licence has it");
            }
        }
    }
    let document = presentation.prepare(&transcript());
    let key = &device_key.key;
    let algorithm = key.public_key().curve().algorithm();
    let signature = key.sign_deterministic(&document.to_be_signed(algorithm));
    let document = document.attach_signature(algorithm, &signature, key.public_key());
    encode_device_response(&[document.expect("the key is the device's")], &[])
}

/// The session of every response.
pub fn transcript() -> SessionTranscript {
    SessionTranscript::online(OnlineHandover::OpenId4Vp {
        client_id: "x509_san_dns:verifier.example",
        nonce: "n-0S6_WzA2Mj",
        jwk_thumbprint: None,
        response_uri: "https://verifier.example/response",
    })
}

/// A generator for salts and digest identifiers.
pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn sign_certificate(unsigned: UnsignedCertificate, key: &PrivateKey) -> Vec<u8> {
    let signature = key.sign_deterministic(unsigned.to_be_signed());
    let signed = unsigned.attach(&signature);
    signed.expect("the key is the issuer's").into_der()
}

/// A JPEG of exactly `len` bytes as far as its markers tell: real segments around noise for image data, in which FF
/// is as frequent as in a photograph and stuffed as the standard asks.
fn jpeg(len: usize) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    let mut segment = |marker: u8, content: &[u8]| {
        bytes.extend([0xff, marker]);
        bytes.extend((content.len() as u16 + 2).to_be_bytes());
        bytes.extend(content);
    };
    segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    segment(0xdb, &[16; 65]);
    segment(0xc0, &[8, 0x01, 0xe0, 0x01, 0x68, 1, 1, 0x11, 0]);
    segment(0xc4, &[0; 29]);
    segment(0xda, &[1, 1, 0, 0, 63, 0]);
    let mut noise = rng(3);
    while bytes.len() < len - 2 {
        match noise.next_u32() as u8 {
            0xff if bytes.len() + 1 < len - 2 => bytes.extend([0xff, 0x00]),
            0xff => bytes.push(0),
            byte => bytes.push(byte),
        }
    }
    bytes.extend([0xff, 0xd9]);
    bytes
}
