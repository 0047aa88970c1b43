//! Statistics of many networks.

use std::collections::BTreeMap;

use serde::Serialize;

/// The 97.5 % quantile of the standard normal law.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % confidence interval of a rate, from `hits` in `trials` (E. B. Wilson, 1927): the rates
/// p with |hits/trials − p| ≤ z·√(p(1−p)/trials). It is [0, 1] without trials.
#[expect(clippy::cast_precision_loss, reason = "fewer than 2⁵³ trials")]
#[must_use]
pub fn wilson(hits: u64, trials: u64) -> [f64; 2] {
    if trials == 0 {
        return [0.0, 1.0];
    }
    let n = trials as f64;
    let p = hits as f64 / n;
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

/// Number of networks that were solved at each step.
#[derive(Clone, Debug, Default)]
pub struct StepsToSolve {
    counts: BTreeMap<u32, u64>,
    total: u64,
}

impl StepsToSolve {
    /// Counts one network.
    pub fn add(&mut self, step: u32) {
        *self.counts.entry(step).or_default() += 1;
        self.total += 1;
    }

    /// Number of networks that were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The smallest step by which at least this share of the networks was solved; `None` without
    /// networks.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u32> {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "fewer than 2⁵³ networks, and a share of them"
        )]
        let rank = ((self.total as f64 * share).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        let reached = |(_, count): &(&u32, &u64)| {
            seen += **count;
            seen >= rank
        };
        self.counts.iter().find(reached).map(|(step, _)| *step)
    }
}

/// Counts of losses, in bins of half a decade; infinite losses and NaN are counted apart.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Histogram {
    /// Counts of losses from 10^(k/2) up to 10^((k+1)/2), by k; those of 0 are in the lowest.
    pub half_decades: BTreeMap<i32, u64>,
    /// Number of infinite losses.
    pub infinite: u64,
    /// Number of losses that are NaN.
    pub nan: u64,
}

/// The lowest bin: it counts everything below 10⁻⁶.
pub const LOWEST: i32 = -13;

/// The highest bin: it counts everything above 10⁶.
pub const HIGHEST: i32 = 12;

impl Histogram {
    /// Counts one loss.
    pub fn add(&mut self, loss: f32) {
        if loss.is_nan() {
            self.nan += 1;
        } else if loss.is_infinite() {
            self.infinite += 1;
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "it is clamped")]
            let bin = (2.0 * f64::from(loss).log10()).floor() as i32;
            *self.half_decades.entry(bin.clamp(LOWEST, HIGHEST)).or_default() += 1;
        }
    }

    /// Number of losses that are infinite or NaN.
    #[must_use]
    pub fn diverged(&self) -> u64 {
        self.nan + self.infinite
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I,
    /// method 3.
    #[test]
    fn the_interval_is_wilsons() {
        for (hits, trials, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let [found_low, found_high] = wilson(hits, trials);
            assert!((found_low - low).abs() < 5e-5, "{hits}/{trials}: {found_low}");
            assert!((found_high - high).abs() < 5e-5, "{hits}/{trials}: {found_high}");
        }
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
        assert_eq!(wilson(7, 7)[1], 1.0);
    }

    #[test]
    fn quantiles_are_steps_that_were_seen() {
        let mut steps = StepsToSolve::default();
        assert_eq!(steps.quantile(0.5), None);
        for step in [9, 3, 7, 1, 5] {
            steps.add(step);
        }
        let quantiles = [0.0, 0.2, 0.21, 0.5, 1.0].map(|share| steps.quantile(share));
        assert_eq!(quantiles, [1, 1, 3, 5, 9].map(Some));
    }

    #[test]
    fn losses_fall_into_half_decades() {
        let mut histogram = Histogram::default();
        for loss in [0.0, 1e-30, 0.02, 0.05, 0.5, 1.0, 1e30, f32::INFINITY, f32::NAN] {
            histogram.add(loss);
        }
        let expected = [(LOWEST, 2), (-4, 1), (-3, 1), (-1, 1), (0, 1), (HIGHEST, 1)];
        assert_eq!(histogram.half_decades, expected.into());
        assert_eq!(histogram.diverged(), 2);
    }
}
