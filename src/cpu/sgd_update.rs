//! Stochastic gradient descent: `parameters −= learning_rate · d_parameters`.

use crate::numeric::Scalar;
use crate::task::Method;

/// `parameters −= learning_rate · d_parameters`. If compensated, `optimizer_state` carries what rounding
/// left out of `parameters` into the next update (Kahan, 1965); else, with momentum μ, it is the
/// velocity: `v = μ · v + d_parameters`, which takes the place of `d_parameters`.
///
/// # Shapes
/// Any, the same for all three.
pub fn sgd_update<S: Scalar>(
    method: Method,
    learning_rate: S,
    d_parameters: &[S],
    parameters: &mut [S],
    optimizer_state: &mut [S],
) {
    let momentum = S::from_f32(method.momentum());
    let own = parameters.iter_mut().zip(optimizer_state);
    for ((parameter, state), &d) in own.zip(d_parameters) {
        let before = *parameter;
        if method.is_compensated() {
            let change = *state - learning_rate * d;
            *parameter = before + change;
            *state = change - (*parameter - before);
        } else if method.has_momentum() {
            *state = momentum * *state + d;
            *parameter = before - learning_rate * *state;
        } else {
            *parameter = before - learning_rate * d;
        }
    }
}
