//! How much work goes into one submission: by measured time, starting with single dispatches.
//!
//! Watchdogs end long submissions: Windows after 2 s, amdgpu after 2 s, macOS after some hundreds
//! of milliseconds while it draws. And Ctrl-C waits for the submission that runs.

use std::time::Duration;

/// What a submission aims at; four times that would still be harmless.
const TARGET: Duration = Duration::from_millis(25);

/// The same where all dispatches are alike, so that it is met more exactly.
const TARGET_OF_STEPS: Duration = Duration::from_millis(40);

/// The most that an estimate may shrink at once, and with it the next submission grow, where
/// dispatches of a step differ.
const GROWTH: f64 = 4.0;

/// The same where all are alike: what each is expected to take is then too much anyway, since it
/// has its share of what a submission takes by itself.
const GROWTH_OF_STEPS: f64 = 64.0;

/// Sizes submissions of a stream in which the dispatches of one step repeat.
#[derive(Clone, Debug)]
pub(super) struct SubmissionSize {
    /// What each dispatch of the step is expected to take, in seconds; none before its first run.
    estimates: Vec<Option<f64>>,
    growth: f64,
    target: Duration,
}

impl SubmissionSize {
    /// Knows nothing yet of the `step_len` dispatches of a step.
    pub(super) fn new(step_len: usize) -> Self {
        Self { estimates: vec![None; step_len], growth: GROWTH, target: TARGET }
    }

    /// For a stream of steps that are all alike.
    pub(super) fn for_steps() -> Self {
        Self { estimates: vec![None], growth: GROWTH_OF_STEPS, target: TARGET_OF_STEPS }
    }

    /// Whether the dispatch at a position has been timed.
    pub(super) fn knows(&self, position: usize) -> bool {
        self.estimates[position].is_some()
    }

    fn estimates_from(&self, position: u64) -> impl Iterator<Item = Option<f64>> + '_ {
        let len = self.estimates.len();
        let start = usize::try_from(position % len as u64).expect("an index");
        self.estimates.iter().cycle().skip(start).copied()
    }

    /// How many dispatches from `position` on the next submission takes, `most` at most: one that
    /// is not known yet goes alone.
    pub(super) fn next(&self, position: u64, most: u64) -> u64 {
        let mut expected = 0.0;
        let fits = |estimate: &Option<f64>| {
            expected += estimate.unwrap_or(f64::INFINITY);
            expected <= self.target.as_secs_f64()
        };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let count = self.estimates_from(position).take(most).take_while(fits).count();
        count.max(1) as u64
    }

    /// Learns from a submission: every dispatch in it took the same multiple of its estimate.
    pub(super) fn record(&mut self, position: u64, count: u64, elapsed: Duration) {
        let len = self.estimates.len() as u64;
        let elapsed = elapsed.as_secs_f64().max(1e-9);
        let counted = usize::try_from(count).expect("a submission is short");
        let expected: f64 = self.estimates_from(position).take(counted).flatten().sum();
        for index in (position..position + count.min(len)).map(|place| place % len) {
            let estimate = &mut self.estimates[usize::try_from(index).expect("an index")];
            let ratio = (elapsed / expected).max(1.0 / self.growth);
            *estimate = Some(estimate.map_or(elapsed, |estimate| estimate * ratio));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 100_000;

    /// The longest of `submissions` submissions and the dispatches done, when dispatch number i
    /// of a step of `step_len` takes `cost(i)`, and each submission 50 µs on top.
    fn run(submissions: usize, step_len: usize, cost: impl Fn(u64) -> Duration) -> (Duration, u64) {
        let (mut submission_size, mut done, mut longest) =
            (SubmissionSize::new(step_len), 0, Duration::ZERO);
        for _ in 0..submissions {
            let count = submission_size.next(done, MOST);
            let places = (done..done + count).map(|place| place % step_len as u64);
            let elapsed = Duration::from_micros(50) + places.map(&cost).sum();
            submission_size.record(done, count, elapsed);
            done += count;
            longest = longest.max(elapsed);
        }
        (longest, done)
    }

    #[test]
    fn the_dispatches_of_the_first_step_go_alone() {
        let mut submission_size = SubmissionSize::new(3);
        for position in 0..3 {
            assert_eq!(submission_size.next(position, MOST), 1);
            submission_size.record(position, 1, Duration::from_micros(10));
        }
        assert!(submission_size.next(3, MOST) > 1);
        assert_eq!(submission_size.next(3, 2), 2, "no more than asked for");
    }

    #[test]
    fn quick_dispatches_are_packed_and_stay_near_the_target() {
        let (longest, done) = run(40, 15, |_| Duration::from_micros(10));
        assert!(longest < 2 * TARGET, "{longest:?}");
        assert!(done > 10 * 2_000, "only {done} dispatches in 40 submissions");
    }

    #[test]
    fn slow_dispatches_go_alone() {
        let (longest, done) = run(20, 4, |_| Duration::from_millis(80));
        assert_eq!((longest, done), (Duration::from_micros(80_050), 20));
    }

    #[test]
    fn slow_dispatches_among_many_quick_ones_do_not_pile_up() {
        let cost = |index: u64| Duration::from_micros(if index >= 190 { 60_000 } else { 3 });
        let (longest, done) = run(400, 200, cost);
        assert!(longest < Duration::from_millis(100), "{longest:?}");
        assert!(done > 200 * 10, "only {done} dispatches");
    }

    #[test]
    fn a_device_that_slows_down_is_given_less() {
        let mut submission_size = SubmissionSize::new(1);
        submission_size.record(0, 1, Duration::from_micros(10));
        let before = submission_size.next(1, MOST);
        submission_size.record(1, before, 10 * TARGET);
        assert!(submission_size.next(1 + before, MOST) <= before / 10 + 1);
    }
}
