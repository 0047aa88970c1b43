//! The text about a sweep.

use std::fmt::Write;

use indicatif::HumanCount;

use super::{optimizer, plain, population_heading, rate, table};
use crate::report::SweepReport;
use crate::sweep::{Quantity, Value};
use crate::task::Recipe;

impl SweepReport<'_> {
    /// What a person reads; `files` are what was written.
    #[must_use]
    pub fn text(&self, files: &[String]) -> String {
        let Self { plan, grid, .. } = self;
        let what =
            format!("{} × {}", HumanCount(plan.width as u64), HumanCount(plan.height as u64));
        let side_by_side = self.chunk_size.min(plan.pixels()) as u64;
        let (population, seed, rule) = (&plan.population, self.seed(), self.rule());
        let mut text =
            population_heading(&what, population, &seed, self.adapter, side_by_side, &rule);
        let _ = writeln!(text, "axes:    {}, {}\n", plan.x, plan.y);
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
        let row = |kind: &str, is: &dyn Fn(f32) -> bool| {
            let count = self.pixels_that(is);
            #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
            let share = 100.0 * count as f64 / grid.values.len() as f64;
            [kind.into(), HumanCount(count as u64).to_string(), format!("{share:.2} %")]
        };
        #[expect(clippy::cast_precision_loss, reason = "as the pixels are")]
        let most = plan.population.recipe.steps as f32;
        let below = plan.population.solved_below;
        let mut rows = match plan.value {
            Value::FinalLoss => vec![row("solved", &|value| value.is_finite() && value < below)],
            Value::StepsToSolve => vec![row("solved", &|value| value.is_finite() && value < most)],
            Value::Convergence => {
                vec![row("converged", &|value| value <= 0.0), row("diverged", &|value| value > 0.0)]
            }
        };
        rows.extend([row("infinite", &|value| value.is_infinite()), row("NaN", &f32::is_nan)]);
        table(["", "pixels", ""], rows) + "\n"
    }

    /// The seed, where it is no axis.
    pub(in crate::report) fn seed(&self) -> String {
        if self.has_axis(Quantity::Seed) {
            "seeds of the axis".into()
        } else {
            format!("seed {}", self.plan.seed)
        }
    }

    /// The learning rate, where it is no axis, and what the optimizer has beside it.
    pub(in crate::report) fn rule(&self) -> String {
        let Recipe { sizes, method, .. } = &self.plan.population.recipe;
        let last = sizes.layers().len() - 1;
        let name = |layer: usize| match layer {
            _ if layer == last => "the output".into(),
            _ if last == 1 => "the hidden layer".into(),
            _ => format!("hidden layer {}", layer + 1),
        };
        let is_on_axis = |&layer: &usize| self.has_axis(Quantity::LearningRate(Some(layer)));
        let on_axes: Vec<_> = (0..=last).filter(is_on_axis).map(name).collect();
        let rate = plain(method.learning_rate());
        let mut text = match on_axes.as_slice() {
            _ if self.plan.has_rates_on_axes() => "learning rates of the axes".into(),
            [] => format!("learning rate {rate}"),
            [one] => format!("learning rate {rate}, of {one} that of the axis"),
            several => {
                format!("learning rate {rate}, of {} those of the axes", several.join(" and "))
            }
        };
        if let Some(optimizer) = optimizer(method) {
            let _ = write!(text, ", {optimizer}");
        }
        text
    }
}
