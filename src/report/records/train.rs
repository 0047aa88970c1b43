//! What is said of a training run, as JSON and as CSV.

use serde::Serialize;

use super::{MethodRecord, Written, csv, versioned_json};
use crate::bench::Payoff;
use crate::gpu::AdapterSummary;
use crate::sweep::Axis;
use crate::task::{Coding, Init, Preset};
use crate::train::{Agreement, Diagnosis, HeldOut, Outcome, Plan, ProductUse, Trajectory};

/// A file that training starts from.
#[derive(Clone, Debug, Serialize)]
pub struct InitFile {
    /// As the user named it.
    pub path: String,
    /// SHA-256 of the whole file.
    pub sha256: String,
    /// What became of values that are not saved as `f32`.
    pub note: Option<String>,
}

/// All that is to be said of a run.
pub struct TrainReport<'a> {
    /// The adapter that it ran on.
    pub adapter: &'a AdapterSummary,
    /// Bytes that went to the device, of whatever kind.
    pub bytes_uploaded: u64,
    /// Bytes that came back from it.
    pub bytes_read_back: u64,
    /// What ran it.
    pub engine: &'a str,
    /// Why that.
    pub engine_reason: &'a str,
    /// What computed each matrix product of a step; empty for fused kernels.
    pub products: &'a [ProductUse],
    /// What it was called.
    pub preset: Preset,
    /// The law that its start was drawn from, and the seed, unless a file gave the start.
    pub init: Option<(Init, u64)>,
    /// The file that it started from.
    pub init_from: Option<&'a InitFile>,
    /// Its number in the ensemble of that seed, if it was asked for as a member.
    pub member: Option<u64>,
    /// What the members of that ensemble differ in.
    pub vary: &'a [Axis],
    /// Whether products of the layered engine are plain ones.
    pub no_tune: bool,
    /// What was to be done.
    pub plan: &'a Plan,
    /// Whether the text shows the losses of all marks.
    pub shows_all: bool,
    /// What came out.
    pub outcome: &'a Outcome,
    /// The same run on the CPU, in `f32` and in `f64`.
    pub cpu: Option<&'a [Trajectory; 2]>,
    /// How the two compare.
    pub agreement: Option<Agreement>,
    /// The command that repeats it, quoted for a shell.
    pub command: &'a str,
    /// How the run ended.
    pub diagnosis: Diagnosis,
    /// The answers to rows that it was not trained on, if there are such rows.
    pub held_out: Option<HeldOut>,
    /// From how many networks the adapter pays, if a benchmark found it.
    pub payoff: Option<Payoff>,
}

/// One loss. All are in 64 bits, in which a CSV gives back the same numbers.
#[derive(Clone, Serialize)]
pub(in crate::report) struct LossRow {
    pub(in crate::report) step: u64,
    pub(in crate::report) gpu: f64,
    cpu_f32: Option<f64>,
    pub(in crate::report) cpu_f64: Option<f64>,
}

#[derive(Serialize)]
struct Json<'a> {
    command: &'a str,
    adapter: &'a AdapterSummary,
    engine: &'a str,
    engine_reason: &'a str,
    no_tune: bool,
    products: &'a [ProductUse],
    preset: &'static str,
    layers: &'a [usize],
    bits: usize,
    data: String,
    rows: usize,
    targets: Coding,
    init: Option<Init>,
    seed: Option<u64>,
    init_from: Option<&'a InitFile>,
    member: Option<u64>,
    vary: Vec<String>,
    learning_rate: f64,
    method: MethodRecord,
    steps: u64,
    log_every: u64,
    losses: Vec<LossRow>,
    final_loss: f32,
    learned: bool,
    diagnosis: Diagnosis,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_out: Option<HeldOut>,
    predictions: &'a [f32],
    agreement: Option<Agreement>,
    train_s: f64,
    gpu_s: Option<f64>,
    steps_per_s: f64,
    longest_submission_s: f64,
    bytes_uploaded: u64,
    bytes_read_back: u64,
    start: Written<'a>,
    trained: Written<'a>,
    parameters_sha256: String,
}

impl TrainReport<'_> {
    /// The loss before the update of each step that is logged, and the one after the last.
    pub(in crate::report) fn rows(&self) -> Vec<LossRow> {
        let Outcome { losses, final_loss, .. } = self.outcome;
        let steps = self.plan.marks().chain([self.plan.recipe.steps]);
        let all =
            |run: &Trajectory, index| run.losses.get(index).copied().unwrap_or(run.final_loss);
        let row = |(index, (step, &gpu)): (usize, (u64, &f32))| {
            let cpu = self.cpu.map(|runs| runs.each_ref().map(|run| all(run, index)));
            let [cpu_f32, cpu_f64] = cpu.map_or([None; 2], |losses| losses.map(Some));
            LossRow { step, gpu: gpu.into(), cpu_f32, cpu_f64 }
        };
        steps.zip(losses.iter().chain([final_loss])).enumerate().map(row).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    pub(in crate::report) fn steps_per_s(&self) -> f64 {
        self.plan.recipe.steps as f64 / self.outcome.wall.as_secs_f64()
    }

    /// One object.
    #[must_use]
    pub fn json(&self) -> String {
        let Self { adapter, plan, outcome, .. } = self;
        versioned_json(&Json {
            command: self.command,
            adapter,
            engine: self.engine,
            engine_reason: self.engine_reason,
            no_tune: self.no_tune,
            products: self.products,
            preset: self.preset.name(),
            layers: plan.start.sizes.as_slice(),
            bits: plan.recipe.data.input_size,
            data: plan.recipe.data.name(),
            rows: plan.recipe.data.row_count(),
            targets: plan.recipe.data.coding,
            init: self.init.map(|(law, _)| law),
            seed: self.init.map(|(_, seed)| seed),
            init_from: self.init_from,
            member: self.member,
            vary: self.vary.iter().map(ToString::to_string).collect(),
            learning_rate: plan.recipe.method.learning_rate(),
            method: plan.recipe.method.into(),
            steps: plan.recipe.steps,
            log_every: plan.log_every,
            losses: self.rows(),
            final_loss: outcome.final_loss,
            learned: plan.is_learned(outcome),
            diagnosis: self.diagnosis,
            held_out: self.held_out,
            predictions: &outcome.probabilities,
            agreement: self.agreement,
            train_s: outcome.wall.as_secs_f64(),
            gpu_s: outcome.gpu.map(|time| time.as_secs_f64()),
            steps_per_s: self.steps_per_s(),
            longest_submission_s: outcome.longest_submission.as_secs_f64(),
            bytes_uploaded: self.bytes_uploaded,
            bytes_read_back: self.bytes_read_back,
            start: Written(&plan.start),
            trained: Written(&outcome.parameters),
            parameters_sha256: outcome.parameters.sha256(),
        })
    }

    /// The losses as a table: `step,gpu,cpu_f32,cpu_f64`; the last row is after the last step.
    #[must_use]
    pub fn csv(&self) -> String {
        csv(self.rows())
    }
}
