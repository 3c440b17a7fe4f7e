//! JWK and compact JWS: the published examples, and everything next to them that has to be refused.

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::jose::{
    CompactJws, InvalidJwk, InvalidJws, InvalidX5c, JsonLimits, JsonObjectError, Jwk,
    JwkThumbprint, JwsAttachError, JwsLimits, JwsVerifyError, UnsignedJws, UnusableJwsHeader,
    parse_json_object, x5c_from_json, x5c_to_json,
};
use mdl_crypto::{Algorithm, Curve, InvalidKey, PrivateKey, VerifyError};
use serde_json::{Value, json};

/// RFC 7515, A.3.1.
const ES256_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const ES256_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const ES256_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9\
    .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
    .DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/// RFC 7515, A.4.1.
const ES512_TOKEN: &str = "eyJhbGciOiJFUzUxMiJ9\
    .UGF5bG9hZA\
    .AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2Y\
    BJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";

/// RFC 8037, A.4.
const ED25519_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9\
    .RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc\
    .hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

/// RFC 9449, figure 2.
const DPOP_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0\
    VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIs\
    ImNydiI6IlAtMjU2In19\
    .eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0\
    IjoxNTYyMjYyNjE2fQ\
    .2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

fn es256_jwk() -> Value {
    json!({ "kty": "EC", "crv": "P-256", "x": ES256_X, "y": ES256_Y })
}

/// RFC 7515, A.4.1.
fn es512_jwk() -> Value {
    json!({ "kty": "EC", "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2" })
}

/// RFC 8037, A.2.
fn ed25519_jwk() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
}

fn parse(token: &str) -> Result<CompactJws<'_>, InvalidJws> {
    CompactJws::parse(token, &JwsLimits::DEFAULT)
}

fn with_member(mut jwk: Value, member: &str, value: Value) -> Value {
    jwk[member] = value;
    jwk
}

/// A token with this header text, a payload and a signature of nobody.
fn unsigned_token(header: &str) -> String {
    format!(
        "{}.e30.AA",
        Base64UrlUnpadded::encode_string(header.as_bytes())
    )
}

#[test]
fn published_tokens_verify() {
    for (token, jwk, algorithm, payload) in [
        (
            ES256_TOKEN,
            es256_jwk(),
            Algorithm::Es256,
            &b"{\"iss\":\"joe\",\r\n"[..],
        ),
        (ES512_TOKEN, es512_jwk(), Algorithm::Es512, b"Payload"),
        (
            ED25519_TOKEN,
            ed25519_jwk(),
            Algorithm::EdDsa,
            b"Example of Ed25519 signing",
        ),
    ] {
        let jws = parse(token).unwrap();
        assert_eq!(jws.algorithm(), algorithm);
        assert!(jws.payload().starts_with(payload));
        let key = Jwk::parse(&jwk).unwrap();
        assert_eq!(jws.verify(key.public_key()), Ok(()));
        assert_eq!(key.to_json(), jwk);
    }
}

#[test]
fn published_dpop_proof_verifies_with_the_key_in_its_header() {
    let jws = parse(DPOP_PROOF).unwrap();
    assert_eq!(jws.typ(), Some("dpop+jwt"));
    let key = Jwk::parse(&jws.header()["jwk"]).unwrap();
    assert_eq!(jws.verify(key.public_key()), Ok(()));
    assert_eq!(
        jws.claims().unwrap()["htu"],
        "https://server.example.com/token"
    );
    // RFC 9449, figure 9.
    assert_eq!(
        key.thumbprint().to_string(),
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    );
}

#[test]
fn published_thumbprint_of_an_ed25519_key() {
    // RFC 8037, A.3; kid and the like do not count.
    let jwk = with_member(ed25519_jwk(), "kid", json!("of no account"));
    let thumbprint = Jwk::parse(&jwk).unwrap().thumbprint();
    assert_eq!(
        thumbprint.to_string(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
    assert_eq!(
        JwkThumbprint::from_bytes(*thumbprint.as_bytes()),
        thumbprint
    );
}

#[test]
fn every_curve_of_jose_makes_the_round_trip() {
    for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::Ed25519] {
        let key = PrivateKey::from_scalar(curve, &vec![1; curve.field_len()]).unwrap();
        let jwk = Jwk::try_from(key.public_key().clone()).unwrap();
        let header = json!({ "alg": curve.algorithm().name(), "jwk": jwk.to_json() });
        let unsigned = UnsignedJws::new(&header, b"{}").unwrap();
        let signature = key.sign(unsigned.to_be_signed());
        let token = unsigned.attach(&signature, key.public_key()).unwrap();
        let jws = parse(&token).unwrap();
        assert_eq!(jws.header()["alg"], header["alg"]);
        let read = Jwk::parse(&jws.header()["jwk"]).unwrap();
        assert_eq!(read, jwk);
        assert_eq!(jws.verify(read.public_key()), Ok(()));
    }
}

#[test]
fn ed25519_goes_by_both_of_its_names() {
    let key = PrivateKey::from_scalar(Curve::Ed25519, &[9; 32]).unwrap();
    let unsigned = UnsignedJws::new(&json!({ "alg": "Ed25519" }), b"").unwrap();
    let signature = key.sign(unsigned.to_be_signed());
    let token = unsigned.attach(&signature, key.public_key()).unwrap();
    assert_eq!(parse(&token).unwrap().verify(key.public_key()), Ok(()));
}

#[test]
fn any_altered_character_is_refused() {
    let key = Jwk::parse(&es256_jwk()).unwrap();
    for at in 0..ES256_TOKEN.len() {
        let mut token = ES256_TOKEN.as_bytes().to_vec();
        token[at] = if token[at] == b'A' { b'B' } else { b'A' };
        let token = String::from_utf8(token).unwrap();
        let accepted = parse(&token).is_ok_and(|jws| jws.verify(key.public_key()).is_ok());
        assert!(!accepted, "character {at}");
    }
}

#[test]
fn the_key_decides_the_algorithm() {
    let p256 = PrivateKey::from_scalar(Curve::P256, &[5; 32]).unwrap();
    let p384 = PrivateKey::from_scalar(Curve::P384, &[5; 48]).unwrap();
    let jws = parse(ES256_TOKEN).unwrap();
    assert_eq!(
        jws.verify(p256.public_key()),
        Err(JwsVerifyError::Signature(VerifyError::BadSignature))
    );
    assert_eq!(
        jws.verify(p384.public_key()),
        Err(JwsVerifyError::Signature(VerifyError::AlgorithmMismatch {
            algorithm: Algorithm::Es256,
            curve: Curve::P384
        }))
    );
}

#[test]
fn es256_is_not_for_brainpool_keys() {
    let key = PrivateKey::from_scalar(Curve::BrainpoolP256r1, &[5; 32]).unwrap();
    assert!(Jwk::try_from(key.public_key().clone()).is_err());
    let unsigned = UnsignedJws::new(&json!({ "alg": "ES256" }), b"{}").unwrap();
    let signature = key.sign(unsigned.to_be_signed());
    assert_eq!(
        unsigned.attach(&signature, key.public_key()),
        Err(JwsAttachError::Curve(Curve::BrainpoolP256r1))
    );
    let verdict = parse(ES256_TOKEN).unwrap().verify(key.public_key());
    assert_eq!(verdict, Err(JwsVerifyError::Curve(Curve::BrainpoolP256r1)));
}

#[test]
fn algorithms_without_a_public_key_are_refused() {
    for alg in [
        "none", "None", "HS256", "HS512", "RS256", "PS256", "ES256K", "es256", "",
    ] {
        let token = unsigned_token(&json!({ "alg": alg }).to_string());
        assert!(
            matches!(parse(&token), Err(InvalidJws::Algorithm(_))),
            "{alg}"
        );
        assert!(
            UnsignedJws::new(&json!({ "alg": alg }), b"").is_err(),
            "{alg}"
        );
    }
    assert!(matches!(
        parse(&unsigned_token(r#"{"alg":7}"#)),
        Err(InvalidJws::Algorithm(_))
    ));
    assert_eq!(
        parse(&unsigned_token("{}")).unwrap_err(),
        InvalidJws::NoAlgorithm
    );
}

#[test]
fn crit_is_refused_whatever_it_lists() {
    for crit in [json!([]), json!(["b64"]), json!(null)] {
        let header = json!({ "alg": "ES256", "crit": crit });
        let token = unsigned_token(&header.to_string());
        assert_eq!(parse(&token).unwrap_err(), InvalidJws::Critical);
        assert_eq!(
            UnsignedJws::new(&header, b"").unwrap_err(),
            UnusableJwsHeader::Critical
        );
    }
}

#[test]
fn headers_with_a_member_twice_are_refused_at_any_depth() {
    for header in [
        r#"{"alg":"ES256","alg":"ES256"}"#,
        r#"{"alg":"ES256","jwk":{"kty":"EC","kty":"OKP"}}"#,
        r#"{"alg":"ES256","a":[{"b":{"c":1,"\u0063":2}}]}"#,
    ] {
        let error = parse(&unsigned_token(header)).unwrap_err();
        assert!(
            matches!(
                error,
                InvalidJws::Header(JsonObjectError::DuplicateMember { line: 1, .. })
            ),
            "{header}: {error:?}"
        );
    }
}

#[test]
fn tokens_of_another_form_are_refused() {
    for (token, expected) in [
        ("", InvalidJws::Parts),
        ("eyJhbGciOiJFUzI1NiJ9", InvalidJws::Parts),
        ("eyJhbGciOiJFUzI1NiJ9.e30", InvalidJws::Parts),
        ("eyJhbGciOiJFUzI1NiJ9.e30.AA.AA", InvalidJws::Parts),
        ("eyJhbGciOiJFUzI1NiJ9.e30.AA.AA.AA", InvalidJws::Parts),
        (
            "eyJhbGciOiJFUzI1NiJ9.e30=.AA",
            InvalidJws::Base64("payload"),
        ),
        (
            "eyJhbGciOiJFUzI1NiJ9.e30.AA==",
            InvalidJws::Base64("signature"),
        ),
        (
            "eyJhbGciOiJFUzI1NiJ9.e30.AB",
            InvalidJws::Base64("signature"),
        ),
        (
            "eyJhbGciOiJFUzI1NiJ9.e30.+/8",
            InvalidJws::Base64("signature"),
        ),
        ("eyJhbGciOiJFUzI1NiJ9 .e30.AA", InvalidJws::Base64("header")),
    ] {
        assert_eq!(parse(token).unwrap_err(), expected, "{token}");
    }
    for header in [
        "",
        "[]",
        "\"alg\"",
        "{",
        "{}{}",
        "{} x",
        "\u{feff}{}",
        "{\"a\":1e999}",
    ] {
        let error = parse(&unsigned_token(header)).unwrap_err();
        assert!(
            matches!(error, InvalidJws::Header(_)),
            "{header}: {error:?}"
        );
    }
}

#[test]
fn limits_are_kept() {
    let limits = JwsLimits {
        max_bytes: ES256_TOKEN.len(),
        ..JwsLimits::DEFAULT
    };
    assert!(CompactJws::parse(ES256_TOKEN, &limits).is_ok());
    let limits = JwsLimits {
        max_bytes: ES256_TOKEN.len() - 1,
        ..JwsLimits::DEFAULT
    };
    let error = CompactJws::parse(ES256_TOKEN, &limits).unwrap_err();
    assert!(matches!(error, InvalidJws::TooLong { .. }));
    let limits = JwsLimits {
        max_header_bytes: 14,
        ..JwsLimits::DEFAULT
    };
    let error = CompactJws::parse(ES256_TOKEN, &limits).unwrap_err();
    assert!(matches!(
        error,
        InvalidJws::Header(JsonObjectError::TooLong {
            limit: 14,
            actual: 15
        })
    ));
}

#[test]
fn nesting_is_bounded_before_the_stack_is() {
    let nested = |levels: usize| {
        format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels)).into_bytes()
    };
    let limits = JsonLimits {
        max_bytes: 1 << 20,
        max_depth: 4,
    };
    assert!(parse_json_object(&nested(3), &limits).is_ok());
    assert_eq!(
        parse_json_object(&nested(4), &limits),
        Err(JsonObjectError::TooDeep { limit: 4 })
    );
    let limits = JsonLimits {
        max_bytes: 1 << 20,
        max_depth: usize::MAX,
    };
    assert_eq!(
        parse_json_object(&nested(500_000), &limits),
        Err(JsonObjectError::TooDeep { limit: 100 })
    );
}

#[test]
fn strict_json_gives_what_a_lenient_reader_gives() {
    let json = br#"{ "z": [1, -2, 2.5, null, true, "\u00e4\n"], "a": { "b": {} }, "n": 18446744073709551615 }"#;
    let read = parse_json_object(json, &JsonLimits::DEFAULT).unwrap();
    assert_eq!(
        Value::Object(read),
        serde_json::from_slice::<Value>(json).unwrap()
    );
}

#[test]
fn errors_of_json_repeat_nothing_of_it() {
    for json in [r#"{"name":"Doe","name":1}"#, r#"{"name":Doe}"#, r#""Doe""#] {
        let error = parse_json_object(json.as_bytes(), &JsonLimits::DEFAULT).unwrap_err();
        assert!(!error.to_string().contains("oe") && !format!("{error:?}").contains("oe"));
    }
}

#[test]
fn a_jwk_with_a_private_member_is_refused() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for jwk in [es256_jwk(), ed25519_jwk()] {
            let jwk = with_member(jwk, member, json!(null));
            assert_eq!(Jwk::parse(&jwk), Err(InvalidJwk::PrivateMember(member)));
        }
    }
}

#[test]
fn unusable_jwks_are_refused() {
    let absent = |member: &str| {
        let mut jwk = es256_jwk();
        jwk.as_object_mut().unwrap().remove(member);
        jwk
    };
    let short = Base64UrlUnpadded::encode_string(&[1; 31]);
    let long = Base64UrlUnpadded::encode_string(&[0; 33]);
    for (jwk, expected) in [
        (json!("EC"), InvalidJwk::NotAnObject),
        (absent("kty"), InvalidJwk::Missing("kty")),
        (absent("crv"), InvalidJwk::Missing("crv")),
        (absent("x"), InvalidJwk::Missing("x")),
        (absent("y"), InvalidJwk::Missing("y")),
        (
            with_member(es256_jwk(), "kty", json!(2)),
            InvalidJwk::NotText("kty"),
        ),
        (
            with_member(es256_jwk(), "x", json!([1])),
            InvalidJwk::NotText("x"),
        ),
        (
            with_member(es256_jwk(), "kty", json!("RSA")),
            InvalidJwk::KeyType,
        ),
        (
            with_member(es256_jwk(), "kty", json!("oct")),
            InvalidJwk::KeyType,
        ),
        (
            with_member(es256_jwk(), "kty", json!("OKP")),
            InvalidJwk::Curve,
        ),
        (
            with_member(es256_jwk(), "crv", json!("secp256k1")),
            InvalidJwk::Curve,
        ),
        (
            with_member(ed25519_jwk(), "crv", json!("X25519")),
            InvalidJwk::Curve,
        ),
        (
            with_member(es256_jwk(), "x", json!(format!("{ES256_X}="))),
            InvalidJwk::Base64("x"),
        ),
        // The last character carries two bits that belong to no byte.
        (
            with_member(es256_jwk(), "y", json!(ES256_Y.replace("5a0", "5a1"))),
            InvalidJwk::Base64("y"),
        ),
    ] {
        assert_eq!(Jwk::parse(&jwk), Err(expected), "{jwk}");
    }
    for (member, value) in [("x", &short), ("x", &long), ("y", &short), ("y", &long)] {
        let error = Jwk::parse(&with_member(es256_jwk(), member, json!(value))).unwrap_err();
        assert!(matches!(
            error,
            InvalidJwk::Point(InvalidKey::Length { .. })
        ));
    }
    let swapped = json!({ "kty": "EC", "crv": "P-256", "x": ES256_Y, "y": ES256_X });
    assert_eq!(
        Jwk::parse(&swapped),
        Err(InvalidJwk::Point(InvalidKey::NotOnCurve(Curve::P256)))
    );
    let small_order = json!({ "kty": "OKP", "crv": "Ed25519",
        "x": Base64UrlUnpadded::encode_string(&[&[1][..], &[0; 31]].concat()) });
    assert_eq!(
        Jwk::parse(&small_order),
        Err(InvalidJwk::Point(InvalidKey::SmallOrder))
    );
}

#[test]
fn a_signature_that_does_not_verify_is_not_attached() {
    let key = PrivateKey::from_scalar(Curve::P256, &[5; 32]).unwrap();
    let other = PrivateKey::from_scalar(Curve::P256, &[6; 32]).unwrap();
    let header = json!({ "alg": "ES256" });
    let unsigned = UnsignedJws::new(&header, b"{}").unwrap();
    let signature = other.sign(unsigned.to_be_signed());
    assert_eq!(
        unsigned.attach(&signature, key.public_key()),
        Err(JwsAttachError::Signature(VerifyError::BadSignature))
    );
    assert_eq!(
        UnsignedJws::new(&json!([]), b"").unwrap_err(),
        UnusableJwsHeader::NotAnObject
    );
}

#[test]
fn x5c_is_padded_standard_base64() {
    let chain = [&[0xfb, 0xff, 0x01, 0x02][..], &[0x30]];
    let json = x5c_to_json(&chain);
    assert_eq!(json, json!(["+/8BAg==", "MA=="]));
    assert_eq!(x5c_from_json(&json).unwrap(), chain);
    for wrong in [
        json!([]),
        json!("MA=="),
        json!([1]),
        json!(["MA"]),
        json!(["-_8BAg=="]),
        json!([
            "MA==", "MA==", "MA==", "MA==", "MA==", "MA==", "MA==", "MA==", "MA=="
        ]),
    ] {
        assert_eq!(x5c_from_json(&wrong), Err(InvalidX5c), "{wrong}");
    }
}
