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
    /// Values of its largest tensor, where they are not as many as its size says.
    largest: usize,
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
        Self { variant: String::new(), size, cost, largest: 0, make }
    }

    /// One of several of its kernel and size.
    pub(super) fn with_variant(self, variant: String) -> Self {
        Self { variant, ..self }
    }

    /// One whose largest tensor has this number of values.
    pub(super) fn with_largest(self, largest: usize) -> Self {
        Self { largest, ..self }
    }

    /// Whether a device can hold it: to be asked before anything is made.
    ///
    /// # Errors
    /// [`Error::Usage`] if not.
    pub fn check_size(&self, gpu: &Gpu) -> Result<(), Error> {
        let most = gpu.max_tensor_bytes() / 4;
        if self.largest as u64 <= most {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "the case {} needs {} values in one tensor, and {} binds {most} at most: take a \
             smaller size, or another kernel",
            self.size, self.largest, gpu.adapter.name
        )))
    }

    /// Binds it and compares its results with those of its twin.
    ///
    /// # Errors
    /// The first fault, why the device could not go on, or that the size is too large for it.
    pub async fn make(self, trial: &mut Trial<'_>) -> Result<Dispatch, Failure> {
        (self.make)(trial).await
    }
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
