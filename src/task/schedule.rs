//! The schedule of the learning rate.

use std::f64::consts::PI;

/// The factor of the learning rate in each update: a warm-up from 0, then a decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Number of updates of the warm-up: the factor of update number s, counted from 0, is s / `warmup`.
    pub warmup: u64,
    /// The factor of the updates after the warm-up.
    pub decay: Decay,
}

/// The factor of the learning rate in update number s after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Decay {
    /// 1
    Constant,
    /// γ to the power of ⌊s / every⌋.
    Step {
        /// Number of updates with the same factor.
        every: u64,
        /// γ
        factor: f64,
    },
    /// least + (1 − least)·(1 + cos(π·s / steps)) / 2 up to s = `steps`, then `least`.
    Cosine {
        /// Number of updates until the factor is the least, those of the warm-up included.
        steps: u64,
        /// The least factor.
        least: f64,
    },
}

impl Schedule {
    /// The factor 1 for all updates.
    pub const CONSTANT: Self = Self { warmup: 0, decay: Decay::Constant };

    /// The factor of update number `step`, counted from 0.
    #[must_use]
    pub fn factor(self, step: u64) -> f64 {
        let Some(step) = step.checked_sub(self.warmup) else {
            return share(step, self.warmup);
        };
        match self.decay {
            Decay::Constant => 1.0,
            Decay::Step { every, factor } => {
                factor.powi(i32::try_from(step / every).unwrap_or(i32::MAX))
            }
            Decay::Cosine { steps, least } => {
                let steps = steps.saturating_sub(self.warmup).max(1);
                let angle = PI * share(step.min(steps), steps);
                least + (1.0 - least) * 0.5 * (1.0 + angle.cos())
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "runs have at most 2⁴⁰ steps")]
fn share(step: u64, steps: u64) -> f64 {
    step as f64 / steps as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(schedule: Schedule, steps: &[u64]) -> Vec<f64> {
        steps.iter().map(|&step| schedule.factor(step)).collect()
    }

    #[test]
    fn a_warm_up_begins_at_zero_and_ends_at_the_learning_rate() {
        let schedule = Schedule { warmup: 4, ..Schedule::CONSTANT };
        assert_eq!(factors(schedule, &[0, 1, 3, 4, 5, 1 << 40]), [0.0, 0.25, 0.75, 1.0, 1.0, 1.0]);
        assert_eq!(factors(Schedule::CONSTANT, &[0, 1]), [1.0; 2]);
    }

    #[test]
    fn steps_multiply_by_a_factor_after_the_warm_up() {
        let decay = Decay::Step { every: 10, factor: 0.5 };
        let schedule = Schedule { warmup: 2, decay };
        assert_eq!(factors(schedule, &[1, 2, 11, 12, 21, 22]), [0.5, 1.0, 1.0, 0.5, 0.5, 0.25]);
        assert_eq!(schedule.factor(1 << 40), 0.0);
    }

    #[test]
    fn a_cosine_goes_from_one_to_the_least_and_stays() {
        let decay = Decay::Cosine { steps: 110, least: 0.2 };
        let schedule = Schedule { warmup: 10, decay };
        let found = factors(schedule, &[10, 60, 110, 111]);
        for (found, expected) in found.iter().zip([1.0, 0.6, 0.2, 0.2]) {
            assert!((found - expected).abs() < 1e-15, "{found}, not {expected}");
        }
        let of_warmup_alone =
            Schedule { warmup: 10, decay: Decay::Cosine { steps: 5, least: 0.0 } };
        assert_eq!(factors(of_warmup_alone, &[9, 10, 12]), [0.9, 1.0, 0.0]);
    }
}
