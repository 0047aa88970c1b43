// out = op(a) · op(b), where op transposes if the override says so.
//
// One invocation computes a tile of 4 × 4 outputs in registers: each value it loads is used four
// times. Tiles that overhang the matrix repeat its last row or column and store nothing there.

struct Params {
    m: u32,
    n: u32,
    k: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;         // [m, k], or [k, m] transposed
@group(0) @binding(2) var<storage, read> b: array<f32>;         // [k, n], or [n, k] transposed
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // [m, n]

override workgroup_size: u32;
override transpose_a: bool;
override transpose_b: bool;

const TILE: u32 = 4;

struct Tile {
    rows: vec4<u32>,    // where each row of op(a) starts
    columns: vec4<u32>, // where each column of op(b) starts
    sums: mat4x4<f32>,  // one vector a row
}

fn accumulate(tile: ptr<function, Tile>, l: u32) {
    let at_a = (*tile).rows + l * select(1u, params.m, transpose_a);
    let at_b = (*tile).columns + l * select(params.n, 1u, transpose_b);
    let right = vec4<f32>(b[at_b.x], b[at_b.y], b[at_b.z], b[at_b.w]);
    (*tile).sums[0] += a[at_a.x] * right;
    (*tile).sums[1] += a[at_a.y] * right;
    (*tile).sums[2] += a[at_a.z] * right;
    (*tile).sums[3] += a[at_a.w] * right;
}

fn store_row(row: u32, column: u32, values: vec4<f32>) {
    let start = row * params.n + column;
    let room = params.n - column;
    out[start] = values.x;
    if room > 1u {
        out[start + 1u] = values.y;
    }
    if room > 2u {
        out[start + 2u] = values.z;
    }
    if room > 3u {
        out[start + 3u] = values.w;
    }
}

@compute @workgroup_size(workgroup_size, workgroup_size)
fn main(@builtin(global_invocation_id) global_id: vec3<u32>) {
    let row = global_id.y * TILE;
    let column = global_id.x * TILE;
    if row >= params.m || column >= params.n {
        return;
    }
    let offsets = vec4<u32>(0u, 1u, 2u, 3u);
    let rows = min(vec4<u32>(row) + offsets, vec4<u32>(params.m - 1u));
    let columns = min(vec4<u32>(column) + offsets, vec4<u32>(params.n - 1u));
    var tile: Tile;
    tile.rows = rows * select(params.k, 1u, transpose_a);
    tile.columns = columns * select(1u, params.k, transpose_b);
    // Four products an iteration: llvmpipe ends all loops of an invocation after 65,535 iterations.
    let whole = params.k - params.k % 4u;
    for (var l = 0u; l < whole; l += 4u) {
        accumulate(&tile, l);
        accumulate(&tile, l + 1u);
        accumulate(&tile, l + 2u);
        accumulate(&tile, l + 3u);
    }
    for (var l = whole; l < params.k; l += 1u) {
        accumulate(&tile, l);
    }
    let room = params.m - row;
    store_row(row, column, tile.sums[0]);
    if room > 1u {
        store_row(row + 1u, column, tile.sums[1]);
    }
    if room > 2u {
        store_row(row + 2u, column, tile.sums[2]);
    }
    if room > 3u {
        store_row(row + 3u, column, tile.sums[3]);
    }
}
