//! A reference wallet: it collects mobile driving licences from an issuing service and presents them. **Not for
//! production**: keys lie in files, and there is no wallet attestation.
//!
//! It exists so that the service has a counterpart that is strict about what it receives: for tests, the demonstration
//! and load. It shares no code with the service beyond cryptography and the document format.
//!
//! ```no_run
//! use mdl_wallet::collection::{CollectError, Collector, Order};
//! use mdl_wallet::connection::{Connection, ConnectionOptions};
//! use mdl_wallet::offer::OfferLink;
//!
//! # async fn collect() -> Result<(), Box<dyn std::error::Error>> {
//! let connection = Connection::new(&ConnectionOptions::default())?;
//! let mut collector = Collector::new(connection, [7; 32]); // random bytes in earnest
//! let link: OfferLink = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.example%2Fo".parse()?;
//! let offer = collector.read_offer(&link).await?;
//! let batch = collector.collect(&offer, &Order::batch_of(10)).await?;
//! println!("{} licences", batch.documents.len());
//! # Ok(())
//! # }
//! ```
//!
//! | Module | holds |
//! |---|---|
//! | [`offer`] | credential offers and the links they come in (OpenID4VCI, 4) |
//! | [`metadata`] | what issuer and authorization server say of themselves, and whether they may (12) |
//! | [`connection`] | HTTP: TLS roots, limits, errors with the server's code |
//! | [`dpop`], [`proof`] | proofs of possession: of the token's key (RFC 9449), of the device keys (appendix F.1) |
//! | [`collection`] | from an offer to a checked batch |
//! | [`document`] | what a wallet checks of a document before it keeps it |
//! | [`folder`], [`unfinished`] | keys and documents on disk, and what outlives a crash between request and answer |
//! | [`proximity`] | the holder's end of an encrypted session |
//! | [`inquiry`], [`reader_authentication`] | what a reader asks for and who it is; a response with what the person agrees to |
//! | [`presentation`] | a `DeviceResponse` for one session |
//! | [`status_list`] | what readers will learn of a document |
//! | [`loopback`] | Bluetooth Low Energy without the radio, for tests and the demonstration |
//! | [`load`] | many wallets at once, to measure a service |
//!
//! Not here: the authorization code flow, deferred issuance, encrypted responses.

pub mod collection;
pub mod connection;
pub mod document;
pub mod dpop;
pub mod folder;
pub mod inquiry;
pub mod load;
pub mod loopback;
pub mod metadata;
pub mod offer;
pub mod presentation;
pub mod proof;
pub mod proximity;
pub mod reader_authentication;
pub mod status_list;
pub mod unfinished;

mod collect_error;
mod json_member;
mod repetition;
