//! Matrix product, the naive shader of the ladder: one output an invocation.

use super::product::{BINDINGS, Params};
use crate::gpu::KernelSpec;

/// The shader with one output an invocation.
pub const SPEC: KernelSpec = KernelSpec {
    name: "matmul",
    source: wgsl!("matmul", "sigmoid", "product"),
    bindings: BINDINGS,
    params: Params::FIELDS,
    workgroup_size: 8,
    ..KernelSpec::PLAIN
};
