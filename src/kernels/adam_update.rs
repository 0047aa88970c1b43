//! Adam and AdamW.

use super::{Cost, as_f32, as_f64, as_u32, flag};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};
use crate::task::{Adam, StepFactors};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "adam_update",
    source: wgsl!("adam_update", "adam"),
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
        /// The learning rate over 1 − β₁ᵗ.
        step_size: f32,
        /// The learning rate.
        rate: f32,
        /// 1 / √(1 − β₂ᵗ).
        root_factor: f32,
    }
}

/// The constants of `parts/adam.wgsl`; each is 0 without Adam.
pub(super) fn overrides(adam: Option<Adam>) -> [(&'static str, f64); 6] {
    let [beta_1, beta_2] = adam.map_or([0.0; 2], |adam| adam.betas);
    let rest = |beta| if adam.is_some() { 1.0 - beta } else { 0.0 };
    [
        ("beta_1", beta_1),
        ("rest_1", rest(beta_1)),
        ("beta_2", beta_2),
        ("rest_2", rest(beta_2)),
        ("adam_epsilon", adam.map_or(0.0, |adam| adam.epsilon)),
        ("decoupled", flag(adam.is_some_and(|adam| adam.is_decoupled))),
    ]
}

/// Compiles the updates of an optimizer.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, adam: Adam) -> Result<Kernel, Error> {
    let mut overrides = overrides(Some(adam)).to_vec();
    overrides.push(("weight_decay", adam.weight_decay));
    Kernel::new(gpu, &SPEC, &overrides).await
}

/// The `params` of an update with this learning rate, whose number has decided the factors.
#[must_use]
pub fn params(len: usize, learning_rate: f64, factors: StepFactors) -> Params {
    let [step_size, rate] = [factors.step_size, factors.rate].map(|it| learning_rate * it);
    let [step_size, rate, root_factor] = [step_size, rate, factors.root].map(as_f32);
    Params { len: as_u32(len), step_size, rate, root_factor }
}

/// One update of `parameters` and of the optimizer's state, m and v; `steps_done += 1`. See [`Adam`].
///
/// # Shapes
/// Any, the same for `d_parameters` and `parameters`; `optimizer_state` has twice as many values, all of
/// m, then all of v; `steps_done` `[1]`.
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
    assert_eq!([d_parameters.len(), optimizer_state.len()], [len, 2 * len], "shapes differ");
    assert_eq!([steps_done.len(), params.len as usize], [1, len], "a counter, and the length");
    let workgroup_count = gpu::cover(len, SPEC.workgroup_size);
    let tensors = [d_parameters, parameters, optimizer_state, steps_done];
    kernel.bind(gpu, &params, &tensors, workgroup_count).await
}

/// Two means of two products and a sum each, the square of the gradient, a factor and a sum for the
/// divisor, a product and a sum for the change; a root and a division. Gradient, parameter, m and v are
/// read, the last three written.
#[must_use]
pub fn cost(len: usize) -> Cost {
    let len = as_f64(len);
    Cost { flops: 11.0 * len, divisions: 2.0 * len, bytes: 28.0 * len, ..Cost::default() }
}
