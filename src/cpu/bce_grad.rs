//! The gradient of binary cross-entropy through the sigmoid: `d_logits = scale · (p − t)`.

use crate::numeric::Scalar;

/// `d_logits = scale · (p − t)`, where `p` = `probabilities` and `t` = `targets`; with `epsilon`
/// > 0 unsimplified, `scale · (p − t) / (p(1 − p) + epsilon) · p(1 − p)`.
///
/// # Shapes
/// `[batch_size, 1]` for all three.
pub fn bce_grad<S: Scalar>(
    scale: S,
    epsilon: S,
    probabilities: &[S],
    targets: &[S],
    d_logits: &mut [S],
) {
    let (zero, one) = (S::from_f64(0.0), S::from_f64(1.0));
    for ((d_logit, &p), &t) in d_logits.iter_mut().zip(probabilities).zip(targets) {
        let mut d = p - t;
        if epsilon > zero {
            let slope = p * (one - p);
            d = d.through(slope, epsilon);
        }
        *d_logit = scale * d;
    }
}
