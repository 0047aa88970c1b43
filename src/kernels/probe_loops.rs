//! The number of iterations that the loops of an invocation make.

use super::as_u32;
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "probe_loops",
    source: wgsl!("probe_loops"),
    bindings: &[Binding::PARAMS, Binding::read_write("counts"), Binding::read_write("states")],
    params: Params::FIELDS,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of iterations of the single loop.
        single_count: u32,
        /// Number of iterations of the outer loop.
        outer_count: u32,
        /// Number of iterations of the inner loop, each time.
        inner_count: u32,
        /// Nothing.
        padding: u32,
    }
}

/// Counts the iterations of a single loop, and of one of `outer` iterations around one of `inner`:
/// `[single, outer, inner]`.
///
/// # Shapes
/// `counts`, `states` `[invocations]`, a multiple of the workgroup's size.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    [single_count, outer_count, inner_count]: [u32; 3],
    [counts, states]: [&Tensor; 2],
) -> Result<Dispatch, Error> {
    let groups = as_u32(counts.len()) / SPEC.workgroup_size;
    assert_eq!(counts.len(), (groups * SPEC.workgroup_size) as usize, "whole workgroups");
    assert_eq!(counts.len(), states.len(), "shapes differ");
    let params = Params { single_count, outer_count, inner_count, padding: 0 };
    kernel.bind(gpu, &params, &[counts, states], [groups, 1, 1]).await
}
