//! The logistic function: `activations = 1 / (1 + exp(−pre_activations))`.

use crate::scalar::Scalar;

/// `activations = 1 / (1 + exp(−pre_activations))`, element by element.
///
/// # Shapes
/// Any, the same for both.
pub fn sigmoid<S: Scalar>(pre_activations: &[S], activations: &mut [S]) {
    let (zero, one) = (S::from_f64(0.0), S::from_f64(1.0));
    for (a, &z) in activations.iter_mut().zip(pre_activations) {
        let t = (-z.abs()).exp();
        *a = (if z >= zero { one } else { t }) / (one + t);
    }
}
