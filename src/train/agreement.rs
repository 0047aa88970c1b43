//! The comparison of a run on the GPU with the same run on the CPU.

use super::{Outcome, Plan, Trajectory};

/// How far a loss may be from the exact one, relative to it.
const RELATIVE: f64 = 1e-4;

/// Differences below this are rounding, however small the loss.
const FLOOR: f64 = 1e-6;

/// A wrong kernel stands out against the drift of a right one in the same arithmetic.
const STANDS_OUT: f64 = 10.0;

/// Where `f32` on the CPU is off by this much, relative to the loss, the run has left the path of the
/// exact one: from there on, how far another `f32` run is off is chance, and proves nothing. A wrong
/// kernel shows before that.
const LOST: f64 = 1e-2;

/// The verdict on a GPU run, compared with the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every loss is within 10⁻⁴ of the loss in `f64`, or within 10⁻⁶ absolutely.
    Agree,
    /// Some losses are not, but the CPU's `f32` run differs from its `f64` run by a similar amount:
    /// this training run magnifies rounding, and its losses prove nothing.
    Unstable,
    /// At some mark, the GPU differs from the `f64` run by more than ten times what `f32` explains,
    /// before that is off by more than 1 % itself.
    Disagree,
}

/// The losses of the GPU, compared with those of the CPU at every mark.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Agreement {
    /// The verdict.
    pub verdict: Verdict,
    /// The largest |GPU − CPU in `f64`|, in nats.
    pub gpu_deviation: f64,
    /// The step with that deviation, before its update.
    pub step: u64,
    /// The largest |CPU in `f32` − CPU in `f64`|, in nats.
    pub cpu_f32_deviation: f64,
    /// The largest |GPU − CPU in `f64`|, relative to the loss there, or to 0.01 if the loss is
    /// smaller. The limit is 10⁻⁴.
    pub gpu_relative_deviation: f64,
    /// The step with that relative deviation, before its update.
    pub relative_step: u64,
    /// The largest relative deviation of the CPU in `f32` from the CPU in `f64`.
    pub cpu_f32_relative_deviation: f64,
}

impl Agreement {
    /// Compares a run with the same run on the CPU, in `f32` and in `f64`.
    #[must_use]
    pub fn of(plan: &Plan, gpu: &Outcome, cpu_f32: &Trajectory, cpu_f64: &Trajectory) -> Self {
        let gpu = gpu.losses.iter().chain([&gpu.final_loss]).copied().map(f64::from);
        let [cpu_f32, truth] =
            [cpu_f32, cpu_f64].map(|cpu| cpu.losses.iter().chain([&cpu.final_loss]).copied());
        let steps = plan.marks().chain([plan.recipe.steps]);
        let mut agreement = Self {
            verdict: Verdict::Agree,
            gpu_deviation: 0.0,
            step: 0,
            cpu_f32_deviation: 0.0,
            gpu_relative_deviation: 0.0,
            relative_step: 0,
            cpu_f32_relative_deviation: 0.0,
        };
        for (((step, gpu), cpu_f32), truth) in steps.zip(gpu).zip(cpu_f32).zip(truth) {
            agreement.take_in(step, gpu - truth, cpu_f32 - truth, truth);
        }
        agreement
    }

    /// Whether `f32` on the CPU differs from `f64` by more than a GPU may. If so, the run magnifies
    /// rounding so much that its losses say little, whatever the verdict.
    #[must_use]
    pub fn is_chaotic(&self) -> bool {
        self.cpu_f32_relative_deviation > RELATIVE
    }

    /// Looks at one more mark: an early error is not excused by what `f32` does later.
    fn take_in(&mut self, step: u64, gpu: f64, cpu_f32: f64, truth: f64) {
        let (gpu, cpu_f32) = (gpu.abs(), cpu_f32.abs());
        let scale = truth.max(FLOOR / RELATIVE);
        self.cpu_f32_deviation = self.cpu_f32_deviation.max(cpu_f32);
        self.cpu_f32_relative_deviation = self.cpu_f32_relative_deviation.max(cpu_f32 / scale);
        if gpu / scale > self.gpu_relative_deviation {
            (self.gpu_relative_deviation, self.relative_step) = (gpu / scale, step);
        }
        let verdict = if gpu <= (RELATIVE * truth).max(FLOOR) {
            Verdict::Agree
        } else if gpu <= STANDS_OUT * self.cpu_f32_deviation
            || self.cpu_f32_relative_deviation > LOST
        {
            Verdict::Unstable
        } else {
            Verdict::Disagree
        };
        self.verdict = self.verdict.max(verdict);
        if gpu > self.gpu_deviation {
            (self.gpu_deviation, self.step) = (gpu, step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Dataset, Init, Method, Parameters};

    fn verdict(gpu: [f32; 2], cpu_f32: [f64; 2], cpu_f64: [f64; 2]) -> (Verdict, u64) {
        let agreement = agreement(gpu, cpu_f32, cpu_f64);
        (agreement.verdict, agreement.step)
    }

    fn agreement(gpu: [f32; 2], cpu_f32: [f64; 2], cpu_f64: [f64; 2]) -> Agreement {
        let sizes = "2-2-1".parse().expect("a network");
        let start = Parameters::initialise(&sizes, Init::Torch, 0);
        let data = Dataset::parity(2).expect("XOR");
        let plan = Plan::new(data, Method::COMPENSATED, start.clone(), 7, 10).expect("a plan");
        let outcome = Outcome {
            losses: vec![gpu[0]],
            final_loss: gpu[1],
            late_loss: None,
            probabilities: vec![],
            parameters: start,
            wall: std::time::Duration::ZERO,
            gpu: None,
            longest_submission: std::time::Duration::ZERO,
        };
        let cpu = |[loss, final_loss]: [f64; 2]| Trajectory { losses: vec![loss], final_loss };
        Agreement::of(&plan, &outcome, &cpu(cpu_f32), &cpu(cpu_f64))
    }

    #[test]
    fn a_large_loss_is_compared_relative_to_itself() {
        let found = agreement([64_000.0, 0.001], [64_000.0, 0.001], [64_001.0, 0.001]);
        assert_eq!((found.verdict, found.gpu_deviation), (Verdict::Agree, 1.0));
        assert!((found.gpu_relative_deviation * 64_001.0 - 1.0).abs() < 1e-12, "{found:?}");
        assert_eq!((found.relative_step, found.is_chaotic()), (0, false));
    }

    #[test]
    fn a_run_whose_f32_leaves_f64_by_more_than_a_gpu_may_is_chaotic() {
        let found = agreement([0.7, 0.5], [0.7, 0.500_06], [0.7, 0.5]);
        assert_eq!((found.verdict, found.is_chaotic()), (Verdict::Agree, true), "{found:?}");
        assert!(!agreement([0.7, 0.5], [0.7, 0.500_04], [0.7, 0.5]).is_chaotic());
    }

    #[test]
    fn losses_within_a_ten_thousandth_agree() {
        assert_eq!(verdict([0.7, 0.500_04], [0.7, 0.5], [0.7, 0.5]), (Verdict::Agree, 7));
        assert_eq!(verdict([0.7, 2e-9], [0.7, 1e-9], [0.7, 1e-9]).0, Verdict::Agree);
    }

    #[test]
    fn a_difference_that_f32_does_not_explain_is_a_disagreement() {
        let found = verdict([0.71, 0.5], [0.700_01, 0.5], [0.7, 0.5]);
        assert_eq!(found, (Verdict::Disagree, 0));
    }

    /// 2-2-1 with tanh, identity and squared error does that at learning rate 0.3.
    #[test]
    fn a_run_that_left_the_path_of_the_exact_one_in_f32_too_proves_nothing() {
        let exact = [0.5, 0.002];
        assert_eq!(verdict([0.5, 0.016], [0.5, 0.000_9], exact).0, Verdict::Unstable);
        assert_eq!(verdict([0.5, 0.016], [0.5, 0.002_05], exact).0, Verdict::Disagree);
        assert_eq!(verdict([0.51, 0.002], [0.5, 0.000_9], exact).0, Verdict::Disagree);
    }

    #[test]
    fn an_early_difference_is_not_excused_by_a_late_one() {
        assert_eq!(verdict([0.71, 0.6], [0.7, 0.6], [0.7, 0.5]).0, Verdict::Disagree);
    }

    #[test]
    fn a_difference_that_f32_shows_too_is_instability() {
        assert_eq!(verdict([0.7, 0.6], [0.7, 0.52], [0.7, 0.5]), (Verdict::Unstable, 7));
    }

    #[test]
    fn each_limit_holds_and_just_beyond_it_is_another_verdict() {
        use Verdict::{Agree, Disagree, Unstable};
        let exact = [0.7, 0.5];
        for (gpu, expected) in [
            // 10⁻⁴ of ½.
            (0.500_049, Agree),
            (0.500_051, Disagree),
            (0.499_951, Agree),
            (0.499_949, Disagree),
        ] {
            assert_eq!(verdict([0.7, gpu], exact, exact).0, expected, "{gpu}");
        }
        // Small losses may differ by 10⁻⁶.
        for (gpu, expected) in [(1.98e-6, Agree), (2.02e-6, Disagree), (0.0, Agree)] {
            assert_eq!(verdict([0.7, gpu], [0.7, 1e-6], [0.7, 1e-6]).0, expected, "{gpu}");
        }
        // Ten times as far as f32 on the CPU.
        for (gpu, expected) in [(0.500_99, Unstable), (0.501_01, Disagree)] {
            assert_eq!(verdict([0.7, gpu], [0.7, 0.500_1], exact).0, expected, "{gpu}");
        }
    }

    #[test]
    fn the_truth_is_the_run_in_f64_and_not_that_in_f32() {
        let with_f32 = agreement([0.7, 0.500_2], [0.7, 0.500_2], [0.7, 0.5]);
        assert_eq!((with_f32.verdict, with_f32.step), (Verdict::Unstable, 7));
        assert!((with_f32.gpu_deviation - 2e-4).abs() < 1e-7, "{with_f32:?}");
        assert!((with_f32.gpu_relative_deviation - 4e-4).abs() < 1e-7, "{with_f32:?}");
        assert!((with_f32.cpu_f32_relative_deviation - 4e-4).abs() < 1e-7, "{with_f32:?}");
        let with_f64 = agreement([0.7, 0.5], [0.7, 0.500_2], [0.7, 0.5]);
        assert_eq!(with_f64.verdict, Verdict::Agree);
        assert!(with_f64.gpu_deviation < 1e-7 && with_f64.cpu_f32_deviation > 1e-4);
    }
}
