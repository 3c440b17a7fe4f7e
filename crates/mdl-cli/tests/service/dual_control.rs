//! Two operators, and a document signer that waits for both.

use reqwest::Method;
use serde_json::{Value, json};

use super::deployment::{client, is_ready, wait_until};
use super::rotation::Rotating;

const SECOND: &str = "second-operator-second-operator-";
const OPERATORS: &str = "[[internal.operators]]\nname = \"clerk\"";
const WITH_SECOND: &str = "second_person = [\"use-document-signer\"]

[[internal.operators]]
name = \"second\"
token_env = \"MDL_SECOND_OPERATOR\"

[[internal.operators]]
name = \"clerk\"";

async fn ask(service: &Rotating, token: &str, method: Method, path: &str, body: Value) -> Value {
    let url = format!("http://{}/tenants/dmv{path}", service.process.internal);
    let mut request = client(&[]).request(method, url).bearer_auth(token);
    if !body.is_null() {
        request = request.json(&body);
    }
    request.send().await.unwrap().json().await.unwrap()
}

/// The document signers with a state, by their identifiers.
async fn in_state(service: &Rotating, state: &str) -> Vec<String> {
    let token = service.deployment.token();
    let listed = ask(
        service,
        &token,
        Method::GET,
        "/document-signers",
        Value::Null,
    )
    .await;
    let signers = listed.as_array().unwrap().iter();
    signers
        .filter(|signer| signer["state"] == state)
        .map(|signer| signer["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Has the clerk ask for the one that waits, and the second operator approve.
async fn approve(service: &Rotating) {
    let waiting = in_state(service, "waits-for-approval").await;
    let path = format!("/document-signers/{}/use", waiting[0]);
    let clerk = service.deployment.token();
    let request = ask(service, &clerk, Method::POST, &path, Value::Null).await;
    let path = format!("/approvals/{}/decision", request["id"].as_str().unwrap());
    let decision = json!({ "digest": request["digest"], "verdict": "approve" });
    let own = ask(service, &clerk, Method::POST, &path, decision.clone()).await;
    assert_eq!(own["code"], "own-request");
    let done = ask(service, SECOND, Method::POST, &path, decision).await;
    assert_eq!(done["state"], "approved", "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_document_signer_signs_when_two_people_want_it_to() {
    let mut service = Rotating::begin(|deployment| {
        let replaced = (OPERATORS.to_owned(), WITH_SECOND.to_owned());
        deployment.replaced.push(replaced);
        let second = ("MDL_SECOND_OPERATOR", SECOND.to_owned());
        deployment.environment.push(second);
    })
    .await;
    assert!(!is_ready(service.process.internal), "nobody signs yet");
    service
        .collect(&service.offer().await, 1)
        .await
        .unwrap_err();
    approve(&service).await;
    wait_until("it is ready", || is_ready(service.process.internal));
    assert_eq!(service.signer(2).await, "ds-1");

    // Somebody who can write to the folder has made the next one, and takes the first out of use.
    let ahead = ["--ahead-days", "370", "--longest-mso-life-days", "80"];
    let made = service.rotate(&ahead);
    let next = made["document_signer"]["name"].as_str().unwrap();
    service.reload("authority-reloaded");
    assert_eq!(in_state(&service, "waits-for-approval").await.len(), 1);
    assert_eq!(
        service.signer(3).await,
        "ds-1",
        "which was approved and stays so"
    );
    service.done(&["ds", "retire", "ds-1", "--reason", "rehearsal"]);
    service.reload("authority-reloaded");
    service
        .collect(&service.offer().await, 4)
        .await
        .unwrap_err();
    approve(&service).await;
    assert_eq!(service.signer(5).await, next);

    // What was approved is known after a restart.
    service.process.signal("-TERM");
    service.process.ended();
    service.process = service.deployment.start();
    assert_eq!(in_state(&service, "signing").await.len(), 1);
}
