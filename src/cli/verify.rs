//! `parity verify`

use super::command_line::command_line;
use super::data::DATA_SEED;
use super::given::{Conflict, Given, Need, refuse};
use super::optimizer::NESTEROV;
use super::recipe::{MAX_STEPS, PlanArgs, START_IS_GIVEN};
use super::{DeviceArgs, go_on, sabotage, values};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::report::{self, InitFile, MatrixReport, PartsDisplay, VerifyReport};
use crate::task::Preset;
use crate::train::Plan;
use crate::verify::matrix::matrix;
use crate::verify::mutants::Part;
use crate::verify::{Effort, QUICK_STEPS, Request, Section, check_kernel, is_of_training, verify};

/// Number of random values for each kernel, unless the user gives one.
const CASES: usize = 100_000;

/// The same for a quick check.
const QUICK_CASES: usize = 5_000;

/// Options that only the checks of training use.
const OF_TRAINING: &[&str] = &[
    "preset",
    "layers",
    "function",
    "bits",
    "relevant",
    "rows",
    "data-seed",
    "label-noise",
    "validation",
    "split-seed",
    "steps",
    "learning-rate",
    "optimizer",
    "betas",
    "epsilon",
    "schedule",
    "warmup",
    "momentum",
    "nesterov",
    "weight-decay",
    "activation",
    "output-activation",
    "loss",
    "targets",
    "rounding",
    "init",
    "init-from",
    "every",
];

/// Options that contradict each other.
const CONFLICTS: &[Conflict] = &[
    START_IS_GIVEN,
    Conflict {
        one: "sabotage",
        others: OF_TRAINING,
        why: "wrong kernels are tried on a fixed training run",
    },
    Conflict { one: "matrix", others: OF_TRAINING, why: "each combination is a recipe of its own" },
    Conflict {
        one: "matrix",
        others: &["sabotage", "quick", "thorough", "seed", "cases", "kernel"],
        why: "combinations are run instead of the checks",
    },
    Conflict {
        one: "thorough",
        others: &["quick"],
        why: "one adds checks that take long, the other skips them",
    },
    Conflict {
        one: "thorough",
        others: &["sabotage"],
        why: "wrong kernels are tried only with checks that take seconds",
    },
];

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Args {
    /// Experiment to check step by step
    #[arg(long, value_enum, default_value = "xor")]
    preset: Preset,
    #[command(flatten)]
    plan: PlanArgs,
    /// Number of steps between two comparisons [default: such that 2000 steps of the run are
    /// compared; quick: 1]
    #[arg(long, value_name = "N", value_parser = values::count::<u64>(1..=MAX_STEPS))]
    every: Option<u64>,
    /// Number of random values for each kernel [default: 100000; quick: 5000]
    #[arg(long, value_name = "N", value_parser = values::count::<usize>(1..=100_000_000))]
    cases: Option<usize>,
    /// Kernel to check, with the training that launches it; may be given several times [default:
    /// all kernels]
    #[arg(long, value_name = "NAME")]
    kernel: Vec<String>,
    /// Prove that the checks notice wrong kernels: run them against small mistakes in the WGSL and
    /// in its launches
    #[arg(long)]
    sabotage: bool,
    /// Part of the generated wrong kernels to try, the Kth of N; those written by hand are always
    /// tried
    #[arg(long, value_name = "K/N", hide = true)]
    part: Option<Part>,
    /// Run every combination of what a recipe can say in every engine that takes it, against the
    /// reference, instead of the checks: takes many minutes
    #[arg(long)]
    matrix: bool,
    /// Skip the checks that take long
    #[arg(long)]
    quick: bool,
    /// Add checks that take minutes: the largest launches, every step, and many more random
    /// networks
    #[arg(long)]
    thorough: bool,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArgs,
    #[arg(skip)]
    pub(super) given: Given,
}

impl Args {
    pub(super) async fn run(&self) -> Result<u8, Error> {
        let (plan, init_from) = self.prepare()?;
        if self.sabotage {
            return self.run_sabotage().await;
        }
        let gpu = self.device.open().await?;
        if self.matrix {
            return self.run_matrix(&gpu).await;
        }
        let effort = self.effort(self.quick);
        let (every, kernels) = (self.every, self.kernel.clone());
        let request = Request { plan, effort, every, kernels };
        let mut progress = PartsDisplay::default();
        let mut observe = |section: Section, done: u64, total: u64| {
            progress.update(section.name(), done, total);
            go_on()
        };
        let found = verify(&gpu, &request, &mut observe).await?;
        progress.finish();
        let command = command_line();
        let report = VerifyReport {
            adapter: &gpu.adapter,
            preset: self.preset,
            init: init_from.is_none().then(|| self.plan.init(self.preset)),
            init_from: init_from.as_ref(),
            request: &request,
            found: &found,
            command,
        };
        report::print(&if self.json { report.json() } else { report.text() })?;
        Ok(found.exit_code())
    }

    /// Checks everything that can be checked without an adapter.
    pub(super) fn prepare(&self) -> Result<(Plan, Option<InitFile>), Error> {
        let part = Need { one: "part", others: &["sabotage"] };
        let split = Need { one: "split-seed", others: &["validation"] };
        let needs = [part, split, DATA_SEED, NESTEROV];
        self.given.check(CONFLICTS, &needs)?;
        self.kernel.iter().try_for_each(|kernel| check_kernel(kernel))?;
        self.check_training()?;
        let steps = self.plan.steps;
        if self.quick && self.given.has("steps") && steps > QUICK_STEPS {
            return refuse(
                &format!("--quick and --steps {steps}"),
                &format!("a quick check makes {QUICK_STEPS} steps at most"),
            );
        }
        let subject = self.plan.subject(self.preset, false)?;
        self.plan.plan(self.preset, subject, u64::MAX)
    }

    /// Options of training are refused beside kernels that no training launches.
    fn check_training(&self) -> Result<(), Error> {
        let Some(kernel) = self.kernel.first() else { return Ok(()) };
        let option = OF_TRAINING.iter().find(|option| self.given.has(option));
        match option {
            Some(option) if !self.kernel.iter().any(|kernel| is_of_training(kernel)) => refuse(
                &format!("--kernel {kernel} and --{option}"),
                "no engine launches this kernel, so nothing is trained",
            ),
            _ => Ok(()),
        }
    }

    fn effort(&self, quick: bool) -> Effort {
        let cases = self.cases.unwrap_or(if quick { QUICK_CASES } else { CASES });
        let (quick, thorough) = (self.quick, self.thorough);
        Effort { seed: self.plan.seed, cases, quick, thorough }
    }

    async fn run_matrix(&self, gpu: &Gpu) -> Result<u8, Error> {
        let mut progress = PartsDisplay::default();
        let mut observe = |done: u64, total: u64| {
            progress.update("combinations", done, total);
            go_on()
        };
        let found = &matrix(gpu, &mut observe).await?;
        progress.finish();
        let report = MatrixReport { adapter: &gpu.adapter, found, command: &command_line() };
        report::print(&if self.json { report.json() } else { report.text() })?;
        Ok(if found.interrupted { 130 } else { u8::from(!found.is_right()) })
    }

    async fn run_sabotage(&self) -> Result<u8, Error> {
        let (device, kernels, part) = (&self.device, &self.kernel, self.part);
        let request = sabotage::Request { device, effort: self.effort(true), kernels, part };
        let report = request.run().await?;
        report::print(&if self.json { report.json() } else { report.text() })?;
        Ok(if report.found.interrupted { 130 } else { u8::from(!report.found.is_proof()) })
    }
}
