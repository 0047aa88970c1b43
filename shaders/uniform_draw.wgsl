// Starting parameters: extent · scale · u, with u uniform on [−1, 1), drawn by Philox4x32-10
// (Salmon et al., 2011) as a pure function of a member's key and counter and the parameter.
//
// One invocation draws all of one member.

struct Params {
    member_count: u32,
    first_parameter: u32,
    first_row: u32,
    row_count: u32,
    extent: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
// Two words of the key, words 1 to 3 of the counter (word 0 is the parameter's number), and the
// bits of the scale: [6, member_count]
@group(0) @binding(1) var<storage, read> origins: array<u32>;
// [at least first_row + row_count, member_count]
@group(0) @binding(2) var<storage, read_write> state: array<f32>;

override workgroup_size: u32;

const MULTIPLIERS = vec2<u32>(0xd2511f53u, 0xcd9e8d57u);
const WEYL = vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
const ROUNDS: u32 = 10u;

// The upper half of a product; WGSL has no integers of 64 bits.
fn mul_high(a: u32, b: u32) -> u32 {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let middle = a_high * b_low + ((a_low * b_low) >> 16u);
    let carry = a_low * b_high + (middle & 0xffffu);
    return a_high * b_high + (middle >> 16u) + (carry >> 16u);
}

fn philox(start: vec4<u32>, start_key: vec2<u32>) -> vec4<u32> {
    var counter = start;
    var key = start_key;
    for (var round = 0u; round < ROUNDS; round += 1u) {
        counter = vec4<u32>(
            mul_high(MULTIPLIERS.y, counter.z) ^ counter.y ^ key.x,
            MULTIPLIERS.y * counter.z,
            mul_high(MULTIPLIERS.x, counter.x) ^ counter.w ^ key.y,
            MULTIPLIERS.x * counter.x,
        );
        key += WEYL;
    }
    return counter;
}

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let member = global_id.y * workgroup_count.x * workgroup_size + global_id.x;
    let count = params.member_count;
    if member >= count {
        return;
    }
    let key = vec2<u32>(origins[member], origins[count + member]);
    var counter = vec4<u32>(
        params.first_parameter,
        origins[2u * count + member],
        origins[3u * count + member],
        origins[4u * count + member],
    );
    let extent = params.extent * bitcast<f32>(origins[5u * count + member]);
    for (var row = 0u; row < params.row_count; row += 1u) {
        let word = philox(counter, key).x;
        // A product with a power of two is exact, which WGSL does not say of a quotient.
        let u = f32(word >> 8u) * (1.0 / 8388608.0) - 1.0;
        state[(params.first_row + row) * count + member] = extent * u;
        counter.x += 1u;
    }
}
