// parameters −= learning_rate · d_parameters, and steps_done += 1
//
// One invocation per parameter; the first also counts the step, which proves that it was done.

struct Params {
    len: u32,
    learning_rate: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_parameters: array<f32>;     // [len]
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>; // [len]
@group(0) @binding(3) var<storage, read_write> steps_done: array<u32>; // [1]

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let index = global_id.y * workgroup_count.x * workgroup_size + global_id.x;
    if index >= params.len {
        return;
    }
    parameters[index] -= params.learning_rate * d_parameters[index];
    if index == 0u {
        steps_done[0] += 1u;
    }
}
