//! What an event of CloudTrail says, as far as it is about keys and certificates.
//!
//! `kms:Sign` is logged as a read-only management event, without message, digest or signature. The key is in `resources`;
//! `requestParameters.keyId` is what the caller sent, which may be an alias, and counts only where there is nothing else.
//! A call that failed has an `errorCode` and signed nothing.

use std::borrow::Cow;

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// No name in an event is longer.
const MAX_NAME: usize = 2048;
/// CloudTrail began in 2013; a time before or far after is none of an event.
const FIRST_YEAR: i32 = 2013;
const LAST_YEAR: i32 = 2199;

/// An event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Event {
    pub(super) at: OffsetDateTime,
    pub(super) id: [u8; 16],
    pub(super) what: What,
}

/// What was called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum What {
    /// `kms:Sign`.
    Sign {
        /// `None` in a failed call that names none.
        key: Option<String>,
        /// What the principal is called: the ARN of the role before that of its session.
        principal: Vec<String>,
        /// `errorCode`.
        failure: Option<String>,
    },
    /// `acm-pca:IssueCertificate`, which did not fail: the serial number.
    Issued(Vec<u8>),
    /// `acm-pca:RevokeCertificate`, which did not fail: the serial number.
    Revoked(Vec<u8>),
    /// Anything else.
    Other,
}

/// Why bytes are no event.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidEvent {
    #[error("not the JSON of an event: {0}")]
    Json(#[from] serde_json::Error),
    #[error("eventTime is not a time")]
    Time,
    #[error("eventID is not a UUID")]
    Id,
    #[error("the event does not say which key signed")]
    NoKey,
    #[error("the event does not say which certificate it is about")]
    NoCertificate,
    #[error("a name of more than {MAX_NAME} characters")]
    NameTooLong,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    event_time: Cow<'a, str>,
    #[serde(borrow)]
    event_source: Cow<'a, str>,
    #[serde(borrow)]
    event_name: Cow<'a, str>,
    #[serde(borrow, rename = "eventID")]
    event_id: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sign {
    error_code: Option<String>,
    user_identity: Option<UserIdentity>,
    request_parameters: Option<SignParameters>,
    #[serde(default)]
    resources: Option<Vec<Resource>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity {
    arn: Option<String>,
    invoked_by: Option<String>,
    principal_id: Option<String>,
    session_context: Option<SessionContext>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext {
    session_issuer: Option<SessionIssuer>,
}

#[derive(Deserialize)]
struct SessionIssuer {
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignParameters {
    key_id: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "ARN")]
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    error_code: Option<String>,
    response_elements: Option<IssueResponse>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IssueResponse {
    certificate_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Revoke {
    error_code: Option<String>,
    request_parameters: Option<RevokeParameters>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RevokeParameters {
    certificate_serial: Option<String>,
}

impl Event {
    pub(super) fn parse(json: &[u8]) -> Result<Self, InvalidEvent> {
        let head: Head<'_> = serde_json::from_slice(json)?;
        let what = match (&*head.event_source, &*head.event_name) {
            ("kms.amazonaws.com", "Sign") => sign(serde_json::from_slice(json)?)?,
            ("acm-pca.amazonaws.com", "IssueCertificate") => issue(serde_json::from_slice(json)?)?,
            ("acm-pca.amazonaws.com", "RevokeCertificate") => {
                revoke(serde_json::from_slice(json)?)?
            }
            _ => What::Other,
        };
        Ok(Self {
            at: time(&head.event_time)?,
            id: uuid(&head.event_id).ok_or(InvalidEvent::Id)?,
            what,
        })
    }
}

fn sign(call: Sign) -> Result<What, InvalidEvent> {
    let resources = call.resources.unwrap_or_default();
    let mut key = resources
        .into_iter()
        .filter_map(|resource| resource.arn)
        .find(|arn| arn.contains(":kms:") && arn.contains(":key/"));
    if key.is_none() {
        key = call
            .request_parameters
            .and_then(|parameters| parameters.key_id);
    }
    if key.is_none() && call.error_code.is_none() {
        return Err(InvalidEvent::NoKey);
    }
    let identity = call.user_identity.unwrap_or_default();
    let issuer = identity.session_context.and_then(|it| it.session_issuer);
    let role = issuer.and_then(|issuer| issuer.arn);
    let mut principal: Vec<String> = role.into_iter().chain(identity.arn).collect();
    if principal.is_empty() {
        principal.extend(identity.invoked_by.or(identity.principal_id));
    }
    let names = principal.iter().chain(&key).chain(&call.error_code);
    if names.map(String::len).max() > Some(MAX_NAME) {
        return Err(InvalidEvent::NameTooLong);
    }
    Ok(What::Sign {
        key,
        principal,
        failure: call.error_code,
    })
}

/// The last part of a certificate's ARN is its serial number.
fn issue(call: Issue) -> Result<What, InvalidEvent> {
    if call.error_code.is_some() {
        return Ok(What::Other);
    }
    let arn = call.response_elements.and_then(|it| it.certificate_arn);
    let serial = arn
        .as_deref()
        .and_then(|arn| Some(arn.rsplit_once("/certificate/")?.1));
    let serial = serial.and_then(serial_number);
    Ok(What::Issued(serial.ok_or(InvalidEvent::NoCertificate)?))
}

fn revoke(call: Revoke) -> Result<What, InvalidEvent> {
    if call.error_code.is_some() {
        return Ok(What::Other);
    }
    let serial = call.request_parameters.and_then(|it| it.certificate_serial);
    let serial = serial.as_deref().and_then(serial_number);
    Ok(What::Revoked(serial.ok_or(InvalidEvent::NoCertificate)?))
}

/// Hexadecimal, with or without colons; without the zeros in front, which DER may add or leave out.
fn serial_number(text: &str) -> Option<Vec<u8>> {
    let digits = text.replace(':', "");
    let serial = hex::decode(&digits)
        .ok()
        .filter(|serial| (1..=21).contains(&serial.len()))?;
    Some(super::super::authority_events::without_zeros(&serial).to_vec())
}

fn time(text: &str) -> Result<OffsetDateTime, InvalidEvent> {
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidEvent::Time)?;
    let is_plausible = (FIRST_YEAR..=LAST_YEAR).contains(&time.year());
    is_plausible.then_some(time).ok_or(InvalidEvent::Time)
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let mut id = [0; 16];
    hex::decode_to_slice(text.replace('-', ""), &mut id).ok()?;
    Some(id)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;

    const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";

    fn sample() -> Value {
        json!({
            "eventVersion": "1.09",
            "userIdentity": {
                "type": "AssumedRole", "principalId": "AROAEXAMPLE:task-1",
                "arn": "arn:aws:sts::111122223333:assumed-role/issuer-task/task-1", "accountId": "111122223333",
                "sessionContext": { "sessionIssuer": { "type": "Role", "arn": "arn:aws:iam::111122223333:role/issuer-task" } }
            },
            "eventTime": "2026-03-07T22:36:44Z", "eventSource": "kms.amazonaws.com", "eventName": "Sign",
            "requestParameters": { "keyId": "alias/ds", "messageType": "DIGEST", "signingAlgorithm": "ECDSA_SHA_256" },
            "responseElements": null,
            "eventID": "107b3cac-b125-4556-9702-12a2b9afcff7", "readOnly": true,
            "resources": [{ "accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": KEY }],
        })
    }

    fn parse(event: &Value) -> Result<Event, InvalidEvent> {
        Event::parse(event.to_string().as_bytes())
    }

    #[test]
    fn a_signature_names_key_and_role() {
        let event = parse(&sample()).unwrap();
        assert_eq!(event.at, datetime!(2026-03-07 22:36:44 UTC));
        assert_eq!(event.id[..2], [0x10, 0x7b]);
        let What::Sign {
            key,
            principal,
            failure,
        } = event.what
        else {
            panic!("{event:?}");
        };
        assert_eq!(key.as_deref(), Some(KEY));
        assert_eq!(principal[0], "arn:aws:iam::111122223333:role/issuer-task");
        assert_eq!(
            principal[1],
            "arn:aws:sts::111122223333:assumed-role/issuer-task/task-1"
        );
        assert_eq!(failure, None);
    }

    #[test]
    fn a_failed_call_is_no_signature_and_needs_no_key() {
        let mut event = sample();
        event["errorCode"] = "AccessDenied".into();
        event["resources"] = Value::Null;
        event["requestParameters"] = Value::Null;
        let What::Sign { key, failure, .. } = parse(&event).unwrap().what else {
            panic!();
        };
        assert_eq!((key, failure.as_deref()), (None, Some("AccessDenied")));
        event["errorCode"] = Value::Null;
        assert!(matches!(parse(&event), Err(InvalidEvent::NoKey)));
    }

    #[test]
    fn each_thing_that_is_needed_is_needed() {
        for (member, wrong) in [
            ("eventTime", json!("yesterday")),
            ("eventTime", json!("1999-01-01T00:00:00Z")),
            ("eventTime", Value::Null),
            ("eventID", json!("107b3cac")),
            ("eventID", json!(7)),
            ("eventName", Value::Null),
            ("eventSource", json!([])),
            ("userIdentity", json!("me")),
            ("errorCode", json!({})),
            ("resources", json!([{ "ARN": 7 }])),
            (
                "resources",
                json!([{ "ARN": format!("arn:aws:kms:x:1:key/{}", "a".repeat(3000)) }]),
            ),
        ] {
            let mut event = sample();
            event[member] = wrong;
            assert!(parse(&event).is_err(), "{event}");
        }
        let twice = sample()
            .to_string()
            .replacen('{', "{\"eventName\":\"Verify\",", 1);
        assert!(Event::parse(twice.as_bytes()).is_err());
    }

    #[test]
    fn events_of_others_may_hold_anything() {
        let mut event = sample();
        event["eventName"] = "Decrypt".into();
        event["userIdentity"] = json!("somebody");
        event["resources"] = json!({});
        assert_eq!(parse(&event).unwrap().what, What::Other);
    }

    #[test]
    fn certificates_of_private_ca_are_known_by_their_serial_numbers() {
        let mut event = sample();
        event["eventSource"] = "acm-pca.amazonaws.com".into();
        event["eventName"] = "IssueCertificate".into();
        assert!(parse(&event).is_err());
        event["responseElements"] = json!({
            "certificateArn": "arn:aws:acm-pca:us-west-2:111122223333:certificate-authority/1/certificate/00e8cb"
        });
        assert_eq!(parse(&event).unwrap().what, What::Issued(vec![0xe8, 0xcb]));
        event["eventName"] = "RevokeCertificate".into();
        event["requestParameters"] = json!({ "certificateSerial": "e8:cb" });
        assert_eq!(parse(&event).unwrap().what, What::Revoked(vec![0xe8, 0xcb]));
        event["errorCode"] = "ThrottlingException".into();
        assert_eq!(parse(&event).unwrap().what, What::Other);
    }
}
