//! OpenTelemetry traces leave the process.

use serde_json::Value;

use super::deployment::{Deployment, client};
use super::trace_receiver::TraceReceiver;

#[tokio::test(flavor = "multi_thread")]
async fn the_span_of_a_request_reaches_the_collector_before_the_process_ends() {
    let receiver = TraceReceiver::start().await;
    let mut deployment = Deployment::new();
    deployment.tables = format!("{}service_name = \"issuer-of-the-test\"", receiver.table());
    let mut process = deployment.start();
    let url = format!("http://{}/healthz", process.public);
    let answer = client(&[]).get(url).send().await.unwrap();
    let request_id = answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    process.signal("-TERM");
    assert!(process.ended().success());

    let exports = receiver.exports();
    let head = &exports.first().expect("an export").head;
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    assert!(
        head.to_ascii_lowercase()
            .contains("content-type: application/json")
    );
    let mut found = false;
    for export in exports {
        let export: Value = serde_json::from_slice(&export.body).unwrap();
        for resource in export["resourceSpans"].as_array().unwrap() {
            let service = attribute(&resource["resource"], "service.name");
            assert_eq!(service, "issuer-of-the-test", "{export}");
            let scopes = resource["scopeSpans"].as_array().unwrap().iter();
            for span in scopes.flat_map(|scope| scope["spans"].as_array().unwrap()) {
                if attribute(span, "request_id") == request_id.as_str() {
                    assert_eq!(span["name"], "request");
                    assert_eq!(attribute(span, "endpoint"), "/healthz");
                    assert_eq!(attribute(span, "listener"), "public");
                    found = true;
                }
            }
        }
    }
    assert!(found, "the span of {request_id}");
}

fn attribute<'v>(of: &'v Value, key: &str) -> &'v Value {
    let attributes = of["attributes"].as_array().into_iter().flatten();
    attributes
        .filter(|attribute| attribute["key"] == key)
        .map(|attribute| &attribute["value"]["stringValue"])
        .next()
        .unwrap_or(&Value::Null)
}
