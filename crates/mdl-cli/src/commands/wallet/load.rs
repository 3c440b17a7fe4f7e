use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_wallet::load::{LoadPlan, LoadReport, run};
use rand_core::Rng;
use serde_json::{Value, json};
use url::Url;

use super::{Network, first_line};
use crate::Exit;
use crate::commands::runtime;
use crate::failure::{Failure, Result};
use crate::input;
use crate::output::Output;
use crate::randomness::generator;

/// Latencies that are reported, in percent.
const PERCENTILES: [u32; 5] = [50, 90, 95, 99, 100];

/// Measure a service on this machine: many wallets that collect batches at once
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl wallet load --internal http://127.0.0.1:8081 --tenant demo \\
      --token-file token --subjects subjects.txt --batch 10 --seconds 30

Makes offers through the internal listener and collects each as a wallet does. Prints documents per second, the time \
from reading an offer to its notification, and failures by the server's error code. Exit code 1 if anything failed. \
All wallets come from one address: raise [public.rate_limit] and documents_per_subject_and_day of the service first, \
or most will be turned away. They take their share of the processor, so read the numbers with that in mind.")]
pub(crate) struct Load {
    /// Address of the service's internal listener, on this machine
    #[arg(long, value_name = "URL")]
    internal: Url,
    /// File whose first line is a token for it
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// The tenant's short name
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// File with subject references, one in a line, which get batches in turn
    #[arg(long, value_name = "FILE")]
    subjects: PathBuf,
    /// Configuration to ask for
    #[arg(long, value_name = "ID", default_value = MDL_DOC_TYPE)]
    configuration: String,
    /// Licences in a batch
    #[arg(long, value_name = "N", default_value_t = 10)]
    batch: usize,
    /// Wallets at once
    #[arg(long, value_name = "N", default_value_t = 8)]
    concurrency: usize,
    /// After how many seconds no batch is started any more
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u64,
    /// After how many batches no further one is started
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    most: u64,
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    output: Output,
}

impl Load {
    pub(crate) fn run(&self) -> Result<Exit> {
        let subjects = input::read(&self.subjects)?;
        let subjects = String::from_utf8(subjects).map_err(|error| {
            let what = format!("{}: expected text", self.subjects.display());
            Failure::usage(what).because(&error)
        })?;
        let plan = LoadPlan {
            internal: self.internal.clone(),
            token: first_line(&self.token_file)?,
            tenant: self.tenant.clone(),
            subjects: subjects
                .lines()
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
            configuration_id: self.configuration.clone(),
            batch: self.batch,
            concurrency: self.concurrency,
            duration: Duration::from_secs(self.seconds),
            most: self.most,
        };
        let mut seed = [0; 32];
        generator(None, "load")?.fill_bytes(&mut seed);
        let connection = self.network.connection()?;
        let report = runtime()?.block_on(run(plan, connection, seed));
        let report = report.map_err(|error| Failure::usage("no load was made").because(&error))?;
        self.output.result(|| text(&report), || to_json(&report))?;
        Ok(match report.failures.is_empty() && report.batches > 0 {
            true => Exit::Good,
            false => Exit::No,
        })
    }
}

fn text(report: &LoadReport) -> String {
    let mut text = format!(
        "{:.0} licences per second: {} in {} batches in {:.1} s, {} requests sent again\n",
        report.documents_per_second(),
        report.documents,
        report.batches,
        report.elapsed.as_secs_f64(),
        report.repeated,
    );
    for (percent, latency) in latencies(report) {
        text.push_str(&format!("  {percent:3} % within {latency:.1} ms\n"));
    }
    for (name, count) in &report.failures {
        text.push_str(&format!("  {count} failures: {name}\n"));
    }
    text
}

fn to_json(report: &LoadReport) -> Value {
    let latencies =
        latencies(report).map(|(percent, latency)| (percent.to_string(), json!(latency)));
    json!({
        "documents_per_second": report.documents_per_second(),
        "documents": report.documents,
        "batches": report.batches,
        "seconds": report.elapsed.as_secs_f64(),
        "repeated": report.repeated,
        "milliseconds": latencies.collect::<serde_json::Map<_, _>>(),
        "failures": report.failures,
    })
}

/// Percentiles in milliseconds.
fn latencies(report: &LoadReport) -> impl Iterator<Item = (u32, f64)> {
    PERCENTILES.into_iter().filter_map(|percent| {
        let latency = report.latency(percent)?;
        Some((percent, latency.as_secs_f64() * 1000.0))
    })
}
