//! Whether the device's own clock can be believed.

use std::time::Duration;

use serde::Serialize;

use super::Trial;
use super::kernels::probe_loops;
use crate::error::Error;
use crate::gpu::clock::{Doubt, Fit};
use crate::gpu::{Dispatch, Gpu, Timer};

/// Dispatches in the passes that are timed.
const COUNTS: [u32; 6] = [1, 2, 4, 8, 16, 32];

/// Of so many passes, the shortest counts.
const ROUNDS: u32 = 8;

/// Iterations of the loop in each dispatch.
const ITERATIONS: u32 = 1 << 9;

/// What is known of the clock.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Timestamps {
    /// Nanoseconds a tick; none without timestamps.
    pub period_ns: Option<f64>,
    /// Why they cannot be believed.
    pub doubt: Option<Doubt>,
    /// How the time of a pass depends on what is in it.
    pub fit: Option<Fit>,
}

/// Times passes, until one cannot be believed.
pub(super) async fn examine(trial: &Trial<'_>) -> Result<Timestamps, Error> {
    let Some(mut timer) = trial.gpu.timer().await? else { return Ok(Timestamps::default()) };
    let period_ns = Some(timer.period_ns());
    let (dispatch, _) = probe_loops::launch(trial, [ITERATIONS, 0, 0]).await?;
    let mut points = vec![];
    for count in COUNTS {
        match shortest(trial.gpu, &mut timer, &dispatch, count).await? {
            Some(time) => points.push((f64::from(count), time.as_secs_f64() * 1e6)),
            None => return Ok(Timestamps { period_ns, doubt: timer.doubt(), fit: None }),
        }
    }
    Ok(Timestamps { period_ns, doubt: None, fit: Some(Fit::of(&points)) })
}

/// The least that a pass of so many dispatches takes.
async fn shortest(
    gpu: &Gpu,
    timer: &mut Timer,
    dispatch: &Dispatch,
    count: u32,
) -> Result<Option<Duration>, Error> {
    let mut nothing = gpu.readback(1).await?;
    let mut shortest = Duration::MAX;
    for _ in 0..ROUNDS {
        timer.restart();
        let dispatches = std::iter::repeat_n(dispatch, count as usize);
        gpu.submit(dispatches, &[], &mut nothing, Some(&mut *timer)).await?;
        let Some(time) = gpu.time_of(Some(&mut *timer)).await? else { return Ok(None) };
        shortest = shortest.min(time);
    }
    Ok(Some(shortest))
}
