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
pub use partial::Partial;
pub use statistics::{HIGHEST, Histogram, LOWEST, StepsToSolve, wilson};
pub use tile::{Finished, MAX_STEPS, Starts, Task, Tile};

use crate::error::Error;
use crate::gpu::{DeviceType, Gpu};
use crate::train::Trainer;

/// How many networks are trained side by side: enough to fill the adapter, and few enough that
/// submissions of some hundredths of a second make many steps each, or one of larger networks, and
/// that each tensor fits the adapter.
///
/// # Errors
/// [`Error::Usage`] if the task cannot be run.
pub fn tile_size(gpu: &Gpu, task: &Task) -> Result<usize, Error> {
    let full = match (task.trainer()?, gpu.adapter.device_type) {
        (Trainer::Invocation, DeviceType::Software) => 1 << 14,
        (Trainer::Invocation, _) => 1 << 20,
        (Trainer::Workgroup, DeviceType::Software) => 1 << 8,
        (Trainer::Workgroup, _) => 1 << 12,
    };
    let rows = task.problem()?.state_rows().max(task.data.batch_size());
    let fits = gpu.max_tensor_bytes() / (4 * rows as u64);
    Ok(usize::try_from(fits).unwrap_or(full).clamp(1, full))
}
