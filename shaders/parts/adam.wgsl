// Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019), by PyTorch's formulas:
// m = beta_1 · m + (1 − beta_1) · d, v = beta_2 · v + (1 − beta_2) · d², and a parameter changes
// by −step_size · m / (root_factor · √v + adam_epsilon). Weight decay changes the parameter itself
// if it is decoupled, else the gradient d. Needs `weight_decay`.

override beta_1: f32;
override rest_1: f32; // 1 − beta_1, rounded once
override beta_2: f32;
override rest_2: f32; // 1 − beta_2, rounded once
override adam_epsilon: f32;
override decoupled: bool;

// Of what v has at least: its root is nothing beside adam_epsilon, and WGSL knows no root of zero.
const LEAST: f32 = 7.52316385e-37; // 2^−120

struct Moments {
    m: f32,
    v: f32,
}

// After an update by the gradient of the mean loss.
fn moments_after(before: Moments, parameter: f32, gradient: f32) -> Moments {
    var d = gradient;
    if weight_decay != 0.0 && !decoupled {
        d += weight_decay * parameter;
    }
    return Moments(beta_1 * before.m + rest_1 * d, beta_2 * before.v + rest_2 * (d * d));
}

// A parameter after an update that has left these moments.
fn moved(parameter: f32, moments: Moments, step_size: f32, rate: f32, root_factor: f32) -> f32 {
    var before = parameter;
    if weight_decay != 0.0 && decoupled {
        before -= rate * weight_decay * parameter;
    }
    let root = sqrt(max(moments.v, LEAST)) * root_factor;
    return before - step_size * (moments.m / (root + adam_epsilon));
}
