//! Credential requests through the router, on a store in memory, without network and TLS: the thread CPU time of the
//! service, beside the cryptography that such a request cannot do without.
//!
//! A proof is a signature by a key that nobody has seen, so each costs `raw/verify`, which decodes the key first; so does
//! the DPoP proof. Then every document costs `raw/issue_checked_sum`.

use std::hint::black_box;
use std::time::Duration;

use mdl_benches::cpu_time::{median, median_ratio, thread_cpu_time};
use mdl_benches::operation::Bench;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::sync::Arc;
use tokio::runtime::Builder;

use crate::house::{House, Tokens};
use crate::wallet::{self, CredentialRequest};
use mdl_issuer::store::MemoryStore;

/// What is asked for, how often in a round, and the gate of its ratio.
struct Case {
    name: &'static str,
    tokens: Tokens,
    documents: u8,
    calls: usize,
}

const CASES: [Case; 4] = [
    Case {
        name: "P8 http/issue",
        tokens: Tokens::Bearer,
        documents: 1,
        calls: 16,
    },
    Case {
        name: "P8 http/issue_batch30",
        tokens: Tokens::Bearer,
        documents: 30,
        calls: 1,
    },
    Case {
        name: "P9 http/credential",
        tokens: Tokens::Dpop,
        documents: 1,
        calls: 16,
    },
    Case {
        name: "P9 http/credential_batch30",
        tokens: Tokens::Dpop,
        documents: 30,
        calls: 1,
    },
];

/// Prints what each case costs, and of its cryptography.
pub fn measure(bench: &Bench, rounds: usize) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let house = runtime.block_on(House::on(Arc::new(MemoryStore::new())));
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let mut verify = bench.operation("raw/verify");
    let mut issue = bench.operation("raw/issue_checked_sum");
    println!("{rounds} rounds of credential requests, thread CPU time");
    for case in CASES {
        let mut prepare = |count: usize| -> Vec<CredentialRequest> {
            let request = |_| {
                let made = wallet::prepare(&house, case.tokens, case.documents, &mut rng);
                runtime.block_on(made)
            };
            (0..count).map(request).collect()
        };
        let proofs = case.documents + u8::from(case.tokens == Tokens::Dpop);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let requests = prepare(case.calls);
            let start = thread_cpu_time();
            for request in requests {
                black_box(runtime.block_on(wallet::send(&house.router, request)));
            }
            let spent = per_call(start, case.calls);
            let start = thread_cpu_time();
            for _ in 0..case.calls {
                (0..proofs).for_each(|_| verify());
                (0..case.documents).for_each(|_| issue());
            }
            let cryptography = per_call(start, case.calls);
            // The first round warms up.
            if round > 0 {
                ours.push(spent);
                theirs.push(cryptography);
            }
        }
        println!(
            "{:<28} {:>9.2} µs {:>9.2} µs of cryptography {:>6.3}",
            case.name,
            median(&ours) / 1000.0,
            median(&theirs) / 1000.0,
            median_ratio(&ours, &theirs),
        );
    }
    Ok(())
}

fn per_call(start: Duration, calls: usize) -> f64 {
    (thread_cpu_time() - start).as_nanos() as f64 / calls as f64
}
