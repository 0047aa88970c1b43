//! The gradient through an activation function: `d_pre_activations = d_activations · f′`.

use super::{Cost, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};
use crate::task::Activation;

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "activation_grad",
    source: wgsl!("activation_grad", "sigmoid", "logistic", "activation"),
    bindings: &[
        Binding::PARAMS,
        Binding::read("activations"),
        Binding::read("d_activations"),
        Binding::read_write("d_pre_activations"),
    ],
    params: Params::FIELDS,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of elements.
        len: u32,
        /// Nothing.
        padding: u32,
    }
}

/// Compiles the gradient through an activation function.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, activation: Activation) -> Result<Kernel, Error> {
    let overrides = [("activation", f64::from(activation as u8)), ("compensated", 0.0)];
    Kernel::new(gpu, &SPEC, &overrides).await
}

/// `d_pre_activations = d_activations · f′`, where f′ is the function's derivative by its value, a · (1 −
/// a) of a sigmoid for `a` in `activations`.
///
/// # Shapes
/// Any, the same for all three.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    [activations, d_activations, d_pre_activations]: [&Tensor; 3],
) -> Result<Dispatch, Error> {
    let len = d_pre_activations.len();
    assert_eq!([activations.len(), d_activations.len()], [len; 2], "shapes differ");
    let params = Params { len: as_u32(len), padding: 0 };
    let workgroup_count = gpu::cover(len, SPEC.workgroup_size);
    let tensors = [activations, d_activations, d_pre_activations];
    kernel.bind(gpu, &params, &tensors, workgroup_count).await
}

/// Of a sigmoid: a difference and two products an element; two values read, one written.
#[must_use]
pub fn cost(len: usize) -> Cost {
    let len = as_f64(len);
    Cost { flops: 3.0 * len, bytes: 12.0 * len, ..Cost::default() }
}
