//! The fused engine: many steps in one dispatch, for small networks with one hidden layer.

use std::time::Instant;

use super::members::{Budget, Members};
use super::{Observer, Outcome, Plan, Progress, Run, check_finite};
use crate::error::Error;
use crate::gpu::{Gpu, Region};
use crate::kernels::train_invocation::Problem;
use crate::model::Parameters;
use crate::rule::{Rule, Variant};
use crate::scalar::Scalar;

/// The most products of a step: what a driver will still unroll, and a register file hold.
const PRODUCTS: usize = 256;

/// Losses of one dispatch.
const LOSS_CAPACITY: u64 = 1_024;

/// A network on the device, trained by one invocation.
pub struct Fused<'a> {
    gpu: &'a Gpu,
    plan: &'a Plan,
    members: Members<'a>,
}

/// What the shader is compiled for; or why it cannot be.
///
/// # Errors
/// The reason.
pub fn problem<'a>(
    data: &'a crate::dataset::Dataset,
    sizes: &crate::model::LayerSizes,
    variant: Variant,
) -> Result<Problem<'a>, String> {
    let &[input_size, hidden_size, 1] = sizes.as_slice() else {
        return Err("it takes networks with one hidden layer".into());
    };
    let products = data.batch_size() * hidden_size * (input_size + 1);
    if products > PRODUCTS {
        return Err(format!(
            "it takes {PRODUCTS} products a step at most: rows times hidden neurons times \
             (inputs plus one), here {products}"
        ));
    }
    let (inputs, targets) = (&data.inputs, &data.targets);
    Ok(Problem { input_size, hidden_size, inputs, targets, variant })
}

impl<'a> Fused<'a> {
    /// Whether the engine can run a plan; if not, why.
    ///
    /// # Errors
    /// The reason.
    pub fn can_run(plan: &Plan) -> Result<(), String> {
        problem(&plan.data, &plan.start.sizes, plan.variant)?;
        if plan.rule != Rule::sgd(plan.rule.learning_rate) {
            return Err("it takes plain SGD on mean binary cross-entropy".into());
        }
        Ok(())
    }

    /// Compiles the plan's trainer.
    ///
    /// # Errors
    /// [`Error::Usage`] if the engine cannot run it, [`Error::Gpu`] if the driver refuses.
    pub async fn new(gpu: &'a Gpu, plan: &'a Plan, budget: Budget) -> Result<Self, Error> {
        let refused = |why| Error::Usage(format!("--engine fused: {why}"));
        Self::can_run(plan).map_err(refused)?;
        let problem = problem(&plan.data, &plan.start.sizes, plan.variant).map_err(refused)?;
        let capacity = usize::try_from(LOSS_CAPACITY).expect("1,024");
        let members = Members::new(gpu, problem, 1, capacity, budget).await?;
        Ok(Self { gpu, plan, members })
    }

    /// Makes all updates of the plan, from its start.
    ///
    /// # Errors
    /// [`Error::Diverged`] at the first loss that is not finite, [`Error::Interrupted`] if
    /// `observe` asks for it, [`Error::Undone`] or [`Error::Gpu`] if the device fails or did not
    /// do all steps.
    pub async fn train(&mut self, observe: &mut Observer<'_>) -> Result<Outcome, Error> {
        let start = Instant::now();
        let plan = self.plan;
        let run = match self.run(plan.log_every, observe).await {
            // The same bits again, in smaller parts.
            Err(Error::Undone { .. }) if self.members.lower_budget() => {
                self.run(plan.log_every, observe).await
            }
            run => run,
        };
        let Run { losses, final_loss } = match run {
            // Somewhere between two looks: the same bits again, with a look at every step.
            Err(diverged @ Error::Diverged { .. }) => {
                self.run(1, observe).await?;
                return Err(diverged);
            }
            run => run?,
        };
        let probabilities = self.gpu.read(&self.members.outputs).await?;
        let state: Vec<f32> = self.gpu.read(&self.members.state).await?;
        let wall = start.elapsed();
        let parameters = Parameters::from_fn(&plan.start.sizes, |number, _| {
            state[usize::try_from(number).expect("an index")]
        });
        check_finite(plan.steps, "a parameter", parameters.values())?;
        let gpu = self.members.gpu_time();
        let longest_submission = self.members.longest_submission;
        Ok(Outcome { losses, final_loss, probabilities, parameters, wall, gpu, longest_submission })
    }

    /// Puts the plan's start on the device.
    fn restart(&mut self) {
        let parameters: Vec<f32> = self.plan.start.values().collect();
        let rate = f32::from_f64(self.plan.rule.learning_rate);
        let carried = vec![0.0; parameters.len()];
        let rows = [parameters, carried, vec![rate; 2]].concat();
        self.gpu.write_at(&self.members.state, 0, &rows);
        self.members.start(0.0, 0);
    }

    /// Makes the updates from the start, in dispatches that are sized by measured time and by the
    /// loop budget, with a look at the loss at every multiple of `every` and at the end.
    async fn run(&mut self, every: u64, observe: &mut Observer<'_>) -> Result<Run, Error> {
        self.restart();
        let (plan, steps) = (self.plan, self.plan.steps);
        let mut run = Run::new(plan);
        self.advance(1, 0, |step, loss| run.keep(plan, step, loss)).await?;
        while self.members.done() < steps {
            let done = self.members.done();
            let count = self.members.next(steps - done);
            // Whole segments from a mark on, or what leads to the next mark.
            let to_mark = every - done % every;
            let (segments, length) = if to_mark == every && count >= every {
                ((count / every).min(LOSS_CAPACITY), every)
            } else {
                (1, count.min(to_mark))
            };
            let keep = |step, loss| run.keep(plan, step, loss);
            let loss = Some(self.advance(segments, length, keep).await?);
            let step = self.members.done();
            if observe(Progress { step, loss }).is_break() {
                return Err(Error::Interrupted { step, steps });
            }
        }
        Ok(run)
    }

    /// Runs one dispatch; gives the loss after each of its segments to `keep`, and returns the
    /// last.
    async fn advance(
        &mut self,
        segments: u64,
        length: u64,
        mut keep: impl FnMut(u64, f32),
    ) -> Result<f32, Error> {
        let done = self.members.done();
        let len = usize::try_from(segments).expect("few");
        let [progress, losses] = [self.members.progress.clone(), self.members.losses.clone()];
        let regions = [Region::from(&progress), Region { tensor: &losses, start: 0, len }];
        let words = self.members.advance([segments, length], &regions).await?.to_vec();
        let (progress, losses) = words.split_at(progress.len());
        self.members.check(progress)?;
        let mut last = f32::NAN;
        for (segment, bits) in (1..).zip(losses) {
            last = f32::from_bits(*bits);
            let step = done + segment * length;
            check_finite(step, "the loss", [last])?;
            keep(step, last);
        }
        Ok(last)
    }
}
