//! Benchmarks that can be believed: each case is checked against its twin first, then all are timed
//! in turns, on a clock that was tested, and held against what this adapter can do at most.
//!
//! The suite `training` is another matter: whole runs on the CPU and on the adapter. A group there is
//! a list of contenders that do the same work; one is added by one more `Contender`.

pub mod baseline;
mod best;
mod canary;
mod case;
mod cases;
mod clock;
mod compare;
mod contenders;
mod crossover;
mod other_load;
mod payoff;
mod peaks;
mod processor;
mod quietness;
mod row;
mod sampler;
mod session;
mod shaders;
pub mod statistics;
mod training;
mod worst_exp;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use best::{Best, Key};
use canary::Canary;
use cases::Checked;
use other_load::LoadMeter;
use sampler::Sampler;
use session::Session;

pub use case::CaseName;
pub use clock::{Clock, ClockKind};
pub use compare::{Change, Compared, Saved, compare};
pub use contenders::{GroupResult, RunsOn, TrainingRow};
pub use crossover::{Cell, Fastest};
pub use other_load::Load;
pub use payoff::Payoff;
pub use peaks::{Bandwidth, Bound, LimitsOf, Peaks};
pub use processor::Processor;
pub use quietness::{QUIET, Quietness};
pub use row::{Row, SavedRow};
pub use shaders::{compile, shaders};

use crate::error::Error;
use crate::file::sha256;
use crate::gpu::{Gpu, KernelSpec};

/// A set of cases to measure.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Suite {
    /// Every kernel, at several sizes
    Kernels,
    /// Every variant of the matrix product
    Matmul,
    /// Whole training runs, on the CPU and on the adapter
    Training,
    /// Highest arithmetic rates and bandwidths of the adapter
    Peaks,
    /// All suites
    All,
}

impl Suite {
    /// The word that selects it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernels => "kernels",
            Self::Matmul => "matmul",
            Self::Training => "training",
            Self::Peaks => "peaks",
            Self::All => "all",
        }
    }

    /// Whether another suite is part of it.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self == other || self == Self::All
    }
}

/// The cases to measure; all, if nothing is chosen.
#[derive(Clone, Debug, Default)]
pub struct Only {
    /// Those of this kernel.
    pub kernel: Option<String>,
    /// Those of this size, which need not be one that is measured otherwise.
    pub size: Option<usize>,
    /// Those whose path contains a match.
    pub filter: Option<Regex>,
}

impl Only {
    /// Whether a suite has what is wanted, as far as that can be told without an adapter.
    ///
    /// # Errors
    /// [`Error::Usage`] if not.
    pub fn check(&self, suite: Suite) -> Result<(), Error> {
        let Self { kernel, size, filter } = self;
        let wants_all = kernel.is_none() && size.is_none() && filter.is_none();
        let name = suite.name();
        if !wants_all && [Suite::Training, Suite::Peaks].contains(&suite) {
            return Err(Error::Usage(format!(
                "the suite {name} is run as a whole: leave out the kernel, the size and the filter, \
                 or take the suite kernels or matmul"
            )));
        }
        let names = cases::kernel_names(suite, |_| true);
        match kernel {
            Some(kernel) if !names.contains(&kernel.as_str()) => Err(Error::Usage(format!(
                "kernel {kernel}: expected a kernel of the suite {name}: {}",
                names.join(", ")
            ))),
            _ => Ok(()),
        }
    }

    /// Whether a case is wanted, as far as its name says.
    fn takes(&self, name: &CaseName) -> bool {
        self.kernel.as_ref().is_none_or(|kernel| *kernel == name.kernel)
            && self.filter.as_ref().is_none_or(|filter| filter.is_match(&name.path()))
    }
}

/// Readings of the canary before anything else.
const READINGS_BEFORE: u32 = 10;

/// The options of a run.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Whether to take only as many samples as show that it works. The figures then mean nothing.
    pub quick: bool,
    /// Time limit for the samples of all kernels together.
    pub budget: Duration,
    /// Kernel to slow down, and by how many per cent, to test that the slowdown is found.
    pub handicap: Option<(&'a str, u32)>,
    /// Folder in which the best canary of this machine is kept across runs, if any.
    pub cache: Option<&'a Path>,
    /// Is told how far the run has come, before each check of a case, each sample and each run; says
    /// whether to go on.
    pub observe: &'a (dyn Fn(Progress) -> ControlFlow<()> + Sync),
}

/// How far a part of a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What is counted.
    pub unit: &'static str,
    /// Number of those that are done.
    pub done: u64,
    /// Number of all.
    pub total: u64,
}

/// All that was measured.
#[derive(Debug, Default)]
pub struct Results {
    /// The clock that kernels were timed on.
    pub clock: Option<Clock>,
    /// Whether the run had the machine for itself.
    pub quietness: Quietness,
    /// Highest arithmetic rates and bandwidths of the adapter.
    pub peaks: Peaks,
    /// Every case that was found right.
    pub rows: Vec<Row>,
    /// Every case that was found wrong or did not compile, and therefore was not timed.
    pub faults: Vec<String>,
    /// Whole runs.
    pub training: Vec<GroupResult>,
    /// The sizes at which the adapter wins, and those at which the CPU does.
    pub crossover: Vec<Cell>,
    /// Whether the user interrupted it.
    pub interrupted: bool,
    /// Why the device could not go on.
    pub failure: Option<Error>,
}

impl Results {
    /// Whose clock kernels were timed on, if any were.
    #[must_use]
    pub fn clock_kind(&self) -> Option<ClockKind> {
        self.clock.as_ref().map(|clock| clock.used)
    }

    /// The rows of kernels, then those of training runs.
    #[must_use]
    pub fn all_rows(&self) -> Vec<Row> {
        let training = self.training.iter().flat_map(GroupResult::plain_rows);
        self.rows.iter().cloned().chain(training).collect()
    }
}

/// Whether this build is one to measure.
///
/// # Errors
/// [`Error::Usage`] if it is not.
pub fn check_build() -> Result<(), Error> {
    if cfg!(debug_assertions) {
        let why = "expected a build with optimisation: this one says nothing about speed";
        return Err(Error::Usage(why.into()));
    }
    Ok(())
}

/// The first digits of the SHA-256 of a shader's text.
fn hash_of(spec: &KernelSpec) -> String {
    sha256(spec.source().as_bytes())[..12].into()
}

/// Runs a suite.
///
/// # Errors
/// [`Error::Usage`] in a build without optimisation, if no case is wanted or one does not fit the
/// adapter; what the device does wrong is in the results.
pub async fn run(
    gpu: &Gpu,
    suite: Suite,
    only: &Only,
    options: Options<'_>,
) -> Result<Results, Error> {
    check_build()?;
    only.check(suite)?;
    let wants_all = only.kernel.is_none() && only.size.is_none() && only.filter.is_none();
    let mut results = Results::default();
    let load = LoadMeter::start();
    let mut measured = Ok(());
    if suite != Suite::Training {
        measured = measure_kernels(gpu, suite, only, options, &mut results).await;
    }
    let goes_on = measured.is_ok() && !results.interrupted;
    if suite.has(Suite::Training) && wants_all && goes_on {
        measured = measure_training(gpu, options, &mut results).await;
    }
    results.quietness.load = load.read();
    match measured {
        // What there is is worth more than nothing.
        Err(error @ (Error::Gpu(_) | Error::Undone { .. })) => results.failure = Some(error),
        others => others?,
    }
    Ok(results)
}

/// Times whole runs: those of the suite `training`, then those of the map.
async fn measure_training(
    gpu: &Gpu,
    options: Options<'_>,
    results: &mut Results,
) -> Result<(), Error> {
    let total = (training::GROUPS + crossover::kinds(options).count()) as u64;
    let done = AtomicU64::new(0);
    let count = || done.fetch_add(1, Ordering::Relaxed);
    let go_on = &|| {
        let done = done.load(Ordering::Relaxed);
        (options.observe)(Progress { unit: "comparison", done, total })
    };
    let (training, crossover) = (&mut results.training, &mut results.crossover);
    let add_group = &mut |group| {
        training.push(group);
        count();
    };
    let add_cell = &mut |cell: Option<_>| {
        crossover.extend(cell);
        count();
    };
    let faults = &mut results.faults;
    let all = match training::run(gpu, options, go_on, add_group, faults).await {
        Ok(()) => crossover::run(gpu, options, go_on, add_cell, faults).await,
        broken_off => broken_off,
    };
    match all {
        Err(Error::Interrupted { .. }) => results.interrupted = true,
        other => other?,
    }
    Ok(())
}

/// Names a training run that went wrong, if the device can go on with the others.
async fn name_fault(
    gpu: &Gpu,
    faults: &mut Vec<String>,
    group: &str,
    error: Error,
) -> Result<(), Error> {
    let is_end = matches!(error, Error::Interrupted { .. }) || !gpu.works().await;
    if is_end {
        return Err(error);
    }
    // What a user of `train` could do about it is nothing here.
    let why = match error {
        Error::Diverged { step, what, value } => format!("{what} is {value} at step {step}"),
        error => error.to_string(),
    };
    faults.push(format!("{group}: {why}"));
    Ok(())
}

/// Checks the cases of all suites but `training`, then times them in turns.
async fn measure_kernels(
    gpu: &Gpu,
    suite: Suite,
    only: &Only,
    options: Options<'_>,
    results: &mut Results,
) -> Result<(), Error> {
    let mut planned = cases::planned(gpu, suite, only);
    if planned.is_empty() && suite != Suite::Peaks {
        return Err(Error::Usage(no_case(gpu, suite, only)));
    }
    let invocations = peaks::invocations(gpu).await?;
    planned.extend(cases::planned_peaks(gpu, invocations));
    let sampler = Sampler::new(gpu, invocations).await?;
    let canary = Canary::new(gpu, invocations).await?;
    let mut session = Session { sampler, canary, options };
    // Before the checks, too: they may be what slows down the rest.
    for _ in 0..READINGS_BEFORE {
        session.read_canary().await?;
    }
    let mut checked = Checked::new();
    let measured = match checked.add(gpu, planned, options).await {
        Ok(ControlFlow::Continue(())) => session.measure(&mut checked.cases, options.budget).await,
        broken_off => broken_off,
    };
    results.quietness = quietness(gpu, &session);
    let quiet_us = results.quietness.best_canary_us;
    let of_peaks = checked.cases.iter().filter(|case| case.name.suite == Suite::Peaks);
    results.peaks = Peaks::of(gpu.adapter.device_type, of_peaks);
    let row = |case| Row::of(case, &results.peaks, quiet_us);
    results.rows = checked.cases.iter().filter_map(row).collect();
    results.clock = Some(session.sampler.clock);
    results.faults = checked.faults;
    results.interrupted = measured?.is_break();
    Ok(())
}

/// What the canary says of the machine, now and as it was at best; that is kept.
fn quietness(gpu: &Gpu, session: &Session<'_>) -> Quietness {
    let Session { sampler, canary, options } = session;
    // So few samples say nothing of the machine.
    let Some(quiet) = canary.quiet().filter(|_| !options.quick) else {
        return Quietness::default();
    };
    let key = Key::new(&gpu.adapter, sampler.clock.used, canary.identity.clone());
    let best = options.cache.map(|folder| Best::new(folder, key));
    let known = best.as_ref().and_then(Best::us).unwrap_or(f64::INFINITY);
    if let Some(best) = best.filter(|_| canary.is_known_well()) {
        best.keep(quiet.work_us);
    }
    Quietness {
        canary_us: Some(quiet.work_us),
        best_canary_us: Some(known.min(quiet.work_us)),
        launch_us: Some(quiet.launch_us),
        load: None,
    }
}

/// What to do where nothing is left to be timed.
fn no_case(gpu: &Gpu, suite: Suite, only: &Only) -> String {
    let names = cases::kernel_names(suite, |spec| gpu.can_run(spec));
    let all = names.join(", ");
    let suite = suite.name();
    match &only.kernel {
        Some(kernel) if !names.contains(&kernel.as_str()) => {
            format!(
                "kernel {kernel}: expected one that this adapter runs, of the suite {suite}: {all}"
            )
        }
        _ => format!(
            "no case of the suite {suite} has the kernel, the size and the filter that were given; \
             its kernels are {all}, and the name of a case is like kernels/sigmoid/[4096]"
        ),
    }
}
