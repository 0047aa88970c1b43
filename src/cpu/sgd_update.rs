//! Stochastic gradient descent: `parameters −= learning_rate · d_parameters`.

use crate::scalar::Scalar;

/// `parameters −= learning_rate · d_parameters`.
///
/// # Shapes
/// Any, the same for both.
pub fn sgd_update<S: Scalar>(learning_rate: S, d_parameters: &[S], parameters: &mut [S]) {
    for (parameter, &d) in parameters.iter_mut().zip(d_parameters) {
        *parameter = *parameter - learning_rate * d;
    }
}
