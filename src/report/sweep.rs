//! What a sweep leaves behind: a picture, the raw array, and a card that says how to repeat it.

use std::fmt::Write;

use indicatif::HumanCount;
use serde::Serialize;

use super::export::{npy, read_npy};
use super::{adapter_lines, plain, rate, table};
use crate::error::Error;
use crate::file::sha256;
use crate::gpu::AdapterSummary;
use crate::plot::{AxisScale, ColourScale, Picture, PlotAxis};
use crate::sweep::{Axis, Grid, GridPlan, Identity, Quantity, Value};
use crate::task::{Activation, Loss, Method};
use crate::train::KernelChoice;

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
    version: &'static str,
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

/// A method, as a card has it.
#[derive(Serialize)]
struct MethodRecord {
    compensated: bool,
    hidden_activation: Activation,
    output_activation: Activation,
    loss: Loss,
    momentum: f32,
    measured: bool,
}

impl From<Method> for MethodRecord {
    fn from(method: Method) -> Self {
        let Method { hidden_activation, output_activation, loss, measured, .. } = method;
        let (compensated, momentum) = (method.is_compensated(), method.momentum());
        Self { compensated, hidden_activation, output_activation, loss, momentum, measured }
    }
}

impl SweepReport<'_> {
    /// The picture as PNG.
    ///
    /// # Errors
    /// [`Error::Usage`] if it has more pixels than a picture can have.
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        let Self { plan, grid, .. } = self;
        let (value_label, scale) = match plan.value {
            Value::FinalLoss if plan.population.recipe.method.loss == Loss::CrossEntropy => {
                ("final loss (nats)", ColourScale::Log)
            }
            Value::FinalLoss => ("final loss (mean squared error)", ColourScale::Log),
            Value::StepsToSolve => ("steps to solve (the last: not solved)", ColourScale::Log),
            Value::Convergence => (
                "converges: -sum of v, diverges: sum of 1/v (v = loss / first)",
                ColourScale::Signed,
            ),
        };
        let picture = Picture {
            width: plan.width,
            height: plan.height,
            values: &grid.values,
            x: picture_axis(&plan.x),
            y: picture_axis(&plan.y),
            value_label: value_label.into(),
            scale,
            title: format!(
                "{} on {}: every pixel is a network, trained for {} steps",
                plan.population.recipe.sizes,
                plan.population.recipe.data.name(),
                HumanCount(plan.population.recipe.steps)
            ),
            caption: vec![self.caption()],
        };
        picture.to_png()
    }

    fn caption(&self) -> String {
        let Self { plan, adapter, .. } = self;
        format!(
            "{}, {} (hidden), {} (output), {}, {}, member {}, {} law; solved: loss below {}. \
             Trained on {} by parity {}. Array SHA-256 {}.",
            name(&plan.population.recipe.method.loss),
            name(&plan.population.recipe.method.hidden_activation),
            name(&plan.population.recipe.method.output_activation),
            self.rule(),
            self.seed(),
            plan.member,
            name(&plan.population.init),
            plan.population.solved_below,
            adapter.name,
            env!("CARGO_PKG_VERSION"),
            self.array_sha256()
        )
    }

    fn has_axis(&self, is_it: impl Fn(Quantity) -> bool) -> bool {
        [&self.plan.x, &self.plan.y].into_iter().any(|axis| is_it(axis.quantity))
    }

    /// The seed, where it is no axis.
    fn seed(&self) -> String {
        if self.has_axis(|quantity| quantity == Quantity::Seed) {
            "seeds of the axis".into()
        } else {
            format!("seed {}", self.plan.seed)
        }
    }

    /// The learning rate of the layers that have it from no axis, if there are any.
    fn learning_rate(&self) -> Option<f64> {
        (!self.plan.has_rates_on_axes())
            .then_some(self.plan.population.recipe.method.learning_rate())
    }

    /// The learning rate, where it is no axis, and the momentum.
    fn rule(&self) -> String {
        let of_layer = |layer| self.has_axis(|of| of == Quantity::LearningRate(layer));
        let rate = plain(self.plan.population.recipe.method.learning_rate());
        let mut text = match [of_layer(Some(0)), of_layer(Some(1))] {
            _ if self.plan.has_rates_on_axes() => "learning rates of the axes".into(),
            [true, _] => format!("learning rate {rate}, of the hidden layer that of the axis"),
            [_, true] => format!("learning rate {rate}, of the output that of the axis"),
            _ => format!("learning rate {rate}"),
        };
        if self.plan.population.recipe.method.momentum() != 0.0 {
            let _ = write!(text, ", momentum {}", self.plan.population.recipe.method.momentum());
        }
        text
    }

    fn bytes(&self) -> Vec<u8> {
        self.grid.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn array_sha256(&self) -> String {
        sha256(&self.bytes())
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
        let count = |is: fn(f32) -> bool| grid.values.iter().filter(|value| is(**value)).count();
        let card = Card {
            version: env!("CARGO_PKG_VERSION"),
            adapter: self.adapter,
            command: self.command,
            identity: self.identity.to_string(),
            x: plan.x.to_string(),
            y: plan.y.to_string(),
            size: [plan.width, plan.height],
            value: plan.value,
            layers: plan.population.recipe.sizes.as_slice(),
            data: plan.population.recipe.data.name(),
            steps: plan.population.recipe.steps,
            solved_below: plan.population.solved_below,
            seed: (!self.has_axis(|quantity| quantity == Quantity::Seed)).then_some(plan.seed),
            member: plan.member,
            learning_rate: self.learning_rate(),
            init: name(&plan.population.init),
            set: &plan.fixed,
            method: plan.population.recipe.method.into(),
            shader_sha256: sha256(self.shader.as_bytes()),
            array_sha256: self.array_sha256(),
            nan_pixels: count(f32::is_nan),
            infinite_pixels: count(f32::is_infinite),
            networks_trained: grid.trained,
            train_s: grid.wall.as_secs_f64(),
            network_steps_per_s: self.network_steps_per_s(),
        };
        super::json(&card)
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    fn network_steps_per_s(&self) -> f64 {
        self.grid.trained as f64 * self.plan.population.recipe.steps as f64
            / self.grid.wall.as_secs_f64()
    }

    /// What a person reads; `files` are what was written.
    #[must_use]
    pub fn text(&self, files: &[String]) -> String {
        let Self { plan, grid, .. } = self;
        let mut text = format!(
            "parity {}: {} × {} networks {} on {} ({} rows), {}\n{}\
             engine:  fused ({}, {} side by side)\n\
             rule:    {} steps, {}\n\
             axes:    {}, {}\n\n",
            env!("CARGO_PKG_VERSION"),
            HumanCount(plan.width as u64),
            HumanCount(plan.height as u64),
            plan.population.recipe.sizes,
            plan.population.recipe.data.name(),
            HumanCount(plan.population.recipe.data.row_count() as u64),
            self.seed(),
            adapter_lines(self.adapter),
            plan.population.kernel_choice().map_or("", KernelChoice::name),
            HumanCount(self.chunk_size.min(plan.pixels()) as u64),
            HumanCount(plan.population.recipe.steps),
            self.rule(),
            plan.x,
            plan.y,
        );
        text += &self.summary();
        for file in files {
            let _ = writeln!(text, "  wrote {file}");
        }
        let _ = writeln!(
            text,
            "  wall time {:.3} s, {} networks, {} network-steps/s",
            grid.wall.as_secs_f64(),
            HumanCount(grid.trained as u64),
            rate(self.network_steps_per_s()),
        );
        text
    }

    /// How the pixels divide.
    fn summary(&self) -> String {
        let Self { plan, grid, .. } = self;
        let count = |is: &dyn Fn(f32) -> bool| {
            let count = grid.values.iter().filter(|value| is(**value)).count();
            #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
            let share = 100.0 * count as f64 / grid.values.len() as f64;
            [HumanCount(count as u64).to_string(), format!("{share:.2} %")]
        };
        #[expect(clippy::cast_precision_loss, reason = "as the pixels are")]
        let most = plan.population.recipe.steps as f32;
        let below = plan.population.solved_below;
        let mut kinds: Vec<(&str, [String; 2])> = match plan.value {
            Value::FinalLoss => {
                vec![("solved", count(&|value| value.is_finite() && value < below))]
            }
            Value::StepsToSolve => {
                vec![("solved", count(&|value| value.is_finite() && value < most))]
            }
            Value::Convergence => vec![
                ("converged", count(&|value| value <= 0.0)),
                ("diverged", count(&|value| value > 0.0)),
            ],
        };
        kinds.push(("infinite", count(&|value| value.is_infinite())));
        kinds.push(("NaN", count(&f32::is_nan)));
        let rows: Vec<_> =
            kinds.into_iter().map(|(kind, [count, share])| [kind.into(), count, share]).collect();
        let head = ["", "pixels", ""].map(String::from);
        table(&[vec![head], rows].concat()) + "\n"
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

/// The name by which a value is given on the command line.
fn name(value: &impl clap::ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().replace('-', " "))
}

fn picture_axis(axis: &Axis) -> PlotAxis {
    let scale = if axis.log { AxisScale::Log } else { AxisScale::Linear };
    PlotAxis { label: axis.name.clone(), low: axis.low, high: axis.high, scale }
}
