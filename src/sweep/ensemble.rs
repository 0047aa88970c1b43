//! Ensembles: networks that differ in their initial parameters.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::axis::{Axis, Quantity};
use super::chunk::{Chunk, Starts};
use super::population::Population;
use super::statistics::{Histogram, StepsToSolve};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::kernels::fused::NEVER;
use crate::numeric::{Scalar, Stream};
use crate::task::Parameters;
use crate::train::Finished;

/// The most stuck members that are shown.
const STUCK_SHOWN: usize = 4;

/// The purposes of a member's stream beside its parameters.
const RATE: u32 = 1;
const SCALE: u32 = 2;

/// An ensemble to train.
#[derive(Clone, Debug)]
pub struct EnsemblePlan {
    /// What all members share. Its learning rate is that of all members, unless it varies.
    pub population: Population,
    /// Number of members.
    pub networks: u64,
    /// Seed of everything in which members differ, together with a member's number.
    pub seed: u64,
    /// Quantities that differ besides the initial parameters: learning rate or initialisation
    /// scale, each drawn uniformly from its axis.
    pub vary: Vec<Axis>,
    /// Numbers of the members whose parameters are asked for.
    pub sample: Vec<u64>,
}

/// A member that was asked for.
#[derive(Clone, Debug)]
pub struct Sampled {
    /// Its number.
    pub member: u64,
    /// Its parameters after the last step.
    pub parameters: Parameters,
    /// Its loss after the last step.
    pub final_loss: f32,
}

/// A member that was not solved.
#[derive(Clone, Debug, Serialize)]
pub struct Stuck {
    /// Its number.
    pub member: u64,
    /// Its loss after the last step.
    pub final_loss: f32,
    /// Its output for each row of the data.
    pub outputs: Vec<f32>,
}

/// The result of an ensemble.
#[derive(Clone, Debug, Default)]
pub struct Ensemble {
    /// Number of members that were trained: all, unless the user interrupted the run.
    pub networks: u64,
    /// Steps at which members were solved.
    pub steps_to_solve: StepsToSolve,
    /// The losses after the last step.
    pub final_losses: Histogram,
    /// The first few members that were not solved.
    pub stuck: Vec<Stuck>,
    /// The members that were asked for.
    pub sampled: Vec<Sampled>,
    /// Time of the training, without compilation.
    pub wall: Duration,
}

impl EnsemblePlan {
    /// The learning rate of all members; `None` if it is drawn for each.
    #[must_use]
    pub fn common_learning_rate(&self) -> Option<f64> {
        let is_rate = |axis: &Axis| matches!(axis.quantity, Quantity::LearningRate(_));
        (!self.vary.iter().any(is_rate)).then_some(self.population.recipe.method.learning_rate())
    }

    /// A member's random stream, learning rate and initialisation scale: a pure function of the
    /// seed and the member's number.
    #[must_use]
    pub fn member(&self, member: u64) -> (Stream, f32, f32) {
        let stream = Stream::new(self.seed).of_member(member);
        let rate = self.population.recipe.method.learning_rate();
        let (mut rate, mut scale) = (f32::from_f64(rate), 1.0);
        for axis in &self.vary {
            let (purpose, value) = match axis.quantity {
                Quantity::InitScale => (SCALE, &mut scale),
                _ => (RATE, &mut rate),
            };
            let share = f64::from(stream.for_purpose(purpose).uniform(0)).midpoint(1.0);
            *value = f32::from_f64(axis.at(share));
        }
        (stream, rate, scale)
    }

    /// The starts of `count` members; members beyond the last start as the last.
    fn starts(&self, first: u64, count: usize) -> Starts {
        let mut starts = Starts::new(self.population.recipe.sizes.layers().len(), count, 0.0);
        let last = first.max(self.networks.saturating_sub(1));
        for (index, member) in (first..).take(count).map(|member| member.min(last)).enumerate() {
            let (stream, rate, scale) = self.member(member);
            starts.draw(index, stream, scale);
            starts.set_rate(index, None, rate);
        }
        starts
    }

    /// The initial parameters of a member, drawn on the device as in its ensemble, and its learning
    /// rate.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn start_of(&self, gpu: &Gpu, member: u64) -> Result<(Parameters, f32), Error> {
        let mut chunk = Chunk::new(gpu, &self.population, 1).await?;
        chunk.start(&self.starts(member, 1)).await?;
        let (_, rate, _) = self.member(member);
        Ok((chunk.parameters(0).await?, rate))
    }

    /// Trains all members, chunk after chunk. `observe` is called with the number of network-steps
    /// that are done. If it asks to stop, the chunks that are finished are the result.
    ///
    /// # Errors
    /// - [`Error::Interrupted`] if `observe` asks to stop before any chunk is finished;
    /// - [`Error::Undone`] or [`Error::Gpu`] if the device fails or did not do all steps..
    pub async fn run(
        &self,
        gpu: &Gpu,
        chunk_size: usize,
        observe: &mut (dyn FnMut(u64) -> ControlFlow<()> + Send + '_),
    ) -> Result<Ensemble, Error> {
        let mut ensemble = Ensemble::default();
        let size = usize::try_from(self.networks).unwrap_or(usize::MAX).min(chunk_size);
        let mut chunk = Chunk::new(gpu, &self.population, size).await?;
        let start = Instant::now();
        while ensemble.networks < self.networks {
            let first = ensemble.networks;
            let starts = self.starts(first, size);
            let (finished, go_on) = match chunk.run(&starts, first, observe).await {
                Err(Error::Interrupted { .. }) if first > 0 => break,
                run => run?,
            };
            self.take_in(&mut ensemble, &chunk, &finished, first).await?;
            if go_on.is_break() {
                break;
            }
        }
        ensemble.wall = start.elapsed();
        Ok(ensemble)
    }

    /// Adds the members of a finished chunk, of which the first has number `first`.
    async fn take_in(
        &self,
        ensemble: &mut Ensemble,
        chunk: &Chunk<'_>,
        finished: &Finished,
        first: u64,
    ) -> Result<(), Error> {
        let losses = finished.final_losses.iter().zip(&finished.solved_at);
        for (member, (index, (&final_loss, &solved_at))) in
            (first..self.networks).zip(losses.enumerate())
        {
            ensemble.networks += 1;
            ensemble.final_losses.add(final_loss);
            if solved_at != NEVER {
                ensemble.steps_to_solve.add(solved_at);
            } else if ensemble.stuck.len() < STUCK_SHOWN {
                let outputs = chunk.outputs(index).await?;
                ensemble.stuck.push(Stuck { member, final_loss, outputs });
            }
            if self.sample.contains(&member) {
                let parameters = chunk.parameters(index).await?;
                ensemble.sampled.push(Sampled { member, parameters, final_loss });
            }
        }
        Ok(())
    }
}
