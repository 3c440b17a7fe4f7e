//! Revocation of the document itself, by the list that its MSO names (V33, V34).
//!
//! draft-ietf-oauth-status-list, 8.3; ISO/IEC 18013-5 second edition, 12.3.6. The list is asked last: a document that
//! is invalid already gives nobody a reason to look for its list, and a lookup tells the publisher of the list that
//! somebody is being checked. Whatever keeps a token from answering leaves the status *undetermined*, which is no good
//! news; only an answer of the list can be a failure of its own.

use std::cmp::Reverse;

use mdl_iaca::path::PathCache;
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_mdoc::status_list::{
    CompressedStatusList, RevocationList, SignedStatusToken, StatusBits, StatusClaims,
    StatusTokenLimits, StatusType,
};
use time::OffsetDateTime;

use super::signer::Signer;
use super::status_signer;
use crate::checks::Checks;
use crate::report::{Outcome, RevocationVerdict};
use crate::{Cause, CheckId, Conditions, StatusProblem, Verifier};

/// What the report keeps of the check.
#[derive(Debug)]
pub(super) struct StatusEvidence<'a> {
    /// `None` if the MSO names no list.
    pub(super) verdict: Option<RevocationVerdict>,
    /// The list to fetch for an answer.
    pub(super) needed: Option<&'a str>,
}

/// What the MSO says of its list.
pub(super) struct Reference<'a> {
    pub(super) uri: &'a str,
    /// The certificate that anchors the token's signature, if it is not the IACA.
    pub(super) certificate: Option<&'a [u8]>,
    entry: Entry<'a>,
}

enum Entry<'a> {
    Index(u64),
    Identifier(&'a [u8]),
}

/// What the list answers.
enum Answer {
    Valid(StatusBits),
    NotValid(Cause),
}

/// Checks the status, once everything else about the document is known.
pub(super) fn check_status<'a>(
    mso: Option<&MobileSecurityObject<'a>>,
    signer: &Signer,
    verifier: &Verifier,
    conditions: &Conditions<'_>,
    checks: &mut Checks,
    cache: &mut PathCache,
) -> StatusEvidence<'a> {
    let none = StatusEvidence {
        verdict: None,
        needed: None,
    };
    let Some(mso) = mso else { return none };
    let Some(status) = &mso.status else {
        checks.not_applicable(CheckId::StatusMechanism);
        checks.not_applicable(CheckId::StatusReference);
        return none;
    };
    let reference = match (&status.status_list, &status.identifier_list) {
        (Some(list), None) => Some(Reference {
            uri: list.uri,
            certificate: list.certificate,
            entry: Entry::Index(list.idx),
        }),
        (None, Some(list)) => Some(Reference {
            uri: list.uri,
            certificate: list.certificate,
            entry: Entry::Identifier(list.id),
        }),
        (None, None) => None,
        (Some(_), Some(_)) => {
            checks.fail(CheckId::StatusMechanism, Cause::TwoStatusMechanisms);
            return not_asked(checks);
        }
    };
    checks.pass(CheckId::StatusMechanism);
    if checks.has_failure_beyond_revocation() || signer.revocation == RevocationVerdict::Revoked {
        return not_asked(checks);
    }
    let answer = match &reference {
        Some(reference) => ask(reference, signer, verifier, conditions, cache),
        None => Err(StatusProblem::UnknownMechanism),
    };
    let verdict = record(answer, conditions, checks);
    let unanswered = matches!(
        verdict,
        RevocationVerdict::Unknown | RevocationVerdict::NotChecked
    );
    StatusEvidence {
        verdict: Some(verdict),
        needed: reference
            .map(|reference| reference.uri)
            .filter(|uri| unanswered && StatusClaims::is_list_uri(uri)),
    }
}

/// The document fails elsewhere: no list is asked.
fn not_asked<'a>(checks: &mut Checks) -> StatusEvidence<'a> {
    let cause = Cause::Needs("the document is invalid already");
    checks.not_checked(CheckId::StatusReference, cause);
    StatusEvidence {
        verdict: Some(RevocationVerdict::NotChecked),
        needed: None,
    }
}

fn record(
    answer: Result<Answer, StatusProblem>,
    conditions: &Conditions<'_>,
    checks: &mut Checks,
) -> RevocationVerdict {
    let id = CheckId::StatusReference;
    let (outcome, problem) = match answer {
        Ok(Answer::Valid(StatusBits::One)) => {
            checks.pass(id);
            return RevocationVerdict::NotRevoked;
        }
        Ok(Answer::Valid(bits)) => {
            checks.slight_deviation(id, Cause::StatusBits(bits.get()));
            return RevocationVerdict::NotRevoked;
        }
        Ok(Answer::NotValid(cause)) => {
            checks.fail(id, cause);
            return RevocationVerdict::Revoked;
        }
        Err(StatusProblem::NotGiven) => (Outcome::NotChecked, StatusProblem::NotGiven),
        Err(problem) => (Outcome::Undetermined, problem),
    };
    let verdict = if outcome == Outcome::NotChecked {
        RevocationVerdict::NotChecked
    } else {
        RevocationVerdict::Unknown
    };
    let outcome = if conditions.require_revocation {
        Outcome::Fail
    } else {
        outcome
    };
    checks.record(id, outcome, Some(Cause::StatusList(problem)));
    verdict
}

/// What the newest usable token of the list says.
fn ask(
    reference: &Reference<'_>,
    signer: &Signer,
    verifier: &Verifier,
    conditions: &Conditions<'_>,
    cache: &mut PathCache,
) -> Result<Answer, StatusProblem> {
    if !StatusClaims::is_list_uri(reference.uri) {
        return Err(StatusProblem::Uri);
    }
    if conditions.status_tokens.is_empty() {
        return Err(StatusProblem::NotGiven);
    }
    let mut problem = None;
    let mut candidates = Vec::new();
    for token in conditions.status_tokens {
        match SignedStatusToken::decode(token, &StatusTokenLimits::DEFAULT) {
            Ok(token) if token.claimed_subject() == reference.uri => candidates.push(token),
            Ok(_) => problem = problem.or(Some(StatusProblem::OtherList)),
            Err(error) => problem = Some(error.into()),
        }
    }
    // One from the future is asked only if alone, as with CRLs.
    candidates.sort_by_key(|token| {
        let issued_at = token.dangerous_unverified_claims().issued_at;
        Reverse((issued_at <= conditions.at, issued_at))
    });
    for (index, token) in candidates.iter().enumerate() {
        match status_signer::verify(token, reference, signer, verifier, conditions, cache) {
            Ok(claims) => return answer(claims, reference, conditions.at),
            // Anybody can hand in a token that is not the issuer's: it must not hide an older one that is.
            Err(error) if index == 0 => problem = Some(error),
            Err(_) => {}
        }
    }
    Err(problem.unwrap_or(StatusProblem::OtherList))
}

/// What claims that the right key signed say at a time.
fn answer(
    claims: &StatusClaims,
    reference: &Reference<'_>,
    at: OffsetDateTime,
) -> Result<Answer, StatusProblem> {
    if claims.issued_at > at {
        return Err(StatusProblem::IssuedLater(claims.issued_at));
    }
    let expires_at = claims.expires_at.ok_or(StatusProblem::NoExpiry)?;
    if at > expires_at {
        return Err(StatusProblem::Expired(expires_at));
    }
    let answer = match (&claims.list, &reference.entry) {
        (RevocationList::Status(list), Entry::Index(idx)) => look_up(list, *idx)?,
        (RevocationList::Identifiers(list), Entry::Identifier(id)) if list.contains(id) => {
            Answer::NotValid(Cause::StatusEntry(StatusType::Invalid))
        }
        (RevocationList::Identifiers(_), Entry::Identifier(_)) => Answer::Valid(StatusBits::One),
        (RevocationList::Status(_), Entry::Identifier(_))
        | (RevocationList::Identifiers(_), Entry::Index(_)) => {
            return Err(StatusProblem::OtherMechanism);
        }
    };
    match answer {
        // Bad news does not become better by being old, good news does not stay good.
        Answer::Valid(_) if claims.is_stale(at) => Err(StatusProblem::Stale(claims.issued_at)),
        answer => Ok(answer),
    }
}

fn look_up(list: &CompressedStatusList, idx: u64) -> Result<Answer, StatusProblem> {
    let value = list.look_up(idx, StatusTokenLimits::DEFAULT.max_list_bytes)?;
    Ok(match value.map(StatusType::from) {
        Some(StatusType::Valid) => Answer::Valid(list.bits),
        Some(status) => Answer::NotValid(Cause::StatusEntry(status)),
        None => Answer::NotValid(Cause::StatusIndex(idx)),
    })
}

/// What is known of the document signer and of the document together: the worse of both.
pub(super) fn combined(
    signer: RevocationVerdict,
    status: Option<RevocationVerdict>,
) -> RevocationVerdict {
    let rank = |verdict: &RevocationVerdict| match verdict {
        RevocationVerdict::NotRevoked => 0,
        RevocationVerdict::NotChecked => 1,
        RevocationVerdict::Unknown => 2,
        RevocationVerdict::Revoked => 3,
    };
    status.map_or(signer, |status| std::cmp::max_by_key(signer, status, rank))
}
