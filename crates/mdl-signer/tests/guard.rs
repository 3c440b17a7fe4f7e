//! The signing guard: a proposal that is signed, and one change per refusal.

use async_trait::async_trait;
use mdl_crypto::{
    Algorithm, Curve, Digest, HashAlgorithm, PrivateKey, PublicKey, Signature, VerifyError,
};
use mdl_signer::{
    DocumentSignerWindow, GuardError, InvalidWindow, KeyMismatch, Proposal, RuleViolation, Rules,
    SignError, SignedFacts, Signer, SigningGuard, SoftwareSigner,
};
use std::{
    error::Error,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};
use time::{Duration, OffsetDateTime, macros::datetime};

const NOT_BEFORE: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);
const NOT_AFTER: OffsetDateTime = datetime!(2027-01-01 00:00 UTC);
const LIFE: Duration = Duration::days(30);
const STOP: OffsetDateTime = datetime!(2026-12-02 00:00 UTC);
const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

/// What a good proposal says.
const FACTS: SignedFacts = SignedFacts {
    signed: datetime!(2026-06-01 00:00 UTC),
    valid_from: datetime!(2026-06-01 00:00 UTC),
    valid_until: datetime!(2026-06-15 00:00 UTC),
    licence_expiry: Some(datetime!(2030-01-01 00:00 UTC)),
};

const PROPOSAL: Proposal<'static> = Proposal::new(b"Sig_structure", b"IssuerNameSpaces");

/// Rules that find these facts, or this violation.
#[derive(Debug)]
struct Find(Result<SignedFacts, &'static str>);

impl Rules for Find {
    fn examine(&self, proposal: &Proposal<'_>) -> Result<SignedFacts, RuleViolation> {
        assert_eq!(proposal.to_be_signed, PROPOSAL.to_be_signed);
        assert_eq!(proposal.name_spaces, PROPOSAL.name_spaces);
        self.0
            .map_err(|rule| RuleViolation::new(rule).because("digest 7 differs"))
    }
}

/// Counts the signatures, and makes them with `key`.
#[derive(Debug)]
struct Counting {
    public: PublicKey,
    key: PrivateKey,
    signed: Arc<AtomicUsize>,
}

#[async_trait]
impl Signer for Counting {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        self.signed.fetch_add(1, Ordering::SeqCst);
        Ok(self.key.sign(message))
    }

    async fn check(&self) -> Result<(), SignError> {
        Err(SignError::Refused("disabled".into()))
    }
}

fn key() -> PrivateKey {
    PrivateKey::from_scalar(Curve::P256, &[7; 32]).expect("in range")
}

fn window() -> DocumentSignerWindow {
    DocumentSignerWindow::new(NOT_BEFORE, NOT_AFTER, LIFE).expect("in order")
}

fn guard(found: Result<SignedFacts, &'static str>) -> (SigningGuard, Arc<AtomicUsize>) {
    let signed = Arc::new(AtomicUsize::new(0));
    let key = key();
    let public = key.public_key().clone();
    let signer = Counting {
        public: public.clone(),
        key,
        signed: signed.clone(),
    };
    let guard = SigningGuard::new(Box::new(signer), &public, window(), Box::new(Find(found)));
    (guard.expect("the key is the certified one"), signed)
}

/// The refusal, after checking that the key was never asked.
fn refusal(guard: &SigningGuard, signed: &AtomicUsize, now: OffsetDateTime) -> GuardError {
    let refusal = pollster::block_on(guard.sign(&PROPOSAL, now)).expect_err("refused");
    assert_eq!(
        signed.load(Ordering::SeqCst),
        0,
        "the key was asked: {refusal}"
    );
    refusal
}

fn refusal_of(facts: SignedFacts, now: OffsetDateTime) -> GuardError {
    let (guard, signed) = guard(Ok(facts));
    refusal(&guard, &signed, now)
}

#[test]
fn a_good_proposal_is_signed() {
    let (guard, signed) = guard(Ok(FACTS));
    let signature = pollster::block_on(guard.sign(&PROPOSAL, NOW)).unwrap();
    let verdict = key().public_key().verify(
        Algorithm::Es256,
        PROPOSAL.to_be_signed,
        signature.as_bytes(),
    );
    assert_eq!(verdict, Ok(()));
    assert_eq!(signed.load(Ordering::SeqCst), 1);
    assert_eq!(guard.window().stop_signing(), STOP);
}

#[test]
fn a_digest_that_the_caller_took_is_held_against_the_signature() {
    let (guard, _) = guard(Ok(FACTS));
    let sign = |sha256: &Digest| {
        let proposal = PROPOSAL.hashed(sha256);
        pollster::block_on(guard.sign(&proposal, NOW))
    };
    let signature = sign(&HashAlgorithm::Sha256.digest(PROPOSAL.to_be_signed)).unwrap();
    let key = key();
    assert!(signature.is_over(key.public_key(), Algorithm::Es256, PROPOSAL.to_be_signed));
    let of_another = sign(&HashAlgorithm::Sha256.digest(b"another")).unwrap_err();
    assert!(matches!(
        of_another,
        GuardError::BadSignature(VerifyError::BadSignature)
    ));
}

#[test]
fn a_batch_is_examined_before_any_of_it_is_signed() {
    let (guard, signed) = guard(Ok(FACTS));
    let examined = guard.examine_batch(&[PROPOSAL; 3], NOW).unwrap();
    assert_eq!(signed.load(Ordering::SeqCst), 0);
    assert_eq!(examined.len(), 3);
    for examined in examined {
        let signature = pollster::block_on(examined.sign()).unwrap();
        let key = key();
        assert!(signature.is_over(key.public_key(), Algorithm::Es256, PROPOSAL.to_be_signed));
    }
    assert_eq!(signed.load(Ordering::SeqCst), 3);
}

#[test]
fn a_batch_is_refused_as_its_documents_are() {
    let long = SignedFacts {
        valid_until: FACTS.valid_from + LIFE + Duration::SECOND,
        ..FACTS
    };
    for (found, now) in [
        (Err("value-digest"), NOW),
        (Ok(long), NOW),
        (Ok(FACTS), STOP + Duration::SECOND),
    ] {
        let (guard, _) = guard(found);
        let alone = pollster::block_on(guard.sign(&PROPOSAL, now)).unwrap_err();
        let together = guard.examine_batch(&[PROPOSAL; 2], now).unwrap_err();
        assert_eq!(together.to_string(), alone.to_string());
    }
}

/// Rules that find nothing wrong with proposals, and forget the last.
#[derive(Debug)]
struct ForgetOne;

impl Rules for ForgetOne {
    fn examine(&self, _: &Proposal<'_>) -> Result<SignedFacts, RuleViolation> {
        Ok(FACTS)
    }

    fn examine_batch(&self, proposals: &[Proposal<'_>]) -> Result<Vec<SignedFacts>, RuleViolation> {
        Ok(vec![FACTS; proposals.len() - 1])
    }
}

#[test]
fn what_the_rules_say_nothing_of_is_refused() {
    let key = key();
    let public = key.public_key().clone();
    let signer = Box::new(SoftwareSigner::new(key));
    let guard = SigningGuard::new(signer, &public, window(), Box::new(ForgetOne)).unwrap();
    let refused = guard.examine_batch(&[PROPOSAL; 2], NOW);
    assert!(matches!(refused, Err(GuardError::Rules(_))));
}

#[test]
fn what_was_examined_before_a_revocation_is_not_signed_after_it() {
    let (guard, signed) = guard(Ok(FACTS));
    let examined = guard.examine_batch(&[PROPOSAL], NOW).unwrap();
    guard.revoke();
    for examined in examined {
        let refusal = pollster::block_on(examined.sign());
        assert!(matches!(refusal, Err(GuardError::Revoked)));
    }
    assert_eq!(signed.load(Ordering::SeqCst), 0);
}

#[test]
fn the_limits_themselves_are_inside() {
    // First and last moment of signing, an object of the longest life that ends with the document signer, and
    // a licence that ends with the object.
    let first = SignedFacts {
        signed: NOT_BEFORE,
        valid_from: NOT_BEFORE,
        valid_until: NOT_BEFORE + LIFE,
        licence_expiry: Some(NOT_BEFORE + LIFE),
    };
    let last = SignedFacts {
        signed: STOP,
        valid_from: STOP,
        valid_until: NOT_AFTER,
        licence_expiry: None,
    };
    for (facts, now) in [(first, NOT_BEFORE), (last, STOP)] {
        let (guard, _) = guard(Ok(facts));
        assert!(pollster::block_on(guard.sign(&PROPOSAL, now)).is_ok());
    }
}

#[test]
fn revoked() {
    let (guard, signed) = guard(Ok(FACTS));
    guard.revoke();
    assert!(guard.is_revoked());
    assert!(matches!(refusal(&guard, &signed, NOW), GuardError::Revoked));
}

#[test]
fn held_until_it_is_allowed() {
    let (guard, signed) = guard(Ok(FACTS));
    guard.hold();
    assert!(guard.is_held());
    assert!(matches!(
        refusal(&guard, &signed, NOW),
        GuardError::NotApproved
    ));
    guard.allow();
    assert!(!guard.is_held());
    assert!(pollster::block_on(guard.sign(&PROPOSAL, NOW)).is_ok());
}

#[test]
fn not_yet_valid() {
    let now = NOT_BEFORE - Duration::SECOND;
    assert!(matches!(
        refusal_of(FACTS, now),
        GuardError::NotYetValid { .. }
    ));
}

#[test]
fn expired() {
    let now = NOT_AFTER + Duration::SECOND;
    assert!(matches!(refusal_of(FACTS, now), GuardError::Expired { .. }));
}

#[test]
fn past_the_stop_signing_date() {
    let now = STOP + Duration::SECOND;
    // A short object would end before the document signer: it is the date alone that counts.
    let facts = SignedFacts {
        signed: now,
        valid_from: now,
        valid_until: now + Duration::DAY,
        ..FACTS
    };
    let refusal = refusal_of(facts, now);
    assert!(
        matches!(refusal, GuardError::StoppedSigning { stop_signing, .. } if stop_signing == STOP)
    );
}

#[test]
fn signed_outside_the_document_signer() {
    let before = NOT_BEFORE - Duration::SECOND;
    let early = SignedFacts {
        signed: before,
        valid_from: NOT_BEFORE,
        valid_until: NOT_BEFORE + Duration::DAY,
        ..FACTS
    };
    assert!(matches!(
        refusal_of(early, NOT_BEFORE),
        GuardError::SignedOutsideDocumentSigner { signed, .. } if signed == before
    ));
    let after = NOT_AFTER + Duration::SECOND;
    let late = SignedFacts {
        signed: after,
        ..FACTS
    };
    assert!(matches!(
        refusal_of(late, NOW),
        GuardError::SignedOutsideDocumentSigner { signed, .. } if signed == after
    ));
}

#[test]
fn validity_out_of_order() {
    let second = Duration::SECOND;
    for facts in [
        SignedFacts {
            valid_from: FACTS.signed - second,
            ..FACTS
        },
        SignedFacts {
            valid_until: FACTS.valid_from,
            ..FACTS
        },
    ] {
        assert!(matches!(
            refusal_of(facts, NOW),
            GuardError::ValidityOutOfOrder { .. }
        ));
    }
}

#[test]
fn valid_until_beyond_the_document_signer() {
    // Signed ahead of time, so that its life is not too long.
    let signed = NOT_AFTER - Duration::DAY;
    let facts = SignedFacts {
        signed,
        valid_from: signed,
        valid_until: NOT_AFTER + Duration::SECOND,
        ..FACTS
    };
    assert!(matches!(
        refusal_of(facts, NOW),
        GuardError::OutlivesDocumentSigner { .. }
    ));
}

#[test]
fn a_life_longer_than_the_stop_signing_date_allows_for() {
    let facts = SignedFacts {
        valid_until: FACTS.signed + LIFE + Duration::SECOND,
        ..FACTS
    };
    assert!(matches!(
        refusal_of(facts, NOW),
        GuardError::LivesTooLong { longest, .. } if longest == LIFE
    ));
}

#[test]
fn valid_until_beyond_the_licence() {
    let licence_expiry = Some(FACTS.valid_until - Duration::SECOND);
    let facts = SignedFacts {
        licence_expiry,
        ..FACTS
    };
    assert!(matches!(
        refusal_of(facts, NOW),
        GuardError::OutlivesLicence { .. }
    ));
}

#[test]
fn rules_of_the_reader() {
    let (guard, signed) = guard(Err("value-digest"));
    let refusal = refusal(&guard, &signed, NOW);
    let GuardError::Rules(violation) = &refusal else {
        panic!("{refusal}")
    };
    assert_eq!(violation.rule(), "value-digest");
    assert_eq!(violation.source().unwrap().to_string(), "digest 7 differs");
}

#[test]
fn a_signature_that_does_not_verify_stays_inside() {
    let public = key().public_key().clone();
    let signer = Counting {
        public: public.clone(),
        key: PrivateKey::from_scalar(Curve::P256, &[8; 32]).unwrap(),
        signed: Arc::default(),
    };
    let guard = SigningGuard::new(
        Box::new(signer),
        &public,
        window(),
        Box::new(Find(Ok(FACTS))),
    )
    .unwrap();
    assert!(matches!(
        pollster::block_on(guard.sign(&PROPOSAL, NOW)),
        Err(GuardError::BadSignature(VerifyError::BadSignature))
    ));
}

/// Never answers, or answers late.
#[derive(Debug)]
struct Slow {
    key: PrivateKey,
    patience: usize,
}

#[async_trait]
impl Signer for Slow {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let mut polls = 0;
        std::future::poll_fn(|_| {
            polls += 1;
            if polls > self.patience {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        match self.patience {
            0 => Err(SignError::Unavailable("throttled".into())),
            _ => Ok(self.key.sign(message)),
        }
    }

    async fn check(&self) -> Result<(), SignError> {
        Ok(())
    }
}

fn slow(patience: usize) -> SigningGuard {
    let key = key();
    let public = key.public_key().clone();
    let signer = Box::new(Slow { key, patience });
    SigningGuard::new(signer, &public, window(), Box::new(Find(Ok(FACTS)))).expect("certified")
}

#[test]
fn a_signer_that_is_unavailable() {
    let refusal = pollster::block_on(slow(0).sign(&PROPOSAL, NOW)).unwrap_err();
    assert!(
        matches!(refusal, GuardError::Signer(SignError::Unavailable(_))),
        "{refusal}"
    );
}

#[test]
fn a_key_that_fails_is_told_from_one_that_was_not_asked() {
    let guard = slow(0);
    assert_eq!(guard.failed_at(), None);
    // Refused by the guard: that is no failure of the key.
    let early = NOW - Duration::days(10_000);
    assert!(pollster::block_on(guard.sign(&PROPOSAL, early)).is_err());
    assert_eq!(guard.failed_at(), None);
    assert!(pollster::block_on(guard.sign(&PROPOSAL, NOW)).is_err());
    assert_eq!(guard.failed_at(), Some(NOW));
}

#[test]
fn a_revocation_while_the_key_is_signing_holds_the_signature_back() {
    let guard = slow(1);
    let mut signing = pin!(guard.sign(&PROPOSAL, NOW));
    let mut context = Context::from_waker(Waker::noop());
    assert!(signing.as_mut().poll(&mut context).is_pending());
    guard.revoke();
    let polled = signing.as_mut().poll(&mut context);
    assert!(matches!(polled, Poll::Ready(Err(GuardError::Revoked))));
}

#[test]
fn a_certificate_about_another_key() {
    let other = PrivateKey::from_scalar(Curve::P256, &[8; 32]).unwrap();
    let signer = Box::new(SoftwareSigner::new(key()));
    let refused = SigningGuard::new(
        signer,
        other.public_key(),
        window(),
        Box::new(Find(Ok(FACTS))),
    );
    assert_eq!(refused.err(), Some(KeyMismatch::Key));
}

#[test]
fn an_algorithm_that_does_not_fit() {
    let key = PrivateKey::from_scalar(Curve::P384, &[7; 48]).unwrap();
    let public = key.public_key().clone();
    let signer = Box::new(Counting {
        public: public.clone(),
        key,
        signed: Arc::default(),
    });
    let refused = SigningGuard::new(signer, &public, window(), Box::new(Find(Ok(FACTS))));
    assert_eq!(
        refused.err(),
        Some(KeyMismatch::Algorithm(Algorithm::Es256))
    );
}

#[test]
fn windows_in_which_nothing_could_be_signed() {
    let year = NOT_AFTER - NOT_BEFORE;
    for (not_before, not_after, life, error) in [
        (NOT_AFTER, NOT_BEFORE, LIFE, InvalidWindow::OutOfOrder),
        (NOT_BEFORE, NOT_BEFORE, LIFE, InvalidWindow::OutOfOrder),
        (
            NOT_BEFORE,
            NOT_AFTER,
            Duration::ZERO,
            InvalidWindow::MsoLife,
        ),
        (NOT_BEFORE, NOT_AFTER, -LIFE, InvalidWindow::MsoLife),
        (
            NOT_BEFORE,
            NOT_AFTER,
            year + Duration::SECOND,
            InvalidWindow::MsoLife,
        ),
        (NOT_BEFORE, NOT_AFTER, Duration::MAX, InvalidWindow::MsoLife),
    ] {
        assert_eq!(
            DocumentSignerWindow::new(not_before, not_after, life),
            Err(error)
        );
    }
    let shortest = DocumentSignerWindow::new(NOT_BEFORE, NOT_AFTER, year).unwrap();
    assert_eq!(shortest.stop_signing(), NOT_BEFORE);
}

#[test]
fn debug_shows_neither_key_nor_personal_data() {
    let (guard, _) = guard(Ok(FACTS));
    let printed = format!("{guard:?} {PROPOSAL:?}");
    assert!(
        !printed.contains("070707") && !printed.contains("7, 7, 7"),
        "{printed}"
    );
    assert!(
        !printed.contains("IssuerNameSpaces") && !printed.contains("[73"),
        "{printed}"
    );
}

#[test]
fn whether_the_key_could_sign_is_the_signer_s_answer_and_no_signature() {
    let (guard, signed) = guard(Ok(FACTS));
    let answer = pollster::block_on(guard.check_key());
    assert!(matches!(answer, Err(SignError::Refused(_))));
    assert_eq!(signed.load(Ordering::SeqCst), 0);
}
