//! The optimizer.

use crate::numeric::Scalar;

/// The rule by which a gradient g updates the parameters θ.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd(Sgd),
    /// Adam or AdamW.
    Adam(Adam),
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

/// Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015) by PyTorch's formulas, in
/// update number t, counted from 1: g ← g + λ·θ, m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g²,
/// θ ← θ − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε).
///
/// Its decoupled weight decay is AdamW's (Loshchilov and Hutter, "Decoupled Weight Decay
/// Regularization", 2019): θ ← θ − η·λ·θ, before all of this and instead of the change of g.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Learning rate η.
    pub learning_rate: f64,
    /// β₁ and β₂, each from 0 to below 1.
    pub betas: [f64; 2],
    /// ε, above 0.
    pub epsilon: f64,
    /// Weight decay λ, of all parameters.
    pub weight_decay: f64,
    /// Whether the weight decay is AdamW's.
    pub is_decoupled: bool,
}

impl Adam {
    /// PyTorch's defaults.
    pub const DEFAULT: Self = Self {
        learning_rate: 1e-3,
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weight_decay: 0.0,
        is_decoupled: false,
    };

    /// PyTorch's defaults of AdamW.
    pub const DECOUPLED: Self = Self { weight_decay: 0.01, is_decoupled: true, ..Self::DEFAULT };

    /// 1 / (1 − β₁ᵗ) and 1 / √(1 − β₂ᵗ) in update number `step`, counted from 0: t = step + 1.
    fn corrections(self, step: u64) -> [f64; 2] {
        #[expect(clippy::cast_precision_loss, reason = "runs have at most 2⁴⁰ steps")]
        let t = (step + 1) as f64;
        let [first, second] = self.betas.map(|beta| 1.0 - beta.powf(t));
        [1.0 / first, 1.0 / second.sqrt()]
    }
}

impl Optimizer {
    /// Gradient descent alone.
    #[must_use]
    pub const fn sgd(learning_rate: f64) -> Self {
        Self::Sgd(Sgd { learning_rate, momentum: 0.0, nesterov: false, weight_decay: 0.0 })
    }

    /// The learning rate η.
    #[must_use]
    pub fn learning_rate(self) -> f64 {
        match self {
            Self::Sgd(sgd) => sgd.learning_rate,
            Self::Adam(adam) => adam.learning_rate,
        }
    }

    /// The factors of 1 and of η in update number `step`, counted from 0, if its schedule has the
    /// factor `of_schedule`.
    pub(super) fn factors(self, step: u64, of_schedule: f64) -> StepFactors {
        let [of_first, of_second] = match self {
            Self::Sgd(_) => [1.0; 2],
            Self::Adam(adam) => adam.corrections(step),
        };
        StepFactors { rate: of_schedule, step_size: of_schedule * of_first, root: of_second }
    }
}

/// What the number of an update decides, apart from the gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepFactors {
    /// Factor of the learning rate, by the schedule.
    pub rate: f64,
    /// Factor of the learning rate with Adam's 1 / (1 − β₁ᵗ) in it.
    pub step_size: f64,
    /// Factor of √v: 1 / √(1 − β₂ᵗ).
    pub root: f64,
}

/// Whether a learning rate is a normal number above 0 in `f32`. A device may take a smaller one for
/// 0.
#[must_use]
pub fn is_learning_rate(rate: f64) -> bool {
    let as_f32 = f32::from_f64(rate);
    as_f32 >= f32::MIN_POSITIVE && as_f32.is_finite()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_make_means_of_the_first_gradients() {
        let adam = Adam::DEFAULT;
        // After one update m = (1 − β₁)·g and v = (1 − β₂)·g², so that the quotient is ±1.
        let [first, second] = adam.corrections(0);
        assert!(
            (first * 0.1 - 1.0).abs() < 1e-12 && (second * 0.001_f64.sqrt() - 1.0).abs() < 1e-12
        );
        // 1 − 0.9³ = 0.271.
        assert!((adam.corrections(2)[0] - 1.0 / 0.271).abs() < 1e-12);
        assert_eq!(adam.corrections(1 << 39), [1.0; 2]);
        let zero = Adam { betas: [0.0; 2], ..adam };
        assert_eq!(zero.corrections(0), [1.0; 2]);
    }
}
