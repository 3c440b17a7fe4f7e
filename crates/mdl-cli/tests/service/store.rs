//! The database of a service, seen from outside.

use std::fs;
use std::path::PathBuf;

use sqlx::{Connection, PgConnection, SqliteConnection};

use super::deployment::{Deployment, files};
use super::postgres_server::PostgresServer;

/// Everything sealed that there is at this moment.
const SEALED: &str = "SELECT sealed_subject FROM offers WHERE sealed_subject IS NOT NULL \
    UNION ALL SELECT sealed_subject FROM grants \
    UNION ALL SELECT sealed_seed FROM issuances WHERE sealed_seed IS NOT NULL";

pub(crate) enum Store {
    Sqlite(PathBuf),
    Postgres(PostgresServer, String),
}

impl Store {
    pub(crate) fn sqlite(deployment: &Deployment) -> Self {
        Self::Sqlite(deployment.path("issuer.db"))
    }

    pub(crate) fn postgres(server: PostgresServer) -> Self {
        let url = server.new_database();
        Self::Postgres(server, url)
    }

    /// For `[store] url`.
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Sqlite(_) => "sqlite:issuer.db",
            Self::Postgres(_, url) => url,
        }
    }

    /// The files on the disk: of SQLite with its write-ahead log, of PostgreSQL the whole cluster with log and server
    /// messages.
    pub(crate) fn files(&self) -> Vec<Vec<u8>> {
        let paths = match self {
            Self::Sqlite(path) => ["", "-wal", "-shm"]
                .map(|end| PathBuf::from(format!("{}{end}", path.display())))
                .into_iter()
                .filter(|path| path.exists())
                .collect(),
            Self::Postgres(server, _) => files(server.folder()),
        };
        // A server may remove a file while it is being looked at.
        let contents = paths.iter().filter_map(|path| fs::read(path).ok());
        contents.collect()
    }

    /// What is in the tables, whatever remains of older versions of rows.
    pub(crate) fn dump(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Sqlite(_) => self.files(),
            Self::Postgres(server, url) => vec![server.dump(url)],
        }
    }

    /// Sealed values in the tables.
    pub(crate) async fn sealed(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Sqlite(path) => {
                let address = format!("sqlite:{}?mode=ro", path.display());
                let mut connection = SqliteConnection::connect(&address).await.unwrap();
                let rows = sqlx::query_scalar(SEALED).fetch_all(&mut connection);
                let rows = rows.await.unwrap();
                connection.close().await.unwrap();
                rows
            }
            Self::Postgres(_, url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let rows = sqlx::query_scalar(SEALED).fetch_all(&mut connection);
                let rows = rows.await.unwrap();
                connection.close().await.unwrap();
                rows
            }
        }
    }
}
