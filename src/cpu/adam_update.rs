//! Adam and AdamW.

use crate::numeric::Scalar;
use crate::task::{Adam, StepFactors};

/// Below this, v counts as this, whose root is nothing beside ε: WGSL says nothing of the root of 0.
pub const LEAST: f32 = f32::from_bits((127 - 120) << 23);

/// What the number of an update and the learning rate decide.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep<S> {
    /// η / (1 − β₁ᵗ), with the schedule's factor.
    pub step_size: S,
    /// η, with the schedule's factor.
    pub rate: S,
    /// 1 / √(1 − β₂ᵗ)
    pub root: S,
}

impl<S: Scalar> AdamStep<S> {
    /// As `adam_update.wgsl` has them: computed on the host, each rounded once.
    #[must_use]
    pub fn new(learning_rate: f64, factors: StepFactors) -> Self {
        let [step_size, rate] = [factors.step_size, factors.rate].map(|it| learning_rate * it);
        let [step_size, rate, root] = [step_size, rate, factors.root].map(S::from_f64);
        Self { step_size, rate, root }
    }

    /// As the fused kernels have them: a member's learning rate times the factors.
    pub(super) fn of_rate(learning_rate: S, factors: StepFactors) -> Self {
        let [step_size, rate, root] =
            [factors.step_size, factors.rate, factors.root].map(S::from_f64);
        Self { step_size: learning_rate * step_size, rate: learning_rate * rate, root }
    }
}

/// m and v of a parameter after an update by the gradient `d`.
#[must_use]
pub fn moments<S: Scalar>(adam: Adam, parameter: S, d: S, [m, v]: [S; 2]) -> [S; 2] {
    let d = if adam.weight_decay == 0.0 || adam.is_decoupled {
        d
    } else {
        d + S::from_f64(adam.weight_decay) * parameter
    };
    let [[beta_1, rest_1], [beta_2, rest_2]] =
        adam.betas.map(|beta| [beta, 1.0 - beta].map(S::from_f64));
    [beta_1 * m + rest_1 * d, beta_2 * v + rest_2 * (d * d)]
}

/// A parameter after an update that has left these m and v.
#[must_use]
pub fn moved<S: Scalar>(adam: Adam, step: AdamStep<S>, parameter: S, [m, v]: [S; 2]) -> S {
    let before = if adam.weight_decay != 0.0 && adam.is_decoupled {
        parameter - step.rate * S::from_f64(adam.weight_decay) * parameter
    } else {
        parameter
    };
    let root = v.max(S::from_f32(LEAST)).sqrt() * step.root;
    before - step.step_size * (m / (root + S::from_f64(adam.epsilon)))
}

/// One update: see [`Adam`].
///
/// # Shapes
/// Any, the same for `d_parameters`, `parameters`, and m and v.
pub fn adam_update<S: Scalar>(
    adam: Adam,
    step: AdamStep<S>,
    d_parameters: &[S],
    parameters: &mut [S],
    [m, v]: [&mut [S]; 2],
) {
    let own = parameters.iter_mut().zip(m.iter_mut().zip(v));
    for ((parameter, (m, v)), &d) in own.zip(d_parameters) {
        [*m, *v] = moments(adam, *parameter, d, [*m, *v]);
        *parameter = moved(adam, step, *parameter, [*m, *v]);
    }
}
