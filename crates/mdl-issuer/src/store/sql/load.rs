//! Reads the rows that some steps need, one statement for each kind however many steps there are.

use std::collections::{BTreeMap, BTreeSet};

use super::database::Kind::{Bytes, Integer, Text};
use super::database::{DatabaseError, Dialect, Given, Transaction, Value};
use super::record::{Record, Values, columns_of, kinds_of, read_all, select};
use super::records::used_purpose_number;
use crate::store::steps::Needs;
use crate::store::tables::{
    GrantRow, IssuanceRow, LeaseRow, OfferRow, StatusListRow, Tables, UsedRow,
};
use crate::store::{Approval, LedgerCheckpoint, LedgerHead, PublishedStatusList, StatusListId};

/// Locks out other writers, on this and on other replicas, until the transaction ends; returns the newest entry.
///
/// Steps of all replicas happen one group after the other, so none of them is decided on rows that another is changing.
/// What that costs is shared by the whole group.
pub(super) async fn lock(
    transaction: &mut dyn Transaction,
    dialect: Dialect,
) -> Result<LedgerHead, DatabaseError> {
    let lock = match dialect {
        // The transaction began with the lock on the whole file.
        Dialect::Sqlite => "",
        Dialect::Postgres => " FOR UPDATE OF t",
    };
    let given = Given::one(&[("one", Integer)], vec![1_i64.into()]);
    let sql = format!(
        "SELECT {} FROM {} CROSS JOIN ledger_head AS t WHERE t.one = given.one{lock}",
        columns_of::<LedgerHead>(),
        dialect.given(&given.columns),
    );
    let kinds = kinds_of::<LedgerHead>();
    let rows = transaction.fetch(&sql, &given, &kinds).await?;
    let head = read_all(rows)?.pop();
    head.ok_or_else(|| DatabaseError::Corrupt("ledger_head is empty".into()))
}

/// Reads what is needed.
pub(super) async fn load(
    transaction: &mut dyn Transaction,
    dialect: Dialect,
    needs: &Needs,
) -> Result<Tables, DatabaseError> {
    let mut loader = Loader {
        transaction,
        dialect,
        tables: Tables::default(),
    };
    loader.tables.head = lock(loader.transaction, dialect).await?;
    loader.sessions(needs).await?;
    loader.issuances(needs).await?;
    loader.limits(needs).await?;
    loader.lists(needs).await?;
    loader.approvals(needs).await?;
    loader.operation(needs).await?;
    Ok(loader.tables)
}

struct Loader<'t> {
    transaction: &'t mut dyn Transaction,
    dialect: Dialect,
    tables: Tables,
}

/// Keys of one column.
fn keys<const N: usize>(name: &'static str, keys: impl Iterator<Item = [u8; N]>) -> Given {
    Given::new(&[(name, Bytes)], keys.map(|key| vec![key.into()]))
}

impl Loader<'_> {
    async fn select<R: Record>(
        &mut self,
        given: Given,
        condition: &str,
    ) -> Result<Vec<R>, DatabaseError> {
        select(self.transaction, self.dialect, given, condition).await
    }

    async fn sessions(&mut self, needs: &Needs) -> Result<(), DatabaseError> {
        let ids = keys("id", needs.offers.iter().map(|id| id.0));
        for row in self.select::<OfferRow>(ids, "t.id = given.id").await? {
            self.tables.offers.load(row.offer.id, row);
        }
        let ids = keys("id", needs.grants.iter().map(|id| id.0));
        for row in self.select::<GrantRow>(ids, "t.id = given.id").await? {
            self.tables.grants.load(row.grant.id, row);
        }
        let values = needs
            .used
            .iter()
            .map(|(purpose, value)| vec![used_purpose_number(*purpose).into(), (*value).into()]);
        let values = Given::new(&[("purpose", Integer), ("value", Bytes)], values);
        let condition = "t.purpose = given.purpose AND t.value = given.value";
        for row in self.select::<UsedRow>(values, condition).await? {
            self.tables.used.load((row.purpose, row.value), row);
        }
        Ok(())
    }

    async fn issuances(&mut self, needs: &Needs) -> Result<(), DatabaseError> {
        let both = needs.issuances.union(&needs.documents_of_issuances);
        let ids = keys("id", both.map(|id| id.0));
        let mut rows: Vec<IssuanceRow> = self.select(ids, "t.id = given.id").await?;
        let grants = keys("id", needs.issuances_of_grants.iter().map(|id| id.0));
        rows.extend(self.select(grants, "t.grant_id = given.id").await?);
        let mut with_documents = needs.documents_of_issuances.clone();
        let requested = rows.iter().filter(|row| {
            let request = (row.issuance.grant, row.request_key);
            needs.requests.contains(&request)
        });
        with_documents.extend(requested.map(|row| row.issuance.id));

        let people = needs
            .documents_of_subjects
            .iter()
            .map(|(tenant, subject)| vec![tenant.as_str().into(), (*subject).into()]);
        let people = Given::new(&[("tenant", Text), ("subject", Bytes)], people);
        let condition = "t.tenant = given.tenant AND t.subject = given.subject";
        let of_people: Vec<IssuanceRow> = self.select(people, condition).await?;
        with_documents.extend(of_people.iter().map(|row| row.issuance.id));
        for row in rows.into_iter().chain(of_people) {
            self.tables.load_issuance(row);
        }
        let ids = keys("id", with_documents.iter().map(|id| id.0));
        let documents = self.select(ids, "t.issuance = given.id").await?;
        self.tables.load_documents(documents);
        Ok(())
    }

    async fn limits(&mut self, needs: &Needs) -> Result<(), DatabaseError> {
        if !needs.device_keys.is_empty() {
            let given = keys("device_key", needs.device_keys.iter().map(|key| key.0));
            let sql = format!(
                "SELECT t.device_key FROM {} CROSS JOIN documents AS t \
                 WHERE t.device_key = given.device_key",
                self.dialect.given(&given.columns),
            );
            for row in self.transaction.fetch(&sql, &given, &[Bytes]).await? {
                let key = Values::new("documents", row).hash()?;
                self.tables.device_keys.insert(key);
            }
        }
        if !needs.counts.is_empty() {
            let columns = [("tenant", Text), ("subject", Bytes), ("since", Integer)];
            let people: Vec<_> = needs.counts.iter().collect();
            let rows = people.iter().map(|(tenant, subject, since)| {
                vec![tenant.as_str().into(), (*subject).into(), (*since).into()]
            });
            let given = Given::new(&columns, rows);
            let sql = format!(
                "SELECT given.tenant, given.subject, given.since, \
                 CAST(sum(t.batch_size) AS BIGINT) FROM {} CROSS JOIN issuances AS t \
                 WHERE t.tenant = given.tenant AND t.subject = given.subject \
                 AND t.reserved_at >= given.since \
                 GROUP BY given.tenant, given.subject, given.since",
                self.dialect.given(&given.columns),
            );
            let kinds = [Text, Bytes, Integer, Integer];
            let mut counted = BTreeMap::new();
            for row in self.transaction.fetch(&sql, &given, &kinds).await? {
                let mut values = Values::new("issuances", row);
                let person = (values.text()?, values.hash()?, values.integer()?);
                counted.insert(person, values.number::<u64>()?);
            }
            for (tenant, subject, since) in people {
                // Found by what the database was given: it knows times in microseconds only.
                let Value::Integer(microseconds) = Value::from(*since) else {
                    continue;
                };
                let person = (tenant.clone(), *subject, microseconds);
                if let Some(documents) = counted.get(&person) {
                    let person = (tenant.clone(), *subject, *since);
                    self.tables.counted.insert(person, *documents);
                }
            }
        }
        Ok(())
    }

    async fn lists(&mut self, needs: &Needs) -> Result<(), DatabaseError> {
        let tenants = needs.open_lists.iter();
        let tenants = tenants.map(|tenant| vec![tenant.as_str().into()]);
        let tenants = Given::new(&[("tenant", Text)], tenants);
        let condition = "t.tenant = given.tenant AND t.allocated < t.capacity";
        for row in self.select::<StatusListRow>(tenants, condition).await? {
            self.tables.lists.load(row.list.id, row);
        }
        let mut lists: BTreeSet<StatusListId> = needs.lists.clone();
        let changing =
            !needs.documents_of_issuances.is_empty() || !needs.documents_of_subjects.is_empty();
        if changing {
            let places = self.tables.documents.values().filter_map(|row| row.place);
            lists.extend(places.map(|place| place.list));
        }
        let ids = keys("id", lists.iter().map(|id| id.0));
        for row in self.select::<StatusListRow>(ids, "t.id = given.id").await? {
            self.tables.lists.load(row.list.id, row);
        }
        let ids = keys("id", needs.lists.iter().map(|id| id.0));
        for row in self
            .select::<PublishedStatusList>(ids, "t.status_list = given.id")
            .await?
        {
            self.tables.tokens.load(row.id, row);
        }
        Ok(())
    }

    async fn approvals(&mut self, needs: &Needs) -> Result<(), DatabaseError> {
        let ids = keys("id", needs.approvals.iter().map(|id| id.0));
        let mut rows: Vec<Approval> = self.select(ids, "t.id = given.id").await?;
        let operations = needs
            .approvals_of_operations
            .iter()
            .map(|(tenant, digest)| vec![tenant.as_str().into(), (*digest).into()]);
        let operations = Given::new(&[("tenant", Text), ("digest", Bytes)], operations);
        let condition =
            "t.tenant = given.tenant AND t.digest = given.digest AND t.approved IS NULL";
        rows.extend(self.select::<Approval>(operations, condition).await?);
        for row in rows {
            self.tables.approvals.load(row.id, row);
        }
        Ok(())
    }

    async fn operation(&mut self, needs: &Needs) -> Result<(), DatabaseError> {
        let jobs = needs.leases.iter().map(|job| vec![job.as_str().into()]);
        let jobs = Given::new(&[("job", Text)], jobs);
        for row in self.select::<LeaseRow>(jobs, "t.job = given.job").await? {
            self.tables.leases.load(row.job.clone(), row);
        }
        let sequences = needs.checkpoints.iter();
        let sequences = sequences.map(|sequence| vec![(*sequence).into()]);
        let sequences = Given::new(&[("sequence", Integer)], sequences);
        let condition = "t.sequence = given.sequence";
        for row in self
            .select::<LedgerCheckpoint>(sequences, condition)
            .await?
        {
            self.tables.checkpoints.load(row.head.sequence, row);
        }
        Ok(())
    }
}
