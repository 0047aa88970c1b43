//! One sample: a pass of equal launches, on the clock that was found to be right.

use std::time::Instant;

use super::Clock;
use crate::error::Error;
use crate::gpu::clock::SAMPLE_TIME;
use crate::gpu::{Dispatch, Gpu, Readback, Timer};

/// Launches in a pass, at most.
const MOST_LAUNCHES: u32 = 4_096;

/// Takes samples.
pub(super) struct Sampler<'a> {
    pub gpu: &'a Gpu,
    /// The device's clock, while it is believed.
    timer: Option<Timer>,
    pub clock: Clock,
    has_changed_clocks: bool,
    nothing: Readback,
}

impl<'a> Sampler<'a> {
    /// Tests the clocks on launches of `invocations` invocations, and takes one.
    pub async fn new(gpu: &'a Gpu, invocations: usize) -> Result<Self, Error> {
        let clock = Clock::choose(gpu, invocations).await?;
        let timer = if clock.is_device() { gpu.timer().await? } else { None };
        let nothing = gpu.readback(1).await?;
        Ok(Self { gpu, timer, clock, has_changed_clocks: false, nothing })
    }

    /// Microseconds that a pass of `launches` launches takes; none from a device's clock that has
    /// just lost its credit, after which the host's is used.
    pub async fn pass(&mut self, dispatch: &Dispatch, count: u32) -> Result<Option<f64>, Error> {
        self.pass_of(std::iter::repeat_n(dispatch, count as usize)).await
    }

    /// The same of different launches.
    pub async fn pass_of<'d>(
        &mut self,
        dispatches: impl IntoIterator<Item = &'d Dispatch>,
    ) -> Result<Option<f64>, Error> {
        let Some(timer) = &mut self.timer else {
            let start = Instant::now();
            self.gpu.submit(dispatches, &[], &mut self.nothing, None).await?;
            let us = start.elapsed().as_secs_f64() * 1e6;
            return Ok(Some(self.clock.without_submission(us)));
        };
        timer.restart();
        self.gpu.submit(dispatches, &[], &mut self.nothing, Some(&mut *timer)).await?;
        let time = self.gpu.time_of(Some(&mut *timer)).await?;
        if let (None, Some(doubt)) = (time, timer.doubt()) {
            self.clock.distrust(doubt);
            self.timer = None;
            self.has_changed_clocks = true;
        }
        Ok(time.map(|time| time.as_secs_f64() * 1e6))
    }

    /// Whether it went over to the host's clock since the last call.
    pub fn has_changed_clocks(&mut self) -> bool {
        std::mem::take(&mut self.has_changed_clocks)
    }

    /// How many launches make a pass long enough, found by doubling; it is warm then, too.
    pub async fn launches(&mut self, dispatch: &Dispatch) -> Result<u32, Error> {
        let mut count = 1;
        loop {
            let start = Instant::now();
            self.pass(dispatch, count).await?;
            let elapsed = start.elapsed();
            if count >= MOST_LAUNCHES || 2 * elapsed > SAMPLE_TIME {
                let wanted = SAMPLE_TIME.as_secs_f64() / elapsed.as_secs_f64() * f64::from(count);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a positive number, and any near it will do"
                )]
                return Ok((wanted as u32).clamp(1, MOST_LAUNCHES));
            }
            count *= 2;
        }
    }
}
