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
// What becomes of a product, unless it is stored as it is:
override epilogue: u32;

// plus operand[column];
const BIAS: u32 = 1;
// the logistic function of that;
const SIGMOID: u32 = 2;
// as the gradient of activations, which operand [m, n] holds, back through their logistic function.
const SIGMOID_GRAD: u32 = 3;

const LOADS: u32 = ROWS / SUBGROUP_SIZE;
const LAST: u32 = ROWS - 1u;

var<private> sums: array<array<f32, COLUMNS>, ROWS>;
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

// `&` and not `&&`, of which naga makes a branch: each branch in a loop doubles the time that
// SwiftShader (Chromium 156) takes to compile it: for a tile it did not end, and took all memory.
fn store(row: u32, column: u32, product: f32) {
    if (row < params.m) & (column < params.n) {
        let index = row * params.n + column;
        out[index] = finish(product, index, column);
    }
}

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
