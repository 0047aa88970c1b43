//! What a sweep leaves behind: a picture, the raw array, and a card that says how to repeat it.

use std::fmt::Write;

use indicatif::HumanCount;
use serde::Serialize;

use super::{AxisScale, ColourScale, Picture, PlotAxis, adapter_lines, plain, rate, table};
use crate::error::Error;
use crate::gpu::AdapterSummary;
use crate::model::sha256;
use crate::rule::{Loss, Variant};
use crate::sweep::{Axis, Grid, GridPlan, Identity, Quantity, Value};
use crate::train::Trainer;

/// The start of an array's file.
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// All that is to be said of a sweep.
pub struct SweepReport<'a> {
    /// Where it ran.
    pub adapter: &'a AdapterSummary,
    /// What was to be done.
    pub plan: &'a GridPlan,
    /// What came out.
    pub grid: &'a Grid,
    /// The WGSL that trained the networks.
    pub shader: &'a str,
    /// Networks side by side.
    pub tile_size: usize,
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
    member: u32,
    learning_rate: Option<f64>,
    init: String,
    set: &'a [(usize, f32)],
    variant: Variant,
    shader_sha256: String,
    array_sha256: String,
    nan_pixels: usize,
    infinite_pixels: usize,
    networks_trained: usize,
    train_s: f64,
    network_steps_per_s: f64,
}

impl SweepReport<'_> {
    /// The picture as PNG.
    ///
    /// # Errors
    /// [`Error::Usage`] if it has more pixels than a picture can have.
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        let Self { plan, grid, .. } = self;
        let (value_label, scale) = match plan.value {
            Value::FinalLoss if plan.task.variant.loss == Loss::CrossEntropy => {
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
                plan.task.sizes,
                plan.task.data.name(),
                HumanCount(plan.task.steps)
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
            name(&plan.task.variant.loss),
            name(&plan.task.variant.hidden_activation),
            name(&plan.task.variant.output_activation),
            self.rule(),
            self.seed(),
            plan.member,
            name(&plan.task.init),
            plan.task.solved_below,
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
        (!self.plan.has_rates_on_axes()).then_some(self.plan.learning_rate)
    }

    /// The learning rate, where it is no axis, and the momentum.
    fn rule(&self) -> String {
        let of_layer = |layer| self.has_axis(|of| of == Quantity::LearningRate(layer));
        let rate = plain(self.plan.learning_rate);
        let mut text = match [of_layer(Some(0)), of_layer(Some(1))] {
            _ if self.plan.has_rates_on_axes() => "learning rates of the axes".into(),
            [true, _] => format!("learning rate {rate}, of the hidden layer that of the axis"),
            [_, true] => format!("learning rate {rate}, of the output that of the axis"),
            _ => format!("learning rate {rate}"),
        };
        if self.plan.task.variant.momentum != 0.0 {
            let _ = write!(text, ", momentum {}", self.plan.task.variant.momentum);
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
        [npy_header(self.plan.width, self.plan.height), self.bytes()].concat()
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
            layers: plan.task.sizes.as_slice(),
            data: plan.task.data.name(),
            steps: plan.task.steps,
            solved_below: plan.task.solved_below,
            seed: (!self.has_axis(|quantity| quantity == Quantity::Seed)).then_some(plan.seed),
            member: plan.member,
            learning_rate: self.learning_rate(),
            init: name(&plan.task.init),
            set: &plan.fixed,
            variant: plan.task.variant,
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
        self.grid.trained as f64 * self.plan.task.steps as f64 / self.grid.wall.as_secs_f64()
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
            plan.task.sizes,
            plan.task.data.name(),
            HumanCount(plan.task.data.batch_size() as u64),
            self.seed(),
            adapter_lines(self.adapter),
            plan.task.trainer().map_or("", Trainer::name),
            HumanCount(self.tile_size.min(plan.pixels()) as u64),
            HumanCount(plan.task.steps),
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
        let most = plan.task.steps as f32;
        let below = plan.task.solved_below;
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
        kinds.push(("no number", count(&f32::is_nan)));
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
    let (before, rest) = npy.split_at_checked(MAGIC.len() + 2)?;
    let len = u16::from_le_bytes(before[MAGIC.len()..].try_into().ok()?);
    let (_, bytes) = rest.split_at_checked(len.into())?;
    let (values, rest) = bytes.as_chunks();
    let is_same = before.starts_with(MAGIC)
        && rest.is_empty()
        && card["identity"] == identity.to_string()
        && card["array_sha256"] == sha256(bytes);
    is_same.then(|| values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// What stands before the values of an array `[height, width]`.
fn npy_header(width: usize, height: usize) -> Vec<u8> {
    let dictionary =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({height}, {width}), }}");
    // With the magic, the length and the line's end it fills whole lines of 64 bytes.
    let len = (MAGIC.len() + 2 + dictionary.len() + 1).next_multiple_of(64) - MAGIC.len() - 2;
    let header = format!("{dictionary:<width$}\n", width = len - 1);
    let header_len = u16::try_from(len).expect("two numbers are short").to_le_bytes();
    [MAGIC, &header_len, header.as_bytes()].concat()
}

/// The name by which a value is given on the command line.
fn name(value: &impl clap::ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().replace('-', " "))
}

fn picture_axis(axis: &Axis) -> PlotAxis {
    let scale = if axis.log { AxisScale::Log } else { AxisScale::Linear };
    PlotAxis { label: axis.name.clone(), low: axis.low, high: axis.high, scale }
}
