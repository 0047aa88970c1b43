//! Launches that were found right, to be timed.

use std::pin::Pin;

use super::{Failure, Trial};
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu};
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

/// Whether a device can hold tensors of so many values: to be asked before they are drawn.
///
/// # Errors
/// [`Error::Usage`] if not.
pub(super) fn check_size(gpu: &Gpu, size: usize, values: usize) -> Result<(), Error> {
    let most = gpu.max_tensor_bytes() / 4;
    if values as u64 <= most {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--size {size} needs {values} values in one tensor, and {} binds {most} at most: use a smaller \
         size, or --kernel",
        gpu.adapter.name
    )))
}

/// A check of workloads that is under way.
pub(super) type Checked<'t> = Pin<Box<dyn Future<Output = Result<Vec<Workload>, Failure>> + 't>>;

/// The launches of a kernel that are worth timing.
pub struct Workloads {
    /// Their sizes, in elements, rows, networks, or whatever the kernel counts.
    pub sizes: &'static [usize],
    /// And those that take a software adapter too long.
    pub large: &'static [usize],
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
