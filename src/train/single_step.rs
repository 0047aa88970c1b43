//! A network that is trained a few steps at a time, and looked at after each.

use super::fused::{Batch, Evaluation, LoopLimit, problem};
use super::{Layered, Plan, Products};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::train;

/// Where a network stands, bit for bit.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// In the order of a `state_dict`.
    pub parameters: Vec<f32>,
    /// What the last update hands to the next for each of them: what rounding left out.
    pub optimizer_state: Vec<f32>,
    /// The loss before the last update, if the engine computed it.
    pub loss_before: Option<f32>,
    /// The loss of these parameters, if the engine computed it.
    pub loss_after: Option<f32>,
}

/// A network on the device, in the hands of one engine.
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
    /// At the plan's start, with a dispatch for each kernel.
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

    /// At the plan's start, with many steps in one dispatch.
    ///
    /// # Errors
    /// As [`Fused::new`].
    pub async fn fused(gpu: &'a Gpu, plan: &'a Plan) -> Result<Self, Error> {
        train::Engine::fused_kernel(&plan.recipe)?;
        let problem = problem(&plan.recipe).map_err(Error::Usage)?;
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

    /// Updates made.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done
    }

    /// After the last of them.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Makes so many updates.
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

    /// Goes to another state.
    pub fn load(&mut self, gpu: &Gpu, state: &State) {
        match &self.engine {
            OnDevice::Layered(layered) => layered.load(state),
            OnDevice::Fused(batch) => {
                let values = [&state.parameters[..], &state.optimizer_state].concat();
                gpu.write_at(&batch.state, 0, &values);
            }
        }
        self.state = State { loss_before: None, loss_after: None, ..state.clone() };
    }

    /// The loss of a state, which it goes to; the layered engine makes an update there.
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

    /// A tensor that the last step of the layered engine left behind, by the name that
    /// [`Reference::trace`](crate::cpu::Reference::trace) gives it; none if it was not written, or
    /// by the other engine.
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
    /// Whether all of it is finite numbers.
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
        let optimizer_state = vec![0.0; parameters.len()];
        Self { parameters, optimizer_state, loss_before: None, loss_after: None }
    }
}

/// One dispatch of `steps` updates and a look, by a fused kernel.
async fn advance(batch: &mut Batch<'_>, steps: u64) -> Result<State, Error> {
    let left = batch.evaluate([1, steps]).await?;
    let loss_after = left.losses.first().copied();
    let Evaluation { parameters, optimizer_state, .. } = left;
    Ok(State { parameters, optimizer_state, loss_before: None, loss_after })
}
