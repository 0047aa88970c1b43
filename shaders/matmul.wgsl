// out = op(a) · op(b), where op transposes if the override says so; then an epilogue.
//
// One invocation computes one output, as the formula has it: the plainest of the ladder, and the
// slowest.

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

// The lengths of rows of a and b in storage.
var<private> of_a: u32;
var<private> of_b: u32;

fn term(row: u32, column: u32, l: u32) -> f32 {
    return left(row, l, of_a) * right(l, column, of_b);
}

@compute @workgroup_size(workgroup_size, workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    // One dimension alone ends at 65,535 workgroups.
    let row = global_id.z * workgroup_count.y * workgroup_size + global_id.y;
    let column = global_id.x;
    of_a = select(params.k, params.m, transpose_a);
    of_b = select(params.n, params.k, transpose_b);
    var sum = 0.0;
    // Four products an iteration: llvmpipe ends all loops of an invocation after 65,535 iterations.
    let rounds = params.k / 4u;
    let rest = params.k % 4u;
    for (var round = 0u; round < rounds; round += 1u) {
        sum += term(row, column, 4u * round);
        sum += term(row, column, 4u * round + 1u);
        sum += term(row, column, 4u * round + 2u);
        sum += term(row, column, 4u * round + 3u);
    }
    for (var l = 0u; l < rest; l += 1u) {
        sum += term(row, column, 4u * rounds + l);
    }
    store(row, column, sum);
}
