//! The issuing service: what an authority runs so that wallets collect mobile driving licences.
//!
//! OpenID for Verifiable Credential Issuance 1.0 with the `mso_mdoc` format (ISO/IEC 18013-5), token status lists, a
//! ledger of every signature, on SQLite or PostgreSQL. [`Service`](service::Service) ties the parts together; the
//! `mdl serve` command runs it.
//!
//! | Module | holds |
//! |---|---|
//! | [`tenant`] | one credential issuer: identifier, keys, policies |
//! | [`record`] | where data elements come from |
//! | [`issuing`] | from a record and device keys to signed documents |
//! | [`compromise`] | what follows when a document signer's key may be in other hands |
//! | [`status`] | status list allocation, tokens, publication |
//! | [`store`] | what must survive a crash |
//! | [`seal`], [`subject`] | personal data at rest; who an offer is for |
//! | [`dual_control`] | what needs a second operator |
//! | [`key_store`] | keys by their URI: files, PKCS#11 tokens, AWS KMS |
//! | [`ledger`] | one entry per signature, hash-chained |
//! | [`openid4vci`] | the protocol, without HTTP |
//! | [`http`] | the two listeners |
//! | [`webhook`] | telling a program elsewhere that something happened |
//! | [`config`], [`operations`] | one file of settings; TLS, limits, metrics, logs, readiness |
//!
//! Not here: the authorization code flow, wallet attestation, deferred issuance and encryption of responses.

pub mod clock;
pub mod compromise;
pub mod config;
pub mod dual_control;
pub mod http;
pub mod issuing;
pub mod key_store;
pub mod ledger;
pub mod openid4vci;
pub mod operations;
pub mod record;
pub mod seal;
pub mod secret;
pub mod serve;
pub mod service;
pub mod status;
pub mod store;
pub mod subject;
pub mod tenant;
pub mod webhook;
