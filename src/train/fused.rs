//! The fused engine: many steps in one dispatch, for networks with one hidden layer: the smallest
//! trained by one invocation, larger ones by one workgroup.

use std::time::Instant;

use super::budget::Budget;
use super::members::Members;
use super::trainer::Trainer;
use super::{Counted, Observer, Outcome, Plan, Progress, Run, check_finite};
use crate::error::Error;
use crate::gpu::{Gpu, Region};
use crate::kernels::train_invocation::{PROGRESS_ROWS, Problem};
use crate::model::Parameters;
use crate::rule::{Rule, Variant};
use crate::scalar::Scalar;

/// Losses of one dispatch.
pub(crate) const LOSS_CAPACITY: u64 = 1_024;

/// A network on the device, trained by one invocation or one workgroup.
pub struct Fused<'a> {
    gpu: &'a Gpu,
    plan: &'a Plan,
    members: Members<'a>,
    run: Run,
    /// Whether the loss at nine tenths of the steps is wanted, which may take a dispatch more.
    looks_late: bool,
    /// What the last dispatch left: the outputs, then the state.
    last: Vec<f32>,
    counted: Option<Counted>,
}

/// What a shader is compiled for; or why none can be.
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
    let (inputs, targets) = (&data.inputs, &data.targets);
    let problem = Problem { input_size, hidden_size, inputs, targets, variant, lanes: 1 };
    Trainer::of(problem)?;
    Ok(problem)
}

impl<'a> Fused<'a> {
    /// What of the engine runs a plan; if nothing does, why.
    ///
    /// # Errors
    /// The reason.
    pub fn can_run(plan: &Plan) -> Result<Trainer, String> {
        let problem = problem(&plan.data, &plan.start.sizes, plan.variant)?;
        if plan.rule != Rule::sgd(plan.rule.learning_rate) {
            return Err("it takes plain SGD on mean binary cross-entropy".into());
        }
        Trainer::of(problem)
    }

    /// Compiles the plan's trainer.
    ///
    /// # Errors
    /// [`Error::Usage`] if the engine cannot run it, [`Error::Gpu`] if the driver refuses.
    pub async fn new(gpu: &'a Gpu, plan: &'a Plan, budget: Budget) -> Result<Self, Error> {
        let refused = |why| Error::Usage(format!("the fused engine does not run this: {why}"));
        Self::can_run(plan).map_err(refused)?;
        let problem = problem(&plan.data, &plan.start.sizes, plan.variant).map_err(refused)?;
        let capacity = usize::try_from(LOSS_CAPACITY).expect("1,024");
        let words = PROGRESS_ROWS + capacity + problem.targets.len() + problem.state_rows();
        let members = Members::new(gpu, problem, 1, capacity, words, budget).await?;
        let (run, last) = (Run::new(plan), vec![]);
        Ok(Self { gpu, plan, members, run, looks_late: false, last, counted: None })
    }

    /// Has a run look at the loss at nine tenths of its steps, too, wherever the marks are.
    #[must_use]
    pub fn looking_late(self) -> Self {
        Self { looks_late: true, ..self }
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
        self.counted = None;
        match self.run(plan.log_every, observe).await {
            // Somewhere between two looks: the same bits again, with a look at every step.
            Err(diverged @ Error::Diverged { .. }) => {
                self.run(1, observe).await?;
                return Err(diverged);
            }
            run => run?,
        }
        let Run { losses, final_loss, late_loss } = std::mem::take(&mut self.run);
        let wall = start.elapsed();
        let parameters = self.parameters();
        check_finite(plan.steps, "a parameter", parameters.values())?;
        let gpu = self.members.gpu_time().await?;
        let longest_submission = self.members.longest_submission;
        let probabilities = self.last[..plan.data.batch_size()].to_vec();
        Ok(Outcome {
            losses,
            final_loss,
            late_loss,
            probabilities,
            parameters,
            wall,
            gpu,
            longest_submission,
        })
    }

    /// The last state of an interrupted run that is known to be right, if there was one.
    pub fn counted(&mut self) -> Option<Counted> {
        self.counted.take()
    }

    /// The parameters that the last dispatch left.
    fn parameters(&self) -> Parameters {
        let state = &self.last[self.plan.data.batch_size()..];
        Parameters::from_fn(&self.plan.start.sizes, |number, _| {
            state[usize::try_from(number).expect("an index")]
        })
    }

    /// Puts the plan's start on the device.
    fn restart(&mut self) {
        let parameters: Vec<f32> = self.plan.start.values().collect();
        let rate = f32::from_f64(self.plan.rule.learning_rate);
        let carried = vec![0.0; parameters.len()];
        let rows = [parameters, carried, vec![rate; 2]].concat();
        self.gpu.write_at(&self.members.state, 0, &rows);
        self.members.start(0.0, 0);
        self.run = Run::new(self.plan);
    }

    /// Makes the updates from the start, whatever the driver makes of them at first.
    async fn run(&mut self, every: u64, observe: &mut Observer<'_>) -> Result<(), Error> {
        loop {
            match self.attempt(every, observe).await {
                // The same bits again, in smaller parts.
                Err(Error::Undone { .. }) if self.members.lower_budget() => {}
                run => return run,
            }
        }
    }

    /// Makes the updates from the start, in dispatches that are sized by measured time and by the
    /// loop budget, with a look at the loss at every multiple of `every` and at the end.
    async fn attempt(&mut self, every: u64, observe: &mut Observer<'_>) -> Result<(), Error> {
        self.restart();
        let steps = self.plan.steps;
        let late = self.plan.late_step();
        // What the driver compiles at its first dispatch is no step's time.
        if !self.members.is_timed() {
            let loss = Some(self.advance(1, 0).await?);
            if observe(Progress { step: 0, loss }).is_break() {
                return Err(Error::Interrupted { step: 0, steps });
            }
        }
        while self.members.done() < steps {
            let done = self.members.done();
            let stops_late = self.looks_late && done < late && !late.is_multiple_of(every);
            let count = self.members.next(if stops_late { late } else { steps } - done);
            // Whole segments from a mark on, or what leads to the next mark.
            let to_mark = every - done % every;
            let (segments, length) = if to_mark == every && count >= every {
                ((count / every).min(LOSS_CAPACITY - 1), every)
            } else {
                (1, count.min(to_mark))
            };
            let first_look = u64::from(self.members.is_at_start());
            let loss = self.advance(first_look + segments, length).await?;
            let step = self.members.done();
            if observe(Progress { step, loss: Some(loss) }).is_break() {
                return Err(Error::Interrupted { step, steps });
            }
        }
        Ok(())
    }

    /// Runs one dispatch; keeps the losses that it saw, and returns the last.
    async fn advance(&mut self, segments: u64, length: u64) -> Result<f32, Error> {
        // The first look at the start comes before any update.
        let before = if self.members.is_at_start() { 0 } else { length };
        let first = self.members.done() + before;
        let len = usize::try_from(segments).expect("few");
        let members = &self.members;
        let [progress, losses] = [members.progress.clone(), members.losses.clone()];
        let [outputs, state] = [members.outputs.clone(), members.state.clone()];
        let losses = Region { tensor: &losses, start: 0, len };
        let regions = [(&progress).into(), losses, (&outputs).into(), (&state).into()];
        let words = self.members.advance([segments, length], &regions).await?;
        let (counters, rest) = words.split_at(progress.len());
        let (losses, last) = rest.split_at(len);
        let (counters, losses) = (counters.to_vec(), losses.to_vec());
        self.last = last.iter().map(|&word| f32::from_bits(word)).collect();
        self.members.check(&counters)?;
        for (segment, &bits) in (0..).zip(&losses) {
            let (step, loss) = (first + segment * length, f32::from_bits(bits));
            check_finite(step, "the loss", [loss])?;
            self.run.keep(self.plan, step, loss);
        }
        let loss = losses.last().map_or(f32::NAN, |&bits| f32::from_bits(bits));
        let counted = Counted::of(self.members.done(), loss, self.parameters());
        self.counted = counted.or(self.counted.take());
        Ok(loss)
    }
}
