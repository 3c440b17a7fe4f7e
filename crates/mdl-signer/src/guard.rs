//! The guard in front of a document signer's key.
//!
//! A mobile security object that leaves is signed for its whole life; nothing can call it back but revocation.
//! So everything that must hold is checked at the last moment, on the very bytes to be signed, in the one place
//! that can reach the key. ISO/IEC 18013-5, 9.1.2.4 (validity inside the document signer's) and 9.3.1 (V-checks
//! of a reader, which [`Rules`] apply).
//!
//! What is easy to get wrong: a document signer must stop signing *before* it expires, by the life of the
//! longest-lived object, or the last objects outlive it.

use crate::{SignError, Signer};
use mdl_crypto::{Algorithm, CheckedSignature, Digest, PublicKey, VerifyError};
use std::{
    any::Any,
    error::Error,
    fmt,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
};
use time::{Duration, OffsetDateTime};

/// Signs mobile security objects with a document signer's key, and nothing that should not be signed.
///
/// It owns the signer and lends it to nobody: there is no way to the key around the checks. It is not a
/// [`Signer`] itself, because a signer signs whatever it is given.
#[derive(Debug)]
pub struct SigningGuard {
    signer: Box<dyn Signer>,
    window: DocumentSignerWindow,
    rules: Box<dyn Rules>,
    revoked: AtomicBool,
    /// Whether somebody has yet to allow it to sign.
    held: AtomicBool,
    /// When the key last failed, in seconds since 1970, unless it has signed since; else [`NEVER`].
    failed_at: AtomicI64,
}

/// No time at which anything failed.
const NEVER: i64 = i64::MIN;

impl SigningGuard {
    /// Puts the guard in front of `signer`. `certified_key` and `window` come from the document signer
    /// certificate, `rules` read what is to be signed.
    ///
    /// # Errors
    /// [`KeyMismatch`] if the certificate is not about the signer's key, or the signer's algorithm does not
    /// belong to it.
    pub fn new(
        signer: Box<dyn Signer>,
        certified_key: &PublicKey,
        window: DocumentSignerWindow,
        rules: Box<dyn Rules>,
    ) -> Result<Self, KeyMismatch> {
        if signer.public_key() != certified_key {
            return Err(KeyMismatch::Key);
        }
        if signer.algorithm() != certified_key.curve().algorithm() {
            return Err(KeyMismatch::Algorithm(signer.algorithm()));
        }
        Ok(Self {
            signer,
            window,
            rules,
            revoked: AtomicBool::new(false),
            held: AtomicBool::new(false),
            failed_at: AtomicI64::new(NEVER),
        })
    }

    /// Checks `proposal` at the time `now`, signs it, and checks the signature.
    ///
    /// # Errors
    /// One variant of [`GuardError`] per reason. Only [`GuardError::Signer`] with [`SignError::Unavailable`] is
    /// worth a retry with the same proposal.
    pub async fn sign(
        &self,
        proposal: &Proposal<'_>,
        now: OffsetDateTime,
    ) -> Result<CheckedSignature, GuardError> {
        self.check_document_signer(now)?;
        let facts = self.rules.examine(proposal)?;
        self.check_validity(&facts)?;
        self.sign_examined(proposal, now).await
    }

    /// Checks what is to be signed together at the time `now`: all of it, or nothing gets a signature. What proposals
    /// have in common, such as the elements of several copies of a licence, may be read once.
    ///
    /// # Errors
    /// As [`sign`](Self::sign), for the first proposal that is refused.
    pub fn examine_batch<'s, 'p>(
        &'s self,
        proposals: &[Proposal<'p>],
        now: OffsetDateTime,
    ) -> Result<Vec<Examined<'s, 'p>>, GuardError> {
        self.check_document_signer(now)?;
        let facts = self.rules.examine_batch(proposals)?;
        if facts.len() != proposals.len() {
            return Err(RuleViolation::new("batch").into());
        }
        for facts in &facts {
            self.check_validity(facts)?;
        }
        let examined = proposals.iter().map(|proposal| Examined {
            guard: self,
            proposal: *proposal,
            now,
        });
        Ok(examined.collect())
    }

    /// Whether the key could be asked to sign now, without a signature.
    ///
    /// # Errors
    /// As [`Signer::check`].
    pub async fn check_key(&self) -> Result<(), SignError> {
        self.signer.check().await
    }

    /// Every check has passed and the key has not been asked yet.
    async fn sign_examined(
        &self,
        proposal: &Proposal<'_>,
        now: OffsetDateTime,
    ) -> Result<CheckedSignature, GuardError> {
        let signature = self.ask_key(proposal).await;
        let failed_at = signature.as_ref().map_or(now.unix_timestamp(), |_| NEVER);
        self.failed_at.store(failed_at, Ordering::SeqCst);
        let signature = signature?;
        // A remote key can take long enough for the revocation to come in between.
        self.check_not_revoked()?;
        Ok(signature)
    }

    async fn ask_key(&self, proposal: &Proposal<'_>) -> Result<CheckedSignature, GuardError> {
        let message = proposal.to_be_signed;
        let signature = self.signer.sign(message).await?;
        let (key, algorithm) = (self.public_key(), self.algorithm());
        let checked = match proposal.sha256 {
            Some(sha256) => {
                CheckedSignature::check_hashed(key, algorithm, message, sha256, signature)
            }
            None => CheckedSignature::check(key, algorithm, message, signature),
        };
        checked.map_err(GuardError::BadSignature)
    }

    /// When the key last gave no signature or a wrong one, to the second, unless it has signed since. What the guard
    /// itself refused is no failure of the key.
    #[must_use]
    pub fn failed_at(&self) -> Option<OffsetDateTime> {
        let failed_at = self.failed_at.load(Ordering::SeqCst);
        OffsetDateTime::from_unix_timestamp(failed_at).ok()
    }

    /// Refuses every signature from now on, also those that the key is being asked for. There is no way back:
    /// a revoked document signer stays revoked.
    pub fn revoke(&self) {
        self.revoked.store(true, Ordering::SeqCst);
    }

    /// Whether [`revoke`](Self::revoke) was called.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::SeqCst)
    }

    /// Refuses every signature until [`allow`](Self::allow) is called: the use of the document signer is not approved.
    pub fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    /// Ends [`hold`](Self::hold).
    pub fn allow(&self) {
        self.held.store(false, Ordering::SeqCst);
    }

    /// Whether it signs only when [`allow`](Self::allow) is called.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::SeqCst)
    }

    /// The algorithm of the signatures.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.signer.algorithm()
    }

    /// The document signer's public key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    /// The times between which the document signer signs.
    #[must_use]
    pub const fn window(&self) -> &DocumentSignerWindow {
        &self.window
    }

    fn check_document_signer(&self, now: OffsetDateTime) -> Result<(), GuardError> {
        let DocumentSignerWindow {
            not_before,
            not_after,
            stop_signing,
            ..
        } = self.window;
        self.check_not_revoked()?;
        if self.is_held() {
            Err(GuardError::NotApproved)
        } else if now < not_before {
            Err(GuardError::NotYetValid { now, not_before })
        } else if now > not_after {
            Err(GuardError::Expired { now, not_after })
        } else if now > stop_signing {
            Err(GuardError::StoppedSigning { now, stop_signing })
        } else {
            Ok(())
        }
    }

    fn check_validity(&self, facts: &SignedFacts) -> Result<(), GuardError> {
        let DocumentSignerWindow {
            not_before,
            not_after,
            longest_mso_life,
            ..
        } = self.window;
        let &SignedFacts {
            signed,
            valid_from,
            valid_until,
            licence_expiry,
        } = facts;
        if signed < not_before || signed > not_after {
            return Err(GuardError::SignedOutsideDocumentSigner {
                signed,
                not_before,
                not_after,
            });
        }
        if valid_from < signed || valid_until <= valid_from {
            return Err(GuardError::ValidityOutOfOrder {
                signed,
                valid_from,
                valid_until,
            });
        }
        if valid_until > not_after {
            return Err(GuardError::OutlivesDocumentSigner {
                valid_until,
                not_after,
            });
        }
        let life = valid_until - signed;
        if life > longest_mso_life {
            return Err(GuardError::LivesTooLong {
                life,
                longest: longest_mso_life,
            });
        }
        match licence_expiry {
            Some(licence_expiry) if valid_until > licence_expiry => {
                Err(GuardError::OutlivesLicence {
                    valid_until,
                    licence_expiry,
                })
            }
            _ => Ok(()),
        }
    }

    fn check_not_revoked(&self) -> Result<(), GuardError> {
        if self.is_revoked() {
            Err(GuardError::Revoked)
        } else {
            Ok(())
        }
    }
}

/// The validity of a document signer certificate, and the promise that lets it stop signing in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DocumentSignerWindow {
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    longest_mso_life: Duration,
    stop_signing: OffsetDateTime,
}

impl DocumentSignerWindow {
    /// `not_before` and `not_after` are those of the certificate; no object signed lives longer than
    /// `longest_mso_life`, counted from `signed`.
    ///
    /// # Errors
    /// [`InvalidWindow`] if the times are out of order, or the life is not positive or does not fit between.
    pub fn new(
        not_before: OffsetDateTime,
        not_after: OffsetDateTime,
        longest_mso_life: Duration,
    ) -> Result<Self, InvalidWindow> {
        if not_before >= not_after {
            return Err(InvalidWindow::OutOfOrder);
        }
        if !longest_mso_life.is_positive() || longest_mso_life > not_after - not_before {
            return Err(InvalidWindow::MsoLife);
        }
        // In range, because it lies between the two.
        let stop_signing = not_after
            .checked_sub(longest_mso_life)
            .ok_or(InvalidWindow::MsoLife)?;
        Ok(Self {
            not_before,
            not_after,
            longest_mso_life,
            stop_signing,
        })
    }

    /// First moment of the certificate's validity.
    #[must_use]
    pub const fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// Last moment of the certificate's validity.
    #[must_use]
    pub const fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// The longest life of an object, from `signed` to `validUntil`.
    #[must_use]
    pub const fn longest_mso_life(&self) -> Duration {
        self.longest_mso_life
    }

    /// Last moment at which the document signer signs: [`not_after`](Self::not_after) less
    /// [`longest_mso_life`](Self::longest_mso_life).
    #[must_use]
    pub const fn stop_signing(&self) -> OffsetDateTime {
        self.stop_signing
    }
}

/// Bytes that the guard has examined and that its key may sign: only [`SigningGuard::examine_batch`] makes one.
pub struct Examined<'s, 'p> {
    guard: &'s SigningGuard,
    proposal: Proposal<'p>,
    now: OffsetDateTime,
}

impl Examined<'_, '_> {
    /// Signs, and checks the signature.
    ///
    /// # Errors
    /// The document signer was revoked meanwhile, or gave no good signature.
    pub async fn sign(self) -> Result<CheckedSignature, GuardError> {
        // Others of the batch may have been signed before, each at the pace of the key.
        self.guard.check_not_revoked()?;
        self.guard.sign_examined(&self.proposal, self.now).await
    }
}

impl fmt::Debug for Examined<'_, '_> {
    /// Length only: the bytes are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Examined")
            .field("to_be_signed_len", &self.proposal.to_be_signed.len())
            .finish_non_exhaustive()
    }
}

/// What is to be signed, with what the signature vouches for.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Proposal<'a> {
    /// The `Sig_structure` of the `COSE_Sign1`, with the mobile security object in it.
    pub to_be_signed: &'a [u8],
    /// The encoded `IssuerNameSpaces` whose digests the object holds.
    pub name_spaces: &'a [u8],
    /// What holds both, if its type says more of them than their bytes do. Rules that know the type may rely on that,
    /// once they have seen that the bytes are those it holds.
    pub origin: Option<&'a (dyn Any + Send + Sync)>,
    /// SHA-256 of `to_be_signed`, if somebody has taken it. Were it another one, no signature would be found good.
    pub sha256: Option<&'a Digest>,
}

impl<'a> Proposal<'a> {
    /// A proposal to sign `to_be_signed`, which holds the digests of `name_spaces`.
    #[must_use]
    pub const fn new(to_be_signed: &'a [u8], name_spaces: &'a [u8]) -> Self {
        Self {
            to_be_signed,
            name_spaces,
            origin: None,
            sha256: None,
        }
    }

    /// The same, with the SHA-256 of what is to be signed.
    #[must_use]
    pub const fn hashed(self, sha256: &'a Digest) -> Self {
        Self {
            sha256: Some(sha256),
            ..self
        }
    }

    /// The same, out of `origin`.
    #[must_use]
    pub const fn out_of(self, origin: &'a (dyn Any + Send + Sync)) -> Self {
        Self {
            origin: Some(origin),
            ..self
        }
    }
}

impl fmt::Debug for Proposal<'_> {
    /// Lengths only: the bytes are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proposal")
            .field("to_be_signed_len", &self.to_be_signed.len())
            .field("name_spaces_len", &self.name_spaces.len())
            .finish()
    }
}

/// What the rules read out of the very bytes to be signed, so that a caller cannot claim other facts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignedFacts {
    /// `signed` of the object's validity.
    pub signed: OffsetDateTime,
    /// `validFrom`.
    pub valid_from: OffsetDateTime,
    /// `validUntil`.
    pub valid_until: OffsetDateTime,
    /// The last moment of the licence (`expiry_date`); `None` for documents that do not expire.
    pub licence_expiry: Option<OffsetDateTime>,
}

/// The rules that a reader would apply, run on what is about to be signed.
pub trait Rules: fmt::Debug + Send + Sync {
    /// Reads `proposal` as a strict reader would.
    ///
    /// # Errors
    /// [`RuleViolation`] names the first rule that does not hold.
    fn examine(&self, proposal: &Proposal<'_>) -> Result<SignedFacts, RuleViolation>;

    /// Reads what is to be signed together: as [`examine`](Self::examine) each, and as strictly. What is known to be
    /// the same in several need not be read again in each.
    ///
    /// # Errors
    /// [`RuleViolation`] of the first proposal that has one.
    fn examine_batch(&self, proposals: &[Proposal<'_>]) -> Result<Vec<SignedFacts>, RuleViolation> {
        let facts = proposals.iter().map(|proposal| self.examine(proposal));
        facts.collect()
    }
}

/// A rule that what is to be signed does not keep.
#[derive(Debug, thiserror::Error)]
#[error("what is to be signed violates rule {rule}")]
pub struct RuleViolation {
    rule: &'static str,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl RuleViolation {
    /// A violation of the rule with this id, such as `value-digest`.
    #[must_use]
    pub const fn new(rule: &'static str) -> Self {
        Self { rule, cause: None }
    }

    /// Adds what was found. It must name no personal data.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The id of the rule.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        self.rule
    }
}

/// Why the guard gave no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// Nobody has approved yet of the use of the document signer.
    #[error("the use of the document signer is not approved")]
    NotApproved,
    /// The document signer was revoked.
    #[error("document signer is revoked")]
    Revoked,
    /// The document signer is not valid yet.
    #[error("document signer is valid from {not_before}, and it is {now}")]
    NotYetValid {
        /// When it was asked to sign.
        now: OffsetDateTime,
        /// Start of the certificate's validity.
        not_before: OffsetDateTime,
    },
    /// The document signer has expired.
    #[error("document signer expired at {not_after}, and it is {now}")]
    Expired {
        /// When it was asked to sign.
        now: OffsetDateTime,
        /// End of the certificate's validity.
        not_after: OffsetDateTime,
    },
    /// The document signer is valid, but an object of the longest life would outlive it.
    #[error("document signer stopped signing at {stop_signing}, and it is {now}")]
    StoppedSigning {
        /// When it was asked to sign.
        now: OffsetDateTime,
        /// [`DocumentSignerWindow::stop_signing`].
        stop_signing: OffsetDateTime,
    },
    /// `signed` is not within the document signer's validity.
    #[error("signed at {signed}, outside the document signer's {not_before} to {not_after}")]
    SignedOutsideDocumentSigner {
        /// `signed` of the object.
        signed: OffsetDateTime,
        /// Start of the certificate's validity.
        not_before: OffsetDateTime,
        /// End of the certificate's validity.
        not_after: OffsetDateTime,
    },
    /// Not `signed` ≤ `validFrom` < `validUntil`.
    #[error(
        "signed {signed}, validFrom {valid_from} and validUntil {valid_until} are out of order"
    )]
    ValidityOutOfOrder {
        /// `signed` of the object.
        signed: OffsetDateTime,
        /// `validFrom` of the object.
        valid_from: OffsetDateTime,
        /// `validUntil` of the object.
        valid_until: OffsetDateTime,
    },
    /// `validUntil` is later than the document signer's end.
    #[error("valid until {valid_until}, beyond the document signer's {not_after}")]
    OutlivesDocumentSigner {
        /// `validUntil` of the object.
        valid_until: OffsetDateTime,
        /// End of the certificate's validity.
        not_after: OffsetDateTime,
    },
    /// The object lives longer than was promised when the stop-signing date was computed.
    #[error("lives for {life}, longer than the {longest} that this document signer is for")]
    LivesTooLong {
        /// From `signed` to `validUntil`.
        life: Duration,
        /// [`DocumentSignerWindow::longest_mso_life`].
        longest: Duration,
    },
    /// `validUntil` is later than the licence's end.
    #[error("valid until {valid_until}, beyond the licence's {licence_expiry}")]
    OutlivesLicence {
        /// `validUntil` of the object.
        valid_until: OffsetDateTime,
        /// Last moment of the licence.
        licence_expiry: OffsetDateTime,
    },
    /// A strict reader would not accept the object.
    #[error(transparent)]
    Rules(#[from] RuleViolation),
    /// The key gave no signature.
    #[error("document signer gave no signature")]
    Signer(#[from] SignError),
    /// The key gave a signature that does not verify; it was thrown away.
    #[error("document signer gave a signature that does not verify")]
    BadSignature(#[source] VerifyError),
}

/// Why a signer and a certificate do not belong together.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyMismatch {
    /// The certificate is about another key.
    #[error("document signer certificate is not about the signer's key")]
    Key,
    /// The signer uses an algorithm that does not belong to its key.
    #[error("signer's algorithm {0} does not fit its key")]
    Algorithm(Algorithm),
}

/// Why there is no such [`DocumentSignerWindow`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidWindow {
    /// The validity ends before it begins.
    #[error("document signer's notAfter is not later than its notBefore")]
    OutOfOrder,
    /// The document signer could never sign.
    #[error(
        "longest life of an object is not positive, or longer than the document signer's validity"
    )]
    MsoLife,
}
