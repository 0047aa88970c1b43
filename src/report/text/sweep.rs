//! The text about a sweep.

use std::fmt::Write;

use indicatif::HumanCount;

use super::{adapter_lines, plain, rate, table};
use crate::report::SweepReport;
use crate::sweep::{Quantity, Value};
use crate::train::KernelChoice;

impl SweepReport<'_> {
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

    /// The seed, where it is no axis.
    pub(in crate::report) fn seed(&self) -> String {
        if self.has_axis(|quantity| quantity == Quantity::Seed) {
            "seeds of the axis".into()
        } else {
            format!("seed {}", self.plan.seed)
        }
    }

    /// The learning rate, where it is no axis, and the momentum.
    pub(in crate::report) fn rule(&self) -> String {
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
}
