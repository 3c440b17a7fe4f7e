use std::path::PathBuf;

use clap::Args;

use super::InventoryOptions;
use crate::Exit;
use crate::commands::ledger::open_any;
use crate::commands::runtime;
use crate::compliance::{Compliance, LedgerState};
use crate::failure::Result;
use crate::files::{self, Readers, or_force, refuse_existing};
use crate::output::Output;

/// Check everything again and report it: certificates and CRLs by the profiles, alarms, the ledger
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl certificates report --config issuer.toml --ledger issuer.toml \\
      --html report.html --json > report.json

Every certificate and current CRL is linted again, with the certificate that issued it where that is here. With \
--ledger the ledger is verified, and each certificate's signatures are counted in it, and those outside of its time. \
Exit code 1 when there is an error-level finding, an alarm, or a fault of the ledger. The HTML file holds everything it \
needs, and no script.")]
pub(crate) struct ReportCommand {
    #[command(flatten)]
    inventory: InventoryOptions,
    /// The ledger: the service's configuration, its SQLite database, or what `mdl ledger export` wrote
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Write the report as a page of HTML, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Overwrite the page
    #[arg(long, requires = "html")]
    force: bool,
    #[command(flatten)]
    output: Output,
}

impl ReportCommand {
    pub(super) fn run(&self) -> Result<Exit> {
        if let Some(path) = &self.html {
            refuse_existing(path, self.force).map_err(or_force)?;
        }
        let inventory = self.inventory.read()?;
        let ledger = match &self.ledger {
            None => None,
            Some(path) => {
                let read = async { LedgerState::read(open_any(path).await?, &inventory).await };
                Some(runtime()?.block_on(read)?)
            }
        };
        let report = Compliance::new(inventory, ledger);
        if let Some(path) = &self.html {
            files::write(
                path,
                report.to_html().as_bytes(),
                Readers::Everyone,
                self.force,
            )
            .map_err(or_force)?;
        }
        self.output
            .result(|| report.to_text(), || report.to_json())?;
        Ok(if report.is_compliant() {
            Exit::Good
        } else {
            Exit::No
        })
    }
}
