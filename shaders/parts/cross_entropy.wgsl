// Binary cross-entropy of one row from its logit and its target, in nats.

// log(1 + t) for t in [0, 1], as 2·artanh(s) with s = t / (2 + t): 2·(s + s³·r(s²)), where r is a
// minimax fit, by which the whole is off by less than 2⁻²⁷ of itself.
// WGSL has no log1p, and its log may be off by 2⁻²¹ near 1, where a small loss would drown.
fn log_1p(t: f32) -> f32 {
    let s = t / (2.0 + t);
    let q = s * s;
    var r = 0.14006083;
    r = r * q + 0.14000885;
    r = r * q + 0.20010765;
    r = r * q + 0.3333321;
    return 2.0 * (s + s * (q * r));
}

// |value|, whatever it is, on the bits.
fn magnitude(value: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(value) & 0x7fffffffu);
}

fn row_loss(z: f32, target_value: f32) -> f32 {
    // Nothing is subtracted, so that the small loss of a right answer keeps its digits.
    let mistake = max(z, 0.0) * (1.0 - target_value) + max(-z, 0.0) * target_value;
    let loss = mistake + log_1p(exp(-abs(z)));
    // A driver may answer anything for an infinity or a NaN: those make +inf or NaN, as no
    // cross-entropy is negative.
    let finite = (bitcast<u32>(z) & 0x7f800000u) != 0x7f800000u;
    return select(magnitude(z), loss, finite);
}
