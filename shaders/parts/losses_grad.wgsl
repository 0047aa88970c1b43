// The gradient of a row's loss by its logit, from the output y and the target t: y − t for binary
// cross-entropy of a sigmoid; (y − t) · f′ for the squared error of an activation function f, which
// is half of it; −t for the hinge loss where 1 − t·y > 0, else 0. Needs loss_kind.wgsl and
// activation.wgsl.
fn gradient_of_row(output: f32, target_value: f32, function: u32) -> f32 {
    if loss_kind == SQUARED_ERROR {
        return (output - target_value) * slope(output, function);
    }
    if loss_kind == HINGE {
        return select(0.0, -target_value, 1.0 - target_value * output > 0.0);
    }
    return output - target_value;
}
