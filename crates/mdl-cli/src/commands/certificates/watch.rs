use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::InventoryOptions;
use crate::Exit;
use crate::authority::Place;
use crate::failure::{Failure, Result};
use crate::files::lock_folder_of;
use crate::inventory::duration;
use crate::output::{Output, remark};
use crate::watch::{Look, ReceiverOptions, Told, tell};

/// Tell somebody of each alarm, once at each level: a webhook, a topic of SNS
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl certificates watch --once --config issuer.toml --state told.json \\
      --webhook https://alarms.example/mdl --webhook-secret-file webhook.hex

The alarms are those of `mdl certificates list`. Each is told when it appears and again when its level falls: at 45, 30, \
14, 7 and 1 days, and when it is too late. What was told stands in the file of --state; an alarm that could not be \
delivered is told at the next look. A message is JSON, signed as Standard Webhooks have it (webhook-id, \
webhook-timestamp, webhook-signature); one that arrives twice has the same id. Exit code 0 also when there are alarms; 3 \
when somebody could not be told.")]
pub(crate) struct Watch {
    #[command(flatten)]
    inventory: InventoryOptions,
    /// File, or s3://BUCKET/KEY, that keeps what has been told
    #[arg(long, value_name = "PLACE")]
    state: Place,
    #[command(flatten)]
    receivers: ReceiverOptions,
    /// Look once and end, for a timer
    #[arg(long)]
    once: bool,
    /// How often to look otherwise, such as 30min, 12h or 1d
    #[arg(long, value_name = "TIME", default_value = "1h", conflicts_with = "once", value_parser = parse_interval)]
    every: Duration,
    #[command(flatten)]
    output: Output,
}

impl Watch {
    pub(super) fn run(&self) -> Result<Exit> {
        if self.once {
            let look = self.look()?;
            let exit = look.failures.first().map_or(Exit::Good, Failure::exit);
            self.report(&look)?;
            return Ok(exit);
        }
        if self.inventory.is_of_a_fixed_time() {
            return Err(Failure::usage("--at is for one look").hint("add --once"));
        }
        // What is wrong from the beginning ends the command; what goes wrong later is told and tried again.
        self.report(&self.look()?)?;
        loop {
            sleep(self.every);
            match self.look() {
                Ok(look) => self.report(&look)?,
                Err(failure) => remark(&failure),
            }
        }
    }

    fn look(&self) -> Result<Look> {
        let receivers = self.receivers.receivers()?;
        if !self.state.is_for_one() {
            return Err(Failure::usage("--state names a folder").hint("name a file in it"));
        }
        // Two looks at once would tell everything twice. An object of S3 refuses the second writer.
        let _lock = match &self.state {
            Place::Path(path) => lock_folder_of(path)?,
            #[cfg(feature = "aws")]
            Place::S3(_) => None,
        };
        let mut told = Told::open(&self.state)?;
        let inventory = self.inventory.read()?;
        tell(&inventory, &receivers, &mut told)
    }

    fn report(&self, look: &Look) -> Result<()> {
        for failure in &look.failures {
            remark(failure);
        }
        self.output.result(
            || {
                let lines = look.told.iter().map(|(receiver, notice)| {
                    let text = notice["text"].as_str().unwrap_or_default();
                    let text = crate::verification_report::shown(text);
                    format!("level {}: {text} (told {receiver})\n", notice["level"])
                });
                let lines: String = lines.collect();
                format!(
                    "{lines}{} alarms, {} told now",
                    look.alarms,
                    look.told.len()
                )
            },
            || {
                let told = look.told.iter().map(|(receiver, notice)| {
                    let mut notice = notice.clone();
                    notice["receiver"] = json!(receiver);
                    notice
                });
                json!({
                    "alarms": look.alarms,
                    "told": told.collect::<Vec<Value>>(),
                    "failed": look.failures.len(),
                })
            },
        )
    }
}

fn parse_interval(text: &str) -> std::result::Result<Duration, String> {
    duration(text)
        .and_then(|interval| Duration::try_from(interval).ok())
        .filter(|interval| {
            (Duration::from_secs(10)..=Duration::from_secs(86_400)).contains(interval)
        })
        .ok_or_else(|| "expected 10s to 1d, such as 30min or 12h".to_owned())
}
