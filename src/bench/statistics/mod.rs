//! What repeated times say: of one contender ([`Summary`]), and of two ([`compare`]).
//!
//! Times are not normal: they have a floor, a tail, and outliers whenever something else ran. So
//! everything here goes by ranks: the median, the test of Mann and Whitney, the estimate of Hodges
//! and Lehmann. Times of one process are not independent: [`Summary::of_turns`] and [`compare`] say
//! what follows from that.

mod bootstrap;
mod comparison;
mod mann_whitney;

use serde::Serialize;

pub use comparison::{Comparison, FLOOR, SIGNIFICANT, Verdict, compare};
pub use mann_whitney::{MannWhitney, mann_whitney};

/// What is said of the times of one contender.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many there are.
    pub samples: usize,
    /// The middle one, or the mean of the middle two.
    pub median_us: f64,
    /// The 95 % interval of the median. With one sample, it is 0 to ∞.
    pub ci95_us: [f64; 2],
    /// The shortest.
    pub min_us: f64,
    /// The longest.
    pub max_us: f64,
    /// The coefficient of variation: standard deviation, with n − 1, divided by the mean. It is ∞
    /// of one sample.
    pub cv: f64,
    /// Half the width of the interval, divided by the median.
    pub relative_interval: f64,
}

impl Summary {
    /// The summary of at least one time.
    ///
    /// The interval is the percentile bootstrap of the median (B. Efron, "Bootstrap Methods:
    /// Another Look at the Jackknife", Annals of Statistics 7, 1979; percentiles: B. Efron and
    /// R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13): the samples are drawn
    /// anew with replacement, and the medians of all draws sorted; between their 2.5 % and 97.5 %
    /// quantiles, ranks taken outwards, lies the interval. It is a pure function of times and seed.
    ///
    /// With fewer than six samples, no interval has 95 %. The interval then spans all of them, and
    /// the median is outside with a probability of 2^(1 − n).
    ///
    /// # Panics
    /// Without any, or if one is not positive and finite.
    #[must_use]
    pub fn of(samples_us: &[f64], seed: u64) -> Self {
        Self::with(samples_us, |sorted| bootstrap::independent(sorted, seed))
    }

    /// The summary of samples in the order in which they were taken, each in one of the places, by
    /// number; without places, all in the same.
    ///
    /// The interval is that of [`Summary::of`], wider by as much as places and stretches of time
    /// differ within the run. What differs from one process to the next only is not in it.
    ///
    /// # Panics
    /// As [`Summary::of`].
    #[must_use]
    pub fn of_turns(samples_us: &[f64], places: &[usize], seed: u64) -> Self {
        Self::with(samples_us, |_| bootstrap::of_turns(samples_us, places, seed))
    }

    /// With the interval of six samples and more, in order.
    fn with(samples_us: &[f64], interval: impl FnOnce(&[f64]) -> [f64; 2]) -> Self {
        let sorted = sorted_times(samples_us);
        let samples = sorted.len();
        let median_us = middle(&sorted);
        let ci95_us = match samples {
            1 => [0.0, f64::INFINITY],
            2..6 => [sorted[0], sorted[samples - 1]],
            _ => interval(&sorted),
        };
        let mean = sorted.iter().sum::<f64>() / real(samples);
        let squares: f64 = sorted.iter().map(|time| (time - mean).powi(2)).sum();
        let cv = match samples {
            1 => f64::INFINITY,
            _ => (squares / real(samples - 1)).sqrt() / mean,
        };
        Self {
            samples,
            median_us,
            ci95_us,
            min_us: sorted[0],
            max_us: sorted[samples - 1],
            cv,
            relative_interval: (ci95_us[1] - ci95_us[0]) / 2.0 / median_us,
        }
    }
}

/// The median alone.
///
/// # Panics
/// As [`Summary::of`].
#[must_use]
pub fn median(samples: &[f64]) -> f64 {
    middle(&sorted_times(samples))
}

/// The median of sorted samples.
fn middle(sorted: &[f64]) -> f64 {
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

/// Times in order.
fn sorted_times(times: &[f64]) -> Vec<f64> {
    assert!(!times.is_empty(), "nothing was measured");
    let wrong = times.iter().find(|time| !(time.is_finite() && **time > 0.0));
    assert!(wrong.is_none(), "a time must be positive and finite, found {wrong:?}");
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn real(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2⁵³ samples, and pairs of them")]
    let real = count as f64;
    real
}

fn index(number: usize) -> u32 {
    u32::try_from(number).expect("it is counted in u32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Stream;

    /// Times as they come: a median of 100, a tail to the right, and one in twenty that something
    /// else disturbed. `spread` is the standard deviation of the logarithm.
    pub(super) fn timing_noise(seed: u64, count: usize, spread: f64) -> Vec<f64> {
        let stream = Stream::new(seed);
        let time = |number: usize| {
            let draw = |purpose| stream.for_purpose(purpose);
            let normal = f64::from(draw(1).normal(index(number)));
            let disturbed = draw(2).uniform(index(number)) > 0.9;
            let factor =
                if disturbed { 1.5 + f64::from(draw(3).uniform(index(number))) } else { 1.0 };
            100.0 * (spread * normal).exp() * factor
        };
        (0..count).map(time).collect()
    }

    #[test]
    fn figures_are_those_of_their_definitions() {
        let found = Summary::of(&[4.0, 1.0, 3.0, 2.0, 10.0], 1);
        assert_eq!((found.samples, found.median_us), (5, 3.0));
        assert_eq!((found.min_us, found.max_us), (1.0, 10.0));
        assert_eq!(found.ci95_us, [1.0, 10.0]);
        assert_eq!(found.relative_interval, 1.5);
        // Mean 4, squares 9 + 4 + 1 + 0 + 36.
        assert!((found.cv - 12.5_f64.sqrt() / 4.0).abs() < 1e-15);
        assert_eq!(Summary::of(&[4.0, 1.0, 3.0, 2.0], 1).median_us, 2.5);
    }

    #[test]
    fn one_sample_says_nothing_of_others() {
        let found = Summary::of(&[3.0], 1);
        assert_eq!((found.median_us, found.ci95_us), (3.0, [0.0, f64::INFINITY]));
        assert_eq!((found.cv, found.relative_interval), (f64::INFINITY, f64::INFINITY));
    }

    #[test]
    fn equal_samples_have_no_spread() {
        let found = Summary::of(&[7.0; 50], 1);
        assert_eq!((found.ci95_us, found.cv, found.relative_interval), ([7.0; 2], 0.0, 0.0));
    }

    #[test]
    #[should_panic(expected = "positive and finite")]
    fn a_time_that_is_none_is_refused() {
        let _ = Summary::of(&[1.0, f64::NAN], 1);
    }

    #[test]
    fn a_seed_gives_the_same_interval_in_any_order() {
        let mut samples = timing_noise(3, 41, 0.1);
        let found = Summary::of(&samples, 5);
        samples.reverse();
        assert_eq!(found.ci95_us, Summary::of(&samples, 5).ci95_us);
        let [low, high] = found.ci95_us;
        assert!(low < found.median_us && found.median_us < high);
    }

    /// The law of the median of a draw is known (Efron 1979, section 3): it is at most the j-th of
    /// n sorted samples where more than half of n draws are, each with probability j / n.
    #[test]
    fn the_interval_has_the_ranks_that_the_binomial_law_gives() {
        // P(Bin(11, 2/11) ≥ 6) = 0.007 and P(Bin(11, 3/11) ≥ 6) = 0.051, so the third from each end.
        let samples: Vec<f64> = (1..=11).map(f64::from).collect();
        for seed in 0..20 {
            assert_eq!(Summary::of(&samples, seed).ci95_us, [3.0, 9.0]);
        }
    }

    #[test]
    fn the_interval_holds_the_median_about_as_often_as_it_says() {
        for (count, least) in [(10, 0.92), (40, 0.92)] {
            let holds = (0..400).filter(|&seed| {
                let noise = |number| f64::from(Stream::new(seed).normal(number));
                let samples: Vec<f64> = (0..count).map(|number| noise(number).exp()).collect();
                let [low, high] = Summary::of(&samples, seed).ci95_us;
                low <= 1.0 && 1.0 <= high
            });
            let share = real(holds.count()) / 400.0;
            assert!(share >= least, "{share} of {count} samples each");
        }
    }

    #[test]
    fn many_samples_have_a_narrow_interval() {
        let found = Summary::of(&timing_noise(1, 30_000, 0.02), 1);
        assert!(found.relative_interval < 0.001, "{found:?}");
    }
}
