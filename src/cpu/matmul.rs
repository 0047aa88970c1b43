//! Matrix product: `out = a · b`, and what becomes of it.

use super::bias_add::bias_add;
use super::sigmoid_grad::sigmoid_grad;
use crate::scalar::Scalar;

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
    for (i, row) in out.chunks_exact_mut(n).enumerate() {
        row.fill(S::from_f64(0.0));
        for l in 0..k {
            let left = a.values[if a.transposed { l * m + i } else { i * k + l }];
            if b.transposed {
                for (j, sum) in row.iter_mut().enumerate() {
                    *sum = *sum + left * b.values[j * k + l];
                }
            } else {
                for (sum, &right) in row.iter_mut().zip(&b.values[l * n..]) {
                    *sum = *sum + left * right;
                }
            }
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

/// The twins of `bias_add`, `sigmoid` and `sigmoid_grad`, on a product.
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
            sigmoid_grad(activations, &product, out);
        }
    }
}
