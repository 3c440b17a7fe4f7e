//! Running the service: what stands between a socket and a handler, and what an operator sees of it.
//!
//! Nothing here writes a header, body, query string or full path to a log or a metric: paths of offers and query
//! strings are secrets of the person they were made for. Endpoints are named by their route.

pub(crate) mod admission;
pub(crate) mod authority_files;
pub(crate) mod client_certificate;
pub(crate) mod connection_limit;
pub(crate) mod expiry;
pub(crate) mod jobs;
pub mod logs;
pub mod metrics;
pub mod observe;
pub mod problem;
pub mod rate_limit;
pub mod readiness;
pub mod request_id;
pub mod tls;
pub mod traces;
