//! S3 and SNS, as moto plays them: conditional writes, lost answers, messages that arrive.

#[expect(dead_code, reason = "not every fault is one of S3's")]
mod fault_proxy;
mod moto;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider};
use fault_proxy::{Fault, FaultProxy};
use mdl_signer_aws::{
    AwsAccess, AwsSettings, S3Object, S3WriteError, SnsTopic, Stored, Successor, TopicArn,
};
use moto::{Moto, REGION};
use std::{sync::LazyLock, time::Duration};

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

/// What moto is told by the tests themselves; it looks at whose request it is, not at the signature.
async fn ask(service: &str, method: reqwest::Method, path: &str, form: &str) -> String {
    // Fails if there is one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // Elsewhere a bucket has to be told where it is.
    let region = if service == "s3" { "us-east-1" } else { REGION };
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260615/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=00"
    );
    let answer = reqwest::Client::new()
        .request(method, format!("{}{path}", MOTO.url))
        .header("authorization", authorization)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned())
        .send()
        .await
        .expect("moto answers");
    assert!(answer.status().is_success(), "{answer:?}");
    answer.text().await.expect("text")
}

async fn object(url: &str, bucket: &str) -> S3Object {
    let place = format!("s3://{bucket}/crl/iaca.crl");
    S3Object::new(&access(url), &place.parse().expect("a place")).expect("an object")
}

fn successor(bytes: &[u8]) -> Successor<'_> {
    Successor {
        bytes,
        content_type: "application/pkix-crl",
        max_age: 300,
    }
}

async fn read(object: &S3Object) -> Option<Stored> {
    object.read(1000).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_written_only_in_place_of_what_was_seen() {
    let object = object(&MOTO.url, "conditions").await;
    ask("s3", reqwest::Method::PUT, "/conditions", "").await;
    assert_eq!(read(&object).await, None);
    object.write(&successor(b"one"), None).await.expect("new");
    let one = read(&object).await.expect("there");
    assert_eq!(one.bytes, b"one");

    let not_new = object.write(&successor(b"other"), None).await;
    assert!(matches!(not_new, Err(S3WriteError::Changed)), "{not_new:?}");
    object
        .write(&successor(b"two"), Some(&one))
        .await
        .expect("in place of one");
    let late = object.write(&successor(b"other"), Some(&one)).await;
    assert!(matches!(late, Err(S3WriteError::Changed)), "{late:?}");
    assert_eq!(read(&object).await.expect("there").bytes, b"two");
    let too_long = object.read(2).await.expect_err("three bytes");
    assert!(!too_long.may_pass(), "{too_long}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_s3_are_repeated_when_that_helps_and_not_otherwise() {
    ask("s3", reqwest::Method::PUT, "/faults", "").await;
    let proxy = FaultProxy::start(&MOTO.url).await;
    let object = object(&proxy.url, "faults").await;
    proxy.next([Fault::Garbage(503), Fault::Cut]);
    object.write(&successor(b"one"), None).await.expect("third");
    assert_eq!(proxy.requests(), 3);
    proxy.next([Fault::Garbage(403)]);
    let denied = object.read(1000).await.expect_err("denied");
    assert_eq!(
        (proxy.requests(), denied.code(), denied.may_pass()),
        (1, Some("status 403 Forbidden"), false)
    );
    proxy.next([]);
    assert_eq!(read(&object).await.expect("there").bytes, b"one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_reaches_those_who_subscribed_to_the_topic() {
    let post = reqwest::Method::POST;
    ask("sns", post.clone(), "/", "Action=CreateTopic&Name=alarms").await;
    ask(
        "sqs",
        post.clone(),
        "/",
        "Action=CreateQueue&QueueName=inbox",
    )
    .await;
    let topic = format!("arn:aws:sns:{REGION}:123456789012:alarms");
    let queue = format!("arn:aws:sqs:{REGION}:123456789012:inbox");
    let subscribe = format!(
        "Action=Subscribe&Protocol=sqs&TopicArn={topic}&Endpoint={queue}&Attributes.entry.1.key=RawMessageDelivery\
         &Attributes.entry.1.value=true"
    );
    ask("sns", post.clone(), "/", &subscribe).await;

    let arn: TopicArn = topic.parse().expect("an ARN");
    let sns = SnsTopic::new(&access(&MOTO.url), &arn).expect("a topic");
    sns.publish(
        "Zürich: 7 days",
        "{\"level\": 7, \"text\": \"a&b=ü\"}",
        "id-1",
    )
    .await
    .expect("sent");
    let received = ask("sqs", post, "/123456789012/inbox", "Action=ReceiveMessage").await;
    let received = received.replace("&quot;", "\"").replace("&amp;", "&");
    assert!(
        received.contains("{\"level\": 7, \"text\": \"a&b=ü\"}"),
        "{received}"
    );

    let nobody: TopicArn = format!("{topic}-2").parse().expect("an ARN");
    let sns = SnsTopic::new(&access(&MOTO.url), &nobody).expect("a topic");
    let missing = sns.publish("", "x", "id-2").await.expect_err("no topic");
    assert_eq!(
        (missing.code(), missing.may_pass()),
        (Some("NotFound"), false)
    );
}
