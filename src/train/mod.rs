//! The engines, and what a run of theirs gives.

mod agreement;
mod budget;
mod capacity;
mod diagnosis;
mod fused;
mod layered;
mod members;
mod pacer;
mod reference;
mod stepper;
mod trainer;

use std::ops::ControlFlow;
use std::time::Duration;

pub use agreement::{Agreement, Verdict};
pub use budget::Budget;
pub use capacity::{check_tensors, check_tensors_of_any_adapter};
pub use diagnosis::{Diagnosis, Ending};
pub(crate) use fused::LOSS_CAPACITY;
pub use fused::{Fused, problem};
pub use layered::{Layered, ProductUse, Products};
pub use members::Members;
pub use reference::{Trajectory, reference};
pub use stepper::{State, Stepper};
pub(crate) use trainer::PRODUCTS;
pub use trainer::Trainer;

use crate::dataset::Dataset;
use crate::error::Error;
use crate::model::Parameters;
use crate::rule::{Rule, Variant};

/// A loss below this, in nats, is that of a network that has learned: on average it gives the
/// right answer a probability of more than 95 %.
pub const LEARNED_BELOW: f32 = 0.05;

/// The answer that a probability rounds to.
#[must_use]
pub fn answer(probability: f32) -> f32 {
    f32::from(probability >= 0.5)
}

/// What is to be trained, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The rows to learn; every step sees all of them.
    pub data: Dataset,
    /// How gradients are taken and applied.
    pub rule: Rule,
    /// What the fused engine computes; the layered one is always careful.
    pub variant: Variant,
    /// Where training starts.
    pub start: Parameters,
    /// Updates to make.
    pub steps: u64,
    /// Losses are kept at each multiple of this step.
    pub log_every: u64,
}

impl Plan {
    /// The steps whose losses are kept.
    pub fn marks(&self) -> impl Iterator<Item = u64> + use<> {
        let every = usize::try_from(self.log_every).unwrap_or(usize::MAX);
        (0..self.steps).step_by(every)
    }

    /// How many of the answers round to their targets.
    #[must_use]
    pub fn right_answers(&self, probabilities: &[f32]) -> usize {
        let pairs = probabilities.iter().zip(&self.data.targets);
        pairs.filter(|&(&probability, &target)| answer(probability) == target).count()
    }

    /// Whether a run ended knowing the data: a small loss, and every answer right.
    #[must_use]
    pub fn is_learned(&self, outcome: &Outcome) -> bool {
        let all_right = self.right_answers(&outcome.probabilities) == self.data.batch_size();
        outcome.final_loss < LEARNED_BELOW && all_right
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Updates made.
    pub step: u64,
    /// The last loss that was seen, before its update; none before the first.
    pub loss: Option<f32>,
}

/// Called between submissions; breaking off ends the run with
/// [`Interrupted`](crate::error::Error::Interrupted).
pub type Observer<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// Where a run stood at a dispatch that is known to have been done: the device counted the steps
/// itself, said so of this dispatch, and the loss and all parameters are finite.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Updates made: one or more.
    pub step: u64,
    /// The loss after the last of them.
    pub loss: f32,
    /// After the last of them.
    pub parameters: Parameters,
}

impl Counted {
    /// None before the first update, or if a value is not finite.
    fn of(step: u64, loss: f32, parameters: Parameters) -> Option<Self> {
        let is_finite = loss.is_finite() && parameters.values().all(f32::is_finite);
        (step > 0 && is_finite).then_some(Self { step, loss, parameters })
    }
}

/// A finished run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The loss before update number s, for each mark s.
    pub losses: Vec<f32>,
    /// The loss after the last update.
    pub final_loss: f32,
    /// The loss before update number [`Plan::late_step`]; none where nothing looked at it.
    pub late_loss: Option<f32>,
    /// `[batch_size, 1]`, after the last update.
    pub probabilities: Vec<f32>,
    /// After the last update.
    pub parameters: Parameters,
    /// From the first submission to the last readback.
    pub wall: Duration,
    /// The same on the device's own clock, if it has one that can be believed.
    pub gpu: Option<Duration>,
    /// What a watchdog, or Ctrl-C, had to wait for at most.
    pub longest_submission: Duration,
}

/// What the updates of a run bring, while it goes on.
#[derive(Default)]
struct Run {
    /// At the marks.
    losses: Vec<f32>,
    final_loss: f32,
    late_loss: Option<f32>,
}

impl Run {
    fn new(plan: &Plan) -> Self {
        let losses = Vec::with_capacity(plan.marks().count());
        Self { losses, final_loss: f32::NAN, late_loss: None }
    }

    /// Puts down the loss before update number `step`, or after the last.
    fn keep(&mut self, plan: &Plan, step: u64, loss: f32) {
        if step == plan.late_step() {
            self.late_loss = Some(loss);
        }
        if step == plan.steps {
            self.final_loss = loss;
        } else if step.is_multiple_of(plan.log_every) {
            self.losses.push(loss);
        }
    }
}

/// Whether all of the values are numbers.
fn check_finite(
    step: u64,
    what: &'static str,
    values: impl IntoIterator<Item = f32>,
) -> Result<(), Error> {
    match values.into_iter().find(|value| !value.is_finite()) {
        Some(value) => Err(Error::Diverged { step, what, value }),
        None => Ok(()),
    }
}

/// A driver that gave up on a submission may report success: only the device's own counter tells.
fn check_steps(counted: u32, expected: u64) -> Result<(), Error> {
    if u64::from(counted) == expected % (1 << 32) {
        return Ok(());
    }
    Err(Error::Undone { counted, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_too_few_or_too_many_is_an_error() {
        assert!(check_steps(100, 100).is_ok());
        assert!(check_steps(5, (1 << 32) + 5).is_ok());
        assert!(check_steps(99, 100).is_err());
        assert!(check_steps(0, 100).is_err());
    }

    #[test]
    fn a_count_of_one_step_more_is_as_wrong_as_one_less() {
        for (counted, right) in [(99, false), (100, true), (101, false)] {
            assert_eq!(check_steps(counted, 100).is_ok(), right, "{counted}");
        }
        assert!(check_steps(u32::MAX, (1 << 32) - 1).is_ok() && check_steps(0, 1 << 32).is_ok());
        assert!(check_steps(u32::MAX, 1 << 32).is_err());
    }

    fn start(sizes: &str) -> Parameters {
        Parameters::initialise(&sizes.parse().expect("a network"), crate::model::Init::Torch, 0)
    }

    #[test]
    fn what_an_interrupted_run_saves_is_counted_and_finite() {
        let parameters = start("2-2-1");
        assert!(Counted::of(1, 0.5, parameters.clone()).is_some());
        assert!(Counted::of(0, 0.5, parameters.clone()).is_none(), "nothing was done");
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(Counted::of(1, value, parameters.clone()).is_none());
            let mut other = parameters.clone();
            other.layers[1].bias[0] = value;
            assert!(Counted::of(1, 0.5, other).is_none());
        }
        assert!(check_finite(1, "a value", [0.0, f32::MAX]).is_ok());
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(check_finite(1, "a value", [0.0, value]).is_err());
        }
    }

    #[test]
    fn a_network_has_learned_below_a_loss_of_0_05_with_every_answer_right() {
        let start = start("2-2-1");
        let data = Dataset::parity(2).expect("XOR");
        let (rule, variant) = (Rule::sgd(1.0), Variant::CAREFUL);
        let plan = Plan { data, rule, variant, start, steps: 1, log_every: 1 };
        let is_learned = |final_loss: f32, probabilities: [f32; 4]| {
            plan.is_learned(&Outcome {
                losses: vec![],
                final_loss,
                late_loss: None,
                probabilities: probabilities.into(),
                parameters: plan.start.clone(),
                wall: Duration::ZERO,
                gpu: None,
                longest_submission: Duration::ZERO,
            })
        };
        let below_half = 0.5_f32.next_down();
        let right = [below_half, 0.5, 1.0, 0.0];
        assert!(is_learned(0.05_f32.next_down(), right));
        assert!(!is_learned(0.05, right) && !is_learned(f32::NAN, right));
        assert!(!is_learned(0.01, [0.5, 0.5, 1.0, 0.0]), "the first answer is 1");
        assert!(!is_learned(0.01, [0.0, below_half, 1.0, 0.0]), "the second is 0");
    }
}
