// activations = 1 / (1 + exp(−pre_activations))
//
// One invocation per element. exp is only given −|z|, so nothing overflows.

struct Params {
    len: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pre_activations: array<f32>;   // [len]
@group(0) @binding(2) var<storage, read_write> activations: array<f32>; // [len]

override workgroup_size: u32 = 64;

fn sigmoid(z: f32) -> f32 {
    let t = exp(-abs(z));
    return select(t, 1.0, z >= 0.0) / (1.0 + t);
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
