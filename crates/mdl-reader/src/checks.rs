use crate::{Cause, CheckGroup, CheckId, CheckResult, Outcome, Policy};

/// Collects results under a policy: the one place where a deviation becomes a warning or a failure.
#[derive(Debug)]
pub(crate) struct Checks {
    policy: Policy,
    /// The first checks of [`CheckId::ALL`], in that order, which is also that of the enum: as many as were needed.
    results: Vec<CheckResult>,
    /// By number of the check, whether its result was recorded or only stands for one that was not made.
    recorded: u128,
}

const _: () = assert!(CheckId::ALL.len() <= 128, "a bit for each check");

impl Checks {
    /// For the checks of a response as a whole.
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            results: Vec::new(),
            recorded: 0,
        }
    }

    /// For the checks of one document, which are nearly all there are.
    pub(crate) fn of_document(policy: Policy) -> Self {
        Self {
            results: Vec::with_capacity(CheckId::ALL.len()),
            ..Self::new(policy)
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
        let place = id as usize;
        debug_assert!(!self.has(id), "{id} recorded twice");
        // Fail closed: nothing takes a failure back.
        if self.has(id) && self.results[place].outcome == Outcome::Fail {
            return;
        }
        self.reach(place + 1);
        self.results[place] = CheckResult { id, outcome, cause };
        self.recorded |= 1 << place;
    }

    /// The results in the order of [`CheckId::ALL`]; a check of a document that nothing recorded counts as not done.
    pub(crate) fn into_document_results(mut self) -> Vec<CheckResult> {
        self.reach(CheckId::ALL.len());
        let recorded = self.recorded;
        self.results.retain(|result| {
            result.id.group() != CheckGroup::Response || recorded & (1 << result.id as usize) != 0
        });
        self.results
    }

    pub(crate) fn into_response_results(mut self) -> Vec<CheckResult> {
        let recorded = self.recorded;
        self.results
            .retain(|result| recorded & (1 << result.id as usize) != 0);
        self.results
    }

    /// Whether a check failed that is not about revocation.
    pub(crate) fn has_failure_beyond_revocation(&self) -> bool {
        self.results.iter().any(|result| {
            result.outcome == Outcome::Fail && result.id.group() != CheckGroup::Revocation
        })
    }

    pub(crate) fn has(&self, id: CheckId) -> bool {
        self.recorded & (1 << id as usize) != 0
    }

    /// Makes places for the first `count` checks. Fail closed: a check that was reachable and left no trace must not
    /// look like one that passed.
    fn reach(&mut self, count: usize) {
        let missing = CheckId::ALL.get(self.results.len()..count);
        let not_made = missing.unwrap_or_default().iter().map(|&id| CheckResult {
            id,
            outcome: Outcome::NotChecked,
            cause: Some(Cause::Needs("an earlier check found its input missing")),
        });
        self.results.extend(not_made);
    }
}
