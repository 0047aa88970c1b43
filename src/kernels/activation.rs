//! Activation functions: `activations = f(pre_activations)`.

use super::{Cost, as_f64, as_u32, flag};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};
use crate::task::Activation;

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "activation",
    source: wgsl!("activation", "sigmoid", "logistic", "activation"),
    bindings: &[
        Binding::PARAMS,
        Binding::read("pre_activations"),
        Binding::read_write("activations"),
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

/// Compiles an activation function, with the sigmoid that rounds least where `compensated`.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, activation: Activation, compensated: bool) -> Result<Kernel, Error> {
    let overrides =
        [("activation", f64::from(activation as u8)), ("compensated", flag(compensated))];
    Kernel::new(gpu, &SPEC, &overrides).await
}

/// `activations = f(pre_activations)`, where f is the kernel's function.
///
/// # Shapes
/// Any, the same for both.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    [pre_activations, activations]: [&Tensor; 2],
) -> Result<Dispatch, Error> {
    let len = activations.len();
    assert_eq!(pre_activations.len(), len, "shapes differ");
    let params = Params { len: as_u32(len), padding: 0 };
    let workgroup_count = gpu::cover(len, SPEC.workgroup_size);
    kernel.bind(gpu, &params, &[pre_activations, activations], workgroup_count).await
}

/// Of a sigmoid: a sum, an exponential and a division an element, which is read and written.
#[must_use]
pub fn cost(len: usize) -> Cost {
    let len = as_f64(len);
    Cost { flops: len, exponentials: len, divisions: len, bytes: 8.0 * len, ..Cost::default() }
}
