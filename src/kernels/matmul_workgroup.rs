//! Matrix product with a tile of outputs a workgroup, whose memory holds what it takes; see
//! [`product`](super::product).

use super::matmul_register::BLOCK;
use super::product::{BINDINGS, Build, Params};
use crate::gpu::KernelSpec;

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "matmul_workgroup",
    source: wgsl!("matmul_workgroup", "sigmoid", "product", "product_rows"),
    bindings: BINDINGS,
    params: Params::FIELDS,
    workgroup_size: 8,
    sample_header: "const BLOCK_ROWS: u32 = 3;\nconst BLOCK_COLUMNS: u32 = 2;\n\
        const DEPTH: u32 = 8;\nconst SIDE: u32 = 8;\n",
    trusted_loops: true,
    ..KernelSpec::PLAIN
};

/// Sizes of the shader: `depth` is a multiple of 4, and times either number of blocks one of
/// `side`; side · depth · (sum of blocks) vectors of 16 bytes are at most 16,352 bytes, and side²
/// invocations at most 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Invocations of a workgroup, in each dimension.
    pub side: u32,
    /// Products of each sum at a time.
    pub depth: u32,
    /// Blocks of 4 × 4 outputs of an invocation, from top to bottom and from left to right.
    pub blocks: [u32; 2],
}

impl Tile {
    pub(super) fn name(self) -> String {
        let [rows, columns] = self.blocks.map(|blocks| BLOCK * blocks);
        let side = self.side;
        format!("workgroup {}×{} by {rows}×{columns}", side * rows, side * columns)
    }

    pub(super) fn build(self) -> Build {
        let Self { side, depth, blocks: [block_rows, block_columns] } = self;
        Build {
            constants: vec![
                ("BLOCK_ROWS", block_rows),
                ("BLOCK_COLUMNS", block_columns),
                ("DEPTH", depth),
                ("SIDE", side),
            ],
            overrides: vec![("workgroup_size", side)],
            outputs: [block_rows, block_columns].map(|blocks| BLOCK * blocks * side),
        }
    }
}
