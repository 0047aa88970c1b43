//! Many networks at once: ensembles, and sweeps in which every pixel is a trained network.

mod axis;
mod checkpoint;
mod chunk;
mod ensemble;
mod grid;
mod population;
mod statistics;

pub use axis::{Axis, Quantity, parameter};
pub use checkpoint::{Checkpoint, Identity};
pub use chunk::{Chunk, Starts};
pub use ensemble::{Ensemble, EnsemblePlan, Sampled, Stuck};
pub use grid::{Grid, GridPlan, Value};
pub use population::{MAX_STEPS, Population};
pub use statistics::{HIGHEST, Histogram, LOWEST, StepsToSolve, wilson};
