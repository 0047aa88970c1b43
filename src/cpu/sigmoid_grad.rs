//! The gradient through the logistic function: `d_pre_activations = d_activations · a · (1 − a)`.

use crate::numeric::Scalar;

/// `d_pre_activations = d_activations · a · (1 − a)`, element by element, where `a` =
/// `activations`.
///
/// # Shapes
/// Any, the same for all three.
pub fn sigmoid_grad<S: Scalar>(
    activations: &[S],
    d_activations: &[S],
    d_pre_activations: &mut [S],
) {
    let one = S::from_f64(1.0);
    for ((d_z, &a), &d_a) in d_pre_activations.iter_mut().zip(activations).zip(d_activations) {
        *d_z = d_a * (a * (one - a));
    }
}
