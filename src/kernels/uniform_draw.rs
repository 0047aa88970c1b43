//! Initial parameters of many networks, drawn by Philox4x32-10.

use super::{Cost, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "uniform_draw",
    source: wgsl!("uniform_draw"),
    bindings: &[Binding::PARAMS, Binding::read("origins"), Binding::read_write("state")],
    params: Params::FIELDS,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of networks.
        member_count: u32,
        /// The number of the first parameter: the first word of its counter.
        first_parameter: u32,
        /// The row of the state that it goes to.
        first_row: u32,
        /// Number of parameters to draw.
        row_count: u32,
        /// Bound of the uniform distribution around zero, before the member's scale.
        extent: f32,
    }
}

/// Number of words that define the start of a member: two of the key, words 1 to 3 of the counter,
/// and the bits of its scale.
pub const ORIGIN_ROWS: usize = 6;

/// The parameters that one launch draws.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// The number of the first parameter: the first word of its counter.
    pub first_parameter: u32,
    /// The row of the state that it goes to; the others go to those behind.
    pub first_row: usize,
    /// Number of parameters to draw.
    pub row_count: usize,
    /// Bound of the uniform distribution around zero, before the member's scale.
    pub extent: f32,
}

/// The most parameters of one launch: with the rounds of each, half of the iterations after which
/// llvmpipe ends all loops.
pub const MOST_ROWS: usize = 3_000;

/// Draws parameters of every member.
///
/// # Shapes
/// `origins` `[6, member_count]`; `state` `[first_row + row_count or more, member_count]`.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    draw: Draw,
    [origins, state]: [&Tensor; 2],
) -> Result<Dispatch, Error> {
    let member_count = origins.len() / ORIGIN_ROWS;
    assert_eq!(origins.len(), ORIGIN_ROWS * member_count, "origins");
    assert!(state.len() >= (draw.first_row + draw.row_count) * member_count, "state");
    assert!(draw.row_count <= MOST_ROWS, "{} rows in one launch", draw.row_count);
    let params = Params {
        member_count: as_u32(member_count),
        first_parameter: draw.first_parameter,
        first_row: as_u32(draw.first_row),
        row_count: as_u32(draw.row_count),
        extent: draw.extent,
    };
    let workgroup_count = gpu::cover(member_count, SPEC.workgroup_size);
    kernel.bind(gpu, &params, &[origins, state], workgroup_count).await
}

/// The work of a launch: the words read for each member, the value written for each draw, and one
/// product. Philox is integer arithmetic, which is not counted.
#[must_use]
pub fn cost(member_count: usize, row_count: usize) -> Cost {
    let [members, draws, rows] = [member_count, member_count * row_count, ORIGIN_ROWS].map(as_f64);
    Cost { flops: draws, bytes: 4.0 * (members * rows + draws), ..Cost::default() }
}
