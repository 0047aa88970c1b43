// parameters −= learning_rate · d_parameters, and steps_done += 1. With weight decay, first
// d_parameters += weight_decay · parameters. With momentum, then velocity = momentum · velocity +
// d_parameters, and that takes the place of d_parameters; if the momentum is Nesterov's,
// d_parameters + momentum · velocity does.
//
// One invocation per parameter; the first also counts the step, which proves that it was done.
// A small change of a large parameter is mostly rounded away, so where updates are compensated what
// was is kept and added to the next change (Kahan, 1965). Without it, rounding here outweighs all
// other rounding of a long run.

struct Params {
    len: u32,
    learning_rate: f32,
    zero: u32, // always 0
    momentum: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_parameters: array<f32>;          // [len]
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;      // [len]
// What rounding left out if compensated, else the velocity.
@group(0) @binding(3) var<storage, read_write> optimizer_state: array<f32>; // [len]
@group(0) @binding(4) var<storage, read_write> steps_done: array<u32>;      // [1]

override workgroup_size: u32;
override compensated: bool;
// The rest only where updates are not compensated.
override has_momentum: bool;
override nesterov: bool;
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
    zero = params.zero;
    let before = parameters[index];
    if compensated {
        let change = optimizer_state[index] - params.learning_rate * d_parameters[index];
        let after = rounded(before + change);
        parameters[index] = after;
        optimizer_state[index] = change - rounded(after - before);
    } else {
        var d = d_parameters[index];
        if weight_decay != 0.0 {
            d += weight_decay * before;
        }
        if has_momentum {
            let velocity = params.momentum * optimizer_state[index] + d;
            optimizer_state[index] = velocity;
            d = select(velocity, d + params.momentum * velocity, nesterov);
        }
        parameters[index] = before - params.learning_rate * d;
    }
    if index == 0u {
        steps_done[0] += 1u;
    }
}
