//! Benchmarks: each contender's result is checked first, then all are timed in turns.
//!
//! A [`Suite`] is a list of groups; in a group, contenders do the same work, and the first is the
//! baseline of the rest. One is added by one more `Contender` in the suite's file.

pub mod baseline;
mod contest;
mod measurement;
pub mod statistics;
mod training;
mod worst_exp;

use std::ops::ControlFlow;

use serde::Serialize;

pub use measurement::{Effort, FEWEST_ROUNDS, Measurement};

use crate::error::Error;
use crate::gpu::Gpu;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Suite {
    /// Whole training runs, on the CPU and on the adapter
    Training,
}

impl Suite {
    /// The word that selects it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
        }
    }
}

/// How much is done.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Fewer steps and rounds, for tests of the machinery: the figures mean nothing.
    pub quick: bool,
    /// Whether to go on; asked between runs, and within those that can be broken off.
    pub go_on: &'a dyn Fn() -> ControlFlow<()>,
}

/// Where a contender runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunsOn {
    /// This processor.
    Cpu,
    /// The adapter, whether that is a GPU or not.
    Adapter,
}

/// What was measured of one contender.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What it is called.
    pub name: String,
    /// Where it ran.
    pub runs_on: RunsOn,
    /// Networks that one run trains.
    pub member_count: u64,
    /// Updates that one run makes to each.
    pub steps: u64,
    /// Times of whole runs, from the first step to the last parameter read back, on the clock of
    /// the host.
    #[serde(flatten)]
    pub time: Measurement,
    /// The median on the device's own clock, if it has one that can be believed.
    pub device_median_us: Option<f64>,
    /// `member_count` · `steps` / median.
    pub network_steps_per_s: f64,
    /// That, divided by the group's first row's.
    pub ratio: f64,
    /// The largest deviation of a final loss from that of the same run in `f64`, relative to it.
    pub loss_deviation: f64,
}

/// Contenders that did the same work.
#[derive(Clone, Debug, Serialize)]
pub struct GroupResult {
    /// The work.
    pub name: String,
    /// The first is what the others are compared with.
    pub rows: Vec<Row>,
}

/// Whether this build is one to measure.
///
/// # Errors
/// [`Error::Usage`] if it is not.
pub fn check_build() -> Result<(), Error> {
    if cfg!(debug_assertions) {
        let why = "a build without optimisation says nothing of speed: use cargo run --release -- \
                   bench";
        return Err(Error::Usage(why.into()));
    }
    Ok(())
}

/// Runs a suite.
///
/// # Errors
/// [`Error::Usage`] in a build without optimisation, [`Error::Wrong`] if a contender's result is
/// not that of the reference, [`Error::Interrupted`] if it was broken off, and whatever the device
/// does wrong.
pub async fn run(gpu: &Gpu, suite: Suite, options: Options<'_>) -> Result<Vec<GroupResult>, Error> {
    check_build()?;
    match suite {
        Suite::Training => training::run(gpu, options).await,
    }
}
