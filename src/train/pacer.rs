//! How much work goes into one submission: by measured time, starting tiny.
//!
//! Watchdogs end long submissions: Windows after 2 s, amdgpu after 2 s, macOS after some hundreds
//! of milliseconds while it draws. And Ctrl-C waits for the submission that runs.

use std::time::Duration;

/// What a submission aims at; double that would still be harmless.
const TARGET: Duration = Duration::from_millis(25);

/// The most that a submission may grow from one to the next.
const GROWTH: u64 = 4;

/// Sizes submissions, in dispatches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pacer {
    next: u64,
}

impl Pacer {
    pub(super) fn new() -> Self {
        Self { next: 1 }
    }

    /// How many dispatches the next submission takes.
    pub(super) fn next(self) -> u64 {
        self.next
    }

    /// Learns from a submission of `count` dispatches.
    pub(super) fn record(&mut self, count: u64, elapsed: Duration) {
        let nanoseconds = elapsed.as_nanos().max(1);
        let ideal = u128::from(count) * TARGET.as_nanos() / nanoseconds;
        let most = GROWTH.saturating_mul(count);
        self.next = u64::try_from(ideal).unwrap_or(most).clamp(1, most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest of `submissions` submissions when dispatch number i takes `cost(i)`.
    fn longest(submissions: usize, cost: impl Fn(u64) -> Duration) -> (Duration, u64) {
        let (mut pacer, mut done, mut longest) = (Pacer::new(), 0, Duration::ZERO);
        for _ in 0..submissions {
            let count = pacer.next();
            let elapsed = (done..done + count).map(&cost).sum();
            pacer.record(count, elapsed);
            done += count;
            longest = longest.max(elapsed);
        }
        (longest, done)
    }

    #[test]
    fn the_first_submission_is_one_dispatch() {
        assert_eq!(Pacer::new().next(), 1);
    }

    #[test]
    fn quick_dispatches_are_packed_and_stay_near_the_target() {
        let (longest, done) = longest(20, |_| Duration::from_micros(10));
        assert!(longest <= TARGET, "{longest:?}");
        assert!(done > 10 * 2_500, "only {done} dispatches in 20 submissions");
    }

    #[test]
    fn slow_dispatches_go_alone() {
        let (longest, done) = longest(20, |_| Duration::from_millis(80));
        assert_eq!((longest, done), (Duration::from_millis(80), 20));
    }

    #[test]
    fn a_step_whose_dispatches_differ_a_hundredfold_stays_below_100_ms() {
        let cost = |index: u64| Duration::from_micros(if index % 15 == 6 { 10_000 } else { 100 });
        let (longest, _) = longest(500, cost);
        assert!(longest < Duration::from_millis(100), "{longest:?}");
    }
}
