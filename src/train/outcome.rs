//! The result of a run, and the checks that make it credible.

use std::time::Duration;

use crate::error::Error;
use crate::task::Parameters;

/// Loss in nats below which a network has learned: on average, it gives the right answer a
/// probability of more than 95 %.
pub const LEARNED_BELOW: f32 = 0.05;

/// The state of a run after a dispatch that is known to be complete: the device's own count of
/// steps is right after this dispatch, and the loss and all parameters are finite.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Number of updates, one or more.
    pub step: u64,
    /// The loss after the last of them.
    pub loss: f32,
    /// The parameters after the last of them.
    pub parameters: Parameters,
}

impl Counted {
    /// `None` before the first update, or if a value is not finite.
    pub(super) fn of(step: u64, loss: f32, parameters: Parameters) -> Option<Self> {
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
    /// The loss before update number [`Plan::late_step`](super::Plan::late_step); `None` if it was not evaluated.
    pub late_loss: Option<f32>,
    /// The outputs after the last update, `[batch_size, 1]`.
    pub probabilities: Vec<f32>,
    /// The parameters after the last update.
    pub parameters: Parameters,
    /// Time from the first submission to the last readback.
    pub wall: Duration,
    /// Time of the run on the device's own clock, if it has a reliable one.
    pub gpu: Option<Duration>,
    /// Time of the longest submission, for which a watchdog or Ctrl-C has to wait.
    pub longest_submission: Duration,
}

/// Whether all of the values are numbers.
pub(super) fn check_finite(
    step: u64,
    what: &'static str,
    values: impl IntoIterator<Item = f32>,
) -> Result<(), Error> {
    match values.into_iter().find(|value| !value.is_finite()) {
        Some(value) => Err(Error::Diverged { step, what, value }),
        None => Ok(()),
    }
}

/// A number of updates as devices count them: in 32 bits.
pub(super) fn counter(steps: u64) -> u32 {
    u32::try_from(steps % (1 << 32)).expect("it was wrapped")
}

/// A driver that gave up on a submission may report success: only the device's own counter tells.
pub(super) fn check_steps(counted: u32, expected: u64) -> Result<(), Error> {
    if counted == counter(expected) {
        return Ok(());
    }
    Err(Error::Undone { counted, expected })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Dataset, Init, Method};
    use crate::train::Plan;

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
        Parameters::initialise(&sizes.parse().expect("a network"), Init::Torch, 0)
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
        let plan = Plan::new(data, Method::COMPENSATED, start, 1, 1).expect("a plan");
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
