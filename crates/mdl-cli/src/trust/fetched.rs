//! Evidence about revocation that was fetched.

use mdl_fetch::{FetchOptions, Fetcher};
use mdl_reader::NeededEvidence;

use super::{TrustFinding, with_causes};
use crate::failure::{Failure, Result};
use crate::runtime::wait_for;

/// What came, and what did not.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    pub(crate) crls: Vec<Vec<u8>>,
    pub(crate) ocsp_responses: Vec<Vec<u8>>,
    pub(crate) status_tokens: Vec<Vec<u8>>,
    pub(crate) findings: Vec<TrustFinding>,
}

/// Fetches what is needed. What does not come is a finding: the report says what follows from its lack.
///
/// # Errors
/// Exit code 3 if there is no network to use at all.
pub(crate) fn fetch(needed: &[NeededEvidence], allow_private: bool) -> Result<Fetched> {
    let mut fetched = Fetched::default();
    if needed.is_empty() {
        return Ok(fetched);
    }
    let options = FetchOptions {
        allow_private_addresses: allow_private,
        ..FetchOptions::default()
    };
    let fetcher =
        Fetcher::new(&options).map_err(|error| Failure::outside("no network").because(&error))?;
    for (evidence, result) in wait_for(fetcher.fetch_all(needed))? {
        match (&evidence, result) {
            (NeededEvidence::Crl { .. }, Ok(bytes)) => fetched.crls.push(bytes),
            (NeededEvidence::OcspResponse { .. }, Ok(bytes)) => fetched.ocsp_responses.push(bytes),
            (_, Ok(bytes)) => fetched.status_tokens.push(bytes),
            (_, Err(error)) => {
                let (name, uri) = (evidence.name(), evidence.uri());
                let why = format!("{name} {uri}: {}", with_causes(&error));
                fetched.findings.push(TrustFinding::warning("fetch", why));
            }
        }
    }
    Ok(fetched)
}
