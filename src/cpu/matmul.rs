//! Matrix product: `out = a · b`, and what becomes of it.

use super::activation_grad::activation_grad;
use super::bias_add::bias_add;
use super::sum::{WIDE, sum};
use crate::numeric::Scalar;
use crate::task::Activation;

/// A row-major matrix, or one that is stored transposed.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a, S> {
    /// The stored values.
    pub values: &'a [S],
    /// Whether they are those of the transpose.
    pub transposed: bool,
}

/// `out[i, j] = Σₗ a[i, l] · b[l, j]`.
///
/// # Shapes
/// `a` `[m, k]`, `b` `[k, n]`, `out` `[m, n]`.
///
/// # Panics
/// If the lengths are others.
pub fn matmul<S: Scalar>(
    [m, n, k]: [usize; 3],
    a: Operand<'_, S>,
    b: Operand<'_, S>,
    out: &mut [S],
) {
    assert_eq!([a.values.len(), b.values.len(), out.len()], [m * k, k * n, m * n]);
    if n < WIDE {
        product::<S, 1>([m, n, k], a, b, out);
    } else {
        product::<S, WIDE>([m, n, k], a, b, out);
    }
}

fn product<S: Scalar, const WIDTH: usize>(
    [m, n, k]: [usize; 3],
    a: Operand<'_, S>,
    b: Operand<'_, S>,
    out: &mut [S],
) {
    for (i, row) in out.chunks_exact_mut(n).enumerate() {
        for (first, out) in (0..).step_by(WIDTH).zip(row.chunks_mut(WIDTH)) {
            let sums = sum(k, |l, sums: &mut [S; WIDTH]| {
                let left = a.values[if a.transposed { l * m + i } else { i * k + l }];
                if b.transposed {
                    for (j, sum) in sums.iter_mut().take(out.len()).enumerate() {
                        *sum = *sum + left * b.values[(first + j) * k + l];
                    }
                } else {
                    let columns = &b.values[l * n + first..][..out.len()];
                    for (sum, &right) in sums.iter_mut().zip(columns) {
                        *sum = *sum + left * right;
                    }
                }
            });
            out.copy_from_slice(&sums[..out.len()]);
        }
    }
}

/// What becomes of a product.
#[derive(Clone, Copy, Debug)]
pub enum Epilogue<'a, S> {
    /// It is stored.
    Store,
    /// This `[n]` is added to each row.
    Bias(&'a [S]),
    /// The same, then the logistic function.
    Sigmoid(&'a [S]),
    /// As the gradient of these activations `[m, n]`, it goes back through their logistic function.
    SigmoidGrad(&'a [S]),
}

/// The twins of `bias_add`, and of `activation` and `activation_grad` of a sigmoid, on a product.
///
/// # Shapes
/// `out` `[m, n]`.
pub fn finish<S: Scalar>(epilogue: Epilogue<'_, S>, out: &mut [S]) {
    match epilogue {
        Epilogue::Store => {}
        Epilogue::Bias(bias) => bias_add(bias, out),
        Epilogue::Sigmoid(bias) => {
            bias_add(bias, out);
            for value in out {
                *value = value.sigmoid();
            }
        }
        Epilogue::SigmoidGrad(activations) => {
            let product = out.to_vec();
            activation_grad(Activation::Sigmoid, activations, &product, out);
        }
    }
}
