//! Status lists and their tokens: the published vectors, the round trip in both forms, and every way to be wrong.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};
use ciborium::Value as Cbor;
use mdl_crypto::jose::{InvalidJws, Jwk, UnsignedJws};
use mdl_crypto::{Algorithm, Curve, HashAlgorithm, PrivateKey, VerifyError};
use mdl_mdoc::cbor::{Checker, DecodeErrorKind, Limits, Reader};
use mdl_mdoc::cose::{CoseSign1, sig_structure};
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_mdoc::status_list::{
    CompressedStatusList, IDENTIFIER_LIST_CWT, IdentifierList, InvalidStatusToken, InvalidZlib,
    RevocationList, STATUS_LIST_CWT, SignedStatusToken, StatusBits, StatusClaims, StatusList,
    StatusTokenLimits, TokenForm, UnknownStatusBits, UnsignedStatusCwt, UnsignedStatusJwt,
    UnusableClaims,
};
use serde_json::{Value as Json, json};
use time::macros::datetime;

const URI: &str = "https://example.com/statuslists/1";
const LIMITS: StatusTokenLimits = StatusTokenLimits::DEFAULT;

/// The published vectors, or none where their folder is absent.
fn vectors() -> Option<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/token-status-list.json");
    match std::fs::read_to_string(path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            eprintln!("skipped: the published vectors are not beside this checkout");
            None
        }
    }
}

fn bytes(value: &Json) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn list(vector: &Json) -> CompressedStatusList {
    CompressedStatusList {
        bits: StatusBits::try_from(vector["bits"].as_u64().unwrap()).unwrap(),
        lst: Base64UrlUnpadded::decode_vec(vector["lst_base64url"].as_str().unwrap()).unwrap(),
        aggregation_uri: None,
    }
}

fn key() -> PrivateKey {
    PrivateKey::from_scalar(Curve::P256, &[3; 32]).unwrap()
}

fn claims() -> StatusClaims {
    let mut list = StatusList::new(StatusBits::One, 64);
    list.set(9, 1).unwrap();
    StatusClaims {
        subject: URI.into(),
        issued_at: datetime!(2026-06-01 00:00 UTC),
        expires_at: Some(datetime!(2026-06-08 00:00 UTC)),
        ttl: NonZeroU64::new(43200),
        list: RevocationList::Status(list.compress()),
    }
}

fn cwt(claims: &StatusClaims) -> Vec<u8> {
    let unsigned = UnsignedStatusCwt::new(claims, Algorithm::Es256, &[b"certificate"]).unwrap();
    let signature = key().sign(unsigned.to_be_signed());
    unsigned.attach(&signature, key().public_key()).unwrap()
}

fn jwt(claims: &StatusClaims) -> String {
    let unsigned = UnsignedStatusJwt::new(claims, Algorithm::Es256, &[b"certificate"]).unwrap();
    let signature = key().sign(unsigned.to_be_signed());
    unsigned.attach(&signature, key().public_key()).unwrap()
}

/// A signed CWT with whatever header and claims.
fn forged_cwt(protected: Vec<(Cbor, Cbor)>, payload: Cbor) -> Vec<u8> {
    let protected = encode(&Cbor::Map(protected));
    let payload = encode(&payload);
    let signature = key().sign(&sig_structure(&protected, &[], &payload));
    let parts = vec![
        Cbor::Bytes(protected),
        Cbor::Map(vec![]),
        Cbor::Bytes(payload),
        Cbor::Bytes(signature.as_bytes().to_vec()),
    ];
    encode(&Cbor::Tag(18, Box::new(Cbor::Array(parts))))
}

fn encode(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn protected(typ: &str) -> Vec<(Cbor, Cbor)> {
    vec![(1.into(), (-7).into()), (16.into(), typ.into())]
}

/// The claims of a status list token as CBOR, with one of them changed, added or (`None`) left out.
fn cbor_claims(key: i64, value: Option<Cbor>) -> Cbor {
    let lst = StatusList::new(StatusBits::One, 8).compress().lst;
    let list = Cbor::Map(vec![
        ("bits".into(), 1.into()),
        ("lst".into(), Cbor::Bytes(lst)),
    ]);
    let mut claims = vec![
        (2, Cbor::from(URI)),
        (6, 1_686_920_170.into()),
        (4, 2_291_720_170_i64.into()),
        (65534, 43200.into()),
        (65533, list),
    ];
    claims.retain(|(label, _)| *label != key);
    claims.extend(value.map(|value| (key, value)));
    let claims = claims.into_iter();
    Cbor::Map(claims.map(|(label, value)| (label.into(), value)).collect())
}

fn forged_jwt(header: Json, payload: Json) -> String {
    let unsigned = UnsignedJws::new(&header, payload.to_string().as_bytes()).unwrap();
    let signature = key().sign(unsigned.to_be_signed());
    unsigned.attach(&signature, key().public_key()).unwrap()
}

fn jwt_header() -> Json {
    json!({ "alg": "ES256", "typ": "statuslist+jwt" })
}

fn json_claims(claim: &str, value: Option<Json>) -> Json {
    let mut claims = json!({ "sub": URI, "iat": 1_686_920_170, "exp": 2_291_720_170_u64, "ttl": 43200,
        "status_list": { "bits": 1, "lst": "eNrbuRgAAhcBXQ" } });
    claims.as_object_mut().unwrap().remove(claim);
    if let Some(value) = value {
        claims[claim] = value;
    }
    claims
}

fn decode(token: impl AsRef<[u8]>) -> Result<SignedStatusToken, InvalidStatusToken> {
    SignedStatusToken::decode(token.as_ref(), &LIMITS)
}

#[test]
fn published_packings_are_made_and_read() {
    let Some(vectors) = vectors() else { return };
    for vector in vectors["packing"].as_array().unwrap() {
        let compressed = list(vector);
        let statuses = vector["statuses"].as_array().unwrap();
        let mut made = StatusList::new(compressed.bits, statuses.len());
        for (idx, status) in statuses.iter().enumerate() {
            made.set(idx as u64, status.as_u64().unwrap() as u8)
                .unwrap();
        }
        assert_eq!(made.packed(), bytes(&vector["uncompressed_hex"]));
        assert_eq!(made.compress().lst, bytes(&vector["zlib_hex"]));
        assert_eq!(compressed.decompress(1 << 10), Ok(made));
    }
}

#[test]
fn published_lists_of_a_million_entries_are_read() {
    let Some(vectors) = vectors() else { return };
    for vector in vectors["lists"].as_array().unwrap() {
        let compressed = list(vector);
        let read = compressed.decompress(LIMITS.max_list_bytes).unwrap();
        assert_eq!(read.len(), vector["size"].as_u64().unwrap());
        let digest = HashAlgorithm::Sha256.digest(read.packed());
        let expected = vector["uncompressed_sha256_hex"].as_str().unwrap();
        assert_eq!(hex::encode(digest.as_ref()), expected);
        let mut made = StatusList::new(read.bits(), read.len() as usize);
        for entry in vector["entries"].as_array().unwrap() {
            let (idx, value) = (entry[0].as_u64().unwrap(), entry[1].as_u64().unwrap() as u8);
            made.set(idx, value).unwrap();
            assert_eq!(read.get(idx), Some(value));
        }
        assert_eq!(made, read);
        for probe in vector["zero_probe_indices"]
            .as_array()
            .unwrap()
            .iter()
            .take(3)
        {
            let found = compressed.look_up(probe.as_u64().unwrap(), LIMITS.max_list_bytes);
            assert_eq!(found, Ok(Some(0)));
        }
        let beyond = vector["out_of_bounds_index"].as_u64().unwrap();
        assert_eq!(compressed.look_up(beyond, LIMITS.max_list_bytes), Ok(None));
        assert_eq!(made.compress().decompress(LIMITS.max_list_bytes), Ok(made));
    }
}

#[test]
fn published_look_ups_give_what_they_should() {
    let Some(vectors) = vectors() else { return };
    let lists = [&vectors["packing"], &vectors["lists"]];
    let lists: Vec<_> = lists
        .iter()
        .flat_map(|lists| lists.as_array().unwrap())
        .collect();
    for vector in vectors["lookups"].as_array().unwrap() {
        let list = list(
            lists
                .iter()
                .find(|list| list["id"] == vector["list"])
                .unwrap(),
        );
        let found = list.look_up(vector["idx"].as_u64().unwrap(), LIMITS.max_list_bytes);
        let expected = vector["expect"].as_u64().map(|value| value as u8);
        assert_eq!(found, Ok(expected), "{vector}");
    }
}

#[test]
fn published_tokens_verify() {
    let Some(vectors) = vectors() else { return };
    let signer = Jwk::parse(&vectors["example_verification_key"]).unwrap();
    for vector in vectors["status_list_tokens"].as_array().unwrap() {
        let (token, form) = match vector["compact"].as_str() {
            Some(compact) => (compact.as_bytes().to_vec(), TokenForm::Jwt),
            None => (bytes(&vector["cbor_hex"]), TokenForm::Cwt),
        };
        let token = decode(&token).unwrap();
        assert_eq!((token.form(), token.algorithm()), (form, Algorithm::Es256));
        assert!(token.x5chain().is_empty());
        let claims = token.verify(signer.public_key()).unwrap();
        assert_eq!(claims.subject, URI);
        assert_eq!(claims.issued_at.unix_timestamp(), 1_686_920_170);
        assert_eq!(claims.expires_at.unwrap().unix_timestamp(), 2_291_720_170);
        assert_eq!(claims.ttl, NonZeroU64::new(43200));
        let RevocationList::Status(list) = &claims.list else {
            panic!()
        };
        assert_eq!(list.decompress(100).unwrap().packed(), [0xb9, 0xa3]);
        assert!(token.verify(key().public_key()).is_err());
    }
}

#[test]
fn published_claims_are_encoded_as_published() {
    let Some(vectors) = vectors() else { return };
    let published = bytes(&vectors["status_list_tokens"][1]["cbor_hex"]);
    let token = decode(&published).unwrap();
    let ours = cwt(token.dangerous_unverified_claims());
    let payload = |token: &[u8]| {
        let mut checker = Checker::new(token, &Limits::DEFAULT).unwrap();
        let sign1 = CoseSign1::decode(&mut Reader::new(token, 0), &mut checker).unwrap();
        sign1.payload.unwrap().to_vec()
    };
    assert_eq!(payload(&ours), payload(&published));
}

#[test]
fn published_mso_names_its_entry() {
    let Some(vectors) = vectors() else { return };
    let vector = vectors["referenced_tokens"]
        .as_array()
        .unwrap()
        .iter()
        .find(|vector| vector["id"] == "referenced-token-mdoc-issuerauth")
        .unwrap();
    let issuer_auth = bytes(&vector["issuer_auth_cbor_hex"]);
    let mut checker = Checker::new(&issuer_auth, &Limits::DEFAULT).unwrap();
    let sign1 = CoseSign1::decode(&mut Reader::new(&issuer_auth, 0), &mut checker).unwrap();
    let mso = MobileSecurityObject::decode(sign1.payload.unwrap(), &mut checker).unwrap();
    let status = mso.status.unwrap().status_list.unwrap();
    assert_eq!((status.idx, status.uri), (412, URI));
}

#[test]
fn published_faults_are_refused() {
    let Some(vectors) = vectors() else { return };
    let mut lists = 0;
    for vector in vectors["negative"]["cases"].as_array().unwrap() {
        let Some(list) = vector.get("json") else {
            continue;
        };
        let payload = json_claims("status_list", Some(list.clone()));
        let accepted = decode(forged_jwt(jwt_header(), payload)).is_ok_and(|token| {
            match &token.dangerous_unverified_claims().list {
                RevocationList::Status(list) => list.decompress(1 << 20).is_ok(),
                RevocationList::Identifiers(_) => true,
            }
        });
        assert!(!accepted, "{}", vector["id"]);
        lists += 1;
    }
    assert_eq!(lists, 6);
}

#[test]
fn a_token_makes_the_round_trip_in_both_forms() {
    let mut claims = claims();
    let RevocationList::Status(list) = &mut claims.list else {
        panic!()
    };
    list.aggregation_uri = Some("https://example.com/lists".into());
    for (token, form) in [
        (cwt(&claims), TokenForm::Cwt),
        (jwt(&claims).into_bytes(), TokenForm::Jwt),
    ] {
        let token = decode(token).unwrap();
        assert_eq!(token.form(), form);
        assert_eq!(token.x5chain(), [b"certificate".to_vec()]);
        assert_eq!(token.claimed_subject(), URI);
        assert_eq!(token.verify(key().public_key()), Ok(&claims));
    }
}

#[test]
fn an_identifier_list_makes_the_round_trip() {
    let list = IdentifierList {
        identifiers: BTreeSet::from([vec![1; 16], vec![2; 16]]),
        aggregation_uri: None,
    };
    let claims = StatusClaims {
        list: RevocationList::Identifiers(list),
        ..claims()
    };
    let token = decode(cwt(&claims)).unwrap();
    let read = token.verify(key().public_key()).unwrap();
    assert_eq!(read, &claims);
    let RevocationList::Identifiers(list) = &read.list else {
        panic!()
    };
    assert!(list.contains(&[2; 16]) && !list.contains(&[3; 16]));
    assert_eq!(
        UnsignedStatusJwt::new(&claims, Algorithm::Es256, &[b"certificate"]).unwrap_err(),
        UnusableClaims::IdentifierListInJwt
    );
}

#[test]
fn tag_18_may_be_absent_and_no_other_may_be_there() {
    let token = cwt(&claims());
    assert_eq!(token[0], 0xd2);
    assert!(decode(&token[1..]).is_ok());
    for tag in [&[0xd1][..], &[0xd8, 61, 0xd2]] {
        assert!(decode([tag, &token[1..]].concat()).is_err());
    }
}

#[test]
fn an_altered_token_does_not_verify() {
    for token in [cwt(&claims()), jwt(&claims()).into_bytes()] {
        for at in 0..token.len() {
            let mut altered = token.clone();
            altered[at] ^= 1;
            let verified =
                decode(&altered).is_ok_and(|token| token.verify(key().public_key()).is_ok());
            // Without its tag, and with another one that is read as none, a CWT is the same token.
            assert!(!verified || altered[1..] == token[1..], "byte {at}");
        }
    }
}

#[test]
fn claims_that_no_reader_would_take_are_not_signed() {
    let unusable = |claims: &StatusClaims, chain: &[&[u8]]| {
        let cwt = UnsignedStatusCwt::new(claims, Algorithm::Es256, chain).unwrap_err();
        let jwt = UnsignedStatusJwt::new(claims, Algorithm::Es256, chain).unwrap_err();
        assert_eq!(cwt, jwt);
        cwt
    };
    let chain: &[&[u8]] = &[b"certificate"];
    assert_eq!(unusable(&claims(), &[]), UnusableClaims::NoCertificate);
    for subject in [
        "",
        "http://example.com/1",
        "https://",
        "https:///1",
        "example.com",
    ] {
        let claims = StatusClaims {
            subject: subject.into(),
            ..claims()
        };
        assert_eq!(unusable(&claims, chain), UnusableClaims::Subject);
    }
    let eternal = StatusClaims {
        expires_at: None,
        ..claims()
    };
    assert_eq!(unusable(&eternal, chain), UnusableClaims::NoExpiry);
    let expired = StatusClaims {
        expires_at: Some(claims().issued_at),
        ..claims()
    };
    assert_eq!(unusable(&expired, chain), UnusableClaims::Times);
    let long = StatusClaims {
        ttl: NonZeroU64::new(7 * 86400 + 1),
        ..claims()
    };
    assert_eq!(unusable(&long, chain), UnusableClaims::TimeToLive);
}

#[test]
fn a_signature_of_another_key_is_not_attached() {
    let other = PrivateKey::from_scalar(Curve::P256, &[4; 32]).unwrap();
    let unsigned = UnsignedStatusCwt::new(&claims(), Algorithm::Es256, &[b"c"]).unwrap();
    let signature = other.sign(unsigned.to_be_signed());
    let error = unsigned.attach(&signature, key().public_key()).unwrap_err();
    assert_eq!(error.0, VerifyError::BadSignature);
    let unsigned = UnsignedStatusJwt::new(&claims(), Algorithm::Es256, &[b"c"]).unwrap();
    let signature = other.sign(unsigned.to_be_signed());
    assert!(unsigned.attach(&signature, key().public_key()).is_err());
}

#[test]
fn every_claim_of_a_cwt_is_checked() {
    let decode = |claims| decode(forged_cwt(protected(STATUS_LIST_CWT), claims));
    assert!(decode(cbor_claims(0, None)).is_ok());
    for optional in [4, 65534] {
        assert!(decode(cbor_claims(optional, None)).is_ok(), "{optional}");
    }
    for (claim, member) in [(2, "sub"), (6, "iat"), (65533, "status_list")] {
        let Err(InvalidStatusToken::Cwt(error)) = decode(cbor_claims(claim, None)) else {
            panic!("{member}");
        };
        assert_eq!(error.kind, DecodeErrorKind::Missing { member });
    }
    let list = |bits: u64| {
        Cbor::Map(vec![
            ("bits".into(), bits.into()),
            ("lst".into(), Cbor::Bytes(vec![])),
        ])
    };
    let identifiers = Cbor::Map(vec![("identifiers".into(), Cbor::Map(vec![]))]);
    for (claim, value) in [
        (2, Cbor::Bytes(URI.into())),
        (6, Cbor::from("2026")),
        (6, (-1).into()),
        (4, u64::MAX.into()),
        (65534, 0.into()),
        (65534, (-1).into()),
        (65533, list(3)),
        (65533, list(0)),
        (65533, Cbor::Map(vec![("bits".into(), 1.into())])),
        (65530, identifiers),
    ] {
        assert!(
            decode(cbor_claims(claim, Some(value.clone()))).is_err(),
            "{claim} {value:?}"
        );
    }
    assert_eq!(StatusBits::try_from(3), Err(UnknownStatusBits(3)));
}

#[test]
fn every_claim_of_a_jwt_is_checked() {
    let decode = |claims| decode(forged_jwt(jwt_header(), claims));
    assert!(decode(json_claims("", None)).is_ok());
    for optional in ["exp", "ttl"] {
        assert!(decode(json_claims(optional, None)).is_ok());
    }
    for required in ["sub", "iat", "status_list"] {
        let error = decode(json_claims(required, None)).unwrap_err();
        assert_eq!(error, InvalidStatusToken::Claim(required));
    }
    for (claim, value, named) in [
        ("sub", json!(7), "sub"),
        ("iat", json!("2026"), "iat"),
        ("iat", json!(-1), "iat"),
        ("exp", json!(u64::MAX), "exp"),
        ("exp", json!(null), "exp"),
        ("ttl", json!(0), "ttl"),
        ("ttl", json!(1.5), "ttl"),
        ("status_list", json!([]), "status_list"),
        ("status_list", json!({ "bits": 3, "lst": "" }), "bits"),
        ("status_list", json!({ "bits": 1 }), "lst"),
        (
            "status_list",
            json!({ "bits": 1, "lst": "eNrbuRgAAhcBXQ==" }),
            "lst",
        ),
        (
            "status_list",
            json!({ "bits": 1, "lst": "", "aggregation_uri": 1 }),
            "aggregation_uri",
        ),
    ] {
        let error = decode(json_claims(claim, Some(value))).unwrap_err();
        assert_eq!(error, InvalidStatusToken::Claim(named));
    }
}

#[test]
fn headers_are_checked() {
    let claims = || cbor_claims(0, None);
    for typ in [
        "statuslist+cwt",
        "application/statuslist+jwt",
        IDENTIFIER_LIST_CWT,
        "",
    ] {
        let error = decode(forged_cwt(protected(typ), claims())).unwrap_err();
        assert_eq!(error, InvalidStatusToken::Type, "{typ}");
    }
    for header in [
        vec![(1.into(), (-7).into())],
        vec![(1.into(), (-7).into()), (16.into(), 0.into())],
    ] {
        assert_eq!(
            decode(forged_cwt(header, claims())).unwrap_err(),
            InvalidStatusToken::Type
        );
    }
    for alg in [5, -257, 0] {
        let header = vec![(1.into(), alg.into()), (16.into(), STATUS_LIST_CWT.into())];
        let error = decode(forged_cwt(header, claims())).unwrap_err();
        assert!(matches!(error, InvalidStatusToken::Algorithm(Some(_))));
    }
    let header = vec![(16.into(), STATUS_LIST_CWT.into())];
    let error = decode(forged_cwt(header, claims())).unwrap_err();
    assert_eq!(error, InvalidStatusToken::Algorithm(None));
    let mut header = protected(STATUS_LIST_CWT);
    header.push((2.into(), Cbor::Array(vec![77.into()])));
    let error = decode(forged_cwt(header, claims())).unwrap_err();
    assert_eq!(error, InvalidStatusToken::Headers);

    let claims = || json_claims("", None);
    for typ in [json!("JWT"), json!("statuslist+cwt"), json!(null)] {
        let header = json!({ "alg": "ES256", "typ": typ });
        assert_eq!(
            decode(forged_jwt(header, claims())).unwrap_err(),
            InvalidStatusToken::Type
        );
    }
    let header = json!({ "alg": "ES256", "typ": "Application/StatusList+JWT" });
    assert!(decode(forged_jwt(header, claims())).is_ok());
    let header = json!({ "alg": "ES256", "typ": "statuslist+jwt", "x5c": "MA==" });
    let error = decode(forged_jwt(header, claims())).unwrap_err();
    assert!(matches!(error, InvalidStatusToken::X5c(_)));
    let unsigned = Base64UrlUnpadded::encode_string(br#"{"alg":"none","typ":"statuslist+jwt"}"#);
    let error = decode(format!("{unsigned}.e30.")).unwrap_err();
    assert!(matches!(
        error,
        InvalidStatusToken::Jwt(InvalidJws::Algorithm(_))
    ));
}

#[test]
fn brainpool_keys_sign_in_cwt_form_only() {
    let key = PrivateKey::from_scalar(Curve::BrainpoolP256r1, &[3; 32]).unwrap();
    let unsigned = UnsignedStatusCwt::new(&claims(), Algorithm::Es256, &[b"c"]).unwrap();
    let signature = key.sign(unsigned.to_be_signed());
    let token = unsigned.attach(&signature, key.public_key()).unwrap();
    assert!(decode(token).unwrap().verify(key.public_key()).is_ok());
    let unsigned = UnsignedStatusJwt::new(&claims(), Algorithm::Es256, &[b"c"]).unwrap();
    let signature = key.sign(unsigned.to_be_signed());
    let signature = Base64UrlUnpadded::encode_string(signature.as_bytes());
    let forged = [unsigned.to_be_signed(), b".", signature.as_bytes()];
    let token = decode(forged.concat()).unwrap();
    assert!(matches!(
        token.verify(key.public_key()),
        Err(VerifyError::AlgorithmMismatch { .. })
    ));
}

#[test]
fn limits_are_kept() {
    let token = cwt(&claims());
    let limits = StatusTokenLimits {
        max_bytes: token.len() - 1,
        ..LIMITS
    };
    assert!(SignedStatusToken::decode(&token, &limits).is_err());
    let token = jwt(&claims());
    let limits = StatusTokenLimits {
        max_bytes: token.len() - 1,
        ..LIMITS
    };
    assert!(SignedStatusToken::decode(token.as_bytes(), &limits).is_err());
    let bomb = StatusList::new(StatusBits::One, 1 << 27).compress();
    assert_eq!(
        bomb.decompress(1 << 20),
        Err(InvalidZlib::TooLarge { limit: 1 << 20 })
    );
    assert_eq!(
        bomb.look_up(3, 1 << 20),
        Err(InvalidZlib::TooLarge { limit: 1 << 20 })
    );
}

#[test]
fn staleness_counts_from_the_time_of_issue() {
    let claims = claims();
    assert!(!claims.is_stale(datetime!(2026-06-01 12:00 UTC)));
    assert!(claims.is_stale(datetime!(2026-06-01 12:00:01 UTC)));
    assert!(
        !StatusClaims {
            ttl: None,
            ..claims.clone()
        }
        .is_stale(datetime!(2036-01-01 0:00 UTC))
    );
    assert!(
        !StatusClaims {
            ttl: NonZeroU64::new(u64::MAX),
            ..claims
        }
        .is_stale(datetime!(2036-01-01 0:00 UTC))
    );
}
