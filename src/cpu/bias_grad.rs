//! The gradient of a bias: `d_bias[j] = scale · Σᵢ d_pre_activations[i, j]`.

use super::sum::{WIDE, sum};
use crate::numeric::Scalar;

/// `d_bias[j] = scale · Σᵢ d_pre_activations[i, j]`.
///
/// # Shapes
/// `d_pre_activations` `[batch_size, output_size]`, `d_bias` `[output_size]`.
pub fn bias_grad<S: Scalar>(scale: S, d_pre_activations: &[S], d_bias: &mut [S]) {
    if d_bias.len() < WIDE {
        sums_of_columns::<S, 1>(scale, d_pre_activations, d_bias);
    } else {
        sums_of_columns::<S, WIDE>(scale, d_pre_activations, d_bias);
    }
}

fn sums_of_columns<S: Scalar, const WIDTH: usize>(
    scale: S,
    d_pre_activations: &[S],
    d_bias: &mut [S],
) {
    let output_size = d_bias.len();
    let batch_size = d_pre_activations.len() / output_size;
    for (first, d_bias) in (0..).step_by(WIDTH).zip(d_bias.chunks_mut(WIDTH)) {
        let sums = sum(batch_size, |row, sums: &mut [S; WIDTH]| {
            let row = &d_pre_activations[row * output_size + first..][..d_bias.len()];
            for (sum, &d) in sums.iter_mut().zip(row) {
                *sum = *sum + d;
            }
        });
        for (d, sum) in d_bias.iter_mut().zip(sums) {
            *d = scale * sum;
        }
    }
}
