//! The gradient of a loss by the logits: `d_logits = scale · (y − t)` of binary cross-entropy.

use super::activation::slope;
use crate::numeric::Scalar;
use crate::task::{Activation, Loss};

/// `d_logits = scale · d`, where for y in `outputs` and t in `targets` d is
/// - y − t of binary cross-entropy, through a sigmoid; with an epsilon
///   (y − t) / (y(1 − y) + epsilon) · y(1 − y);
/// - 2 · (y − t) · f′ of the squared error, through the activation function f.
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
        let mut d = y - t;
        if loss == Loss::SquaredError {
            d = two * d * slope(activation, y);
        } else if epsilon > zero {
            d = d.through(y * (one - y), epsilon);
        }
        *d_logit = scale * d;
    }
}
