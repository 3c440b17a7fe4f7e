//! Wrong proofs: what each gets, and that the nonce is still good afterwards.

use base64ct::{Base64, Encoding};
use mdl_crypto::Curve;
use mdl_iaca::profile::{Contact, DistinguishedName, IacaProfile, SerialNumber, Validity};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::json;
use time::Duration;

use crate::rig::{CredentialAttempt, DMV, Jwt, OLD, Rig};

type Change = fn(&mut CredentialAttempt, &Rig);

/// Name, what is changed, code on the wire; the status is always 400.
const WRONG: &[(&str, Change, &str)] = &[
    (
        "no JWS",
        |a, _| a.proof().breaks = |_| "nonsense".into(),
        "invalid_proof",
    ),
    (
        "two parts",
        |a, _| a.proof().breaks = |text| text.rsplit_once('.').unwrap().0.into(),
        "invalid_proof",
    ),
    (
        "padding",
        |a, _| a.proof().breaks = |text| format!("{text}=="),
        "invalid_proof",
    ),
    (
        "too long",
        |a, _| a.proof().claims["x"] = "y".repeat(40_000).into(),
        "invalid_proof",
    ),
    (
        "no typ",
        |a, _| drop(a.proof().header.as_object_mut().unwrap().remove("typ")),
        "invalid_proof",
    ),
    (
        "typ of DPoP",
        |a, _| a.proof().header["typ"] = "dpop+jwt".into(),
        "invalid_proof",
    ),
    (
        "typ JWT",
        |a, _| a.proof().header["typ"] = "JWT".into(),
        "invalid_proof",
    ),
    (
        "no alg",
        |a, _| drop(a.proof().header.as_object_mut().unwrap().remove("alg")),
        "invalid_proof",
    ),
    (
        "alg none",
        |a, _| a.proof().header["alg"] = "none".into(),
        "invalid_proof",
    ),
    (
        "a MAC",
        |a, _| a.proof().header["alg"] = "HS256".into(),
        "invalid_proof",
    ),
    (
        "RSA",
        |a, _| a.proof().header["alg"] = "RS256".into(),
        "invalid_proof",
    ),
    (
        "alg of another curve",
        |a, _| a.proof().header["alg"] = "ES512".into(),
        "invalid_proof",
    ),
    (
        "crit",
        |a, _| a.proof().header["crit"] = json!(["b64"]),
        "invalid_proof",
    ),
    (
        "no key",
        |a, _| drop(a.proof().header.as_object_mut().unwrap().remove("jwk")),
        "invalid_proof",
    ),
    (
        "jwk and kid",
        |a, _| a.proof().header["kid"] = "did:example:1".into(),
        "invalid_proof",
    ),
    (
        "jwk and x5c",
        |a, _| a.proof().header["x5c"] = json!(["AA=="]),
        "invalid_proof",
    ),
    (
        "kid alone",
        |a, _| {
            a.proof().header.as_object_mut().unwrap().remove("jwk");
            a.proof().header["kid"] = "did:example:1".into();
        },
        "invalid_proof",
    ),
    (
        "x5c that is no certificate",
        |a, _| {
            a.proof().header.as_object_mut().unwrap().remove("jwk");
            a.proof().header["x5c"] = json!(["AA=="]);
        },
        "invalid_proof",
    ),
    (
        "x5c that is empty",
        |a, _| {
            a.proof().header.as_object_mut().unwrap().remove("jwk");
            a.proof().header["x5c"] = json!([]);
        },
        "invalid_proof",
    ),
    (
        "x5c of somebody else",
        |a, rig| {
            a.proof().header.as_object_mut().unwrap().remove("jwk");
            let certificate = &rig.tenant(DMV).authority.get().iacas[0];
            a.proof().header["x5c"] = json!([Base64::encode_string(certificate)]);
        },
        "invalid_proof",
    ),
    (
        "jku",
        |a, _| a.proof().header["jku"] = "https://wallet.example/jwks".into(),
        "invalid_proof",
    ),
    (
        "x5u",
        |a, _| a.proof().header["x5u"] = "https://wallet.example/x5c".into(),
        "invalid_proof",
    ),
    (
        "private key",
        |a, _| a.proof().header["jwk"]["d"] = "AA".into(),
        "invalid_proof",
    ),
    (
        "key that is no point",
        |a, _| a.proof().header["jwk"]["x"] = "A".repeat(43).into(),
        "invalid_proof",
    ),
    (
        "RSA key",
        |a, _| a.proof().header["jwk"] = json!({ "kty": "RSA", "n": "AA", "e": "AQAB" }),
        "invalid_proof",
    ),
    (
        "unknown curve",
        |a, _| a.proof().header["jwk"]["crv"] = "secp256k1".into(),
        "invalid_proof",
    ),
    (
        "another key",
        |a, rig| a.proof().key = rig.key(Curve::P256),
        "invalid_proof",
    ),
    (
        "broken signature",
        |a, _| {
            a.proof().breaks = |text| {
                let last = if text.ends_with("AA") { "BA" } else { "AA" };
                format!("{}{last}", &text[..text.len() - 2])
            }
        },
        "invalid_proof",
    ),
    (
        "claims that are no object",
        |a, _| a.proof().claims = json!("x"),
        "invalid_proof",
    ),
    (
        "no aud",
        |a, _| drop(a.proof().claims.as_object_mut().unwrap().remove("aud")),
        "invalid_proof",
    ),
    (
        "aud of another tenant",
        |a, rig| a.proof().claims["aud"] = rig.issuer(OLD).into(),
        "invalid_proof",
    ),
    (
        "aud with a slash",
        |a, rig| a.proof().claims["aud"] = format!("{}/", rig.issuer(DMV)).into(),
        "invalid_proof",
    ),
    (
        "aud of the credential endpoint",
        |a, rig| a.proof().claims["aud"] = format!("{}/credential", rig.issuer(DMV)).into(),
        "invalid_proof",
    ),
    (
        "two aud",
        |a, rig| a.proof().claims["aud"] = json!([rig.issuer(DMV), "https://other.example"]),
        "invalid_proof",
    ),
    (
        "an array with another aud",
        |a, rig| a.proof().claims["aud"] = json!([rig.issuer(OLD)]),
        "invalid_proof",
    ),
    (
        "empty aud",
        |a, _| a.proof().claims["aud"] = json!([]),
        "invalid_proof",
    ),
    (
        "aud that is a number",
        |a, _| a.proof().claims["aud"] = 1.into(),
        "invalid_proof",
    ),
    (
        "iss of anonymous access",
        |a, _| a.proof().claims["iss"] = "wallet".into(),
        "invalid_proof",
    ),
    (
        "no iat",
        |a, _| drop(a.proof().claims.as_object_mut().unwrap().remove("iat")),
        "invalid_proof",
    ),
    (
        "iat that is text",
        |a, _| a.proof().claims["iat"] = "1".into(),
        "invalid_proof",
    ),
    (
        "iat beyond all calendars",
        |a, _| a.proof().claims["iat"] = 1e300.into(),
        "invalid_proof",
    ),
    (
        "iat of 301 seconds ago",
        |a, rig| {
            a.proof().claims["iat"] = (rig.now() - Duration::seconds(301)).unix_timestamp().into()
        },
        "invalid_proof",
    ),
    (
        "iat in 301 seconds",
        |a, rig| {
            a.proof().claims["iat"] = (rig.now() + Duration::seconds(301)).unix_timestamp().into()
        },
        "invalid_proof",
    ),
    (
        "expired",
        |a, rig| a.proof().claims["exp"] = rig.now().unix_timestamp().into(),
        "invalid_proof",
    ),
    (
        "exp that is text",
        |a, _| a.proof().claims["exp"] = "x".into(),
        "invalid_proof",
    ),
    (
        "not valid yet",
        |a, rig| a.proof().claims["nbf"] = (rig.now() + Duration::MINUTE).unix_timestamp().into(),
        "invalid_proof",
    ),
    (
        "no nonce",
        |a, _| drop(a.proof().claims.as_object_mut().unwrap().remove("nonce")),
        "invalid_proof",
    ),
    (
        "nonce that is a number",
        |a, _| a.proof().claims["nonce"] = 1.into(),
        "invalid_proof",
    ),
    (
        "random nonce",
        |a, _| a.proof().claims["nonce"] = "x".repeat(75).into(),
        "invalid_nonce",
    ),
    (
        "empty nonce",
        |a, _| a.proof().claims["nonce"] = "".into(),
        "invalid_nonce",
    ),
    (
        "second proof with a random nonce",
        |a, _| a.proofs[1].claims["nonce"] = "x".into(),
        "invalid_nonce",
    ),
    (
        "second proof broken",
        |a, rig| a.proofs[1].key = rig.key(Curve::P256),
        "invalid_proof",
    ),
    (
        "the same key twice",
        |a, _| {
            a.proofs[1].key = a.proofs[0].key.clone();
            a.proofs[1].header = a.proofs[0].header.clone();
        },
        "invalid_proof",
    ),
    (
        "broken proof and random nonce",
        |a, rig| {
            a.proofs[0].claims["nonce"] = "x".into();
            a.proofs[1].key = rig.key(Curve::P256);
        },
        "invalid_proof",
    ),
    (
        "random nonce and the same key twice",
        |a, _| {
            a.proofs[0].claims["nonce"] = "x".into();
            a.proofs[1].key = a.proofs[0].key.clone();
            a.proofs[1].header = a.proofs[0].header.clone();
        },
        "invalid_nonce",
    ),
];

#[tokio::test]
async fn every_wrong_proof_gets_its_code_and_uses_up_no_nonce() {
    let rig = Rig::new().await;
    for (name, change, code) in WRONG {
        let session = rig.session(DMV).await;
        let nonce = rig.nonce(DMV).await;
        let keys = vec![rig.key(Curve::P256), rig.key(Curve::P256)];
        let mut attempt = rig.credential_request(&session, &nonce, keys.clone());
        change(&mut attempt, &rig);
        let answer = attempt.send(&rig).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (400, *code),
            "{name}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{name}");
        assert_eq!(answer.json().as_object().unwrap().len(), 2, "{name}");
        let right = rig
            .credential_request(&session, &nonce, keys)
            .send(&rig)
            .await;
        assert_eq!(
            right.status, 200,
            "{name}: the right request afterwards: {:?}",
            right.body
        );
    }
}

#[tokio::test]
async fn what_is_only_unusual_in_a_proof_passes() {
    let rig = Rig::new().await;
    let changes: &[(&str, Change)] = &[
        ("an array of one audience", |a, rig| {
            a.proof().claims["aud"] = json!([rig.issuer(DMV)])
        }),
        ("iat with a fraction", |a, rig| {
            a.proof().claims["iat"] = (rig.now().unix_timestamp() as f64 + 0.5).into()
        }),
        ("iat of 300 seconds ago", |a, rig| {
            a.proof().claims["iat"] = (rig.now() - Duration::minutes(5)).unix_timestamp().into()
        }),
        ("exp and nbf", |a, rig| {
            a.proof().claims["exp"] = (rig.now() + Duration::SECOND).unix_timestamp().into();
            a.proof().claims["nbf"] = rig.now().unix_timestamp().into();
        }),
        ("unknown claims", |a, _| {
            a.proof().claims["lorem"] = json!({ "ipsum": 1 })
        }),
        ("typ in capitals", |a, _| {
            a.proof().header["typ"] = "OPENID4VCI-proof+JWT".into()
        }),
        ("jwk with more members", |a, _| {
            a.proof().header["jwk"]["kid"] = "1".into()
        }),
    ];
    for (name, change) in changes {
        let session = rig.session(DMV).await;
        let nonce = rig.nonce(DMV).await;
        let mut attempt = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
        change(&mut attempt, &rig);
        let answer = attempt.send(&rig).await;
        assert_eq!(answer.status, 200, "{name}: {:?}", answer.body);
    }
}

/// Has the key of a proof come in a certificate of its own making.
fn in_certificate(rig: &Rig, proof: &mut Jwt) {
    let key = &proof.key;
    let validity = Validity::days(rig.now(), 10).unwrap();
    let name = DistinguishedName::new("Device").country("US");
    let contact = Contact::email("wallet@wallet.example");
    let crl = "https://wallet.example/crl";
    let profile = IacaProfile::new(key.public_key().clone(), name, validity, contact, crl);
    let unsigned = profile.build(&SerialNumber::random(&mut ChaCha20Rng::seed_from_u64(1)));
    let unsigned = unsigned.unwrap();
    let signature = key.sign(unsigned.to_be_signed());
    let certificate = unsigned.attach(&signature).unwrap().into_der();
    let header = proof.header.as_object_mut().unwrap();
    header.remove("jwk");
    header.insert("x5c".into(), json!([Base64::encode_string(&certificate)]));
}

#[tokio::test]
async fn the_key_may_come_in_a_certificate() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    let nonce = rig.nonce(DMV).await;
    let mut attempt = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
    in_certificate(&rig, attempt.proof());
    attempt.send(&rig).await.ok();
}

#[tokio::test]
async fn a_key_in_a_certificate_is_the_same_key() {
    let rig = Rig::new().await;
    let key = rig.key(Curve::P256);
    let (session, nonce) = (rig.session(DMV).await, rig.nonce(DMV).await);
    let twice = vec![key.clone(), key.clone()];
    let mut attempt = rig.credential_request(&session, &nonce, twice);
    in_certificate(&rig, attempt.proof());
    let refused = attempt.send(&rig).await;
    assert_eq!(
        (refused.status.as_u16(), refused.error()),
        (400, "invalid_proof".into()),
        "in one request"
    );
    let attempt = rig.credential_request(&session, &nonce, vec![key.clone()]);
    attempt.send(&rig).await.ok();
    let (session, nonce) = (rig.session(DMV).await, rig.nonce(DMV).await);
    let mut attempt = rig.credential_request(&session, &nonce, vec![key]);
    in_certificate(&rig, attempt.proof());
    let refused = attempt.send(&rig).await;
    assert_eq!(
        (refused.status.as_u16(), refused.error()),
        (400, "credential_request_denied".into()),
        "in two"
    );
}

#[tokio::test]
async fn a_nonce_counts_once_and_until_it_is_old() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    let (used, unused) = (rig.nonce(DMV).await, rig.nonce(DMV).await);
    let attempt = |nonce: &str| rig.credential_request(&session, nonce, vec![rig.key(Curve::P256)]);
    attempt(&used).send(&rig).await.ok();
    let replayed = attempt(&used).send(&rig).await;
    assert_eq!(
        (replayed.status.as_u16(), replayed.error()),
        (400, "invalid_nonce".into())
    );
    rig.clock.advance(Duration::minutes(5));
    let old = attempt(&unused).send(&rig).await;
    assert_eq!(
        (old.status.as_u16(), old.error()),
        (400, "invalid_nonce".into())
    );
}

#[tokio::test]
async fn a_nonce_of_another_tenant_or_kind_is_none() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    let attempt = |nonce: &str| rig.credential_request(&session, nonce, vec![rig.key(Curve::P256)]);
    let of_another_tenant = rig.nonce(OLD).await;
    assert_eq!(
        attempt(&of_another_tenant).send(&rig).await.error(),
        "invalid_nonce"
    );
    let mut asks_for_nonce = attempt("x");
    asks_for_nonce.dpop().claims["nonce"] = "x".into();
    let dpop_nonce = asks_for_nonce.send(&rig).await.header("dpop-nonce");
    assert_eq!(
        attempt(&dpop_nonce).send(&rig).await.error(),
        "invalid_nonce"
    );
}

#[tokio::test]
async fn proofs_of_one_request_share_one_nonce() {
    let rig = Rig::new().await;
    let session = rig.session(DMV).await;
    let (first, second) = (rig.nonce(DMV).await, rig.nonce(DMV).await);
    let keys = vec![rig.key(Curve::P256), rig.key(Curve::P256)];
    let mut attempt = rig.credential_request(&session, &first, keys);
    attempt.proofs[1].claims["nonce"] = second.into();
    assert_eq!(attempt.send(&rig).await.error(), "invalid_proof");
}

#[tokio::test]
async fn iss_is_the_client_that_asked_for_the_token() {
    let rig = Rig::new().await;
    for (iss, status) in [(None, 200), (Some("wallet"), 200), (Some("other"), 400)] {
        let (offer, key) = (rig.offer(DMV, None).await, rig.key(Curve::P256));
        let mut attempt = rig.token_request(DMV, &offer, Some(&key));
        attempt.set("client_id", Some("wallet"));
        let answer = attempt.send(&rig).await.ok();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        let session = crate::rig::Session {
            tenant: DMV,
            token,
            key,
        };
        let nonce = rig.nonce(DMV).await;
        let mut attempt = rig.credential_request(&session, &nonce, vec![rig.key(Curve::P256)]);
        if let Some(iss) = iss {
            attempt.proof().claims["iss"] = iss.into();
        }
        assert_eq!(attempt.send(&rig).await.status, status, "{iss:?}");
    }
}

#[tokio::test]
async fn a_device_key_is_in_one_document_only() {
    let rig = Rig::new().await;
    let key = rig.key(Curve::P256);
    for status in [200, 400] {
        let session = rig.session(DMV).await;
        let nonce = rig.nonce(DMV).await;
        let attempt = rig.credential_request(&session, &nonce, vec![key.clone()]);
        let answer = attempt.send(&rig).await;
        assert_eq!(answer.status, status);
        if status == 400 {
            assert_eq!(answer.error(), "credential_request_denied");
        }
    }
}
