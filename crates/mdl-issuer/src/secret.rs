//! The secret that the replicas of one service share, and the keys made from it.
//!
//! Each purpose has a key of its own (HKDF-SHA-256), so that a value made for one is worthless for another: an
//! attacker who makes the service compute a nonce learns nothing about codes.

use std::fmt;

use mdl_crypto::{constant_time_eq, hkdf_sha256, hmac_sha256};
use zeroize::Zeroizing;

/// What a key made from the service's secret is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Purpose {
    /// `c_nonce` values (OpenID4VCI, 7).
    CredentialNonce,
    /// `DPoP-Nonce` values (RFC 9449, 8).
    DpopNonce,
    /// Pre-authorized codes, made from their offer.
    PreAuthorizedCode,
    /// Stored forms of transaction codes: few digits, so a bare hash would give them away.
    TxCode,
    /// Look-up forms of subject references.
    Subject,
    /// Look-up forms of device keys.
    DeviceKey,
    /// The order in which the indices of a status list are given out.
    StatusIndex,
    /// Identifiers and transaction codes of offers, made from the key that the caller gave the request.
    RepeatableOffer,
    /// Access tokens, made for their grant.
    AccessToken,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::CredentialNonce => b"mdl-issuer c_nonce",
            Self::DpopNonce => b"mdl-issuer DPoP-Nonce",
            Self::PreAuthorizedCode => b"mdl-issuer pre-authorized code",
            Self::TxCode => b"mdl-issuer tx_code",
            Self::Subject => b"mdl-issuer subject",
            Self::DeviceKey => b"mdl-issuer device key",
            Self::StatusIndex => b"mdl-issuer status index",
            Self::RepeatableOffer => b"mdl-issuer repeatable offer",
            Self::AccessToken => b"mdl-issuer access token",
        }
    }

    const ALL: [Self; 9] = [
        Self::CredentialNonce,
        Self::DpopNonce,
        Self::PreAuthorizedCode,
        Self::TxCode,
        Self::Subject,
        Self::DeviceKey,
        Self::StatusIndex,
        Self::RepeatableOffer,
        Self::AccessToken,
    ];
}

/// The service's secret: 32 random bytes, the same on every replica, kept as long as the service's data.
pub struct ServiceSecret {
    keys: [Zeroizing<[u8; 32]>; Purpose::ALL.len()],
}

impl ServiceSecret {
    /// Bytes of the secret.
    pub const LENGTH: usize = 32;

    /// From the 32 secret bytes.
    #[must_use]
    pub fn new(secret: &[u8; Self::LENGTH]) -> Self {
        let keys = Purpose::ALL.map(|purpose| {
            let mut key = Zeroizing::new([0; 32]);
            hkdf_sha256(secret, b"", purpose.label(), &mut *key);
            key
        });
        Self { keys }
    }

    /// HMAC-SHA-256 under the key for `purpose`, over the parts, each preceded by its length.
    ///
    /// The lengths keep `["ab", "c"]` and `["a", "bc"]` apart.
    #[must_use]
    pub fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        let lengths: Vec<[u8; 8]> = parts
            .iter()
            .map(|part| (part.len() as u64).to_be_bytes())
            .collect();
        let framed: Vec<&[u8]> = lengths
            .iter()
            .zip(parts)
            .flat_map(|(length, part)| [length.as_slice(), part])
            .collect();
        hmac_sha256(&*self.keys[purpose as usize], &framed)
    }

    /// Whether `mac` is that of the parts, in a time that tells nothing about where it differs.
    #[must_use]
    pub fn is_mac(&self, purpose: Purpose, parts: &[&[u8]], mac: &[u8]) -> bool {
        constant_time_eq(&self.mac(purpose, parts), mac)
    }
}

impl fmt::Debug for ServiceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_has_a_key_of_its_own() {
        let secret = ServiceSecret::new(&[7; 32]);
        let macs: std::collections::HashSet<_> = Purpose::ALL
            .iter()
            .map(|purpose| secret.mac(*purpose, &[b"x"]))
            .collect();
        assert_eq!(macs.len(), Purpose::ALL.len());
        for (position, purpose) in Purpose::ALL.iter().enumerate() {
            assert_eq!(*purpose as usize, position, "{purpose:?}");
        }
    }

    #[test]
    fn parts_are_kept_apart() {
        let secret = ServiceSecret::new(&[7; 32]);
        let mac = |parts: &[&[u8]]| secret.mac(Purpose::Subject, parts);
        assert_ne!(mac(&[b"ab", b"c"]), mac(&[b"a", b"bc"]));
        assert!(secret.is_mac(Purpose::Subject, &[b"a"], &mac(&[b"a"])));
        assert!(!secret.is_mac(Purpose::Subject, &[b"b"], &mac(&[b"a"])));
    }
}
