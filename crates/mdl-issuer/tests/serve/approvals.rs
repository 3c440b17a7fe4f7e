//! Two people: one asks, another one allows, and only then something happens.

use std::collections::BTreeSet;

use mdl_issuer::clock::Clock;
use mdl_issuer::config::{Operator, Role};
use mdl_issuer::dual_control::{ControlledOperation, DualControl};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::rig::{DMV, Rig};
use crate::{SUBJECT, Served, TOKEN, collect, settings};

const SECOND: &str = "second-operator-second-operator-";
const SOURCE: &str = "source-of-record-source-of-recor";

/// Revoking everything that a person has, and resuming it, needs two.
async fn served() -> Served {
    let mut settings = settings();
    settings.internal.operators = vec![
        Operator::new("ann", TOKEN),
        Operator::new("bob", SECOND),
        Operator::new("dmv-records", SOURCE).with_role(Role::Records),
    ];
    settings.internal.dual_control = DualControl {
        operations: BTreeSet::from([
            ControlledOperation::RevokePerson,
            ControlledOperation::ResumePerson,
        ]),
        time: time::Duration::HOUR,
    };
    let served = Served::with(settings).await;
    collect(&served.rig).await;
    served
}

impl Served {
    async fn ask_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let path = format!("/tenants/{}{path}", self.tenant());
        let mut request = self.internal(method, &path).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// How often the status of a document of the person was changed.
    async fn changes(&self) -> usize {
        let wanted = json!({ "subject": SUBJECT });
        let (_, found) = self
            .ask(Method::POST, "/issuances/search", Some(wanted))
            .await;
        let path = format!("/issuances/{}", found[0]["id"].as_str().unwrap());
        let (_, batch) = self.ask(Method::GET, &path, None).await;
        batch["status_changes"].as_array().unwrap().len()
    }

    async fn decide(&self, token: &str, request: &Value, with: Value) -> (StatusCode, Value) {
        let path = format!("/approvals/{}/decision", request["id"].as_str().unwrap());
        let mut body =
            json!({ "digest": request["digest"], "verdict": "approve", "subject": SUBJECT });
        for (name, value) in with.as_object().unwrap() {
            match value {
                Value::Null => drop(body.as_object_mut().unwrap().remove(name)),
                value => body[name] = value.clone(),
            }
        }
        self.ask_as(token, Method::POST, &path, Some(body)).await
    }
}

fn revoke() -> Value {
    json!({ "subject": SUBJECT, "action": "revoke", "reason": "licence-withdrawn" })
}

#[tokio::test]
async fn nothing_happens_until_somebody_else_approves_of_this_very_operation() {
    let served = served().await;
    let ask = async || {
        served
            .ask(Method::POST, "/status-changes", Some(revoke()))
            .await
    };
    let (status, request) = ask().await;
    assert_eq!(status, StatusCode::ACCEPTED, "{request}");
    assert_eq!(
        (&request["state"], &request["requested_by"]),
        (&"open".into(), &"ann".into())
    );
    assert_eq!(request["operation"]["operation"], "revoke-person");
    assert!(
        !request.to_string().contains(SUBJECT),
        "no personal data waits in the store"
    );
    assert_eq!(
        ask().await.1["id"],
        request["id"],
        "asked twice is asked once"
    );
    assert_eq!(served.changes().await, 0);

    let other = "0".repeat(64);
    for (token, with, status, code) in [
        (TOKEN, json!({}), StatusCode::FORBIDDEN, "own-request"),
        (
            SECOND,
            json!({ "digest": other }),
            StatusCode::CONFLICT,
            "other-operation",
        ),
        (
            SECOND,
            json!({ "digest": "x" }),
            StatusCode::BAD_REQUEST,
            "invalid-parameter",
        ),
        (
            SECOND,
            json!({ "subject": "somebody else" }),
            StatusCode::CONFLICT,
            "other-person",
        ),
        (
            SECOND,
            json!({ "subject": null }),
            StatusCode::CONFLICT,
            "other-person",
        ),
        (SOURCE, json!({}), StatusCode::FORBIDDEN, "forbidden"),
    ] {
        let (found, answer) = served.decide(token, &request, with).await;
        assert_eq!(
            (found, answer["code"].as_str()),
            (status, Some(code)),
            "{answer}"
        );
        assert_eq!(served.changes().await, 0, "{code}");
    }
    let nobody = json!({ "id": "AAAAAAAAAAAAAAAAAAAAAA", "digest": request["digest"] });
    let (status, answer) = served.decide(SECOND, &nobody, json!({})).await;
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::NOT_FOUND, &"unknown-approval".into())
    );

    let (status, approved) = served.decide(SECOND, &request, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{approved}");
    assert_eq!(
        (&approved["state"], &approved["documents"]),
        (&"approved".into(), &2.into())
    );
    assert_eq!(served.changes().await, 2);
    let (status, again) = served.decide(SECOND, &request, json!({})).await;
    assert_eq!(
        (status, again),
        (StatusCode::OK, approved.clone()),
        "the answer was lost"
    );
    assert_eq!(served.changes().await, 2);
    let (status, _) = served
        .decide(SECOND, &request, json!({ "verdict": "reject" }))
        .await;
    assert_eq!(status, StatusCode::CONFLICT);

    let (_, listed) = served.ask(Method::GET, "/approvals", None).await;
    assert_eq!(listed, json!([approved]));
    let path = format!("/approvals/{}", request["id"].as_str().unwrap());
    assert_eq!(served.ask(Method::GET, &path, None).await.1, approved);
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_request_ends_by_rejection_or_in_time() {
    let served = served().await;
    let resume = json!({ "subject": SUBJECT, "action": "resume", "reason": "holder-request" });
    let (status, late) = served
        .ask(Method::POST, "/status-changes", Some(resume))
        .await;
    assert_eq!(status, StatusCode::ACCEPTED, "{late}");
    let (_, rejected) = served
        .ask(Method::POST, "/status-changes", Some(revoke()))
        .await;
    let (status, answer) = served
        .decide(
            TOKEN,
            &rejected,
            json!({ "verdict": "reject", "subject": null }),
        )
        .await;
    assert_eq!(
        (status, &answer["state"]),
        (StatusCode::OK, &"rejected".into())
    );
    let (_, answer) = served.decide(SECOND, &rejected, json!({})).await;
    assert_eq!(answer["code"], "decided-before");

    served.rig.clock.advance(time::Duration::HOUR);
    let (_, answer) = served.decide(SECOND, &late, json!({})).await;
    assert_eq!(answer["code"], "approval-expired");
    let (_, listed) = served.ask(Method::GET, "/approvals", None).await;
    let mut states: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].clone())
        .collect();
    states.sort_by_key(ToString::to_string);
    assert_eq!(states, ["expired", "rejected"]);
    assert_eq!(served.changes().await, 0);
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn there_is_no_other_way_to_what_needs_two() {
    let served = served().await;
    // What the configuration does not name is done at once.
    let suspend = json!({ "subject": SUBJECT, "action": "suspend", "reason": "device-lost" });
    let (status, _) = served
        .ask(Method::POST, "/status-changes", Some(suspend))
        .await;
    assert_eq!((status, served.changes().await), (StatusCode::OK, 2));
    // An operator who says that the record was withdrawn asks for the same operation.
    let event = json!({ "subject": SUBJECT, "event": "withdrawn" });
    let (status, request) = served
        .ask(Method::POST, "/record-events", Some(event.clone()))
        .await;
    assert_eq!((status, served.changes().await), (StatusCode::ACCEPTED, 2));
    let (_, same) = served
        .ask(Method::POST, "/status-changes", Some(revoke()))
        .await;
    assert_eq!(same["id"], request["id"]);
    // The source of record itself is no operator: it reports, and can do nothing else.
    let path = "/record-events";
    let (status, _) = served.ask_as(SOURCE, Method::POST, path, Some(event)).await;
    assert_eq!((status, served.changes().await), (StatusCode::OK, 4));
    for path in ["/status-changes", "/offers"] {
        let (status, _) = served
            .ask_as(SOURCE, Method::POST, path, Some(revoke()))
            .await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
    served.running.stop().await.unwrap();
}

/// Many answers for one request at the same moment, on a service that is under way: one of them counts.
#[tokio::test(flavor = "multi_thread")]
async fn two_approvals_at_once_are_one_operation() {
    let served = served().await;
    let (_, request) = served
        .ask(Method::POST, "/status-changes", Some(revoke()))
        .await;
    let approvals = (0..8).map(|_| served.decide(SECOND, &request, json!({})));
    let answers = futures_util::future::join_all(approvals).await;
    assert!(
        answers
            .iter()
            .all(|(status, answer)| *status == StatusCode::OK && *answer == answers[0].1)
    );
    assert_eq!(served.changes().await, 2);
    served.running.stop().await.unwrap();
}

/// A document signer that somebody put into the authority's folder signs nothing until two people want it to.
#[tokio::test]
async fn a_document_signer_waits_until_two_people_want_it_to_sign() {
    let mut settings = settings();
    settings.internal.operators = vec![Operator::new("ann", TOKEN), Operator::new("bob", SECOND)];
    let operations = BTreeSet::from([ControlledOperation::UseDocumentSigner]);
    settings.internal.dual_control.operations = operations;
    let rig = Rig::new().await;
    let authority = rig.tenant(DMV).authority.get();
    // As the configuration has it: see what_waits_for_approval_does_not_sign_when_it_was_read.
    authority
        .document_signers
        .iter()
        .for_each(|signer| signer.guard.hold());
    let served = Served::of(rig, settings).await;
    let state = async || {
        let (_, listed) = served.ask(Method::GET, "/document-signers", None).await;
        (
            listed[0]["id"].as_str().unwrap().to_owned(),
            listed[0]["state"].clone(),
        )
    };
    let (id, first) = state().await;
    assert_eq!(first, "waits-for-approval");
    let now = served.rig.clock.now();
    assert!(!authority.document_signers[0].is_usable(now));

    let path = format!("/document-signers/{id}/use");
    let (status, request) = served.ask(Method::POST, &path, None).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{request}");
    assert_eq!(request["operation"]["document_signer"], id);
    let (_, own) = served
        .decide(TOKEN, &request, json!({ "subject": null }))
        .await;
    assert_eq!(own["code"], "own-request");
    assert_eq!(state().await.1, "waits-for-approval");
    let (status, approved) = served
        .decide(SECOND, &request, json!({ "subject": null }))
        .await;
    assert_eq!(
        (status, &approved["state"]),
        (StatusCode::OK, &"approved".into())
    );
    assert_eq!(state().await.1, "signing");
    assert!(authority.document_signers[0].is_usable(now));
    let (status, answer) = served.ask(Method::POST, &path, None).await;
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::CONFLICT, &"waits-for-nobody".into())
    );
    collect(&served.rig).await;

    // After a restart it is known that it was approved.
    authority.document_signers[0].guard.hold();
    let waiting = served.rig.service.release_document_signers().await.unwrap();
    assert_eq!(waiting, 0);
    assert!(!authority.document_signers[0].guard.is_held());
    for unknown in ["0", &"0".repeat(64)] {
        let path = format!("/document-signers/{unknown}/use");
        let (status, _) = served.ask(Method::POST, &path, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    served.running.stop().await.unwrap();
}
