//! What the guard refuses never reaches the key, whichever backend holds it.

use async_trait::async_trait;
use mdl_crypto::{Algorithm, PublicKey, Signature};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use time::{Duration, OffsetDateTime};

use super::Deviation;
use crate::{
    DocumentSignerWindow, GuardError, Proposal, RuleViolation, Rules, SignError, SignedFacts,
    Signer, SigningGuard,
};

const NOT_BEFORE: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const NOT_AFTER: OffsetDateTime = NOT_BEFORE.saturating_add(Duration::days(400));
const LONGEST_LIFE: Duration = Duration::days(90);
/// When all is well.
const NOW: OffsetDateTime = NOT_BEFORE.saturating_add(Duration::days(100));

/// Counts what comes through to the key.
#[derive(Debug)]
struct Counted<S> {
    signer: S,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl<S: Signer> Signer for Counted<S> {
    fn algorithm(&self) -> Algorithm {
        self.signer.algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.signer.sign(message).await
    }

    async fn check(&self) -> Result<(), SignError> {
        self.signer.check().await
    }
}

/// Rules that find these facts in whatever they read.
#[derive(Debug)]
struct Finds(SignedFacts);

impl Rules for Finds {
    fn examine(&self, _: &Proposal<'_>) -> Result<SignedFacts, RuleViolation> {
        Ok(self.0)
    }
}

/// What is wrong, and nothing else is.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    now: OffsetDateTime,
    revoked: bool,
    valid_until: OffsetDateTime,
    licence_expiry: Option<OffsetDateTime>,
    is_refused_so: fn(&GuardError) -> bool,
}

const GOOD: Case = Case {
    name: "good",
    now: NOW,
    revoked: false,
    valid_until: NOW.saturating_add(LONGEST_LIFE),
    licence_expiry: None,
    is_refused_so: |_| false,
};

const REFUSED: &[Case] = &[
    Case {
        name: "not yet valid",
        now: NOT_BEFORE.saturating_sub(Duration::SECOND),
        is_refused_so: |error| matches!(error, GuardError::NotYetValid { .. }),
        ..GOOD
    },
    Case {
        name: "past the stop-signing date",
        now: NOT_AFTER
            .saturating_sub(LONGEST_LIFE)
            .saturating_add(Duration::SECOND),
        is_refused_so: |error| matches!(error, GuardError::StoppedSigning { .. }),
        ..GOOD
    },
    Case {
        name: "expired",
        now: NOT_AFTER.saturating_add(Duration::SECOND),
        is_refused_so: |error| matches!(error, GuardError::Expired { .. }),
        ..GOOD
    },
    Case {
        name: "revoked",
        revoked: true,
        is_refused_so: |error| matches!(error, GuardError::Revoked),
        ..GOOD
    },
    Case {
        name: "beyond the document signer's validity",
        valid_until: NOT_AFTER.saturating_add(Duration::SECOND),
        is_refused_so: |error| matches!(error, GuardError::OutlivesDocumentSigner { .. }),
        ..GOOD
    },
    Case {
        name: "beyond the licence's validity",
        licence_expiry: Some(NOW.saturating_add(Duration::DAY)),
        is_refused_so: |error| matches!(error, GuardError::OutlivesLicence { .. }),
        ..GOOD
    },
];

/// Each case is refused for its own reason without a call to the key, and the good one is one call.
pub(super) async fn check<S: Signer + 'static>(make: impl Fn() -> S) -> Result<(), Deviation> {
    for case in REFUSED {
        let (outcome, calls) = run(make(), case).await?;
        match outcome {
            Err(error) if (case.is_refused_so)(&error) && calls == 0 => {}
            _ => {
                return Err(Deviation::Guard {
                    case: case.name,
                    calls,
                });
            }
        }
    }
    match run(make(), &GOOD).await? {
        (Ok(()), 1) => Ok(()),
        (_, calls) => Err(Deviation::Guard {
            case: GOOD.name,
            calls,
        }),
    }
}

async fn run<S: Signer + 'static>(
    signer: S,
    case: &Case,
) -> Result<(Result<(), GuardError>, usize), Deviation> {
    let calls = Arc::<AtomicUsize>::default();
    let key = signer.public_key().clone();
    let counted = Counted {
        signer,
        calls: calls.clone(),
    };
    let unusable = || Deviation::Guard {
        case: case.name,
        calls: 0,
    };
    let window = DocumentSignerWindow::new(NOT_BEFORE, NOT_AFTER, LONGEST_LIFE);
    let rules = Finds(SignedFacts {
        signed: NOW,
        valid_from: NOW,
        valid_until: case.valid_until,
        licence_expiry: case.licence_expiry,
    });
    let window = window.map_err(|_| unusable())?;
    let guard = SigningGuard::new(Box::new(counted), &key, window, Box::new(rules))
        .map_err(|_| unusable())?;
    if case.revoked {
        guard.revoke();
    }
    let proposal = Proposal::new(b"Sig_structure", b"");
    let outcome = guard.sign(&proposal, case.now).await.map(drop);
    Ok((outcome, calls.load(Ordering::SeqCst)))
}
