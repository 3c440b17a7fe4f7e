//! Trust bundles: what a reader without a network believes, and what makes it believe that.
//!
//! [`mdl_mdoc::trust_bundle`] is the format. A bundle is accepted from one publisher, whose key the reader knows; a
//! path to some authority would add another list to trust. Easy to get wrong: a signature does not make a bundle
//! current. Whoever can hand an old bundle to a reader gives revoked signers their trust back, so a reader remembers
//! the last bundle it accepted ([`LastAccepted`]) and takes no older one.

use mdl_crypto::{PublicKey, VerifyError};
use mdl_iaca::trust_anchor::{
    AnchorDeviation, AnchorSource, RegionScope, TrustAnchor, TrustAnchorError,
};
use mdl_mdoc::tdate::format_tdate;
use mdl_mdoc::trust_bundle::{
    BundledAnchor, InvalidTrustBundle, SignedTrustBundle, TrustBundleContent, TrustBundleLimits,
};
use time::OffsetDateTime;

use crate::Policy;

/// A trust bundle whose signature was verified and which is current.
#[derive(Clone, Debug)]
pub struct TrustBundle {
    /// `publisher`.
    pub publisher: String,
    /// `issued`.
    pub issued: OffsetDateTime,
    /// `nextUpdate`: when a newer bundle should be there.
    pub next_update: OffsetDateTime,
    /// `notAfter`: afterwards the bundle says nothing.
    pub not_after: OffsetDateTime,
    /// The usable anchors with their scopes.
    pub trust_anchors: Vec<TrustAnchor>,
    /// Anchors left out, by their position, with the reason.
    pub unusable: Vec<(usize, UnusableAnchor)>,
    /// CRLs in DER, for [`Conditions::crls`](crate::Conditions::crls), which verifies them.
    pub crls: Vec<Vec<u8>>,
    /// Status tokens, for [`Conditions::status_tokens`](crate::Conditions::status_tokens), which verifies them.
    pub status_tokens: Vec<Vec<u8>>,
    /// What to remember, so that no older bundle is accepted later.
    pub identity: LastAccepted,
}

/// The last bundle of a publisher that a reader accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LastAccepted {
    /// Its `sequence`.
    pub sequence: u64,
    /// SHA-256 over what is signed of it.
    pub sha256: [u8; 32],
}

/// What a bundle is judged by, besides its signature.
#[derive(Clone, Copy, Debug)]
pub struct BundleConditions {
    /// The time to judge at.
    pub at: OffsetDateTime,
    /// The last bundle that was accepted: an older one is refused. `None`: any is taken, as by a new reader.
    pub last_accepted: Option<LastAccepted>,
    /// Under [`Policy::Strict`] a bundle is refused as soon as a newer one is due, otherwise only after `notAfter`.
    pub policy: Policy,
}

impl BundleConditions {
    /// At a time, under [`Policy::Iso`], by a reader that accepted none before.
    pub fn at(at: OffsetDateTime) -> Self {
        Self {
            at,
            last_accepted: None,
            policy: Policy::default(),
        }
    }
}

/// Why a bundle gives no trust.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustBundleError {
    /// Not a trust bundle.
    #[error(transparent)]
    Decode(#[from] InvalidTrustBundle),
    /// Signed by another key, as it says itself.
    #[error("signed by another key, with SHA-256 {}", hex(.0))]
    OtherKey([u8; 32]),
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature(#[from] VerifyError),
    /// `issued` lies ahead: the clock is wrong, or the bundle.
    #[error("issued later, at {}", format_tdate(*.0))]
    IssuedLater(OffsetDateTime),
    /// `nextUpdate` has passed, and the policy is strict about it.
    #[error("a newer bundle was due at {}", format_tdate(*.0))]
    Stale(OffsetDateTime),
    /// `notAfter` has passed.
    #[error("valid until {}", format_tdate(*.0))]
    Expired(OffsetDateTime),
    /// Older than the last one that was accepted.
    #[error("sequence {sequence}, but {last} was accepted before")]
    Rollback {
        /// `sequence` of the bundle.
        sequence: u64,
        /// That of the last one that was accepted.
        last: u64,
    },
    /// Another bundle of the same `sequence` was accepted before.
    #[error("another bundle of sequence {0} was accepted before")]
    OtherOfSameSequence(u64),
    /// None of its anchors can be used.
    #[error("none of its trust anchors can be used")]
    NoUsableAnchor,
}

/// Why an anchor of a bundle is not used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableAnchor {
    /// The certificate cannot be a trust anchor.
    #[error("not usable as a trust anchor")]
    TrustAnchor(#[from] TrustAnchorError),
    /// Nothing below it would ever be accepted.
    #[error("no path below it is acceptable")]
    Profile(#[source] AnchorDeviation),
}

impl TrustBundle {
    /// Verifies a bundle of the publisher with this key.
    ///
    /// # Errors
    /// One variant of [`TrustBundleError`] per reason.
    pub fn verify(
        bytes: &[u8],
        publisher: &PublicKey,
        conditions: &BundleConditions,
    ) -> Result<Self, TrustBundleError> {
        let signed = SignedTrustBundle::decode(bytes, &TrustBundleLimits::DEFAULT)?;
        if !signed.names_key(publisher) {
            return Err(TrustBundleError::OtherKey(*signed.key_identifier()));
        }
        let sha256 = signed.sha256();
        let content = signed.verify(publisher)?;
        check_times(&content, conditions)?;
        let identity = LastAccepted {
            sequence: content.sequence,
            sha256,
        };
        if let Some(last) = conditions.last_accepted {
            check_sequence(&identity, &last)?;
        }
        Self::from_content(content, identity)
    }

    /// Whether `nextUpdate` has passed.
    pub fn is_due(&self, at: OffsetDateTime) -> bool {
        at > self.next_update
    }

    fn from_content(
        content: TrustBundleContent,
        identity: LastAccepted,
    ) -> Result<Self, TrustBundleError> {
        let (mut trust_anchors, mut unusable) = (Vec::new(), Vec::new());
        for (position, bundled) in content.anchors.into_iter().enumerate() {
            match trust_anchor(bundled, &content.publisher, content.sequence) {
                Ok(anchor) => trust_anchors.push(anchor),
                Err(reason) => unusable.push((position, reason)),
            }
        }
        if trust_anchors.is_empty() {
            return Err(TrustBundleError::NoUsableAnchor);
        }
        Ok(Self {
            publisher: content.publisher,
            issued: content.issued,
            next_update: content.next_update,
            not_after: content.not_after,
            trust_anchors,
            unusable,
            crls: content.crls,
            status_tokens: content.status_tokens,
            identity,
        })
    }
}

fn check_times(
    content: &TrustBundleContent,
    conditions: &BundleConditions,
) -> Result<(), TrustBundleError> {
    let at = conditions.at;
    if content.issued > at {
        Err(TrustBundleError::IssuedLater(content.issued))
    } else if at > content.not_after {
        Err(TrustBundleError::Expired(content.not_after))
    } else if at > content.next_update && conditions.policy == Policy::Strict {
        Err(TrustBundleError::Stale(content.next_update))
    } else {
        Ok(())
    }
}

fn check_sequence(bundle: &LastAccepted, last: &LastAccepted) -> Result<(), TrustBundleError> {
    let sequence = bundle.sequence;
    if sequence < last.sequence {
        let last = last.sequence;
        return Err(TrustBundleError::Rollback { sequence, last });
    }
    if sequence == last.sequence && bundle.sha256 != last.sha256 {
        return Err(TrustBundleError::OtherOfSameSequence(sequence));
    }
    Ok(())
}

fn trust_anchor(
    bundled: BundledAnchor,
    publisher: &str,
    sequence: u64,
) -> Result<TrustAnchor, UnusableAnchor> {
    let anchor = TrustAnchor::from_der(&bundled.certificate)?;
    if let Some(fatal) = anchor.deviations().iter().find(|found| found.is_fatal()) {
        return Err(UnusableAnchor::Profile(fatal.clone()));
    }
    let anchor = match bundled.doc_types {
        Some(doc_types) => anchor.only_for(doc_types),
        None => anchor,
    };
    let region = RegionScope {
        country: bundled.country,
        state: bundled.state,
    };
    Ok(anchor.only_in(region).with_source(AnchorSource::Bundle {
        publisher: publisher.to_owned(),
        sequence,
        origin: bundled.origin,
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
