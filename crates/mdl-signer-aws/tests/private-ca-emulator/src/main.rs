//! Runs the emulator by itself, for walk-throughs and for trying the `mdl` command without an account.

use std::net::SocketAddr;

use clap::Parser;
use private_ca_emulator::{Emulator, Settings};

/// AWS Private CA as its documentation describes it, in memory, for tests only
#[derive(Debug, Parser)]
struct Options {
    /// Where to listen; port 0 takes any, and the first line of output says which
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Region in ARNs
    #[arg(long, default_value = "us-west-2")]
    region: String,
    /// Extension, in dotted form, that certificates lack whatever was asked for; may be repeated
    #[arg(long)]
    leave_out: Vec<String>,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let settings = Settings {
        listen: options.listen,
        region: options.region,
        leave_out: options.leave_out,
        ..Settings::default()
    };
    let emulator = Emulator::start(settings).await?;
    println!("{}", emulator.url());
    // Until the process is ended.
    std::future::pending().await
}
