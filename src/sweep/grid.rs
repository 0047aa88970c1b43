//! A picture in which every pixel is a trained network.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::axis::{Axis, Quantity};
use super::checkpoint::Checkpoint;
use super::chunk::{Chunk, Starts, TAIL};
use super::population::Population;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::kernels::fused::NEVER;
use crate::numeric::{Scalar, Stream};
use crate::train::Finished;

/// The value that a pixel shows of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Loss after the last step.
    FinalLoss,
    /// Number of the first step before whose update the loss is below the limit for solved
    /// networks. If there is no such step, the number of all steps.
    StepsToSolve,
    /// Convergence measure of Sohl-Dickstein, "The boundary of neural network trainability is
    /// fractal" (2024). Let v be the loss of a step divided by the first loss. The value is −Σv
    /// over all steps if the mean v of the last 20 steps is below 1 (converged), else Σ1/v
    /// (diverged).
    Convergence,
}

/// A sweep to run.
#[derive(Clone, Debug)]
pub struct GridPlan {
    /// What all pixels share. Its learning rate is that of layers whose rate is on no axis.
    pub population: Population,
    /// Seed of the initial parameters, unless an axis gives the seed.
    pub seed: u64,
    /// Number of the ensemble member with that seed whose initial parameters all pixels take.
    pub member: u64,
    /// Initial parameters that are set instead of drawn: number and value.
    pub fixed: Vec<(usize, f32)>,
    /// The horizontal axis, from left to right.
    pub x: Axis,
    /// The vertical axis, from bottom to top.
    pub y: Axis,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// The value that a pixel shows.
    pub value: Value,
}

/// A finished sweep.
#[derive(Clone, Debug)]
pub struct Grid {
    /// The values of the pixels, `[height, width]`; the first row is the lowest.
    pub values: Vec<f32>,
    /// Time of training in this run, without compilation.
    pub wall: Duration,
    /// Number of networks that this run trained.
    pub trained: usize,
}

impl GridPlan {
    /// Number of pixels.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.width * self.height
    }

    /// Whether the axes give the learning rate of every layer, so that there is no other.
    #[must_use]
    pub fn has_rates_on_axes(&self) -> bool {
        let axes = [&self.x, &self.y];
        let of_layer = |layer| {
            axes.iter().any(|axis| axis.quantity.overlaps(Quantity::LearningRate(Some(layer))))
        };
        (0..self.population.recipe.sizes.layers().len()).all(of_layer)
    }

    /// Whether every initial parameter is set or on an axis, so that none is drawn.
    #[must_use]
    pub fn draws_nothing(&self) -> bool {
        let axes = [&self.x, &self.y];
        let is_set = |number: usize| {
            self.fixed.iter().any(|(fixed, _)| *fixed == number)
                || axes.iter().any(|axis| axis.quantity == Quantity::Parameter(number))
        };
        (0..self.population.recipe.sizes.parameter_count()).all(is_set)
    }

    fn starts(&self, first: usize, count: usize) -> Starts {
        let (sizes, method) = (&self.population.recipe.sizes, self.population.recipe.method);
        let rate = f32::from_f64(method.learning_rate());
        let mut starts = Starts::new(sizes.layers().len(), count, rate);
        let mut set: Vec<_> =
            self.fixed.iter().map(|&(number, value)| (number, vec![value; count])).collect();
        for axis in [&self.x, &self.y] {
            if let Quantity::Parameter(number) = axis.quantity {
                set.retain(|(other, _)| *other != number);
                set.push((number, vec![0.0; count]));
            }
        }
        for index in 0..count {
            // In the last chunk the last one again, where there are no more.
            let pixel = (first + index).min(self.pixels() - 1);
            let (column, row) = (pixel % self.width, pixel / self.width);
            let (mut seed, mut scale) = (self.seed, 1.0);
            for (axis, value) in [
                (&self.x, self.x.pixel(column, self.width)),
                (&self.y, self.y.pixel(row, self.height)),
            ] {
                let as_f32 = f32::from_f64(value);
                match axis.quantity {
                    Quantity::LearningRate(layer) => starts.set_rate(index, layer, as_f32),
                    Quantity::InitScale => scale = as_f32,
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "an axis of seeds is checked"
                    )]
                    Quantity::Seed => seed = value as u64,
                    Quantity::Parameter(number) => {
                        let (_, values) = set
                            .iter_mut()
                            .find(|(other, _)| *other == number)
                            .expect("it was put there");
                        values[index] = as_f32;
                    }
                }
            }
            starts.draw(index, Stream::new(seed).of_member(self.member), scale);
        }
        for (number, values) in set {
            starts.set_parameter(number, values);
        }
        starts
    }

    /// Trains all pixels that `checkpoint` does not hold yet, chunk after chunk. `observe` is
    /// called with the number of network-steps that are done.
    ///
    /// # Errors
    /// - [`Error::Paused`] if `observe` asks to stop;
    /// - [`Error::Undone`] or [`Error::Gpu`] if the device fails or did not do all steps;
    /// - [`Error::File`] if a chunk cannot be written.
    pub async fn run(
        &self,
        gpu: &Gpu,
        chunk_size: usize,
        checkpoint: &mut Checkpoint,
        observe: &mut (dyn FnMut(u64) -> ControlFlow<()> + Send + '_),
    ) -> Result<Grid, Error> {
        let (pixels, before) = (self.pixels(), checkpoint.values.len());
        let mut chunk = Chunk::new(gpu, &self.population, chunk_size.min(pixels)).await?;
        let start = Instant::now();
        while checkpoint.values.len() < pixels {
            let first = checkpoint.values.len();
            let starts = self.starts(first, chunk_size.min(pixels));
            let go_on = match chunk.run(&starts, first as u64, observe).await {
                Err(Error::Interrupted { .. }) => ControlFlow::Break(()),
                run => {
                    let (finished, go_on) = run?;
                    let mut values = self.values(&finished);
                    values.truncate(pixels - first);
                    checkpoint.append(&values)?;
                    go_on
                }
            };
            let done = checkpoint.values.len();
            if go_on.is_break() && done < pixels {
                return Err(Error::Paused { done, pixels, path: checkpoint.path().into() });
            }
        }
        let values = checkpoint.values.clone();
        Ok(Grid { trained: values.len() - before, values, wall: start.elapsed() })
    }

    /// What the pixels of a chunk show.
    fn values(&self, finished: &Finished) -> Vec<f32> {
        let Finished { final_losses, solved_at, measures } = finished;
        #[expect(clippy::cast_precision_loss, reason = "a picture shows no more than 24 bits")]
        match self.value {
            Value::FinalLoss => final_losses.clone(),
            Value::StepsToSolve => final_losses
                .iter()
                .zip(solved_at)
                .map(|(&loss, &step)| match step {
                    NEVER if !loss.is_finite() => loss,
                    NEVER => self.population.recipe.steps as f32,
                    step => step as f32,
                })
                .collect(),
            Value::Convergence => {
                let count = final_losses.len();
                let tail = TAIL.min(self.population.recipe.steps) as f32;
                let row = |row: usize| &measures[row * count..(row + 1) * count];
                let sums = row(1).iter().zip(row(2)).zip(row(3));
                sums.map(
                    |((&sum, &reciprocals), &last)| {
                        if last < tail { -sum } else { reciprocals }
                    },
                )
                .collect()
            }
        }
    }
}
