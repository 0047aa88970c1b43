// counts = iterations that were made of one loop and of two nested ones;
// states = what they made of the invocation's number, so that none can be left out.
//
// Each invocation makes all of them.

struct Params {
    single_count: u32,
    outer_count: u32,
    inner_count: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> counts: array<u32>; // [invocations]
@group(0) @binding(2) var<storage, read_write> states: array<u32>; // [invocations]

override workgroup_size: u32 = 64;

// A permutation of all words of which no compiler knows the n-th power.
fn next(state: u32) -> u32 {
    return (state ^ (state >> 15u)) * 0x2c1b3c6du + 0x297a2d39u;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(global_invocation_id) global_id: vec3<u32>) {
    var count = 0u;
    var state = global_id.x;
    for (var i = 0u; i < params.single_count; i += 1u) {
        state = next(state);
        count += 1u;
    }
    for (var i = 0u; i < params.outer_count; i += 1u) {
        for (var j = 0u; j < params.inner_count; j += 1u) {
            state = next(state);
            count += 1u;
        }
    }
    counts[global_id.x] = count;
    states[global_id.x] = state;
}
