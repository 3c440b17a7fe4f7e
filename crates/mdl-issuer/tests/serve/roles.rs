//! Whoever may read metrics may read metrics.

use mdl_issuer::config::{Operator, Role};
use reqwest::{Method, StatusCode};

use crate::{Served, TOKEN, settings};

const MONITOR: &str = "fedcba9876543210fedcba9876543210";

#[tokio::test]
async fn a_monitor_reads_metrics_and_nothing_else() {
    let mut settings = settings();
    let monitor = Operator::new("prometheus", MONITOR).with_role(Role::Monitor);
    settings.internal.operators.push(monitor);
    let served = Served::with(settings).await;
    let described: serde_json::Value = served
        .internal(Method::GET, "/openapi.json")
        .bearer_auth(MONITOR)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let mut refused = 0;
    for (path, operations) in described["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let ask = |token| {
                let request = served.internal(method.clone(), path);
                request.bearer_auth(token).send()
            };
            let status = ask(MONITOR).await.unwrap().status();
            let is_refused = status == StatusCode::FORBIDDEN;
            let is_for_all = path.split('/').count() == 2;
            assert_eq!(is_refused, !is_for_all, "{method} {path}: {status}");
            let status = ask(TOKEN).await.unwrap().status();
            assert_ne!(status, StatusCode::FORBIDDEN, "{method} {path}");
            refused += u32::from(is_refused);
        }
    }
    assert!(refused >= 10, "{refused} endpoints of operators");
    served.running.stop().await.unwrap();
}
