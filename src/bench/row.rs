//! What was measured of a case.

use serde::{Deserialize, Serialize};

use super::case::{Case, CaseName, Samples};
use super::peaks::{Bound, Peaks};
use super::statistics::Summary;

/// A row is marked if the canary beside its samples took longer or shorter than usual by more than
/// this, in the median: then the machine was not what it was for the others.
const DRIFT: f64 = 0.05;

/// Or if it was off by more than this beside more than a quarter of them: then the machine was never
/// the same for long.
const UNREST: f64 = 0.1;

/// See there.
const UNREST_SHARE: f64 = 0.25;

/// All that is known of a case.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What it is.
    #[serde(flatten)]
    pub name: CaseName,
    /// The first digits of the SHA-256 of the shader's text.
    pub shader: Option<String>,
    /// The median of the warm samples and more; times are of one launch.
    #[serde(flatten)]
    pub time: Summary,
    /// The median after something larger was written over the caches, of a single launch.
    pub cold_us: Option<f64>,
    /// Launches in a sample.
    pub launches: u32,
    /// 10⁹ additions, subtractions and multiplications a second.
    pub gflops: Option<f64>,
    /// 10⁹ bytes a second, if each input is read and each output written once.
    pub gbps: Option<f64>,
    /// The former divided by the latter, in flops a byte.
    pub intensity: Option<f64>,
    /// How near it comes to the nearest peak.
    pub percent_of_peak: Option<f64>,
    /// Which peak that is.
    pub bound_by: Option<Bound>,
    /// Whether the canary was off beside many of its samples; nobody knows where none ran.
    pub drifted: Option<bool>,
    /// Every warm sample, in the order in which they were taken.
    pub samples_us: Vec<f64>,
    /// In which place in memory each was taken, by number.
    pub placements: Vec<usize>,
    /// What the canary took beside each.
    pub canary_us: Vec<f64>,
    /// Every cold sample.
    pub cold_samples_us: Vec<f64>,
}

/// A row as it was saved, for comparison.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedRow {
    /// What it is.
    #[serde(flatten)]
    pub name: CaseName,
    /// The first digits of the SHA-256 of the shader's text.
    pub shader: Option<String>,
    /// Every warm sample.
    pub samples_us: Vec<f64>,
    /// In which place in memory each was taken, by number.
    pub placements: Vec<usize>,
    /// Whether the canary was off beside many of them.
    pub drifted: Option<bool>,
}

impl Row {
    /// Of a case that has samples.
    pub(super) fn of(case: &Case, peaks: &Peaks, canary_us: f64) -> Option<Self> {
        let Samples { warm, placements, canary, cold, .. } = &case.samples;
        if warm.is_empty() {
            return None;
        }
        let time = Summary::of(warm, SEED);
        let per_us = |work: f64| (work > 0.0).then(|| work / time.median_us * 1e-3);
        let share = peaks.share(case.cost, time.median_us);
        let gflops = per_us(case.cost.flops);
        let gbps = per_us(case.cost.bytes);
        Some(Self {
            name: case.name.clone(),
            shader: Some(case.shader.clone()),
            time,
            cold_us: (!cold.is_empty()).then(|| Summary::of(cold, SEED).median_us),
            launches: case.launches,
            gflops,
            gbps,
            intensity: gflops.zip(gbps).map(|(flops, bytes)| flops / bytes),
            percent_of_peak: share.map(|(share, _)| 100.0 * share),
            bound_by: share.map(|(_, bound)| bound),
            drifted: Some(has_drifted(canary, canary_us)),
            samples_us: warm.clone(),
            placements: placements.clone(),
            canary_us: canary.clone(),
            cold_samples_us: cold.clone(),
        })
    }
}

/// From here bootstrap draws, so that the same samples give the same interval.
pub(super) const SEED: u64 = 48;

/// Whether the canary took another time than usual.
fn has_drifted(beside: &[f64], usual: f64) -> bool {
    if beside.is_empty() {
        return false;
    }
    let off = |us: f64| (us / usual - 1.0).abs();
    let restless = beside.iter().filter(|&&us| off(us) > UNREST).count();
    #[expect(clippy::cast_precision_loss, reason = "samples are few")]
    let share = restless as f64 / beside.len() as f64;
    off(super::median(beside)) > DRIFT || share > UNREST_SHARE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_drifted_if_the_canary_was_off_beside_its_samples() {
        assert!(!has_drifted(&[100.0, 101.0, 99.0, 104.0], 100.0), "jitter");
        assert!(!has_drifted(&[100.0, 100.0, 100.0, 150.0], 100.0), "once");
        assert!(has_drifted(&[106.0, 107.0, 106.0, 107.0], 100.0), "all the time");
        assert!(has_drifted(&[100.0, 100.0, 80.0, 120.0], 100.0), "up and down");
        assert!(!has_drifted(&[], 100.0));
    }
}
