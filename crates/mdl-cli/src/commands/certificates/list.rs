use clap::Args;

use super::InventoryOptions;
use crate::Exit;
use crate::failure::Result;
use crate::output::Output;

/// List every certificate: purpose, days left, what it signs, where it is published
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl certificates list --config issuer.toml --authority mdl-authority --json

Exit code 1 when something needs attention: a certificate that ends within --warn-days, or a document signer that stops \
signing by then, without a successor; a root without a CRL, or whose next CRL is due; a file that cannot be read. The \
level of an alarm is the smallest of 45, 30, 14, 7 and 1 days that has been reached, and 0 when it is too late.")]
pub(crate) struct List {
    #[command(flatten)]
    inventory: InventoryOptions,
    #[command(flatten)]
    output: Output,
}

impl List {
    pub(super) fn run(&self) -> Result<Exit> {
        let inventory = self.inventory.read()?;
        self.output
            .result(|| inventory.to_text(), || inventory.to_json())?;
        Ok(match inventory.alarms() {
            0 => Exit::Good,
            _ => Exit::No,
        })
    }
}
