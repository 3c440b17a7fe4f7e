//! A topic of SNS: one message to everybody who subscribed to it.

use std::fmt;
use std::str::FromStr;

use reqwest::Method;
use url::{Url, form_urlencoded};

use crate::client::AwsAccess;
use crate::retry::CallError;
use crate::signed_request::{Request, SignedClient, host};

/// What SNS takes for a subject: ASCII, less than 100 characters (API reference, Publish).
const LONGEST_SUBJECT: usize = 99;

/// The ARN of a topic: `arn:PARTITION:sns:REGION:ACCOUNT:NAME`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct TopicArn(String);

/// Not the ARN of a topic.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is not the ARN of a topic, arn:PARTITION:sns:REGION:ACCOUNT:NAME")]
pub struct NotATopicArn(String);

impl TopicArn {
    fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }

    /// Whether it keeps the order of messages, and sends none twice.
    fn is_fifo(&self) -> bool {
        self.0.ends_with(".fifo")
    }
}

impl FromStr for TopicArn {
    type Err = NotATopicArn;

    fn from_str(text: &str) -> Result<Self, NotATopicArn> {
        let is_name = |part: &str| {
            let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !part.is_empty() && part.bytes().all(in_name)
        };
        let parts: Vec<&str> = text.split(':').collect();
        match &parts[..] {
            ["arn", partition, "sns", region, account, name]
                if [partition, region, account, name]
                    .iter()
                    .all(|part| is_name(part)) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(NotATopicArn(text.to_owned())),
        }
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A topic that messages are sent to.
#[derive(Clone, Debug)]
pub struct SnsTopic {
    client: SignedClient,
    arn: TopicArn,
    url: Url,
}

impl SnsTopic {
    /// The topic `arn`, in its Region. Nothing is asked of SNS yet.
    ///
    /// # Errors
    /// [`CallError::Request`] if there is no HTTP client, or the endpoint is no URL.
    pub fn new(access: &AwsAccess, arn: &TopicArn) -> Result<Self, CallError> {
        let impossible = |source: Box<dyn std::error::Error + Send + Sync>| CallError::Request {
            operation: "sns",
            source,
        };
        let url = access
            .endpoint_url("SNS")
            .unwrap_or_else(|| format!("https://{}", host("sns", arn.region())));
        let url = Url::parse(&url).map_err(|error| impossible(error.into()))?;
        let client = SignedClient::new(access, "sns", arn.region());
        Ok(Self {
            client: client.map_err(|error| impossible(error.into()))?,
            arn: arn.clone(),
            url,
        })
    }

    /// Sends a message. What of `subject` SNS does not take in e-mails is left out of it. `id` names the message: a
    /// topic that keeps the order sends one of an id within five minutes once.
    ///
    /// # Errors
    /// [`CallError`]. After one that is no answer it may have been sent all the same.
    pub async fn publish(&self, subject: &str, message: &str, id: &str) -> Result<(), CallError> {
        let request = Request {
            method: Method::POST,
            url: self.url.clone(),
            headers: vec![(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
            )],
            body: self.form(subject, message, id).into_bytes(),
            max_answer: 64 << 10,
        };
        let sent = self.client.send("sns:Publish", &self.arn.0, &request);
        sent.await.map(|_| ())
    }

    fn form(&self, subject: &str, message: &str, id: &str) -> String {
        let is_fit = |character: &char| character.is_ascii_graphic() || *character == ' ';
        let subject: String = subject
            .chars()
            .filter(is_fit)
            .take(LONGEST_SUBJECT)
            .collect();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", "Publish")
            .append_pair("Version", "2010-03-31")
            .append_pair("TopicArn", &self.arn.0)
            .append_pair("Message", message);
        if !subject.trim().is_empty() {
            form.append_pair("Subject", subject.trim_start());
        }
        if self.arn.is_fifo() {
            form.append_pair("MessageGroupId", "mdl")
                .append_pair("MessageDeduplicationId", id);
        }
        form.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_named_by_its_arn() {
        let arn: TopicArn = "arn:aws:sns:eu-central-1:111122223333:alarms.fifo"
            .parse()
            .expect("an ARN");
        assert_eq!((arn.region(), arn.is_fifo()), ("eu-central-1", true));
        for wrong in [
            "alarms",
            "arn:aws:sqs:eu-central-1:111122223333:alarms",
            "arn:aws:sns:eu-central-1:111122223333:",
            "arn:aws:sns:eu-central-1:111122223333:alarms:subscription",
            "arn:aws:sns::111122223333:alarms",
        ] {
            assert!(wrong.parse::<TopicArn>().is_err(), "{wrong}");
        }
    }
}
