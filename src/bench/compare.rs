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

/// Every row that both runs have.
#[must_use]
pub fn compare(saved: &Saved, rows: &[Row]) -> Vec<Change> {
    let before: BTreeMap<_, _> = saved.rows.iter().map(|row| (&row.name, row)).collect();
    let both = rows.iter().filter_map(|row| Some((*before.get(&row.name)?, row)));
    let both = both.filter(|(before, _)| !before.samples_us.is_empty());
    both.map(|(before, after)| Change {
        name: after.name.clone(),
        before_us: super::median(&before.samples_us),
        after_us: after.time.median_us,
        shader_changed: before.shader != after.shader,
        comparison: statistics::compare(&before.samples_us, &after.samples_us, statistics::FLOOR),
    })
    .collect()
}
