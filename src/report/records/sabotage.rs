//! What is said of wrong kernels, as JSON.

use serde::Serialize;

use super::versioned_json;
use crate::gpu::AdapterSummary;
use crate::verify::mutants::{Part, Sabotage};

/// What became of all wrong kernels.
#[derive(Serialize)]
pub struct SabotageReport {
    /// The command, as a shell takes it.
    pub command: String,
    /// The adapter that they ran on.
    pub adapter: AdapterSummary,
    /// What the values of the checks are drawn from.
    pub seed: u64,
    /// Random values of each kernel in the checks.
    pub cases: usize,
    /// The part of those made by rule that was run, unless all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// What became of them.
    #[serde(flatten)]
    pub found: Sabotage,
    /// How long that took.
    pub wall_s: f64,
}

#[derive(Serialize)]
struct Json<'a> {
    passed: bool,
    score: f64,
    #[serde(flatten)]
    report: &'a SabotageReport,
}

impl SabotageReport {
    /// One object.
    #[must_use]
    pub fn json(&self) -> String {
        versioned_json(&Json {
            passed: self.found.is_proof(),
            score: self.found.count.score(),
            report: self,
        })
    }
}
