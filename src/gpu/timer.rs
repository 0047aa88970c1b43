//! Time on the device's own clock, if that clock is reliable.

use std::time::{Duration, Instant};

use wgpu::BufferUsages;

use super::clock::{self, ClockFault, Pass};
use super::device::Gpu;
use super::kernel::Dispatch;
use super::tensor::Tensor;
use crate::error::Error;

/// Words that two timestamps of 64 bits take.
pub(super) const WORDS: usize = 4;

/// Room for the two timestamps of two passes in turn, each resolved at a multiple of 256 bytes.
const QUERIES: u32 = 4;

/// Dispatches in the passes that a clock is judged by.
const COUNTS: [u32; 6] = [1, 2, 4, 8, 16, 32];

/// How many passes of each there are, of which the shortest counts.
const ROUNDS: u32 = 8;

/// Sums up the time that passes took on the device.
///
/// A pass is read out with the submission after it: drivers have returned zeros for timestamps
/// that were resolved before the pass had ended (wgpu #9414). A [`ClockFault`] about one pass makes the
/// whole sum untrusted: WebGPU promises nothing.
pub struct Timer {
    queries: wgpu::QuerySet,
    pub(super) resolved: Tensor,
    period_ns: f64,
    /// The pair of queries that is written but not read, and the host's time for its submission.
    pending: Option<(u32, Duration)>,
    clock: Clock,
}

impl Timer {
    /// Nanoseconds per tick, as the driver reports them.
    #[must_use]
    pub fn period_ns(&self) -> f64 {
        self.period_ns
    }

    /// The reason why the passes since the timer was created or restarted have no reliable time.
    #[must_use]
    pub fn doubt(&self) -> Option<ClockFault> {
        self.clock.doubt
    }

    /// The two timestamps of the last pass that was read out, in ticks, as they are.
    #[must_use]
    pub fn last_stamps(&self) -> Option<[u64; 2]> {
        (self.clock.passes > 0).then_some(self.clock.last)
    }

    /// Forgets the time so far.
    pub fn restart(&mut self) {
        self.pending = None;
        self.clock = Clock::default();
    }

    /// Encodes the reading of the last pass.
    pub(super) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        if let Some((first, _)) = self.pending {
            let target = &self.resolved.buffer;
            encoder.resolve_query_set(&self.queries, first..first + 2, target, 0);
        }
    }

    /// The place to which the next pass writes its two timestamps.
    pub(super) fn writes(&self) -> wgpu::ComputePassTimestampWrites<'_> {
        let first = self.next();
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(first),
            end_of_pass_write_index: Some(first + 1),
        }
    }

    fn next(&self) -> u32 {
        if matches!(self.pending, Some((0, _))) { 2 } else { 0 }
    }

    /// Takes in what [`Self::resolve`] read, then notes the submission that has just ended: the
    /// host's time for it, if it had a pass at all.
    pub(super) fn record(&mut self, words: &[u32], submitted: Option<Duration>) {
        if let Some((_, wall)) = self.pending {
            let stamp = |low: usize| u64::from(words[low]) | u64::from(words[low + 1]) << 32;
            self.clock.add([stamp(0), stamp(2)], self.period_ns, wall);
        }
        self.pending = submitted.map(|wall| (self.next(), wall));
    }
}

/// A sum of intervals that remembers whether all of them were possible.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    sum: Duration,
    passes: u64,
    last: [u64; 2],
    doubt: Option<ClockFault>,
}

impl Clock {
    fn add(&mut self, stamps: [u64; 2], period_ns: f64, wall: Duration) {
        self.doubt = self.doubt.or(clock::fault_of(self.last[1], stamps, period_ns, wall));
        self.last = stamps;
        self.sum += clock::elapsed(stamps, period_ns);
        self.passes += 1;
    }

    fn total(&self) -> Option<Duration> {
        (self.passes > 0 && self.doubt.is_none()).then_some(self.sum)
    }
}

impl Gpu {
    /// The time of all passes since the timer was created or restarted; `None` if it is not
    /// reliable. The last pass is read out by a submission of its own.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn time_of(&self, timer: Option<&mut Timer>) -> Result<Option<Duration>, Error> {
        let Some(timer) = timer else { return Ok(None) };
        let mut nothing = self.readback(0).await?;
        self.submit([], &[], &mut nothing, Some(&mut *timer)).await?;
        Ok(timer.clock.total())
    }

    /// Times passes of more and more equal dispatches on both clocks, for
    /// [`judge`](clock::judge): in rounds of all counts, after one that does not count. Without
    /// timestamps there is no period either.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn time_passes(
        &self,
        dispatch: &Dispatch,
    ) -> Result<(Vec<Pass>, Option<f64>), Error> {
        let mut timer = self.timer().await?;
        let (mut nothing, mut passes) = (self.readback(1).await?, vec![]);
        for round in 0..=ROUNDS {
            for dispatches in COUNTS {
                let repeated = std::iter::repeat_n(dispatch, dispatches as usize);
                let start = Instant::now();
                self.submit(repeated, &[], &mut nothing, timer.as_mut()).await?;
                let wall = start.elapsed();
                self.time_of(timer.as_mut()).await?;
                let [begin, end] = timer.as_ref().and_then(Timer::last_stamps).unwrap_or_default();
                if round > 0 {
                    passes.push(Pass { dispatches, begin, end, wall });
                }
            }
        }
        Ok((passes, timer.map(|timer| timer.period_ns())))
    }

    /// A timer, if the adapter has timestamps.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the driver refuses.
    pub async fn timer(&self) -> Result<Option<Timer>, Error> {
        if !self.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Ok(None);
        }
        let descriptor = wgpu::QuerySetDescriptor {
            label: Some("timestamps"),
            ty: wgpu::QueryType::Timestamp,
            count: QUERIES,
        };
        let queries =
            self.scoped("timestamps", || self.device.create_query_set(&descriptor)).await?;
        let size = 4 * WORDS as u64;
        let buffer = self.buffer("timestamps", size, BufferUsages::QUERY_RESOLVE).await?;
        Ok(Some(Timer {
            queries,
            resolved: Tensor::whole(buffer, WORDS),
            period_ns: f64::from(self.queue.get_timestamp_period()),
            pending: None,
            clock: Clock::default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: Duration = Duration::from_micros(10);

    fn clock_of(stamps: &[[u64; 2]], period_ns: f64) -> Clock {
        let mut clock = Clock::default();
        for &pair in stamps {
            clock.add(pair, period_ns, WALL);
        }
        clock
    }

    #[test]
    fn good_timestamps_are_summed_in_the_unit_of_the_period() {
        let clock = clock_of(&[[1_000, 1_010], [2_000, 2_020]], 100.0);
        assert_eq!((clock.total(), clock.doubt), (Some(Duration::from_micros(3)), None));
    }

    #[test]
    fn no_pass_has_no_time() {
        assert_eq!(clock_of(&[], 1.0).total(), None);
    }

    #[test]
    fn one_impossible_interval_spoils_the_sum() {
        let good = [1_000, 1_010];
        for (bad, doubt) in [
            ([0, 0], ClockFault::Zero),
            ([1_010, 0], ClockFault::Zero),
            ([1_010, 1_010], ClockFault::Still),
            ([1_020, 1_010], ClockFault::Backwards),
            // The next pass before the end of the last one.
            ([1_005, 1_020], ClockFault::Backwards),
            // A counter of 36 bits that begins anew.
            ([(1 << 36) - 5, 5], ClockFault::Backwards),
            ([1_010, 1_000_000], ClockFault::TooLong),
        ] {
            let clock = clock_of(&[good, bad, [2_000_000, 2_000_010]], 1.0);
            assert_eq!((clock.total(), clock.doubt), (None, Some(doubt)), "{bad:?}");
        }
    }
}
