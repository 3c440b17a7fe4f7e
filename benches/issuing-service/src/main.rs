//! What the issuing service costs beside the cryptography that no issuer can do without: `batch` of thirty documents
//! from one record through the signing guard, `credential` requests, and `durable` issuance under load.

mod batch;
mod credential;
mod durable;
mod house;
#[path = "../../../crates/mdl-issuer/tests/store/postgres_server.rs"]
mod postgres_server;
mod wallet;

use std::hint::black_box;

use batch::{DOCUMENTS, Guarded};
use mdl_benches::cpu_time::{interleaved, median, median_ratio};
use mdl_benches::licence::{NOW, Record};
use mdl_benches::operation::{Bench, Operation};
use mdl_benches::raw::BACKEND;
use mdl_benches::refusal::refuse_altered;

const USAGE: &str = "usage: bench-issuing-service batch | credential | durable [--rounds N]";

const ROUNDS: usize = 31;

/// What one round does, in the order of the report.
const NAMES: [&str; 4] = [
    "raw/batch30_sum",
    "raw/batch30_read_sum",
    "issue/batch30_unguarded",
    "issue/batch30",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds = match arguments.as_slice() {
        [_] => ROUNDS,
        [_, option, rounds] if option == "--rounds" => rounds.parse()?,
        _ => return Err(USAGE.into()),
    };
    // An odd number has a middle.
    let rounds = rounds | 1;
    let bench = Bench::new();
    refuse_altered(&bench)?;
    match arguments[0].as_str() {
        "batch" => measure_batch(&bench, rounds),
        "credential" => credential::measure(&bench, rounds)?,
        "durable" => durable::measure(rounds)?,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

fn measure_batch(bench: &Bench, rounds: usize) {
    let elements = Record::new(25_000, NOW).encode();
    let mut guarded = Guarded::new(&bench.authority, NOW);
    let thirty = |names: &[&str]| -> Operation<'_> {
        let mut operations: Vec<_> = names.iter().map(|name| bench.operation(name)).collect();
        Box::new(move || {
            for _ in 0..DOCUMENTS {
                operations.iter_mut().for_each(|operation| operation());
            }
        })
    };
    let mut operations = [
        thirty(&["raw/issue_checked_sum"]),
        // The guard reads what is to be signed, and so takes every digest once more.
        thirty(&["raw/issue_checked_sum", "raw/sha256_25k"]),
        thirty(&["issue/mdl30"]),
        Box::new(|| drop(black_box(guarded.issue(&elements)))),
    ];
    let samples = interleaved(&mut operations, rounds);
    println!("{BACKEND}, {rounds} rounds, thread CPU time");
    for (name, samples) in NAMES.iter().zip(&samples) {
        println!("{name:<30} {:>9.2} µs", median(samples) / 1000.0);
    }
    for (ours, theirs) in [(2, 0), (3, 0), (3, 1)] {
        let ratio = median_ratio(&samples[ours], &samples[theirs]);
        println!("{ratio:>6.3} = {} / {}", NAMES[ours], NAMES[theirs]);
    }
}
