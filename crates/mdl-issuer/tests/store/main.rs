//! The behaviour that every store must show: one suite, run on each implementation; and what only a database can show:
//! that it survives being killed, and what is on its disk.

mod at_rest;
mod behaviour;
mod crash;
mod postgres_server;
mod rows;

use std::sync::Arc;

use mdl_issuer::store::{MemoryStore, SqlStore};

use postgres_server::PostgresServer;

#[tokio::test(flavor = "multi_thread")]
async fn memory_behaves_as_a_store() {
    for (name, case) in behaviour::CASES {
        println!("{name}");
        case(Arc::new(MemoryStore::new())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_behaves_as_a_store() {
    let folder = tempfile::tempdir().unwrap();
    for (name, case) in behaviour::CASES {
        println!("{name}");
        let file = folder.path().join(name);
        case(Arc::new(SqlStore::sqlite(&file).await.unwrap())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_behaves_as_a_store() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    for (name, case) in behaviour::CASES {
        println!("{name}");
        let url = server.new_database();
        case(Arc::new(SqlStore::postgres(&url, None, 8).await.unwrap())).await;
    }
}
