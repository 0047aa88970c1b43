//! The mean loss of a batch, stored under the number of the step.

use super::{Cost, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};
use crate::task::Loss;

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "loss",
    source: wgsl!("loss", "losses", "loss_kind", "cross_entropy"),
    bindings: &[
        Binding::PARAMS,
        Binding::read("outputs"),
        Binding::read("targets"),
        Binding::read("steps_done"),
        Binding::read_write("losses"),
    ],
    params: Params::FIELDS,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of rows.
        batch_size: u32,
        /// Number of values of `losses`.
        capacity: u32,
    }
}

/// Compiles a loss.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, loss: Loss) -> Result<Kernel, Error> {
    Kernel::new(gpu, &SPEC, &[("loss_kind", f64::from(loss as u8))]).await
}

/// `losses[steps_done mod capacity]` = the mean over the rows of
/// - `max(z, 0)·(1 − t) + max(−z, 0)·t + log(1 + exp(−|z|))`, binary cross-entropy in nats, where
///   `outputs` are the logits z;
/// - `(y − t)²`, the squared error, where `outputs` are the activations y;
/// - `max(0, 1 − t·y)`, the hinge loss, where they are, too.
///
/// # Shapes
/// `outputs` and `targets` `[batch_size, 1]`, `steps_done` `[1]`, `losses` `[capacity]`.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    [outputs, targets, steps_done, losses]: [&Tensor; 4],
) -> Result<Dispatch, Error> {
    assert_eq!([outputs.len(), steps_done.len()], [targets.len(), 1], "shapes differ");
    let params = Params { batch_size: as_u32(targets.len()), capacity: as_u32(losses.len()) };
    kernel.bind(gpu, &params, &[outputs, targets, steps_done, losses], [1; 3]).await
}

/// max(z, 0)·(1 − t) + max(−z, 0)·t + log(1 + exp(−|z|)), summed: two products, five sums, an
/// exponential and a logarithm a row, of which two values are read.
#[must_use]
pub fn cost(batch_size: usize) -> Cost {
    let batch_size = as_f64(batch_size);
    Cost {
        flops: 7.0 * batch_size,
        exponentials: batch_size,
        // log(1 + t) of each row, and the mean.
        divisions: batch_size + 1.0,
        bytes: 8.0 * batch_size,
        ..Cost::default()
    }
}
