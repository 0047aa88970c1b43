//! The interval of a median: bootstrap of samples, of places and of stretches of time.

use std::f64::consts::SQRT_2;

use super::{index, middle, real};
use crate::numeric::{Stream, philox4x32};

/// How often the samples are drawn anew for the interval of the median.
const RESAMPLES: usize = 2_000;

/// Many samples are drawn less often, so that there are [`DRAWS`] together, but so often at least:
/// what that takes from the interval's precision, they have more than made up for.
const FEWEST_RESAMPLES: usize = 400;
const DRAWS: usize = 4_000_000;

/// Stretches of time that samples are cut into, at most: so few that each is longer than most
/// disturbances, and enough to show how far they differ (B. Schmeiser, "Batch Size Effects in the
/// Analysis of Simulation Output", Operations Research 30, 1982: 10 to 30).
const STRETCHES: usize = 12;

/// The 97.5 % quantile of the standard normal law.
const Z: f64 = 1.959_963_984_540_054;

/// Samples in the order of their size, and the group of each.
struct Grouped<'a> {
    sorted: &'a [f64],
    groups: Vec<usize>,
    count: usize,
}

/// The interval of the median of sorted samples that are independent.
pub(super) fn independent(sorted: &[f64], seed: u64) -> [f64; 2] {
    let grouped = Grouped { sorted, groups: (0..sorted.len()).collect(), count: sorted.len() };
    grouped.interval(seed, 0.025)
}

/// The interval of the median of samples, in the order in which they were taken, each in a place:
/// that of independent samples, wider by as much as places differ, and stretches of time.
///
/// Samples of one place have its code and its pages in common, those of one minute the machine's
/// state: drawn one by one they would seem to say more than they do. So places are drawn anew, each
/// with all its samples, and stretches of time the same way. The variance of a mean under effects of
/// both kinds is the sum of the two variances less that of independent samples (A. C. Cameron,
/// J. B. Gelbach and D. L. Miller, "Robust Inference with Multiway Clustering", Journal of Business
/// and Economic Statistics 29, 2011); here it is taken of each side's distance from the median.
pub(super) fn of_turns(samples_us: &[f64], places: &[usize], seed: u64) -> [f64; 2] {
    let mut order: Vec<usize> = (0..samples_us.len()).collect();
    order.sort_by(|&a, &b| samples_us[a].total_cmp(&samples_us[b]));
    let sorted: Vec<f64> = order.iter().map(|&number| samples_us[number]).collect();
    let grouped = |group_of: &dyn Fn(usize) -> usize| {
        let groups: Vec<usize> = order.iter().map(|&number| group_of(number)).collect();
        let count = groups.iter().max().map_or(0, |last| last + 1);
        Grouped { sorted: &sorted, groups, count }
    };
    let length = samples_us.len().div_ceil(STRETCHES);
    let ways = [
        grouped(&|number| number / length),
        grouped(&|number| places.get(number).copied().unwrap_or(0)),
    ];
    let of_samples = independent(&sorted, seed);
    let of_groups = ways.iter().filter(|way| way.count > 1);
    let of_groups: Vec<_> = of_groups.map(|way| way.interval(seed, tail(way.count))).collect();
    let median = middle(&sorted);
    std::array::from_fn(|side| {
        let square = |interval: &[f64; 2]| (interval[side] - median).powi(2);
        let own = square(&of_samples);
        let more: f64 = of_groups.iter().map(|interval| (square(interval) - own).max(0.0)).sum();
        let distance = (own + more).sqrt();
        if side == 0 { (median - distance).max(sorted[0]) } else { median + distance }
    })
}

/// The probability outside of an interval on either side, such that the percentiles of so few groups'
/// draws are as wide as Student's interval: Φ(−t · √(n / (n − 1))) with n − 1 degrees of freedom
/// (T. C. Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 69,
/// 2015, section 4.2).
fn tail(count: usize) -> f64 {
    let n = real(count);
    let degrees = n - 1.0;
    // Two terms of the expansion of Student's quantile (Abramowitz and Stegun, 26.7.5).
    let t = Z
        + (Z.powi(3) + Z) / (4.0 * degrees)
        + (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / (96.0 * degrees.powi(2));
    libm::erfc(t * (n / degrees).sqrt() / SQRT_2) / 2.0
}

impl Grouped<'_> {
    /// Between the medians of draws of as many groups as there are, with this probability outside on
    /// either side: ranks are taken outwards, so it is rather too wide.
    fn interval(&self, seed: u64, outside: f64) -> [f64; 2] {
        let resamples = (DRAWS / self.sorted.len()).clamp(FEWEST_RESAMPLES, RESAMPLES);
        let mut drawn = vec![0_u32; self.count];
        let mut medians: Vec<f64> = (0..resamples)
            .map(|number| {
                draw(&mut drawn, Stream::new(seed).of_member(index(number).into()));
                self.median_of_drawn(&drawn)
            })
            .collect();
        medians.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of some thousand"
        )]
        let outside = ((real(resamples) * outside) as usize).saturating_sub(1);
        [medians[outside], medians[resamples - 1 - outside]]
    }

    /// The median of the samples, each as often as its group was drawn.
    fn median_of_drawn(&self, drawn: &[u32]) -> f64 {
        let times = |group: &usize| drawn[*group] as usize;
        let count: usize = self.groups.iter().map(times).sum();
        let (mut low, mut seen) = (None, 0);
        for (&value, group) in self.sorted.iter().zip(&self.groups) {
            seen += times(group);
            if low.is_none() && seen > (count - 1) / 2 {
                low = Some(value);
            }
            if let (Some(low), true) = (low, seen > count / 2) {
                return f64::midpoint(low, value);
            }
        }
        unreachable!("no group is empty, and as many are drawn as there are")
    }
}

/// How often each group is drawn, of as many draws as there are groups.
fn draw(drawn: &mut [u32], stream: Stream) {
    drawn.fill(0);
    let count = drawn.len() as u64;
    let [member, purpose, last] = stream.counter;
    let blocks = (0..count.div_ceil(4)).flat_map(|block| {
        let block = u32::try_from(block).expect("samples are counted in u32");
        philox4x32([block, member, purpose, last], stream.key)
    });
    for word in blocks.take(drawn.len()) {
        // A fraction of 2³², times the count: no division, and even but for count / 2³² (Lemire,
        // "Fast Random Integer Generation in an Interval", 2019).
        let place = (u64::from(word) * count) >> 32;
        drawn[usize::try_from(place).expect("it is below the count")] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples in nine places, in turns, of a run whose truth is 100: places differ by `place`,
    /// twelve stretches of time by `time`, and samples by `noise` (standard deviations).
    fn run(seed: u64, count: usize, [place, time, noise]: [f64; 3]) -> (Vec<f64>, Vec<usize>) {
        let normal = |purpose: u32, number: usize| {
            f64::from(Stream::new(seed).for_purpose(purpose).normal(index(number)))
        };
        let sample = |number: usize| {
            let of_place = place * normal(1, number % 9);
            let of_time = time * normal(2, number * STRETCHES / count);
            100.0 * (of_place + of_time + noise * normal(3, number)).exp()
        };
        ((0..count).map(sample).collect(), (0..count).map(|number| number % 9).collect())
    }

    /// The share of 200 runs whose interval holds the truth.
    fn coverage(
        count: usize,
        effects: [f64; 3],
        interval: impl Fn(&[f64], &[usize], u64) -> [f64; 2],
    ) -> f64 {
        let holds = (0..200).filter(|&seed| {
            let (samples, places) = run(seed, count, effects);
            let [low, high] = interval(&samples, &places, seed);
            low <= 100.0 && 100.0 <= high
        });
        real(holds.count()) / 200.0
    }

    #[test]
    fn the_interval_holds_the_truth_where_places_and_times_differ() {
        for (count, effects) in [
            (36, [0.02, 0.0, 0.02]),
            (36, [0.0, 0.02, 0.02]),
            (36, [0.02, 0.02, 0.02]),
            (180, [0.02, 0.01, 0.03]),
            (180, [0.0, 0.0, 0.03]),
        ] {
            let found = coverage(count, effects, of_turns);
            assert!(found >= 0.92, "{found} of {count} samples with {effects:?}");
        }
        let alone = |samples: &[f64], _: &[usize], seed| {
            let mut sorted = samples.to_vec();
            sorted.sort_by(f64::total_cmp);
            independent(&sorted, seed)
        };
        let found = coverage(180, [0.02, 0.01, 0.03], alone);
        assert!(found < 0.8, "as if samples were independent: {found}");
    }

    #[test]
    fn without_effects_of_places_and_times_the_interval_is_little_wider() {
        let ratio = |seed| {
            let (samples, places) = run(seed, 180, [0.0, 0.0, 0.03]);
            let width = |[low, high]: [f64; 2]| high - low;
            let mut sorted = samples.clone();
            sorted.sort_by(f64::total_cmp);
            width(of_turns(&samples, &places, seed)) / width(independent(&sorted, seed))
        };
        let mean = (0..50).map(ratio).sum::<f64>() / 50.0;
        assert!((1.0..1.6).contains(&mean), "{mean}");
    }

    #[test]
    fn few_groups_have_the_interval_of_student() {
        // Nine: t is 2.306, times √(9/8) 2.446, of which Φ(−2.446) = 0.00722.
        assert!((tail(9) - 0.00722).abs() < 2e-4, "{}", tail(9));
        assert!((tail(100_000) - 0.025).abs() < 1e-4 && tail(2) < 1e-6);
    }
}
