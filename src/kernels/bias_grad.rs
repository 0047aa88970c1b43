//! The gradient of a bias: `d_bias[j] = scale · Σᵢ d_pre_activations[i, j]`.

use super::{Cost, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "bias_grad",
    source: wgsl!("bias_grad"),
    bindings: &[Binding::PARAMS, Binding::read("d_pre_activations"), Binding::read_write("d_bias")],
    params: Params::FIELDS,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of rows.
        batch_size: u32,
        /// Number of columns.
        output_size: u32,
        /// 1 for the sum over the batch, 1 / `batch_size` for its mean.
        scale: f32,
        /// Nothing.
        padding: u32,
    }
}

/// `d_bias[j] = scale · Σᵢ d_pre_activations[i, j]`.
///
/// # Shapes
/// `d_pre_activations` `[batch_size, output_size]`, `d_bias` `[output_size]`.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    batch_size: usize,
    scale: f32,
    [d_pre_activations, d_bias]: [&Tensor; 2],
) -> Result<Dispatch, Error> {
    let output_size = d_bias.len();
    assert_eq!(d_pre_activations.len(), batch_size * output_size, "batch_size {batch_size}");
    let params = Params {
        batch_size: as_u32(batch_size),
        output_size: as_u32(output_size),
        scale,
        padding: 0,
    };
    let workgroup_count = gpu::cover(output_size, 1);
    kernel.bind(gpu, &params, &[d_pre_activations, d_bias], workgroup_count).await
}

/// One addition an element, which is read; one product a column, which is written.
#[must_use]
pub fn cost(batch_size: usize, output_size: usize) -> Cost {
    let [len, output_size] = [batch_size * output_size, output_size].map(as_f64);
    Cost { flops: len + output_size, bytes: 4.0 * (len + output_size), ..Cost::default() }
}
