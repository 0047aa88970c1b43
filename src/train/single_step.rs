//! A network that is trained a few steps at a time, and read after each.

use super::fused::{Batch, Evaluation, LoopLimit};
use super::{Layered, Plan, Products};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::train;

/// The complete state of a network, bit for bit.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Number of updates that were made.
    pub step: u64,
    /// The parameters, in the order of a `state_dict`.
    pub parameters: Vec<f32>,
    /// The optimizer's state for each of them, which the next update takes: velocity or residue; or
    /// Adam's m of all, then its v.
    pub optimizer_state: Vec<f32>,
    /// The loss before the last update, if the engine computed it.
    pub loss_before: Option<f32>,
    /// The loss of these parameters, if the engine computed it.
    pub loss_after: Option<f32>,
}

/// A network on the device that one engine trains step by step.
pub struct Stepper<'a> {
    engine: OnDevice<'a>,
    done: u64,
    state: State,
}

enum OnDevice<'a> {
    Layered(Box<Layered<'a>>),
    Fused(Box<Batch<'a>>),
}

impl<'a> Stepper<'a> {
    /// A network at the plan's start, trained by the layered engine.
    ///
    /// # Errors
    /// As [`Layered::new`].
    pub async fn layered(
        gpu: &'a Gpu,
        plan: &'a Plan,
        products: Products<'_, '_>,
    ) -> Result<Self, Error> {
        let layered = Layered::with_products(gpu, plan, products).await?;
        let engine = OnDevice::Layered(Box::new(layered));
        Ok(Self { engine, done: 0, state: State::at_start(plan) })
    }

    /// A network at the plan's start, trained by the fused engine.
    ///
    /// # Errors
    /// As [`Fused::new`](super::Fused::new).
    pub async fn fused(gpu: &'a Gpu, plan: &'a Plan) -> Result<Self, Error> {
        let (_, problem) = train::Engine::fused_problem(&plan.recipe)?;
        let mut batch = Batch::new(gpu, problem, 1, 1, true, LoopLimit::Safe).await?;
        gpu.write_at(&batch.state, 0, &plan.state_rows());
        batch.start(0.0, 0);
        let state = advance(&mut batch, 0).await?;
        Ok(Self { engine: OnDevice::Fused(Box::new(batch)), done: 0, state })
    }

    /// The stems of the shaders that a step launches.
    #[must_use]
    pub fn kernels(&self) -> Vec<&'static str> {
        match &self.engine {
            OnDevice::Layered(layered) => layered.kernels().collect(),
            OnDevice::Fused(batch) => vec![batch.kernel()],
        }
    }

    /// Number of updates that were made.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done
    }

    /// The state after the last of them.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Makes `steps` updates.
    ///
    /// # Errors
    /// [`Error::Undone`] or [`Error::Gpu`] if the device fails or did not do all of them.
    pub async fn advance(&mut self, steps: u64) -> Result<&State, Error> {
        let end = self.done + steps;
        while self.done < end {
            let left = end - self.done;
            let count;
            (count, self.state) = match &mut self.engine {
                OnDevice::Layered(layered) => {
                    let count = left.min(layered.steps_at_once());
                    (count, layered.advance(self.done, count).await?)
                }
                OnDevice::Fused(batch) => {
                    let count = batch.next(left);
                    (count, advance(batch, count).await?)
                }
            };
            self.done += count;
        }
        Ok(&self.state)
    }

    /// Loads another state, with its number of updates.
    pub fn load(&mut self, gpu: &Gpu, state: &State) {
        match &mut self.engine {
            OnDevice::Layered(layered) => layered.load(state),
            OnDevice::Fused(batch) => {
                let values = [&state.parameters[..], &state.optimizer_state].concat();
                gpu.write_at(&batch.state, 0, &values);
                batch.count_from(state.step);
            }
        }
        self.done = state.step;
        self.state = State { loss_before: None, loss_after: None, ..state.clone() };
    }

    /// Loads a state and returns its loss. The layered engine makes an update there.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub async fn loss_of(&mut self, gpu: &Gpu, state: &State) -> Result<f32, Error> {
        self.load(gpu, state);
        if let OnDevice::Fused(batch) = &mut self.engine {
            return Ok(advance(batch, 0).await?.loss_after.expect("a look"));
        }
        Ok(self.advance(1).await?.loss_before.expect("the layered engine computes it"))
    }

    /// A tensor that the last step of the layered engine wrote, by the name that
    /// [`Reference::trace`](crate::cpu::Reference::trace) gives it. `None` if it was not written,
    /// or the other engine trains the network.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn read(&self, layer: usize, name: &str) -> Result<Option<Vec<f32>>, Error> {
        match &self.engine {
            OnDevice::Layered(layered) => layered.read(layer, name).await,
            OnDevice::Fused(_) => Ok(None),
        }
    }
}

impl State {
    /// Whether all values are finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        let losses = self.loss_before.iter().chain(&self.loss_after);
        self.parameters
            .iter()
            .chain(&self.optimizer_state)
            .chain(losses)
            .all(|value| value.is_finite())
    }

    fn at_start(plan: &Plan) -> Self {
        let parameters: Vec<f32> = plan.start.values().collect();
        let states = plan.recipe.method.states_per_parameter();
        let optimizer_state = vec![0.0; states * parameters.len()];
        Self { step: 0, parameters, optimizer_state, loss_before: None, loss_after: None }
    }
}

/// One dispatch of `steps` updates and a look, by a fused kernel.
async fn advance(batch: &mut Batch<'_>, steps: u64) -> Result<State, Error> {
    let left = batch.evaluate([1, steps]).await?;
    let loss_after = left.losses.first().copied();
    let Evaluation { parameters, optimizer_state, .. } = left;
    Ok(State { step: batch.done(), parameters, optimizer_state, loss_before: None, loss_after })
}
