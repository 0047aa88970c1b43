//! What is checked of each kernel: one file per shader, of the same stem.

mod bias_add;
mod train_invocation;
mod train_workgroup;

use std::pin::Pin;

use super::{Failure, Trial};
use crate::gpu::KernelSpec;
use crate::kernels;

type Verdict<'t> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 't>>;

/// A kernel, and what is checked of it.
pub struct Kernel {
    /// The shader.
    pub spec: &'static KernelSpec,
    check: for<'t> fn(&'t mut Trial<'_>) -> Verdict<'t>,
}

impl Kernel {
    /// Compares it with its twin, until the first fault.
    ///
    /// # Errors
    /// That fault, or why the device could not go on.
    pub async fn check(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        (self.check)(trial).await
    }
}

macro_rules! kernel {
    ($stem:ident) => {
        Kernel { spec: &kernels::$stem::SPEC, check: |trial| Box::pin($stem::check(trial)) }
    };
}

/// Every kernel.
pub static KERNELS: &[Kernel] =
    &[kernel!(bias_add), kernel!(train_invocation), kernel!(train_workgroup)];
