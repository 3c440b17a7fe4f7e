//! Keys in AWS KMS: signatures, and new keys.

mod create;
mod key_arn;
mod signer;

pub use create::{CreateKeyError, create_key};
pub use key_arn::{KeyArn, NotAKeyArn};
pub use signer::{KmsKeyError, KmsSignError, KmsSigner};
