// losses[step mod capacity] = (1 / batch_size) · Σᵢ lᵢ with
// l = max(z, 0)·(1 − t) + max(−z, 0)·t + log(1 + exp(−|z|)),
// binary cross-entropy from the logits z and the targets t, in nats; l = (y − t)², the squared
// error of the outputs y; or l = max(0, 1 − t·y), their hinge loss.
//
// One workgroup: each invocation sums every workgroup_size-th row, then the partial sums are
// added in pairs. The order is fixed, so the result is the same every time.

struct Params {
    batch_size: u32,
    capacity: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> outputs: array<f32>;      // [batch_size, 1], y or z
@group(0) @binding(2) var<storage, read> targets: array<f32>;      // [batch_size, 1]
@group(0) @binding(3) var<storage, read> steps_done: array<u32>;   // [1]
@group(0) @binding(4) var<storage, read_write> losses: array<f32>; // [capacity]

override workgroup_size: u32;

var<workgroup> partial_sums: array<f32, workgroup_size>;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    for (var row = lane; row < params.batch_size; row += workgroup_size) {
        sum += loss_of(outputs[row], outputs[row], targets[row]);
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
        losses[steps_done[0] % params.capacity] = partial_sums[lane] / f32(params.batch_size);
    }
}
