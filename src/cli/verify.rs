//! `parity verify`

use std::time::Instant;

use super::command_line::command_line;
use super::plan::PlanArgs;
use super::{DeviceArgs, go_on};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::report::{self, PartsDisplay, SabotageReport, VerifyReport};
use crate::rule::Preset;
use crate::verify::sabotage::{Progress, sabotage};
use crate::verify::{Effort, Kernel, Request, Section, prove_by_training, verify};

/// Random values for each kernel, unless it is said how many.
const CASES: usize = 100_000;

/// The same where it should be quick.
const QUICK_CASES: usize = 5_000;

/// What only the checks of training heed.
const OF_TRAINING: [&str; 8] =
    ["preset", "layers", "bits", "steps", "learning_rate", "init", "init_from", "every"];

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)]
pub(super) struct Args {
    /// The experiment that is checked step by step
    #[arg(long, value_enum, default_value = "xor")]
    preset: Preset,
    #[command(flatten)]
    plan: PlanArgs,
    /// Compare every Nth step [default: every one, of long runs a sample]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    every: Option<u64>,
    /// Random values that each kernel is compared on [default: 100000, quick: 5000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    cases: Option<u64>,
    /// Only this kernel, against its twin
    #[arg(long, value_name = "NAME", conflicts_with_all = OF_TRAINING)]
    kernel: Option<String>,
    /// Prove that wrong kernels would be noticed: run the checks against small mistakes in
    /// the WGSL
    #[arg(long, conflicts_with_all = OF_TRAINING)]
    sabotage: bool,
    /// Leave out what takes long
    #[arg(long)]
    quick: bool,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

impl Args {
    pub(super) async fn run(&self) -> Result<u8, Error> {
        if self.sabotage {
            return self.run_sabotage().await;
        }
        let (plan, init_from) = self.plan.plan(self.preset, u64::MAX)?;
        let gpu = Gpu::open(self.device.selection()).await?;
        let effort = self.effort(self.quick);
        let (every, kernel) = (self.every, self.kernel.clone());
        let request = Request { plan, effort, every, kernel };
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
        let code = found.troubles.first().map_or(0, |trouble| trouble.exit_code);
        Ok(if found.interrupted { 130 } else { code })
    }

    fn effort(&self, quick: bool) -> Effort {
        let cases = self.cases.map_or(if quick { QUICK_CASES } else { CASES }, |cases| {
            usize::try_from(cases).expect("at most 100,000,000")
        });
        Effort { seed: self.plan.seed, cases, quick: self.quick }
    }

    async fn run_sabotage(&self) -> Result<u8, Error> {
        let start = Instant::now();
        let selection = self.device.selection();
        let adapter = Gpu::open(selection.clone()).await?.adapter;
        let mut progress = PartsDisplay::default();
        let mut observe = |now: Progress| {
            progress.update("wrong kernel", now.done as u64, now.total as u64);
            go_on()
        };
        let effort = self.effort(true);
        let further = async |gpu: &Gpu, _: &Kernel, effort| prove_by_training(gpu, effort).await;
        let kernel = self.kernel.as_deref();
        let found = sabotage(selection, effort, kernel, further, &mut observe).await?;
        progress.finish();
        let (adapter, wall_s) = (&adapter, start.elapsed().as_secs_f64());
        let report = SabotageReport { adapter, found: &found, wall_s };
        report::print(&if self.json { report.json() } else { report.text() })?;
        Ok(if found.interrupted { 130 } else { u8::from(!found.is_proof()) })
    }
}
