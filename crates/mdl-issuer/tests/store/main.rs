//! The behaviour that every store must show: one suite, run on each implementation; and what only a database can show:
//! that it survives being killed, and what is on its disk.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod at_rest;
mod behaviour;
mod crash;
mod drill;
mod postgres_server;
mod rows;
mod upgrade;

use std::sync::Arc;

use mdl_issuer::store::{MemoryStore, SqlStore, Store};

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

/// PostgreSQL keeps no NUL in text. What an operator wrote must not harm those whose steps are in the same transaction.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_the_database_refuses_fails_alone() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let store = Arc::new(
        SqlStore::postgres(&server.new_database(), None, 8)
            .await
            .unwrap(),
    );
    let mut tasks = Vec::new();
    for number in 0..32 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let holder = if number % 8 == 0 { "a\0b" } else { "replica" };
            let job = format!("job {number}");
            let lease = store.lease(&job, holder, rows::at(0), rows::at(60)).await;
            assert_eq!(lease.is_ok(), number % 8 != 0, "{number}: {lease:?}");
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}
