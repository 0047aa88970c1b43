//! The optimizer.

use crate::numeric::Scalar;

/// The rule by which a gradient g updates the parameters θ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// Stochastic gradient descent: v ← μ·v + g, θ ← θ − η·v.
    Sgd {
        /// Learning rate η.
        learning_rate: f64,
        /// Momentum μ; 0 means none.
        momentum: f32,
    },
}

/// Whether a learning rate is a normal number above 0 in `f32`. A device may take a smaller one for
/// 0.
#[must_use]
pub fn is_learning_rate(rate: f64) -> bool {
    let as_f32 = f32::from_f64(rate);
    as_f32 >= f32::MIN_POSITIVE && as_f32.is_finite()
}
