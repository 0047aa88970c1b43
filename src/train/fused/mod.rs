//! The fused engine: many steps in one dispatch: the smallest networks trained by one invocation each,
//! larger ones with one hidden layer by one workgroup.

mod batch;
mod evaluation;
mod kernel_choice;
mod loop_limit;
mod run;

use std::time::Instant;

pub use batch::Batch;
pub use evaluation::{Evaluation, Finished};
pub use kernel_choice::KernelChoice;
pub(crate) use kernel_choice::PRODUCTS;
pub use loop_limit::LoopLimit;
pub(crate) use run::{Training, run};

use super::engine::Engine;
use super::outcome::check_finite;
use super::run::LossRecord;
use super::{Counted, Observer, Outcome, Plan, Progress};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::kernels::fused::Problem;
use crate::numeric::Scalar;
use crate::task::{Parameters, Recipe};

/// Losses of one dispatch.
pub(crate) const LOSS_CAPACITY: u64 = 1_024;

/// A network on the device, trained by one invocation or one workgroup.
pub struct Fused<'a> {
    batch: Batch<'a>,
    single: Single<'a>,
}

/// The training of one network.
struct Single<'a> {
    gpu: &'a Gpu,
    plan: &'a Plan,
    /// A look at the loss is wanted at each multiple of this step.
    every: u64,
    /// Whether the loss at nine tenths of the steps is wanted, which may take a dispatch more.
    looks_late: bool,
    losses: LossRecord,
    /// What the last dispatch left.
    last: Option<Evaluation>,
    counted: Option<Counted>,
}

/// The problem that a fused kernel is compiled for.
#[must_use]
pub fn problem(recipe: &Recipe) -> Problem<'_> {
    let Recipe { data, sizes, method, steps: _ } = recipe;
    let (inputs, targets, method) = (&data.inputs, &data.targets, *method);
    Problem { sizes: sizes.as_slice(), inputs, targets, method, members_per_invocation: 1 }
}

impl<'a> Fused<'a> {
    /// Compiles the kernel that trains the plan.
    ///
    /// # Errors
    /// [`Error::Usage`] if the engine cannot run the plan, [`Error::Gpu`] if the driver refuses.
    pub async fn new(gpu: &'a Gpu, plan: &'a Plan, loop_limit: LoopLimit) -> Result<Self, Error> {
        let (_, problem) = Engine::fused_problem(&plan.recipe)?;
        let capacity = usize::try_from(LOSS_CAPACITY).expect("1,024");
        let batch = Batch::new(gpu, problem, 1, capacity, true, loop_limit).await?;
        let (every, losses) = (plan.log_every, LossRecord::new(plan));
        let (looks_late, last, counted) = (false, None, None);
        let single = Single { gpu, plan, every, looks_late, losses, last, counted };
        Ok(Self { batch, single })
    }

    /// Makes a run evaluate the loss at nine tenths of its steps, too, wherever the marks are.
    #[must_use]
    pub fn looking_late(mut self) -> Self {
        self.single.looks_late = true;
        self
    }

    /// Makes all updates of the plan, from its start.
    ///
    /// # Errors
    /// - [`Error::Diverged`] at the first loss that is not finite;
    /// - [`Error::Interrupted`] if `observe` asks to stop;
    /// - [`Error::Undone`] or [`Error::Gpu`] if the device fails or did not do all steps.
    pub async fn train(&mut self, observe: &mut Observer<'_>) -> Result<Outcome, Error> {
        let start = Instant::now();
        let Self { batch, single } = self;
        let plan = single.plan;
        (single.counted, single.every) = (None, plan.log_every);
        match run(batch, &mut Observed { single, observe }).await {
            // Somewhere between two looks: the same bits again, with a look at every step.
            Err(diverged @ Error::Diverged { .. }) => {
                single.every = 1;
                run(batch, &mut Observed { single, observe }).await?;
                return Err(diverged);
            }
            outcome => outcome?,
        }
        let LossRecord { losses, final_loss, late_loss } = std::mem::take(&mut single.losses);
        let wall = start.elapsed();
        let last = single.last.take().expect("a run has a dispatch");
        let parameters = parameters(plan, &last);
        check_finite(plan.recipe.steps, "a parameter", parameters.values())?;
        Ok(Outcome {
            losses,
            final_loss,
            late_loss,
            probabilities: last.outputs,
            parameters,
            wall,
            gpu: batch.gpu_time().await?,
            longest_submission: batch.longest_submission,
        })
    }

    /// The last state of an interrupted run that is known to be complete, if there is one.
    pub fn counted(&mut self) -> Option<Counted> {
        self.single.counted.take()
    }
}

/// The parameters that a dispatch left.
fn parameters(plan: &Plan, left: &Evaluation) -> Parameters {
    Parameters::from_fn(&plan.start.sizes, |number, _| {
        left.parameters[usize::try_from(number).expect("an index")]
    })
}

impl Plan {
    /// The state of one network at its start: parameters, what steps hand on, learning rates.
    pub(super) fn state_rows(&self) -> Vec<f32> {
        let parameters: Vec<f32> = self.start.values().collect();
        let rate = f32::from_f64(self.recipe.method.learning_rate());
        let states = self.recipe.method.states_per_parameter();
        let optimizer_state = vec![0.0; states * parameters.len()];
        [parameters, optimizer_state, vec![rate; self.start.layers.len()]].concat()
    }
}

/// A training with an observer.
struct Observed<'s, 'a, 'o> {
    single: &'s mut Single<'a>,
    observe: &'s mut Observer<'o>,
}

impl Training for Observed<'_, '_, '_> {
    fn steps(&self) -> u64 {
        self.single.plan.recipe.steps
    }

    async fn start(&mut self, batch: &mut Batch<'_>) -> Result<(), Error> {
        let Single { gpu, plan, losses, .. } = &mut *self.single;
        gpu.write_at(&batch.state, 0, &plan.state_rows());
        batch.start(0.0, 0);
        *losses = LossRecord::new(plan);
        Ok(())
    }

    /// Dispatches are sized by measured time and by the loop limit, with a look at the loss at every
    /// multiple of `every` and at the end.
    fn next(&self, batch: &Batch<'_>) -> [u64; 2] {
        let Single { plan, every, looks_late, .. } = &*self.single;
        let (done, every, late) = (batch.done(), *every, plan.late_step());
        let stops_late = *looks_late && done < late && !late.is_multiple_of(every);
        let count = batch.next(if stops_late { late } else { self.steps() } - done);
        // Whole segments from a mark on, or what leads to the next mark.
        let to_mark = every - done % every;
        if to_mark == every && count >= every {
            [(count / every).min(LOSS_CAPACITY - 1), every]
        } else {
            [1, count.min(to_mark)]
        }
    }

    /// Keeps the losses that the dispatch saw.
    async fn dispatch(
        &mut self,
        batch: &mut Batch<'_>,
        [segments, length]: [u64; 2],
    ) -> Result<(), Error> {
        let steps = self.steps();
        let Single { plan, losses, last, counted, .. } = &mut *self.single;
        // The first look at the start comes before any update.
        let before = if batch.is_at_start() { 0 } else { length };
        let first = batch.done() + before;
        let left = batch.evaluate([segments, length]).await?;
        for (segment, &loss) in (0..).zip(&left.losses) {
            let step = first + segment * length;
            check_finite(step, "the loss", [loss])?;
            losses.keep(plan, step, loss);
        }
        let (step, loss) = (batch.done(), left.losses.last().copied());
        let now = Counted::of(step, loss.unwrap_or(f32::NAN), parameters(plan, &left));
        *counted = now.or(counted.take());
        *last = Some(left);
        if (self.observe)(Progress { step, loss }).is_break() {
            return Err(Error::Interrupted { step, steps });
        }
        Ok(())
    }

    async fn finish(&mut self, _: &mut Batch<'_>) -> Result<(), Error> {
        Ok(())
    }
}
