// pre_activations[i, j] += bias[j]
//
// One invocation per element of pre_activations [batch_size, output_size].

struct Params {
    batch_size: u32,
    output_size: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bias: array<f32>;                  // [output_size]
@group(0) @binding(2) var<storage, read_write> pre_activations: array<f32>; // row-major

override workgroup_size: u32;

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let index = global_id.y * workgroup_count.x * workgroup_size + global_id.x;
    if index >= params.batch_size * params.output_size {
        return;
    }
    pre_activations[index] += bias[index % params.output_size];
}
