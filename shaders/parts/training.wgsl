// What many steps in one launch have in common, whoever makes them. Needs losses.wgsl,
// BATCH_SIZE, and the overrides `compensated`, `has_momentum`, `weight_decay`, `adam`.

const CROSS_ENTROPY: u32 = 0u;

// What a row adds to the evidence of a step, unless the loss is the cross-entropy.
fn evidence_of_row(output: f32, target_value: f32) -> f32 {
    if loss_kind == HINGE {
        return hinge(output, target_value);
    }
    return squared_error(output, target_value);
}

// The gradient of the mean: that of the sum of rows, or half of the sum of squares, times this.
fn gradient_share() -> f32 {
    return select(1.0, 2.0, loss_kind == SQUARED_ERROR) / f32(BATCH_SIZE);
}

// Whether an update takes the gradient of the mean, as it adds something to it.
fn takes_mean() -> bool {
    return has_momentum || weight_decay != 0.0 || adam;
}

// Whether an update hands anything but the parameters to the next.
fn keeps_state() -> bool {
    return compensated || has_momentum || adam;
}
