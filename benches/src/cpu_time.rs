//! Interleaved rounds in the CPU time of this thread, so that neither other processes nor a slowly changing clock
//! favours one operation over another.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Calls of one operation in one round take about this long.
const ROUND: Duration = Duration::from_millis(4);

/// The CPU time that this thread has used.
pub fn thread_cpu_time() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec as u32)
}

/// Nanoseconds of CPU time per call, by operation and round. `rounds` is made odd, so that it has a middle.
///
/// Every operation is called once before anything is timed.
pub fn interleaved(operations: &mut [Box<dyn FnMut() + '_>], rounds: usize) -> Vec<Vec<f64>> {
    let calls: Vec<u32> = operations
        .iter_mut()
        .map(|operation| {
            operation();
            calls_per_round(operation)
        })
        .collect();
    let mut samples = vec![Vec::new(); operations.len()];
    for _ in 0..rounds | 1 {
        for ((operation, calls), samples) in operations.iter_mut().zip(&calls).zip(&mut samples) {
            let spent = time_calls(operation, *calls);
            samples.push(spent.as_nanos() as f64 / f64::from(*calls));
        }
    }
    samples
}

/// The median of an odd number of values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The median over the rounds of `ours / theirs`: both of a round ran within milliseconds of each other.
pub fn median_ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    let ratios: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| ours / theirs)
        .collect();
    median(&ratios)
}

fn calls_per_round(operation: &mut dyn FnMut()) -> u32 {
    let mut calls = 1;
    loop {
        let spent = time_calls(operation, calls);
        if spent >= ROUND || calls >= 1 << 20 {
            return calls;
        }
        calls *= 2;
    }
}

fn time_calls(operation: &mut dyn FnMut(), calls: u32) -> Duration {
    let start = thread_cpu_time();
    for _ in 0..calls {
        operation();
    }
    thread_cpu_time() - start
}
