//! Signatures of a key in KMS.

use async_trait::async_trait;
use aws_sdk_kms::{
    Client,
    operation::{RequestId, get_public_key::GetPublicKeyOutput},
    primitives::Blob,
    types::{KeyUsageType, MessageType, SigningAlgorithmSpec},
};
use mdl_crypto::{
    Algorithm, Curve, HashAlgorithm, InvalidKey, InvalidSignature, PublicKey, Signature,
};
use mdl_signer::{SignError, Signer};
use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::key_arn::KeyArn;
use crate::{client::AwsAccess, retry::CallError};

/// Signs with a key in KMS, on P-256, P-384 or P-521.
///
/// The message is hashed here and only the digest is sent, so its length does not matter (KMS itself stops at 4,096
/// bytes). What comes back is DER and is taken apart strictly; `s` is left as it is.
///
/// A multi-Region key can be asked in several Regions: the next one is tried when one fails in a way that may pass, and
/// the Region that worked last is asked first.
pub struct KmsSigner {
    access: AwsAccess,
    regions: Vec<(KeyArn, Client)>,
    /// Index of the Region that worked last.
    current: AtomicUsize,
    public_key: PublicKey,
    hash: HashAlgorithm,
    specification: SigningAlgorithmSpec,
}

impl KmsSigner {
    /// Asks KMS for the public key and checks that it is one that signs. `regions` is the key's ARN in each Region that
    /// may be asked, the preferred one first; a Region that cannot be reached now is tried again when it is needed.
    ///
    /// # Errors
    /// [`KmsKeyError`].
    pub async fn open(access: &AwsAccess, regions: &[KeyArn]) -> Result<Self, KmsKeyError> {
        let regions: Vec<_> = regions
            .iter()
            .map(|arn| (arn.clone(), access.kms(arn.region())))
            .collect();
        let mut known: Option<(PublicKey, SigningAlgorithmSpec)> = None;
        let mut unreachable = None;
        let mut current = 0;
        for (number, (arn, client)) in regions.iter().enumerate() {
            let answer = access
                .call("kms:GetPublicKey", arn.as_str(), |_| {
                    client.get_public_key().key_id(arn.as_str()).send()
                })
                .await;
            match answer {
                Ok(answer) => {
                    let key = read_public_key(arn, &answer)?;
                    match &known {
                        None => {
                            current = number;
                            known = Some(key);
                        }
                        Some(first) if *first != key => {
                            return Err(KmsKeyError::ReplicaDiffers(arn.clone()));
                        }
                        Some(_) => {}
                    }
                }
                Err(error) if error.may_pass() && regions.len() > 1 => {
                    tracing::warn!(code = "kms_region_unreachable", key = %arn, %error, "a Region does not answer");
                    unreachable = Some(error);
                }
                Err(error) => return Err(KmsKeyError::Call(error)),
            }
        }
        let Some((public_key, specification)) = known else {
            return Err(unreachable.map_or(KmsKeyError::NoRegion, KmsKeyError::Call));
        };
        let hash = public_key
            .curve()
            .algorithm()
            .hash()
            .ok_or_else(|| KmsKeyError::Algorithm {
                key: regions[current].0.clone(),
                curve: public_key.curve(),
            })?;
        Ok(Self {
            access: access.clone(),
            regions,
            current: AtomicUsize::new(current),
            public_key,
            hash,
            specification,
        })
    }

    async fn ask(&self, digest: &[u8]) -> Result<Signature, KmsSignError> {
        let start = self.current.load(Ordering::Relaxed);
        let region = |attempt: u32| (start + attempt as usize) % self.regions.len();
        let mut asked = start;
        let name = self.regions[start].0.as_str();
        let answer = self
            .access
            .call("kms:Sign", name, |attempt| {
                asked = region(attempt);
                let (arn, client) = &self.regions[asked];
                client
                    .sign()
                    .key_id(arn.as_str())
                    .message(Blob::new(digest))
                    .message_type(MessageType::Digest)
                    .signing_algorithm(self.specification.clone())
                    .send()
            })
            .await?;
        self.current.store(asked, Ordering::Relaxed);
        let request_id = || answer.request_id().unwrap_or("-").to_owned();
        if answer.key_id() != Some(self.regions[asked].0.as_str()) {
            return Err(KmsSignError::OtherKey {
                answered: answer.key_id().unwrap_or("none").to_owned(),
                request_id: request_id(),
            });
        }
        let der = answer.signature().map(Blob::as_ref).unwrap_or_default();
        Signature::from_der(self.public_key.curve(), der).map_err(|source| {
            KmsSignError::Signature {
                request_id: request_id(),
                source,
            }
        })
    }
}

#[async_trait]
impl Signer for KmsSigner {
    fn algorithm(&self) -> Algorithm {
        self.public_key.curve().algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let digest = self.hash.digest(message);
        let signature = self.ask(digest.as_bytes()).await;
        signature.map_err(KmsSignError::into_sign_error)
    }

    /// Asks for the public key again, which KMS gives of enabled keys only: no permission more than to open it.
    async fn check(&self) -> Result<(), SignError> {
        let start = self.current.load(Ordering::Relaxed);
        let name = self.regions[start].0.as_str();
        let answer = self
            .access
            .call("kms:GetPublicKey", name, |attempt| {
                let (arn, client) = &self.regions[(start + attempt as usize) % self.regions.len()];
                client.get_public_key().key_id(arn.as_str()).send()
            })
            .await;
        let error = answer.err().map(KmsSignError::from);
        error.map_or(Ok(()), |error| Err(error.into_sign_error()))
    }
}

impl fmt::Debug for KmsSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regions: Vec<_> = self.regions.iter().map(|(arn, _)| arn.as_str()).collect();
        f.debug_struct("KmsSigner")
            .field("regions", &regions)
            .field("public_key", &self.public_key)
            .finish_non_exhaustive()
    }
}

/// The one algorithm that KMS has for a curve.
pub(super) fn specification(curve: Curve) -> Option<SigningAlgorithmSpec> {
    match curve {
        Curve::P256 => Some(SigningAlgorithmSpec::EcdsaSha256),
        Curve::P384 => Some(SigningAlgorithmSpec::EcdsaSha384),
        Curve::P521 => Some(SigningAlgorithmSpec::EcdsaSha512),
        _ => None,
    }
}

fn read_public_key(
    arn: &KeyArn,
    answer: &GetPublicKeyOutput,
) -> Result<(PublicKey, SigningAlgorithmSpec), KmsKeyError> {
    if answer.key_id() != Some(arn.as_str()) {
        return Err(KmsKeyError::OtherKey {
            asked: arn.clone(),
            answered: answer.key_id().unwrap_or("none").to_owned(),
        });
    }
    if answer.key_usage() != Some(&KeyUsageType::SignVerify) {
        return Err(KmsKeyError::Usage {
            key: arn.clone(),
            found: answer
                .key_usage()
                .map_or("none", KeyUsageType::as_str)
                .to_owned(),
        });
    }
    let der = answer.public_key().map(Blob::as_ref).unwrap_or_default();
    let key = PublicKey::from_spki_der(der).map_err(|source| KmsKeyError::PublicKey {
        key: arn.clone(),
        source,
    })?;
    match specification(key.curve()) {
        Some(specification) if answer.signing_algorithms().contains(&specification) => {
            Ok((key, specification))
        }
        _ => Err(KmsKeyError::Algorithm {
            key: arn.clone(),
            curve: key.curve(),
        }),
    }
}

/// Why a key of KMS cannot be used as a signer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KmsKeyError {
    /// KMS did not give the public key.
    #[error("KMS does not give the public key")]
    Call(#[from] CallError),
    /// No Region was named.
    #[error("no key was named")]
    NoRegion,
    /// KMS speaks of another key than it was asked for.
    #[error("KMS was asked for {asked} and answered for {answered}")]
    OtherKey {
        /// The key that is meant.
        asked: KeyArn,
        /// The key that KMS speaks of.
        answered: String,
    },
    /// The key is for something else.
    #[error("{key} is for {found}, expected SIGN_VERIFY")]
    Usage {
        /// The key.
        key: KeyArn,
        /// What it is for.
        found: String,
    },
    /// The public key cannot be used.
    #[error("{key} has no usable public key")]
    PublicKey {
        /// The key.
        key: KeyArn,
        /// What is wrong with it.
        #[source]
        source: InvalidKey,
    },
    /// KMS does not sign with this key as its curve asks for.
    #[error("{key} on {curve} does not sign with ECDSA and the hash of a NIST curve")]
    Algorithm {
        /// The key.
        key: KeyArn,
        /// Its curve.
        curve: Curve,
    },
    /// The key of one Region is not that of another.
    #[error("{0} is not the same key as in the first Region")]
    ReplicaDiffers(KeyArn),
}

impl KmsKeyError {
    /// Whether the key may be usable later.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Call(call) if call.may_pass())
    }
}

/// Why KMS gave no signature that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KmsSignError {
    /// No answer, or an error.
    #[error("KMS does not sign")]
    Call(#[from] CallError),
    /// KMS signed with another key than it was asked for.
    #[error("KMS signed with {answered} (request {request_id})")]
    OtherKey {
        /// The key that KMS says it used.
        answered: String,
        /// The request, as it stands in CloudTrail.
        request_id: String,
    },
    /// The signature is not exactly the DER of two integers of the curve.
    #[error("KMS gave a malformed signature (request {request_id})")]
    Signature {
        /// The request, as it stands in CloudTrail.
        request_id: String,
        /// What is wrong with it.
        #[source]
        source: InvalidSignature,
    },
}

impl KmsSignError {
    /// What the caller of a [`Signer`] hears: whether the same call may succeed later.
    fn into_sign_error(self) -> SignError {
        match &self {
            Self::Call(call) if call.may_pass() => SignError::Unavailable(self.into()),
            _ => SignError::Refused(self.into()),
        }
    }
}
