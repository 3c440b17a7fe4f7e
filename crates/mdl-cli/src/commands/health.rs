use std::time::Duration;

use clap::Args;
use mdl_issuer::operations::tls::install_provider;
use url::{Host, Url};

use crate::Exit;
use crate::failure::{Failure, Result};
use crate::output::print;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// Ask a running service whether it is alive or ready, for health checks of containers
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl health http://127.0.0.1:8080/readyz

Exit code 0 for yes, 1 for no, 3 for no answer. /healthz says whether the process lives, /readyz whether it can issue. \
On a loopback address the certificate is not checked: nothing is sent and the answer is yes or no.")]
pub(crate) struct Health {
    /// Address to ask
    #[arg(value_name = "URL", default_value = "https://127.0.0.1:8443/healthz")]
    url: Url,
}

impl Health {
    pub(crate) fn run(&self) -> Result<Exit> {
        install_provider();
        let is_loopback = match self.url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        let no_answer = |error: &dyn std::error::Error| {
            Failure::outside(format!("no answer from {}", self.url)).because(error)
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| no_answer(&error))?;
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .tls_danger_accept_invalid_certs(is_loopback)
            .build()
            .map_err(|error| no_answer(&error))?;
        let asked = runtime.block_on(async { client.get(self.url.clone()).send().await });
        let status = asked.map_err(|error| no_answer(&error))?.status();
        print(status)?;
        Ok(if status.is_success() {
            Exit::Good
        } else {
            Exit::No
        })
    }
}
