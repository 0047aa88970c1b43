// d_pre_activations = d_activations · f′, where f′ is the activation function's derivative, by its
// value: a · (1 − a) of a sigmoid
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
// Of `activate`, which this shader does not call.
override compensated: bool;
// The number of the function: see parts/activation.wgsl.
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
    d_pre_activations[index] = d_activations[index] * slope(activations[index], activation);
}
