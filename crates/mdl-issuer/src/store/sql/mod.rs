//! The store on a database: SQLite for one process, PostgreSQL for many.

mod approvals;
mod compromise;
mod database;
mod group_commit;
mod load;
mod postgres;
mod purge;
mod record;
mod records;
mod sqlite;
mod write_back;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use database::Kind::{Bytes, Integer, Text};
use database::{Column, Database, DatabaseError, Given, Value};
use group_commit::GroupCommit;
use postgres::PostgresDatabase;
use record::{Record, Values, columns_of, kinds_of, read_all};
use sqlite::SqliteDatabase;

use super::steps::{
    AppendCheckpoint, AppendLedger, CancelOffer, Check, Notify, PublishStatusList, TakeLease,
    UseOnce,
};
use super::tables::{DocumentRow, GrantRow, IssuanceRow, OfferRow, StatusListRow, Tables};
use super::{
    Approval, ApprovalId, Completion, CompletionOutcome, Compromise, CompromiseProgress,
    CompromiseReport, Decision, DecisionOutcome, Grant, GrantId, Hash, Issuance, IssuanceId,
    LedgerCheckpoint, LedgerDraft, LedgerHead, LedgerRow, MAX_ROWS, NewApproval, NewOffer,
    NewStatusList, NotificationEvent, NotificationOutcome, Offer, OfferFilter, OfferId, OfferState,
    PublishedStatusList, RecordedStatusChange, Redemption, RedemptionOutcome, Reissue, ReissuesDue,
    Reservation, ReservationOutcome, StatusChange, StatusList, StatusListId, StatusValue, Store,
    StoreError, UsedValue,
};

/// A store on SQLite or PostgreSQL. What a method has returned is durable.
pub struct SqlStore {
    database: Arc<dyn Database>,
    writer: GroupCommit,
}

impl SqlStore {
    /// Opens or creates a SQLite file, for this process alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be opened, [`StoreError::Corrupt`] if another program or a newer
    /// version wrote it.
    pub async fn sqlite(path: &Path) -> Result<Self, StoreError> {
        Self::on(Arc::new(SqliteDatabase::open(path).await?))
    }

    /// Connects to a PostgreSQL database: `postgres://user@host:port/name?sslmode=verify-full`, with at most this many
    /// connections beside the two that write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the server cannot be reached, [`StoreError::Corrupt`] if another program or a
    /// newer version made the tables.
    pub async fn postgres(
        url: &str,
        password: Option<&str>,
        connections: u32,
    ) -> Result<Self, StoreError> {
        let database = PostgresDatabase::connect(url, password, connections).await?;
        Self::on(Arc::new(database))
    }

    /// Opens a SQLite file that a service wrote, also while it runs, to read from it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be opened.
    pub async fn sqlite_to_read(path: &Path) -> Result<Self, StoreError> {
        let database = SqliteDatabase::open_to_read(path).await?;
        Self::on(Arc::new(database))
    }

    /// Connects to a PostgreSQL database that a service made, to read from it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the server cannot be reached.
    pub async fn postgres_to_read(url: &str, password: Option<&str>) -> Result<Self, StoreError> {
        let database = PostgresDatabase::connect_to_read(url, password).await?;
        Self::on(Arc::new(database))
    }

    fn on(database: Arc<dyn Database>) -> Result<Self, StoreError> {
        let writer = GroupCommit::start(Arc::clone(&database))?;
        Ok(Self { database, writer })
    }

    /// Reads the rows of `R` (`t`) that go with one given row.
    async fn read<R: Record>(
        &self,
        given: Vec<(Column, Value)>,
        rest: &str,
    ) -> Result<Vec<R>, StoreError> {
        let (columns, row): (Vec<_>, Vec<_>) = given.into_iter().unzip();
        let given = Given::one(&columns, row);
        let sql = format!(
            "SELECT {} FROM {} CROSS JOIN {} AS t {rest}",
            columns_of::<R>(),
            self.database.dialect().given(&columns),
            R::TABLE,
        );
        let kinds = kinds_of::<R>();
        let rows = self.database.fetch(&sql, &given, &kinds).await?;
        Ok(read_all(rows)?)
    }

    /// At most `limit` rows from a sequence number on, in order.
    async fn rows_from<R: Record>(&self, from: u64, limit: u32) -> Result<Vec<R>, StoreError> {
        let given = vec![(("sequence", Integer), from.into())];
        let rest = format!("WHERE t.sequence >= given.sequence ORDER BY t.sequence LIMIT {limit}");
        self.read(given, &rest).await
    }

    /// Adds their positions to issuances.
    async fn with_status(&self, rows: Vec<IssuanceRow>) -> Result<Vec<Issuance>, StoreError> {
        let ids: Vec<IssuanceId> = rows.iter().map(|row| row.issuance.id).collect();
        let mut tables = Tables::default();
        for row in rows {
            tables.load_issuance(row);
        }
        let columns = [("id", Bytes)];
        let given = Given::new(&columns, ids.iter().map(|id| vec![id.0.into()]));
        if !given.is_empty() {
            let sql = format!(
                "SELECT {} FROM {} CROSS JOIN documents AS t WHERE t.issuance = given.id",
                columns_of::<DocumentRow>(),
                self.database.dialect().given(&columns),
            );
            let kinds = kinds_of::<DocumentRow>();
            let rows = self.database.fetch(&sql, &given, &kinds).await?;
            tables.load_documents(read_all(rows)?);
        }
        let found = ids.iter().filter_map(|id| tables.issuances.get(id));
        Ok(found.map(|row| row.issuance.clone()).collect())
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("dialect", &self.database.dialect())
            .finish_non_exhaustive()
    }
}

/// What a failed migration means.
fn not_migrated(error: sqlx::migrate::MigrateError) -> StoreError {
    use sqlx::migrate::MigrateError;
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            StoreError::Unavailable(format!("migration: {}", database::describe(&error)))
        }
        other => StoreError::Corrupt(format!("migration: {other}")),
    }
}

/// The columns that most reads are given.
fn tenant(name: &str) -> (Column, Value) {
    (("tenant", Text), name.into())
}

fn key(bytes: impl Into<Value>) -> (Column, Value) {
    (("id", Bytes), bytes.into())
}

#[async_trait]
impl Store for SqlStore {
    async fn create_offer(&self, offer: NewOffer) -> Result<(), StoreError> {
        self.writer.run(offer).await
    }

    async fn offer(&self, tenant_name: &str, id: OfferId) -> Result<Option<Offer>, StoreError> {
        let given = vec![tenant(tenant_name), key(id.0)];
        let rows = self
            .read::<OfferRow>(given, "WHERE t.id = given.id AND t.tenant = given.tenant")
            .await?;
        Ok(rows.into_iter().next().map(|row| row.offer))
    }

    async fn offers(&self, filter: &OfferFilter) -> Result<Vec<Offer>, StoreError> {
        let mut given = vec![tenant(&filter.tenant)];
        let mut rest = String::from("WHERE t.tenant = given.tenant");
        if let Some(subject) = filter.subject {
            given.push((("subject", Bytes), subject.into()));
            rest.push_str(" AND t.subject = given.subject");
        }
        if let Some(before) = filter.before {
            given.push(key(before.0));
            rest.push_str(
                " AND (t.created_at, t.id) < (SELECT o.created_at, o.id FROM offers AS o \
                 WHERE o.id = given.id AND o.tenant = given.tenant)",
            );
        }
        let most = filter.limit.min(MAX_ROWS);
        rest.push_str(&format!(
            " ORDER BY t.created_at DESC, t.id DESC LIMIT {most}"
        ));
        let rows = self.read::<OfferRow>(given, &rest).await?;
        Ok(rows.into_iter().map(|row| row.offer).collect())
    }

    async fn cancel_offer(
        &self,
        tenant: &str,
        id: OfferId,
    ) -> Result<Option<OfferState>, StoreError> {
        let tenant = tenant.to_owned();
        self.writer.run(CancelOffer { tenant, id }).await
    }

    async fn offer_by_code(
        &self,
        tenant_name: &str,
        code: Hash,
    ) -> Result<Option<Offer>, StoreError> {
        let given = vec![tenant(tenant_name), key(code)];
        let rest = "WHERE t.code = given.id AND t.tenant = given.tenant";
        let rows = self.read::<OfferRow>(given, rest).await?;
        Ok(rows.into_iter().next().map(|row| row.offer))
    }

    async fn redeem(&self, redemption: Redemption) -> Result<RedemptionOutcome, StoreError> {
        self.writer.run(redemption).await
    }

    async fn grant(&self, tenant_name: &str, token: Hash) -> Result<Option<Grant>, StoreError> {
        let given = vec![tenant(tenant_name), key(token)];
        let rest = "WHERE t.token = given.id AND t.tenant = given.tenant";
        let rows = self.read::<GrantRow>(given, rest).await?;
        Ok(rows.into_iter().next().map(|row| row.grant))
    }

    async fn use_once(&self, values: &[UsedValue]) -> Result<bool, StoreError> {
        self.writer.run(UseOnce(values.to_vec())).await
    }

    async fn reserve(&self, reservation: Reservation) -> Result<ReservationOutcome, StoreError> {
        self.writer.run(reservation).await
    }

    async fn complete(&self, completion: Completion) -> Result<CompletionOutcome, StoreError> {
        self.writer.run(completion).await
    }

    async fn notify(
        &self,
        tenant: &str,
        grant: GrantId,
        notification: Hash,
        event: NotificationEvent,
    ) -> Result<NotificationOutcome, StoreError> {
        let notify = Notify {
            tenant: tenant.to_owned(),
            grant,
            notification,
            event,
        };
        self.writer.run(notify).await
    }

    async fn issuances(
        &self,
        tenant_name: &str,
        subject: Hash,
    ) -> Result<Vec<Issuance>, StoreError> {
        let given = vec![tenant(tenant_name), key(subject)];
        let rest = format!(
            "WHERE t.tenant = given.tenant AND t.subject = given.id \
             ORDER BY t.reserved_at DESC, t.id DESC LIMIT {MAX_ROWS}"
        );
        let rows = self.read(given, &rest).await?;
        self.with_status(rows).await
    }

    async fn issuance(
        &self,
        tenant_name: &str,
        id: IssuanceId,
    ) -> Result<Option<Issuance>, StoreError> {
        let given = vec![tenant(tenant_name), key(id.0)];
        let rest = "WHERE t.id = given.id AND t.tenant = given.tenant";
        let rows = self.read(given, rest).await?;
        Ok(self.with_status(rows).await?.pop())
    }

    async fn create_status_list(&self, list: NewStatusList) -> Result<(), StoreError> {
        self.writer.run(list).await
    }

    async fn status_lists(&self, tenant_name: &str) -> Result<Vec<StatusList>, StoreError> {
        let rest = "WHERE t.tenant = given.tenant ORDER BY t.created_at, t.id";
        let rows = self.read::<StatusListRow>(vec![tenant(tenant_name)], rest);
        Ok(rows.await?.into_iter().map(|row| row.list).collect())
    }

    async fn change_status(&self, change: StatusChange) -> Result<u64, StoreError> {
        self.writer.run(change).await
    }

    async fn status_changes(
        &self,
        tenant_name: &str,
        issuance: IssuanceId,
    ) -> Result<Vec<RecordedStatusChange>, StoreError> {
        let columns = [("tenant", Text), ("id", Bytes)];
        let given = Given::one(&columns, vec![tenant_name.into(), issuance.0.into()]);
        let sql = format!(
            "SELECT t.at, t.number, t.status, t.reason, t.actor \
             FROM {} CROSS JOIN status_changes AS t \
             WHERE t.issuance = given.id AND t.tenant = given.tenant \
             ORDER BY t.at, t.number LIMIT {MAX_ROWS}",
            self.database.dialect().given(&columns),
        );
        let kinds = [Integer, Integer, Integer, Text, Text];
        let rows = self.database.fetch(&sql, &given, &kinds).await?;
        let changes = rows.into_iter().map(|row| {
            let mut values = Values::new("status_changes", row);
            Ok(RecordedStatusChange {
                at: values.time()?,
                document: values.number()?,
                value: records::status_of(&mut values)?,
                reason: values.text()?,
                actor: values.text()?,
            })
        });
        Ok(changes.collect::<Result<_, DatabaseError>>()?)
    }

    async fn status_entries(
        &self,
        list: StatusListId,
    ) -> Result<Vec<(u32, StatusValue)>, StoreError> {
        let columns = [("id", Bytes)];
        let given = Given::one(&columns, vec![list.0.into()]);
        let sql = format!(
            "SELECT t.position, t.status FROM {} CROSS JOIN documents AS t \
             WHERE t.status_list = given.id AND t.status <> 0 ORDER BY t.position",
            self.database.dialect().given(&columns),
        );
        let rows = self.database.fetch(&sql, &given, &[Integer, Integer]);
        let entries = rows.await?.into_iter().map(|row| {
            let mut values = Values::new("documents", row);
            Ok((values.number()?, records::status_of(&mut values)?))
        });
        Ok(entries.collect::<Result<_, DatabaseError>>()?)
    }

    async fn publish_status_list(
        &self,
        published: PublishedStatusList,
        issuer: &str,
        ledger: Vec<LedgerDraft>,
    ) -> Result<(), StoreError> {
        let issuer = issuer.to_owned();
        let publish = PublishStatusList {
            published,
            issuer,
            ledger,
        };
        self.writer.run(publish).await
    }

    async fn published_status_list(
        &self,
        tenant_name: &str,
        id: StatusListId,
    ) -> Result<Option<PublishedStatusList>, StoreError> {
        let given = vec![tenant(tenant_name), key(id.0)];
        let rest = "WHERE t.status_list = given.id AND t.tenant = given.tenant";
        Ok(self.read(given, rest).await?.pop())
    }

    async fn request_approval(&self, request: NewApproval) -> Result<Approval, StoreError> {
        self.writer.run(request).await
    }

    async fn approval(
        &self,
        tenant_name: &str,
        id: ApprovalId,
    ) -> Result<Option<Approval>, StoreError> {
        let given = vec![tenant(tenant_name), key(id.0)];
        let rest = "WHERE t.id = given.id AND t.tenant = given.tenant";
        Ok(self.read(given, rest).await?.pop())
    }

    async fn approvals(
        &self,
        tenant_name: &str,
        before: Option<ApprovalId>,
    ) -> Result<Vec<Approval>, StoreError> {
        let mut given = vec![tenant(tenant_name)];
        let mut rest = String::from("WHERE t.tenant = given.tenant");
        if let Some(before) = before {
            given.push(key(before.0));
            rest.push_str(
                " AND (t.requested_at, t.id) < (SELECT a.requested_at, a.id FROM approvals AS a \
                 WHERE a.id = given.id AND a.tenant = given.tenant)",
            );
        }
        rest.push_str(&format!(
            " ORDER BY t.requested_at DESC, t.id DESC LIMIT {MAX_ROWS}"
        ));
        self.read(given, &rest).await
    }

    async fn is_approved(&self, tenant_name: &str, digest: Hash) -> Result<bool, StoreError> {
        let given = vec![tenant(tenant_name), key(digest)];
        let rest =
            "WHERE t.tenant = given.tenant AND t.digest = given.id AND t.approved = 1 LIMIT 1";
        Ok(!self.read::<Approval>(given, rest).await?.is_empty())
    }

    async fn decide(&self, decision: Decision) -> Result<DecisionOutcome, StoreError> {
        self.writer.run(decision).await
    }

    async fn report_compromise(&self, report: &CompromiseReport) -> Result<(), StoreError> {
        Ok(compromise::report(&*self.database, report).await?)
    }

    async fn compromises(&self) -> Result<Vec<Compromise>, StoreError> {
        Ok(compromise::all(&*self.database).await?)
    }

    async fn compromise_progress(
        &self,
        document_signer: Hash,
    ) -> Result<CompromiseProgress, StoreError> {
        Ok(compromise::progress(&*self.database, document_signer).await?)
    }

    async fn withdraw(
        &self,
        document_signer: Hash,
        most: u32,
        now: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        Ok(compromise::withdraw(&*self.database, document_signer, most, now).await?)
    }

    async fn reissues_due(
        &self,
        tenant: &str,
        most: u32,
        now: OffsetDateTime,
        since: OffsetDateTime,
    ) -> Result<ReissuesDue, StoreError> {
        Ok(compromise::due(&*self.database, tenant, most, now, since).await?)
    }

    async fn reissue_offered(
        &self,
        reissue: &Reissue,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<(), StoreError> {
        Ok(compromise::offered(&*self.database, reissue, now, until).await?)
    }

    async fn append_ledger(&self, entries: Vec<LedgerDraft>) -> Result<LedgerHead, StoreError> {
        self.writer.run(AppendLedger(entries)).await
    }

    async fn ledger(&self, from: u64, limit: u32) -> Result<Vec<LedgerRow>, StoreError> {
        self.rows_from(from, limit).await
    }

    async fn ledger_head(&self) -> Result<LedgerHead, StoreError> {
        let given = vec![(("one", Integer), 1_i64.into())];
        let head = self.read(given, "WHERE t.one = given.one").await?.pop();
        head.ok_or_else(|| StoreError::Corrupt("ledger_head is empty".into()))
    }

    async fn append_checkpoint(
        &self,
        checkpoint: LedgerCheckpoint,
        entry: LedgerDraft,
    ) -> Result<(), StoreError> {
        self.writer
            .run(AppendCheckpoint { checkpoint, entry })
            .await
    }

    async fn checkpoints(
        &self,
        from: u64,
        limit: u32,
    ) -> Result<Vec<LedgerCheckpoint>, StoreError> {
        self.rows_from(from, limit).await
    }

    async fn last_checkpoint(&self) -> Result<Option<LedgerCheckpoint>, StoreError> {
        let given = vec![(("sequence", Integer), 0_i64.into())];
        let rest = "WHERE t.sequence >= given.sequence ORDER BY t.sequence DESC LIMIT 1";
        Ok(self.read(given, rest).await?.pop())
    }

    async fn lease(
        &self,
        job: &str,
        holder: &str,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let lease = TakeLease {
            job: job.to_owned(),
            holder: holder.to_owned(),
            now,
            until,
        };
        self.writer.run(lease).await
    }

    async fn purge(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let database = Arc::clone(&self.database);
        let purge = async move { purge::purge(&*database, now).await };
        let purged = self.writer.thread().spawn(purge).await;
        let gone = |_| StoreError::Unavailable("the store is closed".into());
        Ok(purged.map_err(gone)??)
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.writer.run(Check).await
    }
}
