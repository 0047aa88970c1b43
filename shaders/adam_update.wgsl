// An update by Adam or AdamW, and steps_done += 1. The formula is in parts/adam.wgsl; the host
// computes what the number of the update decides.
//
// One invocation per parameter; the first also counts the step, which proves that it was done.

struct Params {
    len: u32,
    step_size: f32, // learning_rate / (1 − beta_1^t)
    rate: f32,
    root_factor: f32, // 1 / √(1 − beta_2^t)
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_parameters: array<f32>;          // [len]
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;      // [len]
@group(0) @binding(3) var<storage, read_write> optimizer_state: array<f32>; // m and v, [2, len]
@group(0) @binding(4) var<storage, read_write> steps_done: array<u32>;      // [1]

override workgroup_size: u32;
override weight_decay: f32;

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let index = global_id.y * workgroup_count.x * workgroup_size + global_id.x;
    if index >= params.len {
        return;
    }
    let before = Moments(optimizer_state[index], optimizer_state[params.len + index]);
    let parameter = parameters[index];
    let moments = moments_after(before, parameter, d_parameters[index]);
    optimizer_state[index] = moments.m;
    optimizer_state[params.len + index] = moments.v;
    parameters[index] =
        moved(parameter, moments, params.step_size, params.rate, params.root_factor);
    if index == 0u {
        steps_done[0] += 1u;
    }
}
