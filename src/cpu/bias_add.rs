//! Bias: `pre_activations[i, j] += bias[j]`.

use crate::numeric::Scalar;

/// `pre_activations[i, j] += bias[j]`.
///
/// # Shapes
/// `bias` `[output_size]`, `pre_activations` `[batch_size, output_size]`.
pub fn bias_add<S: Scalar>(bias: &[S], pre_activations: &mut [S]) {
    for row in pre_activations.chunks_exact_mut(bias.len()) {
        for (z, &b) in row.iter_mut().zip(bias) {
            *z = *z + b;
        }
    }
}
