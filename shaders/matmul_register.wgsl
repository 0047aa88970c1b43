// out = op(a) · op(b), where op transposes if the override says so; then an epilogue.
//
// One invocation computes BLOCK_ROWS · BLOCK_COLUMNS blocks of 4 × 4 outputs in registers, straight
// from storage: what it loads is used for a whole row or column of them, PRODUCTS (2 or 4) of each
// sum an iteration. The host writes these three constants before this text. A tile that overhangs
// the matrix loads values that do not belong there, for sums that are not stored.

struct Params {
    m: u32,
    n: u32,
    k: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;         // [m, k], or [k, m] transposed
@group(0) @binding(2) var<storage, read> b: array<f32>;         // [k, n], or [n, k] transposed
@group(0) @binding(3) var<storage, read> operand: array<f32>;   // of the epilogue
@group(0) @binding(4) var<storage, read_write> out: array<f32>; // [m, n]

override workgroup_size: u32;
override workgroup_rows: u32;
override transpose_a: bool;
override transpose_b: bool;
// What becomes of a product: see parts/product.wgsl.
override epilogue: u32;

const BLOCK: u32 = 4;
const BLOCKS: u32 = BLOCK_ROWS * BLOCK_COLUMNS;
const LAST: u32 = BLOCKS - 1u;

// Each matrix is a block: one column of it holds one row of outputs.
var<private> sums: array<mat4x4<f32>, BLOCKS>;
// The lengths of rows of a and b in storage.
var<private> of_a: u32;
var<private> of_b: u32;

fn accumulate(row: u32, column: u32, l: u32) {
    var across: array<vec4<f32>, BLOCK_COLUMNS>;
    for (var j = 0u; j < BLOCK_COLUMNS; j += 1u) {
        let first = column + BLOCK * j;
        across[j].x = right(l, first, of_b);
        across[j].y = right(l, first + 1u, of_b);
        across[j].z = right(l, first + 2u, of_b);
        across[j].w = right(l, first + 3u, of_b);
    }
    for (var i = 0u; i < BLOCK_ROWS; i += 1u) {
        let first = row + BLOCK * i;
        var down: vec4<f32>;
        down.x = left(first, l, of_a);
        down.y = left(first + 1u, l, of_a);
        down.z = left(first + 2u, l, of_a);
        down.w = left(first + 3u, l, of_a);
        for (var j = 0u; j < BLOCK_COLUMNS; j += 1u) {
            sums[BLOCK_COLUMNS * i + j] += outer(down, across[j]);
        }
    }
}

@compute @workgroup_size(workgroup_size, workgroup_rows)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    // One dimension alone ends at 65,535 workgroups.
    let number = global_id.z * workgroup_count.y * workgroup_rows + global_id.y;
    let row = BLOCK * BLOCK_ROWS * number;
    let column = BLOCK * BLOCK_COLUMNS * global_id.x;
    if row >= params.m {
        return;
    }
    of_a = select(params.k, params.m, transpose_a);
    of_b = select(params.n, params.k, transpose_b);
    // llvmpipe ends all loops of an invocation after 65,535 iterations.
    let rounds = params.k / PRODUCTS;
    let rest = params.k % PRODUCTS;
    for (var round = 0u; round < rounds; round += 1u) {
        let l = PRODUCTS * round;
        accumulate(row, column, l);
        accumulate(row, column, l + 1u);
        if PRODUCTS == 4u {
            accumulate(row, column, l + 2u);
            accumulate(row, column, l + 3u);
        }
    }
    for (var l = 0u; l < rest; l += 1u) {
        accumulate(row, column, PRODUCTS * rounds + l);
    }
    // The last one first, the others move up: what is looked up by a number that is no constant
    // would not be in registers.
    for (var done = 0u; done < BLOCKS; done += 1u) {
        let block = LAST - done;
        let first_row = row + BLOCK * (block / BLOCK_COLUMNS);
        let first_column = column + BLOCK * (block % BLOCK_COLUMNS);
        store_row(first_row, first_column, sums[LAST][0]);
        store_row(first_row + 1u, first_column, sums[LAST][1]);
        store_row(first_row + 2u, first_column, sums[LAST][2]);
        store_row(first_row + 3u, first_column, sums[LAST][3]);
        for (var i = 0u; i < LAST; i += 1u) {
            sums[LAST - i] = sums[LAST - i - 1u];
        }
    }
}
