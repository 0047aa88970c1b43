//! A run beside one that was saved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::case::CaseName;
use super::row::{Row, SavedRow};
use super::statistics::{self, Verdict, mann_whitney};
use crate::gpu::AdapterSummary;

pub use super::statistics::Comparison;

/// The largest probability of chance with which placements still count as different.
const CHANCE: f64 = 0.05;

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

/// Whether the placements of one run are slower than those of the other, beyond chance. Samples of
/// one placement are not independent, so each counts once, by its median: with five of each, Mann and
/// Whitney's exact test leaves chance 3.2 % if no more than two of the 25 pairs are the other way
/// round. Where there are no placements, nothing speaks against the samples.
fn are_apart([before, after]: &[Vec<f64>; 2]) -> bool {
    before.is_empty() || after.is_empty() || mann_whitney(before, after).p < CHANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_differ_only_if_their_placements_do() {
        let before = [1.0, 1.1, 1.2, 1.3, 1.4];
        let apart = |after: &[f64]| are_apart(&[before.into(), after.into()]);
        assert!(apart(&[1.5, 1.6, 1.7, 1.8, 1.9]), "all");
        assert!(apart(&[1.25, 1.6, 1.7, 1.8, 1.9]), "two of 25 pairs are the other way round");
        assert!(!apart(&[1.15, 1.6, 1.7, 1.8, 1.9]), "three");
        assert!(!apart(&[1.5]), "one says nothing");
        assert!(apart(&[]));
    }

    #[test]
    fn each_placement_has_its_median() {
        let found = medians(&[1.0, 10.0, 2.0, 11.0, 3.0, 30.0], &[0, 1, 0, 1, 0, 1]);
        assert_eq!(found, [2.0, 11.0]);
    }
}
