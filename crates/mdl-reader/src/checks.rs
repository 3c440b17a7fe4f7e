use crate::{Cause, CheckGroup, CheckId, CheckResult, Outcome, Policy};

/// Collects results under a policy: the one place where a deviation becomes a warning or a failure.
#[derive(Debug)]
pub(crate) struct Checks {
    policy: Policy,
    /// One place for each of [`CheckId::ALL`], in that order, which is also that of the enum.
    results: Vec<Option<CheckResult>>,
}

impl Checks {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            results: std::iter::repeat_with(|| None)
                .take(CheckId::ALL.len())
                .collect(),
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
        let place = &mut self.results[id as usize];
        debug_assert!(place.is_none(), "{id} recorded twice");
        // Fail closed: nothing takes a failure back.
        if matches!(place, Some(earlier) if earlier.outcome == Outcome::Fail) {
            return;
        }
        *place = Some(CheckResult { id, outcome, cause });
    }

    /// The results in the order of [`CheckId::ALL`]; a check of a document that nothing recorded counts as not done.
    pub(crate) fn into_document_results(mut self) -> Vec<CheckResult> {
        for (id, place) in CheckId::ALL.iter().zip(&mut self.results) {
            if place.is_none() && id.group() != CheckGroup::Response {
                // Fail closed: a check that was reachable and left no trace must not look like one that passed.
                *place = Some(CheckResult {
                    id: *id,
                    outcome: Outcome::NotChecked,
                    cause: Some(Cause::Needs("an earlier check found its input missing")),
                });
            }
        }
        self.into_response_results()
    }

    pub(crate) fn into_response_results(self) -> Vec<CheckResult> {
        self.results.into_iter().flatten().collect()
    }

    pub(crate) fn has(&self, id: CheckId) -> bool {
        self.results[id as usize].is_some()
    }
}
