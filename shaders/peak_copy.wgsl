// out[i] = input[i]
//
// One invocation per element, of four values each: the widest load and store that there are.

struct Params {
    len: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;     // [len]
@group(0) @binding(2) var<storage, read_write> out: array<vec4<f32>>; // [len]

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
    out[index] = input[index];
}
