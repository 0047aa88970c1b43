//! Mean binary cross-entropy from logits, in nats.

use super::sum::sum;
use crate::scalar::Scalar;

/// `mean(max(z, 0) − z·t + log(1 + exp(−|z|)))`, where `z` = `logits` and `t` = `targets`; +inf or
/// NaN where a logit is no finite number, as a cross-entropy is never negative.
///
/// # Shapes
/// `[batch_size, 1]` for both.
#[must_use]
pub fn bce_loss<S: Scalar>(logits: &[S], targets: &[S]) -> S {
    let [sum] = sum(targets.len(), |row, [sum]: &mut [S; 1]| {
        *sum = *sum + row_loss(logits[row], targets[row]);
    });
    #[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
    let batch_size = targets.len() as f64;
    sum / S::from_f64(batch_size)
}

fn row_loss<S: Scalar>(z: S, t: S) -> S {
    if !z.to_f64().is_finite() {
        return z.abs();
    }
    z.max(S::from_f64(0.0)) - z * t + (-z.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cross_entropy_is_never_negative() {
        let logits = [f32::NEG_INFINITY, f32::MIN, -200.0, -0.0, 0.0, 200.0, f32::MAX];
        let logits = logits.into_iter().chain([f32::INFINITY, f32::NAN, -f32::NAN]);
        for (z, target) in logits.flat_map(|z| [(z, 0.0), (z, 1.0)]) {
            let loss = bce_loss(&[z], &[target]);
            assert!(loss >= 0.0 || loss.is_nan(), "{z}, {target}: {loss}");
            assert_eq!(loss == f32::INFINITY, z.is_infinite(), "{z}, {target}: {loss}");
        }
    }
}
