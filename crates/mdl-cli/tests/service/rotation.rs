//! Document signers come and go while the service runs.

use std::fs;
use std::process::{Command, Output};

use mdl_iaca::certificate::read_documents;
use mdl_wallet::collection::{Collector, Order};
use mdl_wallet::connection::{Connection, ConnectionOptions};
use mdl_wallet::offer::OfferLink;
use serde_json::{Value, json};

use super::canaries::Canaries;
use super::deployment::{Deployment, Process, client, is_ready, wait_until};
use super::person::{CITIZEN, write_records};
use super::recorder::Recorder;

const LISTED: &str = "[[tenants.authority.document_signers]]
certificate = \"authority/ds/ds-1/certificate.pem\"
key = \"authority/ds/ds-1/key.pem\"
passphrase_file = \"secrets/passphrase\"
longest_mso_life = \"90d\"
";
const FOLDER: &str = "[tenants.authority.document_signer_folder]
path = \"authority/ds\"
passphrase_file = \"secrets/passphrase\"
";

/// A service with one document signer, which takes those of the folder.
pub(crate) struct Rotating {
    // Before the folder that it works in.
    pub(crate) process: Process,
    pub(crate) deployment: Deployment,
    wire: Recorder,
}

impl Rotating {
    pub(crate) async fn start(change: impl FnOnce(&mut Deployment)) -> Self {
        let service = Self::begin(change).await;
        wait_until("the service is ready", || {
            is_ready(service.process.internal)
        });
        service
    }

    /// The same, which need not be ready.
    pub(crate) async fn begin(change: impl FnOnce(&mut Deployment)) -> Self {
        let mut deployment = Deployment::new();
        write_records(&deployment, &mut Canaries::default());
        let wire = Recorder::start().await;
        deployment.issuer = format!("http://{}", wire.address);
        deployment
            .replaced
            .push((LISTED.to_owned(), FOLDER.to_owned()));
        change(&mut deployment);
        let process = deployment.begin();
        wire.lead_to(process.public);
        Self {
            process,
            deployment,
            wire,
        }
    }

    /// Kills the process, and starts another one on the same folder and database.
    pub(crate) fn restart(&mut self) {
        self.process.signal("-KILL");
        self.process.ended();
        self.start_again();
    }

    /// Another process, after the one that has ended.
    pub(crate) fn start_again(&mut self) {
        self.process = self.deployment.start();
        self.wire.lead_to(self.process.public);
    }

    pub(crate) fn mdl(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_mdl"))
            .args(arguments)
            .current_dir(self.deployment.path(""))
            .env("MDL_AUTHORITY", "authority")
            .output()
            .unwrap()
    }

    /// The same, which must succeed; gives what it printed.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.mdl(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn rotate(&self, more: &[&str]) -> Value {
        let rotate = ["ds", "rotate", "--json"];
        let passphrase = ["--passphrase-file", "secrets/passphrase"];
        let printed = self.done(&[&rotate[..], &passphrase, more].concat());
        serde_json::from_str(&printed).unwrap()
    }

    pub(crate) async fn offer(&self) -> OfferLink {
        let made = client(&[])
            .post(format!(
                "http://{}/tenants/dmv/offers",
                self.process.internal
            ))
            .bearer_auth(self.deployment.token())
            .json(&json!({ "subject": CITIZEN, "configuration_ids": ["org.iso.18013.5.1.mDL"] }));
        let made: Value = made.send().await.unwrap().json().await.unwrap();
        made["link_by_reference"].as_str().unwrap().parse().unwrap()
    }

    /// Has a wallet collect a batch; gives its documents, or what went wrong.
    pub(crate) async fn collect(&self, link: &OfferLink, keys: u8) -> Result<Vec<Vec<u8>>, String> {
        let options = ConnectionOptions {
            allow_loopback_http: true,
            ..ConnectionOptions::default()
        };
        let mut wallet = Collector::new(Connection::new(&options).unwrap(), [keys; 32]);
        let offer = wallet
            .read_offer(link)
            .await
            .map_err(|error| error.to_string())?;
        let batch = wallet.collect(&offer, &Order::batch_of(2)).await;
        let batch = batch.map_err(|error| format!("{error:?}"))?;
        let documents = batch.documents.iter();
        Ok(documents
            .map(|document| document.issuer_signed.clone())
            .collect())
    }

    /// A fresh document.
    async fn document(&self, keys: u8) -> Vec<u8> {
        let documents = self.collect(&self.offer().await, keys).await;
        documents.unwrap().remove(0)
    }

    /// The document signer of a fresh batch, by the name of its folder.
    pub(crate) async fn signer(&self, keys: u8) -> String {
        let document = self.document(keys).await;
        let folders = fs::read_dir(self.deployment.path("authority/ds")).unwrap();
        let mut signed = folders.filter_map(|folder| {
            let folder = folder.unwrap();
            let pem = fs::read(folder.path().join("certificate.pem")).ok()?;
            is_signed_with(&document, &pem).then(|| folder.file_name().into_string().unwrap())
        });
        signed.next().unwrap()
    }

    pub(crate) fn reload(&self, code: &str) {
        let before = self.process.said().matches(code).count();
        self.process.signal("-HUP");
        wait_until("the files are read", || {
            self.process.said().matches(code).count() > before
        });
    }
}

/// Whether a document has that certificate, which stands in its unprotected header as it is.
fn is_signed_with(document: &[u8], pem: &[u8]) -> bool {
    let certificate = read_documents(pem).unwrap().remove(0).der;
    let mut windows = document.windows(certificate.len());
    windows.any(|window| window == certificate)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_document_signer_signs_without_a_restart() {
    let service = Rotating::start(|_| {}).await;
    // The folder has one that signs for a year: nothing is due.
    let nothing = service.rotate(&[]);
    assert_eq!(nothing["document_signer"], Value::Null);
    assert!(nothing["due"].as_str().unwrap() > "2020");
    // Somebody wants more than a year ahead.
    let ahead = ["--ahead-days", "370", "--longest-mso-life-days", "80"];
    let plan = service.rotate(&[&ahead[..], &["--plan"]].concat());
    let planned = plan["planned"]["name"].as_str().unwrap().to_owned();
    let place = format!("authority/ds/{planned}");
    assert!(!service.deployment.path(&place).exists());
    let made = service.rotate(&ahead);
    assert_eq!(made["document_signer"]["name"], planned.as_str());
    assert!(service.deployment.path(&place).join("key.pem").exists());

    // By itself, without being told.
    wait_until("the new one is taken up", || {
        service.process.said().contains("authority-reloaded")
    });
    // The one that stops first still signs, until it is retired.
    assert_eq!(service.signer(1).await, "ds-1");
    service.done(&["ds", "retire", "ds-1", "--reason", "rehearsal"]);
    service.reload("authority-reloaded");
    assert_eq!(service.signer(2).await, planned);
    assert!(service.done(&["ds", "list"]).contains("ds-1: retired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_leaves_everything_as_it_was() {
    let service = Rotating::start(|_| {}).await;
    let certificate = service.deployment.path("authority/ds/ds-1/certificate.pem");
    let good = fs::read(&certificate).unwrap();
    // Another certificate, not for this key.
    let other = fs::read(
        service
            .deployment
            .path("authority/status/status-1/certificate.pem"),
    );
    fs::write(&certificate, other.unwrap()).unwrap();
    service.reload("authority-not-reloaded");
    assert!(is_signed_with(&service.document(1).await, &good));
    let metrics = client(&[])
        .get(format!("http://{}/metrics", service.process.internal))
        .bearer_auth(service.deployment.token());
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("mdl_authorities_current 0"), "{metrics}");
    let said = service.process.said();
    assert!(said.contains("ds-1: the key is not that of the certificate"));

    fs::write(&certificate, good).unwrap();
    service.reload("authority-reloaded");
    assert_eq!(service.signer(2).await, "ds-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_crl_lists_stops_signing_even_when_nothing_else_can_be_read() {
    let service = Rotating::start(|_| {}).await;
    service.done(&[
        "crl",
        "build",
        "--revoke",
        "ds-1",
        "--passphrase-file",
        "secrets/passphrase",
    ]);
    let certificate = service
        .deployment
        .path("authority/status/status-1/certificate.pem");
    let good = fs::read(&certificate).unwrap();
    fs::write(&certificate, "no certificate").unwrap();
    service.reload("authority-not-reloaded");
    assert!(service.process.said().contains("document-signer-revoked"));
    let refused = service.collect(&service.offer().await, 1).await;
    refused.unwrap_err();
    assert!(service.process.said().contains("no-document-signer"));
    fs::write(&certificate, good).unwrap();

    let made = service.rotate(&[]);
    let name = made["document_signer"]["name"].as_str().unwrap();
    service.reload("authority-reloaded");
    assert_eq!(service.signer(2).await, name);
}
