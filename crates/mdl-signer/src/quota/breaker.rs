//! The circuit breaker: a key store that does not answer is not asked by everybody.

use std::time::Duration;

use super::Answer;

/// Missing answers in a row after which the key store is left alone.
const PATIENCE: u32 = 5;
/// The first rest. Every failed trial doubles it.
const FIRST_REST: Duration = Duration::from_secs(1);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// Whether the key store may be asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Passage {
    /// By everybody.
    Open,
    /// By one, to see whether it answers again.
    Trial,
    /// One is asking. It is given up on at `until`.
    OnTrial { until: Duration },
    /// By nobody before `until`.
    Closed { until: Duration },
}

/// Times are durations since the scheduler began.
#[derive(Debug)]
pub(super) struct Breaker {
    missing: u32,
    rest: Duration,
    rests_until: Option<Duration>,
    trial_until: Option<Duration>,
}

impl Breaker {
    pub(super) const fn new() -> Self {
        Self {
            missing: 0,
            rest: FIRST_REST,
            rests_until: None,
            trial_until: None,
        }
    }

    pub(super) fn passage(&self, now: Duration) -> Passage {
        match (self.rests_until, self.trial_until) {
            (None, _) => Passage::Open,
            (Some(until), _) if now < until => Passage::Closed { until },
            (Some(_), Some(until)) if now < until => Passage::OnTrial { until },
            (Some(_), _) => Passage::Trial,
        }
    }

    /// One asks now.
    pub(super) fn let_pass(&mut self, now: Duration) {
        if self.passage(now) == Passage::Trial {
            self.trial_until = Some(now + LONGEST_REST);
        }
    }

    pub(super) fn observe(&mut self, answer: Answer, now: Duration) {
        match answer {
            Answer::Given => *self = Self::new(),
            // Those that were asking when it was closed come in late, and are no news.
            Answer::Missing if matches!(self.passage(now), Passage::Closed { .. }) => {}
            Answer::Missing if self.rests_until.is_some() => {
                self.rest = (self.rest * 2).min(LONGEST_REST);
                self.rests_until = Some(now + self.rest);
                self.trial_until = None;
            }
            Answer::Missing => {
                self.missing += 1;
                if self.missing >= PATIENCE {
                    self.rests_until = Some(now + self.rest);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    fn closed() -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 0..PATIENCE {
            assert_eq!(breaker.passage(NOW), Passage::Open);
            breaker.observe(Answer::Missing, NOW);
        }
        breaker
    }

    #[test]
    fn missing_answers_in_a_row_close_it() {
        let until = NOW + FIRST_REST;
        assert_eq!(closed().passage(NOW), Passage::Closed { until });
    }

    #[test]
    fn an_answer_in_between_keeps_it_open() {
        let mut breaker = Breaker::new();
        for _ in 0..PATIENCE * 3 {
            breaker.observe(Answer::Missing, NOW);
            breaker.observe(Answer::Given, NOW);
        }
        assert_eq!(breaker.passage(NOW), Passage::Open);
    }

    #[test]
    fn after_the_rest_one_alone_asks() {
        let mut breaker = closed();
        let later = NOW + FIRST_REST;
        assert_eq!(breaker.passage(later), Passage::Trial);
        breaker.let_pass(later);
        let until = later + LONGEST_REST;
        assert_eq!(breaker.passage(later), Passage::OnTrial { until });
        // Whoever tried never said how it ended: another may.
        assert_eq!(breaker.passage(until), Passage::Trial);
        breaker.observe(Answer::Given, later);
        assert_eq!(breaker.passage(later), Passage::Open);
    }

    #[test]
    fn every_failed_trial_doubles_the_rest_up_to_the_longest() {
        let mut breaker = closed();
        let mut now = NOW + FIRST_REST;
        for seconds in [2, 4, 8, 16, 30, 30] {
            breaker.let_pass(now);
            breaker.observe(Answer::Missing, now);
            let until = now + Duration::from_secs(seconds);
            assert_eq!(breaker.passage(now), Passage::Closed { until });
            now = until;
        }
    }

    #[test]
    fn failures_that_come_in_late_do_not_prolong_the_rest() {
        let mut breaker = closed();
        breaker.observe(Answer::Missing, NOW + FIRST_REST / 2);
        let until = NOW + FIRST_REST;
        assert_eq!(breaker.passage(NOW), Passage::Closed { until });
    }
}
