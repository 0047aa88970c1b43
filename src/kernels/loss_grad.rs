//! The gradient of a loss by the logits: `d_logits = scale · (y − t)` of binary cross-entropy.

use super::{Cost, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};
use crate::task::{Activation, Loss};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "loss_grad",
    source: wgsl!("loss_grad", "losses_grad", "loss_kind", "sigmoid", "logistic", "activation"),
    bindings: &[
        Binding::PARAMS,
        Binding::read("outputs"),
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

/// Compiles the gradient of a loss through the output's activation function; `epsilon` > 0 keeps that of
/// binary cross-entropy unsimplified.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(
    gpu: &Gpu,
    loss: Loss,
    activation: Activation,
    epsilon: f32,
) -> Result<Kernel, Error> {
    let overrides = [
        ("epsilon", f64::from(epsilon)),
        ("loss_kind", f64::from(loss as u8)),
        ("activation", f64::from(activation as u8)),
        ("compensated", 0.0),
    ];
    Kernel::new(gpu, &SPEC, &overrides).await
}

/// `d_logits = scale · d`, where for y in `outputs` and t in `targets` d is
/// - y − t of binary cross-entropy, through a sigmoid; with an epsilon
///   (y − t) / (y(1 − y) + epsilon) · y(1 − y);
/// - 2 · (y − t) · f′ of the squared error, through the activation function f;
/// - −t of the hinge loss where 1 − t·y > 0, else 0.
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
    [outputs, targets, d_logits]: [&Tensor; 3],
) -> Result<Dispatch, Error> {
    let len = d_logits.len();
    assert_eq!([outputs.len(), targets.len()], [len; 2], "shapes differ");
    let params = Params { batch_size: as_u32(len), scale };
    let workgroup_count = gpu::cover(len, SPEC.workgroup_size);
    kernel.bind(gpu, &params, &[outputs, targets, d_logits], workgroup_count).await
}

/// Of binary cross-entropy without an epsilon: a difference and a product a row; two values read, one written.
#[must_use]
pub fn cost(batch_size: usize) -> Cost {
    let batch_size = as_f64(batch_size);
    Cost { flops: 2.0 * batch_size, bytes: 12.0 * batch_size, ..Cost::default() }
}
