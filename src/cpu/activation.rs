//! Activation functions: `activations = f(pre_activations)`; and their derivatives.

use crate::numeric::Scalar;
use crate::task::Activation;

fn logistic<S: Scalar>(compensated: bool, z: S) -> S {
    if compensated {
        return z.sigmoid();
    }
    // Below, the divisor is larger than those for which WGSL has an error, and soon than any f32, and
    // shaders give 0 or next to it: the result may be flushed, and so may eᶻ, which it is.
    if z < S::from_f64(-87.3) {
        return z.exp();
    }
    let one = S::from_f64(1.0);
    one / (one + (-z).exp())
}

/// `activations = f(pre_activations)`, element by element; by the shortest formula unless
/// `compensated`.
///
/// # Shapes
/// Any, the same for both.
pub fn activation<S: Scalar>(
    compensated: bool,
    function: Activation,
    pre_activations: &[S],
    activations: &mut [S],
) {
    for (a, &z) in activations.iter_mut().zip(pre_activations) {
        *a = activate(compensated, function, z);
    }
}

/// The value of an activation; by the shortest formula unless `compensated`.
pub(super) fn activate<S: Scalar>(compensated: bool, activation: Activation, z: S) -> S {
    let [one, two] = [1.0, 2.0].map(S::from_f64);
    match activation {
        Activation::Sigmoid => logistic(compensated, z),
        Activation::Tanh => two * logistic(compensated, two * z) - one,
        Activation::Identity => z,
        Activation::Relu => S::from_f64(0.0).max(z),
    }
}

/// The derivative of an activation, by its value.
#[must_use]
pub fn slope<S: Scalar>(activation: Activation, a: S) -> S {
    let one = S::from_f64(1.0);
    match activation {
        Activation::Sigmoid => a * (one - a),
        Activation::Tanh => one - a * a,
        Activation::Identity => one,
        Activation::Relu => a.is_positive(),
    }
}
