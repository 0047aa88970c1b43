//! A run beside one that was saved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Results;
use super::case::CaseName;
use super::row::SavedRow;
use super::statistics::{self, Verdict, mann_whitney};
use crate::gpu::AdapterSummary;

pub use super::statistics::Comparison;

/// The largest probability of chance with which placements still count as different.
const CHANCE: f64 = 0.05;

/// By how much the canary may differ between two runs that are compared.
const STATE: f64 = 0.05;

/// What a run left behind: the parts of its JSON that are compared.
#[derive(Clone, Debug, Deserialize)]
pub struct Saved {
    /// Of the program.
    pub version: String,
    /// Where it ran.
    pub adapter: SavedAdapter,
    /// What the canary took while the machine was quiet.
    pub quiet_canary_us: Option<f64>,
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
    pub fn differences(&self, adapter: &AdapterSummary, results: &Results) -> Vec<String> {
        let pairs = [
            ("adapter", self.adapter.name.as_str(), adapter.name.as_str()),
            ("driver", &self.adapter.driver, &adapter.driver),
            ("version", &self.version, env!("CARGO_PKG_VERSION")),
        ];
        let differ = pairs.into_iter().filter(|(_, then, now)| then != now);
        let differ = differ.map(|(what, then, now)| format!("{what} was {then}, is {now}"));
        let canary = self.canary_ratio(results).filter(|ratio| has_changed(*ratio));
        let canary = canary.map(|ratio| {
            format!("the canary takes {ratio:.2} times as long as then: no difference is sure")
        });
        differ.chain(canary).collect()
    }

    /// How many times as long the canary takes now.
    fn canary_ratio(&self, results: &Results) -> Option<f64> {
        Some(results.quiet_canary_us? / self.quiet_canary_us?)
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

/// Whether the machine is another than it was.
fn has_changed(canary_ratio: f64) -> bool {
    (canary_ratio - 1.0).abs() > STATE
}

/// Every row that both runs have, by their quiet samples. What looks like a difference is none that is
/// sure where the canary says that the machine has changed, or where the same launch in other places
/// of memory differs as much.
#[must_use]
pub fn compare(saved: &Saved, results: &Results) -> Vec<Change> {
    let before: BTreeMap<_, _> = saved.rows.iter().map(|row| (&row.name, row)).collect();
    let has_changed = saved.canary_ratio(results).is_some_and(has_changed);
    let mut changes = vec![];
    for after in results.all_rows() {
        let Some(before) = before.get(&after.name) else { continue };
        let [then, now] = [
            only_quiet(&before.samples_us, &before.placements, &before.quiet),
            only_quiet(&after.samples_us, &after.placements, &after.quiet),
        ];
        if then.0.is_empty() || now.0.is_empty() {
            continue;
        }
        let mut comparison = statistics::compare(&then.0, &now.0, statistics::FLOOR);
        let is_sure = !has_changed && are_apart(&[medians(&then), medians(&now)]);
        if comparison.verdict.is_difference() && !is_sure {
            comparison.verdict = Verdict::Unclear;
        }
        changes.push(Change {
            before_us: super::median(&then.0),
            after_us: super::median(&now.0),
            shader_changed: before.shader != after.shader,
            name: after.name,
            comparison,
        });
    }
    changes
}

/// Samples, and where in memory each was taken.
type Placed = (Vec<f64>, Vec<usize>);

/// Those that are quiet; all, where no canary ran.
fn only_quiet(samples_us: &[f64], placements: &[usize], quiet: &[bool]) -> Placed {
    if quiet.is_empty() {
        return (samples_us.to_vec(), placements.to_vec());
    }
    let all = samples_us.iter().zip(placements).zip(quiet);
    all.filter(|(_, quiet)| **quiet).map(|((us, placement), _)| (*us, *placement)).unzip()
}

/// The median of each placement.
fn medians((samples_us, placements): &Placed) -> Vec<f64> {
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
        let samples = [1.0, 10.0, 2.0, 11.0, 3.0, 30.0];
        let quiet = [true, true, true, true, true, false];
        let placed = only_quiet(&samples, &[0, 1, 0, 1, 0, 1], &quiet);
        assert_eq!(medians(&placed), [2.0, 10.5]);
        assert_eq!(only_quiet(&samples, &[], &[]).0, samples);
    }
}
