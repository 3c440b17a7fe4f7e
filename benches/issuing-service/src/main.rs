//! Thirty documents from one record: `issue/batch30`, through the signing guard as the service issues them, beside
//! thirty times the cryptography that no issuer can do without, in interleaved rounds of thread CPU time.

mod batch;

use std::hint::black_box;

use batch::{DOCUMENTS, Guarded};
use mdl_benches::cpu_time::{interleaved, median, median_ratio};
use mdl_benches::licence::{NOW, Record};
use mdl_benches::operation::{Bench, Operation};
use mdl_benches::raw::BACKEND;
use mdl_benches::refusal::refuse_altered;

const ROUNDS: usize = 31;

/// What one round does, in the order of the report.
const NAMES: [&str; 4] = [
    "raw/batch30_sum",
    "raw/batch30_read_sum",
    "issue/batch30_unguarded",
    "issue/batch30",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bench = Bench::new();
    refuse_altered(&bench)?;
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
    let samples = interleaved(&mut operations, ROUNDS);
    println!("{BACKEND}, {ROUNDS} rounds, thread CPU time");
    for (name, samples) in NAMES.iter().zip(&samples) {
        println!("{name:<30} {:>9.2} µs", median(samples) / 1000.0);
    }
    for (ours, theirs) in [(2, 0), (3, 0), (3, 1)] {
        let ratio = median_ratio(&samples[ours], &samples[theirs]);
        println!("{ratio:>6.3} = {} / {}", NAMES[ours], NAMES[theirs]);
    }
    Ok(())
}
