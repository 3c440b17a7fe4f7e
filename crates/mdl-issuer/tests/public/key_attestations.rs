//! Key attestations in proofs: what a tenant asks for, and that nothing counts as one that is not.

use std::slice::from_ref;

use base64ct::{Base64, Encoding};
use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::profile::{
    Contact, DistinguishedName, IacaProfile, Issuer, MsoRevocationListSignerProfile, SerialNumber,
    UnsignedCertificate, Validity,
};
use mdl_issuer::tenant::KeyAttestationRules;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::{Value, json};
use time::Duration;

use crate::rig::{CredentialAttempt, DMV, Jwt, NOW, Rig, jwk};

/// A maker of wallets: its root, and the key and certificate that it attests with.
struct Attester {
    root: Vec<u8>,
    key: PrivateKey,
    certificate: Vec<u8>,
}

impl Attester {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let root_key = PrivateKey::generate(Curve::P256, &mut rng);
        let key = PrivateKey::generate(Curve::P256, &mut rng);
        let days = |days| Validity::days(NOW - Duration::days(20), days).unwrap();
        let name = |name: &str| DistinguishedName::new(format!("{name} {seed}")).country("US");
        let crl = "https://wallet.example/crl";
        let root = IacaProfile::new(
            root_key.public_key().clone(),
            name("Root"),
            days(3000),
            Contact::email("root@wallet.example"),
            crl,
        );
        let root = signed(
            root.build(&SerialNumber::random(&mut rng)).unwrap(),
            &root_key,
        );
        let issuer = Issuer::from_certificate(&root).unwrap();
        let public = key.public_key().clone();
        let leaf =
            MsoRevocationListSignerProfile::new(&issuer, public, name("Attester"), days(1000));
        let leaf = leaf.crl_distribution_point(crl);
        let leaf = leaf.build(&SerialNumber::random(&mut rng)).unwrap();
        Self {
            root,
            key,
            certificate: signed(leaf, &root_key),
        }
    }

    /// Rules under which its attestations count.
    fn trusted(&self) -> KeyAttestationRules {
        KeyAttestationRules {
            anchors: vec![self.root.clone()],
            ..KeyAttestationRules::default()
        }
    }

    fn required(&self) -> KeyAttestationRules {
        KeyAttestationRules {
            required: true,
            key_storage: vec!["iso_18045_high".into(), "iso_18045_moderate".into()],
            user_authentication: vec!["iso_18045_high".into()],
            ..self.trusted()
        }
    }

    /// An attestation of these keys, all of which is in order.
    fn attest(&self, keys: &[PrivateKey]) -> Jwt {
        let claims = json!({
            "iat": NOW.unix_timestamp(),
            "exp": NOW.unix_timestamp() + 3600,
            "attested_keys": keys.iter().map(jwk).collect::<Vec<Value>>(),
            "key_storage": ["iso_18045_moderate"],
            "user_authentication": ["iso_18045_high", "iso_18045_basic"],
        });
        let mut attestation = Jwt::new("key-attestation+jwt", self.key.clone(), claims);
        let header = attestation.header.as_object_mut().unwrap();
        header.remove("jwk");
        header.insert("x5c".into(), x5c(&[&self.certificate]));
        attestation
    }
}

fn signed(unsigned: UnsignedCertificate, key: &PrivateKey) -> Vec<u8> {
    let signature = key.sign(unsigned.to_be_signed());
    unsigned.attach(&signature).unwrap().into_der()
}

fn x5c(chain: &[&[u8]]) -> Value {
    chain.iter().map(|der| Base64::encode_string(der)).collect()
}

async fn rig(rules: KeyAttestationRules) -> Rig {
    Rig::with(|tenants| tenants[DMV].key_attestation = rules).await
}

/// A request for documents for these keys; each proof has the attestation.
async fn attempt(rig: &Rig, keys: &[PrivateKey], attestation: Option<&Jwt>) -> CredentialAttempt {
    let session = rig.session(DMV).await;
    let nonce = rig.nonce(DMV).await;
    let mut attempt = rig.credential_request(&session, &nonce, keys.to_vec());
    if let Some(attestation) = attestation {
        for proof in &mut attempt.proofs {
            proof.header["key_attestation"] = attestation.text().into();
        }
    }
    attempt
}

#[tokio::test]
async fn proofs_of_a_batch_may_carry_one_attestation_of_all_keys() {
    let attester = Attester::new(1);
    let rig = rig(attester.required()).await;
    let keys: Vec<_> = (0..4).map(|_| rig.key(Curve::P256)).collect();
    let attestation = attester.attest(&keys);
    let answer = attempt(&rig, &keys, Some(&attestation)).await;
    let answer = answer.send(&rig).await.ok();
    assert_eq!(answer["credentials"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn metadata_says_what_is_required() {
    let configuration = async |rules| {
        let rig = rig(rules).await;
        let metadata = rig.get("/.well-known/openid-credential-issuer/dmv").await;
        let types = metadata.ok()["credential_configurations_supported"]["mdl"]
            ["proof_types_supported"]["jwt"]
            .clone();
        types.get("key_attestations_required").cloned()
    };
    let attester = Attester::new(1);
    assert_eq!(configuration(attester.trusted()).await, None);
    let expected = json!({
        "key_storage": ["iso_18045_high", "iso_18045_moderate"],
        "user_authentication": ["iso_18045_high"],
    });
    assert_eq!(configuration(attester.required()).await, Some(expected));
    let any = KeyAttestationRules {
        required: true,
        ..attester.trusted()
    };
    assert_eq!(configuration(any).await, Some(json!({})));
}

#[tokio::test]
async fn a_proof_without_attestation_passes_only_where_none_is_required() {
    let attester = Attester::new(1);
    for (rules, status) in [
        (KeyAttestationRules::default(), 200),
        (attester.trusted(), 200),
        (attester.required(), 400),
    ] {
        let rig = rig(rules).await;
        let answer = attempt(&rig, &[rig.key(Curve::P256)], None).await;
        let answer = answer.send(&rig).await;
        assert_eq!(answer.status, status);
        if status == 400 {
            assert_eq!(answer.error(), "invalid_proof");
        }
    }
}

type Change = fn(&mut Jwt, &Attester);

/// What is wrong with an attestation that is in order otherwise.
const WRONG: &[(&str, Change)] = &[
    ("no JWS", |a, _| a.breaks = |_| "nonsense".into()),
    ("typ of a proof", |a, _| {
        a.header["typ"] = "openid4vci-proof+jwt".into();
    }),
    ("no typ", |a, _| {
        drop(a.header.as_object_mut().unwrap().remove("typ"))
    }),
    ("a MAC", |a, _| a.header["alg"] = "HS256".into()),
    ("no x5c", |a, _| {
        drop(a.header.as_object_mut().unwrap().remove("x5c"))
    }),
    ("kid in place of x5c", |a, _| {
        a.header.as_object_mut().unwrap().remove("x5c");
        a.header["kid"] = "attester".into();
    }),
    ("x5c that is empty", |a, _| a.header["x5c"] = json!([])),
    ("x5c that is no certificate", |a, _| {
        a.header["x5c"] = json!(["AA=="])
    }),
    ("another signature", |a, _| {
        a.breaks = |text| {
            let (signed, _) = text.rsplit_once('.').unwrap();
            format!("{signed}.{}", "A".repeat(86))
        };
    }),
    ("certificate of another key", |a, other| {
        a.header["x5c"] = x5c(&[&other.certificate]);
    }),
    ("no iat", |a, _| {
        drop(a.claims.as_object_mut().unwrap().remove("iat"))
    }),
    ("iat ahead", |a, _| {
        a.claims["iat"] = json!(NOW.unix_timestamp() + 301)
    }),
    ("no exp", |a, _| {
        drop(a.claims.as_object_mut().unwrap().remove("exp"))
    }),
    ("expired", |a, _| {
        a.claims["exp"] = json!(NOW.unix_timestamp())
    }),
    ("exp that is text", |a, _| {
        a.claims["exp"] = "tomorrow".into()
    }),
    ("no keys", |a, _| a.claims["attested_keys"] = json!([])),
    ("keys that are none", |a, _| {
        a.claims["attested_keys"] = json!(["key"])
    }),
    ("keys that are no list", |a, _| {
        a.claims["attested_keys"] = json!({})
    }),
    ("a private key", |a, _| {
        let mut key = a.claims["attested_keys"][0].clone();
        key["d"] = "AA".into();
        a.claims["attested_keys"] = json!([key]);
    }),
    ("a key twice", |a, _| {
        let key = a.claims["attested_keys"][0].clone();
        a.claims["attested_keys"] = json!([key, key]);
    }),
    ("another key", |a, other| {
        a.claims["attested_keys"] = json!([jwk(&other.key)])
    }),
    ("another nonce", |a, _| a.claims["nonce"] = "x".into()),
    ("a nonce that is not text", |a, _| {
        a.claims["nonce"] = json!(1)
    }),
];

#[tokio::test]
async fn a_broken_attestation_is_an_invalid_proof_whether_or_not_one_is_required() {
    let (attester, other) = (Attester::new(1), Attester::new(2));
    for rules in [KeyAttestationRules::default(), attester.trusted()] {
        let rig = rig(rules).await;
        for (what, change) in WRONG {
            let key = rig.key(Curve::P256);
            let mut attestation = attester.attest(from_ref(&key));
            change(&mut attestation, &other);
            let answer = attempt(&rig, from_ref(&key), Some(&attestation)).await;
            let answer = answer.send(&rig).await;
            assert_eq!(answer.status, 400, "{what}");
            assert_eq!(answer.error(), "invalid_proof", "{what}");
        }
        let key = rig.key(Curve::P256);
        let mut attempt = attempt(&rig, &[key], None).await;
        attempt.proof().header["key_attestation"] = json!({});
        assert_eq!(attempt.send(&rig).await.error(), "invalid_proof");
    }
}

#[tokio::test]
async fn an_attestation_counts_only_with_a_chain_to_an_anchor() {
    let (attester, other) = (Attester::new(1), Attester::new(2));
    let with_root: Change = |a, attester| {
        a.header["x5c"] = x5c(&[&attester.certificate, &attester.root]);
    };
    let root_alone: Change = |a, attester| {
        a.header["x5c"] = x5c(&[&attester.root]);
    };
    let with_another: Change = |a, attester| {
        a.header["x5c"] = x5c(&[&attester.certificate, &attester.certificate]);
    };
    let as_it_is: Change = |_, _| {};
    for (what, rules, change, passes) in [
        ("trusted", attester.trusted(), as_it_is, true),
        ("no anchors", KeyAttestationRules::default(), as_it_is, true),
        ("of another root", other.trusted(), as_it_is, false),
        (
            "the anchor in the chain",
            attester.trusted(),
            with_root,
            false,
        ),
        (
            "another certificate in the chain",
            attester.trusted(),
            with_another,
            false,
        ),
        (
            "the anchor in place of the chain",
            attester.trusted(),
            root_alone,
            false,
        ),
    ] {
        let rig = rig(rules).await;
        let key = rig.key(Curve::P256);
        let mut attestation = attester.attest(from_ref(&key));
        change(&mut attestation, &attester);
        let answer = attempt(&rig, &[key], Some(&attestation)).await;
        let answer = answer.send(&rig).await;
        assert_eq!(answer.status == 200, passes, "{what}");
    }
    // The certificate, not the attestation, has run out.
    let rig = rig(attester.trusted()).await;
    rig.clock.advance(Duration::days(990));
    let key = rig.key(Curve::P256);
    let mut attestation = attester.attest(from_ref(&key));
    attestation.claims["exp"] = json!(rig.now().unix_timestamp() + 60);
    let session_is_unaffected = rig.session(DMV).await;
    let nonce = rig.nonce(DMV).await;
    let mut attempt = rig.credential_request(&session_is_unaffected, &nonce, vec![key]);
    attempt.proof().header["key_attestation"] = attestation.text().into();
    assert_eq!(attempt.send(&rig).await.error(), "invalid_proof");
}

#[tokio::test]
async fn a_required_attestation_has_one_of_the_levels_that_are_asked_for() {
    let attester = Attester::new(1);
    let rig = rig(attester.required()).await;
    for (claim, levels, passes) in [
        (
            "key_storage",
            json!(["iso_18045_basic", "iso_18045_high"]),
            true,
        ),
        ("key_storage", json!(["iso_18045_basic"]), false),
        ("key_storage", json!("iso_18045_high"), false),
        ("key_storage", Value::Null, false),
        ("user_authentication", json!(["iso_18045_moderate"]), false),
    ] {
        let key = rig.key(Curve::P256);
        let mut attestation = attester.attest(from_ref(&key));
        attestation.claims[claim] = levels.clone();
        let answer = attempt(&rig, &[key], Some(&attestation)).await;
        let answer = answer.send(&rig).await;
        assert_eq!(answer.status == 200, passes, "{claim} {levels}");
        if !passes {
            assert_eq!(answer.error(), "invalid_proof");
        }
    }
}
