//! Whatever elements and settings the builder accepts, the decoder reads back, and so it does a presentation of any
//! part of them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use ciborium::Value;
use mdl_crypto::{Algorithm, Curve, HashAlgorithm, PrivateKey};
use mdl_mdoc::builder::{Decoys, ElementSet, MdocBuilder, Validity};
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::device_response::DeviceResponse;
use mdl_mdoc::issuer_signed::{IssuerSigned, decode_issuer_signed};
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_mdoc::presentation::{Presentation, encode_device_response};
use mdl_mdoc::session_transcript::{OnlineHandover, SessionTranscript};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use time::OffsetDateTime;

/// Name spaces of element identifiers with values.
type Elements = BTreeMap<String, BTreeMap<String, Value>>;

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        ".{0,20}".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-z]{0,6}", inner.clone(), 0..4).prop_map(|map| {
                Value::Map(
                    map.into_iter()
                        .map(|(key, value)| (key.into(), value))
                        .collect(),
                )
            }),
            (any::<u64>(), inner).prop_map(|(tag, value)| Value::Tag(tag, Box::new(value))),
        ]
    })
}

fn any_elements() -> impl Strategy<Value = Elements> {
    let elements = prop::collection::btree_map(".{1,24}", any_value(), 0..6);
    prop::collection::btree_map(".{1,30}", elements, 1..4)
}

#[derive(Clone, Debug)]
struct Settings {
    digest_algorithm: HashAlgorithm,
    salt_len: usize,
    decoys: Decoys,
    curve: Curve,
    signed: i64,
    seed: u64,
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let digest_algorithm = prop_oneof![
        Just(HashAlgorithm::Sha256),
        Just(HashAlgorithm::Sha384),
        Just(HashAlgorithm::Sha512),
    ];
    let decoys = prop_oneof![
        Just(Decoys::None),
        (0..40u16).prop_map(Decoys::PadToMultipleOf),
    ];
    let curve = prop_oneof![Just(Curve::P256), Just(Curve::Ed25519)];
    // 1970 to 9998.
    let signed = 0..253_000_000_000i64;
    (
        digest_algorithm,
        16..=64usize,
        decoys,
        curve,
        signed,
        any::<u64>(),
    )
        .prop_map(
            |(digest_algorithm, salt_len, decoys, curve, signed, seed)| Settings {
                digest_algorithm,
                salt_len,
                decoys,
                curve,
                signed,
                seed,
            },
        )
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn issue(elements: &Elements, settings: &Settings, device_key: &PrivateKey) -> Vec<u8> {
    let mut rng = ChaCha20Rng::seed_from_u64(settings.seed);
    let signer = PrivateKey::generate(settings.curve, &mut rng);
    let mut set = ElementSet::new();
    for (name_space, elements) in elements {
        set.add_name_space(name_space).unwrap();
        for (identifier, value) in elements {
            set.add(name_space, identifier, value.clone()).unwrap();
        }
    }
    let signed = OffsetDateTime::from_unix_timestamp(settings.signed).unwrap();
    let validity = Validity::new(signed, signed, signed + time::Duration::days(1)).unwrap();
    let unsigned = MdocBuilder::new("a.type", &set, device_key.public_key(), validity)
        .digest_algorithm(settings.digest_algorithm)
        .salt_len(settings.salt_len)
        .decoys(settings.decoys)
        .build(settings.curve.algorithm(), &mut rng)
        .unwrap();
    let signature = signer.sign_deterministic(unsigned.to_be_signed());
    unsigned
        .attach(&signature, signer.public_key(), &[b"certificate"])
        .unwrap()
}

/// The elements that were read, by name and with their encoded values.
fn read(issuer_signed: &IssuerSigned<'_>) -> BTreeMap<(String, String), Vec<u8>> {
    let name_spaces = issuer_signed.name_spaces.iter();
    let items = name_spaces.flat_map(|(name, items)| items.iter().map(move |item| (*name, item)));
    items
        .map(|(name_space, item)| {
            let key = (name_space.to_owned(), item.element_identifier.to_owned());
            (key, item.element_value.as_bytes().to_vec())
        })
        .collect()
}

fn flat(elements: &Elements) -> BTreeMap<(String, String), Vec<u8>> {
    let all = elements.iter().flat_map(|(name_space, elements)| {
        elements
            .iter()
            .map(move |(identifier, value)| (name_space, identifier, value))
    });
    all.map(|(name_space, identifier, value)| {
        ((name_space.clone(), identifier.clone()), encoded(value))
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_built_is_read_back(elements in any_elements(), settings in any_settings()) {
        let device_key = PrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        let bytes = issue(&elements, &settings, &device_key);
        prop_assert_eq!(&bytes, &issue(&elements, &settings, &device_key), "not reproducible");

        let (issuer_signed, mut checker) = decode_issuer_signed(&bytes, &Limits::DEFAULT).unwrap();
        prop_assert_eq!(read(&issuer_signed), flat(&elements));
        let payload = issuer_signed.issuer_auth.payload.unwrap();
        let mso = MobileSecurityObject::decode(payload, &mut checker).unwrap();
        prop_assert!(checker.deviations().iter().all(|deviation| deviation.kind.id() == "cbor-key-order"));
        prop_assert_eq!(mso.doc_type, "a.type");
        prop_assert_eq!(mso.digest_algorithm, settings.digest_algorithm.name());
        prop_assert_eq!(mso.validity_info.signed.time.unix_timestamp(), settings.signed);
        prop_assert!(mso.validity_info.signed.is_standard_form);
        let read_key = mso.device_key_info.device_key.to_public_key().unwrap();
        prop_assert_eq!(&read_key, device_key.public_key());

        let mut salts = BTreeSet::new();
        for (name_space, items) in &issuer_signed.name_spaces {
            for item in items {
                let digest = item.digest(settings.digest_algorithm);
                let expected = mso.value_digests.get(name_space, item.digest_id);
                prop_assert_eq!(expected, Some(digest.as_ref()));
                prop_assert_eq!(item.random.len(), settings.salt_len);
                prop_assert!(salts.insert(item.random));
            }
        }
        for (name_space, elements) in &elements {
            let digests = mso.value_digests.name_space(name_space).unwrap();
            let multiple = match settings.decoys {
                Decoys::None => 1,
                Decoys::PadToMultipleOf(multiple) => usize::from(multiple.max(1)),
            };
            prop_assert_eq!(digests.len(), elements.len().max(1).next_multiple_of(multiple));
        }
    }

    #[test]
    fn what_is_presented_is_read_back(
        elements in any_elements(),
        settings in any_settings(),
        choose in prop::collection::vec(any::<bool>(), 18),
        device_signed in prop::collection::btree_map("[a-z]{1,9}", any_value(), 0..3),
    ) {
        let device_key = PrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        let bytes = issue(&elements, &settings, &device_key);
        let (issuer_signed, _) = decode_issuer_signed(&bytes, &Limits::DEFAULT).unwrap();
        let chosen: BTreeMap<_, _> = flat(&elements)
            .into_iter()
            .zip(choose)
            .filter_map(|(element, chosen)| chosen.then_some(element))
            .collect();

        let mut presentation = Presentation::new("a.type", &issuer_signed);
        for (name_space, identifier) in chosen.keys() {
            presentation.disclose(name_space, identifier).unwrap();
        }
        // No name space of the issuer begins like this one.
        let name_space = "\u{0}device";
        for (identifier, value) in &device_signed {
            presentation.add_device_signed(name_space, identifier, value.clone()).unwrap();
        }
        let transcript = SessionTranscript::online(OnlineHandover::Iso18013Part7AnnexC {
            encryption_info: "info",
            origin: "https://reader.example",
        });
        let unauthenticated = presentation.prepare(&transcript);
        let algorithm = Algorithm::Es256;
        let signature = device_key.sign_deterministic(&unauthenticated.to_be_signed(algorithm));
        let document = unauthenticated
            .attach_signature(algorithm, &signature, device_key.public_key())
            .unwrap();
        let response = encode_device_response(&[document], &[]);

        let mut checker = Checker::new(&response, &Limits::DEFAULT).unwrap();
        let decoded = DeviceResponse::decode(&response, &mut checker).unwrap();
        let [document] = decoded.documents.as_slice() else {
            panic!("one document was encoded");
        };
        prop_assert_eq!(read(&document.issuer_signed), chosen);
        prop_assert_eq!(
            document.issuer_signed.issuer_auth_bytes.bytes,
            issuer_signed.issuer_auth_bytes.bytes
        );
        let device = document.device_signed.as_ref().unwrap();
        let read_back: BTreeMap<_, _> = device
            .name_spaces
            .iter()
            .flat_map(|(_, elements)| elements)
            .map(|(identifier, value)| ((*identifier).to_owned(), value.as_bytes().to_vec()))
            .collect();
        let expected: BTreeMap<_, _> = device_signed
            .iter()
            .map(|(identifier, value)| (identifier.clone(), encoded(value)))
            .collect();
        prop_assert_eq!(read_back, expected);
    }
}
