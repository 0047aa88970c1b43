// sums[g, i] = node i of the tree in which values[g, …] are summed, modulo 2³²; node 0 is the sum;
// mixed[g, i] = values[g, i] after rounds in each of which an invocation takes in its neighbours.
//
// A workgroup for each row g. All are integers, so not one bit may differ.

struct Params {
    round_count: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<u32>;      // [groups, workgroup_size]
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;  // the same
@group(0) @binding(3) var<storage, read_write> mixed: array<u32>; // the same

override workgroup_size: u32 = 256;

var<workgroup> partial_sums: array<u32, workgroup_size>;
var<workgroup> exchange: array<u32, workgroup_size>;

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    var value = values[global_id.x];
    partial_sums[lane] = value;
    workgroupBarrier();
    for (var stride = workgroup_size / 2u; stride != 0u; stride /= 2u) {
        if lane < stride {
            partial_sums[lane] += partial_sums[lane + stride];
        }
        workgroupBarrier();
    }
    sums[global_id.x] = partial_sums[lane];
    // Neighbours on both sides, at distances that grow and come back to 1.
    for (var round = 0u; round < params.round_count; round += 1u) {
        exchange[lane] = value;
        workgroupBarrier();
        let distance = 1u << (round % 8u);
        let above = exchange[(lane + distance) % workgroup_size];
        let below = exchange[(lane + workgroup_size - distance) % workgroup_size];
        value = value * 5u + above * 3u + below;
        workgroupBarrier();
    }
    mixed[global_id.x] = value;
}
