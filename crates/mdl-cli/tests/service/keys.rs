//! The service with its document signer's key in a key store, and its data keys under KMS.

use std::process::Command;

use mdl_wallet::collection::{Collector, Order};
use mdl_wallet::connection::{Connection, ConnectionOptions};
use mdl_wallet::offer::OfferLink;
use serde_json::{Value, json};

use super::canaries::Canaries;
use super::deployment::{Deployment, Process, client};
use super::moto::{Moto, REGION};
use super::person::{CITIZEN, write_records};
use super::recorder::Recorder;
use super::token_folder::{CONFIGURATION, MODULE, PIN, make_token};

const MDL: &str = env!("CARGO_BIN_EXE_mdl");

/// Makes a key in `store` and a document signer `stored` for it, and puts it into the configuration.
fn use_key(deployment: &mut Deployment, store: &str) -> String {
    let folder = deployment.path("");
    let mdl = |arguments: &[&str]| {
        let output = Command::new(MDL)
            .args(arguments)
            .current_dir(&folder)
            .envs(deployment.environment.clone())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let made: Value = serde_json::from_str(&mdl(&["key", "create", "--json", store])).unwrap();
    let key = made["key"].as_str().unwrap().to_owned();
    let issue = [
        "ds",
        "issue",
        "stored",
        "--authority",
        "authority",
        "--key",
        &key,
    ];
    mdl(&[&issue[..], &["--passphrase-file", "secrets/passphrase"]].concat());
    let of = |file: &str| format!("\"authority/ds/ds-1/{file}\"");
    deployment.replaced.extend([
        (
            of("certificate.pem"),
            "\"authority/ds/stored/certificate.pem\"".to_owned(),
        ),
        (of("key.pem"), format!("\"{key}\"")),
    ]);
    // No passphrase goes with it.
    deployment.replaced.push((
        "passphrase_file = \"secrets/passphrase\"\nlongest".to_owned(),
        "longest".to_owned(),
    ));
    key
}

/// Has a wallet collect a batch of four from the service, which then has four signatures in its ledger.
async fn collect(mut deployment: Deployment) -> (Deployment, Process) {
    write_records(&deployment, &mut Canaries::default());
    let wire = Recorder::start().await;
    deployment.issuer = format!("http://{}", wire.address);
    let process = deployment.start();
    wire.lead_to(process.public);
    let made = client(&[])
        .post(format!("http://{}/tenants/dmv/offers", process.internal))
        .bearer_auth(deployment.token())
        .json(&json!({ "subject": CITIZEN, "configuration_ids": ["org.iso.18013.5.1.mDL"] }));
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let link: OfferLink = made["link_by_reference"].as_str().unwrap().parse().unwrap();
    let options = ConnectionOptions {
        allow_loopback_http: true,
        ..ConnectionOptions::default()
    };
    let mut wallet = Collector::new(Connection::new(&options).unwrap(), [3; 32]);
    let offer = wallet.read_offer(&link).await.unwrap();
    let collected = wallet.collect(&offer, &Order::batch_of(4)).await;
    assert!(collected.is_ok(), "{collected:?}");
    let ledger = Command::new(MDL)
        .args(["ledger", "verify", "--config"])
        .arg(deployment.path("issuer.toml"))
        .envs(deployment.environment.clone())
        .output()
        .unwrap();
    assert!(ledger.status.success(), "{ledger:?}");
    (deployment, process)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_signer_in_kms_issues_and_every_signature_is_logged_with_its_request() {
    let moto = Moto::start();
    let mut deployment = Deployment::new();
    deployment.environment = vec![
        ("AWS_ENDPOINT_URL", moto.url.clone()),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret-access-key".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
    ];
    let key = use_key(&mut deployment, "awskms:");
    // A symmetric key, which the command does not make.
    let made = client(&[])
        .post(&moto.url)
        .header("X-Amz-Target", "TrentService.CreateKey")
        .header(
            "Authorization",
            format!("AWS4-HMAC-SHA256 Credential=A/20260101/{REGION}/kms/aws4_request"),
        )
        .body("{}");
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let sealing_key = made["KeyMetadata"]["Arn"].as_str().unwrap();
    deployment.replaced.push((
        "sealing_key_file = \"secrets/sealing-key\"".to_owned(),
        format!("sealing_key_kms = \"awskms:///{sealing_key}\""),
    ));
    let (_deployment, process) = collect(deployment).await;
    let said = process.said();
    let arn = key.trim_start_matches("awskms:///");
    let signed = |line: &&str| {
        line.contains("aws_call")
            && line.contains("kms:Sign")
            && line.contains(arn)
            && line.contains("done")
    };
    assert_eq!(said.lines().filter(signed).count(), 4, "{said}");
    assert!(said.contains("kms:GenerateDataKey"), "{said}");
    assert!(!said.contains("secret-access-key"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_signer_in_a_token_issues() {
    let mut deployment = Deployment::new();
    let configuration = make_token(&deployment.path(""));
    deployment.environment = vec![
        (CONFIGURATION, configuration),
        ("MDL_PKCS11_PIN", PIN.to_owned()),
    ];
    use_key(
        &mut deployment,
        &format!("pkcs11:token=mdl%20test;object=ds?module-path={MODULE}"),
    );
    let (_deployment, process) = collect(deployment).await;
    assert!(!process.said().contains(PIN));
}
