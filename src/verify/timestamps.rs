//! Whether the device's own clock can be believed.

use std::time::Duration;

use serde::Serialize;

use super::Trial;
use super::kernels::probe_loops;
use crate::error::Error;
use crate::gpu::{Dispatch, Doubt, Gpu, Timer};

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

/// The line that lies closest, relative to them, to the times of passes of equal dispatches.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Fit {
    /// What a pass takes without any.
    pub pass_us: f64,
    /// What each takes.
    pub dispatch_us: f64,
    /// How far a time is from the line, at most, relative to it.
    pub worst_share: f64,
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
    Ok(Timestamps { period_ns, doubt: None, fit: Some(fit(&points)) })
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

/// Least squares, of what each time is off relative to itself.
fn fit(points: &[(f64, f64)]) -> Fit {
    let mean = |of: &dyn Fn(f64, f64) -> f64| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for &(x, y) in points {
            let weight = y.powi(-2);
            sum += weight * of(x, y);
            weights += weight;
        }
        sum / weights
    };
    let (x_mean, y_mean) = (mean(&|x, _| x), mean(&|_, y| y));
    let x_variance = mean(&|x, _| (x - x_mean).powi(2));
    let covariance = mean(&|x, y| (x - x_mean) * (y - y_mean));
    let dispatch_us = covariance / x_variance;
    let pass_us = y_mean - dispatch_us * x_mean;
    let off = points.iter().map(|(x, y)| ((pass_us + dispatch_us * x) / y - 1.0).abs());
    Fit { pass_us, dispatch_us, worst_share: off.fold(0.0, f64::max) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let points = COUNTS.map(f64::from).map(|count| (count, 5.0 + 3.0 * count));
        let Fit { pass_us, dispatch_us, worst_share } = fit(&points);
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-12;
        assert!(close(pass_us, 5.0) && close(dispatch_us, 3.0) && worst_share < 1e-12);
    }

    #[test]
    fn times_that_do_not_follow_the_work_are_far_from_the_line() {
        let worst_share = fit(&[(1.0, 2.0), (2.0, 1.0), (3.0, 1.0), (4.0, 2.0)]).worst_share;
        assert!(worst_share > 0.25, "{worst_share}");
    }
}
