// activations = f(pre_activations), where f is the activation function
//
// One invocation per element. Rounding of the sigmoid is what drives a float32 run from the exact
// one while a network hesitates near p = 1/2, so its middle is summed smallest part first, which
// makes it right to 2⁻²⁴ whatever exp is worth, and both sides are symmetric: σ(−z) = 1 − σ(z).

struct Params {
    len: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pre_activations: array<f32>;   // [len]
@group(0) @binding(2) var<storage, read_write> activations: array<f32>; // [len]

override workgroup_size: u32;
// The sigmoid that rounds least, instead of the shortest.
override compensated: bool;
// The number of f: see parts/activation.wgsl.
override activation: u32;

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let index = global_id.y * workgroup_count.x * workgroup_size + global_id.x;
    if index >= params.len {
        return;
    }
    activations[index] = activate(pre_activations[index], activation);
}
