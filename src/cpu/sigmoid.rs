//! The logistic function: `activations = 1 / (1 + exp(−pre_activations))`.

use crate::numeric::Scalar;

/// `activations = 1 / (1 + exp(−pre_activations))`, element by element.
///
/// # Shapes
/// Any, the same for both.
pub fn sigmoid<S: Scalar>(pre_activations: &[S], activations: &mut [S]) {
    for (a, &z) in activations.iter_mut().zip(pre_activations) {
        *a = z.sigmoid();
    }
}
