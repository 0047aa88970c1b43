//! Mean binary cross-entropy from logits, in nats.

use crate::scalar::Scalar;

/// `mean(max(z, 0) − z·t + log(1 + exp(−|z|)))`, where `z` = `logits` and `t` = `targets`.
///
/// # Shapes
/// `[batch_size, 1]` for both.
#[must_use]
pub fn bce_loss<S: Scalar>(logits: &[S], targets: &[S]) -> S {
    let zero = S::from_f64(0.0);
    let rows = logits.iter().zip(targets);
    let sum =
        rows.fold(zero, |sum, (&z, &t)| sum + (z.max(zero) - z * t + (-z.abs()).exp().ln_1p()));
    #[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
    let batch_size = targets.len() as f64;
    sum / S::from_f64(batch_size)
}
