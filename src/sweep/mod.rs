//! Many networks at once: ensembles, and sweeps in which every pixel is a trained network.

mod axis;
mod ensemble;
mod grid;
mod partial;
mod statistics;
mod tile;

pub use axis::{Axis, Quantity, parameter};
pub use ensemble::{Ensemble, EnsemblePlan, Sampled, Stuck};
pub use grid::{Grid, GridPlan, Value};
pub use partial::{Identity, Partial};
pub use statistics::{HIGHEST, Histogram, LOWEST, StepsToSolve, wilson};
pub use tile::{Finished, MAX_STEPS, Starts, Task, Tile};

use crate::error::Error;
use crate::gpu::{DeviceType, Gpu};
use crate::train::Trainer;

/// Tiles have a multiple of so many networks, if they have more.
const GROUP: u64 = 64;

/// What all values of a tile may take on the device, about.
const MOST_BYTES: u64 = 1 << 28;

/// Flops of a step of a whole tile, which is the least that a submission makes: some tenths of a
/// second on the slowest adapters, where drivers give up after two.
const STEP_FLOPS: f64 = 2e9;

/// Flops of all steps of a tile: what is lost if a sweep is interrupted.
const TILE_FLOPS: f64 = 1e13;

/// How many of so many networks are trained side by side: enough to fill the adapter, and few enough
/// that submissions of some hundredths of a second make many steps each, or one of larger networks,
/// and that each tensor fits the adapter; all tiles have about as many.
///
/// # Errors
/// [`Error::Usage`] if the task cannot be run.
pub fn tile_size(gpu: &Gpu, task: &Task, networks: u64) -> Result<usize, Error> {
    let full: u64 = match (task.trainer()?, gpu.adapter.device_type) {
        (Trainer::Invocation, DeviceType::Software) => 1 << 14,
        (Trainer::Invocation, _) => 1 << 20,
        (Trainer::Workgroup, DeviceType::Software) => 1 << 8,
        (Trainer::Workgroup, _) => 1 << 12,
    };
    let problem = task.problem()?;
    let rows = problem.state_rows().max(task.data.batch_size());
    let fits = gpu.max_tensor_bytes().min(MOST_BYTES) / (4 * rows as u64);
    let flops = problem.step_cost().flops;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a positive number, and any near it will do"
    )]
    let [by_step, by_run] =
        [STEP_FLOPS / flops, TILE_FLOPS / (flops * task.steps as f64)].map(|count| count as u64);
    let most = fits.min(by_step).min(by_run.max(full / 8)).clamp(1, full);
    let even = networks.div_ceil(networks.div_ceil(most)).next_multiple_of(GROUP).min(most);
    Ok(usize::try_from(even).expect("fewer than 2²⁰"))
}
