//! Stochastic gradient descent: `parameters −= learning_rate · d_parameters`.

use super::{WORKGROUP_SIZE, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "sgd_update",
    source: include_str!("../../shaders/sgd_update.wgsl"),
    bindings: &[
        Binding::PARAMS,
        Binding::read("d_parameters"),
        Binding::read_write("parameters"),
        Binding::read_write("steps_done"),
    ],
    params: Params::FIELDS,
    workgroup_size: WORKGROUP_SIZE,
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Elements.
        len: u32,
        /// The factor of the gradient.
        learning_rate: f32,
    }
}

/// `parameters −= learning_rate · d_parameters` and `steps_done += 1`.
///
/// # Shapes
/// Any, the same for `parameters` and `d_parameters`; `steps_done` `[1]`.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    learning_rate: f32,
    [d_parameters, parameters, steps_done]: [&Tensor; 3],
) -> Result<Dispatch, Error> {
    let len = parameters.len();
    assert_eq!([d_parameters.len(), steps_done.len()], [len, 1], "shapes differ");
    let params = Params { len: as_u32(len), learning_rate };
    let workgroup_count = gpu::cover(len, SPEC.workgroup_size);
    kernel.bind(gpu, &params, &[d_parameters, parameters, steps_done], workgroup_count).await
}
