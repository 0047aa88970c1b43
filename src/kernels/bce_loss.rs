//! Mean binary cross-entropy from logits, in nats, stored under the number of the step.

use super::{Cost, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "bce_loss",
    source: wgsl!("bce_loss", "cross_entropy"),
    bindings: &[
        Binding::PARAMS,
        Binding::read("logits"),
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

/// `losses[steps_done mod capacity] = mean(max(z, 0)·(1 − t) + max(−z, 0)·t + log(1 + exp(−|z|)))`,
/// where `z` = `logits` and `t` = `targets`.
///
/// # Shapes
/// `logits` and `targets` `[batch_size, 1]`, `steps_done` `[1]`, `losses` `[capacity]`.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    [logits, targets, steps_done, losses]: [&Tensor; 4],
) -> Result<Dispatch, Error> {
    assert_eq!([logits.len(), steps_done.len()], [targets.len(), 1], "shapes differ");
    let params = Params { batch_size: as_u32(targets.len()), capacity: as_u32(losses.len()) };
    kernel.bind(gpu, &params, &[logits, targets, steps_done, losses], [1; 3]).await
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
