//! A document signer is compromised: what the service, readers and wallets see of it.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use super::deployment::client;
use super::person::CITIZEN;
use super::rotation::Rotating;

/// The command, told where the service is.
fn compromise(service: &Rotating, more: &[&str]) -> Vec<String> {
    let url = format!("http://{}", service.process.internal);
    let arguments = [
        &[
            "ds",
            "compromise",
            "ds-1",
            "--json",
            "--reason",
            "token stolen",
            "--service",
            &url,
        ][..],
        &["--token-file", "secrets/operator-token"],
        &["--passphrase-file", "secrets/passphrase"],
        more,
    ];
    arguments
        .concat()
        .iter()
        .map(|text| (*text).to_owned())
        .collect()
}

fn run(service: &Rotating, more: &[&str]) -> Value {
    let arguments = compromise(service, more);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    serde_json::from_str(&service.done(&arguments)).unwrap()
}

async fn ask(service: &Rotating, method: Method, path: &str, body: Option<Value>) -> Value {
    let url = format!("http://{}/{path}", service.process.internal);
    let mut request = client(&[])
        .request(method, url)
        .bearer_auth(service.deployment.token());
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    answer.json().await.unwrap()
}

/// What a reader that was given more evidence says of a document: its exit code, and the report.
fn verified(service: &Rotating, document: &[u8], evidence: &[&str]) -> (i32, String) {
    let path = service.deployment.path("document.cbor");
    fs::write(&path, document).unwrap();
    let verify = [
        "verify",
        "--static",
        "--json",
        "--iaca",
        "authority/iaca/certificate.pem",
    ];
    let output = service.mdl(&[&verify[..], evidence, &["document.cbor"]].concat());
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

/// Fetches all status lists into files, and names them for the command.
async fn status_lists(service: &Rotating) -> Vec<String> {
    let lists = ask(service, Method::GET, "tenants/dmv/status-lists", None).await;
    let mut arguments = Vec::new();
    for (number, list) in lists.as_array().unwrap().iter().enumerate() {
        let id = list["id"].as_str().unwrap();
        let url = format!("http://{}/status-lists/{id}", service.process.public);
        let token = client(&[])
            .get(url)
            .header("Accept", "application/statuslist+cwt");
        let token = token.send().await.unwrap().bytes().await.unwrap();
        let file = format!("list-{number}");
        fs::write(service.deployment.path(&file), token).unwrap();
        arguments.extend(["--status-list".to_owned(), file]);
    }
    arguments
}

async fn is_revoked_by_status(service: &Rotating, document: &[u8]) -> bool {
    let lists = status_lists(service).await;
    let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
    let (exit, report) = verified(service, document, &lists);
    assert!(exit == 0 || report.contains("revo"), "{report}");
    exit == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_compromised_signer_signed_is_revoked_and_its_holders_get_other_documents() {
    let mut service = Rotating::start(|_| {}).await;
    let next = service.rotate(&["--ahead-days", "370", "--longest-mso-life-days", "80"]);
    let next = next["document_signer"]["name"].as_str().unwrap().to_owned();
    service.reload("authority-reloaded");
    let lost = service.collect(&service.offer().await, 1).await.unwrap();
    assert_eq!(verified(&service, &lost[0], &[]).0, 0);
    assert!(!is_revoked_by_status(&service, &lost[0]).await);

    let done = run(&service, &["--publish-to", "published.crl"]);
    assert_eq!(done["service"]["documents"], 2, "{done}");
    assert_eq!(done["service"]["remaining_batches"], 0);
    assert_eq!(
        (&done["service"]["actor"], &done["service"]["reason"]),
        (&json!("clerk"), &json!("token stolen"))
    );
    assert_eq!(done["service"]["reissues"]["waiting"], 1);
    // Readers see it, whichever way they look.
    let (exit, report) = verified(&service, &lost[0], &["--crl", "published.crl"]);
    assert_eq!(exit, 1, "{report}");
    for document in &lost {
        let mut is_revoked = false;
        for _ in 0..100 {
            is_revoked = is_revoked_by_status(&service, document).await;
            if is_revoked {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        assert!(is_revoked, "within the status latency of the tenant");
    }
    // It signs no more; the next one does, also in a process that was not told.
    assert_eq!(service.signer(2).await, next);
    service.restart();
    assert_eq!(service.signer(3).await, next);

    // The authority's own system hands out the offers.
    let body = || Some(json!({ "most": 10 }));
    let offers = ask(&service, Method::POST, "tenants/dmv/reissues", body()).await;
    let [offer] = &offers.as_array().unwrap()[..] else {
        panic!("{offers}");
    };
    assert_eq!(offer["subject"], CITIZEN);
    let again = ask(&service, Method::POST, "tenants/dmv/reissues", body()).await;
    assert_eq!(again, json!([]), "once as long as the offer lasts");
    let link = offer["link_by_reference"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let replaced = service.collect(&link, 4).await.unwrap();
    let (exit, report) = verified(&service, &replaced[0], &["--crl", "published.crl"]);
    assert_eq!(exit, 0, "{report}");
    ask(&service, Method::POST, "tenants/dmv/reissues", body()).await;

    // Again, nothing is left to do, and who asks later finds who and why.
    let again = run(&service, &["--publish-to", "published.crl"]);
    assert_eq!(again["crl"]["number"], done["crl"]["number"]);
    assert_eq!(again["service"]["reissues"]["replaced"], 1, "{again}");
    let known = ask(&service, Method::GET, "document-signers/compromises", None).await;
    assert_eq!(known.as_array().unwrap().len(), 1);
    assert!(
        service
            .process
            .said()
            .contains("document-signer-compromised")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_answer_keeps_no_certificate_from_being_revoked() {
    let mut service = Rotating::start(|_| {}).await;
    let arguments = compromise(&service, &["--publish-to", "published.crl"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    service.process.signal("-KILL");
    service.process.ended();
    let output = service.mdl(&arguments);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("run the same command again"), "{said}");
    assert!(service.deployment.path("published.crl").exists());
    assert!(service.done(&["ds", "list"]).contains("ds-1: revoked"));
}

/// 4,000 batches of ten documents, signed by the document signer of the newest batch.
const BATCHES: u64 = 4_000;
const SYNTHETIC: &str = "
WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < 4000)
INSERT INTO issuances (id, tenant, grant_id, request_key, subject, configuration_id, batch_size, document_signer,
    reserved_at, issued_at, repeatable_until, to_be_signed, valid_until, repetitions)
SELECT unhex(printf('%032x', n)), t.tenant, unhex(printf('%032x', n)), t.request_key, unhex(printf('%064x', n)),
    t.configuration_id, 10, t.document_signer, t.reserved_at, t.issued_at, t.repeatable_until, t.to_be_signed,
    t.valid_until, 0
FROM counted CROSS JOIN (SELECT * FROM issuances LIMIT 1) AS t;
WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < 40000)
INSERT INTO documents (issuance, number, device_key, status_list, list_size, position, status)
SELECT unhex(printf('%032x', n / 10)), n % 10, unhex(printf('%064x', n)), l.id, l.size, 100000 + n, 0
FROM counted CROSS JOIN (SELECT * FROM status_lists LIMIT 1) AS l;";

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_in_the_middle_is_followed_by_one_that_goes_on() {
    let mut service = Rotating::start(|_| {}).await;
    // Somebody signs afterwards, or the next process would never be ready.
    service.rotate(&["--ahead-days", "370", "--longest-mso-life-days", "80"]);
    service.collect(&service.offer().await, 1).await.unwrap();
    service.process.signal("-KILL");
    service.process.ended();
    let url = format!("sqlite:{}", service.deployment.path("issuer.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(SYNTHETIC)
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    service.start_again();

    let told = run(&service, &["--no-wait"]);
    let signer = told["sha256"].as_str().unwrap();
    let path = format!("document-signers/{signer}/compromise");
    let begun = loop {
        let state = ask(&service, Method::GET, &path, None).await;
        if state["batches"].as_u64().unwrap() > 0 {
            break state;
        }
    };
    service.restart();
    let [done, left] = ["batches", "remaining_batches"].map(|name| begun[name].as_u64().unwrap());
    println!("killed when {done} batches were withdrawn and {left} were not");
    assert!(left > 0, "{begun}");
    let done = run(&service, &[]);
    assert_eq!(done["service"]["batches"], BATCHES + 1);
    assert_eq!(done["service"]["documents"], BATCHES * 10 + 2);
    assert_eq!(done["service"]["reissues"]["unreachable"], BATCHES);
    // Each once, in what auditors look up too.
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let changes = "SELECT count(*) FROM status_changes WHERE actor = 'clerk'";
    let changes: i64 = sqlx::query_scalar(changes)
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(changes as u64, BATCHES * 10 + 2);
}
