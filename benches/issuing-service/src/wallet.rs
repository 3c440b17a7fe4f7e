//! Credential requests as wallets send them, made before anything is measured: offer, token, nonce, keys and proofs.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use base64ct::{Base64UrlUnpadded, Encoding};
use http_body_util::BodyExt;
use mdl_benches::licence::NOW;
use mdl_crypto::jose::Jwk;
use mdl_crypto::{Curve, HashAlgorithm, PrivateKey};
use mdl_issuer::openid4vci::PRE_AUTHORIZED_CODE;
use mdl_issuer::openid4vci::offer::{self, OfferIdentity, OfferRequest};
use mdl_issuer::record::SubjectReference;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::house::{House, Tokens};

/// A request that nobody has sent yet, and that is answered once.
pub type CredentialRequest = Request<Body>;

/// Somebody new asks for so many documents.
pub async fn prepare(
    house: &House,
    tokens: Tokens,
    documents: u8,
    rng: &mut ChaCha20Rng,
) -> CredentialRequest {
    let tenant = house.tenant(tokens);
    let subject = format!("person {:x}{:x}", rng.next_u64(), rng.next_u64());
    let request = OfferRequest {
        configuration_ids: vec!["mdl".to_owned()],
        subject: SubjectReference::new(&subject).expect("a short text"),
        tx_code_digits: None,
        life: None,
        identity: OfferIdentity::Random,
    };
    let offer = offer::create(&house.service, tenant, request).await;
    let offer = offer.expect("the store takes it").offer;
    let code = offer["grants"][PRE_AUTHORIZED_CODE]["pre-authorized_code"].clone();
    let key = PrivateKey::generate(Curve::P256, rng);
    let form = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code\
         &pre-authorized_code={}",
        code.as_str().expect("a text")
    );
    let issuer = &tenant.issuer;
    let at = |endpoint: &str| Request::post(format!("{}{endpoint}", tenant.path()));
    let dpop = |endpoint: &str, token: Option<&str>, jti: u64| {
        let mut claims = json!({
            "jti": format!("{jti:016x}"),
            "htm": "POST",
            "htu": format!("{issuer}{endpoint}"),
            "iat": NOW.unix_timestamp(),
        });
        if let Some(token) = token {
            let hash = HashAlgorithm::Sha256.digest(token.as_bytes());
            claims["ath"] = Base64UrlUnpadded::encode_string(hash.as_ref()).into();
        }
        jwt("dpop+jwt", &key, &claims)
    };

    let mut request = at("/token").header("content-type", "application/x-www-form-urlencoded");
    if tokens == Tokens::Dpop {
        request = request.header("dpop", dpop("/token", None, rng.next_u64()));
    }
    let answer = send(
        &house.router,
        request.body(Body::from(form)).expect("sound"),
    )
    .await;
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    let token = answer["access_token"].as_str().expect("a token").to_owned();

    let request = at("/nonce").body(Body::empty()).expect("sound");
    let answer = send(&house.router, request).await;
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    let claims = json!({ "aud": issuer, "iat": NOW.unix_timestamp(), "nonce": answer["c_nonce"] });
    let proofs = (0..documents).map(|_| {
        let device_key = PrivateKey::generate(Curve::P256, rng);
        jwt("openid4vci-proof+jwt", &device_key, &claims)
    });
    let proofs: Vec<_> = proofs.collect();
    let body = json!({ "credential_configuration_id": "mdl", "proofs": { "jwt": proofs } });

    let mut request = at("/credential").header("content-type", "application/json");
    request = match tokens {
        Tokens::Bearer => request.header("authorization", format!("Bearer {token}")),
        Tokens::Dpop => request
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", dpop("/credential", Some(&token), rng.next_u64())),
    };
    request.body(Body::from(body.to_string())).expect("sound")
}

/// Sends a request through the router; the body of the answer, which must be a good one, as the service made it.
pub async fn send(router: &Router, request: CredentialRequest) -> Bytes {
    let Ok(response) = router.clone().oneshot(request).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body in memory").to_bytes();
    assert_eq!(
        parts.status,
        StatusCode::OK,
        "{}",
        String::from_utf8_lossy(&body)
    );
    body
}

fn jwt(typ: &str, key: &PrivateKey, claims: &Value) -> String {
    let alg = key.public_key().curve().algorithm().name();
    let jwk = Jwk::try_from(key.public_key().clone()).expect("a curve of JOSE");
    let header = json!({ "typ": typ, "alg": alg, "jwk": jwk.to_json() });
    let part = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = key.sign(signed.as_bytes());
    let signature = Base64UrlUnpadded::encode_string(signature.as_bytes());
    format!("{signed}.{signature}")
}
