//! `parity verify --sabotage`: wrong kernels are tried in child processes, which run the hidden
//! command `parity try-mutants`.

mod child;
mod try_mutants;

use std::ffi::OsString;
use std::thread;
use std::time::{Duration, Instant};

use child::Child;
pub(super) use try_mutants::Args as TryMutantsArgs;

use super::command_line::command_line;
use super::{DeviceArgs, go_on};
use crate::error::Error;
use crate::report::{PartsDisplay, SabotageReport};
use crate::verify::mutants::{Campaign, Part};
use crate::verify::{Effort, chosen};

/// The most children at a time. Most of their work is a driver's compiler, which uses one processor.
const MOST_CHILDREN: usize = 4;

/// Between two looks at how far they have come.
const PAUSE: Duration = Duration::from_millis(50);

/// The hidden command of the children.
const COMMAND: &str = "try-mutants";

/// What is to be tried.
pub(super) struct Request<'a> {
    pub device: &'a DeviceArgs,
    pub effort: Effort,
    /// Names of kernels; all, if there are none.
    pub kernels: &'a [String],
    pub part: Option<Part>,
}

impl Request<'_> {
    /// Tries all mutants, or those until the user asks to stop.
    pub(super) async fn run(&self) -> Result<SabotageReport, Error> {
        let start = Instant::now();
        let gpu = self.device.open().await?;
        let campaign = Campaign::new(&chosen(&gpu, self.kernels)?, self.part);
        let adapter = gpu.adapter.clone();
        drop(gpu);
        self.try_all(&campaign)?;
        let (found, wall_s) = (campaign.finish(), start.elapsed().as_secs_f64());
        let (command, Effort { seed, cases, .. }) = (command_line(), self.effort);
        Ok(SabotageReport { command, adapter, seed, cases, part: self.part, found, wall_s })
    }

    fn try_all(&self, campaign: &Campaign) -> Result<(), Error> {
        let arguments = self.arguments();
        let work = || campaign.run(|| Child::start(&arguments));
        let count =
            thread::available_parallelism().map_or(1, |count| count.get().min(MOST_CHILDREN));
        let mut progress = PartsDisplay::default();
        let outcomes: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
            while threads.iter().any(|thread| !thread.is_finished()) {
                let (done, total) = campaign.progress();
                progress.update("wrong kernel", done as u64, total as u64);
                thread::sleep(PAUSE);
            }
            let outcomes =
                threads.into_iter().map(|thread| thread.join().expect("it does not panic"));
            outcomes.collect()
        });
        progress.finish();
        // What the children say once the user has asked to stop is of no interest.
        if go_on().is_break() { Ok(()) } else { outcomes.into_iter().collect() }
    }

    /// What a child is started with.
    fn arguments(&self) -> Vec<OsString> {
        let Effort { seed, cases, quick, thorough: _ } = self.effort;
        let mut arguments: Vec<OsString> = vec![COMMAND.into()];
        let mut add = |name: &str, value: &str| arguments.push(format!("--{name}={value}").into());
        add("seed", &seed.to_string());
        add("cases", &cases.to_string());
        if let Some(backend) = self.device.backend {
            add("backend", backend.name());
        }
        if let Some(adapter) = &self.device.adapter {
            add("adapter", adapter);
        }
        if quick {
            arguments.push("--quick".into());
        }
        arguments
    }
}
