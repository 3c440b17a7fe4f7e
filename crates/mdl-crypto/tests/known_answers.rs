//! Answers published by others.

use mdl_crypto::{Curve, HashAlgorithm, PrivateKey, PublicKey, Signature};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

/// RFC 6979, A.2.5 to A.2.7 for "sample" with the hash of the curve, and RFC 8032, 7.1, test 2.
const SIGNATURES: [(Curve, &[u8], &str, &str); 4] = [
    (
        Curve::P256,
        b"sample",
        "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
         f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ),
    (
        Curve::P384,
        b"sample",
        "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8\
         96d5724e4c70a825f872c9ea60d2edf5",
        "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c\
         81a648152e44acf96e36dd1e80fabe46\
         99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f\
         a329c145786e679e7b82c71a38628ac8",
    ),
    (
        Curve::P521,
        b"sample",
        "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75\
         caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538",
        "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f\
         174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa\
         00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af\
         282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a",
    ),
    (
        Curve::Ed25519,
        &[0x72],
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
];

#[test]
fn deterministic_signatures_are_those_of_the_rfcs() {
    for (curve, message, scalar, expected) in SIGNATURES {
        let key = PrivateKey::from_scalar(curve, &hex::decode(scalar).unwrap()).unwrap();
        let signature = key.sign_deterministic(message);
        assert_eq!(hex::encode(signature.as_bytes()), expected, "{curve}");
        assert_eq!(
            key.public_key()
                .verify(curve.algorithm(), message, signature.as_bytes()),
            Ok(()),
            "{curve}"
        );
    }
}

#[test]
fn public_key_of_rfc_6979() {
    let scalar = hex::decode(SIGNATURES[0].2).unwrap();
    let key = PrivateKey::from_scalar(Curve::P256, &scalar).unwrap();
    assert_eq!(
        hex::encode(key.public_key().key_bits()),
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
         7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
    );
}

#[test]
fn brainpool_key_agreement_of_rfc_7027() {
    // RFC 7027, A.1 and A.2.
    for (curve, a, b, x_z) in [
        (
            Curve::BrainpoolP256r1,
            "81db1ee100150ff2ea338d708271be38300cb54241d79950f77b063039804f1d",
            "55e40bc41e37e3e2ad25c3c6654511ffa8474a91a0032087593852d3e7d76bd3",
            "89afc39d41d3b327814b80940b042590f96556ec91e6ae7939bce31f3a18bf2b",
        ),
        (
            Curve::BrainpoolP384r1,
            "1e20f5e048a5886f1f157c74e91bde2b98c8b52d58e5003d57053fc4b0bd65d6\
             f15eb5d1ee1610df870795143627d042",
            "032640bc6003c59260f7250c3db58ce647f98e1260acce4acda3dd869f74e01f\
             8ba5e0324309db6a9831497abac96670",
            "0bd9d3a7ea0b3d519d09d8e48d0785fb744a6b355e6304bc51c229fbbce239bb\
             adf6403715c35d4fb2a5444f575d4f42",
        ),
    ] {
        let a = PrivateKey::from_scalar(curve, &hex::decode(a).unwrap()).unwrap();
        let b = PrivateKey::from_scalar(curve, &hex::decode(b).unwrap()).unwrap();
        let shared = a.diffie_hellman(b.public_key()).unwrap();
        assert_eq!(hex::encode(shared.as_bytes()), x_z, "{curve}");
        assert_eq!(
            b.diffie_hellman(a.public_key()).unwrap().as_bytes(),
            shared.as_bytes()
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_key() {
    let mut spki = Vec::new();
    for curve in Curve::ALL {
        let mut rng = ChaCha20Rng::from_seed([7; 32]);
        let first = PrivateKey::generate(curve, &mut rng);
        let second = PrivateKey::generate(curve, &mut rng);
        assert_ne!(first.public_key(), second.public_key(), "{curve}");
        spki.extend(first.public_key().to_spki_der());
    }
    // Recorded, so that a change on any platform or backend shows.
    assert_eq!(
        hex::encode(HashAlgorithm::Sha256.digest(&spki)),
        "8ccb07a4186e4980fccbaa9518e5a844d4624b646935d69a4abe3aa38eaafe8d"
    );
}

#[test]
fn nonces_are_random_only_where_documented() {
    for curve in Curve::ALL {
        let key = PrivateKey::generate(curve, &mut ChaCha20Rng::from_seed([7; 32]));
        let nist = matches!(curve, Curve::P256 | Curve::P384 | Curve::P521);
        let random = cfg!(feature = "aws-lc-rs") && nist;
        assert_eq!(key.sign(b"m") != key.sign(b"m"), random, "{curve}");
        assert_eq!(
            key.sign_deterministic(b"m"),
            key.sign_deterministic(b"m"),
            "{curve}"
        );
    }
}

#[test]
fn keys_and_signatures_survive_their_encodings() {
    let mut rng = ChaCha20Rng::from_seed([8; 32]);
    for curve in Curve::ALL {
        for round in 0..20u8 {
            let key = PrivateKey::generate(curve, &mut rng);
            let signature = key.sign(&[round]);
            if !curve.is_edwards() {
                let der = signature.to_der();
                assert_eq!(Signature::from_der(curve, &der), Ok(signature), "{curve}");
                let hash = curve.algorithm().hash().unwrap();
                assert_eq!(
                    key.public_key().verify_ecdsa_der(hash, &[round], &der),
                    Ok(())
                );
            }
            let stored = PrivateKey::from_pkcs8_pem(&key.to_pkcs8_pem()).unwrap();
            assert_eq!(stored.public_key(), key.public_key());
            assert_eq!(
                stored.sign_deterministic(b"m"),
                key.sign_deterministic(b"m")
            );
            let public = PublicKey::from_spki_der(&key.public_key().to_spki_der()).unwrap();
            assert_eq!(
                public.verify(curve.algorithm(), &[round], signature.as_bytes()),
                Ok(())
            );
        }
    }
}

#[test]
fn keys_agree_only_within_their_curve() {
    let mut rng = ChaCha20Rng::from_seed([9; 32]);
    let keys = Curve::ALL.map(|curve| PrivateKey::generate(curve, &mut rng));
    for a in &keys {
        for b in &keys {
            let shared = a.diffie_hellman(b.public_key());
            assert_eq!(
                shared.is_ok(),
                a.curve() == b.curve() && !a.curve().is_edwards(),
                "{} and {}",
                a.curve(),
                b.curve()
            );
        }
    }
}

#[test]
fn debug_shows_no_secret() {
    let scalar = [0x5a; 32];
    let key = PrivateKey::from_scalar(Curve::P256, &scalar).unwrap();
    let shared = key.diffie_hellman(key.public_key()).unwrap();
    let printed = format!("{key:?} {shared:?}");
    assert!(
        !printed.contains("5a5a") && !printed.contains("90, 90"),
        "{printed}"
    );
    assert!(printed.contains("PublicKey(P-256, 04"), "{printed}");
}
