//! Launches that are worth timing, and found right before.

use std::pin::Pin;

use super::{Failure, Trial};
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu};
use crate::kernels::Cost;

/// A check of a workload that is under way.
type Making<'t> = Pin<Box<dyn Future<Output = Result<Dispatch, Failure>> + 't>>;

/// How one is begun.
type Make = Box<dyn for<'t> FnOnce(&'t mut Trial<'_>) -> Making<'t>>;

/// A launch that is worth timing, with what is known of it before anything is compiled.
pub struct Workload {
    /// What distinguishes it from others of the same kernel and size; may be empty.
    pub variant: String,
    /// The shape of what it computes.
    pub size: String,
    /// The work that it does.
    pub cost: Cost,
    make: Make,
}

impl Workload {
    /// The only one of its kernel and size; `make` compiles it, compares its results with those of
    /// its twin and returns the launch, which can be repeated any number of times.
    pub(super) fn new(
        size: String,
        cost: Cost,
        make: impl AsyncFnOnce(&mut Trial<'_>) -> Result<Dispatch, Failure> + 'static,
    ) -> Self {
        let make: Make = Box::new(move |trial| Box::pin(async move { make(trial).await }));
        Self { variant: String::new(), size, cost, make }
    }

    /// One of several of its kernel and size.
    pub(super) fn with_variant(self, variant: String) -> Self {
        Self { variant, ..self }
    }

    /// Binds it and compares its results with those of its twin.
    ///
    /// # Errors
    /// The first fault, why the device could not go on, or that the size is too large for it.
    pub async fn make(self, trial: &mut Trial<'_>) -> Result<Dispatch, Failure> {
        (self.make)(trial).await
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

/// The launches of a kernel that are worth timing.
pub struct Workloads {
    /// Their sizes, in elements, rows, networks, or whatever the kernel counts; none, if it takes as
    /// many invocations as keep the adapter busy.
    pub sizes: &'static [usize],
    /// And those that take a software adapter too long.
    pub large: &'static [usize],
    pub(super) of: fn(&Gpu, usize) -> Vec<Workload>,
}

impl Workloads {
    /// Those of a size that an adapter can run.
    #[must_use]
    pub fn of(&self, gpu: &Gpu, size: usize) -> Vec<Workload> {
        (self.of)(gpu, size)
    }
}
