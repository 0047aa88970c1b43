// out[i] = sum of the elements from number i on, 8·iterations of them, of a table of
//          workgroup_size elements that begins anew at its end; its 4·workgroup_size values are
//          first, first + 1, first + 2, …
//
// Each workgroup fills a table; neighbours read neighbouring elements, each all four values at
// once. No load waits for another, and the only work beside them is to sum.

struct Params {
    iterations: u32,
    first: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [groups, workgroup_size]

// A power of two.
override workgroup_size: u32 = 256;

var<workgroup> table: array<vec4<f32>, workgroup_size>;

fn element(place: u32) -> vec4<f32> {
    return table[place & (workgroup_size - 1u)];
}

fn sum_of_four(place: u32) -> vec4<f32> {
    return (element(place) + element(place + 1u)) + (element(place + 2u) + element(place + 3u));
}

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let numbers = vec4<u32>(4u * lane) + vec4<u32>(0u, 1u, 2u, 3u);
    table[lane] = vec4<f32>(params.first) + vec4<f32>(numbers);
    workgroupBarrier();
    var sum = vec4<f32>(0.0);
    for (var i = 0u; i < params.iterations; i += 1u) {
        let place = lane + 8u * i;
        sum += sum_of_four(place) + sum_of_four(place + 4u);
    }
    out[global_id.x] = dot(sum, vec4<f32>(1.0));
}
