//! The layered engine: one dispatch per kernel and layer, any network that fits the adapter.

mod forward_backward;
mod products;
mod tensors;
mod updates;

use std::ops::Range;
use std::time::{Duration, Instant};

pub use self::products::{ProductUse, Products};
use self::tensors::Step;
use super::capacity::check_tensors;
use super::engine::{Engine, Unsupported};
use super::outcome::{check_finite, check_steps, counter};
use super::run::LossRecord;
use super::submission_size::SubmissionSize;
use super::{Counted, Observer, Outcome, Plan, Progress, State};
use crate::error::Error;
use crate::gpu::{Gpu, Readback, Region, Timer};
use crate::task::{Backprop, Method, Optimizer, Recipe, Rounding};

/// Losses that the device keeps before the host has read them. It divides 2³², so that the place
/// of a loss does not jump when the device's counter of steps wraps.
const LOSS_CAPACITY: u64 = 4_096;

/// What the losses hold before the first of them is written: a NaN that no arithmetic makes.
const POISON: u32 = 0x7fc0_dead;

/// Checks that the engine can run a recipe.
///
/// # Errors
/// The reason why it cannot.
pub(super) fn fits(recipe: &Recipe) -> Result<(), String> {
    let Recipe { data: _, sizes: _, method, steps: _ } = recipe;
    // All activations and losses.
    let Method {
        hidden_activation: _,
        output_activation: _,
        loss: _,
        optimizer: Optimizer::Sgd(_) | Optimizer::Adam(_),
        schedule: _,
        backprop: Backprop::Exact | Backprop::ByHand { .. },
        rounding: Rounding::Compensated | Rounding::Plain,
        measured,
    } = *method;
    if measured {
        return Err("it does not measure convergence".into());
    }
    Ok(())
}

/// A network on the device, with its training step as a list of dispatches.
pub struct Layered<'a> {
    gpu: &'a Gpu,
    plan: &'a Plan,
    step: Step,
    readback: Readback,
    timer: Option<Timer>,
    submission_size: SubmissionSize,
    longest_submission: Duration,
    has_run: bool,
    /// How much of the stream is done.
    position: u64,
    /// The last loss that was seen.
    loss: Option<f32>,
}

impl<'a> Layered<'a> {
    /// Uploads the plan and builds its step, with [`Products::Plain`].
    ///
    /// # Errors
    /// [`Error::Usage`] if the adapter cannot hold the plan, [`Error::Gpu`] if the driver refuses.
    pub async fn new(gpu: &'a Gpu, plan: &'a Plan) -> Result<Self, Error> {
        Self::with_products(gpu, plan, Products::Plain).await
    }

    /// Uploads the plan and builds its step, with the given kind of products.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub async fn with_products(
        gpu: &'a Gpu,
        plan: &'a Plan,
        products: Products<'_, '_>,
    ) -> Result<Self, Error> {
        let refused = |why| Unsupported { engine: Engine::Layered, why };
        fits(&plan.recipe).map_err(refused)?;
        check_tensors(gpu, &plan.recipe.data, &plan.start.sizes)?;
        #[expect(clippy::cast_possible_truncation, reason = "4,096")]
        let capacity = LOSS_CAPACITY as usize;
        let step = Step::new(gpu, plan, capacity, products).await?;
        gpu.write(&step.losses, &vec![POISON; capacity]);
        let readback = gpu.readback(capacity + 1).await?;
        let timer = gpu.timer().await?;
        let (submission_size, longest_submission) =
            (SubmissionSize::new(step.dispatches.len()), Duration::ZERO);
        Ok(Self {
            gpu,
            plan,
            step,
            readback,
            timer,
            submission_size,
            longest_submission,
            has_run: false,
            position: 0,
            loss: None,
        })
    }

    /// The kernels of the matrix products of a step, in their order.
    #[must_use]
    pub fn products(&self) -> &[ProductUse] {
        &self.step.products
    }

    /// The stems of the shaders that a step launches, in their order.
    pub fn kernels(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.step.dispatches.iter().map(|dispatch| dispatch.name)
    }

    /// Makes all updates of the plan from its start, then evaluates the final parameters.
    ///
    /// # Errors
    /// - [`Error::Diverged`] at the first loss that is not finite;
    /// - [`Error::Interrupted`] if `observe` asks to stop;
    /// - [`Error::Gpu`] if the device fails or did not do all steps.
    pub async fn train(&mut self, observe: &mut Observer<'_>) -> Result<Outcome, Error> {
        let start = Instant::now();
        if std::mem::replace(&mut self.has_run, true) {
            self.restart();
        }
        let LossRecord { losses, final_loss, late_loss } = self.run(observe).await?;
        let probabilities = self.gpu.read(&self.step.probabilities).await?;
        let parameters = self.step.read_parameters(self.gpu).await?;
        let wall = start.elapsed();
        check_finite(self.plan.recipe.steps, "a parameter", parameters.values())?;
        let gpu = self.gpu.time_of(self.timer.as_mut()).await?;
        let longest_submission = self.longest_submission;
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

    /// Puts the plan's start on the device again.
    fn restart(&mut self) {
        let Step { parameters, optimizer_state, steps_done, losses, .. } = &self.step;
        let start: Vec<f32> = self.plan.start.values().collect();
        self.gpu.write(parameters, &self.step.aligned(&start));
        self.gpu.write(optimizer_state, &vec![0.0_f32; optimizer_state.len()]);
        self.gpu.write(steps_done, &[0_u32]);
        self.gpu.write(losses, &vec![POISON; losses.len()]);
        if let Some(timer) = &mut self.timer {
            timer.restart();
        }
        self.longest_submission = Duration::ZERO;
        (self.position, self.loss) = (0, None);
    }

    /// Repeats the step, then its forward pass once more, as one stream of dispatches cut into
    /// submissions.
    async fn run(&mut self, observe: &mut Observer<'_>) -> Result<LossRecord, Error> {
        let (plan, steps) = (self.plan, self.plan.recipe.steps);
        let end = self.stream_position(steps) + self.step.forward_len as u64;
        let mut run = LossRecord::new(plan);
        while self.position < end {
            self.submit_before(end, &mut |step, loss| run.keep(plan, step, loss)).await?;
            let (step, loss) = (self.updates_before(self.position), self.loss);
            if observe(Progress { step, loss }).is_break() {
                return Err(Error::Interrupted { step, steps });
            }
        }
        Ok(run)
    }

    /// The state of an interrupted run, if it is known to be complete. The run goes on until the
    /// loss of its parameters is computed, then they are read with the device's count of steps.
    ///
    /// # Errors
    /// As [`Self::train`].
    pub async fn counted(&mut self) -> Result<Option<Counted>, Error> {
        let (len, forward) = (self.step.dispatches.len() as u64, self.step.forward_len as u64);
        let into = self.position % len;
        let end = self.position - into + forward + if into > forward { len } else { 0 };
        if self.updates_before(end) == 0 {
            return Ok(None);
        }
        while self.position < end {
            self.submit_before(end, &mut |_, _| ()).await?;
        }
        let step = self.updates_before(end);
        let regions = [&self.step.steps_done, &self.step.parameters].map(Region::from);
        let words = self.gpu.read_regions(&regions).await?;
        check_steps(words[0], step)?;
        let parameters = self.step.parameters_of(bytemuck::cast_slice(&words[1..]));
        Ok(self.loss.and_then(|loss| Counted::of(step, loss, parameters)))
    }

    /// Runs one submission of the stream, which ends at `end` at the latest; `keep` takes the step
    /// and value of each loss in it.
    async fn submit_before(
        &mut self,
        end: u64,
        keep: &mut dyn FnMut(u64, f32),
    ) -> Result<(), Error> {
        let started = Instant::now();
        let done = self.position;
        // One loss fewer than there is room for: a submission may begin and end within a step.
        let most = self.stream_position(self.step.updates.most().min(LOSS_CAPACITY - 1));
        let count = self.submission_size.next(done, most.min(end - done));
        let first = self.losses_before(done);
        let losses = self.submit(done..done + count).await?;
        for (step, &loss) in (first..).zip(losses) {
            keep(step, loss);
        }
        let last = losses.last().copied();
        self.loss = last.or(self.loss);
        let elapsed = started.elapsed();
        tracing::debug!(dispatches = count, ?elapsed, "submission");
        self.longest_submission = self.longest_submission.max(elapsed);
        self.submission_size.record(done, count, elapsed);
        self.position += count;
        Ok(())
    }

    /// Runs part of the stream of dispatches; returns the losses that it computed.
    async fn submit(&mut self, part: Range<u64>) -> Result<&[f32], Error> {
        let losses = self.losses_before(part.start)..self.losses_before(part.end);
        let updates = self.updates_before(part.start)..self.updates_before(part.end);
        self.step.updates.write(self.gpu, updates);
        let dispatches = part.clone().map(|position| self.step.at(position));
        let tensor = &self.step.losses;
        let [first, second] =
            ring(losses.clone()).map(|(start, len)| Region { tensor, start, len });
        let regions = [Region::from(&self.step.steps_done), first, second];
        let timer = self.timer.as_mut();
        self.gpu.submit(dispatches, &regions, &mut self.readback, timer).await?;
        let words = self.readback.words();
        check_steps(words[0], self.updates_before(part.end))?;
        check_losses(losses.start, &words[1..])?;
        Ok(bytemuck::cast_slice(&words[1..]))
    }

    /// Number of steps in one submission if their time is not measured.
    pub(super) fn steps_at_once(&self) -> u64 {
        const DISPATCHES: u64 = 256;
        (DISPATCHES / self.step.dispatches.len() as u64).max(1)
    }

    /// Makes updates number `done` to `done + steps`, of which the caller sees to it that they are
    /// few; reads the parameters and the optimizer's state then, and the loss before the last update.
    pub(super) async fn advance(&mut self, done: u64, steps: u64) -> Result<State, Error> {
        let last = usize::try_from((done + steps - 1) % LOSS_CAPACITY).expect("4,096 at most");
        let Step { steps_done, losses, parameters, optimizer_state, .. } = &self.step;
        let loss = Region { tensor: losses, start: last, len: 1 };
        let regions = [steps_done.into(), loss, parameters.into(), optimizer_state.into()];
        self.step.updates.write(self.gpu, done..done + steps);
        let part = self.stream_position(done)..self.stream_position(done + steps);
        let dispatches = part.map(|position| self.step.at(position));
        let mut readback = self.gpu.readback(2 + parameters.len() + optimizer_state.len()).await?;
        self.gpu.submit(dispatches, &regions, &mut readback, None).await?;
        let words = readback.words();
        check_steps(words[0], done + steps)?;
        let values: Vec<f32> = words[1..].iter().map(|&word| f32::from_bits(word)).collect();
        let (parameters, optimizer_state) = values[1..].split_at(parameters.len());
        Ok(State {
            step: done + steps,
            parameters: self.step.packed(parameters),
            optimizer_state: self.step.packed(optimizer_state),
            loss_before: Some(values[0]),
            loss_after: None,
        })
    }

    /// Goes to a state.
    pub(super) fn load(&self, state: &State) {
        self.gpu.write(&self.step.parameters, &self.step.aligned(&state.parameters));
        self.gpu.write(&self.step.optimizer_state, &self.step.aligned(&state.optimizer_state));
        self.gpu.write(&self.step.steps_done, &[counter(state.step)]);
    }

    /// A tensor that the last step left behind, by the name that [`Reference::trace`] gives it;
    /// none if nothing wrote it.
    ///
    /// [`Reference::trace`]: crate::cpu::Reference::trace
    pub(super) async fn read(&self, layer: usize, name: &str) -> Result<Option<Vec<f32>>, Error> {
        let Some(tensor) = self.step.tensor(layer, name) else { return Ok(None) };
        Ok(Some(self.gpu.read(tensor).await?))
    }

    /// The position in the stream at which a step begins.
    fn stream_position(&self, step: u64) -> u64 {
        step.saturating_mul(self.step.dispatches.len() as u64)
    }

    /// How many losses the stream has computed before this position.
    fn losses_before(&self, position: u64) -> u64 {
        let len = self.step.dispatches.len() as u64;
        position / len + u64::from(position % len >= self.step.forward_len as u64)
    }

    /// How many updates the stream has made before this position.
    fn updates_before(&self, position: u64) -> u64 {
        position / self.step.dispatches.len() as u64
    }
}

/// The positions of the losses of these steps: one span, or two around the end of the ring.
fn ring(steps: Range<u64>) -> [(usize, usize); 2] {
    let index = |number: u64| usize::try_from(number).expect("less than the capacity");
    let start = steps.start % LOSS_CAPACITY;
    let len = steps.end - steps.start;
    let before_the_end = len.min(LOSS_CAPACITY - start);
    [(index(start), index(before_the_end)), (0, index(len - before_the_end))]
}

/// Whether each loss was written and is a number.
fn check_losses(first: u64, losses: &[u32]) -> Result<(), Error> {
    for (step, &bits) in (first..).zip(losses) {
        let loss = f32::from_bits(bits);
        if bits == POISON {
            return Err(Error::Gpu(format!(
                "the loss of step {step} was never written: the driver left work undone without \
                 an error; nothing was saved"
            )));
        }
        check_finite(step, "the loss", [loss])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_the_ring_join_at_its_end() {
        assert_eq!(ring(0..10), [(0, 10), (0, 0)]);
        assert_eq!(ring(4_090..4_096), [(4_090, 6), (0, 0)]);
        assert_eq!(ring(4_090..4_100), [(4_090, 6), (0, 4)]);
        assert_eq!(ring(8_192..8_192), [(0, 0), (0, 0)]);
    }

    #[test]
    fn a_loss_that_was_not_written_is_told_from_one_that_diverged() {
        let half = 0.5_f32.to_bits();
        assert!(check_losses(7, &[half, half]).is_ok());
        assert!(matches!(check_losses(7, &[half, POISON]), Err(Error::Gpu(_))));
        for bits in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].map(f32::to_bits) {
            let found = check_losses(7, &[half, bits]);
            assert!(matches!(found, Err(Error::Diverged { step: 8, .. })), "{found:?}");
        }
    }
}
