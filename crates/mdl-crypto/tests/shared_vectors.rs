//! Keys, digests and derivations of the vectors that lie beside this repository, where they do.

use mdl_crypto::{
    Algorithm, Curve, HashAlgorithm, PrivateKey, PublicKey, hkdf_sha256, hmac_sha256,
};
use serde_json::Value;
use std::path::Path;

/// The vectors of one file; `None`, and why on standard output, where the folder is absent.
fn vectors(file: &str) -> Option<Vec<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    let text = std::fs::read_to_string(folder.join(file)).expect("the file is readable");
    Some(serde_json::from_str(&text).expect("the file is a JSON array"))
}

fn by_id<'a>(vectors: &'a [Value], id: &str) -> &'a Value {
    vectors
        .iter()
        .find(|vector| vector["id"] == id)
        .expect("the vector is in the file")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string")).expect("hexadecimal")
}

#[test]
fn annex_d_keys() {
    let Some(vectors) = vectors("annex_d.json") else {
        return;
    };
    let keys: Vec<_> = vectors
        .iter()
        .filter(|vector| vector.get("d_hex").is_some())
        .collect();
    assert_eq!(keys.len(), 3);
    for vector in keys {
        let key = PrivateKey::from_scalar(Curve::P256, &bytes(&vector["d_hex"])).unwrap();
        let public = key.public_key();
        assert_eq!(public.x(), bytes(&vector["x_hex"]));
        assert_eq!(public.y().unwrap(), bytes(&vector["y_hex"]));
        let stored = PrivateKey::from_pkcs8_pem(vector["private_key_pem"].as_str().unwrap());
        assert_eq!(stored.unwrap().public_key(), public);
    }
}

#[test]
fn annex_d_session_keys_and_device_mac() {
    let Some(vectors) = vectors("annex_d.json") else {
        return;
    };
    let transcript =
        bytes(&by_id(&vectors, "annexd-session-transcript")["session_transcript_bytes_hex"]);
    let salt = HashAlgorithm::Sha256.digest(&transcript);
    let derive = |inputs: &Value, zab: &Value, info: &str| {
        let own = by_id(&vectors, inputs["private"].as_str().unwrap());
        let peer = by_id(&vectors, inputs["public"].as_str().unwrap());
        let own = PrivateKey::from_scalar(Curve::P256, &bytes(&own["d_hex"])).unwrap();
        let peer = PublicKey::from_coordinates(
            Curve::P256,
            &bytes(&peer["x_hex"]),
            &bytes(&peer["y_hex"]),
        );
        let shared = own.diffie_hellman(&peer.unwrap()).unwrap();
        assert_eq!(shared.as_bytes(), bytes(zab));
        let mut key = [0; 32];
        hkdf_sha256(
            shared.as_bytes(),
            salt.as_bytes(),
            info.as_bytes(),
            &mut key,
        );
        key
    };

    let session = by_id(&vectors, "annexd-session-keys");
    let expected = &session["expected"];
    assert_eq!(salt.as_bytes(), bytes(&expected["salt_hex"]));
    for (info, key) in [("SKReader", "sk_reader_hex"), ("SKDevice", "sk_device_hex")] {
        assert_eq!(
            derive(&session["inputs"], &expected["zab_hex"], info),
            *bytes(&expected[key])
        );
    }

    let mac = by_id(&vectors, "annexd-device-mac");
    let expected = &mac["expected"];
    let key = derive(&mac["inputs"], &expected["zab_hex"], "EMacKey");
    assert_eq!(key, *bytes(&expected["emac_key_hex"]));
    let tag = hmac_sha256(&key, &[&bytes(&expected["mac_structure_hex"])]);
    assert_eq!(tag, *bytes(&expected["tag_hex"]));
}

#[test]
fn annex_d_item_digests() {
    let Some(vectors) = vectors("annex_d.json") else {
        return;
    };
    let mut seen = 0;
    for vector in &vectors {
        if let Some(digest) = vector["expected"].get("sha256_hex") {
            let item = bytes(&vector["cbor_hex"]);
            assert_eq!(
                HashAlgorithm::Sha256.digest(&item).as_bytes(),
                bytes(digest)
            );
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen} items");
}

#[test]
fn cose_signatures() {
    let Some(vectors) = vectors("cose.json") else {
        return;
    };
    let mut seen = 0;
    for vector in &vectors {
        let Some(structure) = vector["expected"].get("sig_structure_hex") else {
            continue;
        };
        let key = PrivateKey::from_scalar(Curve::P256, &bytes(&vector["private_key_hex"])).unwrap();
        let message = bytes(structure);
        // The signature is the last element of the array.
        let sign1 = bytes(&vector["cose_sign1_hex"]);
        let signature = &sign1[sign1.len() - 64..];
        assert_eq!(
            key.public_key()
                .verify(Algorithm::Es256, &message, signature),
            Ok(())
        );
        let own = key.sign(&message);
        assert_eq!(
            key.public_key()
                .verify(Algorithm::Es256, &message, own.as_bytes()),
            Ok(())
        );
        seen += 1;
    }
    assert!(seen >= 2, "{seen} signatures");
}
