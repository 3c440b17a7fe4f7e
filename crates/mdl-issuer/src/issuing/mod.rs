//! From a credential request to a batch of signed documents.
//!
//! [`Service::issue`](crate::service::Service::issue) reserves, fetches the record, holds it against the element gate,
//! builds one document per device key, has each signed through the document signer's guard, writes the ledger, and only
//! then gives the documents out. ISO/IEC 18013-5, 9.1.2; OpenID4VCI, 8.
//!
//! What is easy to get wrong: a wallet repeats a request whose answer it never saw. Everything that makes a batch what
//! it is therefore comes from the row that the first request reserved; the second finds it and gets the same documents.

mod batch;
mod device_keys;
mod document_signer;
mod issue;
mod licence_end;
mod original;
mod plain_cbor;
mod reason;
mod refusal;
mod request;
mod strict_reader;
mod validity;

pub use batch::{Batch, SignBatchError, UnsignedBatch};
pub use refusal::IssueError;
pub use request::{IssueRequest, IssuedBatch};
pub use strict_reader::StrictReader;
