//! The line of the times of passes.

use serde::Serialize;

/// The fewest different counts of dispatches: a line through two points fits always.
pub const FEWEST_COUNTS: usize = 3;

/// The line that lies closest, relative to them, to the times of passes of equal dispatches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// What a pass takes without any; on the host's clock, what its submission takes, too.
    pub pass_us: f64,
    /// What each takes.
    pub dispatch_us: f64,
    /// The standard error of that.
    pub dispatch_error_us: f64,
    /// How far a time is from the line, at most, relative to it.
    pub worst_share: f64,
}

impl Fit {
    /// Least squares, of what each time is off relative to itself: weights 1 / time². The standard
    /// error of the slope is √(Σ w·r² / (n − 2) / Σ w·(x − x̄)²), with the residuals r (N. R. Draper
    /// and H. Smith, "Applied Regression Analysis", 1998, chapter 9).
    ///
    /// # Panics
    /// With fewer than [`FEWEST_COUNTS`] pairs of a count and a time.
    #[must_use]
    pub fn of(points: &[(f64, f64)]) -> Self {
        assert!(points.len() >= FEWEST_COUNTS, "a line through {} points", points.len());
        let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            points.iter().map(|&(x, y)| y.powi(-2) * of(x, y)).sum()
        };
        let weights = sum(&|_, _| 1.0);
        let (x_mean, y_mean) = (sum(&|x, _| x) / weights, sum(&|_, y| y) / weights);
        let x_spread = sum(&|x, _| (x - x_mean).powi(2));
        let dispatch_us = sum(&|x, y| (x - x_mean) * (y - y_mean)) / x_spread;
        let pass_us = y_mean - dispatch_us * x_mean;
        let line = Self { pass_us, dispatch_us, dispatch_error_us: 0.0, worst_share: 0.0 };
        let residuals = sum(&|x, y| line.off(x, y).powi(2));
        let degrees = u32::try_from(points.len() - 2).expect("counts are few");
        let shares = points.iter().map(|&(x, y)| line.off(x, y) / y);
        Self {
            dispatch_error_us: (residuals / f64::from(degrees) / x_spread).sqrt(),
            worst_share: shares.fold(0.0, f64::max),
            ..line
        }
    }

    /// How far a time is from the line.
    pub(super) fn off(&self, count: f64, time: f64) -> f64 {
        (self.pass_us + self.dispatch_us * count - time).abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let found = Fit::of(&[1.0, 2.0, 4.0, 8.0, 16.0].map(|count| (count, 5.0 + 3.0 * count)));
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-12;
        assert!(close(found.pass_us, 5.0) && close(found.dispatch_us, 3.0), "{found:?}");
        assert!(found.worst_share < 1e-12 && found.dispatch_error_us < 1e-12, "{found:?}");
    }

    #[test]
    fn times_that_do_not_follow_the_work_are_far_from_the_line() {
        let worst_share = Fit::of(&[(1.0, 2.0), (2.0, 1.0), (3.0, 1.0), (4.0, 2.0)]).worst_share;
        assert!(worst_share > 0.25, "{worst_share}");
    }

    /// By hand, times nearly alike so that the weights are: around 1,000, off by 1, −2 and 1 from a
    /// line that is flat. The residuals' squares are 6, the spread of the counts 2: √(6 / 1 / 2).
    #[test]
    fn the_error_of_the_slope_is_that_of_the_formula() {
        let found = Fit::of(&[(1.0, 1_001.0), (2.0, 998.0), (3.0, 1_001.0)]);
        assert!((found.dispatch_error_us - 3.0_f64.sqrt()).abs() < 0.01, "{found:?}");
    }
}
