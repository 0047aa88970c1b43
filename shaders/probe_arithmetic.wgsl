// results[i] = operation(a[i], b[i], c[i])
//
// One invocation per element. All are words, so that every bit of an operand and a result counts.

struct Params {
    len: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;             // [at least len]
@group(0) @binding(2) var<storage, read> b: array<u32>;             // the same
@group(0) @binding(3) var<storage, read> c: array<u32>;             // the same
@group(0) @binding(4) var<storage, read_write> results: array<u32>; // the same

override workgroup_size: u32 = 64;

// Which one: its place in the list of the twin.
override operation: u32 = 0;

// 0 for a number, 1 for an infinity, 2 for a NaN.
fn class_of(value: f32) -> u32 {
    let is_nan = (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
    return select(select(1u, 2u, is_nan), 0u, is_finite(value));
}

fn result(word: u32, x: f32, y: f32, z: f32) -> u32 {
    switch operation {
        case 0u: { return word; }
        case 1u: { return bitcast<u32>(exp(x)); }
        case 2u: { return bitcast<u32>(log(x)); }
        case 3u: { return bitcast<u32>(x / y); }
        case 4u: { return bitcast<u32>(x * y); }
        case 5u: { return bitcast<u32>(x + y); }
        case 6u: { return bitcast<u32>(x * y + z); }
        case 7u: { return class_of(x); }
        case 8u: { return u32(is_finite(x * y + z)); }
        default: { return u32(x != x); }
    }
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(global_invocation_id) global_id: vec3<u32>) {
    let index = global_id.x;
    if index >= params.len {
        return;
    }
    let word = a[index];
    let y = bitcast<f32>(b[index]);
    let z = bitcast<f32>(c[index]);
    results[index] = result(word, bitcast<f32>(word), y, z);
}
