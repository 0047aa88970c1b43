// d_bias[j] = scale · Σᵢ d_pre_activations[i, j]
//
// One workgroup per column: each invocation sums every workgroup_size-th row, then the partial
// sums are added in pairs. The order is fixed, so the result is the same every time.

struct Params {
    batch_size: u32,
    output_size: u32,
    scale: f32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_pre_activations: array<f32>; // [batch_size, output_size]
@group(0) @binding(2) var<storage, read_write> d_bias: array<f32>;      // [output_size]

override workgroup_size: u32;

var<workgroup> partial_sums: array<f32, workgroup_size>;

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) workgroup_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let column = workgroup_id.y * workgroup_count.x + workgroup_id.x;
    // For all of a workgroup alike, or the barriers below could not be.
    if column >= params.output_size {
        return;
    }
    var sum = 0.0;
    for (var row = lane; row < params.batch_size; row += workgroup_size) {
        sum += d_pre_activations[row * params.output_size + column];
    }
    partial_sums[lane] = sum;
    workgroupBarrier();
    for (var stride = workgroup_size / 2u; stride != 0u; stride /= 2u) {
        let other = partial_sums[(lane + stride) % workgroup_size];
        workgroupBarrier();
        partial_sums[lane] += other;
        workgroupBarrier();
    }
    // All have the sum; what is not as it must be shows in that of the last.
    if lane == workgroup_size - 1u {
        d_bias[column] = params.scale * partial_sums[lane];
    }
}
