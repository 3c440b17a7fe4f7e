//! Keys in KMS: the behaviour suite against moto, and every way in which KMS and the network fail.

mod fault_proxy;
mod moto;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::{
    Client,
    config::{Credentials, SharedCredentialsProvider},
    types::{KeySpec, KeyUsageType},
};
use fault_proxy::{Fault, FaultProxy};
use mdl_crypto::{Curve, InvalidSignature, VerifyError};
use mdl_signer::{SignError, Signer, behaviour};
use mdl_signer_aws::{
    AwsAccess, AwsSettings, CallError, CreateKeyError, DataKeyError, KeyArn, KmsDataKeys,
    KmsKeyError, KmsSignError, KmsSigner, create_key,
};
use moto::{Moto, REGION};
use serde_json::json;
use std::{
    error::Error,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// One server for all tests of this file.
static MOTO: LazyLock<Moto> = LazyLock::new(Moto::start);

fn access(url: &str) -> AwsAccess {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "tests");
    let config = aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .build();
    let settings = AwsSettings {
        attempt_timeout: Duration::from_millis(1500),
        call_timeout: Duration::from_secs(5),
        ..AwsSettings::default()
    };
    AwsAccess::with_config(config, &settings)
}

async fn new_key(curve: Curve) -> KeyArn {
    create_key(&access(&MOTO.url), curve, "test", false)
        .await
        .expect("a key")
}

/// A signer whose requests go through the proxy, which has let the first one through.
async fn behind_proxy() -> (FaultProxy, KmsSigner, KeyArn) {
    let arn = new_key(Curve::P256).await;
    let proxy = FaultProxy::start(&MOTO.url).await;
    let signer = KmsSigner::open(&access(&proxy.url), std::slice::from_ref(&arn))
        .await
        .expect("a signer");
    (proxy, signer, arn)
}

/// What moto wants where KMS takes ARNs too.
fn bare_id(arn: &KeyArn) -> &str {
    arn.as_str().rsplit('/').next().expect("a last part")
}

/// What lies behind a refusal or an unavailability.
fn cause(error: &SignError) -> (bool, &KmsSignError) {
    let (again, cause) = match error {
        SignError::Unavailable(cause) => (true, cause),
        SignError::Refused(cause) => (false, cause),
    };
    (again, cause.downcast_ref().expect("an error of this crate"))
}

#[tokio::test(flavor = "multi_thread")]
async fn kms_signers_of_every_curve_behave() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        let arn = new_key(curve).await;
        let signer = KmsSigner::open(&access(&MOTO.url), &[arn]).await.unwrap();
        assert_eq!(signer.public_key().curve(), curve);
        let signer = std::sync::Arc::new(signer);
        let secrets: [&[u8]; 2] = [b"secret", b"AKIDEXAMPLE"];
        let checked = behaviour::check(|| signer.clone(), &secrets).await;
        assert!(checked.is_ok(), "{curve}: {checked:?}");
    }
}

#[tokio::test]
async fn keys_on_other_curves_are_not_created() {
    for curve in [Curve::BrainpoolP256r1, Curve::Ed25519] {
        let refused = create_key(&access(&MOTO.url), curve, "test", false).await;
        assert!(
            matches!(refused, Err(CreateKeyError::Curve(_))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_key_that_does_not_sign_is_refused_at_the_start() {
    let client = Client::new(access(&MOTO.url).sdk_config());
    let open = async |spec: KeySpec, usage: KeyUsageType| {
        let made = client.create_key().key_spec(spec).key_usage(usage);
        let made = made.send().await.unwrap();
        let arn: KeyArn = made.key_metadata.unwrap().arn.unwrap().parse().unwrap();
        KmsSigner::open(&access(&MOTO.url), &[arn])
            .await
            .unwrap_err()
    };
    let error = open(KeySpec::EccNistP256, KeyUsageType::KeyAgreement).await;
    assert!(matches!(error, KmsKeyError::Usage { .. }), "{error:?}");
    let error = open(KeySpec::Rsa2048, KeyUsageType::SignVerify).await;
    assert!(matches!(error, KmsKeyError::PublicKey { .. }), "{error:?}");
    let error = open(KeySpec::EccSecgP256K1, KeyUsageType::SignVerify).await;
    assert!(matches!(error, KmsKeyError::PublicKey { .. }), "{error:?}");
}

#[tokio::test]
async fn a_key_that_does_not_exist_is_refused_at_the_start() {
    let arn = format!("arn:aws:kms:{REGION}:123456789012:key/0987dcba-09fe-87dc-65ba-ab0987654321");
    let error = KmsSigner::open(&access(&MOTO.url), &[arn.parse().unwrap()])
        .await
        .unwrap_err();
    let KmsKeyError::Call(call) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(call.code(), Some("NotFoundException"));
    assert!(!error.may_pass());
}

#[tokio::test]
async fn what_kms_says_about_the_key_is_held_against_what_was_asked() {
    let arn = new_key(Curve::P256).await;
    let other = new_key(Curve::P256).await;
    let proxy = FaultProxy::start(&MOTO.url).await;
    let access = access(&proxy.url);
    let open = async |member, value| {
        proxy.next([Fault::Replace(vec![(member, value)])]);
        KmsSigner::open(&access, std::slice::from_ref(&arn))
            .await
            .unwrap_err()
    };
    let error = open("KeyId", json!(other.as_str())).await;
    assert!(matches!(error, KmsKeyError::OtherKey { .. }), "{error:?}");
    let error = open("SigningAlgorithms", json!(["ECDSA_SHA_384"])).await;
    assert!(matches!(error, KmsKeyError::Algorithm { .. }), "{error:?}");
    let error = open("PublicKey", json!("AAAA")).await;
    assert!(matches!(error, KmsKeyError::PublicKey { .. }), "{error:?}");
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let (proxy, signer, _) = behind_proxy().await;
    for fault in [
        Fault::Error(400, "ThrottlingException"),
        Fault::Error(500, "KMSInternalException"),
        Fault::Error(400, "KeyUnavailableException"),
        Fault::Error(503, "DependencyTimeoutException"),
        Fault::Error(503, "ServiceUnavailable"),
        Fault::Garbage(502),
        Fault::Cut,
        Fault::Silence,
    ] {
        proxy.next([fault.clone(), fault]);
        let signature = signer.sign(b"message").await.unwrap();
        let key = signer.public_key();
        key.verify(signer.algorithm(), b"message", signature.as_bytes())
            .unwrap();
        assert_eq!(proxy.requests(), 3);
    }
}

#[tokio::test]
async fn what_does_not_pass_is_refused_at_once() {
    let (proxy, signer, _) = behind_proxy().await;
    for code in [
        "DisabledException",
        "KMSInvalidStateException",
        "NotFoundException",
        "AccessDeniedException",
        "InvalidKeyUsageException",
        "ValidationException",
        "LimitExceededException",
        "InvalidGrantTokenException",
        "SomethingNewException",
    ] {
        // Some of them have come with a status of the server's own failures.
        for status in [400, 409, 500] {
            proxy.next([Fault::Error(status, code)]);
            let error = signer.sign(b"message").await.unwrap_err();
            let (again, KmsSignError::Call(call)) = cause(&error) else {
                panic!("{error:?}");
            };
            assert_eq!(
                (again, call.code(), proxy.requests()),
                (false, Some(code), 1)
            );
            assert!(call.to_string().contains("injected-by-the-proxy"), "{call}");
        }
    }
}

#[tokio::test]
async fn a_key_that_was_disabled_or_deleted_is_refused() {
    let (_proxy, signer, arn) = behind_proxy().await;
    let client = Client::new(access(&MOTO.url).sdk_config());
    let id = bare_id(&arn);
    client.disable_key().key_id(id).send().await.unwrap();
    let error = signer.sign(b"message").await.unwrap_err();
    assert!(
        matches!(cause(&error), (false, KmsSignError::Call(call)) if call.code() == Some("DisabledException"))
    );
    client.enable_key().key_id(id).send().await.unwrap();
    signer.sign(b"message").await.unwrap();
    client
        .schedule_key_deletion()
        .key_id(id)
        .send()
        .await
        .unwrap();
    let error = signer.sign(b"message").await.unwrap_err();
    assert!(
        matches!(cause(&error), (false, KmsSignError::Call(call)) if call.code() == Some("KMSInvalidStateException"))
    );
}

#[tokio::test]
async fn a_check_says_what_a_signature_would_and_signs_nothing() {
    let (proxy, signer, _) = behind_proxy().await;
    let asked = proxy.requests();
    signer.check().await.unwrap();
    assert_eq!(proxy.requests(), asked + 1);
    proxy.next([Fault::Error(400, "DisabledException")]);
    assert!(matches!(
        cause(&signer.check().await.unwrap_err()),
        (false, KmsSignError::Call(_))
    ));
    proxy.next(vec![Fault::Error(503, "DependencyTimeoutException"); 1000]);
    assert!(matches!(
        cause(&signer.check().await.unwrap_err()),
        (true, KmsSignError::Call(_))
    ));
}

#[tokio::test]
async fn throttling_without_end_is_unavailable_in_the_time_of_a_call() {
    let (proxy, signer, _) = behind_proxy().await;
    proxy.next(vec![Fault::Error(400, "ThrottlingException"); 1000]);
    let start = Instant::now();
    let error = signer.sign(b"message").await.unwrap_err();
    let (again, KmsSignError::Call(CallError::Service { attempts, .. })) = cause(&error) else {
        panic!("{error:?}");
    };
    assert!(again && *attempts > 2 && *attempts as usize == proxy.requests());
    assert!(start.elapsed() <= Duration::from_secs(6));
}

#[tokio::test]
async fn silence_is_unavailable_in_the_time_of_a_call() {
    let (proxy, signer, _) = behind_proxy().await;
    proxy.next(vec![Fault::Silence; 1000]);
    let start = Instant::now();
    let error = signer.sign(b"message").await.unwrap_err();
    assert!(matches!(
        cause(&error),
        (true, KmsSignError::Call(CallError::TimedOut { .. }))
    ));
    assert!(start.elapsed() <= Duration::from_secs(6));
}

#[tokio::test]
async fn a_late_answer_is_an_answer() {
    let (proxy, signer, _) = behind_proxy().await;
    proxy.next([Fault::Late(Duration::from_millis(500))]);
    signer.sign(b"message").await.unwrap();
    assert_eq!(proxy.requests(), 1);
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_unavailable() {
    let arn = new_key(Curve::P256).await;
    let error = KmsSigner::open(&access("http://127.0.0.1:1"), &[arn])
        .await
        .unwrap_err();
    assert!(error.may_pass(), "{error:?}");
    assert!(matches!(
        error,
        KmsKeyError::Call(CallError::Unreachable { .. })
    ));
}

#[tokio::test]
async fn a_repetition_is_taken_from_one_budget_for_all_calls() {
    let (proxy, signer, _) = behind_proxy().await;
    let signer = std::sync::Arc::new(signer);
    proxy.next(vec![Fault::Error(400, "ThrottlingException"); 10_000]);
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let signer = signer.clone();
            tokio::spawn(async move { signer.sign(b"message").await.is_err() })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
    // A hundred calls, and what the budget of 500 tokens buys at 5 each.
    assert_eq!(proxy.requests(), 200);
}

#[tokio::test]
async fn a_malformed_signature_is_refused() {
    let (proxy, signer, _) = behind_proxy().await;
    // SEQUENCE { INTEGER 1, INTEGER 1 } is well formed; then cut off, with a byte too many, negative, padded, too
    // large for the curve, raw, and nothing.
    for (hex, well_formed) in [
        ("3006020101020101", true),
        ("30060201010201", false),
        ("300602010102010100", false),
        ("30060201ff020101", false),
        ("300702020001020101", false),
        (
            &format!("302602 21 01{}020101", "00".repeat(32)).replace(' ', ""),
            false,
        ),
        (&"11".repeat(64), false),
        ("", false),
    ] {
        let signature = base64(&hex::decode(hex).unwrap());
        proxy.next([Fault::Replace(vec![("Signature", json!(signature))])]);
        match signer.sign(b"message").await {
            Ok(signature) => {
                assert!(well_formed, "{hex}");
                let key = signer.public_key();
                let verified = key.verify(signer.algorithm(), b"message", signature.as_bytes());
                assert!(
                    matches!(verified, Err(VerifyError::BadSignature)),
                    "{verified:?}"
                );
            }
            Err(error) => {
                let (again, KmsSignError::Signature { source, .. }) = cause(&error) else {
                    panic!("{error:?}");
                };
                assert!(
                    !well_formed && !again && *source == InvalidSignature::Der,
                    "{hex}"
                );
            }
        }
        assert_eq!(proxy.requests(), 1);
    }
}

#[tokio::test]
async fn a_signature_by_another_key_is_refused() {
    let (proxy, signer, _) = behind_proxy().await;
    let other = new_key(Curve::P256).await;
    proxy.next([Fault::Replace(vec![("KeyId", json!(other.as_str()))])]);
    let error = signer.sign(b"message").await.unwrap_err();
    let (false, KmsSignError::OtherKey { answered, .. }) = cause(&error) else {
        panic!("{error:?}");
    };
    assert_eq!(answered, other.as_str());
}

#[tokio::test]
async fn a_multi_region_key_is_asked_in_another_region_when_one_fails() {
    let access = access(&MOTO.url);
    let arn = create_key(&access, Curve::P256, "test", true)
        .await
        .unwrap();
    assert!(arn.is_multi_region());
    let client = Client::new(access.sdk_config());
    let id = bare_id(&arn);
    let replicate = client.replicate_key().key_id(id);
    replicate.replica_region("eu-west-1").send().await.unwrap();
    let replica = arn.replica("eu-west-1").unwrap();

    let proxy = FaultProxy::start(&MOTO.url).await;
    let access = self::access(&proxy.url);
    // The first Region does not answer at the start either.
    proxy.next(vec![Fault::Error(503, "ServiceUnavailable"); 1]);
    let signer = KmsSigner::open(&access, &[arn.clone(), replica.clone()])
        .await
        .unwrap();
    proxy.next([Fault::Error(503, "ServiceUnavailable")]);
    signer.sign(b"message").await.unwrap();
    assert_eq!(proxy.requests(), 2);
    // The Region that answered is asked first now: its key being disabled is seen at once.
    let config =
        aws_sdk_kms::config::Builder::from(access.sdk_config()).region(Region::new("eu-west-1"));
    let west = Client::from_conf(config.build());
    west.disable_key().key_id(id).send().await.unwrap();
    let error = signer.sign(b"message").await.unwrap_err();
    let (false, KmsSignError::Call(call)) = cause(&error) else {
        panic!("{error:?}");
    };
    assert!(call.source().is_none() && call.code() == Some("DisabledException"));

    let stranger = new_key(Curve::P256).await;
    let error = KmsSigner::open(&self::access(&MOTO.url), &[arn, stranger])
        .await
        .unwrap_err();
    assert!(matches!(error, KmsKeyError::ReplicaDiffers(_)), "{error:?}");
}

#[tokio::test]
async fn data_keys_open_under_their_key_for_their_purpose_only() {
    let client = Client::new(access(&MOTO.url).sdk_config());
    let made = client.create_key().send().await.unwrap();
    let key: KeyArn = made.key_metadata.unwrap().arn.unwrap().parse().unwrap();
    let proxy = FaultProxy::start(&MOTO.url).await;
    let access = access(&proxy.url);
    let keys = KmsDataKeys::new(&access, key.clone(), "one");
    let (plain, wrapped) = keys.generate().await.unwrap();
    assert_ne!(*plain, *keys.generate().await.unwrap().0);
    assert_eq!(*plain, *keys.open(&wrapped).await.unwrap());
    let other = KmsDataKeys::new(&access, key, "two");
    let error = other.open(&wrapped).await.unwrap_err();
    assert!(matches!(error, DataKeyError::DoesNotOpen(_)), "{error:?}");
    // moto opens under whatever key the blob names.
    proxy.next([Fault::Error(400, "IncorrectKeyException")]);
    let error = keys.open(&wrapped).await.unwrap_err();
    assert!(matches!(error, DataKeyError::DoesNotOpen(_)), "{error:?}");
    let mut changed = wrapped.clone();
    *changed.last_mut().unwrap() ^= 1;
    let error = keys.open(&changed).await.unwrap_err();
    assert!(matches!(error, DataKeyError::DoesNotOpen(_)), "{error:?}");
    proxy.next([Fault::Replace(vec![("Plaintext", json!("AAAA"))])]);
    let error = keys.open(&wrapped).await.unwrap_err();
    assert!(matches!(error, DataKeyError::Answer), "{error:?}");
    proxy.next([Fault::Error(400, "DisabledException")]);
    let error = keys.generate().await.unwrap_err();
    assert!(
        matches!(&error, DataKeyError::Call(call) if !call.may_pass()),
        "{error:?}"
    );
    let printed = format!("{keys:?}");
    assert!(!printed.contains("secret"), "{printed}");
}

fn base64(bytes: &[u8]) -> String {
    use base64ct::Encoding;
    base64ct::Base64::encode_string(bytes)
}
