//! Whether a run had the machine for itself.

use serde::{Deserialize, Serialize};

use super::other_load::Load;

/// A run, or a sample, is quiet if the canary beside it took no longer than this many times what it
/// takes on a quiet machine. Beside the others, something else was at work.
pub const QUIET: f64 = 1.1;

/// A run is quiet if other processes, and what was stolen, together had no more of the processor.
const QUIET_LOAD: f64 = 0.05;

/// What a run tells of the machine that it ran on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quietness {
    /// What the canary took where the run was quiet, in microseconds: the lower quartile of its
    /// times. None where kernels were not timed, or so few samples were taken that they say nothing.
    pub canary_us: Option<f64>,
    /// The least of these of all runs on this adapter, driver and processor, this one included.
    pub best_canary_us: Option<f64>,
    /// What a launch took that does next to nothing, where the run was quiet, in microseconds.
    pub launch_us: Option<f64>,
    /// What else the processor did, where the system tells.
    pub load: Option<Load>,
}

impl Quietness {
    /// How many times slower the machine was in this run than it was in its best one.
    #[must_use]
    pub fn slowdown(&self) -> Option<f64> {
        Some(self.canary_us? / self.best_canary_us?)
    }

    /// Whether nothing speaks against the run; none where nothing is known.
    #[must_use]
    pub fn is_quiet(&self) -> Option<bool> {
        let is_fast = self.slowdown().map(|slowdown| slowdown <= QUIET);
        let is_alone = self.load.map(|load| load.others + load.stolen <= QUIET_LOAD);
        match (is_fast, is_alone) {
            (None, None) => None,
            (is_fast, is_alone) => Some(is_fast.unwrap_or(true) && is_alone.unwrap_or(true)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_quiet_if_it_is_as_fast_as_the_best_and_alone() {
        let quiet = |canary_us, best_canary_us, load: Option<[f64; 2]>| {
            let load = load.map(|[others, stolen]| Load { others, stolen });
            Quietness { canary_us, best_canary_us, launch_us: None, load }.is_quiet()
        };
        assert_eq!(quiet(Some(105.0), Some(100.0), Some([0.02, 0.01])), Some(true));
        assert_eq!(quiet(Some(170.0), Some(100.0), Some([0.02, 0.01])), Some(false), "slow");
        assert_eq!(quiet(Some(105.0), Some(100.0), Some([0.03, 0.03])), Some(false), "loaded");
        assert_eq!(quiet(Some(170.0), Some(100.0), None), Some(false));
        assert_eq!(quiet(None, None, Some([0.5, 0.0])), Some(false));
        assert_eq!(quiet(Some(100.0), None, None), None, "nothing to hold it against");
    }

    #[test]
    fn each_limit_of_quietness_holds_and_just_beyond_it_the_run_is_not_quiet() {
        let of = |canary_us, load: Option<f64>| {
            let load = load.map(|others| Load { others, stolen: 0.01 });
            let best_canary_us = Some(100.0);
            Quietness { canary_us: Some(canary_us), best_canary_us, launch_us: None, load }
                .is_quiet()
        };
        for (canary_us, load, quiet) in [
            (109.9, None, true),
            (110.1, None, false),
            (100.0, Some(0.039), true),
            (100.0, Some(0.041), false),
            (109.9, Some(0.039), true),
            (110.1, Some(0.039), false),
        ] {
            assert_eq!(of(canary_us, load), Some(quiet), "{canary_us} µs, {load:?}");
        }
    }
}
