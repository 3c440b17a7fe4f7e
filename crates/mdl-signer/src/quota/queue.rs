//! Whose turn is next.

use std::collections::VecDeque;

use super::Priority;

/// Of so many turns, one goes to the lowest priority that waits.
pub const LEAST_SHARE: u32 = 10;

/// First come, first served within a priority.
#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: [VecDeque<T>; 3],
    turns: u32,
}

impl<T> Queue<T> {
    pub(super) const fn new() -> Self {
        Self {
            waiting: [VecDeque::new(), VecDeque::new(), VecDeque::new()],
            turns: 0,
        }
    }

    pub(super) fn push(&mut self, priority: Priority, item: T) {
        self.waiting[priority.index()].push_back(item);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.iter().all(VecDeque::is_empty)
    }

    pub(super) fn len(&self, priority: Priority) -> u64 {
        self.waiting[priority.index()].len() as u64
    }

    /// Removes those that would be next and meet a condition.
    pub(super) fn skip(&mut self, condition: impl Fn(&T) -> bool) {
        for waiting in &mut self.waiting {
            while waiting.front().is_some_and(&condition) {
                waiting.pop_front();
            }
        }
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.turns = (self.turns + 1) % LEAST_SHARE;
        let mut some = self.waiting.iter_mut().filter(|queue| !queue.is_empty());
        let next = if self.turns == 0 {
            some.next_back()
        } else {
            some.next()
        };
        next?.pop_front()
    }

    /// Everybody, the first first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.waiting.iter_mut().flat_map(|queue| queue.drain(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_priority_goes_first_and_within_it_the_first() {
        let mut queue = Queue::new();
        queue.push(Priority::Bulk, "bulk");
        queue.push(Priority::Refresh, "refresh");
        queue.push(Priority::Interactive, "first");
        queue.push(Priority::Interactive, "second");
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, ["first", "second", "refresh", "bulk"]);
    }

    #[test]
    fn one_turn_in_ten_goes_to_the_lowest_that_waits() {
        let mut queue = Queue::new();
        for _ in 0..100 {
            queue.push(Priority::Interactive, "interactive");
            queue.push(Priority::Bulk, "bulk");
        }
        let bulk = (0..100).filter(|_| queue.pop() == Some("bulk")).count();
        assert_eq!(bulk, 10);
    }

    #[test]
    fn those_that_are_skipped_take_no_turn() {
        let mut queue = Queue::new();
        for number in [1, 2, 3, 4] {
            queue.push(Priority::Refresh, number);
        }
        queue.skip(|number| *number < 3);
        assert_eq!(queue.len(Priority::Refresh), 2);
        assert_eq!(queue.pop(), Some(3));
    }
}
