//! Self-contained nonces: `c_nonce` (7) and `DPoP-Nonce` (RFC 9449, 8).
//!
//! Handing one out writes nothing: it is a time and a random value under a MAC of the service, so any replica knows it
//! again. That a `c_nonce` counts once is the store's business ([`UsedValue`]); a `DPoP-Nonce` may be used until it is
//! old.
//!
//! Authorization server and resource server are one service here, so a `DPoP-Nonce` of one counts at the other: a
//! wallet that keeps nonces by host and one that keeps them by role both get through.

use base64ct::{Base64UrlUnpadded, Encoding};
use time::{Duration, OffsetDateTime};

use crate::secret::{Purpose, ServiceSecret};
use crate::store::{Hash, UsedPurpose, UsedValue};

const TIME: usize = 8;
const RANDOM: usize = 16;
const MAC: usize = 32;
const LENGTH: usize = TIME + RANDOM + MAC;

/// How far the clock of another replica may be ahead of ours.
const LEEWAY: Duration = Duration::seconds(30);

/// Which nonce.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NonceKind {
    /// `c_nonce`, for proofs.
    Credential,
    /// `DPoP-Nonce`.
    Dpop,
}

impl NonceKind {
    const fn purpose(self) -> Purpose {
        match self {
            Self::Credential => Purpose::CredentialNonce,
            Self::Dpop => Purpose::DpopNonce,
        }
    }
}

/// A new nonce of `tenant`: 75 characters of base64url.
#[must_use]
pub fn make(
    secret: &ServiceSecret,
    kind: NonceKind,
    tenant: &str,
    now: OffsetDateTime,
    random: [u8; RANDOM],
) -> String {
    let time = now.unix_timestamp().to_be_bytes();
    let mac = secret.mac(kind.purpose(), &[tenant.as_bytes(), &time, &random]);
    Base64UrlUnpadded::encode_string(&[time.as_slice(), &random, &mac].concat())
}

/// Whether `nonce` is one that the service made for `tenant` within the last `life`. Gives the time when it gets too
/// old.
///
/// # Errors
/// [`StaleNonce`], the same for one that was never ours.
pub fn check(
    secret: &ServiceSecret,
    kind: NonceKind,
    tenant: &str,
    nonce: &str,
    now: OffsetDateTime,
    life: Duration,
) -> Result<OffsetDateTime, StaleNonce> {
    let mut bytes = [0; LENGTH];
    let decoded = Base64UrlUnpadded::decode(nonce, &mut bytes).map_err(|_| StaleNonce)?;
    if decoded.len() != LENGTH {
        return Err(StaleNonce);
    }
    let (time, rest) = bytes.split_at(TIME);
    let (random, mac) = rest.split_at(RANDOM);
    if !secret.is_mac(kind.purpose(), &[tenant.as_bytes(), time, random], mac) {
        return Err(StaleNonce);
    }
    let mut seconds = [0; TIME];
    seconds.copy_from_slice(time);
    let made =
        OffsetDateTime::from_unix_timestamp(i64::from_be_bytes(seconds)).map_err(|_| StaleNonce)?;
    let expires_at = made.checked_add(life).ok_or(StaleNonce)?;
    if made > now + LEEWAY || now >= expires_at {
        return Err(StaleNonce);
    }
    Ok(expires_at)
}

/// A `c_nonce` as the store remembers that it was used.
#[must_use]
pub fn used(tenant: &str, nonce: &str, expires_at: OffsetDateTime) -> UsedValue {
    UsedValue {
        purpose: UsedPurpose::CredentialNonce,
        value: Hash::of(&[tenant.as_bytes(), b"\0", nonce.as_bytes()].concat()),
        expires_at,
    }
}

/// Not a nonce of this service, or too old.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("nonce is not one of this issuer or too old")]
pub struct StaleNonce;

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);
    const LIFE: Duration = Duration::minutes(5);

    fn accepts(nonce: &str, kind: NonceKind, tenant: &str, now: OffsetDateTime) -> bool {
        check(
            &ServiceSecret::new(&[1; 32]),
            kind,
            tenant,
            nonce,
            now,
            LIFE,
        )
        .is_ok()
    }

    #[test]
    fn a_nonce_counts_for_its_kind_and_tenant_until_it_is_old() {
        let secret = ServiceSecret::new(&[1; 32]);
        let nonce = make(&secret, NonceKind::Credential, "a", NOW, [2; 16]);
        let kind = NonceKind::Credential;
        assert!(accepts(&nonce, kind, "a", NOW));
        assert!(accepts(&nonce, kind, "a", NOW + LIFE - Duration::SECOND));
        assert!(!accepts(&nonce, kind, "a", NOW + LIFE), "old");
        assert!(
            !accepts(&nonce, kind, "a", NOW - Duration::MINUTE),
            "from the future"
        );
        assert!(!accepts(&nonce, kind, "b", NOW), "another tenant's");
        assert!(!accepts(&nonce, NonceKind::Dpop, "a", NOW), "another kind");
        let other = make(&ServiceSecret::new(&[9; 32]), kind, "a", NOW, [2; 16]);
        assert!(!accepts(&other, kind, "a", NOW), "another service's");
    }

    /// The last character has two bits that mean nothing; were they not looked at, a used nonce would count four times.
    #[test]
    fn a_nonce_has_one_spelling() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let secret = ServiceSecret::new(&[1; 32]);
        let nonce = make(&secret, NonceKind::Credential, "a", NOW, [2; 16]);
        let (rest, last) = nonce.split_at(nonce.len() - 1);
        let accepted = alphabet.iter().map(|c| char::from(*c).to_string());
        let accepted = accepted
            .filter(|c| accepts(&format!("{rest}{c}"), NonceKind::Credential, "a", NOW))
            .collect::<Vec<_>>();
        assert_eq!(accepted, [last]);
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let secret = ServiceSecret::new(&[1; 32]);
        let nonce = make(&secret, NonceKind::Dpop, "a", NOW, [2; 16]);
        for position in 0..nonce.len() {
            let mut changed = nonce.clone().into_bytes();
            changed[position] = if changed[position] == b'A' {
                b'B'
            } else {
                b'A'
            };
            let changed = String::from_utf8(changed).unwrap();
            assert!(!accepts(&changed, NonceKind::Dpop, "a", NOW), "{position}");
        }
        for wrong in ["", "x", &nonce[1..], &format!("{nonce}A")] {
            assert!(!accepts(wrong, NonceKind::Dpop, "a", NOW), "{wrong}");
        }
    }
}
