use crate::{Cause, CheckGroup, CheckId, CheckResult, Outcome, Policy};

/// Collects results under a policy: the one place where a deviation becomes a warning or a failure.
#[derive(Debug)]
pub(crate) struct Checks {
    policy: Policy,
    results: Vec<CheckResult>,
}

impl Checks {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            results: Vec::with_capacity(CheckId::ALL.len()),
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
        debug_assert!(
            self.results.iter().all(|result| result.id != id),
            "{id} recorded twice"
        );
        self.results.push(CheckResult { id, outcome, cause });
    }

    /// The results in the order of [`CheckId::ALL`]; a check of a document that nothing recorded counts as not done.
    pub(crate) fn into_document_results(mut self) -> Vec<CheckResult> {
        for &id in CheckId::ALL {
            if id.group() != CheckGroup::Response
                && self.results.iter().all(|result| result.id != id)
            {
                // Fail closed: a check that was reachable and left no trace must not look like one that passed.
                let cause = Cause::Needs("an earlier check found its input missing");
                self.results.push(CheckResult {
                    id,
                    outcome: Outcome::NotChecked,
                    cause: Some(cause),
                });
            }
        }
        self.results.sort_by_key(|result| result.id);
        self.results
    }

    pub(crate) fn into_response_results(mut self) -> Vec<CheckResult> {
        self.results.sort_by_key(|result| result.id);
        self.results
    }

    pub(crate) fn has(&self, id: CheckId) -> bool {
        self.results.iter().any(|result| result.id == id)
    }
}
