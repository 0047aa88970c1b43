//! How gradients become updates.

use crate::numeric::Scalar;

/// How a gradient g updates the parameters θ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// Stochastic gradient descent: v ← μ·v + g, θ ← θ − η·v.
    Sgd {
        /// η.
        learning_rate: f64,
        /// μ; 0 for none.
        momentum: f32,
    },
}

/// Whether `f32` holds a learning rate as a normal number above 0: a device may take a smaller one
/// for 0.
#[must_use]
pub fn is_learning_rate(rate: f64) -> bool {
    let as_f32 = f32::from_f64(rate);
    as_f32 >= f32::MIN_POSITIVE && as_f32.is_finite()
}
