// The loss of one row. Needs loss_kind.wgsl and cross_entropy.wgsl.

// Zero first, as its slope counts at the margin; an output that is no finite number makes +inf or
// NaN, whatever a driver's max makes of it.
fn hinge(output: f32, target_value: f32) -> f32 {
    let finite = (bitcast<u32>(output) & 0x7f800000u) != 0x7f800000u;
    return select(magnitude(output), max(0.0, 1.0 - target_value * output), finite);
}

fn squared_error(output: f32, target_value: f32) -> f32 {
    let error = output - target_value;
    return error * error;
}

// From the logit z (binary cross-entropy) or from the output.
fn loss_of(z: f32, output: f32, target_value: f32) -> f32 {
    if loss_kind == SQUARED_ERROR {
        return squared_error(output, target_value);
    }
    if loss_kind == HINGE {
        return hinge(output, target_value);
    }
    return row_loss(z, target_value);
}
