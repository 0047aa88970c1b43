// out = op(a) · op(b), where op transposes if the override says so; then an epilogue.
//
// One workgroup computes a tile of outputs, each of its invocations BLOCK_ROWS · BLOCK_COLUMNS
// blocks of 4 × 4 of them in registers. For DEPTH products of each sum at a time, the workgroup's
// memory takes what they need of a and b, so that each value is loaded once. The host writes these
// three constants before this text, and SIDE: the workgroup has SIDE × SIDE invocations. A tile
// that overhangs the matrix loads values that do not belong there, for sums that are not stored.

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
override transpose_a: bool;
override transpose_b: bool;
// What becomes of a product: see parts/product.wgsl.
override epilogue: u32;

const BLOCK: u32 = 4;
const BLOCKS: u32 = BLOCK_ROWS * BLOCK_COLUMNS;
const LAST: u32 = BLOCKS - 1u;
// Blocks of a tile, from top to bottom and from left to right.
const DOWN: u32 = SIDE * BLOCK_ROWS;
const ACROSS: u32 = SIDE * BLOCK_COLUMNS;
const INVOCATIONS: u32 = SIDE * SIDE;
// What an invocation loads of them.
const LOADS_A: u32 = DOWN * DEPTH / INVOCATIONS;
const LOADS_B: u32 = ACROSS * DEPTH / INVOCATIONS;
const QUARTERS: u32 = DEPTH / 4u;

// [DEPTH, DOWN]: four rows of op(a) each.
var<workgroup> tile_a: array<vec4<f32>, DEPTH * DOWN>;
// [DEPTH, ACROSS]: four columns of op(b) each.
var<workgroup> tile_b: array<vec4<f32>, DEPTH * ACROSS>;
// Each matrix is a block: one column of it holds one row of outputs.
var<private> sums: array<mat4x4<f32>, BLOCKS>;
// The lengths of rows of a and b in storage.
var<private> of_a: u32;
var<private> of_b: u32;

// Neighbours in storage go to neighbouring invocations.
fn load_a(lane: u32, row: u32, l: u32) {
    for (var load = 0u; load < LOADS_A; load += 1u) {
        let number = INVOCATIONS * load + lane;
        let depth = select(number % DEPTH, number / DOWN, transpose_a);
        let block = select(number / DEPTH, number % DOWN, transpose_a);
        let first = row + BLOCK * block;
        var down: vec4<f32>;
        down.x = left(first, l + depth, of_a);
        down.y = left(first + 1u, l + depth, of_a);
        down.z = left(first + 2u, l + depth, of_a);
        down.w = left(first + 3u, l + depth, of_a);
        tile_a[DOWN * depth + block] = down;
    }
}

fn load_b(lane: u32, column: u32, l: u32) {
    for (var load = 0u; load < LOADS_B; load += 1u) {
        let number = INVOCATIONS * load + lane;
        let depth = select(number / ACROSS, number % DEPTH, transpose_b);
        let block = select(number % ACROSS, number / DEPTH, transpose_b);
        let first = column + BLOCK * block;
        var across: vec4<f32>;
        across.x = right(l + depth, first, of_b);
        across.y = right(l + depth, first + 1u, of_b);
        across.z = right(l + depth, first + 2u, of_b);
        across.w = right(l + depth, first + 3u, of_b);
        tile_b[ACROSS * depth + block] = across;
    }
}

// Blocks of an invocation are SIDE blocks apart, so that neighbours read neighbours.
fn accumulate_depth(local_row: u32, local_column: u32, depth: u32) {
    var across: array<vec4<f32>, BLOCK_COLUMNS>;
    for (var j = 0u; j < BLOCK_COLUMNS; j += 1u) {
        across[j] = tile_b[ACROSS * depth + SIDE * j + local_column];
    }
    for (var i = 0u; i < BLOCK_ROWS; i += 1u) {
        let down = tile_a[DOWN * depth + SIDE * i + local_row];
        for (var j = 0u; j < BLOCK_COLUMNS; j += 1u) {
            sums[BLOCK_COLUMNS * i + j] += outer(down, across[j]);
        }
    }
}

@compute @workgroup_size(workgroup_size, workgroup_size)
fn main(
    @builtin(local_invocation_id) local_id: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    // One dimension alone ends at 65,535 workgroups.
    let row = BLOCK * DOWN * (workgroup.z * workgroup_count.y + workgroup.y);
    let column = BLOCK * ACROSS * workgroup.x;
    of_a = select(params.k, params.m, transpose_a);
    of_b = select(params.n, params.k, transpose_b);
    // All but the last 1 to DEPTH products.
    let rounds = (params.k - 1u) / DEPTH;
    let rest = params.k - DEPTH * rounds;
    for (var round = 0u; round < rounds; round += 1u) {
        load_a(lane, row, DEPTH * round);
        load_b(lane, column, DEPTH * round);
        workgroupBarrier();
        // Four an iteration: llvmpipe ends all loops of an invocation after 65,535 iterations.
        for (var quarter = 0u; quarter < QUARTERS; quarter += 1u) {
            accumulate_depth(local_id.y, local_id.x, 4u * quarter);
            accumulate_depth(local_id.y, local_id.x, 4u * quarter + 1u);
            accumulate_depth(local_id.y, local_id.x, 4u * quarter + 2u);
            accumulate_depth(local_id.y, local_id.x, 4u * quarter + 3u);
        }
        workgroupBarrier();
    }
    load_a(lane, row, DEPTH * rounds);
    load_b(lane, column, DEPTH * rounds);
    workgroupBarrier();
    for (var depth = 0u; depth < rest; depth += 1u) {
        accumulate_depth(local_id.y, local_id.x, depth);
    }
    // The last one first, the others move up: what is looked up by a number that is no constant
    // would not be in registers.
    for (var done = 0u; done < BLOCKS; done += 1u) {
        let block = LAST - done;
        let first_row = row + BLOCK * (SIDE * (block / BLOCK_COLUMNS) + local_id.y);
        let first_column = column + BLOCK * (SIDE * (block % BLOCK_COLUMNS) + local_id.x);
        store_row(first_row, first_column, sums[LAST][0]);
        store_row(first_row + 1u, first_column, sums[LAST][1]);
        store_row(first_row + 2u, first_column, sums[LAST][2]);
        store_row(first_row + 3u, first_column, sums[LAST][3]);
        for (var i = 0u; i < LAST; i += 1u) {
            sums[LAST - i] = sums[LAST - i - 1u];
        }
    }
}
