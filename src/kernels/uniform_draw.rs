//! Starting parameters of many networks, drawn by Philox4x32-10.

use super::{WORKGROUP_SIZE, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "uniform_draw",
    source: include_str!("../../shaders/uniform_draw.wgsl"),
    bindings: &[Binding::PARAMS, Binding::read("origins"), Binding::read_write("state")],
    params: Params::FIELDS,
    workgroup_size: WORKGROUP_SIZE,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Networks.
        member_count: u32,
        /// The first parameter to draw, and the first word of its counter.
        first_parameter: u32,
        /// How many to draw.
        parameter_count: u32,
        /// They are uniform within this of zero, times the member's scale.
        extent: f32,
    }
}

/// Words that say where a member starts: two of the key, words 1 to 3 of the counter, and the bits
/// of its scale.
pub const ORIGIN_ROWS: usize = 6;

/// Draws `parameter_count` parameters of every member, from number `first_parameter` on.
///
/// # Shapes
/// `origins` `[6, member_count]`; `state` `[_, member_count]`: row p is parameter number p.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    [first_parameter, parameter_count]: [usize; 2],
    extent: f32,
    [origins, state]: [&Tensor; 2],
) -> Result<Dispatch, Error> {
    let member_count = origins.len() / ORIGIN_ROWS;
    assert_eq!(origins.len(), ORIGIN_ROWS * member_count, "origins");
    assert!(state.len() >= (first_parameter + parameter_count) * member_count, "state");
    let params = Params {
        member_count: as_u32(member_count),
        first_parameter: as_u32(first_parameter),
        parameter_count: as_u32(parameter_count),
        extent,
    };
    let workgroup_count = gpu::cover(parameter_count * member_count, SPEC.workgroup_size);
    kernel.bind(gpu, &params, &[origins, state], workgroup_count).await
}
