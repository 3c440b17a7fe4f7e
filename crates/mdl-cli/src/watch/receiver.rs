//! Who is told: standard output, a webhook, a topic of SNS.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use mdl_crypto::HashAlgorithm;
use mdl_issuer::webhook::{Webhook, WebhookSecret, WebhookSettings};
#[cfg(feature = "aws")]
use mdl_signer_aws::{SnsTopic, TopicArn};
use serde_json::json;
use time::OffsetDateTime;
use url::Url;
use zeroize::Zeroizing;

use super::Notice;
use crate::failure::{Failure, Result};
use crate::input;
use crate::runtime::wait_for;
use crate::verification_report::rfc3339;

/// Who is to be told; nobody but whoever reads standard output without any.
#[derive(Args, Debug)]
pub(crate) struct ReceiverOptions {
    /// Tell a webhook: an https address, to which each alarm is posted as JSON
    #[arg(long, value_name = "URL", requires = "webhook_secret_file")]
    webhook: Option<Url>,
    /// File with the secret that messages are signed with: 24 to 64 bytes in hexadecimal, or in base64 after whsec_
    #[arg(long, value_name = "FILE", requires = "webhook")]
    webhook_secret_file: Option<PathBuf>,
    /// Roots that the certificate of the webhook may end in, PEM [default: those of the system]
    #[arg(long, value_name = "FILE", requires = "webhook")]
    webhook_roots: Option<PathBuf>,
    /// Let the webhook be at a private, local or reserved address
    #[arg(long, requires = "webhook")]
    webhook_allow_private: bool,
    /// Tell a topic of AWS SNS, by its ARN
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "ARN")]
    sns: Option<TopicArn>,
}

/// Somebody who is told.
#[derive(Debug)]
pub(crate) struct Receiver {
    name: String,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// The result of the command.
    Output,
    Webhook(Webhook),
    #[cfg(feature = "aws")]
    Sns(Box<SnsTopic>),
}

impl ReceiverOptions {
    /// # Errors
    /// Exit code 2 if an address, a secret or a certificate is none.
    pub(crate) fn receivers(&self) -> Result<Vec<Receiver>> {
        let mut receivers = Vec::new();
        if let (Some(url), Some(secret)) = (&self.webhook, &self.webhook_secret_file) {
            receivers.push(self.of_webhook(url, secret)?);
        }
        #[cfg(feature = "aws")]
        if let Some(arn) = &self.sns {
            let access = crate::authority::aws_access()?;
            let topic = SnsTopic::new(&access, arn)
                .map_err(|error| Failure::usage("SNS cannot be asked").because(&error))?;
            receivers.push(Receiver {
                name: arn.to_string(),
                way: Way::Sns(Box::new(topic)),
            });
        }
        if receivers.is_empty() {
            receivers.push(Receiver {
                name: "output".to_owned(),
                way: Way::Output,
            });
        }
        Ok(receivers)
    }

    fn of_webhook(&self, url: &Url, secret: &std::path::Path) -> Result<Receiver> {
        let content = Zeroizing::new(input::read_at_most(secret, 4096)?);
        let line = std::str::from_utf8(&content).unwrap_or_default();
        let key = WebhookSecret::from_str(line.lines().next().unwrap_or_default().trim());
        let key = key.map_err(|error| {
            Failure::usage(format!("{}: not a secret", secret.display())).because(&error)
        })?;
        let roots = self.webhook_roots.as_deref();
        let settings = WebhookSettings {
            url: url.clone(),
            secret: key,
            trusted_roots: roots.map(input::read).transpose()?,
            allow_private_addresses: self.webhook_allow_private,
        };
        let webhook = Webhook::new(settings)
            .map_err(|error| Failure::usage("the webhook cannot be used").because(&error))?;
        // Not the address itself: with some services, whoever has it may write.
        let digest = HashAlgorithm::Sha256.digest(url.as_str().as_bytes());
        let digest = hex::encode(digest.as_ref());
        Ok(Receiver {
            name: format!("webhook {}", digest.get(..16).unwrap_or(&digest)),
            way: Way::Webhook(webhook),
        })
    }
}

impl Receiver {
    /// How the file of what was told names it, and people read it. Holds no secret.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// # Errors
    /// Exit code 3 if it may go better later, 2 otherwise.
    pub(super) fn tell(&self, notice: &Notice, at: OffsetDateTime) -> Result<()> {
        let failed = |may_pass: bool, error: &dyn std::error::Error| {
            let what = format!("{} was not told", self.name);
            match may_pass {
                true => Failure::outside(what).because(error),
                false => Failure::usage(what).because(error),
            }
        };
        let message = json!({
            "type": "certificate.alarm",
            "timestamp": rfc3339(at),
            "data": notice.to_json(),
        });
        match &self.way {
            Way::Output => Ok(()),
            Way::Webhook(webhook) => {
                let body = message.to_string();
                // Receivers hold it against their own clock, whatever time the alarm was computed for.
                let now = OffsetDateTime::now_utc();
                wait_for(webhook.send(&notice.id(), now, body.as_bytes()))?
                    .map_err(|error| failed(error.may_pass(), &error))
            }
            #[cfg(feature = "aws")]
            Way::Sns(topic) => {
                let subject = format!("mdl: {}", notice.text());
                let body = format!("{message:#}");
                wait_for(topic.publish(&subject, &body, &notice.id()))?
                    .map_err(|error| failed(error.may_pass(), &error))
            }
        }
    }
}
