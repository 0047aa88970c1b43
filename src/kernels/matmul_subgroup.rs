//! Matrix product with a tile of outputs a subgroup, whose invocations give each other what they
//! loaded; see [`product`](super::product).

use super::product::{BINDINGS, Build, Params};
use crate::gpu::KernelSpec;

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "matmul_subgroup",
    source: wgsl!("matmul_subgroup", "sigmoid", "product"),
    bindings: BINDINGS,
    params: Params::FIELDS,
    workgroup_size: 64,
    sample_header: "const ROWS: u32 = 16;\nconst COLUMNS: u32 = 3;\n\
        const SUBGROUP_SIZE: u32 = 8;\n",
    trusted_loops: true,
    needs_subgroups: true,
};

/// Sizes of the shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Rows of a subgroup.
    pub rows: u32,
    /// Columns of an invocation.
    pub columns: u32,
}

impl Tile {
    pub(super) fn name(self) -> String {
        format!("subgroup {}×{}", self.rows, self.columns)
    }

    /// Whether every invocation loads the same number of rows, and no subgroup is cut.
    pub(super) fn fits(self, subgroup_size: u32) -> bool {
        self.rows.is_multiple_of(subgroup_size) && SPEC.workgroup_size.is_multiple_of(subgroup_size)
    }

    pub(super) fn build(self, subgroup_size: u32) -> Build {
        let Self { rows, columns } = self;
        Build {
            constants: vec![("ROWS", rows), ("COLUMNS", columns), ("SUBGROUP_SIZE", subgroup_size)],
            overrides: vec![],
            outputs: [rows * (SPEC.workgroup_size / subgroup_size), columns * subgroup_size],
        }
    }
}
