//! Stochastic gradient descent: `parameters −= learning_rate · d_parameters`.

use crate::numeric::Scalar;

/// `parameters −= learning_rate · d_parameters`; `residues` carry what rounding left out of
/// `parameters` into the next update (Kahan, 1965).
///
/// # Shapes
/// Any, the same for all three.
pub fn sgd_update<S: Scalar>(
    learning_rate: S,
    d_parameters: &[S],
    parameters: &mut [S],
    residues: &mut [S],
) {
    for ((parameter, residue), &d) in parameters.iter_mut().zip(residues).zip(d_parameters) {
        let before = *parameter;
        let change = *residue - learning_rate * d;
        *parameter = before + change;
        *residue = change - (*parameter - before);
    }
}
