//! The gradient of a bias: `d_bias[j] = scale · Σᵢ d_pre_activations[i, j]`.

use crate::scalar::Scalar;

/// `d_bias[j] = scale · Σᵢ d_pre_activations[i, j]`.
///
/// # Shapes
/// `d_pre_activations` `[batch_size, output_size]`, `d_bias` `[output_size]`.
pub fn bias_grad<S: Scalar>(scale: S, d_pre_activations: &[S], d_bias: &mut [S]) {
    d_bias.fill(S::from_f64(0.0));
    for row in d_pre_activations.chunks_exact(d_bias.len()) {
        for (sum, &d) in d_bias.iter_mut().zip(row) {
            *sum = *sum + d;
        }
    }
    for sum in d_bias {
        *sum = scale * *sum;
    }
}
