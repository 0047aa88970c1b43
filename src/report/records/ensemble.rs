//! What is said of an ensemble, as JSON.

use serde::Serialize;

use super::{MethodRecord, Written, versioned_json};
use crate::gpu::AdapterSummary;
use crate::sweep::{Ensemble, EnsemblePlan, Histogram, Sampled, Stuck, wilson};
use crate::task::{Coding, Init, Preset};

/// The quantiles of the steps to solve.
const QUANTILES: [f64; 5] = [0.0, 0.1, 0.5, 0.9, 1.0];

/// All that is to be said of an ensemble.
pub struct EnsembleReport<'a> {
    /// The adapter that it ran on.
    pub adapter: &'a AdapterSummary,
    /// What the networks are called.
    pub preset: Preset,
    /// What was to be done.
    pub plan: &'a EnsemblePlan,
    /// What came out.
    pub ensemble: &'a Ensemble,
    /// Networks side by side.
    pub chunk_size: usize,
    /// The command that repeats it, quoted for a shell.
    pub command: &'a str,
}

#[derive(Serialize)]
struct Json<'a> {
    command: &'a str,
    adapter: &'a AdapterSummary,
    chunk_size: usize,
    preset: &'static str,
    layers: &'a [usize],
    bits: usize,
    data: String,
    rows: usize,
    targets: Coding,
    init: Init,
    seed: u64,
    learning_rate: Option<f64>,
    method: MethodRecord,
    vary: Vec<String>,
    steps: u64,
    solved_below: f32,
    networks_asked_for: u64,
    networks: u64,
    solved: u64,
    solve_rate: f64,
    solve_rate_95: [f64; 2],
    steps_to_solve: Vec<QuantileRow>,
    final_losses: &'a Histogram,
    stuck: &'a [Stuck],
    sampled: Vec<SampledRow<'a>>,
    train_s: f64,
    network_steps_per_s: f64,
}

/// A member, with what it takes to train it alone.
#[derive(Serialize)]
struct SampledRow<'a> {
    member: u64,
    learning_rate: f32,
    init_scale: f32,
    final_loss: f32,
    trained: Written<'a>,
    parameters_sha256: String,
}

impl<'a> SampledRow<'a> {
    fn of(sampled: &'a Sampled, plan: &EnsemblePlan) -> Self {
        let Sampled { member, parameters, final_loss } = sampled;
        let (_, learning_rate, init_scale) = plan.member(*member);
        Self {
            member: *member,
            learning_rate,
            init_scale,
            final_loss: *final_loss,
            trained: Written(parameters),
            parameters_sha256: parameters.sha256(),
        }
    }
}

#[derive(Serialize)]
pub(in crate::report) struct QuantileRow {
    share: f64,
    pub(in crate::report) step: u32,
}

impl EnsembleReport<'_> {
    pub(in crate::report) fn quantiles(&self) -> Vec<QuantileRow> {
        let step = |share| self.ensemble.steps_to_solve.quantile(share);
        QUANTILES
            .iter()
            .filter_map(|&share| Some(QuantileRow { share, step: step(share)? }))
            .collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
    pub(in crate::report) fn share(&self, count: u64) -> f64 {
        count as f64 / self.ensemble.networks as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    pub(in crate::report) fn network_steps_per_s(&self) -> f64 {
        let steps = self.ensemble.networks as f64 * self.plan.population.recipe.steps as f64;
        steps / self.ensemble.wall.as_secs_f64()
    }

    /// One object.
    #[must_use]
    pub fn json(&self) -> String {
        let Self { adapter, plan, ensemble, .. } = self;
        let solved = ensemble.steps_to_solve.total();
        versioned_json(&Json {
            command: self.command,
            adapter,
            chunk_size: self.chunk_size,
            preset: self.preset.name(),
            layers: plan.population.recipe.sizes.as_slice(),
            bits: plan.population.recipe.data.input_size,
            data: plan.population.recipe.data.name(),
            rows: plan.population.recipe.data.row_count(),
            targets: plan.population.recipe.data.coding,
            init: plan.population.init,
            seed: plan.seed,
            learning_rate: plan.common_learning_rate(),
            method: plan.population.recipe.method.into(),
            vary: plan.vary.iter().map(ToString::to_string).collect(),
            steps: plan.population.recipe.steps,
            solved_below: plan.population.solved_below,
            networks_asked_for: plan.networks,
            networks: ensemble.networks,
            solved,
            solve_rate: self.share(solved),
            solve_rate_95: wilson(solved, ensemble.networks),
            steps_to_solve: self.quantiles(),
            final_losses: &ensemble.final_losses,
            stuck: &ensemble.stuck,
            sampled: ensemble.sampled.iter().map(|one| SampledRow::of(one, plan)).collect(),
            train_s: ensemble.wall.as_secs_f64(),
            network_steps_per_s: self.network_steps_per_s(),
        })
    }
}
