//! Whether readers that put together what they saw can tell which documents are of one batch (ISO/IEC 18013-5, E.8.4).
//!
//! One detector, which must find nothing in what the service issues, and must find each mitigation that is taken out
//! of the very same data, and only that.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use time::Duration;

use crate::house::{House, NOW};
use crate::observation::{Observation, observe};

const BATCHES: usize = 2000;
const DOCUMENTS: usize = 3;
/// A day's documents may be told from another day's, and from nothing less.
const FEWEST_BATCHES_OF_ONE_TIME: usize = 100;
/// How many standard deviations are still called chance: one false alarm in half a billion looks.
const CHANCE: f64 = 6.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_links_the_documents_of_a_batch_unless_a_mitigation_is_taken_out() {
    let observed = issue_batches().await;
    assert_eq!(observed.len(), BATCHES * DOCUMENTS);
    assert_eq!(links(&observed), BTreeSet::new());

    let without = |mitigation: fn(&mut [Observation])| {
        let mut observed = observed.clone();
        mitigation(&mut observed);
        links(&observed)
    };
    let only = |link: &'static str| BTreeSet::from([link]);
    assert_eq!(without(one_salt_per_batch), only("salts"));
    assert_eq!(without(digests_in_order_of_elements), only("digest order"));
    assert_eq!(without(one_shuffle_per_batch), only("digest order"));
    assert_eq!(without(no_decoys), only("decoys"));
    assert_eq!(without(one_set_of_decoys), only("decoys"));
    assert_eq!(without(indices_in_order_of_issuing), only("status"));
    assert_eq!(without(exact_times), only("times"));
    assert_eq!(without(exact_ends), only("times"));
}

/// Batches over half a day, to people some of whom have fewer elements than others.
async fn issue_batches() -> Vec<Observation> {
    let house = House::new().await;
    let keys = house.keys(DOCUMENTS * BATCHES);
    let mut observed = Vec::new();
    for (batch, keys) in keys.chunks(DOCUMENTS).enumerate() {
        let subject = format!("person {batch}");
        if batch % 2 == 0 {
            house.records.change(&subject, "age_over_21", None);
        }
        let grant = house.grant(&subject).await;
        let issued = house.issue(&grant, keys).await.unwrap();
        let documents = issued.documents.iter();
        observed.extend(documents.map(|document| observe(document, batch, house.now())));
        house.clock.advance(Duration::seconds(17));
    }
    observed
}

// What is taken out.

fn one_salt_per_batch(observed: &mut [Observation]) {
    for batch in observed.chunks_mut(DOCUMENTS) {
        let salt = batch[0].salts[0].clone();
        for document in batch {
            document.salts[0].clone_from(&salt);
        }
    }
}

fn digests_in_order_of_elements(observed: &mut [Observation]) {
    for document in observed {
        for (id, (_, digest_id)) in (0..).zip(&mut document.elements) {
            *digest_id = id;
        }
    }
}

fn one_shuffle_per_batch(observed: &mut [Observation]) {
    for batch in observed.chunks_mut(DOCUMENTS) {
        let elements = batch[0].elements.clone();
        for document in batch {
            document.elements.clone_from(&elements);
        }
    }
}

fn no_decoys(observed: &mut [Observation]) {
    for document in observed {
        let elements: HashSet<u64> = document.elements.iter().map(|(_, id)| *id).collect();
        document.digests.retain(|(id, _)| elements.contains(id));
    }
}

fn one_set_of_decoys(observed: &mut [Observation]) {
    for document in observed {
        let elements: HashSet<u64> = document.elements.iter().map(|(_, id)| *id).collect();
        for (id, digest) in &mut document.digests {
            if !elements.contains(id) {
                *digest = vec![0x5a; 32];
            }
        }
    }
}

fn indices_in_order_of_issuing(observed: &mut [Observation]) {
    let mut next: BTreeMap<String, u64> = BTreeMap::new();
    for document in observed {
        let next = next.entry(document.list.clone()).or_default();
        document.idx = *next;
        *next += 1;
    }
}

fn exact_times(observed: &mut [Observation]) {
    for document in observed {
        document.times[0] = document.issued_at;
    }
}

fn exact_ends(observed: &mut [Observation]) {
    for document in observed {
        document.times[2] = document.issued_at + Duration::days(14);
    }
}

// The detector.

fn links(observed: &[Observation]) -> BTreeSet<&'static str> {
    let found = [
        ("salts", salts_link(observed)),
        ("digest order", digest_order_links(observed)),
        ("decoys", decoys_link(observed)),
        ("status", status_links(observed)),
        ("times", times_link(observed)),
    ];
    found
        .into_iter()
        .filter(|(_, links)| *links)
        .map(|(name, _)| name)
        .collect()
}

/// A salt comes twice, or the bits of salts are not as many ones as zeros.
fn salts_link(observed: &[Observation]) -> bool {
    let mut seen = HashSet::new();
    let (mut bits, mut ones) = (0_u64, 0_u64);
    for salt in observed.iter().flat_map(|document| &document.salts) {
        if !seen.insert(salt) {
            return true;
        }
        bits += salt.len() as u64 * 8;
        ones += salt
            .iter()
            .map(|byte| u64::from(byte.count_ones()))
            .sum::<u64>();
    }
    is_beyond_chance(ones as f64, bits as f64, 0.5)
}

/// An element has the same digest identifier in two documents of a batch more often than by chance, or prefers one in
/// general.
fn digest_order_links(observed: &[Observation]) -> bool {
    let ids = 16.0;
    let (mut compared, mut same) = (0.0, 0.0);
    for batch in observed.chunks(DOCUMENTS) {
        for (number, one) in batch.iter().enumerate() {
            for other in &batch[number + 1..] {
                let pairs = one.elements.iter().zip(&other.elements);
                compared += one.elements.len() as f64;
                same += pairs.filter(|(one, other)| one.1 == other.1).count() as f64;
            }
        }
    }
    let mut seen: BTreeMap<(&str, u64), f64> = BTreeMap::new();
    let mut documents_with: BTreeMap<&str, f64> = BTreeMap::new();
    for (element, id) in observed.iter().flat_map(|document| &document.elements) {
        *seen.entry((element, *id)).or_default() += 1.0;
        *documents_with.entry(element).or_default() += 1.0;
    }
    is_beyond_chance(same, compared, 1.0 / ids)
        || seen.iter().any(|((element, _), count)| {
            is_beyond_chance(*count, documents_with[element], 1.0 / ids)
        })
}

/// The number of digests tells documents apart, or a decoy comes twice.
fn decoys_link(observed: &[Observation]) -> bool {
    let counts: HashSet<usize> = observed
        .iter()
        .map(|document| document.digests.len())
        .collect();
    let mut seen = HashSet::new();
    let twice = observed
        .iter()
        .flat_map(|document| &document.digests)
        .any(|(_, digest)| !seen.insert(digest));
    counts.len() > 1 || twice
}

/// A place in a list comes twice, or the next place, of the same list or of the same batch, can be guessed.
fn status_links(observed: &[Observation]) -> bool {
    let places: HashSet<_> = observed
        .iter()
        .map(|document| (&document.list, document.idx))
        .collect();
    let mut lists: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for document in observed {
        lists
            .entry(&document.list)
            .or_default()
            .push(document.idx as f64);
    }
    let next_of_list = lists.values().flat_map(|indices| indices.windows(2));
    let next_of_list: Vec<_> = next_of_list.map(|pair| (pair[0], pair[1])).collect();
    let next_of_batch = observed
        .windows(2)
        .filter(|pair| pair[0].batch == pair[1].batch);
    let next_of_batch: Vec<_> = next_of_batch
        .map(|pair| (pair[0].idx as f64, pair[1].idx as f64))
        .collect();
    places.len() < observed.len() || are_correlated(&next_of_list) || are_correlated(&next_of_batch)
}

/// Some times are shared by few batches.
fn times_link(observed: &[Observation]) -> bool {
    let mut batches: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    for document in observed {
        assert!(document.issued_at >= NOW);
        batches
            .entry(document.times)
            .or_default()
            .insert(document.batch);
    }
    batches
        .values()
        .any(|batches| batches.len() < FEWEST_BATCHES_OF_ONE_TIME)
}

/// Whether so many of `trials` are not what `probability` gives by chance.
fn is_beyond_chance(count: f64, trials: f64, probability: f64) -> bool {
    let deviation = (trials * probability * (1.0 - probability)).sqrt();
    (count - trials * probability).abs() > CHANCE * deviation
}

/// Whether the correlation coefficient of the pairs is not what chance gives.
pub(crate) fn are_correlated(pairs: &[(f64, f64)]) -> bool {
    let count = pairs.len() as f64;
    let mean = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| {
        pairs
            .iter()
            .map(|(x, y)| of(x - mean_x, y - mean_y))
            .sum::<f64>()
    };
    let covariance = sum(&|x, y| x * y);
    let spread = (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    covariance.abs() / spread > CHANCE / count.sqrt()
}
