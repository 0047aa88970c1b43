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
// What becomes of a product, unless it is stored as it is:
override epilogue: u32;

// plus operand[column];
const BIAS: u32 = 1;
// the logistic function of that;
const SIGMOID: u32 = 2;
// as the gradient of activations, which operand [m, n] holds, back through their logistic function.
const SIGMOID_GRAD: u32 = 3;

// The lengths of rows of a and b in storage.
var<private> of_a: u32;
var<private> of_b: u32;

// As in sigmoid.wgsl.
fn middle(z: f32) -> f32 {
    let y = z * z;
    var q = -1.062825e-8;
    q = q * y + 1.8859414e-7;
    q = q * y - 2.1202923e-6;
    q = q * y + 2.1324006e-5;
    q = q * y - 2.1080143e-4;
    q = q * y + 2.0833316e-3;
    q = q * y - 2.0833334e-2;
    return 0.5 + (0.25 * z + z * y * q);
}

fn sides(z: f32) -> f32 {
    let t = exp(-abs(z));
    let tail = t / (1.0 + t);
    return select(1.0 - tail, tail, z < 0.0);
}

fn sigmoid(z: f32) -> f32 {
    return select(sides(z), middle(z), abs(z) <= 1.5);
}

// op(a)[row, l], where a row of a has `length` values in storage.
fn left(row: u32, l: u32, length: u32) -> f32 {
    return a[select(row * length + l, l * length + row, transpose_a)];
}

// op(b)[l, column], where a row of b has `length` values in storage.
fn right(l: u32, column: u32, length: u32) -> f32 {
    return b[select(l * length + column, column * length + l, transpose_b)];
}

fn term(row: u32, column: u32, l: u32) -> f32 {
    return left(row, l, of_a) * right(l, column, of_b);
}

fn finish(product: f32, index: u32, column: u32) -> f32 {
    switch epilogue {
        case BIAS: {
            return product + operand[column];
        }
        case SIGMOID: {
            return sigmoid(product + operand[column]);
        }
        case SIGMOID_GRAD: {
            let a = operand[index];
            return product * (a * (1.0 - a));
        }
        default: {
            return product;
        }
    }
}

fn store(row: u32, column: u32, product: f32) {
    if (row < params.m) & (column < params.n) {
        let index = row * params.n + column;
        out[index] = finish(product, index, column);
    }
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
