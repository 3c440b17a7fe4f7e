//! What issuing and verifying take from the heap. Counts are the same in every run, so this can be a test.
//!
//! Counted is what goes through Rust's allocator; AWS-LC's own few allocations inside a signature do not.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use mdl_benches::licence;
use mdl_benches::operation::Bench;
use mdl_iaca::path::PathCache;
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_reader::Verdict;

/// The system's allocator, counting for each thread by itself because tests run beside one another.
struct Counting;

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    allocations: usize,
    live: usize,
    peak: usize,
}

thread_local! {
    static TALLY: Cell<Option<Tally>> = const { Cell::new(None) };
}

fn tally(change: impl FnOnce(&mut Tally)) {
    // A thread that ends has no tally any more, and needs none.
    let _ = TALLY.try_with(|cell| {
        if let Some(mut tally) = cell.get() {
            change(&mut tally);
            cell.set(Some(tally));
        }
    });
}

fn allocated(tally: &mut Tally, size: usize) {
    tally.allocations += 1;
    tally.live += size;
    tally.peak = tally.peak.max(tally.live);
}

#[expect(
    unsafe_code,
    reason = "an allocator cannot be written without; it only forwards"
)]
// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        tally(|tally| allocated(tally, layout.size()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // What was allocated before counting began may be freed while it lasts.
        tally(|tally| tally.live = tally.live.saturating_sub(layout.size()));
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        tally(|tally| {
            // Old and new block may both be there while the content moves.
            allocated(tally, new_size);
            tally.live = tally.live.saturating_sub(layout.size());
        });
        unsafe { System.realloc(block, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted<T>(work: impl FnOnce() -> T) -> (T, Tally) {
    TALLY.set(Some(Tally::default()));
    let result = work();
    let tally = TALLY.take().unwrap_or_default();
    (result, tally)
}

#[test]
fn issuing_takes_few_allocations_and_little_more_than_its_output() {
    let bench = Bench::new();
    let elements = bench.record.encode();
    let mut rng = licence::rng(6);
    let (issued, tally) = counted(|| {
        bench
            .authority
            .issue_encoded(&elements, &bench.device_key, &mut rng)
    });
    println!("{} bytes issued: {tally:?}", issued.len());
    assert!(tally.allocations <= 40, "{tally:?}");
    assert!(
        tally.peak * 2 <= issued.len() * 5,
        "{tally:?} for {} bytes",
        issued.len()
    );
}

#[test]
fn encoding_and_checking_the_elements_first_stays_within_the_same_bounds() {
    let bench = Bench::new();
    let mut rng = licence::rng(6);
    let values = bench.record.elements();
    let (issued, tally) = counted(|| {
        let elements = licence::encode(values);
        bench.authority.check(&elements);
        bench
            .authority
            .issue_encoded(&elements, &bench.device_key, &mut rng)
    });
    println!("{} bytes issued from values: {tally:?}", issued.len());
    assert!(tally.allocations <= 40, "{tally:?}");

    // The peak with the values among what is counted, although they are the caller's.
    let (issued, tally) = counted(|| {
        bench
            .authority
            .issue(&bench.record, &bench.device_key, &mut rng)
    });
    println!("{} bytes issued from the record: {tally:?}", issued.len());
    assert!(tally.peak * 2 <= issued.len() * 5, "{tally:?}");
}

#[test]
fn verifying_copies_no_portrait_and_hands_out_slices_of_the_input() {
    let bench = Bench::new();
    let mut cache = PathCache::new(16);
    for document_signer in ["new", "known"] {
        let (report, tally) = counted(|| {
            bench
                .verifier
                .verify_cached(&bench.response, &bench.conditions(), &mut cache)
        });
        println!("document signer {document_signer}: {tally:?}");
        assert_eq!(report.verdict(), Verdict::Valid);
        let portrait_len = bench.record.portrait().len();
        assert!(tally.peak < portrait_len, "{tally:?}");

        let document = report.verified(0).expect("a valid document");
        let portrait = document.element(MDL_NAME_SPACE, "portrait");
        let portrait = portrait.and_then(|value| value.as_byte_string());
        let portrait = portrait.expect("the licence has a portrait");
        assert_eq!(portrait.len(), portrait_len);
        let input = bench.response.as_ptr_range();
        assert!(input.contains(&portrait.as_ptr()), "a slice of the input");
    }
}
