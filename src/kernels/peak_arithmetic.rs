//! As many products and sums, or exponentials, as an adapter can make.

use super::{Cost, WORKGROUP_SIZE, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "peak_arithmetic",
    source: include_str!("../../shaders/peak_arithmetic.wgsl"),
    bindings: &[Binding::PARAMS, Binding::read_write("out")],
    params: Params::FIELDS,
    workgroup_size: WORKGROUP_SIZE,
    trusted_loops: true,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Of the loop.
        iterations: u32,
        /// The factor.
        a: f32,
        /// What is added.
        b: f32,
        /// Nothing.
        padding: u32,
    }
}

/// Values that an invocation holds, and how often an iteration replaces each.
const VALUES: u32 = 16;
const UNROLLED: u32 = 4;

/// Compiles it for `x·a + b`, or, if `special`, for `exp(−x)`.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, special: bool) -> Result<Kernel, Error> {
    Kernel::new(gpu, &SPEC, &[("special", f64::from(u8::from(special)))]).await
}

/// Replaces each value 4·`iterations` times. `a` and `b` do not matter to a kernel that is
/// `special`; to the other, |a| < 1 keeps the values from growing, however long it goes on. With
/// a = b = 1 they stay integers, and their sum tells how many iterations were made: llvmpipe (Mesa
/// 22.3.6) ends loops after 65,535, without an error.
///
/// # Shapes
/// `out` `[invocations]`, a multiple of the workgroup's size.
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
    [a, b]: [f32; 2],
    out: &Tensor,
) -> Result<Dispatch, Error> {
    let groups = as_u32(out.len()) / SPEC.workgroup_size;
    assert_eq!(out.len(), (groups * SPEC.workgroup_size) as usize, "whole workgroups");
    let params = Params { iterations, a, b, padding: 0 };
    kernel.bind(gpu, &params, &[out], [groups, 1, 1]).await
}

/// The work of a launch. An invocation makes 64·`iterations` operations, of two flops or of one
/// exponential each, and 15 additions, and writes 4 bytes.
#[must_use]
pub fn cost(special: bool, iterations: u32, invocations: usize) -> Cost {
    let operations = f64::from(VALUES * UNROLLED) * f64::from(iterations);
    let (flops, special) = if special { (0.0, operations) } else { (2.0 * operations, 0.0) };
    let flops = flops + f64::from(VALUES - 1);
    Cost { flops, special, bytes: 4.0, workgroup_bytes: 0.0 } * as_f64(invocations)
}
