//! Asking for approval, and deciding; what is approved is done in the same step.

use super::{Needs, Step};
use crate::store::approval::same_person;
use crate::store::tables::Tables;
use crate::store::{
    Approval, Decided, Decision, DecisionOutcome, NewApproval, StoreError, Verdict,
};

impl Step for NewApproval {
    type Outcome = Approval;

    fn needs(&self, needs: &mut Needs) {
        needs.approvals.insert(self.id);
        let operation = (self.tenant.clone(), self.digest);
        needs.approvals_of_operations.insert(operation);
    }

    fn apply(&self, tables: &mut Tables) -> Result<Approval, StoreError> {
        let mut known: Vec<&Approval> = tables
            .approvals
            .values()
            .filter(|row| row.tenant == self.tenant && row.digest == self.digest)
            .filter(|row| row.requested_by == self.requested_by && row.decided.is_none())
            .filter(|row| self.requested_at < row.expires_at)
            .collect();
        known.sort_unstable_by_key(|row| (row.requested_at, row.id));
        if let Some(known) = tables.approvals.get(&self.id).or(known.first().copied()) {
            return Ok(known.clone());
        }
        let approval = Approval {
            id: self.id,
            tenant: self.tenant.clone(),
            operation: self.operation.clone(),
            digest: self.digest,
            requested_by: self.requested_by.clone(),
            requested_at: self.requested_at,
            expires_at: self.expires_at,
            decided: None,
        };
        tables.approvals.insert(self.id, approval.clone());
        Ok(approval)
    }
}

impl Step for Decision {
    type Outcome = DecisionOutcome;

    fn needs(&self, needs: &mut Needs) {
        needs.approvals.insert(self.id);
        if let Verdict::Approve(Some(change)) = &self.verdict {
            change.needs(needs);
        }
    }

    fn apply(&self, tables: &mut Tables) -> Result<DecisionOutcome, StoreError> {
        let found = tables.approvals.get(&self.id);
        let Some(approval) = found.filter(|row| row.tenant == self.tenant).cloned() else {
            return Ok(DecisionOutcome::Unknown);
        };
        if approval.digest != self.digest {
            return Ok(DecisionOutcome::OtherOperation);
        }
        let approved = matches!(self.verdict, Verdict::Approve(_));
        if let Some(decided) = &approval.decided {
            let is_same = decided.by == self.by && decided.approved == approved;
            return Ok(match is_same {
                true => DecisionOutcome::Done(approval),
                false => DecisionOutcome::DecidedBefore(approval),
            });
        }
        if self.now >= approval.expires_at {
            return Ok(DecisionOutcome::Expired);
        }
        if approved && same_person(&approval.requested_by, &self.by) {
            return Ok(DecisionOutcome::OwnRequest);
        }
        let documents = match &self.verdict {
            Verdict::Approve(Some(change)) => change.apply(tables)?,
            Verdict::Approve(None) | Verdict::Reject => 0,
        };
        let Some(row) = tables.approvals.update(&self.id) else {
            return Ok(DecisionOutcome::Unknown);
        };
        row.decided = Some(Decided {
            approved,
            by: self.by.clone(),
            at: self.now,
            documents,
        });
        Ok(DecisionOutcome::Done(row.clone()))
    }
}
