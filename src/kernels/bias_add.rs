//! Bias: `pre_activations[i, j] += bias[j]`.

use super::{Cost, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "bias_add",
    source: wgsl!("bias_add"),
    bindings: &[Binding::PARAMS, Binding::read("bias"), Binding::read_write("pre_activations")],
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
    }
}

/// `pre_activations[i, j] += bias[j]`.
///
/// # Shapes
/// `bias` `[output_size]`, `pre_activations` `[batch_size, output_size]`.
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
    [bias, pre_activations]: [&Tensor; 2],
) -> Result<Dispatch, Error> {
    let len = pre_activations.len();
    assert_eq!(len, batch_size * bias.len(), "batch_size {batch_size}");
    let params = Params { batch_size: as_u32(batch_size), output_size: as_u32(bias.len()) };
    let workgroup_count = gpu::cover(len, SPEC.workgroup_size);
    kernel.bind(gpu, &params, &[bias, pre_activations], workgroup_count).await
}

/// One addition an element; the elements read and written, the bias read.
#[must_use]
pub fn cost(batch_size: usize, output_size: usize) -> Cost {
    let [len, output_size] = [batch_size * output_size, output_size].map(as_f64);
    Cost { flops: len, bytes: 4.0 * (2.0 * len + output_size), ..Cost::default() }
}
