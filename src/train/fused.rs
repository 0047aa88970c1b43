//! The fused engine: many steps in one dispatch, for networks with one hidden layer: the smallest
//! trained by one invocation, larger ones by one workgroup.

use std::time::Instant;

use super::pacer::Pacer;
use super::{Observer, Outcome, Plan, Progress, Run, check_finite, check_steps};
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Readback, Region, Tensor, Timer};
use crate::kernels::train_invocation::{Launch, Problem};
use crate::kernels::train_workgroup::Split;
use crate::kernels::{train_invocation, train_workgroup};
use crate::model::Parameters;
use crate::rule::Rule;
use crate::scalar::Scalar;

/// The most loop iterations that the steps of one dispatch may take, should nothing be unrolled:
/// llvmpipe ends all loops of an invocation after 65,535 together, without an error. The looks at
/// the loss may take as many again.
const ITERATIONS: usize = 30_000;

/// The most products of a step that one invocation makes: what a driver will still unroll, and a
/// register file hold.
const PRODUCTS: usize = 256;

/// Losses of one dispatch.
const LOSS_CAPACITY: usize = 1_024;

/// What trains one network.
#[derive(Clone, Copy)]
enum Trainer {
    Invocation,
    Workgroup,
}

impl Trainer {
    /// The first that a problem fits.
    fn of(problem: Problem<'_>) -> Result<Self, String> {
        let products = problem.targets.len() * problem.hidden_size * (problem.input_size + 1);
        if products <= PRODUCTS {
            return Ok(Self::Invocation);
        }
        train_workgroup::fits(problem)?;
        Ok(Self::Workgroup)
    }

    /// Binds it, and says how many steps one dispatch may make.
    async fn bind(
        self,
        gpu: &Gpu,
        problem: Problem<'_>,
        launch: Launch,
        tensors: [&Tensor; 4],
    ) -> Result<(Dispatch, usize), Error> {
        match self {
            Self::Invocation => {
                let kernel = train_invocation::kernel(gpu, problem).await?;
                let bound = train_invocation::dispatch(gpu, &kernel, problem, launch, tensors);
                Ok((bound.await?, (ITERATIONS / problem.iterations_a_step()).max(1)))
            }
            Self::Workgroup => {
                let split = Split::of(problem, gpu.adapter.device_type).map_err(Error::Usage)?;
                let kernel = train_workgroup::kernel(gpu, problem, split).await?;
                let steps =
                    train_workgroup::steps_a_dispatch(gpu, &kernel, problem, split, ITERATIONS);
                let steps = steps.await?;
                let bound = train_workgroup::dispatch(gpu, &kernel, problem, launch, tensors);
                Ok((bound.await?, steps))
            }
        }
    }

    fn write(self, gpu: &Gpu, dispatch: &Dispatch, launch: Launch) {
        match self {
            Self::Invocation => gpu.write_params(dispatch, &train_invocation::params(1, launch)),
            Self::Workgroup => gpu.write_params(dispatch, &train_workgroup::params(1, launch)),
        }
    }
}

/// A network on the device, trained by one invocation or one workgroup.
pub struct Fused<'a> {
    gpu: &'a Gpu,
    plan: &'a Plan,
    trainer: Trainer,
    dispatch: Dispatch,
    /// The most steps of a dispatch.
    budget: u64,
    state: Tensor,
    progress: Tensor,
    losses: Tensor,
    probabilities: Tensor,
    readback: Readback,
    timer: Option<Timer>,
    /// What all launches have in common.
    launch: Launch,
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
        Trainer::of(problem).map(drop)
    }

    /// Uploads the plan and compiles its trainer.
    ///
    /// # Errors
    /// [`Error::Usage`] if the engine cannot run it, [`Error::Gpu`] if the driver refuses.
    pub async fn new(gpu: &'a Gpu, plan: &'a Plan) -> Result<Self, Error> {
        Self::can_run(plan).map_err(|why| Error::Usage(format!("--engine fused: {why}")))?;
        let problem = problem(plan).expect("it was checked");
        let trainer = Trainer::of(problem).expect("it was checked");
        let state = gpu.zeros("state", 2 * problem.parameter_count()).await?;
        let progress = gpu.zeros("progress", 2).await?;
        let losses = gpu.zeros("losses", LOSS_CAPACITY).await?;
        let probabilities = gpu.zeros("probabilities", problem.targets.len()).await?;
        let tensors = [&state, &progress, &losses, &probabilities];
        let learning_rate = f32::from_f64(plan.rule.learning_rate);
        let launch = Launch { first_step: 0, segments: 0, steps: 0, nonce: nonce(), learning_rate };
        let (dispatch, budget) = trainer.bind(gpu, problem, launch, tensors).await?;
        Ok(Self {
            trainer,
            dispatch,
            budget: budget as u64,
            readback: gpu.readback(2 + LOSS_CAPACITY).await?,
            timer: gpu.timer().await?,
            done: 0,
            state,
            progress,
            losses,
            probabilities,
            launch,
            gpu,
            plan,
        })
    }

    /// Goes to the start of the plan.
    fn restart(&mut self) {
        let parameters: Vec<f32> = self.plan.start.values().collect();
        let residues = vec![0.0; parameters.len()];
        self.gpu.write(&self.state, &[parameters, residues].concat());
        self.done = 0;
    }

    /// Makes all updates of the plan, then looks once more at what they made.
    ///
    /// # Errors
    /// [`Error::Diverged`] at the first loss that is not finite, [`Error::Interrupted`] if
    /// `observe` asks for it, [`Error::Gpu`] if the device fails or did not do all steps.
    pub async fn train(mut self, observe: &mut Observer<'_>) -> Result<Outcome, Error> {
        let start = Instant::now();
        let Run { losses, final_loss, longest_submission } =
            match self.run(self.plan.log_every, observe).await {
                // Somewhere between two looks: the same bits again, with a look at every step.
                Err(diverged @ Error::Diverged { .. }) => {
                    self.run(1, observe).await?;
                    return Err(diverged);
                }
                run => run?,
            };
        let probabilities = self.gpu.read(&self.probabilities).await?;
        let state: Vec<f32> = self.gpu.read(&self.state).await?;
        let wall = start.elapsed();
        let parameters = Parameters::from_fn(&self.plan.start.sizes, |number, _| {
            state[usize::try_from(number).expect("an index")]
        });
        check_finite(self.plan.steps, "a parameter", parameters.values())?;
        let gpu = self.timer.as_ref().and_then(Timer::total);
        Ok(Outcome { losses, final_loss, probabilities, parameters, wall, gpu, longest_submission })
    }

    /// Makes the updates from the start, in dispatches that are sized by measured time and by the
    /// loop budget, with a look at the loss at every multiple of `every` and at the end.
    async fn run(&mut self, every: u64, observe: &mut Observer<'_>) -> Result<Run, Error> {
        self.restart();
        let (plan, steps) = (self.plan, self.plan.steps);
        let mut run = Run::new(plan);
        let mut pacer = Pacer::new(1);
        let mut seen = None;
        while self.done < steps {
            let started = Instant::now();
            let first = self.done;
            let count = pacer.next(0, self.budget.min(steps - first));
            // Whole segments from a mark on, or what leads to the next mark.
            let to_mark = every - first % every;
            let (segments, length) = if to_mark == every && count >= every {
                ((count / every).min(LOSS_CAPACITY as u64), every)
            } else {
                (1, count.min(to_mark))
            };
            let looks = (first..).step_by(to_usize(length));
            for (step, &loss) in looks.zip(self.launch(segments, length).await?) {
                check_finite(step, "the loss", [loss])?;
                seen = Some(loss);
                run.keep(plan, step, loss);
            }
            let elapsed = started.elapsed();
            tracing::debug!(segments, length, ?elapsed, "submission");
            run.longest_submission = run.longest_submission.max(elapsed);
            pacer.record(0, segments * length, elapsed);
            let now = Progress { step: self.done, loss: seen };
            if observe(now).is_break() {
                return Err(Error::Interrupted { step: self.done, steps });
            }
        }
        let final_loss = self.launch(1, 0).await?[0];
        check_finite(steps, "the loss", [final_loss])?;
        run.keep(plan, steps, final_loss);
        Ok(run)
    }

    /// Runs one dispatch; returns the loss before each of its segments.
    async fn launch(&mut self, segments: u64, steps: u64) -> Result<&[f32], Error> {
        let launch = Launch {
            first_step: self.done,
            segments: to_usize(segments),
            steps: to_usize(steps),
            ..self.launch
        };
        self.trainer.write(self.gpu, &self.dispatch, launch);
        let losses = Region { tensor: &self.losses, start: 0, len: launch.segments };
        let regions = [Region::from(&self.progress), losses];
        let timer = self.timer.as_mut();
        self.gpu.submit([&self.dispatch], &regions, &mut self.readback, timer).await?;
        self.done += segments * steps;
        let words = self.readback.words();
        if words[1] != launch.nonce {
            return Err(Error::Gpu("the device did not run what it was given".into()));
        }
        check_steps(words[0], self.done)?;
        Ok(bytemuck::cast_slice(&words[2..]))
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
