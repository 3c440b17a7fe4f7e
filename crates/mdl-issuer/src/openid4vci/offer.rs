//! Credential offers (4.1): made by an operator, collected by a wallet.
//!
//! The pre-authorized code is a MAC over the offer: the store needs only its hash, the offer can still be given out
//! again, and one that somebody changed in the database (another code, no transaction code) has no code. Neither offer nor address says who it is for. The transaction code goes to the person by
//! another channel, and the service shows it once, when the offer is made.

use base64ct::{Base64UrlUnpadded, Encoding};
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::PRE_AUTHORIZED_CODE;
use super::endpoint::offer_url;
use super::offer_link::{link_by_reference, link_by_value};
use crate::record::SubjectReference;
use crate::seal::SealError;
use crate::secret::{Purpose, ServiceSecret};
use crate::service::Service;
use crate::store::{Hash, NewOffer, Offer, OfferId, OfferState, StoreError, TxCodeRule};
use crate::tenant::Tenant;

/// Digits of a transaction code, at least and at most.
pub const TX_CODE_DIGITS: std::ops::RangeInclusive<u8> = 4..=12;

/// What an operator asks for.
#[derive(Clone, Debug)]
pub struct OfferRequest {
    /// What may be collected: configurations of the tenant, at least one, each once.
    pub configuration_ids: Vec<String>,
    /// For whom.
    pub subject: SubjectReference,
    /// Digits of the transaction code; none without.
    pub tx_code_digits: Option<u8>,
    /// How long it may be collected; the tenant's policy bounds it and says it where it is absent.
    pub life: Option<Duration>,
    /// What the offer is called, and so what a repetition of the request gives.
    pub identity: OfferIdentity,
}

/// Where the identifier and the transaction code of an offer come from.
#[derive(Clone, Debug)]
pub enum OfferIdentity {
    /// Random: each request makes another offer.
    Random,
    /// The key that the caller gave the request: a repetition, on any replica, gives the same offer.
    Repeatable(String),
}

/// An offer that was made, with all that is needed to hand it over. `Debug` shows no secrets.
pub struct CreatedOffer {
    /// Its identifier.
    pub id: OfferId,
    /// The offer object (4.1.1).
    pub offer: Value,
    /// A link with the offer in it.
    pub link_by_value: String,
    /// A link that says where the offer is fetched.
    pub link_by_reference: String,
    /// The transaction code: shown here and never again.
    pub tx_code: Option<Zeroizing<String>>,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

impl std::fmt::Debug for CreatedOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedOffer")
            .field("id", &"..")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Makes an offer and keeps it.
///
/// # Errors
/// See [`OfferError`].
pub async fn create(
    service: &Service,
    tenant: &Tenant,
    request: OfferRequest,
) -> Result<CreatedOffer, OfferError> {
    check(tenant, &request)?;
    let mut seed = Zeroizing::new([0; 32]);
    match &request.identity {
        OfferIdentity::Random => getrandom::fill(&mut *seed)?,
        OfferIdentity::Repeatable(key) => {
            let parts = [tenant.name.as_bytes(), key.as_bytes()];
            *seed = service.secret.mac(Purpose::RepeatableOffer, &parts);
        }
    }
    let mut rng = ChaCha20Rng::from_seed(*seed);
    let id = OfferId::random(&mut rng);
    let tx_code = request
        .tx_code_digits
        .map(|digits| random_digits(digits, &mut rng));
    let now = service.clock.now();
    let life = request.life.unwrap_or(tenant.policy.offer_life);
    let expires_at = now + life;
    let rule = tx_code.as_ref().zip(request.tx_code_digits);
    let rule = rule.map(|(code, length)| TxCodeRule {
        hash: tx_code_hash(&service.secret, tenant, id, code),
        is_numeric: true,
        length,
        attempts_left: tenant.policy.tx_code_attempts,
    });
    let subject = service
        .seal_subject(&tenant.name, id, &request.subject)
        .await?;
    let terms = OfferTerms {
        id,
        configuration_ids: &request.configuration_ids,
        subject: subject.hash,
        tx_code: rule.as_ref().map(|rule| rule.hash),
    };
    let code = pre_authorized_code(&service.secret, tenant, &terms);
    let offer = offer_object(
        tenant,
        &request.configuration_ids,
        &code,
        rule.as_ref().map(|rule| (rule.is_numeric, rule.length)),
    );
    let new = NewOffer {
        id,
        tenant: tenant.name.clone(),
        configuration_ids: request.configuration_ids,
        subject,
        code: Hash::of(code.as_bytes()),
        tx_code: rule,
        created_at: now,
        expires_at,
    };
    service.store.create_offer(new.clone()).await?;
    let expires_at = match request.identity {
        OfferIdentity::Random => expires_at,
        OfferIdentity::Repeatable(_) => kept(service, &new).await?.expires_at,
    };
    Ok(CreatedOffer {
        id,
        link_by_value: link_by_value(&offer),
        link_by_reference: link_by_reference(&offer_url(tenant, id)),
        offer,
        tx_code,
        expires_at,
    })
}

/// The offer as the store has it: this one, or an earlier one of the same key, which must have been for the same.
async fn kept(service: &Service, new: &NewOffer) -> Result<Offer, OfferError> {
    let kept = service
        .store
        .offer(&new.tenant, new.id)
        .await?
        .ok_or(OfferError::OtherOffer)?;
    let digits = |rule: &Option<TxCodeRule>| rule.as_ref().map(|rule| rule.length);
    let is_same = kept.configuration_ids == new.configuration_ids
        && kept.subject == new.subject.hash
        && digits(&kept.tx_code) == digits(&new.tx_code);
    is_same.then_some(kept).ok_or(OfferError::OtherOffer)
}

fn check(tenant: &Tenant, request: &OfferRequest) -> Result<(), OfferError> {
    let ids = &request.configuration_ids;
    if ids.is_empty() {
        return Err(OfferError::NoConfiguration);
    }
    for (position, id) in ids.iter().enumerate() {
        if tenant.configuration(id).is_none() {
            return Err(OfferError::UnknownConfiguration);
        }
        if ids[..position].contains(id) {
            return Err(OfferError::ConfigurationTwice);
        }
    }
    if request
        .tx_code_digits
        .is_some_and(|digits| !TX_CODE_DIGITS.contains(&digits))
    {
        return Err(OfferError::TxCodeDigits);
    }
    if request
        .life
        .is_some_and(|life| life < Duration::SECOND || life > tenant.policy.offer_life)
    {
        return Err(OfferError::Life);
    }
    Ok(())
}

/// The offer object of an offer that may still be collected at `now`; `None` once it is over.
#[must_use]
pub fn open_offer(
    secret: &ServiceSecret,
    tenant: &Tenant,
    offer: &Offer,
    now: OffsetDateTime,
) -> Option<Value> {
    if offer.state != OfferState::Open || now >= offer.expires_at {
        return None;
    }
    let code = pre_authorized_code(secret, tenant, &offer.into());
    let rule = offer.tx_code.as_ref();
    Some(offer_object(
        tenant,
        &offer.configuration_ids,
        &code,
        rule.map(|rule| (rule.is_numeric, rule.length)),
    ))
}

/// What a pre-authorized code is good for, and under which condition.
#[derive(Clone, Copy, Debug)]
pub struct OfferTerms<'a> {
    /// Which offer.
    pub id: OfferId,
    /// What may be collected.
    pub configuration_ids: &'a [String],
    /// Keyed hash of the subject reference.
    pub subject: Hash,
    /// Keyed hash of the transaction code that is asked for.
    pub tx_code: Option<Hash>,
}

impl<'a> From<&'a Offer> for OfferTerms<'a> {
    fn from(offer: &'a Offer) -> Self {
        Self {
            id: offer.id,
            configuration_ids: &offer.configuration_ids,
            subject: offer.subject,
            tx_code: offer.tx_code.as_ref().map(|rule| rule.hash),
        }
    }
}

/// The pre-authorized code of an offer: 43 characters of base64url.
#[must_use]
pub fn pre_authorized_code(
    secret: &ServiceSecret,
    tenant: &Tenant,
    terms: &OfferTerms<'_>,
) -> Zeroizing<String> {
    let mut parts: Vec<&[u8]> = vec![
        tenant.name.as_bytes(),
        &terms.id.0,
        &terms.subject.0,
        terms.tx_code.as_ref().map_or(b"", |hash| &hash.0),
    ];
    parts.extend(terms.configuration_ids.iter().map(|id| id.as_bytes()));
    let mac = secret.mac(Purpose::PreAuthorizedCode, &parts);
    Zeroizing::new(Base64UrlUnpadded::encode_string(&mac))
}

/// What the store compares a transaction code by. A keyed hash: a bare one of six digits would be guessed in a second.
#[must_use]
pub fn tx_code_hash(
    secret: &ServiceSecret,
    tenant: &Tenant,
    offer: OfferId,
    tx_code: &str,
) -> Hash {
    let parts = [tenant.name.as_bytes(), &offer.0, tx_code.as_bytes()];
    Hash(secret.mac(Purpose::TxCode, &parts))
}

fn offer_object(
    tenant: &Tenant,
    configuration_ids: &[String],
    code: &str,
    tx_code: Option<(bool, u8)>,
) -> Value {
    let mut grant = json!({ "pre-authorized_code": code });
    if let Some((is_numeric, length)) = tx_code {
        let input_mode = if is_numeric { "numeric" } else { "text" };
        grant["tx_code"] = json!({ "input_mode": input_mode, "length": length });
    }
    json!({
        "credential_issuer": tenant.issuer,
        "credential_configuration_ids": configuration_ids,
        "grants": { PRE_AUTHORIZED_CODE: grant },
    })
}

/// Digits, each equally likely: bytes from 250 up are drawn again.
fn random_digits(digits: u8, rng: &mut impl CryptoRng) -> Zeroizing<String> {
    let mut code = Zeroizing::new(String::with_capacity(digits.into()));
    while code.len() < digits.into() {
        let mut byte = [0];
        rng.fill_bytes(&mut byte);
        if byte[0] < 250 {
            code.push(char::from(b'0' + byte[0] % 10));
        }
    }
    code
}

/// Why no offer was made.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// Nothing is offered.
    #[error("an offer of no credential configuration")]
    NoConfiguration,
    /// A configuration that the tenant has not.
    #[error("no such credential configuration")]
    UnknownConfiguration,
    /// A configuration twice.
    #[error("a credential configuration comes twice")]
    ConfigurationTwice,
    /// Too few or too many digits.
    #[error("a transaction code has 4 to 12 digits")]
    TxCodeDigits,
    /// Less than a second, or longer than the tenant's offers live.
    #[error("an offer lives a second at least, and no longer than the tenant's policy says")]
    Life,
    /// The key of the request was used for an offer of something else or to somebody else.
    #[error("the key was used for another offer")]
    OtherOffer,
    /// The subject reference could not be sealed.
    #[error("the subject reference could not be sealed")]
    Seal(#[from] SealError),
    /// The store does not work.
    #[error("the store does not work")]
    Store(#[from] StoreError),
    /// No random numbers.
    #[error("no random numbers")]
    Randomness(#[from] getrandom::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_codes_are_digits_of_the_length_asked_for() {
        for digits in TX_CODE_DIGITS {
            let code = random_digits(digits, &mut ChaCha20Rng::seed_from_u64(digits.into()));
            assert_eq!(code.len(), usize::from(digits));
            assert!(code.bytes().all(|c| c.is_ascii_digit()));
        }
    }
}
