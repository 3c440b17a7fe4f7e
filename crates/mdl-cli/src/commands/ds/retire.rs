use clap::Args;
use serde_json::json;
use time::OffsetDateTime;

use crate::Exit;
use crate::authority::{AuthorityOptions, SignerName};
use crate::failure::Result;
use crate::input::{parse_time, time_or_now};
use crate::output::Output;

/// Have a document signer sign no more, although nothing is wrong with it
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl ds retire ds-2026 --reason 'the token is being replaced'

What it has signed stays good: its certificate is not revoked. A service whose configuration names the folder of document \
signers leaves it out within seconds. There must be another one that signs (`mdl ds list`, `mdl ds rotate`). For a key \
that may be in other hands, see `mdl ds compromise`.")]
pub(crate) struct Retire {
    /// Which
    #[arg(value_name = "NAME")]
    name: SignerName,
    /// Why, for whoever asks later
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    authority: AuthorityOptions,
    /// The time to work at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    output: Output,
}

impl Retire {
    pub(super) fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder();
        let is_new =
            folder.retire_document_signer(&self.name, time_or_now(self.at), &self.reason)?;
        let text = match is_new {
            true => format!("retired {}", self.name),
            false => format!("{} was retired before", self.name),
        };
        self.output.result(
            || text,
            || json!({ "name": self.name.to_string(), "retired_now": is_new }),
        )?;
        Ok(Exit::Good)
    }
}
