// out[i] = sum of 16 values, each of which started as a number of its own, 16·i to 16·i + 15, and
//          was replaced 4·iterations times, by x·a + b, exp(−x) or a/(b + x), as `operation`
//          says.
//
// Each invocation makes all of them. Nothing but these operations takes time: the values stay in
// registers, and as they do not depend on each other, one is worked on while others are awaited.

struct Params {
    iterations: u32,
    a: f32,
    b: f32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [invocations]

override workgroup_size: u32 = 64;

// 0: products and sums, 1: exponentials, 2: divisions.
override operation: u32 = 0;

// x, replaced 4 times, beside which a loop's own work is little.
fn replaced(x: vec4<f32>, a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    switch operation {
        case 1u: {
            return exp(-exp(-exp(-exp(-x))));
        }
        case 2u: {
            return a / (b + a / (b + a / (b + a / (b + x))));
        }
        default: {
            return (((x * a + b) * a + b) * a + b) * a + b;
        }
    }
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(global_invocation_id) global_id: vec3<u32>) {
    let a = vec4<f32>(params.a);
    let b = vec4<f32>(params.b);
    let first = vec4<u32>(16u * global_id.x) + vec4<u32>(0u, 1u, 2u, 3u);
    var x0 = vec4<f32>(first);
    var x1 = vec4<f32>(first + 4u);
    var x2 = vec4<f32>(first + 8u);
    var x3 = vec4<f32>(first + 12u);
    for (var i = 0u; i < params.iterations; i += 1u) {
        x0 = replaced(x0, a, b);
        x1 = replaced(x1, a, b);
        x2 = replaced(x2, a, b);
        x3 = replaced(x3, a, b);
    }
    out[global_id.x] = dot((x0 + x1) + (x2 + x3), vec4<f32>(1.0));
}
