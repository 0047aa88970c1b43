//! The gradient of binary cross-entropy through the sigmoid: `d_logits = scale · (p − t)`.

use super::{Cost, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "bce_grad",
    source: wgsl!("bce_grad"),
    bindings: &[
        Binding::PARAMS,
        Binding::read("probabilities"),
        Binding::read("targets"),
        Binding::read_write("d_logits"),
    ],
    params: Params::FIELDS,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of rows.
        batch_size: u32,
        /// 1 for the sum over the batch, 1 / `batch_size` for its mean.
        scale: f32,
    }
}

/// Compiles the gradient; `epsilon` > 0 keeps it unsimplified:
/// `d_logits = scale · (p − t) / (p(1 − p) + epsilon) · p(1 − p)`.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, epsilon: f32) -> Result<Kernel, Error> {
    Kernel::new(gpu, &SPEC, &[("epsilon", f64::from(epsilon))]).await
}

/// `d_logits = scale · (p − t)`, where `p` = `probabilities` and `t` = `targets`.
///
/// # Shapes
/// `[batch_size, 1]` for all three.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    scale: f32,
    [probabilities, targets, d_logits]: [&Tensor; 3],
) -> Result<Dispatch, Error> {
    let len = d_logits.len();
    assert_eq!([probabilities.len(), targets.len()], [len; 2], "shapes differ");
    let params = Params { batch_size: as_u32(len), scale };
    let workgroup_count = gpu::cover(len, SPEC.workgroup_size);
    kernel.bind(gpu, &params, &[probabilities, targets, d_logits], workgroup_count).await
}

/// Without an epsilon: a difference and a product a row; two values read, one written.
#[must_use]
pub fn cost(batch_size: usize) -> Cost {
    let batch_size = as_f64(batch_size);
    Cost { flops: 2.0 * batch_size, bytes: 12.0 * batch_size, ..Cost::default() }
}
