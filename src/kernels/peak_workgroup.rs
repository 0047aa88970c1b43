//! The highest rate of bytes that an adapter reads from workgroup memory.

use super::{Cost, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader, with as many invocations as every adapter has.
pub const SPEC: KernelSpec = KernelSpec {
    name: "peak_workgroup",
    source: wgsl!("peak_workgroup"),
    bindings: &[Binding::PARAMS, Binding::read_write("out")],
    params: Params::FIELDS,
    workgroup_size: 256,
    trusted_loops: true,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of iterations of the loop.
        iterations: u32,
        /// The first value of the table.
        first: f32,
    }
}

/// Number of elements that an iteration reads.
const LOADS: u32 = 8;

/// Sums 8·`iterations` elements of the table of each workgroup, from each of its places on. The
/// table has an element for each invocation, and its values are `first`, `first` + 1 and so on.
///
/// # Shapes
/// `out` `[groups, 256]`.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shape is another.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    iterations: u32,
    first: f32,
    out: &Tensor,
) -> Result<Dispatch, Error> {
    let groups = as_u32(out.len()) / SPEC.workgroup_size;
    assert_eq!(out.len(), (groups * SPEC.workgroup_size) as usize, "whole workgroups");
    kernel.bind(gpu, &Params { iterations, first }, &[out], [groups, 1, 1]).await
}

/// The work of a launch. An invocation reads 8·`iterations` elements of 16 bytes from workgroup
/// memory and adds up their values, and `first` to four; it writes 4 bytes.
#[must_use]
pub fn cost(iterations: u32, invocations: usize) -> Cost {
    let loads = f64::from(LOADS) * f64::from(iterations);
    let flops = 4.0 + (4.0 * loads - 1.0).max(0.0);
    let workgroup_bytes = 16.0 * loads;
    Cost { flops, bytes: 4.0, workgroup_bytes, ..Cost::default() } * as_f64(invocations)
}
