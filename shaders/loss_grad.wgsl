// d_logits = scale · d, where d is the gradient of a row's loss by its logit: see
// parts/losses_grad.wgsl.
//
// That of the cross-entropy is simplified. With epsilon > 0 it is left as code that is written by
// hand often has it: the loss's derivative (y − t) / (y(1 − y) + epsilon) times the sigmoid's
// y(1 − y). One invocation per row.

struct Params {
    batch_size: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> outputs: array<f32>;        // [batch_size, 1]
@group(0) @binding(2) var<storage, read> targets: array<f32>;        // [batch_size, 1]
@group(0) @binding(3) var<storage, read_write> d_logits: array<f32>; // [batch_size, 1]

override workgroup_size: u32;
// Of `activate`, which this shader does not call.
override compensated: bool;
override epsilon: f32;
// The number of f: see parts/activation.wgsl.
override activation: u32;

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let index = global_id.y * workgroup_count.x * workgroup_size + global_id.x;
    if index >= params.batch_size {
        return;
    }
    let y = outputs[index];
    var d_logit = gradient_of_row(y, targets[index], activation);
    if loss_kind == SQUARED_ERROR {
        d_logit *= 2.0;
    } else if epsilon > 0.0 {
        let share = y * (1.0 - y);
        d_logit = d_logit / (share + epsilon) * share;
    }
    d_logits[index] = params.scale * d_logit;
}
