//! What is timed: a launch, the work in it, and the times that were taken of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Suite;
use super::row::SEED;
use super::statistics::Summary;
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Region, Tensor};
use crate::kernels::{Cost, as_f64};

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
    /// All of it on one line: what a filter is matched with.
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
    pub us: Vec<f64>,
    /// Which of the case's placements each of those is of.
    pub placements: Vec<usize>,
    /// What the canary took before and after each, on average.
    pub canary: Vec<f64>,
    /// How long it took to take them.
    spent: Duration,
    /// How many there must be before the next look at their interval.
    look_at: usize,
    /// Whether they are enough.
    pub are_enough: bool,
}

/// How many samples there are at least.
const FEWEST: usize = 10;

/// And how long they take together, at least.
const SHORTEST: Duration = Duration::from_millis(500);

/// The half width of the interval, relative to the median, at which more samples are a waste.
const NARROW: f64 = 0.005;

impl Samples {
    /// Puts down a sample of a placement, and what it took to take it.
    pub fn add(&mut self, placement: usize, us: f64, canary_us: f64, spent: Duration) {
        self.us.push(us);
        self.placements.push(placement);
        self.canary.push(canary_us);
        self.spent += spent;
    }

    /// Looks whether there are enough: at least ten and half a second, until the interval is narrow
    /// or `most` has gone.
    pub fn look(&mut self, most: Duration, is_quick: bool) {
        let count = self.us.len();
        if count < FEWEST || self.are_enough {
            return;
        }
        if is_quick || self.spent >= most {
            self.are_enough = true;
        } else if self.spent >= SHORTEST && count >= self.look_at {
            self.are_enough = Summary::of(&self.us, SEED).relative_interval < NARROW;
            // Each look costs time, and the interval shrinks slowly.
            self.look_at = count + count / 4;
        }
    }
}

/// How many places in memory a launch is timed in, each with a pipeline of its own. The time of one
/// may be 12 % from that of another, for as long as a process runs, most of that by where its code
/// lies: without other places, two runs would differ beyond doubt where nothing has changed.
pub(super) const PLACEMENTS: usize = 9;

/// What the places of one launch take together, at most.
const MOST_BYTES: usize = 1 << 28;

/// What all places but the first of each launch take together, at most: small GPUs have 4 GiB.
pub(super) const ROOM: usize = 1 << 31;

/// A launch that was found right.
pub(super) struct Case {
    pub name: CaseName,
    /// The launch, and the same compiled anew in other places of memory: samples are taken of them in
    /// turns.
    pub placements: Vec<Dispatch>,
    pub cost: Cost,
    /// The first digits of the SHA-256 of the shader's text.
    pub shader: String,
    /// Launches in a sample.
    pub launches: u32,
    pub samples: Samples,
}

impl Case {
    pub fn new(name: CaseName, dispatch: Dispatch, cost: Cost, shader: String) -> Self {
        let placements = vec![dispatch];
        Self { name, placements, cost, shader, launches: 1, samples: Samples::default() }
    }

    /// Bytes of all that a launch is bound to.
    pub fn working_set_bytes(&self) -> f64 {
        as_f64(bytes(&self.placements[0]))
    }

    /// Compiles and places it again, [`PLACEMENTS`] times together, or less often if there is no need
    /// or no `room`, which becomes less by the bytes of the copies; each must compute what the first
    /// does.
    ///
    /// # Errors
    /// [`Error::Wrong`] if one does not.
    pub async fn place(
        &mut self,
        gpu: &Gpu,
        is_quick: bool,
        room: &mut usize,
    ) -> Result<(), Error> {
        let count = if is_quick { 2 } else { PLACEMENTS };
        let size = bytes(&self.placements[0]);
        let fitting = MOST_BYTES.min(*room) / size;
        // All of them before the first launch: each starts from what the first holds now.
        let mut copies = vec![];
        for _ in 1..count.min(fitting) {
            match gpu.replicate(&self.placements[0]).await {
                Ok(copy) => copies.push(copy),
                // There was less room than was thought.
                Err(Error::Gpu(_)) if gpu.works().await => break,
                Err(error) => return Err(error),
            }
            *room -= size;
        }
        if copies.is_empty() {
            return Ok(());
        }
        let expected = launched(gpu, &self.placements[0]).await?;
        for copy in copies {
            if launched(gpu, &copy).await? != expected {
                let why = "compiled again, it computes something else";
                return Err(Error::Wrong(format!("{}: {why}", self.name.path())));
            }
            self.placements.push(copy);
        }
        Ok(())
    }
}

/// Bytes of all tensors that a launch is bound to.
fn bytes(dispatch: &Dispatch) -> usize {
    4 * dispatch.tensors().iter().map(Tensor::len).sum::<usize>()
}

/// Every bit of what a launch is bound to, after it.
async fn launched(gpu: &Gpu, dispatch: &Dispatch) -> Result<Vec<u32>, Error> {
    let regions: Vec<_> = dispatch.tensors().iter().map(Region::from).collect();
    let mut readback = gpu.readback(regions.iter().map(|region| region.len).sum()).await?;
    gpu.submit([dispatch], &regions, &mut readback, None).await?;
    Ok(readback.words().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes samples of 10 ms until there are enough; says how many.
    fn taken(us: impl Fn(u32) -> f64, most: Duration) -> usize {
        let mut samples = Samples::default();
        for number in 0.. {
            samples.add(0, us(number), 1.0, Duration::from_millis(10));
            samples.look(most, false);
            if samples.are_enough {
                break;
            }
        }
        samples.us.len()
    }

    #[test]
    fn samples_end_when_the_interval_is_narrow_but_not_before_half_a_second() {
        assert_eq!(taken(|_| 100.0, Duration::from_secs(15)), 50);
        let noisy = |number: u32| 100.0 + f64::from(number * 7919 % 11);
        let found = taken(noisy, Duration::from_secs(15));
        assert!((51..1_000).contains(&found), "{found}");
    }

    #[test]
    fn samples_end_when_time_is_up_but_not_before_there_are_ten() {
        let wild = |number: u32| 10.0_f64.powi(i32::try_from(number % 4).expect("small"));
        assert_eq!(taken(wild, Duration::from_secs(2)), 200);
        assert_eq!(taken(wild, Duration::ZERO), 10);
    }
}
