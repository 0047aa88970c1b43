// out = op(a) · op(b), where op transposes if the override says so; then an epilogue.
//
// One subgroup computes ROWS rows of COLUMNS · SUBGROUP_SIZE outputs, each of its invocations a
// column of them, the one SUBGROUP_SIZE columns on, and so forth. Each loads the value of a for
// another row; the rest have it from there. The host writes these three constants before this text:
// all subgroups of the device have SUBGROUP_SIZE invocations, and ROWS is a multiple of it. A tile
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

const LOADS: u32 = ROWS / SUBGROUP_SIZE;
const LAST: u32 = ROWS - 1u;

var<private> sums: array<array<f32, COLUMNS>, ROWS>;
// The lengths of rows of a and b in storage.
var<private> of_a: u32;
var<private> of_b: u32;

fn accumulate_exchanged(row: u32, column: u32, lane: u32, l: u32) {
    var across: array<f32, COLUMNS>;
    for (var j = 0u; j < COLUMNS; j += 1u) {
        across[j] = right(l, column + SUBGROUP_SIZE * j, of_b);
    }
    for (var i = 0u; i < LOADS; i += 1u) {
        let own = left(row + SUBGROUP_SIZE * i + lane, l, of_a);
        for (var other = 0u; other < SUBGROUP_SIZE; other += 1u) {
            let value = subgroupShuffle(own, other);
            for (var j = 0u; j < COLUMNS; j += 1u) {
                sums[SUBGROUP_SIZE * i + other][j] += value * across[j];
            }
        }
    }
}

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(num_subgroups) subgroup_count: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    // One dimension alone ends at 65,535 workgroups.
    let group = workgroup.z * workgroup_count.y + workgroup.y;
    let row = ROWS * (group * subgroup_count + subgroup);
    let column = COLUMNS * SUBGROUP_SIZE * workgroup.x + lane;
    of_a = select(params.k, params.m, transpose_a);
    of_b = select(params.n, params.k, transpose_b);
    // Two products an iteration: llvmpipe ends all loops of an invocation after 65,535 iterations.
    let pairs = params.k / 2u;
    for (var pair = 0u; pair < pairs; pair += 1u) {
        accumulate_exchanged(row, column, lane, 2u * pair);
        accumulate_exchanged(row, column, lane, 2u * pair + 1u);
    }
    if params.k % 2u == 1u {
        accumulate_exchanged(row, column, lane, params.k - 1u);
    }
    // The last one first, the others move up: what is looked up by a number that is no constant
    // would not be in registers.
    for (var done = 0u; done < ROWS; done += 1u) {
        for (var j = 0u; j < COLUMNS; j += 1u) {
            store(row + LAST - done, column + SUBGROUP_SIZE * j, sums[LAST][j]);
        }
        for (var i = 0u; i < LAST; i += 1u) {
            sums[LAST - i] = sums[LAST - i - 1u];
        }
    }
}
