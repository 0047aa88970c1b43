//! What is said of a sweep: its array, and a card that says how to repeat it.

use serde::Serialize;

use super::{MethodRecord, name, npy, read_npy, versioned_json};
use crate::file::sha256;
use crate::gpu::AdapterSummary;
use crate::sweep::{Grid, GridPlan, Identity, Quantity, Value};

/// All that is to be said of a sweep.
pub struct SweepReport<'a> {
    /// The adapter that it ran on.
    pub adapter: &'a AdapterSummary,
    /// What was to be done.
    pub plan: &'a GridPlan,
    /// What came out.
    pub grid: &'a Grid,
    /// The WGSL that trained the networks.
    pub shader: &'a str,
    /// Networks side by side.
    pub chunk_size: usize,
    /// The command that repeats it, quoted for a shell.
    pub command: &'a str,
    /// What decides its values.
    pub identity: &'a Identity,
}

/// Everything that repeats a sweep, and what tells whether it was the same.
#[derive(Serialize)]
struct Card<'a> {
    adapter: &'a AdapterSummary,
    command: &'a str,
    identity: String,
    x: String,
    y: String,
    size: [usize; 2],
    value: Value,
    layers: &'a [usize],
    data: String,
    steps: u64,
    solved_below: f32,
    seed: Option<u64>,
    member: u64,
    learning_rate: Option<f64>,
    init: String,
    set: &'a [(usize, f32)],
    method: MethodRecord,
    shader_sha256: String,
    array_sha256: String,
    nan_pixels: usize,
    infinite_pixels: usize,
    networks_trained: usize,
    train_s: f64,
    network_steps_per_s: f64,
}

impl SweepReport<'_> {
    pub(in crate::report) fn has_axis(&self, quantity: Quantity) -> bool {
        [&self.plan.x, &self.plan.y].into_iter().any(|axis| axis.quantity == quantity)
    }

    /// Number of pixels whose value fulfils a condition.
    pub(in crate::report) fn pixels_that(&self, fulfils: impl Fn(f32) -> bool) -> usize {
        self.grid.values.iter().filter(|value| fulfils(**value)).count()
    }

    pub(in crate::report) fn array_sha256(&self) -> String {
        let bytes = self.grid.values.iter().flat_map(|value| value.to_le_bytes());
        sha256(&bytes.collect::<Vec<_>>())
    }

    /// The raw array `[height, width]` of little-endian `f32`, the first row the lowest, in the
    /// format of `numpy.load` (NEP 1, version 1.0).
    #[must_use]
    pub fn npy(&self) -> Vec<u8> {
        npy(&self.grid.values, [self.plan.height, self.plan.width])
    }

    /// The card as JSON.
    #[must_use]
    pub fn card(&self) -> String {
        let Self { plan, grid, .. } = self;
        let recipe = &plan.population.recipe;
        versioned_json(&Card {
            adapter: self.adapter,
            command: self.command,
            identity: self.identity.to_string(),
            x: plan.x.to_string(),
            y: plan.y.to_string(),
            size: [plan.width, plan.height],
            value: plan.value,
            layers: recipe.sizes.as_slice(),
            data: recipe.data.name(),
            steps: recipe.steps,
            solved_below: plan.population.solved_below,
            seed: (!self.has_axis(Quantity::Seed)).then_some(plan.seed),
            member: plan.member,
            // Of the layers that have it from no axis.
            learning_rate: (!plan.has_rates_on_axes()).then(|| recipe.method.learning_rate()),
            init: name(&plan.population.init),
            set: &plan.fixed,
            method: recipe.method.into(),
            shader_sha256: sha256(self.shader.as_bytes()),
            array_sha256: self.array_sha256(),
            nan_pixels: self.pixels_that(f32::is_nan),
            infinite_pixels: self.pixels_that(f32::is_infinite),
            networks_trained: grid.trained,
            train_s: grid.wall.as_secs_f64(),
            network_steps_per_s: self.network_steps_per_s(),
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    pub(in crate::report) fn network_steps_per_s(&self) -> f64 {
        self.grid.trained as f64 * self.plan.population.recipe.steps as f64
            / self.grid.wall.as_secs_f64()
    }
}

/// The values of a finished sweep, if its card and its array are those of this identity.
#[must_use]
pub fn finished_sweep(card: &[u8], npy: &[u8], identity: &Identity) -> Option<Vec<f32>> {
    let card: serde_json::Value = serde_json::from_slice(card).ok()?;
    let bytes = read_npy(npy)?;
    let is_same = card["identity"] == identity.to_string() && card["array_sha256"] == sha256(bytes);
    let (values, _) = bytes.as_chunks();
    is_same.then(|| values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}
