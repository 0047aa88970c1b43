//! The gradient of a loss by the logits: `d_logits = scale · (y − t)` of binary cross-entropy.

use super::activation::slope;
use crate::numeric::Scalar;
use crate::task::{Activation, Loss};

/// `d_logits = scale · d`, where for y in `outputs` and t in `targets` d is
/// - y − t of binary cross-entropy, through a sigmoid; with an epsilon
///   (y − t) / (y(1 − y) + epsilon) · y(1 − y);
/// - 2 · (y − t) · f′ of the squared error, through the activation function f;
/// - −t of the hinge loss where 1 − t·y > 0, else 0.
///
/// # Shapes
/// `[batch_size, 1]` for all three.
pub fn loss_grad<S: Scalar>(
    (loss, activation): (Loss, Activation),
    [scale, epsilon]: [S; 2],
    outputs: &[S],
    targets: &[S],
    d_logits: &mut [S],
) {
    let [zero, one, two] = [0.0, 1.0, 2.0].map(S::from_f64);
    for ((d_logit, &y), &t) in d_logits.iter_mut().zip(outputs).zip(targets) {
        let d = match loss {
            Loss::SquaredError => two * (y - t) * slope(activation, y),
            Loss::Hinge => hinge_slope(y, t),
            Loss::CrossEntropy if epsilon > zero => (y - t).through(y * (one - y), epsilon),
            Loss::CrossEntropy => y - t,
        };
        *d_logit = scale * d;
    }
}

/// The derivative of the hinge loss by the output.
pub(super) fn hinge_slope<S: Scalar>(y: S, t: S) -> S {
    -t * (S::from_f64(1.0) - t * y).is_positive()
}
