//! What is said of a verification, as JSON.

use serde::Serialize;

use super::{InitFile, Written, versioned_json};
use crate::gpu::AdapterSummary;
use crate::task::{Coding, Init, Preset};
use crate::verify::{Request, Verification};

/// All that was checked.
pub struct VerifyReport<'a> {
    /// What was.
    pub adapter: &'a AdapterSummary,
    /// The experiment.
    pub preset: Preset,
    /// The law that its start was drawn from, with the seed of the effort, unless a file gave the start.
    pub init: Option<Init>,
    /// The file that it started from.
    pub init_from: Option<&'a InitFile>,
    /// What was asked for.
    pub request: &'a Request,
    /// What came out.
    pub found: &'a Verification,
    /// The command that repeats it, quoted for a shell.
    pub command: String,
}

#[derive(Serialize)]
struct Json<'a> {
    device: &'a AdapterSummary,
    preset: &'static str,
    layers: &'a [usize],
    bits: usize,
    data: String,
    rows: usize,
    targets: Coding,
    init: Option<Init>,
    init_from: Option<&'a InitFile>,
    start: Written<'a>,
    learning_rate: f64,
    steps: u64,
    every: Option<u64>,
    seed: u64,
    cases: usize,
    kernels: &'a [String],
    quick: bool,
    thorough: bool,
    passed: bool,
    unchecked_values: u64,
    command: &'a str,
    #[serde(flatten)]
    found: &'a Verification,
}

impl VerifyReport<'_> {
    /// One object.
    #[must_use]
    pub fn json(&self) -> String {
        let Request { plan, effort, every, kernels } = self.request;
        versioned_json(&Json {
            device: self.adapter,
            preset: self.preset.name(),
            layers: plan.start.sizes.as_slice(),
            bits: plan.recipe.data.input_size,
            data: plan.recipe.data.name(),
            rows: plan.recipe.data.row_count(),
            targets: plan.recipe.data.coding,
            init: self.init,
            init_from: self.init_from,
            start: Written(&plan.start),
            learning_rate: plan.recipe.method.learning_rate(),
            steps: plan.recipe.steps,
            every: *every,
            seed: effort.seed,
            cases: effort.cases,
            kernels,
            quick: effort.quick,
            thorough: effort.thorough,
            passed: self.found.troubles.is_empty() && !self.found.interrupted,
            unchecked_values: self.found.unchecked_values(),
            command: &self.command,
            found: self.found,
        })
    }
}
