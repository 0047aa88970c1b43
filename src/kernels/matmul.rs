//! Matrix product, the naive shader of the ladder: one output an invocation.

use super::product::{BINDINGS, Params};
use crate::gpu::KernelSpec;

/// The shader with one output an invocation.
pub const SPEC: KernelSpec = KernelSpec {
    name: "matmul",
    source: concat!(
        include_str!("../../shaders/matmul.wgsl"),
        "\n",
        include_str!("../../shaders/parts/sigmoid.wgsl"),
        "\n",
        include_str!("../../shaders/parts/product.wgsl"),
    ),
    bindings: BINDINGS,
    params: Params::FIELDS,
    workgroup_size: 8,
    ..KernelSpec::PLAIN
};
