//! The highest rate of products and sums, exponentials or divisions that an adapter reaches.

use super::{Cost, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "peak_arithmetic",
    source: wgsl!("peak_arithmetic"),
    bindings: &[Binding::PARAMS, Binding::read_write("out")],
    params: Params::FIELDS,
    trusted_loops: true,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of iterations of the loop.
        iterations: u32,
        /// The factor.
        a: f32,
        /// The addend.
        b: f32,
        /// Nothing.
        padding: u32,
    }
}

/// Values that an invocation holds, and how often an iteration replaces each.
const VALUES: u32 = 16;
const UNROLLED: u32 = 4;

/// The operation that replaces a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `x·a + b`
    MultiplyAdd,
    /// `exp(−x)`
    Exp,
    /// `a / (b + x)`: a sum as the denominator, as sigmoids have it. A division by a constant would
    /// be a product to some compilers.
    Divide,
}

impl Operation {
    /// All operations.
    pub const ALL: [Self; 3] = [Self::MultiplyAdd, Self::Exp, Self::Divide];

    /// Its number in the shader.
    #[must_use]
    pub fn number(self) -> u32 {
        self as u32
    }
}

/// Compiles it for an operation.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, operation: Operation) -> Result<Kernel, Error> {
    Kernel::new(gpu, &SPEC, &[("operation", operation.number().into())]).await
}

/// Replaces each value 4·`iterations` times. `a` and `b` do not matter to exponentials. With |a| < 1
/// products and sums keep the values from growing, however long it goes on, and with positive `a` and
/// `b` quotients stay positive. With a = b = 1 products and sums stay integers, and their sum tells how
/// many iterations were made: llvmpipe (Mesa 22.3.6) ends loops after 65,535, without an error.
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

/// The work of a launch. An invocation makes 64·`iterations` operations: two flops, an exponential, or
/// a division and the sum in its denominator. It adds up 16 values and writes 4 bytes.
#[must_use]
pub fn cost(operation: Operation, iterations: u32, invocations: usize) -> Cost {
    let count = f64::from(VALUES * UNROLLED) * f64::from(iterations);
    let work = match operation {
        Operation::MultiplyAdd => Cost { flops: 2.0 * count, ..Cost::default() },
        Operation::Exp => Cost { exponentials: count, ..Cost::default() },
        Operation::Divide => Cost { flops: count, divisions: count, ..Cost::default() },
    };
    let flops = work.flops + f64::from(VALUES - 1);
    Cost { flops, bytes: 4.0, ..work } * as_f64(invocations)
}
