//! Published examples and other issuers' documents, read from the folder `shared/vectors` beside the checkout. Where
//! that folder is absent the tests say so and pass.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use mdl_crypto::{Curve, HashAlgorithm, PrivateKey, hmac_sha256};
use mdl_mdoc::cbor::{Checker, Limits, Reader, Value};
use mdl_mdoc::cose::{CoseKey, CoseMac0, CoseSign1, mac_structure};
use mdl_mdoc::device_authentication::{device_authentication_bytes, e_mac_key};
use mdl_mdoc::device_engagement::{BleOptions, DeviceEngagement, RetrievalMethod};
use mdl_mdoc::device_response::DeviceResponse;
use mdl_mdoc::issuer_signed::{IssuerSigned, decode_issuer_signed};
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_mdoc::session::{
    Role, SessionData, SessionEncryption, SessionEstablishment, SessionStatus,
};
use mdl_mdoc::session_transcript::{OnlineHandover, SessionTranscript};
use mdl_mdoc::tdate::format_tdate;
use serde_json::Value as Json;

/// The vectors of one file, or none where the folder is absent.
fn vectors(file: &str) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors")
        .join(file);
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).unwrap(),
        Err(_) => {
            eprintln!("skipped: {file} of the published vectors is not beside this checkout");
            Vec::new()
        }
    }
}

fn vector<'v>(vectors: &'v [Json], id: &str) -> &'v Json {
    vectors
        .iter()
        .find(|vector| vector["id"] == id)
        .unwrap_or_else(|| panic!("no vector {id}"))
}

fn bytes(value: &Json) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn key(vector: &Json) -> PrivateKey {
    PrivateKey::from_scalar(Curve::P256, &bytes(&vector["d_hex"])).unwrap()
}

#[test]
fn annex_d_items_have_the_published_digests() {
    let mut checked = 0;
    let annex_d = vectors("annex_d.json");
    let items = annex_d
        .iter()
        .filter(|vector| vector["id"].as_str().unwrap().starts_with("annexd-item-"));
    for vector in items.chain(&vectors("worked_digests.json")) {
        let encoded = bytes(&vector["cbor_hex"]);
        let digest = HashAlgorithm::Sha256.digest(&encoded);
        assert_eq!(
            hex::encode(digest.as_ref()),
            vector["expected"]["sha256_hex"].as_str().unwrap(),
            "{}",
            vector["id"]
        );
        checked += 1;
    }
    assert!(checked == 8 || annex_d.is_empty());
}

#[test]
fn annex_d_device_mac_verifies_with_our_transcript_and_key_derivation() {
    let annex_d = vectors("annex_d.json");
    if annex_d.is_empty() {
        return;
    }
    let transcript = &vector(&annex_d, "annexd-session-transcript")["session_transcript_hex"];
    let transcript = SessionTranscript::from_bytes(bytes(transcript), &Limits::DEFAULT).unwrap();
    let tagged = HashAlgorithm::Sha256.digest(&transcript.to_tagged_bytes());
    let expected = &vector(&annex_d, "annexd-session-transcript")["expected"]["session_transcript_bytes_sha256"];
    assert_eq!(hex::encode(tagged.as_ref()), expected.as_str().unwrap());

    let response = bytes(&vector(&annex_d, "annexd-device-response")["cbor_hex"]);
    let mut checker = Checker::new(&response, &Limits::DEFAULT).unwrap();
    let response = DeviceResponse::decode(&response, &mut checker).unwrap();
    let document = &response.documents[0];
    let device_signed = document.device_signed.as_ref().unwrap();
    let authentication = device_authentication_bytes(
        &transcript,
        document.doc_type,
        device_signed.name_spaces_bytes.bytes,
    );
    assert_eq!(
        authentication,
        bytes(&vector(&annex_d, "annexd-device-authentication")["cbor_hex"])
    );

    let mac = &vector(&annex_d, "annexd-device-mac")["expected"];
    let reader_key = key(vector(&annex_d, "annexd-key-ephemeral-reader"));
    let device_key = key(vector(&annex_d, "annexd-key-static-device"));
    let shared = reader_key.diffie_hellman(device_key.public_key()).unwrap();
    let e_mac_key = e_mac_key(&shared, &transcript);
    assert_eq!(e_mac_key.to_vec(), bytes(&mac["emac_key_hex"]));
    let device_mac: &CoseMac0<'_> = device_signed.device_auth.device_mac.as_ref().unwrap();
    let structure = mac_structure(device_mac.protected_bytes, &[], &authentication);
    assert_eq!(structure, bytes(&mac["mac_structure_hex"]));
    assert_eq!(hmac_sha256(&*e_mac_key, &[&structure]), device_mac.tag);
}

#[test]
fn annex_d_mso_is_read_as_published() {
    let annex_d = vectors("annex_d.json");
    if annex_d.is_empty() {
        return;
    }
    let issuer_auth = bytes(&vector(&annex_d, "annexd-issuer-auth")["cose_sign1_hex"]);
    let mut checker = Checker::new(&issuer_auth, &Limits::DEFAULT).unwrap();
    let sign1 = CoseSign1::decode(&mut Reader::new(&issuer_auth, 0), &mut checker).unwrap();
    let mso = MobileSecurityObject::decode(sign1.payload.unwrap(), &mut checker).unwrap();
    let expected = &vector(&annex_d, "annexd-mso")["expected"];
    assert_eq!(mso.doc_type, expected["doc_type"].as_str().unwrap());
    for (name_space, digests) in expected["value_digests"].as_object().unwrap() {
        let digests = digests.as_object().unwrap();
        assert_eq!(
            mso.value_digests.name_space(name_space).unwrap().len(),
            digests.len()
        );
        for (id, digest) in digests {
            assert_eq!(
                mso.value_digests
                    .get(name_space, id.parse().unwrap())
                    .unwrap(),
                bytes(digest)
            );
        }
    }
    let device_key = key(vector(&annex_d, "annexd-key-static-device"));
    assert_eq!(
        &mso.device_key_info.device_key.to_public_key().unwrap(),
        device_key.public_key()
    );
    assert_eq!(
        format_tdate(mso.validity_info.valid_until.time),
        expected["validity_info"]["validUntil"].as_str().unwrap()
    );
}

#[test]
fn online_handovers_give_the_published_transcripts() {
    for vector in vectors("handovers.json") {
        let inputs = &vector["inputs"];
        let text = |name: &str| inputs[name].as_str().unwrap_or_default();
        let thumbprint: Option<[u8; 32]> = inputs["jwk_thumbprint_hex"]
            .as_str()
            .map(|hex| hex::decode(hex).unwrap().try_into().unwrap());
        let handover = match vector["id"].as_str().unwrap() {
            "oid4vp10-openid4vphandover" => OnlineHandover::OpenId4Vp {
                client_id: text("client_id"),
                nonce: text("nonce"),
                jwk_thumbprint: thumbprint.as_ref(),
                response_uri: text("response_uri"),
            },
            "oid4vp10-openid4vpdcapihandover" | "oid4vp10-dcapi-null-thumbprint" => {
                OnlineHandover::OpenId4VpDcApi {
                    origin: text("origin"),
                    nonce: text("nonce"),
                    jwk_thumbprint: thumbprint.as_ref(),
                }
            }
            "iso18013-7-annexb-handover" => OnlineHandover::Iso18013Part7AnnexB {
                client_id: text("client_id"),
                response_uri: text("response_uri"),
                mdoc_generated_nonce: text("mdoc_generated_nonce"),
                nonce: text("nonce"),
            },
            "iso18013-7-annexc-deterministic" => OnlineHandover::Iso18013Part7AnnexC {
                encryption_info: text("encryption_info_b64url"),
                origin: text("origin"),
            },
            other => panic!("a new vector: {other}"),
        };
        let transcript = SessionTranscript::online(handover);
        assert_eq!(
            hex::encode(transcript.as_bytes()),
            vector["expected"]["session_transcript_hex"]
                .as_str()
                .unwrap()
        );
    }
}

#[test]
fn cose_samples_verify() {
    for vector in vectors("cose.json") {
        let id = vector["id"].as_str().unwrap();
        if let Some(encoded) = vector["cose_sign1_hex"].as_str() {
            let encoded = hex::decode(encoded).unwrap();
            let mut checker = Checker::new(&encoded, &Limits::DEFAULT).unwrap();
            let sign1 = CoseSign1::decode(&mut Reader::new(&encoded, 0), &mut checker).unwrap();
            let aad = vector["external_aad_hex"]
                .as_str()
                .map(|hex| hex::decode(hex).unwrap())
                .unwrap_or_default();
            let structure = sign1.sig_structure(&aad, sign1.payload.unwrap());
            if let Some(expected) = vector["expected"]["sig_structure_hex"].as_str() {
                assert_eq!(hex::encode(&structure), expected, "{id}");
            }
            let key =
                PrivateKey::from_scalar(Curve::P256, &bytes(&vector["private_key_hex"])).unwrap();
            key.public_key()
                .verify(mdl_crypto::Algorithm::Es256, &structure, sign1.signature)
                .unwrap();
        } else if let Some(encoded) = vector["cose_mac0_hex"].as_str() {
            let encoded = hex::decode(encoded).unwrap();
            let mut checker = Checker::new(&encoded, &Limits::DEFAULT).unwrap();
            let mac0 = CoseMac0::decode(&mut Reader::new(&encoded, 0), &mut checker).unwrap();
            let structure = mac_structure(mac0.protected_bytes, &[], mac0.payload.unwrap());
            let key = bytes(&vector["key_hex"]);
            assert_eq!(hmac_sha256(&key, &[&structure]), mac0.tag, "{id}");
        } else {
            let encoded = bytes(&vector["cbor_hex"]);
            let key = CoseKey::decode(&mut Reader::new(&encoded, 0))
                .unwrap()
                .to_public_key()
                .unwrap();
            assert_eq!(
                hex::encode(key.x()),
                vector["expected"]["x_hex"].as_str().unwrap(),
                "{id}"
            );
            assert_eq!(
                hex::encode(key.y().unwrap()),
                vector["expected"]["y_hex"].as_str().unwrap(),
                "{id}"
            );
        }
    }
}

#[test]
fn documents_of_other_issuers_decode_and_their_digests_fit() {
    for vector in vectors("issuers.json") {
        let id = vector["id"].as_str().unwrap();
        let expected = &vector["expected"];
        let encoded = ["issuer_signed_base64", "device_response_base64"]
            .iter()
            .find_map(|member| vector[*member].as_str())
            .map(decode_base64)
            .unwrap();
        let (checker, mismatches, doc_type) = if vector["issuer_signed_base64"].is_string() {
            let (issuer_signed, mut checker) =
                decode_issuer_signed(&encoded, &Limits::DEFAULT).unwrap();
            let (mismatches, doc_type) = compare_digests(&issuer_signed, &mut checker);
            (checker, mismatches, doc_type)
        } else {
            let mut checker = Checker::new(&encoded, &Limits::DEFAULT).unwrap();
            let response = DeviceResponse::decode(&encoded, &mut checker).unwrap();
            let (mismatches, doc_type) =
                compare_digests(&response.documents[0].issuer_signed, &mut checker);
            (checker, mismatches, doc_type)
        };
        assert_eq!(doc_type, expected["doc_type"].as_str().unwrap(), "{id}");
        let expected_mismatches: Vec<_> = expected["digest_mismatches"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m[1].as_str().unwrap())
            .collect();
        assert_eq!(mismatches, expected_mismatches, "{id}");
        let deviates = checker
            .deviations()
            .iter()
            .any(|deviation| deviation.kind.id() == "cbor-non-shortest");
        let expected_deviation = expected["cbor_deviations"]
            .as_array()
            .unwrap()
            .contains(&"non-shortest".into());
        assert!(deviates || !expected_deviation, "{id}");
    }
}

fn compare_digests<'a>(
    issuer_signed: &IssuerSigned<'a>,
    checker: &mut Checker<'a>,
) -> (Vec<&'a str>, &'a str) {
    let mso =
        MobileSecurityObject::decode(issuer_signed.issuer_auth.payload.unwrap(), checker).unwrap();
    let algorithm = HashAlgorithm::from_name(mso.digest_algorithm).unwrap();
    let mut mismatches = Vec::new();
    for (name_space, items) in &issuer_signed.name_spaces {
        for item in items {
            assert_ne!(item.element_value.decode().unwrap(), Value::Undefined);
            if mso.value_digests.get(name_space, item.digest_id)
                != Some(item.digest(algorithm).as_ref())
            {
                mismatches.push(item.element_identifier);
            }
        }
    }
    (mismatches, mso.doc_type)
}

/// Standard base64, for test data only.
fn decode_base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0u32;
    let mut count = 0;
    let mut bytes = Vec::new();
    for character in text.bytes().filter(|character| *character != b'=') {
        bits = bits << 6 | alphabet.iter().position(|c| *c == character).unwrap() as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

#[test]
fn annex_d_engagement_is_what_we_make_of_the_same_key_and_options() {
    let annex_d = vectors("annex_d.json");
    if annex_d.is_empty() {
        return;
    }
    let published = bytes(&vector(&annex_d, "annexd-device-engagement")["cbor_hex"]);
    let read = DeviceEngagement::decode(published.clone(), &Limits::DEFAULT).unwrap();
    let device = key(vector(&annex_d, "annexd-key-ephemeral-device"));
    assert_eq!(read.e_device_key(), device.public_key());
    let e_device_key_bytes = bytes(&vector(&annex_d, "annexd-e-device-key-bytes")["cbor_hex"]);
    assert_eq!(read.e_device_key_bytes(), e_device_key_bytes);
    let ble = read.retrieval_methods()[0].as_ble().unwrap().unwrap();
    let uuid = hex::decode("45efef742b2c4837a9a3b0e1d05a6917").unwrap();
    let expected = BleOptions {
        peripheral_server: None,
        central_client: Some(uuid.try_into().unwrap()),
    };
    assert_eq!(ble, expected);
    let made = DeviceEngagement::new(device.public_key(), vec![RetrievalMethod::ble(&ble)]);
    assert_eq!(hex::encode(made.as_bytes()), hex::encode(published));
}

#[test]
fn annex_d_messages_decrypt_at_the_other_end_and_are_what_we_encrypt() {
    let annex_d = vectors("annex_d.json");
    if annex_d.is_empty() {
        return;
    }
    let of = |id| bytes(&vector(&annex_d, id)["cbor_hex"]);
    let transcript = &vector(&annex_d, "annexd-session-transcript")["session_transcript_hex"];
    let transcript = SessionTranscript::from_bytes(bytes(transcript), &Limits::DEFAULT).unwrap();
    let reader = key(vector(&annex_d, "annexd-key-ephemeral-reader"));
    let device = key(vector(&annex_d, "annexd-key-ephemeral-device"));
    let secret = reader.diffie_hellman(device.public_key()).unwrap();
    let mut reader_end = SessionEncryption::new(Role::Reader, &secret, &transcript);
    let secret = device.diffie_hellman(reader.public_key()).unwrap();
    let mut device_end = SessionEncryption::new(Role::Device, &secret, &transcript);

    let (request, response) = (of("annexd-device-request"), of("annexd-device-response"));
    let published = of("annexd-session-establishment");
    let read = SessionEstablishment::decode(&published, &Limits::DEFAULT).unwrap();
    assert_eq!(device_end.decrypt(read.data).unwrap(), request);
    let made = SessionEstablishment {
        e_reader_key: read.e_reader_key,
        data: &reader_end.encrypt(&request).unwrap(),
    };
    assert_eq!(made.encode(), published);

    let published = of("annexd-session-data");
    let read = SessionData::decode(&published, &Limits::DEFAULT).unwrap();
    assert_eq!(reader_end.decrypt(read.data.unwrap()).unwrap(), response);
    let made = SessionData {
        data: Some(&device_end.encrypt(&response).unwrap()),
        status: None,
    };
    assert_eq!(made.encode(), published);

    let end = SessionData {
        data: None,
        status: Some(SessionStatus::Termination),
    };
    assert_eq!(end.encode(), of("annexd-session-termination"));
}
