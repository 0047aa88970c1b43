// d_pre_activations = d_activations · a · (1 − a), where a = activations
//
// One invocation per element.

struct Params {
    len: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> activations: array<f32>;             // [len]
@group(0) @binding(2) var<storage, read> d_activations: array<f32>;           // [len]
@group(0) @binding(3) var<storage, read_write> d_pre_activations: array<f32>; // [len]

override workgroup_size: u32;

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let index = global_id.y * workgroup_count.x * workgroup_size + global_id.x;
    if index >= params.len {
        return;
    }
    let a = activations[index];
    d_pre_activations[index] = d_activations[index] * (a * (1.0 - a));
}
