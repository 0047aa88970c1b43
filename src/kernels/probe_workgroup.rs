//! The exchange of values between invocations of a workgroup through its memory.

use super::as_u32;
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader, with as many invocations as every adapter has.
pub const SPEC: KernelSpec = KernelSpec {
    name: "probe_workgroup",
    source: wgsl!("probe_workgroup"),
    bindings: &[
        Binding::PARAMS,
        Binding::read("values"),
        Binding::read_write("sums"),
        Binding::read_write("mixed"),
    ],
    params: Params::FIELDS,
    workgroup_size: 256,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of rounds of the exchange.
        round_count: u32,
        /// Nothing.
        padding: u32,
    }
}

/// Sums each row of `values` in a tree, and mixes it in `rounds` rounds.
///
/// # Shapes
/// `values`, `sums`, `mixed` `[groups, 256]`.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    rounds: u32,
    [values, sums, mixed]: [&Tensor; 3],
) -> Result<Dispatch, Error> {
    let groups = as_u32(values.len()) / SPEC.workgroup_size;
    assert_eq!(values.len(), (groups * SPEC.workgroup_size) as usize, "whole workgroups");
    assert_eq!([sums.len(), mixed.len()], [values.len(); 2], "shapes differ");
    let params = Params { round_count: rounds, padding: 0 };
    kernel.bind(gpu, &params, &[values, sums, mixed], [groups, 1, 1]).await
}
