//! The fused engine: many steps in one dispatch, for small networks with one hidden layer.

use std::time::{Duration, Instant};

use super::pacer::Pacer;
use super::{Observer, Outcome, Plan, Progress, check_steps};
use crate::error::Error;
use crate::gpu::{Gpu, Kernel, Readback, Region, Tensor, Timer};
use crate::kernels::train_invocation::{self, Launch, Problem};
use crate::model::Parameters;
use crate::rule::Rule;
use crate::scalar::Scalar;

/// The most loop iterations that the steps of one dispatch may take, should nothing be unrolled:
/// llvmpipe ends all loops of an invocation after 65,535 together, without an error. The looks at
/// the loss may take as many again.
const ITERATIONS: usize = 30_000;

/// The most products of a step: what a driver will still unroll, and a register file hold.
const PRODUCTS: usize = 256;

/// Losses of one dispatch.
const LOSS_CAPACITY: usize = 1_024;

/// A network on the device, trained by one invocation.
pub struct Fused<'a> {
    gpu: &'a Gpu,
    plan: &'a Plan,
    kernel: Kernel,
    state: Tensor,
    progress: Tensor,
    losses: Tensor,
    probabilities: Tensor,
    readback: Readback,
    timer: Option<Timer>,
    nonce: u32,
    done: u64,
}

/// The part of a plan that the shader is compiled for; none without exactly one hidden layer.
fn problem(plan: &Plan) -> Option<Problem<'_>> {
    let &[input_size, hidden_size, 1] = plan.start.sizes.as_slice() else { return None };
    let (inputs, targets) = (&plan.data.inputs, &plan.data.targets);
    Some(Problem { input_size, hidden_size, inputs, targets })
}

impl<'a> Fused<'a> {
    /// Whether the engine can run a plan; if not, why.
    ///
    /// # Errors
    /// The reason.
    pub fn can_run(plan: &Plan) -> Result<(), String> {
        let problem = problem(plan).ok_or("it takes networks with one hidden layer")?;
        if plan.rule != Rule::sgd(plan.rule.learning_rate) {
            return Err("it takes plain SGD on mean binary cross-entropy".into());
        }
        let products = problem.targets.len() * problem.hidden_size * (problem.input_size + 1);
        if products > PRODUCTS {
            return Err(format!(
                "it takes {PRODUCTS} products a step at most: rows times hidden neurons times \
                 (inputs plus one), here {products}"
            ));
        }
        Ok(())
    }

    /// Uploads the plan and compiles its trainer.
    ///
    /// # Errors
    /// [`Error::Usage`] if the engine cannot run it, [`Error::Gpu`] if the driver refuses.
    pub async fn new(gpu: &'a Gpu, plan: &'a Plan) -> Result<Self, Error> {
        Self::can_run(plan).map_err(|why| Error::Usage(format!("--engine fused: {why}")))?;
        let problem = problem(plan).expect("it was checked");
        let zeros = std::iter::repeat_n(0.0, problem.parameter_count());
        let state: Vec<f32> = plan.start.values().chain(zeros).collect();
        let batch_size = problem.targets.len();
        Ok(Self {
            kernel: train_invocation::kernel(gpu, problem).await?,
            state: gpu.upload("state", &state).await?,
            progress: gpu.zeros("progress", 2).await?,
            losses: gpu.zeros("losses", LOSS_CAPACITY).await?,
            probabilities: gpu.zeros("probabilities", batch_size).await?,
            readback: gpu.readback(2 + LOSS_CAPACITY).await?,
            timer: gpu.timer().await?,
            nonce: nonce(),
            done: 0,
            gpu,
            plan,
        })
    }

    /// Makes all updates of the plan, then looks once more at what they made.
    ///
    /// # Errors
    /// [`Error::Diverged`] at the first loss at a mark that is not finite, [`Error::Interrupted`]
    /// if `observe` asks for it, [`Error::Gpu`] if the device fails or did not do all steps.
    pub async fn train(mut self, observe: &mut Observer<'_>) -> Result<Outcome, Error> {
        let start = Instant::now();
        let (losses, longest_submission) = self.run(observe).await?;
        let final_loss = self.launch(1, 0).await?[0];
        let step = self.plan.steps;
        check_finite(step, "the loss", [final_loss])?;
        let probabilities = self.gpu.read(&self.probabilities).await?;
        let state: Vec<f32> = self.gpu.read(&self.state).await?;
        let wall = start.elapsed();
        let parameters = Parameters::from_fn(&self.plan.start.sizes, |number, _| {
            state[usize::try_from(number).expect("an index")]
        });
        check_finite(step, "a parameter", parameters.values())?;
        let gpu = self.timer.as_ref().and_then(Timer::total);
        Ok(Outcome { losses, final_loss, probabilities, parameters, wall, gpu, longest_submission })
    }

    /// Makes the updates, in dispatches that are sized by measured time and by the loop budget.
    async fn run(&mut self, observe: &mut Observer<'_>) -> Result<(Vec<f32>, Duration), Error> {
        let (steps, log_every) = (self.plan.steps, self.plan.log_every);
        let iterations = problem(self.plan).expect("it was checked").iterations_a_step();
        let budget = (ITERATIONS / iterations).max(1) as u64;
        let mut kept = Vec::with_capacity(self.plan.marks().count());
        let mut pacer = Pacer::new(1);
        let mut longest = Duration::ZERO;
        let mut seen = None;
        while self.done < steps {
            let started = Instant::now();
            let first = self.done;
            let count = pacer.next(0, budget.min(steps - first));
            // Whole segments from a mark on, or what leads to the next mark.
            let to_mark = log_every - first % log_every;
            let (segments, length) = if to_mark == log_every && count >= log_every {
                ((count / log_every).min(LOSS_CAPACITY as u64), log_every)
            } else {
                (1, count.min(to_mark))
            };
            let looks = (first..).step_by(to_usize(length));
            for (step, loss) in looks.zip(self.launch(segments, length).await?) {
                check_finite(step, "the loss", [loss])?;
                seen = Some(loss);
                if step.is_multiple_of(log_every) {
                    kept.push(loss);
                }
            }
            let elapsed = started.elapsed();
            tracing::debug!(segments, length, ?elapsed, "submission");
            longest = longest.max(elapsed);
            pacer.record(0, segments * length, elapsed);
            let now = Progress { step: self.done, loss: seen };
            if observe(now).is_break() {
                return Err(Error::Interrupted { step: self.done, steps });
            }
        }
        Ok((kept, longest))
    }

    /// Runs one dispatch; returns the loss before each of its segments.
    async fn launch(&mut self, segments: u64, steps: u64) -> Result<Vec<f32>, Error> {
        let launch = Launch {
            first_step: self.done,
            segments: to_usize(segments),
            steps: to_usize(steps),
            nonce: self.nonce,
            learning_rate: f32::from_f64(self.plan.rule.learning_rate),
        };
        let problem = problem(self.plan).expect("it was checked");
        let tensors = [&self.state, &self.progress, &self.losses, &self.probabilities];
        let dispatch =
            train_invocation::dispatch(self.gpu, &self.kernel, problem, launch, tensors).await?;
        let losses = Region { tensor: &self.losses, start: 0, len: launch.segments };
        let regions = [Region::from(&self.progress), losses];
        let timer = self.timer.as_mut();
        self.gpu.submit([&dispatch], &regions, &mut self.readback, timer).await?;
        self.done += segments * steps;
        let &[counted, nonce, ref losses @ ..] = self.readback.words() else {
            unreachable!("the progress comes first");
        };
        if nonce != self.nonce {
            return Err(Error::Gpu("the device did not run what it was given".into()));
        }
        check_steps(counted, self.done)?;
        Ok(bytemuck::cast_slice(losses).to_vec())
    }
}

fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A number that other runs do not have, and never zero.
fn nonce() -> u32 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.subsec_nanos() | 1
}

fn check_finite(
    step: u64,
    what: &'static str,
    values: impl IntoIterator<Item = f32>,
) -> Result<(), Error> {
    match values.into_iter().find(|value| !value.is_finite()) {
        Some(value) => Err(Error::Diverged { step, what, value }),
        None => Ok(()),
    }
}
