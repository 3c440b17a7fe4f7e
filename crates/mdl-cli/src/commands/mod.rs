//! One file per command: what it takes, what it does, what it prints.

pub(crate) mod ceremony;
pub(crate) mod certificates;
pub(crate) mod checks;
pub(crate) mod completions;
pub(crate) mod crl;
pub(crate) mod demo;
pub(crate) mod ds;
pub(crate) mod health;
pub(crate) mod iaca;
mod iaca_renewal;
pub(crate) mod inspect;
pub(crate) mod issue;
pub(crate) mod key;
pub(crate) mod ledger;
pub(crate) mod lint;
pub(crate) mod man;
pub(crate) mod present;
#[cfg(feature = "aws")]
pub(crate) mod private_ca;
pub(crate) mod reader;
pub(crate) mod serve;
pub(crate) mod status_signer;
pub(crate) mod trust;
pub(crate) mod vectors;
pub(crate) mod verify;
pub(crate) mod wallet;

use crate::failure::{Failure, Result};

/// What runs the commands that wait for a network or a database.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::outside("no threads for the network").because(&error))
}
