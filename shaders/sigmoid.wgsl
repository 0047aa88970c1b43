// activations = 1 / (1 + exp(−pre_activations))
//
// One invocation per element. Rounding here is what drives a float32 run from the exact one while
// a network hesitates near p = 1/2, so the middle is summed smallest part first, which makes it
// right to 2⁻²⁴ whatever exp is worth, and both sides are symmetric: σ(−z) = 1 − σ(z).

struct Params {
    len: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pre_activations: array<f32>;   // [len]
@group(0) @binding(2) var<storage, read_write> activations: array<f32>; // [len]

override workgroup_size: u32;

// σ(z) = 1/2 + z/4 + z³·q(z²) for |z| ≤ 3/2; q is a Chebyshev fit, off by less than 2⁻²⁸ there.
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

// exp is only given −|z|, so nothing overflows.
fn sides(z: f32) -> f32 {
    let t = exp(-abs(z));
    let tail = t / (1.0 + t);
    return select(1.0 - tail, tail, z < 0.0);
}

fn sigmoid(z: f32) -> f32 {
    return select(sides(z), middle(z), abs(z) <= 1.5);
}

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let index = global_id.y * workgroup_count.x * workgroup_size + global_id.x;
    if index >= params.len {
        return;
    }
    activations[index] = sigmoid(pre_activations[index]);
}
