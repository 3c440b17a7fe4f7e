//! The reader's side: a certificate, requests, and a session with a holder's device.

mod ask;
mod issue;
mod request;

use clap::Subcommand;

use crate::Exit;
use crate::failure::Result;

/// Readers: ask for licences, with or without a certificate that says who asks
#[derive(Debug, Subcommand)]
pub(crate) enum Reader {
    Issue(Box<issue::Issue>),
    Request(Box<request::Request>),
    Ask(Box<ask::Ask>),
}

impl Reader {
    pub(crate) fn run(&self) -> Result<Exit> {
        match self {
            Self::Issue(issue) => issue.run(),
            Self::Request(request) => request.run(),
            Self::Ask(ask) => ask.run(),
        }
    }
}
