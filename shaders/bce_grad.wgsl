// d_logits = scale · (p − t), where p = probabilities, t = targets
//
// That is the gradient of binary cross-entropy through the sigmoid, simplified. With epsilon > 0
// it is left unsimplified, as hand-written code often has it: the loss's derivative
// (p − t) / (p(1 − p) + epsilon) times the sigmoid's p(1 − p). One invocation per row.

struct Params {
    batch_size: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> probabilities: array<f32>;  // [batch_size, 1]
@group(0) @binding(2) var<storage, read> targets: array<f32>;        // [batch_size, 1]
@group(0) @binding(3) var<storage, read_write> d_logits: array<f32>; // [batch_size, 1]

override workgroup_size: u32;
override epsilon: f32;

@compute @workgroup_size(workgroup_size)
fn main(
    @builtin(global_invocation_id) global_id: vec3<u32>,
    @builtin(num_workgroups) workgroup_count: vec3<u32>,
) {
    let index = global_id.y * workgroup_count.x * workgroup_size + global_id.x;
    if index >= params.batch_size {
        return;
    }
    let p = probabilities[index];
    var d_logit = p - targets[index];
    if epsilon > 0.0 {
        let slope = p * (1.0 - p);
        d_logit = d_logit / (slope + epsilon) * slope;
    }
    d_logits[index] = params.scale * d_logit;
}
