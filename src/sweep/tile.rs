//! As many networks as are trained side by side.

use std::ops::ControlFlow;

use crate::dataset::Dataset;
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Kernel, Region, Tensor};
use crate::kernels::train_invocation::Problem;
use crate::kernels::uniform_draw::{self, Draw, MOST_ROWS, ORIGIN_ROWS};
use crate::model::{Init, LayerSizes, Parameters};
use crate::rng::Stream;
use crate::rule::{Loss, Variant};
use crate::train::{Budget, Members, Trainer, problem};

/// What all networks have in common.
#[derive(Clone, Debug)]
pub struct Task {
    /// The rows to learn; every step sees all of them.
    pub data: Dataset,
    /// Neurons of each layer.
    pub sizes: LayerSizes,
    /// The law of the starting parameters: one of the uniform ones.
    pub init: Init,
    /// What a step computes.
    pub variant: Variant,
    /// Updates to make.
    pub steps: u64,
    /// A network is solved at the first step before whose update its loss is below this.
    pub solved_below: f32,
    /// How many steps a dispatch may take.
    pub budget: Budget,
}

/// Steps at the end of a run whose mean loss tells whether it converged.
pub const TAIL: u64 = 20;

/// The most steps of a network in a tile: counters have 32 bits, and the last means "never".
pub const MAX_STEPS: u64 = 1 << 31;

/// The most that losses of all rows may sum up to where a network counts as solved: kernels look at
/// the product of the probabilities, and exp(−87) is the smallest that f32 has all digits of.
const MOST_NATS: f64 = 80.0;

fn refused(sizes: &LayerSizes, why: &str) -> Error {
    Error::Usage(format!("networks {sizes}: many of them need the fused engine, and {why}"))
}

impl Task {
    /// What a shader is compiled for.
    ///
    /// # Errors
    /// [`Error::Usage`] if none can be, with the reason.
    pub fn problem(&self) -> Result<Problem<'_>, Error> {
        problem(&self.data, &self.sizes, self.variant).map_err(|why| refused(&self.sizes, &why))
    }

    /// What trains each network.
    ///
    /// # Errors
    /// As [`Self::problem`].
    pub fn trainer(&self) -> Result<Trainer, Error> {
        Trainer::of(self.problem()?).map_err(Error::Usage)
    }

    /// Whether it can be run; if not, why.
    ///
    /// # Errors
    /// [`Error::Usage`] with the reason.
    pub fn check(&self) -> Result<(), Error> {
        self.problem()?;
        if !(self.solved_below > 0.0 && self.solved_below.is_finite()) {
            return Err(Error::Usage(format!(
                "a loss of {} solves nothing: expected a finite number above 0",
                self.solved_below
            )));
        }
        #[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
        let most = MOST_NATS / self.data.batch_size() as f64;
        if self.variant.loss == Loss::CrossEntropy && f64::from(self.solved_below) > most {
            return Err(Error::Usage(format!(
                "solved below a loss of {}: with {} rows that can be told up to {most}",
                self.solved_below,
                self.data.batch_size()
            )));
        }
        if self.init == Init::Normal {
            return Err(Error::Usage(
                "many networks start from a uniform law, drawn on the GPU, and not a normal one: \
                 torch or uniform"
                    .into(),
            ));
        }
        Ok(())
    }
}

/// Where the networks of a tile start.
#[derive(Clone, Debug)]
pub struct Starts {
    /// `[6, member_count]`, see [`uniform_draw`].
    origins: Vec<u32>,
    /// `[2, member_count]`: learning rates of the hidden layer and of the output.
    rates: Vec<f32>,
    /// Parameters that are set instead of drawn: the number, and a value for each member.
    fixed: Vec<(usize, Vec<f32>)>,
    member_count: usize,
}

impl Starts {
    /// Of so many members, all with this learning rate; where they start is to be set.
    #[must_use]
    pub fn new(member_count: usize, learning_rate: f32) -> Self {
        Self {
            origins: vec![0; ORIGIN_ROWS * member_count],
            rates: vec![learning_rate; 2 * member_count],
            fixed: vec![],
            member_count,
        }
    }

    /// Draws the parameters of a member from a stream, times `scale`.
    pub fn draw(&mut self, index: usize, stream: Stream, scale: f32) {
        let words = stream.key.into_iter().chain(stream.counter).chain([scale.to_bits()]);
        for (row, word) in words.enumerate() {
            self.origins[row * self.member_count + index] = word;
        }
    }

    /// Sets the learning rate of one layer of a member: 0 the hidden one, 1 the output.
    pub fn set_rate(&mut self, index: usize, layer: usize, rate: f32) {
        self.rates[layer * self.member_count + index] = rate;
    }

    /// Sets parameter number `parameter` of every member.
    pub fn set_parameter(&mut self, parameter: usize, values: Vec<f32>) {
        assert_eq!(values.len(), self.member_count, "a value for each member");
        self.fixed.push((parameter, values));
    }
}

/// What has become of a tile.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The loss after the last update of each member.
    pub final_losses: Vec<f32>,
    /// The step before whose update each was solved, or
    /// [`NEVER`](crate::kernels::train_invocation::NEVER).
    pub solved_at: Vec<u32>,
    /// Where measured, `[4, member_count]`, see
    /// [`Problem::measures_row`](crate::kernels::train_invocation::Problem::measures_row).
    pub measures: Vec<f32>,
}

/// Networks that are trained side by side on the device.
pub struct Tile<'a> {
    gpu: &'a Gpu,
    task: &'a Task,
    members: Members<'a>,
    draws: Vec<Dispatch>,
    origins: Tensor,
    member_count: usize,
}

impl<'a> Tile<'a> {
    /// Compiles the task and makes room for its members.
    ///
    /// # Errors
    /// [`Error::Usage`] if it cannot be run or does not fit, [`Error::Gpu`] if the driver refuses.
    pub async fn new(gpu: &'a Gpu, task: &'a Task, member_count: usize) -> Result<Self, Error> {
        task.check()?;
        let problem = task.problem()?;
        let members = Members::new(gpu, problem, member_count, 2, 0, task.budget).await?;
        let origins = gpu.zeros("origins", ORIGIN_ROWS * member_count).await?;
        let kernel = Kernel::new(gpu, &uniform_draw::SPEC, &[]).await?;
        let mut draws = vec![];
        let mut first = 0;
        for (inputs, outputs) in task.sizes.layers() {
            let end = first + (inputs + 1) * outputs;
            while first < end {
                let draw = Draw {
                    first_parameter: u32::try_from(first).expect("few"),
                    first_row: first,
                    row_count: (end - first).min(MOST_ROWS),
                    extent: task.init.extent(inputs),
                };
                let tensors = [&origins, &members.state];
                draws.push(uniform_draw::dispatch(gpu, &kernel, draw, tensors).await?);
                first += draw.row_count;
            }
        }
        Ok(Self { gpu, task, members, draws, origins, member_count })
    }

    /// Puts the members where they start.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn start(&mut self, starts: &Starts) -> Result<(), Error> {
        assert_eq!(starts.member_count, self.member_count, "members of the tile");
        let problem = self.members.problem;
        self.gpu.write(&self.origins, &starts.origins);
        let mut nothing = self.gpu.readback(0).await?;
        self.gpu.submit(&self.draws, &[], &mut nothing, None).await?;
        for (parameter, values) in &starts.fixed {
            self.members.write_row(*parameter, values);
        }
        if problem.variant.careful || problem.variant.momentum != 0.0 {
            let zeros = vec![0.0; problem.parameter_count() * self.member_count];
            self.members.write_row(problem.carried_row(), &zeros);
        }
        self.members.write_row(problem.rates_row(), &starts.rates);
        let tail_from = u32::try_from(self.task.steps.saturating_sub(TAIL));
        self.members.start(self.task.solved_below, tail_from.expect("steps have 32 bits"));
        Ok(())
    }

    /// Trains members from their starts to the end; `observe` hears of every submission how many
    /// network-steps are done, with those of `before` other networks. Where it asks to stop after the
    /// last, that is passed on with what is finished.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if it asks to stop earlier, [`Error::Undone`] if the device left out
    /// steps, [`Error::Gpu`] if it fails.
    pub async fn run(
        &mut self,
        starts: &Starts,
        before: u64,
        observe: &mut (dyn FnMut(u64) -> ControlFlow<()> + '_),
    ) -> Result<(Finished, ControlFlow<()>), Error> {
        let (count, all_steps) = (self.member_count as u64, self.task.steps);
        let mut go_on = ControlFlow::Continue(());
        let mut watch = |steps: u64| {
            go_on = observe(before * all_steps + steps * count);
            go_on
        };
        loop {
            match self.attempt(starts, &mut watch).await {
                // The same bits again, in smaller parts.
                Err(Error::Undone { .. }) if self.members.lower_budget() => {}
                outcome => return Ok((outcome?, go_on)),
            }
        }
    }

    async fn attempt(
        &mut self,
        starts: &Starts,
        observe: &mut (dyn FnMut(u64) -> ControlFlow<()> + '_),
    ) -> Result<Finished, Error> {
        self.start(starts).await?;
        // What the driver compiles at its first dispatch is no step's time.
        if !self.members.is_timed() {
            self.members.advance([1, 0], &[]).await?;
        }
        let mut segments = 1;
        while self.members.done() < self.task.steps {
            let count = self.members.next(self.task.steps - self.members.done());
            segments = 1 + u64::from(self.members.is_at_start());
            self.members.advance([segments, count], &[]).await?;
            let (step, steps) = (self.members.done(), self.task.steps);
            if observe(step).is_break() && step < steps {
                return Err(Error::Interrupted { step, steps });
            }
        }
        self.finished(segments == 2).await
    }

    /// Reads what has become of the members, and whether all was done; the last look is the second
    /// of its dispatch if all steps were made in one.
    async fn finished(&mut self, in_one: bool) -> Result<Finished, Error> {
        let [progress, losses, state] =
            [&self.members.progress, &self.members.losses, &self.members.state].map(Tensor::clone);
        let rows = if self.task.variant.measured { 4 } else { 0 };
        let measures = Region {
            tensor: &state,
            start: self.members.problem.measures_row() * self.member_count,
            len: rows * self.member_count,
        };
        let (start, len) = (usize::from(in_one) * self.member_count, self.member_count);
        let last = Region { tensor: &losses, start, len };
        let regions = [Region::from(&progress), last, measures];
        let words = self.gpu.read_regions(&regions).await?;
        let (progress, rest) = words.split_at(progress.len());
        let (losses, measures) = rest.split_at(self.member_count);
        let floats = |words: &[u32]| words.iter().map(|&word| f32::from_bits(word)).collect();
        Ok(Finished {
            solved_at: self.members.check(progress)?.to_vec(),
            final_losses: floats(losses),
            measures: floats(measures),
        })
    }

    /// The outputs of one member after the last step, `[batch_size, 1]`.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn outputs(&self, index: usize) -> Result<Vec<f32>, Error> {
        self.column(&self.members.outputs, self.task.data.batch_size(), index).await
    }

    /// The parameters of one member as they are.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn parameters(&self, index: usize) -> Result<Parameters, Error> {
        let count = self.members.problem.parameter_count();
        let values = self.column(&self.members.state, count, index).await?;
        Ok(Parameters::from_fn(&self.task.sizes, |number, _| values[number as usize]))
    }

    /// The parameters of all members as they are, `[parameter_count, member_count]`.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn all_parameters(&self) -> Result<Vec<f32>, Error> {
        let len = self.members.problem.parameter_count() * self.member_count;
        let region = Region { tensor: &self.members.state, start: 0, len };
        let words = self.gpu.read_regions(&[region]).await?;
        Ok(words.into_iter().map(f32::from_bits).collect())
    }

    /// One member's value in each of the first rows of a tensor.
    async fn column(&self, tensor: &Tensor, rows: usize, index: usize) -> Result<Vec<f32>, Error> {
        let region = |row: usize| Region { tensor, start: row * self.member_count + index, len: 1 };
        let regions: Vec<_> = (0..rows).map(region).collect();
        let words = self.gpu.read_regions(&regions).await?;
        Ok(words.into_iter().map(f32::from_bits).collect())
    }
}
