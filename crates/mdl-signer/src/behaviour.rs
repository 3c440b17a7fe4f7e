//! The behaviour that every [`Signer`] must show, as a suite for the tests of its backend.
//!
//! It needs no test framework and no particular async runtime: run [`check`] in whatever executor the backend
//! needs, with a function that makes a signer.
//!
//! ```
//! use mdl_crypto::{Curve, PrivateKey};
//! use mdl_signer::{SoftwareSigner, behaviour};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let scalar = [7; 32];
//! let key = PrivateKey::from_scalar(Curve::P256, &scalar)?;
//! let make = || SoftwareSigner::new(key.clone());
//! pollster::block_on(behaviour::check(make, &[&scalar]))?;
//! # Ok(())
//! # }
//! ```

mod guarded;

use crate::{SignError, Signer};
use mdl_crypto::{Signature, VerifyError};
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

/// Signatures that are asked for at once.
const CONCURRENT: u8 = 16;

/// Signatures in a row: with this many, a backend that drops leading zeros of `r` or `s` is found in one run of
/// two or so, and one that misplaces the integers in every run.
const IN_A_ROW: u8 = 64;

/// Runs the whole suite on signers from `make`, which may return the same key each time or not.
///
/// A signer behind the [`SigningGuard`](crate::SigningGuard) is not asked for what the guard refuses: that is held
/// against every backend too.
///
/// `secrets` are the bytes that no `Debug` may show: scalars, seeds, PINs; empty where the key is elsewhere.
///
/// # Errors
/// The first [`Deviation`] from the contract.
pub async fn check<S: Signer + 'static>(
    make: impl Fn() -> S,
    secrets: &[&[u8]],
) -> Result<(), Deviation> {
    algorithm_fits_key(&make())?;
    debug_hides_secrets(&make(), secrets)?;
    messages_of_every_length(&make()).await?;
    many_in_a_row(&make()).await?;
    many_at_once(&make()).await?;
    let signer = make();
    let checked = signer.check().await;
    checked.map_err(|cause| Deviation::Check { cause })?;
    guarded::check(make).await
}

/// The algorithm is the one of the key's curve, and neither changes between calls.
fn algorithm_fits_key<S: Signer>(signer: &S) -> Result<(), Deviation> {
    let key = signer.public_key().clone();
    if signer.algorithm() != key.curve().algorithm() {
        return Err(Deviation::Algorithm);
    }
    if signer.public_key() != &key {
        return Err(Deviation::KeyChanges);
    }
    Ok(())
}

/// Neither the bytes nor their usual spellings are in the `Debug` output, plain or pretty.
fn debug_hides_secrets<S: Signer>(signer: &S, secrets: &[&[u8]]) -> Result<(), Deviation> {
    // Without white space, so that lists of numbers look the same in both.
    let printed: String = format!("{signer:?}{signer:#?}")
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    for secret in secrets {
        // A part is as bad as the whole, and survives truncation by the printer.
        let part = &secret[..secret.len().min(8)];
        let hexadecimal: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
        let numbers: Vec<String> = part.iter().map(u8::to_string).collect();
        let text = str::from_utf8(part).unwrap_or(&hexadecimal);
        if printed.to_lowercase().contains(&hexadecimal)
            || printed.contains(&numbers.join(","))
            || printed.contains(text)
        {
            return Err(Deviation::DebugShowsSecret);
        }
    }
    Ok(())
}

/// Nothing, what looks like a digest, what key services stop at (4,096 bytes), and 1 MiB.
async fn messages_of_every_length<S: Signer>(signer: &S) -> Result<(), Deviation> {
    for len in [0, 1, 20, 32, 48, 64, 4095, 4096, 4097, 1 << 20] {
        let message: Vec<u8> = (0..len).map(|index| (index % 251) as u8).collect();
        let signature = signer.sign(&message).await;
        let signature = signature.map_err(|cause| Deviation::NotSigned { len, cause })?;
        verify(signer, &message, &signature)?;
    }
    Ok(())
}

/// Every signature has the full width and verifies.
async fn many_in_a_row<S: Signer>(signer: &S) -> Result<(), Deviation> {
    for number in 0..IN_A_ROW {
        let message = [number; 40];
        let signature = signer.sign(&message).await;
        let signature = signature.map_err(|cause| Deviation::NotSigned {
            len: message.len(),
            cause,
        })?;
        verify(signer, &message, &signature)?;
    }
    Ok(())
}

/// Signatures asked for at once each belong to their own message.
async fn many_at_once<S: Signer>(signer: &S) -> Result<(), Deviation> {
    let messages: Vec<[u8; 50]> = (0..CONCURRENT).map(|number| [number; 50]).collect();
    let signatures = all(messages
        .iter()
        .map(|message| signer.sign(message))
        .collect())
    .await;
    for (message, signature) in messages.iter().zip(signatures) {
        let signature = signature.map_err(|cause| Deviation::NotSignedAtOnce { cause })?;
        verify(signer, message, &signature)
            .map_err(|deviation| Deviation::MixedUpAtOnce(Box::new(deviation)))?;
    }
    Ok(())
}

fn verify<S: Signer>(signer: &S, message: &[u8], signature: &Signature) -> Result<(), Deviation> {
    let expected = signer.public_key().curve().signature_len();
    let actual = signature.as_bytes().len();
    if actual != expected {
        return Err(Deviation::Width { expected, actual });
    }
    signer
        .public_key()
        .verify(signer.algorithm(), message, signature.as_bytes())
        .map_err(|cause| Deviation::DoesNotVerify {
            len: message.len(),
            cause,
        })
}

/// Waits for all futures together, as their results come in.
async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut results: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    let polled = poll_fn(|context| {
        let mut pending = false;
        for (future, result) in waiting.iter_mut().zip(&mut results) {
            if result.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *result = Some(output),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    });
    pin!(polled).await;
    results.into_iter().flatten().collect()
}

/// A way in which a signer does not keep the contract.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Deviation {
    /// The algorithm is not the one of the key's curve.
    #[error("algorithm does not fit the curve of the public key")]
    Algorithm,
    /// Two calls gave two public keys.
    #[error("public key changes between calls")]
    KeyChanges,
    /// A secret is in the `Debug` output.
    #[error("Debug shows a secret")]
    DebugShowsSecret,
    /// A message was not signed.
    #[error("message of {len} bytes was not signed")]
    NotSigned {
        /// Its length.
        len: usize,
        /// What the signer said.
        #[source]
        cause: SignError,
    },
    /// A signature has the width of another curve.
    #[error("signature has {actual} bytes instead of {expected}")]
    Width {
        /// The width of the key's curve.
        expected: usize,
        /// The width of the signature.
        actual: usize,
    },
    /// A signature does not verify: hashed twice or not at all, another key, another encoding.
    #[error("signature of {len} bytes does not verify")]
    DoesNotVerify {
        /// The length of the message.
        len: usize,
        /// What the verification said.
        #[source]
        cause: VerifyError,
    },
    /// A message was not signed when several were asked for at once.
    #[error("message was not signed when several were asked for at once")]
    NotSignedAtOnce {
        /// What the signer said.
        #[source]
        cause: SignError,
    },
    /// A key that signs says that it could not.
    #[error("the check of a key that signs failed")]
    Check {
        /// What the signer said.
        #[source]
        cause: SignError,
    },
    /// The guard in front of the key let through what it must refuse, asked the key for it, or refused what is good.
    #[error("behind the guard: {case}, with {calls} calls to the key")]
    Guard {
        /// What was wrong with the document signer or the object.
        case: &'static str,
        /// Calls that reached the key.
        calls: usize,
    },
    /// A signature is not that of its message when several were asked for at once.
    #[error("signature is not that of its message when several were asked for at once")]
    MixedUpAtOnce(#[source] Box<Self>),
}
