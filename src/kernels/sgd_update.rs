//! Stochastic gradient descent: `parameters −= learning_rate · d_parameters`.

use super::{Cost, as_f32, as_f64, as_u32, flag};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};
use crate::task::Method;

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "sgd_update",
    source: wgsl!("sgd_update", "rounded"),
    bindings: &[
        Binding::PARAMS,
        Binding::read("d_parameters"),
        Binding::read_write("parameters"),
        Binding::read_write("optimizer_state"),
        Binding::read_write("steps_done"),
    ],
    params: Params::FIELDS,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of elements.
        len: u32,
        /// The learning rate.
        learning_rate: f32,
        /// Always 0.
        zero: u32,
        /// The momentum μ.
        momentum: f32,
    }
}

/// Compiles the updates of a method.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, method: Method) -> Result<Kernel, Error> {
    let overrides = [
        ("compensated", flag(method.is_compensated())),
        ("has_momentum", flag(method.has_momentum())),
        ("nesterov", flag(method.is_nesterov())),
        ("weight_decay", method.weight_decay()),
    ];
    Kernel::new(gpu, &SPEC, &overrides).await
}

/// The `params` of an update with this learning rate.
#[must_use]
pub fn params(len: usize, learning_rate: f64, momentum: f64) -> Params {
    let [learning_rate, momentum] = [learning_rate, momentum].map(as_f32);
    Params { len: as_u32(len), learning_rate, zero: 0, momentum }
}

/// `parameters −= learning_rate · d_parameters` and `steps_done += 1`. If compensated,
/// `optimizer_state` carries what rounding left out of `parameters` into the next update; else, with
/// momentum μ, it is the velocity. See [`Sgd`](crate::task::Sgd).
///
/// # Shapes
/// Any, the same for `d_parameters`, `parameters` and `optimizer_state`; `steps_done` `[1]`.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    params: Params,
    [d_parameters, parameters, optimizer_state, steps_done]: [&Tensor; 4],
) -> Result<Dispatch, Error> {
    let len = parameters.len();
    assert_eq!([d_parameters.len(), optimizer_state.len()], [len; 2], "shapes differ");
    assert_eq!([steps_done.len(), params.len as usize], [1, len], "a counter, and the length");
    let workgroup_count = gpu::cover(len, SPEC.workgroup_size);
    let tensors = [d_parameters, parameters, optimizer_state, steps_done];
    kernel.bind(gpu, &params, &tensors, workgroup_count).await
}

/// If compensated: a product and four sums a parameter, as the change is compensated; gradient, parameter and
/// residue are read, the last two written.
#[must_use]
pub fn cost(len: usize) -> Cost {
    let len = as_f64(len);
    Cost { flops: 5.0 * len, bytes: 20.0 * len, ..Cost::default() }
}
