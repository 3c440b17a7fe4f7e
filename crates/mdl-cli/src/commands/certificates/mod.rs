//! The certificates of an authority or service: what there is, what ends soon, whether all is as it should be.

mod list;
mod report;
mod watch;

use clap::{Args, Subcommand};
use time::OffsetDateTime;

use crate::Exit;
use crate::failure::Result;
use crate::input::{parse_time, time_or_now};
use crate::inventory::{AlarmRule, Inventory, SourceOptions, read_sources};

/// Every certificate of an authority or service
#[derive(Debug, Subcommand)]
pub(crate) enum Certificates {
    List(list::List),
    Report(report::ReportCommand),
    Watch(Box<watch::Watch>),
}

impl Certificates {
    pub(crate) fn run(&self) -> Result<Exit> {
        match self {
            Self::List(list) => list.run(),
            Self::Report(report) => report.run(),
            Self::Watch(watch) => watch.run(),
        }
    }
}

/// Which certificates, and when to worry.
#[derive(Args, Debug)]
struct InventoryOptions {
    #[command(flatten)]
    sources: SourceOptions,
    /// Raise an alarm so many days before a certificate ends, or stops signing, without a successor
    #[arg(long, value_name = "DAYS", default_value_t = 45)]
    warn_days: u32,
    /// Raise an alarm so many days before the next CRL is due
    #[arg(long, value_name = "DAYS", default_value_t = 5)]
    warn_crl_days: u32,
    /// The time to judge at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
}

impl InventoryOptions {
    /// Whether somebody gave a time: then it does not pass.
    fn is_of_a_fixed_time(&self) -> bool {
        self.at.is_some()
    }

    fn read(&self) -> Result<Inventory> {
        let rule = AlarmRule {
            certificate_days: self.warn_days,
            crl_days: self.warn_crl_days,
        };
        let at = time_or_now(self.at);
        Ok(Inventory::new(read_sources(&self.sources, at)?, at, rule))
    }
}
