//! The clock that samples are taken on: tested before it is trusted.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::peaks;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::gpu::clock::{ClockFault, Fit, SAMPLE_TIME, Trusted, judge, on_host};

/// Whose clock it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockKind {
    /// Timestamps around each pass.
    Device,
    /// From the encoding to the end, less what a submission takes by itself.
    Host,
}

impl ClockKind {
    /// The word for whose it is.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Host => "host",
        }
    }
}

/// A clock, and why it is this one.
#[derive(Clone, Debug, Serialize)]
pub struct Clock {
    /// Whose.
    pub used: ClockKind,
    /// Why it is not the device's.
    pub doubt: Option<ClockFault>,
    /// What the test found of the device's, where nothing spoke against it.
    pub device: Option<Trusted>,
    /// The line of the host's times.
    pub host: Fit,
}

impl Clock {
    /// Times passes of more and more equal dispatches, of `invocations` invocations each, on both
    /// clocks; takes the device's if nothing speaks against it.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub(super) async fn choose(gpu: &Gpu, invocations: usize) -> Result<Self, Error> {
        let dispatch = peaks::busy(gpu, invocations).await?;
        let (passes, period_ns) = gpu.time_passes(&dispatch).await?;
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
    pub(super) fn distrust(&mut self, doubt: ClockFault) {
        (self.used, self.doubt, self.device) = (ClockKind::Host, Some(doubt), None);
    }

    /// A time on the host's clock, less what it takes to submit nothing and wait.
    pub(super) fn without_submission(&self, us: f64) -> f64 {
        // What is left must be a time.
        (us - self.host.pass_us.max(0.0)).max(0.01 * us)
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
