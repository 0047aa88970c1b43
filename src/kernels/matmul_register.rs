//! Matrix product with a tile of outputs an invocation, in registers; see [`product`](super::product).

use super::product::{BINDINGS, Build, Params};
use crate::gpu::KernelSpec;

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "matmul_register",
    source: wgsl!("matmul_register", "sigmoid", "product", "product_rows"),
    bindings: BINDINGS,
    params: Params::FIELDS,
    workgroup_size: 8,
    sample_header: "const BLOCK_ROWS: u32 = 2;\nconst BLOCK_COLUMNS: u32 = 3;\n\
        const PRODUCTS: u32 = 4;\n",
    trusted_loops: true,
    ..KernelSpec::PLAIN
};

/// Rows and columns of a block.
pub(super) const BLOCK: u32 = 4;

/// Sizes of the shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Blocks of 4 × 4 outputs of an invocation, from top to bottom and from left to right. Mesa
    /// 22.3.6 keeps no more than 16 in registers.
    pub blocks: [u32; 2],
}

impl Tile {
    pub(super) fn name(self) -> String {
        let [rows, columns] = self.blocks.map(|blocks| BLOCK * blocks);
        format!("register {rows}×{columns}")
    }

    /// The largest tile is: 256 sums are more than an invocation of a GPU has registers for.
    pub(super) fn is_for_processors(self) -> bool {
        let [block_rows, block_columns] = self.blocks;
        block_rows * block_columns >= 16
    }

    /// On a processor, a row of invocations fills a vector, and more products an iteration would take
    /// too much room among instructions.
    pub(super) fn build(self) -> Build {
        let [block_rows, block_columns] = self.blocks;
        let (products, rows) =
            if self.is_for_processors() { (2, 1) } else { (4, SPEC.workgroup_size) };
        Build {
            constants: vec![
                ("BLOCK_ROWS", block_rows),
                ("BLOCK_COLUMNS", block_columns),
                ("PRODUCTS", products),
            ],
            overrides: vec![("workgroup_rows", rows)],
            outputs: [BLOCK * block_rows * rows, BLOCK * block_columns * SPEC.workgroup_size],
        }
    }
}
