//! A run beside one that was saved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::case::CaseName;
use super::row::{Row, SavedRow};
use super::statistics::{self, Verdict};
use crate::gpu::AdapterSummary;

pub use super::statistics::Comparison;

/// What a run left behind: the parts of its JSON that are compared.
#[derive(Clone, Debug, Deserialize)]
pub struct Saved {
    /// Of the program.
    pub version: String,
    /// Where it ran.
    pub adapter: SavedAdapter,
    /// What it measured.
    pub rows: Vec<SavedRow>,
}

/// An adapter in a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SavedAdapter {
    /// As the driver names it.
    pub name: String,
    /// Driver and version.
    pub driver: String,
}

impl Saved {
    /// What is not as it is now, so that rows differ for another reason than their kernels.
    #[must_use]
    pub fn differences(&self, adapter: &AdapterSummary) -> Vec<String> {
        let pairs = [
            ("adapter", self.adapter.name.as_str(), adapter.name.as_str()),
            ("driver", &self.adapter.driver, &adapter.driver),
            ("version", &self.version, env!("CARGO_PKG_VERSION")),
        ];
        let differ = pairs.into_iter().filter(|(_, then, now)| then != now);
        differ.map(|(what, then, now)| format!("{what} was {then}, is {now}")).collect()
    }
}

/// A row beside the same row of a saved run.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// Which one.
    #[serde(flatten)]
    pub name: CaseName,
    /// The median that was saved.
    pub before_us: f64,
    /// The median now.
    pub after_us: f64,
    /// Whether the shader's text is another one.
    pub shader_changed: bool,
    /// How they differ.
    #[serde(flatten)]
    pub comparison: Comparison,
}

impl Change {
    /// Whether it is slower by more than so many per cent, beyond doubt.
    #[must_use]
    pub fn is_regression(&self, percent: f64) -> bool {
        let is_slower = self.comparison.verdict == Verdict::Slower;
        is_slower && self.comparison.ratio > 1.0 + percent / 100.0
    }
}

/// Every row that both runs have. What looks like a difference is none that is sure where the canary
/// drifted, or where the same launch in other places of memory differs as much.
#[must_use]
pub fn compare(saved: &Saved, rows: &[Row]) -> Vec<Change> {
    let before: BTreeMap<_, _> = saved.rows.iter().map(|row| (&row.name, row)).collect();
    let both = rows.iter().filter_map(|row| Some((*before.get(&row.name)?, row)));
    let both = both.filter(|(before, _)| !before.samples_us.is_empty());
    both.map(|(before, after)| {
        let mut comparison =
            statistics::compare(&before.samples_us, &after.samples_us, statistics::FLOOR);
        let medians = [
            medians(&before.samples_us, &before.placements),
            medians(&after.samples_us, &after.placements),
        ];
        let drifted = [before.drifted, after.drifted].contains(&Some(true));
        if comparison.verdict.is_difference() && (drifted || !are_apart(&medians)) {
            comparison.verdict = Verdict::Unclear;
        }
        Change {
            name: after.name.clone(),
            before_us: super::median(&before.samples_us),
            after_us: after.time.median_us,
            shader_changed: before.shader != after.shader,
            comparison,
        }
    })
    .collect()
}

/// The median of each placement.
fn medians(samples_us: &[f64], placements: &[usize]) -> Vec<f64> {
    let mut of: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (us, placement) in samples_us.iter().zip(placements) {
        of.entry(*placement).or_default().push(*us);
    }
    of.values().map(|samples| super::median(samples)).collect()
}

/// Whether all placements of one run are slower than all of the other. Samples of one placement are
/// not independent, so the placements decide: if all ten come from one law, the five of one run are
/// the fastest with a probability of 1 / 252 (an exact permutation test: R. A. Fisher, "The Design of
/// Experiments", 1935, section 21). Where there are none, nothing speaks against the samples.
fn are_apart([before, after]: &[Vec<f64>; 2]) -> bool {
    let ends = |of: &[f64]| {
        of.iter().fold([f64::MAX, 0.0_f64], |[low, high], &us| [low.min(us), high.max(us)])
    };
    let [[before_low, before_high], [after_low, after_high]] = [ends(before), ends(after)];
    before.is_empty() || after.is_empty() || before_high < after_low || after_high < before_low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_differ_only_if_all_their_placements_do() {
        let apart = |before: &[f64], after: &[f64]| are_apart(&[before.into(), after.into()]);
        assert!(apart(&[1.0, 1.1, 1.2], &[1.3, 1.4]) && apart(&[1.3, 1.4], &[1.0, 1.2]));
        assert!(!apart(&[1.0, 1.1, 1.25], &[1.2, 1.3]));
        assert!(apart(&[], &[1.0]));
    }

    #[test]
    fn each_placement_has_its_median() {
        let found = medians(&[1.0, 10.0, 2.0, 11.0, 3.0, 30.0], &[0, 1, 0, 1, 0, 1]);
        assert_eq!(found, [2.0, 11.0]);
    }
}
