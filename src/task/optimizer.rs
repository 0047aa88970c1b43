//! The optimizer.

use crate::numeric::Scalar;

/// The rule by which a gradient g updates the parameters θ.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd(Sgd),
}

/// Stochastic gradient descent: g ← g + λ·θ, v ← μ·v + g, θ ← θ − η·v; by Nesterov's momentum
/// θ ← θ − η·(g + μ·v).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Learning rate η.
    pub learning_rate: f64,
    /// Momentum μ; 0 means no momentum.
    pub momentum: f64,
    /// Whether the momentum is Nesterov's.
    pub nesterov: bool,
    /// Weight decay λ, of all parameters.
    pub weight_decay: f64,
}

impl Optimizer {
    /// Gradient descent alone.
    #[must_use]
    pub const fn sgd(learning_rate: f64) -> Self {
        Self::Sgd(Sgd { learning_rate, momentum: 0.0, nesterov: false, weight_decay: 0.0 })
    }
}

/// Whether a learning rate is a normal number above 0 in `f32`. A device may take a smaller one for
/// 0.
#[must_use]
pub fn is_learning_rate(rate: f64) -> bool {
    let as_f32 = f32::from_f64(rate);
    as_f32 >= f32::MIN_POSITIVE && as_f32.is_finite()
}
