//! Whether the device's own clock can be believed.

use serde::Serialize;

use super::Trial;
use super::cases::probe_loops;
use crate::error::Error;
use crate::gpu::clock::{ClockFault, Fit, SAMPLE_TIME, judge};

/// Iterations of the loop in each dispatch.
const ITERATIONS: u32 = 1 << 12;

/// What is known of the clock.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Timestamps {
    /// Nanoseconds a tick; none without timestamps.
    pub period_ns: Option<f64>,
    /// Why they cannot be believed.
    pub doubt: Option<ClockFault>,
    /// How the time of a pass depends on what is in it.
    pub fit: Option<Fit>,
}

/// Holds it against the work and the host's clock.
pub(super) async fn examine(trial: &Trial<'_>) -> Result<Timestamps, Error> {
    let (dispatch, _) = probe_loops::launch(trial, [ITERATIONS, 0, 0]).await?;
    let (passes, period_ns) = trial.gpu.time_passes(&dispatch).await?;
    let judged = judge(&passes, period_ns, SAMPLE_TIME);
    let fit = judged.as_ref().ok().map(|trusted| trusted.device);
    Ok(Timestamps { period_ns, doubt: judged.err(), fit })
}
