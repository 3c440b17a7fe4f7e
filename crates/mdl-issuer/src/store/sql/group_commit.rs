//! One thread writes for the whole process, and commits together what is waiting.
//!
//! It has a runtime of its own: a transaction is a dozen answers to wait for, and among tasks that check proofs and sign,
//! each of them would wait for its turn behind milliseconds of arithmetic, with everybody else waiting for the commit.
//!
//! A durable commit costs a wait for the disk, whatever is in it. While one is under way others queue up, and go
//! together into the next: under load a step pays for a fraction of a commit, and a step that comes alone waits for
//! nobody.

use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};

use super::database::{Database, DatabaseError};
use super::load::load;
use super::write_back::write_back;
use crate::store::StoreError;
use crate::store::steps::{Needs, Step};
use crate::store::tables::Tables;

/// Most steps of one transaction.
const MAX_GROUP: usize = 64;
/// Most steps that wait; whoever comes then waits for a place in the queue.
const QUEUE: usize = 1024;
/// How often a transaction is tried before its steps are told to come again.
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// How long a caller waits for its step to be committed.
const PATIENCE: Duration = Duration::from_secs(20);

/// The way to the thread that writes. The thread ends, after what is waiting, when this is dropped.
#[derive(Debug)]
pub(super) struct GroupCommit {
    queue: mpsc::Sender<Box<dyn Pending>>,
    thread: Handle,
}

impl GroupCommit {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(database: Arc<dyn Database>) -> Result<Self, StoreError> {
        let no_thread = |error: io::Error| StoreError::Unavailable(error.kind().to_string());
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(no_thread)?;
        let thread = runtime.handle().clone();
        let (queue, waiting) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || runtime.block_on(write(database, waiting)))
            .map_err(no_thread)?;
        Ok(Self { queue, thread })
    }

    /// The runtime of the thread, for other work with the connections that write: each belongs to the runtime that
    /// opened it.
    pub(super) fn thread(&self) -> &Handle {
        &self.thread
    }

    /// Does a step; what it returns is committed.
    pub(super) async fn run<S: Step>(&self, step: S) -> Result<S::Outcome, StoreError> {
        let gone = || StoreError::Unavailable("the store is closed".into());
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            step,
            outcome: None,
            answer,
        };
        let done = async {
            let sent = self.queue.send(Box::new(waiting)).await;
            sent.map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?
        };
        let late = || StoreError::from(DatabaseError::Away("the store is too slow".into()));
        tokio::time::timeout(PATIENCE, done)
            .await
            .map_err(|_| late())?
    }
}

/// A step in the queue, whatever its outcome is.
trait Pending: Send + std::fmt::Debug {
    fn needs(&self, needs: &mut Needs);
    fn apply(&mut self, tables: &mut Tables);
    /// Tells the caller the outcome, if what [`apply`](Self::apply) did was committed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Waiting<S: Step> {
    step: S,
    outcome: Option<Result<S::Outcome, StoreError>>,
    answer: oneshot::Sender<Result<S::Outcome, StoreError>>,
}

impl<S: Step> std::fmt::Debug for Waiting<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.step.fmt(f)
    }
}

impl<S: Step> Pending for Waiting<S> {
    fn needs(&self, needs: &mut Needs) {
        self.step.needs(needs);
    }

    fn apply(&mut self, tables: &mut Tables) {
        self.outcome = Some(self.step.apply(tables));
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let not_applied = || StoreError::Unavailable("the step was not tried".into());
        let Self {
            outcome, answer, ..
        } = *self;
        let outcome = committed.and_then(|()| outcome.ok_or_else(not_applied)?);
        // A caller that no longer waits may repeat its step.
        let _ = answer.send(outcome);
    }
}

type Group = Vec<Box<dyn Pending>>;

async fn write(database: Arc<dyn Database>, mut waiting: mpsc::Receiver<Box<dyn Pending>>) {
    let mut group = Group::with_capacity(MAX_GROUP);
    while waiting.recv_many(&mut group, MAX_GROUP).await > 0 {
        let steps = std::mem::replace(&mut group, Group::with_capacity(MAX_GROUP));
        commit(&*database, steps).await;
    }
}

/// Commits the steps together; if that fails for good, each alone, so that only those fail that must.
async fn commit(database: &dyn Database, mut group: Group) {
    match commit_together(database, &mut group).await {
        Err(DatabaseError::Failed(_) | DatabaseError::Corrupt(_)) if group.len() > 1 => {
            for step in group {
                let mut alone = vec![step];
                let committed = commit_together(database, &mut alone).await;
                answer(alone, committed);
            }
        }
        committed => answer(group, committed),
    }
}

fn answer(group: Group, committed: Result<(), DatabaseError>) {
    if let Err(error) = &committed {
        tracing::error!(code = "store_write_failed", steps = group.len(), ?error);
    }
    let committed = committed.map_err(StoreError::from);
    for step in group {
        step.answer(committed.clone());
    }
}

async fn commit_together(database: &dyn Database, group: &mut Group) -> Result<(), DatabaseError> {
    let mut pause = FIRST_PAUSE;
    let mut attempt = 1;
    loop {
        match try_commit(database, group).await {
            Err(DatabaseError::Retry(why)) if attempt < ATTEMPTS => {
                tracing::warn!(code = "store_write_retried", attempt, why);
                tokio::time::sleep(pause).await;
                attempt += 1;
                pause *= 3;
            }
            done => return done,
        }
    }
}

async fn try_commit(database: &dyn Database, group: &mut Group) -> Result<(), DatabaseError> {
    let mut needs = Needs::default();
    for step in group.iter() {
        step.needs(&mut needs);
    }
    let mut transaction = database.begin().await?;
    let mut tables = load(&mut *transaction, database.dialect(), &needs).await?;
    for step in group.iter_mut() {
        step.apply(&mut tables);
    }
    write_back(&mut *transaction, database.dialect(), &tables).await?;
    transaction.commit().await
}
