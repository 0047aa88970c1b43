//! The reference: the same run on the CPU.

use std::ops::ControlFlow;

use super::Plan;
use crate::cpu::Reference;
use crate::numeric::Scalar;

/// The losses of a run on the CPU.
#[derive(Clone, Debug)]
pub struct Trajectory {
    /// The loss before update number s, for each mark s.
    pub losses: Vec<f64>,
    /// The loss after the last update.
    pub final_loss: f64,
}

/// Trains on the CPU in the arithmetic of `S`; `None` if `go_on` broke the run off.
pub fn reference<S: Scalar>(
    plan: &Plan,
    go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Option<Trajectory> {
    let mut network = Reference::<S>::new(&plan.recipe.data, plan.recipe.method, &plan.start);
    let mut losses = vec![];
    for step in 0..plan.recipe.steps {
        if go_on().is_break() {
            return None;
        }
        let loss = network.step();
        if step.is_multiple_of(plan.log_every) {
            losses.push(loss.to_f64());
        }
    }
    let final_loss = network.forward().to_f64();
    Some(Trajectory { losses, final_loss })
}
