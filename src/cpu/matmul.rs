//! Matrix product: `out = a · b`.

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
