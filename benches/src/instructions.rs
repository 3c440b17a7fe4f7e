//! What callgrind counts: it collects between entering and leaving [`counted_calls`].

/// Calls `operation` so many times; `--toggle-collect` names this function.
#[inline(never)]
pub fn counted_calls(operation: &mut dyn FnMut(), times: u32) {
    for _ in 0..times {
        operation();
    }
}
