//! Where a ledger is read from.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use mdl_crypto::PublicKey;
use mdl_issuer::config::{Config, StoreSettings};
use mdl_issuer::ledger::ExportLine;
use mdl_issuer::store::{LedgerCheckpoint, LedgerHead, LedgerRow, SqlStore, Store, StoreError};
use time::OffsetDateTime;

use crate::failure::{Failure, Result};
use crate::input;

/// Entries that are read at once.
const PAGE: u32 = 1000;
/// How a database of SQLite begins.
const SQLITE: &[u8] = b"SQLite format 3";
/// No line of an export is longer.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// The database of a service.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct Database {
    /// The service's configuration: its database, and the keys of its tenants' status signers
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The service's SQLite database; it may be running
    #[arg(long, value_name = "FILE")]
    sqlite: Option<PathBuf>,
}

/// The database of a service, or an export.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct DatabaseOrExport {
    /// The service's configuration: its database, and the keys of its tenants' status signers
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The service's SQLite database; it may be running
    #[arg(long, value_name = "FILE")]
    sqlite: Option<PathBuf>,
    /// What `mdl ledger export` wrote
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

impl Database {
    pub(super) async fn open(&self) -> Result<Opened> {
        open(self.config.as_deref(), self.sqlite.as_deref()).await
    }
}

impl DatabaseOrExport {
    pub(super) async fn open(&self) -> Result<Opened> {
        match &self.export {
            Some(path) => Ok(Opened {
                source: Source::Export(path.clone()),
                keys: Vec::new(),
            }),
            None => open(self.config.as_deref(), self.sqlite.as_deref()).await,
        }
    }
}

/// Opens what the file is: an SQLite database, an export, or else a configuration, for the database it names.
///
/// # Errors
/// Exit code 2 if it is none of them, 3 if the database does not answer.
pub(crate) async fn open_any(path: &Path) -> Result<Opened> {
    let start = input::read_at_most(path, 16)?;
    if start.starts_with(SQLITE) {
        return open(None, Some(path)).await;
    }
    if start.starts_with(b"{") {
        return Ok(Opened {
            source: Source::Export(path.to_owned()),
            keys: Vec::new(),
        });
    }
    open(Some(path), None).await
}

/// A ledger to be read.
pub(crate) struct Opened {
    pub(crate) source: Source,
    /// Keys that the configuration names.
    pub(crate) keys: Vec<PublicKey>,
}

pub(crate) enum Source {
    Database(SqlStore),
    Export(PathBuf),
}

async fn open(config: Option<&Path>, sqlite: Option<&Path>) -> Result<Opened> {
    if let Some(path) = sqlite {
        return Ok(Opened {
            source: Source::Database(sqlite_to_read(path).await?),
            keys: Vec::new(),
        });
    }
    let path = config.unwrap_or(Path::new(""));
    let config = Config::load(path, OffsetDateTime::now_utc()).map_err(|error| {
        Failure::usage(format!("{} cannot be used", path.display())).because(&error)
    })?;
    let keys = config.tenants.iter().filter_map(|tenant| {
        let signer = tenant.authority.status_signer.as_ref()?;
        Some(signer.signer.public_key().clone())
    });
    let store = match &config.store {
        StoreSettings::Sqlite(path) => sqlite_to_read(path).await?,
        StoreSettings::Postgres { url, password, .. } => {
            let password = password.as_ref().map(|password| password.as_str());
            let store = SqlStore::postgres_to_read(url.as_str(), password).await;
            store.map_err(|error| unavailable(&error))?
        }
    };
    Ok(Opened {
        source: Source::Database(store),
        keys: keys.collect(),
    })
}

async fn sqlite_to_read(path: &Path) -> Result<SqlStore> {
    let store = SqlStore::sqlite_to_read(path).await;
    store.map_err(|error| {
        Failure::usage(format!("{} cannot be read", path.display()))
            .because(&error)
            .hint("give the file of [store] url in the service's configuration")
    })
}

fn unavailable(error: &StoreError) -> Failure {
    match error {
        StoreError::Corrupt(_) => Failure::no("the database is not one of the service"),
        _ => Failure::outside("the database does not answer"),
    }
    .because(error)
}

impl Source {
    /// Checkpoints, and the newest entry as the store remembers it; to be read before the entries, which may become
    /// more meanwhile.
    pub(crate) async fn frame(&self) -> Result<(Vec<LedgerCheckpoint>, Option<LedgerHead>)> {
        let mut checkpoints = Vec::new();
        match self {
            Self::Database(store) => {
                let mut from = 0;
                loop {
                    let page = store.checkpoints(from, PAGE).await;
                    let page = page.map_err(|error| unavailable(&error))?;
                    let Some(last) = page.last() else { break };
                    from = last.head.sequence + 1;
                    checkpoints.extend(page);
                }
                let head = store.ledger_head().await;
                Ok((
                    checkpoints,
                    Some(head.map_err(|error| unavailable(&error))?),
                ))
            }
            Self::Export(path) => {
                let mut newest = None;
                each_line(path, |line| match line {
                    ExportLine::Checkpoint(checkpoint) => checkpoints.push(checkpoint),
                    ExportLine::Head(head) => newest = Some(head),
                    ExportLine::Entry(_) => {}
                })?;
                Ok((checkpoints, newest))
            }
        }
    }

    /// Entries in order, up to the newest one that was there when the frame was read, and what lies beyond it although
    /// the store knows nothing of it.
    pub(crate) async fn entries(
        &self,
        head: Option<LedgerHead>,
        mut take: impl FnMut(LedgerRow),
    ) -> Result<()> {
        let store = match self {
            Self::Export(path) => {
                return each_line(path, |line| {
                    if let ExportLine::Entry(row) = line {
                        take(row);
                    }
                });
            }
            Self::Database(store) => store,
        };
        let newest = head.map_or(0, |head| head.sequence);
        let mut from = 0;
        loop {
            let page = store.ledger(from, PAGE).await;
            let page = page.map_err(|error| unavailable(&error))?;
            let Some(last) = page.last() else { break };
            from = last.sequence + 1;
            let is_beyond = last.sequence > newest;
            let (known, beyond): (Vec<_>, Vec<_>) =
                page.into_iter().partition(|row| row.sequence <= newest);
            known.into_iter().for_each(&mut take);
            if is_beyond {
                // Written meanwhile, unless the store still does not know them.
                let now = store.ledger_head().await;
                let now = now.map_err(|error| unavailable(&error))?.sequence;
                let unknown = beyond.into_iter().filter(|row| row.sequence > now);
                unknown.for_each(&mut take);
                break;
            }
        }
        Ok(())
    }
}

/// Calls `take` with each line of an export.
fn each_line(path: &Path, mut take: impl FnMut(ExportLine)) -> Result<()> {
    let unreadable = |error: &std::io::Error| {
        Failure::usage(format!("cannot read {}", path.display())).because(error)
    };
    let mut file = BufReader::new(File::open(path).map_err(|error| unreadable(&error))?);
    let mut number = 0_u64;
    let mut line = String::new();
    loop {
        line.clear();
        number += 1;
        let mut limited = (&mut file).take(MAX_LINE_BYTES);
        let read = limited.read_line(&mut line);
        if read.map_err(|error| unreadable(&error))? == 0 {
            return Ok(());
        }
        let text = line.trim_end_matches(['\n', '\r']);
        let parsed = ExportLine::parse(text).map_err(|error| {
            Failure::usage(format!("{}, line {number}", path.display()))
                .because(&error)
                .hint("make exports with `mdl ledger export`")
        })?;
        take(parsed);
    }
}
