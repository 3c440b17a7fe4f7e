//! `clock` for people, `count` for callgrind. See `docs/performance.md`.

use std::process::ExitCode;

use mdl_benches::cpu_time::{interleaved, median, median_ratio};
use mdl_benches::instructions::counted_calls;
use mdl_benches::operation::{Bench, NAMES};
use mdl_benches::raw::BACKEND;
use mdl_benches::refusal::refuse_altered;

const USAGE: &str =
    "usage: mdl-benches list | clock [--rounds N] [NAME-PREFIX…] | count NAME TIMES";

/// Name of the gate, ours, theirs, and the most that ours may cost of theirs in CPU time.
const RATIOS: [(&str, &str, &str, f64); 8] = [
    (
        "P1 without the check of the signature",
        "issue/mdl30",
        "raw/issue_sum",
        f64::INFINITY,
    ),
    ("P1", "issue/mdl30", "raw/issue_checked_sum", 1.15),
    (
        "",
        "issue/mdl30_from_record",
        "raw/issue_checked_sum",
        f64::INFINITY,
    ),
    ("P2", "verify/mdl30_ds_cached", "raw/verify_sum2", 1.15),
    ("P3", "verify/mdl30_full_chain", "raw/verify_sum3", 1.15),
    ("P6", "crypto/sign", "raw/sign", 1.05),
    ("P6", "crypto/verify", "raw/verify", 1.05),
    ("", "crypto/sha256_25k", "raw/sha256_25k", f64::INFINITY),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["list"] => {
            NAMES.iter().for_each(|name| println!("{name}"));
            Ok(())
        }
        ["clock", "--rounds", rounds, prefixes @ ..] => rounds
            .parse()
            .map_err(|_| USAGE.to_owned())
            .and_then(|rounds| clock(rounds, prefixes)),
        ["clock", prefixes @ ..] => clock(31, prefixes),
        ["count", name, times] => times
            .parse()
            .map_err(|_| USAGE.to_owned())
            .and_then(|times| count(name, times)),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints medians, and the ratios of performance targets with their gates. Measures, and judges nothing: a clock on
/// a shared machine is for people.
fn clock(rounds: usize, prefixes: &[&str]) -> Result<(), String> {
    let bench = Bench::new();
    refuse_altered(&bench)?;
    let names: Vec<&str> = NAMES
        .into_iter()
        .filter(|name| prefixes.is_empty() || prefixes.iter().any(|p| name.starts_with(p)))
        .collect();
    let mut operations: Vec<_> = names.iter().map(|name| bench.operation(name)).collect();
    let samples = interleaved(&mut operations, rounds.max(11));
    println!("{BACKEND}, {} rounds, thread CPU time", samples[0].len());
    for (name, samples) in names.iter().zip(&samples) {
        println!("{name:<30} {:>9.2} µs", median(samples) / 1000.0);
    }
    let find = |name: &str| Some(&samples[names.iter().position(|known| *known == name)?]);
    for (gate, ours, theirs, limit) in RATIOS {
        if let (Some(our_samples), Some(their_samples)) = (find(ours), find(theirs)) {
            let ratio = median_ratio(our_samples, their_samples);
            let verdict = match limit {
                f64::INFINITY => String::new(),
                limit if ratio <= limit => format!("{gate}: within {limit}"),
                limit => format!("{gate}: ABOVE {limit}"),
            };
            println!("{ratio:>6.3} = {ours} / {theirs}  {verdict}");
        }
    }
    Ok(())
}

/// Runs one operation so many times where callgrind counts, after one call where it does not.
fn count(name: &str, times: u32) -> Result<(), String> {
    if !NAMES.contains(&name) {
        return Err(format!("no operation {name}"));
    }
    let bench = Bench::new();
    refuse_altered(&bench)?;
    let mut operation = bench.operation(name);
    operation();
    counted_calls(&mut operation, times);
    Ok(())
}
