//! P10: what durability costs. Many wallets at once, on a store in memory, on SQLite and on PostgreSQL, in interleaved
//! rounds; requests are made beforehand. The threads of the service and the database share the processor.

use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::{self, StreamExt};
use mdl_benches::cpu_time::{median, median_ratio};
use mdl_issuer::store::MemoryStore;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::runtime::Builder;

use crate::house::{House, Tokens};
use crate::postgres_server::PostgresServer;
use crate::wallet;

/// Requests in one round, and how many of them are waited for at a time.
const REQUESTS: usize = 200;
const AT_A_TIME: usize = 64;

/// Prints documents per second for each store, and of what the store in memory gives.
pub fn measure(rounds: usize) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let folder = tempfile::tempdir()?;
    let server = PostgresServer::start();
    let mut houses = vec![
        (
            "memory",
            runtime.block_on(House::on(Arc::new(MemoryStore::new()))),
        ),
        ("SQLite", runtime.block_on(House::on_sqlite(folder.path()))),
    ];
    if let Some(server) = &server {
        let database = server.new_database();
        let house = runtime.block_on(House::on_postgres(&database));
        houses.push(("PostgreSQL", house));
    }
    let mut rng = ChaCha20Rng::from_seed([2; 32]);
    for documents in [1, 10] {
        println!("{REQUESTS} requests for {documents}, {AT_A_TIME} at a time, {rounds} rounds");
        let mut seconds = vec![Vec::new(); houses.len()];
        for round in 0..=rounds {
            for ((_, house), seconds) in houses.iter().zip(&mut seconds) {
                let spent = runtime.block_on(one_round(house, documents, &mut rng));
                // The first round warms up.
                if round > 0 {
                    seconds.push(spent);
                }
            }
        }
        for ((name, _), of_store) in houses.iter().zip(&seconds) {
            let rate = REQUESTS as f64 * f64::from(documents) / median(of_store);
            let ratio = median_ratio(&seconds[0], of_store);
            println!("{name:<12} {rate:>9.0} documents a second {ratio:>6.3}");
        }
    }
    Ok(())
}

/// Seconds that the requests of a round take.
async fn one_round(house: &House, documents: u8, rng: &mut ChaCha20Rng) -> f64 {
    let mut requests = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        requests.push(wallet::prepare(house, Tokens::Dpop, documents, rng).await);
    }
    let start = Instant::now();
    // Tasks, so that all threads take part.
    let answers = requests.into_iter().map(|request| {
        let router = house.router.clone();
        async move { tokio::spawn(async move { wallet::send(&router, request).await.len() }).await }
    });
    let mut answers = stream::iter(answers).buffer_unordered(AT_A_TIME);
    while let Some(answer) = answers.next().await {
        assert!(answer.is_ok_and(|len| len > 0), "a request failed");
    }
    start.elapsed().as_secs_f64()
}
