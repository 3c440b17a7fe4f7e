use crate::{Cause, CheckGroup, CheckId, CheckResult, Outcome, Policy};

/// Collects results under a policy: the one place where a deviation becomes a warning or a failure.
#[derive(Debug)]
pub(crate) struct Checks {
    policy: Policy,
    /// In the order of [`CheckId::ALL`], which is also that of the enum; `None` where nothing was recorded.
    results: [Option<CheckResult>; CheckId::ALL.len()],
}

impl Checks {
    /// Nothing recorded yet.
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            results: [const { None }; CheckId::ALL.len()],
        }
    }

    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    pub(crate) fn pass(&mut self, id: CheckId) {
        self.record(id, Outcome::Pass, None);
    }

    /// A deviation: rejected or tolerated, as the check's weight and the policy say.
    pub(crate) fn deviation(&mut self, id: CheckId, cause: Cause) {
        let rejected = id.weight().rejects_under(self.policy);
        self.record(
            id,
            if rejected {
                Outcome::Fail
            } else {
                Outcome::Warning
            },
            Some(cause),
        );
    }

    /// A deviation that the check's weight does not describe: small enough that only `strict` rejects it.
    pub(crate) fn slight_deviation(&mut self, id: CheckId, cause: Cause) {
        let rejected = self.policy == Policy::Strict;
        self.record(
            id,
            if rejected {
                Outcome::Fail
            } else {
                Outcome::Warning
            },
            Some(cause),
        );
    }

    /// Something that no policy tolerates.
    pub(crate) fn fail(&mut self, id: CheckId, cause: Cause) {
        self.record(id, Outcome::Fail, Some(cause));
    }

    /// Passes, unless there is a cause for a deviation.
    pub(crate) fn pass_unless(&mut self, id: CheckId, cause: Option<Cause>) {
        match cause {
            None => self.pass(id),
            Some(cause) => self.deviation(id, cause),
        }
    }

    pub(crate) fn not_applicable(&mut self, id: CheckId) {
        self.record(id, Outcome::NotApplicable, None);
    }

    pub(crate) fn not_checked(&mut self, id: CheckId, cause: Cause) {
        self.record(id, Outcome::NotChecked, Some(cause));
    }

    pub(crate) fn record(&mut self, id: CheckId, outcome: Outcome, cause: Option<Cause>) {
        let result = &mut self.results[id as usize];
        debug_assert!(result.is_none(), "{id} recorded twice");
        // Fail closed: nothing takes a failure back.
        if matches!(result, Some(earlier) if earlier.outcome == Outcome::Fail) {
            return;
        }
        *result = Some(CheckResult {
            id,
            outcome,
            cause: cause.map(Box::new),
        });
    }

    /// The results in the order of [`CheckId::ALL`]. Fail closed: a check of a document that was reachable and left no
    /// trace must not look like one that passed, so it counts as not done.
    pub(crate) fn into_document_results(self) -> Vec<CheckResult> {
        let mut results = Vec::with_capacity(CheckId::ALL.len());
        for (&id, result) in CheckId::ALL.iter().zip(self.results) {
            match result {
                Some(result) => results.push(result),
                None if id.group() == CheckGroup::Response => {}
                None => results.push(CheckResult {
                    id,
                    outcome: Outcome::NotChecked,
                    cause: Some(Box::new(Cause::Needs(
                        "an earlier check found its input missing",
                    ))),
                }),
            }
        }
        results
    }

    pub(crate) fn into_response_results(self) -> Vec<CheckResult> {
        self.results.into_iter().flatten().collect()
    }

    /// Whether a check failed that is not about revocation.
    pub(crate) fn has_failure_beyond_revocation(&self) -> bool {
        self.results.iter().flatten().any(|result| {
            result.outcome == Outcome::Fail && result.id.group() != CheckGroup::Revocation
        })
    }

    pub(crate) fn has(&self, id: CheckId) -> bool {
        self.results[id as usize].is_some()
    }
}
