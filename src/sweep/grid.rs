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

/// What a pixel shows of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// The loss after the last step.
    FinalLoss,
    /// The first step before whose update the loss is below `--solved-below`, or the number of
    /// steps if there is none.
    StepsToSolve,
    /// Of Sohl-Dickstein, "The boundary of neural network trainability is fractal" (2024): with v
    /// the loss of a step in units of the first, −Σv over all steps if the mean v of the last 20 is
    /// below 1 (converged), else Σ1/v (diverged).
    Convergence,
}

/// A sweep to be run.
#[derive(Clone, Debug)]
pub struct GridPlan {
    /// What all pixels have in common; the learning rate, where it is no axis.
    pub population: Population,
    /// The seed of the starting parameters, where it is no axis.
    pub seed: u64,
    /// The member of the ensemble with that seed.
    pub member: u64,
    /// Starting parameters that are set instead of drawn, by number.
    pub fixed: Vec<(usize, f32)>,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// What they show.
    pub value: Value,
}

/// A finished sweep.
#[derive(Clone, Debug)]
pub struct Grid {
    /// `[height, width]`; the first row is the lowest.
    pub values: Vec<f32>,
    /// Compilation left out, and what an earlier run had done.
    pub wall: Duration,
    /// Networks that this run trained.
    pub trained: usize,
}

impl GridPlan {
    /// Pixels.
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
        of_layer(0) && of_layer(1)
    }

    /// Whether every starting parameter is set or on an axis, so that none is drawn.
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
        let mut starts =
            Starts::new(count, f32::from_f64(self.population.recipe.method.learning_rate()));
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
                    Quantity::LearningRate(layer) => {
                        let layers = layer.map_or(0..2, |layer| layer..layer + 1);
                        layers.for_each(|layer| starts.set_rate(index, layer, as_f32));
                    }
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

    /// Trains all pixels that `checkpoint` does not hold yet, chunk after chunk; `observe` hears how
    /// many network-steps are done.
    ///
    /// # Errors
    /// [`Error::Paused`] if `observe` breaks off, [`Error::Undone`] or [`Error::Gpu`] if the device
    /// fails or did not do all steps, [`Error::File`] if a chunk cannot be kept.
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
