//! The clock that samples are taken on: tested before it is trusted.

use std::fmt;
use std::time::Instant;

use serde::Serialize;

use super::peaks;
use super::sampler::SAMPLE_TIME;
use crate::error::Error;
use crate::gpu::clock::{Doubt, Fit, Pass, Trusted, judge, on_host};
use crate::gpu::{Dispatch, Gpu, Timer};

/// Dispatches in the passes of the test.
const COUNTS: [u32; 6] = [1, 2, 4, 8, 16, 32];

/// Passes of each.
const ROUNDS: u32 = 5;

/// Whose clock it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockKind {
    /// Timestamps around each pass.
    Device,
    /// From the encoding to the end, less what a submission takes by itself.
    Host,
}

/// A clock, and why it is this one.
#[derive(Clone, Debug, Serialize)]
pub struct Clock {
    /// Whose.
    pub used: ClockKind,
    /// Why it is not the device's.
    pub doubt: Option<Doubt>,
    /// What the test found of the device's, where nothing spoke against it.
    pub device: Option<Trusted>,
    /// The line of the host's times.
    pub host: Fit,
}

impl Clock {
    /// Times passes of more and more equal dispatches on both clocks; takes the device's if nothing
    /// speaks against it.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub(super) async fn choose(gpu: &Gpu) -> Result<Self, Error> {
        let dispatch = peaks::canary(gpu).await?;
        let (passes, period_ns) = passes(gpu, &dispatch).await?;
        let host = on_host(&passes);
        Ok(match judge(&passes, period_ns, SAMPLE_TIME) {
            Ok(trusted) => {
                Self { used: ClockKind::Device, doubt: None, device: Some(trusted), host }
            }
            Err(doubt) => Self { used: ClockKind::Host, doubt: Some(doubt), device: None, host },
        })
    }

    pub(super) fn is_device(&self) -> bool {
        self.used == ClockKind::Device
    }

    /// From now on it is the host's.
    pub(super) fn distrust(&mut self, doubt: Doubt) {
        (self.used, self.doubt, self.device) = (ClockKind::Host, Some(doubt), None);
    }

    /// A time on the host's clock, less what it takes to submit nothing and wait.
    pub(super) fn without_submission(&self, us: f64) -> f64 {
        // What is left must be a time.
        (us - self.host.pass_us.max(0.0)).max(0.01 * us)
    }

    /// The word for whose it is.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.used {
            ClockKind::Device => "device",
            ClockKind::Host => "host",
        }
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.device, &self.doubt) {
            (Some(Trusted { step_ns, agreement, device, .. }), _) => write!(
                f,
                "the device's, in steps of {step_ns:.0} ns; follows the work within {:.0} %, and \
                 has {agreement:.2} of the host's time",
                100.0 * device.worst_share
            ),
            (None, doubt) => {
                let why = doubt.as_ref().map(|doubt| format!(", because {doubt}"));
                let host = self.host.pass_us.max(0.0);
                let why = why.unwrap_or_default();
                write!(f, "the host's, less {host:.0} µs a submission{why}")
            }
        }
    }
}

/// In rounds of all counts; the first round is thrown away.
async fn passes(gpu: &Gpu, dispatch: &Dispatch) -> Result<(Vec<Pass>, Option<f64>), Error> {
    let mut timer = gpu.timer().await?;
    let (mut nothing, mut passes) = (gpu.readback(1).await?, vec![]);
    for round in 0..=ROUNDS {
        for dispatches in COUNTS {
            let repeated = std::iter::repeat_n(dispatch, dispatches as usize);
            let start = Instant::now();
            gpu.submit(repeated, &[], &mut nothing, timer.as_mut()).await?;
            let wall = start.elapsed();
            gpu.time_of(timer.as_mut()).await?;
            let [begin, end] = timer.as_ref().and_then(Timer::last_stamps).unwrap_or_default();
            if round > 0 {
                passes.push(Pass { dispatches, begin, end, wall });
            }
        }
    }
    Ok((passes, timer.map(|timer| timer.period_ns())))
}
