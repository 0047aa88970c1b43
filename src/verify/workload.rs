//! Launches that were found right, to be timed.

use std::pin::Pin;

use super::{Failure, Trial};
use crate::gpu::Dispatch;
use crate::kernels::Cost;

/// A launch whose results were compared with those of its twin; it can be repeated any number of
/// times.
pub struct Workload {
    /// What distinguishes it from others of the same kernel and size; may be empty.
    pub variant: String,
    /// The shape of what it computes.
    pub size: String,
    /// The launch.
    pub dispatch: Dispatch,
    /// The work that it does.
    pub cost: Cost,
}

impl Workload {
    /// The only one of its kernel and size.
    pub(super) fn new(size: String, dispatch: Dispatch, cost: Cost) -> Self {
        Self { variant: String::new(), size, dispatch, cost }
    }
}

/// A check of workloads that is under way.
pub(super) type Checked<'t> = Pin<Box<dyn Future<Output = Result<Vec<Workload>, Failure>> + 't>>;

/// The launches of a kernel that are worth timing.
pub struct Workloads {
    /// Their sizes, in elements, rows, networks, or whatever the kernel counts.
    pub sizes: &'static [usize],
    pub(super) make: for<'t> fn(&'t mut Trial<'_>, usize) -> Checked<'t>,
}

impl Workloads {
    /// Binds those of a size and compares their results with their twins.
    ///
    /// # Errors
    /// The first fault, or why the device could not go on.
    pub async fn make(&self, trial: &mut Trial<'_>, size: usize) -> Result<Vec<Workload>, Failure> {
        (self.make)(trial, size).await
    }
}
