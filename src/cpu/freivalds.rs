//! Freivalds' algorithm: whether a product is right, without computing it again.
//!
//! C = A·B is asked as C·x = A·(B·x), for a random x of integers from 1 to 2¹⁵, so that a wrong row
//! passes once in 2¹⁵ at most, and never if one element of it is wrong (R. Freivalds, "Probabilistic
//! machines can use less running time", IFIP 1977). With matrices of small integers all sums are exact
//! in `f64`.

use super::matmul::Operand;
use crate::numeric::Stream;

/// x
#[must_use]
pub fn weights(stream: Stream, len: usize) -> Vec<f64> {
    let weight = |index: u32| f64::from((16_384.0 * (stream.uniform(index) + 1.0)).floor()) + 1.0;
    (0..).map(weight).take(len).collect()
}

/// The matrix times the vector.
///
/// # Shapes
/// `matrix` `[rows, columns]`, `vector` `[columns]`.
///
/// # Panics
/// If they do not fit each other.
#[must_use]
pub fn times(matrix: Operand<'_, f32>, vector: &[f64]) -> Vec<f64> {
    let Operand { values, transposed } = matrix;
    let columns = vector.len();
    assert!(values.len().is_multiple_of(columns), "{} values in rows of {columns}", values.len());
    let rows = values.len() / columns;
    let value = |row: usize, column: usize| {
        f64::from(values[if transposed { column * rows + row } else { row * columns + column }])
    };
    let sum = |row| vector.iter().enumerate().map(|(column, x)| value(row, column) * x).sum();
    (0..rows).map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_and_its_transpose_are_read_alike() {
        let plain = Operand { values: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..], transposed: false };
        let transposed = Operand { values: &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0][..], transposed: true };
        for matrix in [plain, transposed] {
            assert_eq!(times(matrix, &[1.0, 10.0, 100.0]), [321.0, 654.0]);
        }
    }

    #[test]
    fn weights_are_integers_from_1_to_their_limit() {
        let weights = weights(Stream::new(1), 1_000);
        let is_right = |weight: &f64| weight.fract() == 0.0 && (1.0..=32_768.0).contains(weight);
        assert!(weights.iter().all(is_right) && weights.iter().any(|&weight| weight > 30_000.0));
    }
}
