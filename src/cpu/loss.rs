//! The mean loss of a batch.

use super::activation::slope;
use super::sum::sum;
use crate::numeric::Scalar;
use crate::task::{Activation, Loss};

/// The mean over the rows of
/// - `max(z, 0)·(1 − t) + max(−z, 0)·t + log(1 + exp(−|z|))`, binary cross-entropy in nats, where
///   `outputs` are the logits z; +inf or NaN where a logit is no finite number, as a cross-entropy is
///   never negative;
/// - `(y − t)²`, the squared error, where `outputs` are the activations y;
/// - `max(0, 1 − t·y)`, the hinge loss, where they are, too; +inf or NaN where y is no finite number.
///
/// # Shapes
/// `[batch_size, 1]` for both.
#[must_use]
pub fn loss<S: Scalar>(loss: Loss, outputs: &[S], targets: &[S]) -> S {
    let [sum] = sum(targets.len(), |row, [sum]: &mut [S; 1]| {
        *sum = *sum + row_loss(loss, outputs[row], targets[row]);
    });
    #[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
    let batch_size = targets.len() as f64;
    sum / S::from_f64(batch_size)
}

/// The loss of one row, from the logit (cross-entropy) or the output.
pub fn row_loss<S: Scalar>(loss: Loss, y: S, t: S) -> S {
    match loss {
        Loss::SquaredError => (y - t) * (y - t),
        // A driver may answer anything for what is no finite number.
        _ if !y.to_f64().is_finite() => y.abs(),
        Loss::CrossEntropy => row_loss_from(y, t, (-y.abs()).exp()),
        Loss::Hinge => S::from_f64(0.0).max(S::from_f64(1.0) - t * y),
    }
}

/// The gradient of a row's loss by its logit, from the output y of an activation function; half of it, of
/// the squared error.
pub(super) fn gradient_of_row<S: Scalar>(loss: Loss, activation: Activation, y: S, t: S) -> S {
    match loss {
        Loss::CrossEntropy => y - t,
        Loss::SquaredError => (y - t) * slope(activation, y),
        Loss::Hinge => -t * (S::from_f64(1.0) - t * y).is_positive(),
    }
}

/// The loss of one row, where `tail` = exp(−|z|). Nothing is subtracted, so that the small loss of a
/// right answer keeps its digits.
pub fn row_loss_from<S: Scalar>(z: S, t: S, tail: S) -> S {
    let [zero, one] = [0.0, 1.0].map(S::from_f64);
    // At z = 0 the first has the derivative 1 and the second 0, of which −1/2 makes 1/2 − t.
    let mistake = z.max(zero) * (one - t) + zero.max(-z) * t;
    mistake + tail.ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Dual, Enclosure, ULP};

    #[test]
    fn the_loss_of_a_right_answer_has_a_bound_that_is_small_beside_it() {
        for (z, target) in [(10.0_f32, 1.0), (-10.0, 0.0), (3.0, 1.0), (-60.0, 0.0)] {
            let [z, target] = [z, target].map(Enclosure::from_f32);
            let loss = loss(Loss::CrossEntropy, &[z], &[target]);
            let exact = (-z.to_f64().abs()).exp().ln_1p();
            assert!((loss.to_f64() - exact).abs() <= 1e-12 * exact, "{loss:?}, not {exact}");
            // For exp alone, WGSL's table, twice, has 2·(3 + 2·60) units.
            assert!(loss.error() < 260.0 * ULP * exact, "{z:?}: {loss:?}");
        }
    }

    #[test]
    fn the_derivative_is_the_probability_minus_the_target_also_at_zero() {
        for z in [-3.0, 0.0, 0.5, 40.0_f64] {
            for target in [0.0, 0.25, 1.0] {
                let found = loss(
                    Loss::CrossEntropy,
                    &[Dual { value: z, derivative: 1.0 }],
                    &[Dual::from_f64(target)],
                );
                let expected = z.sigmoid() - target;
                assert!((found.derivative - expected).abs() < 1e-15, "{z}, {target}: {found:?}");
            }
        }
    }

    #[test]
    fn a_cross_entropy_is_never_negative() {
        let logits = [f32::NEG_INFINITY, f32::MIN, -200.0, -0.0, 0.0, 200.0, f32::MAX];
        let logits = logits.into_iter().chain([f32::INFINITY, f32::NAN, -f32::NAN]);
        for (z, target) in logits.flat_map(|z| [(z, 0.0), (z, 1.0)]) {
            let loss = loss(Loss::CrossEntropy, &[z], &[target]);
            assert!(loss >= 0.0 || loss.is_nan(), "{z}, {target}: {loss}");
            assert_eq!(loss == f32::INFINITY, z.is_infinite(), "{z}, {target}: {loss}");
        }
    }
}
