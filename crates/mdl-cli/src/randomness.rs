//! Where random numbers come from: the operating system, or a seed that makes a result reproducible.

use std::str::FromStr;

use mdl_crypto::{HashAlgorithm, PrivateKey};
use mdl_signer::SoftwareSigner;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::failure::{Failure, Result};

/// A seed from the command line, in hexadecimal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seed(Vec<u8>);

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        match hex::decode(text) {
            Ok(bytes) if (1..=64).contains(&bytes.len()) => Ok(Self(bytes)),
            _ => Err("expected 1 to 64 bytes in hexadecimal".to_owned()),
        }
    }
}

/// A generator for one command. Different `purpose`s under one seed share nothing, so that an authority and its
/// document signer do not end up with the same key.
///
/// # Errors
/// Exit code 3 if the operating system gives no random numbers.
pub(crate) fn generator(seed: Option<&Seed>, purpose: &str) -> Result<ChaCha20Rng> {
    let mut state = [0; 32];
    match seed {
        Some(Seed(bytes)) => {
            let parts: [&[u8]; 4] = [b"mdl seed", purpose.as_bytes(), &[0], bytes];
            state.copy_from_slice(HashAlgorithm::Sha256.digest_parts(&parts).as_ref());
        }
        None => getrandom::fill(&mut state).map_err(|error| {
            Failure::outside("the system gives no random numbers").because(&error)
        })?,
    }
    Ok(ChaCha20Rng::from_seed(state))
}

/// A signer for `key` whose signatures are reproducible if there is a seed.
pub(crate) fn signer(key: PrivateKey, seed: Option<&Seed>) -> SoftwareSigner {
    match seed {
        Some(_) => SoftwareSigner::reproducible(key),
        None => SoftwareSigner::new(key),
    }
}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::*;

    #[test]
    fn a_seed_repeats_for_one_purpose_and_differs_between_two() {
        let seed: Seed = "07".parse().unwrap();
        let number = |purpose| generator(Some(&seed), purpose).unwrap().next_u64();
        assert_eq!(number("iaca"), number("iaca"));
        assert_ne!(number("iaca"), number("ds a"));
        assert_ne!(
            generator(None, "x").unwrap().next_u64(),
            generator(None, "x").unwrap().next_u64()
        );
    }
}
