//! Stochastic gradient descent: `parameters −= learning_rate · d_parameters`.

use crate::numeric::Scalar;
use crate::task::Method;

/// `parameters −= learning_rate · d_parameters`. If compensated, `optimizer_state` carries what rounding
/// left out of `parameters` into the next update (Kahan, 1965); else, with momentum, it is the velocity.
/// See [`Sgd`](crate::task::Sgd).
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
    let [momentum, weight_decay] = [method.momentum(), method.weight_decay()].map(S::from_f64);
    let own = parameters.iter_mut().zip(optimizer_state);
    for ((parameter, state), &d) in own.zip(d_parameters) {
        let before = *parameter;
        if method.is_compensated() {
            let change = *state - learning_rate * d;
            *parameter = before + change;
            *state = change - (*parameter - before);
            continue;
        }
        let mut d = if method.weight_decay() == 0.0 { d } else { d + weight_decay * before };
        if method.has_momentum() {
            *state = momentum * *state + d;
            d = if method.is_nesterov() { d + momentum * *state } else { *state };
        }
        *parameter = before - learning_rate * d;
    }
}
