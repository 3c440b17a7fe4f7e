//! Gets the revocation evidence that a verification still needs: CRLs, OCSP responses, status tokens.
//!
//! `mdl-reader` opens no connection: its report names what it [needs](mdl_reader::Report::needed), and takes bytes. This
//! crate is the optional half with a network. What it brings is judged by the reader like a file that somebody handed
//! in, so nothing here looks at content; what matters here is where connections go, and what they may cost. The URIs
//! come out of documents and certificates, so whoever issues one decides where this machine connects to: only to
//! [public addresses](address), unless told otherwise.
//!
//! ```no_run
//! # async fn example(report: mdl_reader::Report<'_>) -> Result<(), mdl_fetch::NoClient> {
//! let fetcher = mdl_fetch::Fetcher::new(&mdl_fetch::FetchOptions::default())?;
//! for (needed, fetched) in fetcher.fetch_all(&report.needed()).await {
//!     match fetched {
//!         Ok(bytes) => println!("{} of {}: {} bytes", needed.name(), needed.uri(), bytes.len()),
//!         Err(error) => println!("{} of {}: {error}", needed.name(), needed.uri()),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A fetch tells a host that somebody is being checked now. Readers that fetch ahead of time, or carry a
//! [trust bundle](mdl_reader::trust_bundle), tell nobody.

pub mod address;
mod fetcher;

pub use fetcher::{FetchError, FetchOptions, Fetcher, NoClient};
