//! The gradient through an activation function: `d_pre_activations = d_activations · f′`.

use super::activation::slope;
use crate::numeric::Scalar;
use crate::task::Activation;

/// `d_pre_activations = d_activations · f′`, element by element, where f′ is the derivative of the
/// function by its value, in `activations`.
///
/// # Shapes
/// Any, the same for all three.
pub fn activation_grad<S: Scalar>(
    function: Activation,
    activations: &[S],
    d_activations: &[S],
    d_pre_activations: &mut [S],
) {
    for ((d_z, &a), &d_a) in d_pre_activations.iter_mut().zip(activations).zip(d_activations) {
        *d_z = d_a * slope(function, a);
    }
}
