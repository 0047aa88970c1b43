//! A run of one network: its plan and its progress.

use std::ops::ControlFlow;

use super::{LEARNED_BELOW, Outcome};
use crate::error::Error;
use crate::task::{Dataset, Method, Parameters, Recipe, Rounding};

/// A network to train: a recipe, the initial parameters, and which losses are kept.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The recipe: data, network, method, number of steps.
    pub recipe: Recipe,
    /// The initial parameters.
    pub start: Parameters,
    /// Number of steps between two losses that are kept.
    pub log_every: u64,
}

impl Plan {
    /// The plan of `steps` updates from `start`.
    ///
    /// # Errors
    /// As [`Recipe::new`].
    pub fn new(
        data: Dataset,
        method: Method,
        start: Parameters,
        steps: u64,
        log_every: u64,
    ) -> Result<Self, Error> {
        let recipe = Recipe::new(data, start.sizes.clone(), method, steps)?;
        Ok(Self { recipe, start, log_every })
    }

    /// The same plan with another method.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.recipe.method = method;
        self
    }

    /// The same plan with another rounding.
    #[must_use]
    pub fn with_rounding(mut self, rounding: Rounding) -> Self {
        self.recipe.method.rounding = rounding;
        self
    }

    /// The same plan with another number of steps.
    #[must_use]
    pub fn with_steps(mut self, steps: u64) -> Self {
        self.recipe.steps = steps;
        self
    }

    /// The steps whose losses are kept.
    pub fn marks(&self) -> impl Iterator<Item = u64> + use<> {
        let every = usize::try_from(self.log_every).unwrap_or(usize::MAX);
        (0..self.recipe.steps).step_by(every)
    }

    /// Number of outputs whose answers are their targets.
    #[must_use]
    pub fn right_answers(&self, outputs: &[f32]) -> usize {
        let data = &self.recipe.data;
        let pairs = outputs.iter().zip(&data.targets);
        pairs.filter(|&(&output, &target)| data.coding.answer(output.into()) == target).count()
    }

    /// Whether a run has learned the data: its final loss is small, and every answer is right.
    #[must_use]
    pub fn is_learned(&self, outcome: &Outcome) -> bool {
        let all_right = self.right_answers(&outcome.probabilities) == self.recipe.data.row_count();
        outcome.final_loss < LEARNED_BELOW && all_right
    }
}

/// The progress of a run.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Number of updates that were made.
    pub step: u64,
    /// The last loss that was read, before its update; `None` before the first.
    pub loss: Option<f32>,
}

/// A function that is called between submissions. If it breaks, the run ends with
/// [`Interrupted`](crate::error::Error::Interrupted).
pub type Observer<'a> = dyn FnMut(Progress) -> ControlFlow<()> + Send + 'a;

/// What the updates of a run bring, while it goes on.
#[derive(Default)]
pub(super) struct LossRecord {
    /// At the marks.
    pub(super) losses: Vec<f32>,
    pub(super) final_loss: f32,
    pub(super) late_loss: Option<f32>,
}

impl LossRecord {
    pub(super) fn new(plan: &Plan) -> Self {
        let losses = Vec::with_capacity(plan.marks().count());
        Self { losses, final_loss: f32::NAN, late_loss: None }
    }

    /// Puts down the loss before update number `step`, or after the last.
    pub(super) fn keep(&mut self, plan: &Plan, step: u64, loss: f32) {
        if step == plan.late_step() {
            self.late_loss = Some(loss);
        }
        if step == plan.recipe.steps {
            self.final_loss = loss;
        } else if step.is_multiple_of(plan.log_every) {
            self.losses.push(loss);
        }
    }
}
