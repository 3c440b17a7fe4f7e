//! Keys in AWS KMS, and AWS Private CA as certificate authority.
//!
//! | To | use |
//! |---|---|
//! | reach AWS | [`AwsSettings`], [`AwsAccess`] |
//! | sign with a key in KMS | [`KmsSigner`] |
//! | make such a key | [`create_key`] |
//! | have a root, document signers and CRLs from Private CA | [`private_ca`] |
//! | encrypt what is stored, under data keys of KMS | [`KmsDataKeys`] |
//! | publish a file in S3, such as a CRL | [`S3Object`] |
//! | tell people something, through a topic of SNS | [`SnsTopic`] |
//!
//! KMS holds keys on P-256, P-384 and P-521 that ISO/IEC 18013-5 can use. brainpool is not among its curves, and Ed25519
//! is signed there only as a whole message of at most 4,096 bytes, which a mobile security object may exceed.

mod client;
mod kms;
pub mod private_ca;
mod retry;
mod s3;
mod signed_request;
mod sns;

pub use client::{AwsAccess, AwsSettings};
pub use kms::{
    CreateKeyError, DataKeyError, KeyArn, KmsDataKeys, KmsKeyError, KmsSignError, KmsSigner,
    NotAKeyArn, create_key,
};
pub use retry::CallError;
pub use s3::{NotAnS3Place, S3Object, S3Place, S3WriteError, Stored, Successor};
pub use sns::{NotATopicArn, SnsTopic, TopicArn};
