//! Keys in AWS KMS: signatures, new keys, and data keys for what is kept encrypted.

mod create;
mod data_key;
mod key_arn;
mod signer;

pub use create::{CreateKeyError, create_key};
pub use data_key::{DataKeyError, KmsDataKeys};
pub use key_arn::{KeyArn, NotAKeyArn};
pub use signer::{KmsKeyError, KmsSignError, KmsSigner};
