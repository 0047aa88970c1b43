//! What is timed: a launch, the work in it, and the times that were taken of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Suite;
use super::statistics::Summary;
use crate::gpu::Dispatch;
use crate::kernels::Cost;

/// What tells a row from all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseName {
    /// What it was measured for.
    pub suite: Suite,
    /// The stem of the shader, or what a run trains.
    pub kernel: String,
    /// Which of several ways to do the same; may be empty.
    pub variant: String,
    /// The shape of the work.
    pub size: String,
}

impl CaseName {
    /// All of it on one line: what `--filter` is matched with.
    #[must_use]
    pub fn path(&self) -> String {
        let Self { suite, kernel, variant, size } = self;
        let parts = [suite.name(), kernel, variant, size];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }
}

/// Samples of a launch, in microseconds for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    /// With caches as the launch before left them.
    pub warm: Vec<f64>,
    /// What the canary took before and after each of those, on average.
    pub canary: Vec<f64>,
    /// After something larger was written over the caches.
    pub cold: Vec<f64>,
    /// How long it took to take them.
    pub spent: Duration,
}

/// A launch that was found right.
pub(super) struct Case {
    pub name: CaseName,
    pub dispatch: Dispatch,
    pub cost: Cost,
    /// The first digits of the SHA-256 of the shader's text.
    pub shader: String,
    /// Launches in a sample.
    pub launches: u32,
    pub samples: Samples,
    /// The samples at which to look next whether there are enough.
    pub look_at: usize,
    /// Whether they are enough.
    pub is_done: bool,
}

/// How many samples there are at least.
const FEWEST: usize = 10;

/// And how long they take together, at least.
const SHORTEST: Duration = Duration::from_millis(500);

/// The half width of the interval, relative to the median, at which more samples are a waste.
const NARROW: f64 = 0.005;

impl Case {
    pub fn new(name: CaseName, dispatch: Dispatch, cost: Cost, shader: String) -> Self {
        Self {
            name,
            dispatch,
            cost,
            shader,
            launches: 1,
            samples: Samples::default(),
            look_at: FEWEST,
            is_done: false,
        }
    }

    /// Puts down a sample.
    pub fn add(&mut self, us: f64, canary_us: f64, spent: Duration) {
        self.samples.warm.push(us);
        self.samples.canary.push(canary_us);
        self.samples.spent += spent;
    }

    /// Whether there are enough: at least ten samples and half a second, until the interval is
    /// narrow or `most` has gone.
    pub fn look(&mut self, most: Duration, is_quick: bool) {
        let Samples { warm, spent, .. } = &self.samples;
        if warm.len() < FEWEST || self.is_done {
            return;
        }
        if is_quick || *spent >= most {
            self.is_done = true;
        } else if *spent >= SHORTEST && warm.len() >= self.look_at {
            self.is_done = Summary::of(warm, 0).relative_interval < NARROW;
            // The interval is drawn at random: not too often, and it shrinks slowly.
            self.look_at = warm.len() + warm.len() / 4;
        }
    }
}
