//! Times of repeated runs: their median, and how far it can be trusted.

use std::time::Duration;

use serde::Serialize;

/// How often the contenders of a group take turns.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// At least so many rounds, and so much time in them.
    pub rounds: u32,
    /// See there.
    pub time: Duration,
    /// After this time no further round begins, once there are [`FEWEST_ROUNDS`].
    pub most_time: Duration,
}

/// The median of fewer lies outside of all of them in more than 5 % of cases.
pub const FEWEST_ROUNDS: u32 = 6;

impl Effort {
    /// For figures that are to be quoted.
    pub const FULL: Self =
        Self { rounds: 15, time: Duration::from_millis(1_500), most_time: Duration::from_secs(20) };

    /// For a look at whether it works.
    pub const QUICK: Self =
        Self { rounds: FEWEST_ROUNDS, time: Duration::ZERO, most_time: Duration::ZERO };

    /// Whether it was enough.
    pub(super) fn is_met(self, rounds: u32, elapsed: Duration) -> bool {
        let enough = rounds >= self.rounds && elapsed >= self.time;
        rounds >= FEWEST_ROUNDS && (enough || elapsed >= self.most_time)
    }
}

/// The times of one contender's runs, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// How many runs there were.
    pub rounds: u32,
    /// The middle one, or the mean of the middle two.
    pub median_us: f64,
    /// With at least 95 % confidence the median of all runs that could be made lies between this
    /// and the next, whatever their distribution, if they are independent.
    pub low_us: f64,
    /// See there.
    pub high_us: f64,
    /// The shortest.
    pub min_us: f64,
    /// The longest.
    pub max_us: f64,
}

impl Measurement {
    /// Of at least one run.
    ///
    /// # Panics
    /// Without any.
    #[must_use]
    pub fn of(times: &[Duration]) -> Self {
        assert!(!times.is_empty(), "nothing was measured");
        let mut sorted: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e6).collect();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let below = ranks_outside(count);
        Self {
            rounds: u32::try_from(count).expect("rounds are counted in u32"),
            median_us: f64::midpoint(sorted[(count - 1) / 2], sorted[count / 2]),
            low_us: sorted[below],
            high_us: sorted[count - 1 - below],
            min_us: sorted[0],
            max_us: sorted[count - 1],
        }
    }
}

/// How many of `count` sorted values can be left out at each end, so that the rest still spans the
/// median with 95 % confidence: each value lies below the median with probability ½, so the
/// probability that no more than k do is that of k heads at most in `count` throws, and must stay
/// within 2.5 %.
fn ranks_outside(count: usize) -> usize {
    let mut ranks = 0;
    // The probabilities of exactly, and of at most, `ranks` heads; from logarithms, as ½ to the
    // power of many rounds is no number.
    #[expect(clippy::cast_precision_loss, reason = "rounds are few")]
    let log_choose =
        |k: usize| (0..k).map(|i| ((count - i) as f64 / (i + 1) as f64).log2()).sum::<f64>();
    #[expect(clippy::cast_precision_loss, reason = "rounds are few")]
    let probability = |k: usize| (log_choose(k) - count as f64).exp2();
    let mut at_most = probability(0);
    while ranks + 1 < count / 2 && at_most + probability(ranks + 1) <= 0.025 {
        ranks += 1;
        at_most += probability(ranks);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(times: impl IntoIterator<Item = u64>) -> Vec<Duration> {
        times.into_iter().map(Duration::from_millis).collect()
    }

    #[test]
    fn order_does_not_matter_and_the_middle_is_the_median() {
        let odd = Measurement::of(&milliseconds([5, 1, 4, 2, 3]));
        assert_eq!((odd.median_us, odd.min_us, odd.max_us), (3e3, 1e3, 5e3));
        assert_eq!(odd.rounds, 5);
        let even = Measurement::of(&milliseconds([4, 1, 3, 2]));
        assert_eq!(even.median_us, 2.5e3);
    }

    #[test]
    fn the_interval_has_the_ranks_of_the_tables() {
        // Ranks counted from 1, as in tables of the sign test at 5 %: n, low, high.
        for (count, low, high) in [
            (6, 1, 6),
            (9, 2, 8),
            (12, 3, 10),
            (15, 4, 12),
            (25, 8, 18),
            (50, 18, 33),
            (100, 40, 61),
        ] {
            let found = Measurement::of(&milliseconds(1..=count));
            assert_eq!(
                (found.low_us, found.high_us),
                (f64::from(low) * 1e3, f64::from(high) * 1e3)
            );
        }
        assert!(ranks_outside(5_000) > 2_400, "no underflow");
    }

    #[test]
    fn an_interval_of_few_rounds_is_all_of_them() {
        for count in 1..=6 {
            let found = Measurement::of(&milliseconds(1..=count));
            assert_eq!((found.low_us, found.high_us), (found.min_us, found.max_us));
        }
    }

    #[test]
    fn rounds_end_by_count_and_time_and_never_before_six() {
        let second = Duration::from_secs(1);
        let effort = Effort { rounds: 15, time: second, most_time: 10 * second };
        assert!(!effort.is_met(15, second / 2) && !effort.is_met(14, 2 * second));
        assert!(effort.is_met(15, second));
        assert!(!effort.is_met(5, 60 * second) && effort.is_met(6, 10 * second));
        assert!(!Effort::QUICK.is_met(5, second) && Effort::QUICK.is_met(6, Duration::ZERO));
    }
}
