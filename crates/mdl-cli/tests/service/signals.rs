//! What SIGHUP and SIGTERM do to a process at work.

use std::fs;
use std::net::TcpStream;
use std::process::Command;

use mdl_wallet::collection::{Collector, Order};
use mdl_wallet::connection::{Connection, ConnectionOptions};
use mdl_wallet::offer::OfferLink;
use reqwest::Client;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use super::canaries::Canaries;
use super::deployment::{Deployment, client, wait_until};
use super::person::{CITIZEN, write_records};
use super::postgres_server::PostgresServer;
use super::recorder::Recorder;

/// A self-signed certificate for this machine, made by OpenSSL, in place of the one before.
fn new_certificate(deployment: &Deployment) -> Client {
    let [certificate, key] = ["tls.pem", "tls-key.pem"].map(|name| deployment.path(name));
    let made = Command::new("openssl")
        .args(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
                .split(' '),
        )
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(key)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let root = reqwest::Certificate::from_pem(&fs::read(certificate).unwrap()).unwrap();
    client(&[root])
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_gives_new_connections_the_new_certificate_and_breaks_no_old_one() {
    let mut deployment = Deployment::new();
    deployment.public = "tls_certificate = \"tls.pem\"\ntls_key = \"tls-key.pem\"".to_owned();
    let first = new_certificate(&deployment);
    let mut process = deployment.start();
    let url = format!("https://{}/healthz", process.public);
    let is_answered = async |client: &Client| client.get(&url).send().await.is_ok();
    assert!(is_answered(&first).await);

    let second = new_certificate(&deployment);
    assert!(!is_answered(&second).await, "the new one is not in use yet");
    process.signal("-HUP");
    wait_until("the certificate is read", || {
        process.said().contains("tls-reloaded")
    });
    assert!(is_answered(&second).await);
    assert!(is_answered(&first).await, "over the connection that it has");
    assert!(process.is_running());
}

/// A register whose every record takes until the lock is given up.
const REGISTER: &str = "
    CREATE TABLE person (subject text, doc_type text, record json, portrait bytea);
    CREATE VIEW register AS SELECT person.* FROM person, (SELECT pg_advisory_xact_lock_shared(7)) AS gate;";

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_in_work_at_sigterm_is_signed_and_answered() {
    let Some(server) = PostgresServer::start() else {
        return; // the launcher has said why
    };
    let register = server.new_database();
    let mut clerk = PgConnection::connect(&register).await.unwrap();
    sqlx::raw_sql(REGISTER).execute(&mut clerk).await.unwrap();
    let mut deployment = Deployment::new();
    write_records(&deployment, &mut Canaries::default());
    let record = fs::read_to_string(deployment.path(&format!("records/{CITIZEN}.json")));
    let mut record: Value = serde_json::from_str(&record.unwrap()).unwrap();
    let elements = record["name_spaces"]["org.iso.18013.5.1"].as_object_mut();
    elements.unwrap().remove("portrait");
    sqlx::query("INSERT INTO person VALUES ($1, 'org.iso.18013.5.1.mDL', $2::json, $3)")
        .bind(CITIZEN)
        .bind(record.to_string())
        .bind(fs::read(deployment.path("records/portrait.jpg")).unwrap())
        .execute(&mut clerk)
        .await
        .unwrap();
    let wire = Recorder::start().await;
    deployment.issuer = format!("http://{}", wire.address);
    deployment.records = format!(
        "kind = \"sql\"\nurl = \"{register}\"\nview = \"register\"\nstatement_time = \"1min\"\ndeadline = \"1min\""
    );
    let mut process = deployment.start();
    wire.lead_to(process.public);
    let made = client(&[])
        .post(format!("http://{}/tenants/dmv/offers", process.internal))
        .bearer_auth(deployment.token())
        .json(&json!({ "subject": CITIZEN, "configuration_ids": ["org.iso.18013.5.1.mDL"] }));
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let link: OfferLink = made["link_by_reference"].as_str().unwrap().parse().unwrap();

    sqlx::raw_sql("SELECT pg_advisory_lock(7)")
        .execute(&mut clerk)
        .await
        .unwrap();
    let collecting = tokio::spawn(async move {
        let options = ConnectionOptions {
            allow_loopback_http: true,
            ..ConnectionOptions::default()
        };
        let mut wallet = Collector::new(Connection::new(&options).unwrap(), [3; 32]);
        let offer = wallet.read_offer(&link).await.unwrap();
        wallet.collect(&offer, &Order::batch_of(4)).await
    });
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while sqlx::query_scalar::<_, i64>(waiting)
        .fetch_one(&mut clerk)
        .await
        .unwrap()
        == 0
    {
        assert!(!collecting.is_finished(), "the record is asked for");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    process.signal("-TERM");
    wait_until("no new connection is taken", || {
        TcpStream::connect(process.public).is_err()
    });
    assert!(process.is_running(), "it waits for the batch");
    assert!(!String::from_utf8_lossy(&wire.received()).contains("\"credentials\""));
    sqlx::raw_sql("SELECT pg_advisory_unlock(7)")
        .execute(&mut clerk)
        .await
        .unwrap();

    assert!(process.ended().success(), "an orderly end");
    let collected = collecting.await.unwrap();
    let received = String::from_utf8_lossy(&wire.received()).into_owned();
    let (_, batch) = received
        .split_once("{\"credentials\":")
        .expect("the batch was answered");
    assert_eq!(batch.matches("\"credential\":").count(), 4);
    // The wallet's notification finds nobody any more, which it takes for a failure.
    println!("the wallet: {collected:?}");
    let verified = Command::new(env!("CARGO_BIN_EXE_mdl"))
        .args(["ledger", "verify", "--config"])
        .arg(deployment.path("issuer.toml"))
        .output()
        .unwrap();
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stderr)
    );
}
