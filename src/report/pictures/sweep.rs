//! The picture of a sweep: every pixel is a network.

use indicatif::HumanCount;

use crate::error::Error;
use crate::plot::{AxisScale, ColourScale, Picture, PlotAxis};
use crate::report::SweepReport;
use crate::report::records::name;
use crate::sweep::{Axis, Value};
use crate::task::Loss;

impl SweepReport<'_> {
    /// The picture as PNG.
    ///
    /// # Errors
    /// [`Error::Usage`] if it has more pixels than a picture can have.
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        let Self { plan, grid, .. } = self;
        let recipe = &plan.population.recipe;
        let value_label = match plan.value {
            Value::FinalLoss => match recipe.method.loss {
                Loss::CrossEntropy => "final loss (nats)",
                Loss::SquaredError => "final loss (mean squared error)",
                Loss::Hinge => "final loss (mean hinge loss)",
            },
            Value::StepsToSolve => "steps to solve (the last: not solved)",
            Value::Convergence => "converges: -sum of v, diverges: sum of 1/v (v = loss / first)",
        };
        let is_signed = plan.value == Value::Convergence;
        let picture = Picture {
            width: plan.width,
            height: plan.height,
            values: &grid.values,
            x: picture_axis(&plan.x),
            y: picture_axis(&plan.y),
            value_label: value_label.into(),
            scale: if is_signed { ColourScale::Signed } else { ColourScale::Log },
            title: format!(
                "{} on {}: every pixel is a network, trained for {} steps",
                recipe.sizes,
                recipe.data.name(),
                HumanCount(recipe.steps)
            ),
            caption: vec![self.caption()],
        };
        picture.to_png()
    }

    fn caption(&self) -> String {
        let Self { plan, adapter, .. } = self;
        let method = &plan.population.recipe.method;
        format!(
            "{}, {} (hidden), {} (output), {}, {}, member {}, {} law; solved: loss below {}. \
             Trained on {} by parity {}. Array SHA-256 {}.",
            name(&method.loss),
            name(&method.hidden_activation),
            name(&method.output_activation),
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
}

fn picture_axis(axis: &Axis) -> PlotAxis {
    let scale = if axis.log { AxisScale::Log } else { AxisScale::Linear };
    PlotAxis { label: axis.name.clone(), low: axis.low, high: axis.high, scale }
}
