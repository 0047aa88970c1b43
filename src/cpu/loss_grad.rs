//! The gradient of a loss by the logits: `d_logits = scale · (y − t)` of binary cross-entropy.

use super::loss::gradient_of_row;
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
        let d = gradient_of_row(loss, activation, y, t);
        *d_logit = scale
            * match loss {
                Loss::SquaredError => two * d,
                _ if epsilon > zero => d.through(y * (one - y), epsilon),
                _ => d,
            };
    }
}
