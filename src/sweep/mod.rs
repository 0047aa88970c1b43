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
pub use statistics::{Histogram, StepsToSolve, wilson};
pub use tile::{Finished, MAX_STEPS, Starts, Task, Tile};

use crate::gpu::{AdapterSummary, DeviceType};

/// How many networks are trained side by side: enough to fill the adapter, and few enough that
/// submissions of some hundredths of a second make many steps each.
#[must_use]
pub fn tile_size(adapter: &AdapterSummary) -> usize {
    match adapter.device_type {
        DeviceType::Software => 1 << 14,
        _ => 1 << 20,
    }
}
