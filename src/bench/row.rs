//! What was measured of a case.

use serde::{Deserialize, Serialize};

use super::case::{Case, CaseName, Samples};
use super::peaks::{Bound, Peaks};
use super::quietness::QUIET;
use super::statistics::Summary;

/// A row is marked if fewer of its samples are quiet.
const QUIET_SHARE: f64 = 0.5;

/// All that is known of a case.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What it is.
    #[serde(flatten)]
    pub name: CaseName,
    /// The first digits of the SHA-256 of the shader's text.
    pub shader: Option<String>,
    /// The median of the samples and more; times are of one launch.
    #[serde(flatten)]
    pub time: Summary,
    /// Launches in a sample.
    pub launches: u32,
    /// 10⁹ additions, subtractions and multiplications a second.
    pub gflops: Option<f64>,
    /// 10⁹ bytes a second, if each input is read and each output written once.
    pub gbps: Option<f64>,
    /// The former divided by the latter, in flops a byte.
    pub intensity: Option<f64>,
    /// Bytes of all that a launch is bound to.
    pub working_set_bytes: Option<f64>,
    /// How near it comes to the nearest peak.
    pub percent_of_peak: Option<f64>,
    /// Which peak that is.
    pub bound_by: Option<Bound>,
    /// Whether most samples are not quiet; `None` if no canary ran.
    pub drifted: Option<bool>,
    /// Every sample, in the order in which they were taken.
    pub samples_us: Vec<f64>,
    /// In which place in memory each was taken, by number.
    pub placements: Vec<usize>,
    /// Whether the machine was quiet then.
    pub quiet: Vec<bool>,
    /// What the canary took beside each.
    pub canary_us: Vec<f64>,
}

/// A row as it was saved, for comparison.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedRow {
    /// What it is.
    #[serde(flatten)]
    pub name: CaseName,
    /// The first digits of the SHA-256 of the shader's text.
    pub shader: Option<String>,
    /// Bytes of all that a launch is bound to.
    pub working_set_bytes: Option<f64>,
    /// Every sample.
    pub samples_us: Vec<f64>,
    /// In which place in memory each was taken, by number.
    pub placements: Vec<usize>,
    /// Whether the machine was quiet then.
    pub quiet: Vec<bool>,
}

impl Row {
    /// A row of which only the times are known.
    #[must_use]
    pub fn of_times(name: CaseName, time: Summary, samples_us: Vec<f64>) -> Self {
        Self {
            name,
            shader: None,
            time,
            launches: 1,
            gflops: None,
            gbps: None,
            intensity: None,
            working_set_bytes: None,
            percent_of_peak: None,
            bound_by: None,
            drifted: None,
            samples_us,
            placements: vec![],
            quiet: vec![],
            canary_us: vec![],
        }
    }

    /// The row of a case with samples, judged by the time of the canary on a quiet machine.
    pub(super) fn of(case: &Case, peaks: &Peaks, quiet_us: Option<f64>) -> Option<Self> {
        let Samples { us, placements, canary, .. } = &case.samples;
        if us.is_empty() {
            return None;
        }
        let time = Summary::of_turns(us, placements, SEED);
        let per_us = |work: f64| (work > 0.0).then(|| work / time.median_us * 1e-3);
        let share = peaks.share(case.cost, case.working_set_bytes(), time.median_us);
        let quiet = quiet(canary, quiet_us);
        let gflops = per_us(case.cost.flops);
        let gbps = per_us(case.cost.bytes);
        Some(Self {
            name: case.name.clone(),
            shader: Some(case.shader.clone()),
            time,
            launches: case.launches,
            gflops,
            gbps,
            intensity: gflops.and(gbps).map(|_| case.cost.flops / case.cost.bytes),
            working_set_bytes: Some(case.working_set_bytes()),
            percent_of_peak: share.map(|(share, _)| 100.0 * share),
            bound_by: share.map(|(_, bound)| bound),
            drifted: Some(has_drifted(&quiet)),
            samples_us: us.clone(),
            placements: placements.clone(),
            quiet,
            canary_us: canary.clone(),
        })
    }
}

/// From here bootstrap draws, so that the same samples give the same interval.
pub(super) const SEED: u64 = 48;

/// Which samples are quiet; all, where it is not known what that is.
fn quiet(beside: &[f64], quiet_us: Option<f64>) -> Vec<bool> {
    beside.iter().map(|us| quiet_us.is_none_or(|quiet_us| *us <= QUIET * quiet_us)).collect()
}

/// Whether the machine was not quiet for most of the time.
fn has_drifted(quiet: &[bool]) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "samples are few")]
    let [count, all] = [quiet.iter().filter(|&&is| is).count(), quiet.len()].map(|n| n as f64);
    count < QUIET_SHARE * all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_quiet_where_the_canary_is_and_a_row_has_drifted_where_most_are_not() {
        let canary = [150.0, 100.0, 101.0, 99.0, 108.0, 180.0, 102.0, 103.0];
        let found = quiet(&canary, Some(101.0));
        assert_eq!(found, [false, true, true, true, true, false, true, true]);
        assert!(!has_drifted(&found) && !has_drifted(&[true, false]));
        assert!(has_drifted(&[true, false, false]) && !has_drifted(&[]));
        assert!(quiet(&[7.0], None)[0]);
        let beside_a_constant_neighbour = quiet(&canary, Some(60.0));
        assert!(has_drifted(&beside_a_constant_neighbour), "slower than the machine was");
    }

    #[test]
    fn a_sample_is_quiet_up_to_a_tenth_more_than_what_is() {
        assert_eq!(quiet(&[109.9, 110.1], Some(100.0)), [true, false]);
    }
}
