// The logistic function, rounded little or computed by the shortest formula, as the override
// `compensated` says. Needs sigmoid.wgsl.

// Below -88 exp overflows, which WGSL lets be anything; drivers make it infinite, and this 0. A
// bound would cost a tenth of a step, so tests look instead.
fn logistic(z: f32) -> f32 {
    if compensated {
        return sigmoid(z);
    }
    return 1.0 / (1.0 + exp(-z));
}
