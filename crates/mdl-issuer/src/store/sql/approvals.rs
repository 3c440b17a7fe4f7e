//! How approvals lie in their table.

use super::database::Kind::{Bytes, Integer, Text};
use super::database::{Column, DatabaseError, Value};
use super::record::{Record, Values};
use crate::store::{Approval, ApprovalId, Decided};

impl Record for Approval {
    const TABLE: &'static str = "approvals";
    const COLUMNS: &'static [Column] = &[
        ("id", Bytes),
        ("tenant", Text),
        ("operation", Text),
        ("digest", Bytes),
        ("requested_by", Text),
        ("requested_at", Integer),
        ("expires_at", Integer),
        ("approved", Integer),
        ("decided_by", Text),
        ("decided_at", Integer),
        ("documents", Integer),
    ];

    fn to_values(&self) -> Vec<Value> {
        let decided = self.decided.as_ref();
        vec![
            self.id.0.into(),
            self.tenant.as_str().into(),
            self.operation.as_str().into(),
            self.digest.into(),
            self.requested_by.as_str().into(),
            self.requested_at.into(),
            self.expires_at.into(),
            decided.map(|decided| i64::from(decided.approved)).into(),
            decided.map(|decided| decided.by.as_str()).into(),
            decided.map(|decided| decided.at).into(),
            decided.map(|decided| decided.documents).into(),
        ]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        let mut approval = Self {
            id: ApprovalId(values.array()?),
            tenant: values.text()?,
            operation: values.text()?,
            digest: values.hash()?,
            requested_by: values.text()?,
            requested_at: values.time()?,
            expires_at: values.time()?,
            decided: None,
        };
        let approved = values.optional_integer()?;
        let by = values.optional_text()?;
        let at = values.optional_time()?;
        let documents = values.optional_number()?;
        approval.decided = match (approved, by, at, documents) {
            (None, None, None, None) => None,
            (Some(approved @ (0 | 1)), Some(by), Some(at), Some(documents)) => Some(Decided {
                approved: approved == 1,
                by,
                at,
                documents,
            }),
            _ => return Err(values.unexpected()),
        };
        Ok(approval)
    }
}
