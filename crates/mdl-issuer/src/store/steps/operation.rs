//! Values that count once, leases, and the proof that the store takes writes.

use time::OffsetDateTime;

use super::{Needs, Step};
use crate::store::tables::{LeaseRow, Tables};
use crate::store::{Hash, StoreError, UsedValue};

/// See [`Store::use_once`](crate::store::Store::use_once).
#[derive(Debug)]
pub(in crate::store) struct UseOnce(pub(in crate::store) Vec<UsedValue>);

impl Step for UseOnce {
    type Outcome = bool;

    fn needs(&self, needs: &mut Needs) {
        needs.used(&self.0);
    }

    fn apply(&self, tables: &mut Tables) -> Result<bool, StoreError> {
        let recorded = |value: &UsedValue| tables.used.get(&(value.purpose, value.value)).is_some();
        if self.0.iter().any(recorded) {
            return Ok(false);
        }
        for value in &self.0 {
            tables.use_up(value, Hash::default());
        }
        Ok(true)
    }
}

/// See [`Store::lease`](crate::store::Store::lease).
#[derive(Debug)]
pub(in crate::store) struct TakeLease {
    pub(in crate::store) job: String,
    pub(in crate::store) holder: String,
    pub(in crate::store) now: OffsetDateTime,
    pub(in crate::store) until: OffsetDateTime,
}

impl Step for TakeLease {
    type Outcome = bool;

    fn needs(&self, needs: &mut Needs) {
        needs.leases.insert(self.job.clone());
    }

    fn apply(&self, tables: &mut Tables) -> Result<bool, StoreError> {
        match tables.leases.get(&self.job) {
            Some(row) if row.holder != self.holder && self.now < row.until => return Ok(false),
            Some(_) => {
                if let Some(row) = tables.leases.update(&self.job) {
                    row.holder.clone_from(&self.holder);
                    row.until = self.until;
                }
            }
            None => {
                let row = LeaseRow {
                    job: self.job.clone(),
                    holder: self.holder.clone(),
                    until: self.until,
                };
                tables.leases.insert(self.job.clone(), row);
            }
        }
        Ok(true)
    }
}

/// See [`Store::check`](crate::store::Store::check).
#[derive(Debug)]
pub(in crate::store) struct Check;

impl Step for Check {
    type Outcome = ();

    fn needs(&self, _: &mut Needs) {}

    fn apply(&self, tables: &mut Tables) -> Result<(), StoreError> {
        tables.touch_head = true;
        Ok(())
    }
}
