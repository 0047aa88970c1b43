//! Which of two contenders is faster, by how much, and whether that can be said.

use serde::Serialize;

use super::mann_whitney::{mann_whitney, pairs_outside};
use super::{real, sorted_times};

/// A difference counts only if p is below. Many rows are compared: of fifty that are all the same,
/// one would be called different at 0.05 in nine of ten reports, at 0.001 in one of twenty
/// (C. E. Bonferroni, 1936).
pub const SIGNIFICANT: f64 = 0.001;

/// The smallest change worth a word, where nothing else is known: two runs of one binary easily
/// differ by that much.
pub const FLOOR: f64 = 0.02;

/// What can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// If there is a difference, it is too small to be worth a word.
    Same,
    /// The second takes less time.
    Faster,
    /// The second takes more time.
    Slower,
    /// More samples are needed, or quieter ones.
    Unclear,
}

impl Verdict {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::Unclear => "unclear",
        }
    }

    /// Whether there surely is a difference.
    #[must_use]
    pub fn is_difference(self) -> bool {
        matches!(self, Self::Faster | Self::Slower)
    }
}

/// Two contenders; all figures are of the second as seen from the first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// How many times as long the second takes.
    pub ratio: f64,
    /// The 95 % interval of that: 0 and ∞ if there are too few samples for one.
    pub ratio_ci95: [f64; 2],
    /// How much more often it takes longer than it takes less, of all pairs: 1 always, −1 never.
    pub cliffs_delta: f64,
    /// How likely so great a difference is if there is none.
    pub p: f64,
    /// What can be said.
    pub verdict: Verdict,
}

/// Compares the times of two contenders.
///
/// The ratio is the estimate of J. L. Hodges and E. L. Lehmann, "Estimates of Location Based on Rank
/// Tests" (Annals of Mathematical Statistics 34, 1963), on logarithms: exp of the median of all
/// ln b − ln a. Its interval ends at the k-th smallest and k-th largest of them, with the k of the
/// distribution of U (D. F. Bauer, "Constructing Confidence Sets Using Rank Statistics", JASA 67,
/// 1972). Cliff's delta is #(b > a) − #(b < a), divided by the pairs: 1 − 2U/nm (N. Cliff,
/// "Dominance Statistics", Psychological Bulletin 114, 1993).
///
/// `Slower` takes p < [`SIGNIFICANT`] of the test of Mann and Whitney, and the whole interval above
/// 1 + `floor`; `Faster` the same below 1 / (1 + `floor`), so that whoever is compared with whom,
/// the verdict is the same. `Same` takes the whole interval between the two, however small p is
/// (D. J. Schuirmann, "two one-sided tests", 1987). All else is `Unclear`: that nothing was found is
/// not that nothing is there.
///
/// Why a floor, too: samples of one process share its layout of memory, the clock speed that it met
/// and the pages that it got, and a process that is started again differs from itself, sometimes by
/// more than an optimisation brings (T. Mytkowicz et al., "Producing Wrong Data Without Doing
/// Anything Obviously Wrong!", ASPLOS 2009). Samples within a run do not show that, so an interval
/// from them is too narrow, and p shrinks as long as one waits.
///
/// Seven samples of each are the fewest that can differ: of six, p is 0.002 at best.
///
/// # Panics
/// If a lot is empty, a time is not positive and finite, or the floor is negative.
#[must_use]
pub fn compare(a: &[f64], b: &[f64], floor: f64) -> Comparison {
    assert!(floor >= 0.0, "the smallest change worth a word is {floor}");
    let differences = Differences::of(a, b);
    let pairs = a.len() * b.len();
    let test = mann_whitney(a, b);
    let centre =
        f64::midpoint(differences.smallest(pairs.div_ceil(2)), differences.smallest(pairs / 2 + 1));
    let [low, high] = match pairs_outside(a.len(), b.len()) {
        0 => [f64::NEG_INFINITY, f64::INFINITY],
        k => [differences.smallest(k), differences.smallest(pairs + 1 - k)],
    };
    let band = floor.ln_1p();
    let verdict = if low >= -band && high <= band {
        Verdict::Same
    } else if test.p < SIGNIFICANT && low > band {
        Verdict::Slower
    } else if test.p < SIGNIFICANT && high < -band {
        Verdict::Faster
    } else {
        Verdict::Unclear
    };
    Comparison {
        ratio: centre.exp(),
        ratio_ci95: [low.exp(), high.exp()],
        cliffs_delta: 1.0 - 2.0 * test.u / real(pairs),
        p: test.p,
        verdict,
    }
}

impl Comparison {
    /// Whether the whole interval of the ratio is beyond 1 + `change` or below 1 / (1 + `change`).
    #[must_use]
    pub fn is_beyond(&self, change: f64) -> bool {
        let [low, high] = self.ratio_ci95;
        low > 1.0 + change || high < 1.0 / (1.0 + change)
    }
}

/// All differences ln b − ln a, of which none is kept: there are as many as pairs.
struct Differences {
    a: Vec<f64>,
    b: Vec<f64>,
}

impl Differences {
    fn of(a: &[f64], b: &[f64]) -> Self {
        let [a, b] = [a, b].map(|times| sorted_times(times).into_iter().map(f64::ln).collect());
        Self { a, b }
    }

    /// The k-th smallest, counted from 1: the smallest number that k of them are not above, found by
    /// halving the numbers that an `f64` can be.
    fn smallest(&self, k: usize) -> f64 {
        let (mut low, mut high) = (key(f64::NEG_INFINITY), key(f64::INFINITY));
        while low < high {
            // Rounded down, also below zero.
            let middle = (low & high) + ((low ^ high) >> 1);
            if self.up_to(value(middle)) >= k {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        value(low)
    }

    /// How many are not above `most`. As `a` goes up, so do the `b` that are counted.
    fn up_to(&self, most: f64) -> usize {
        let (mut counted, mut sum) = (0, 0);
        for a in &self.a {
            counted += self.b[counted..].iter().take_while(|b| *b - a <= most).count();
            sum += counted;
        }
        sum
    }
}

/// Integers in the order of the numbers, as in [`f64::total_cmp`].
fn key(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

fn value(key: i64) -> f64 {
    f64::from_bits((if key < 0 { key ^ i64::MAX } else { key }).cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::timing_noise;
    use super::*;

    const TRIALS: u64 = 400;

    /// How many trials end so, where the second lot takes `factor` as long.
    fn count(verdict: Verdict, [n, m]: [usize; 2], spread: f64, factor: f64) -> u64 {
        let ends = |seed| {
            let a = timing_noise(2 * seed, n, spread);
            let b: Vec<f64> =
                timing_noise(2 * seed + 1, m, spread).iter().map(|time| factor * time).collect();
            compare(&a, &b, FLOOR).verdict == verdict
        };
        (1..=TRIALS).filter(|&seed| ends(seed)).map(|_| 1).sum()
    }

    #[test]
    fn the_same_law_is_the_same_in_95_of_100_trials() {
        for (sizes, spread) in [([60, 60], 0.02), ([600, 400], 0.05), ([20, 20], 0.008)] {
            let same = count(Verdict::Same, sizes, spread, 1.0);
            assert!(same >= TRIALS * 95 / 100, "{same} of {sizes:?} at {spread}");
        }
    }

    #[test]
    fn the_same_law_is_called_different_once_in_a_thousand_trials_whatever_the_noise() {
        let mut different = 0;
        for spread in [0.02, 0.2, 1.0] {
            for sizes in [[7, 7], [20, 20], [100, 30]] {
                different += count(Verdict::Slower, sizes, spread, 1.0);
                different += count(Verdict::Faster, sizes, spread, 1.0);
            }
        }
        // 3.6 of 3,600 trials, with a standard deviation of 1.9, if the interval forbade none.
        assert!(different <= 8, "{different}");
    }

    #[test]
    fn five_percent_are_seen_through_noise_of_two() {
        for sizes in [[20, 20], [30, 20], [50, 50]] {
            let found = [(1.05, Verdict::Slower), (1.0 / 1.05, Verdict::Faster)]
                .map(|(factor, verdict)| count(verdict, sizes, 0.02, factor));
            assert!(
                found.iter().all(|found| *found >= TRIALS * 95 / 100),
                "{found:?} of {sizes:?}"
            );
        }
    }

    #[test]
    fn one_percent_is_not_worth_a_word_however_sure() {
        let a: Vec<f64> = timing_noise(1, 2_000, 0.01);
        let b: Vec<f64> = timing_noise(2, 2_000, 0.01).iter().map(|time| 1.01 * time).collect();
        let found = compare(&a, &b, FLOOR);
        assert!(found.p < 1e-9 && found.verdict == Verdict::Same, "{found:?}");
        assert_eq!(compare(&a, &b, 0.001).verdict, Verdict::Slower);
    }

    #[test]
    fn what_noise_hides_is_unclear() {
        let (a, b) = (timing_noise(1, 10, 0.2), timing_noise(2, 10, 0.2));
        assert_eq!(compare(&a, &b, FLOOR).verdict, Verdict::Unclear);
    }

    #[test]
    fn whoever_is_compared_with_whom_the_verdict_is_the_same() {
        for seed in 0..50 {
            let a = timing_noise(2 * seed, 15, 0.02);
            let b: Vec<f64> =
                timing_noise(2 * seed + 1, 25, 0.02).iter().map(|time| 1.04 * time).collect();
            let (there, back) = (compare(&a, &b, FLOOR), compare(&b, &a, FLOOR));
            let turned = match there.verdict {
                Verdict::Slower => Verdict::Faster,
                Verdict::Faster => Verdict::Slower,
                other => other,
            };
            assert_eq!(back.verdict, turned);
            assert!((there.ratio * back.ratio - 1.0).abs() < 1e-12);
            assert!((there.cliffs_delta + back.cliffs_delta).abs() < 1e-12);
            assert!((there.ratio_ci95[0] * back.ratio_ci95[1] - 1.0).abs() < 1e-12);
            assert!((there.p - back.p).abs() < 1e-12);
        }
    }

    #[test]
    fn every_difference_has_its_place() {
        let (a, b) = (timing_noise(1, 9, 0.5), timing_noise(2, 14, 0.5));
        let mut all: Vec<f64> = b.iter().flat_map(|b| a.iter().map(|a| b.ln() - a.ln())).collect();
        all.sort_by(f64::total_cmp);
        let differences = Differences::of(&a, &b);
        for (k, expected) in (1..).zip(all) {
            assert_eq!(differences.smallest(k), expected);
        }
    }

    /// The data of Hollander and Wolfe again: `wilcox.test(log(y), log(x), conf.int = TRUE)` takes
    /// the 25th and 26th of the 50 differences, and the 9th from either side, as
    /// `qwilcox(0.025, 10, 5)` is 9.
    #[test]
    fn ratio_and_interval_are_ranks_of_all_pairs() {
        let x = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let y = [1.15, 0.88, 0.90, 0.74, 1.21];
        let mut all: Vec<f64> = x.iter().flat_map(|x| y.map(|y| y / x)).collect();
        all.sort_by(f64::total_cmp);
        let found = compare(&x, &y, FLOOR);
        for (found, expected) in [
            (found.ratio, (all[24] * all[25]).sqrt()),
            (found.ratio_ci95[0], all[8]),
            (found.ratio_ci95[1], all[41]),
            (found.cliffs_delta, 1.0 - 2.0 * 35.0 / 50.0),
        ] {
            assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
        }
    }

    #[test]
    fn constants_differ_if_they_do() {
        let same = compare(&[10.0; 8], &[10.0; 8], FLOOR);
        let expected = Comparison {
            ratio: 1.0,
            ratio_ci95: [1.0; 2],
            cliffs_delta: 0.0,
            p: 1.0,
            verdict: Verdict::Same,
        };
        assert_eq!(same, expected);
        let slower = compare(&[10.0; 8], &[11.0; 8], FLOOR);
        assert_eq!((slower.verdict, slower.cliffs_delta), (Verdict::Slower, 1.0));
        assert!((slower.ratio - 1.1).abs() < 1e-12 && slower.ratio_ci95 == [slower.ratio; 2]);
    }

    #[test]
    fn too_few_samples_say_nothing_however_far_apart() {
        let lot = |from: u32, count: u32| (from..from + count).map(f64::from).collect::<Vec<_>>();
        for count in 1..=3 {
            let found = compare(&lot(1, count), &lot(100, count), FLOOR);
            assert_eq!((found.verdict, found.ratio_ci95), (Verdict::Unclear, [0.0, f64::INFINITY]));
        }
        assert_eq!(compare(&lot(1, 6), &lot(100, 6), FLOOR).verdict, Verdict::Unclear);
        assert_eq!(compare(&lot(1, 7), &lot(100, 7), FLOOR).verdict, Verdict::Slower);
        assert_eq!(compare(&lot(100, 7), &lot(1, 7), FLOOR).verdict, Verdict::Faster);
    }

    #[test]
    fn a_difference_is_worth_a_word_beyond_2_per_cent_and_not_before() {
        for (factor, verdict) in [
            (1.019_9, Verdict::Same),
            (1.020_1, Verdict::Slower),
            (1.0 / 1.019_9, Verdict::Same),
            (1.0 / 1.020_1, Verdict::Faster),
        ] {
            assert_eq!(
                compare(&[10.0; 9], &[10.0 * factor; 9], FLOOR).verdict,
                verdict,
                "{factor}"
            );
        }
    }

    #[test]
    fn an_interval_is_beyond_a_change_as_a_whole_or_not() {
        let of = |ratio_ci95| Comparison { ratio_ci95, ..compare(&[1.0], &[1.0], FLOOR) };
        for (interval, beyond) in [
            ([1.121, 2.0], true),
            ([1.119, 2.0], false),
            ([0.5, 1.0 / 1.121], true),
            ([0.5, 1.0 / 1.119], false),
            ([0.5, 2.0], false),
        ] {
            assert_eq!(of(interval).is_beyond(0.12), beyond, "{interval:?}");
        }
    }
}
