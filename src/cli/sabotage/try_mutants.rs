//! `parity try-mutants`: the child of a sabotage, which a wrong kernel may crash.

use std::io::BufRead;

use super::super::{DeviceArgs, go_on};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::report;
use crate::verify::mutants::{Fate, Workbench, subjects};
use crate::verify::{Effort, Kernel, prove_by_training};

/// Reads numbers of subjects on standard input, one a line, and writes what became of each as a line
/// of JSON, before it reads the next. It ends where the input does.
#[derive(clap::Args)]
pub(in super::super) struct Args {
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    cases: usize,
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

impl Args {
    pub(in super::super) async fn run(&self) -> Result<u8, Error> {
        let Self { seed, cases, quick, .. } = *self;
        let effort = Effort { seed, cases, quick, thorough: false };
        let further = async |gpu: &Gpu, _: &Kernel, effort| prove_by_training(gpu, effort).await;
        let mut workbench = Workbench::open(self.device.selection(), effort, further).await?;
        let subjects = subjects();
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(|error| Error::file("standard input", error))?;
            let number = line.trim().parse::<usize>().ok();
            let subject = number.and_then(|number| subjects.get(number)).ok_or_else(|| {
                Error::Usage(format!("{line}: expected a number below {}", subjects.len()))
            })?;
            let fate = workbench.try_subject(subject).await;
            let answer = serde_json::to_string(&fate).expect("every key is a string");
            report::print(&(answer + "\n"))?;
            if matches!(fate, Fate::Crashed { .. }) || go_on().is_break() {
                break;
            }
        }
        Ok(0)
    }
}
