//! Contenders that do the same work: checked against the reference, then timed in turns.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::{Effort, Measurement, Row, RunsOn};
use crate::error::Error;
use crate::train::Outcome;

/// How far a final loss may be from that of the same run in `f64`, relative to it, and in nats:
/// the tolerances of whole runs.
const RELATIVE: f64 = 1e-4;
const FLOOR: f64 = 1e-6;

/// The final loss of a member in exact arithmetic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub member: usize,
    pub truth: f64,
    /// How far a right run may be from it where training magnifies rounding.
    pub magnified: f64,
}

/// So long a contender runs at least, without being counted, at each of its turns: what ran
/// before it has left a processor that is not its own, in caches, predictors and clocks.
const SETTLING: Duration = Duration::from_millis(5);

/// One run of a contender.
pub(super) struct Sample {
    /// The loss of each member after its last update.
    pub losses: Vec<f32>,
    /// How long the training took, with everything that comes back but the checks of it.
    pub elapsed: Duration,
    /// The same on the device's own clock.
    pub device: Option<Duration>,
}

impl Sample {
    /// Times some work on this processor; `losses` looks at what it made, off the clock.
    pub fn time<T>(work: impl FnOnce() -> T, losses: impl FnOnce(T) -> Vec<f32>) -> Self {
        let start = Instant::now();
        let made = std::hint::black_box(work());
        let elapsed = start.elapsed();
        Self { losses: losses(made), elapsed, device: None }
    }
}

impl From<Outcome> for Sample {
    fn from(outcome: Outcome) -> Self {
        let losses = vec![outcome.final_loss];
        Self { losses, elapsed: outcome.wall, device: outcome.gpu }
    }
}

/// A run that is under way.
pub(super) type Sampling<'a> = Pin<Box<dyn Future<Output = Result<Sample, Error>> + 'a>>;

/// A way to do the work of a group.
pub(super) struct Contender<'a> {
    pub name: String,
    pub runs_on: RunsOn,
    /// Networks that a run trains.
    pub member_count: u64,
    /// Updates to each; slow contenders may make fewer than the rest of their group.
    pub steps: u64,
    pub run: Box<dyn FnMut() -> Sampling<'a> + 'a>,
}

impl<'a> Contender<'a> {
    /// One that runs on this processor.
    pub fn cpu(
        name: impl Into<String>,
        [member_count, steps]: [u64; 2],
        mut run: impl FnMut() -> Sample + 'a,
    ) -> Self {
        let run = Box::new(move || -> Sampling<'a> { Box::pin(std::future::ready(Ok(run()))) });
        Self { name: name.into(), runs_on: RunsOn::Cpu, member_count, steps, run }
    }

    /// One that runs on the adapter.
    pub fn adapter(
        name: impl Into<String>,
        [member_count, steps]: [u64; 2],
        run: impl FnMut() -> Sampling<'a> + 'a,
    ) -> Self {
        let run = Box::new(run);
        Self { name: name.into(), runs_on: RunsOn::Adapter, member_count, steps, run }
    }
}

/// Contenders, and the truth about their work.
pub(super) struct Group<'a> {
    pub name: String,
    /// The final losses after so many steps: of all members, or of some.
    pub expected: Box<dyn Fn(u64) -> Vec<Expected> + 'a>,
    /// The first is the baseline.
    pub contenders: Vec<Contender<'a>>,
}

/// What was seen of a contender.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    device_times: Vec<Duration>,
    deviation: f64,
}

impl Seen {
    fn row(self, contender: &Contender<'_>) -> Row {
        let time = Measurement::of(&self.times);
        let all_timed = self.device_times.len() == self.times.len();
        let Contender { ref name, runs_on, member_count, steps, .. } = *contender;
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
        let network_steps = (member_count * steps) as f64;
        Row {
            name: name.clone(),
            runs_on,
            member_count,
            steps,
            time,
            device_median_us: all_timed.then(|| Measurement::of(&self.device_times).median_us),
            network_steps_per_s: network_steps / (time.median_us * 1e-6),
            ratio: 1.0,
            loss_deviation: self.deviation,
        }
    }
}

impl Group<'_> {
    /// Runs every contender once without counting it, then all of them in turns; the results of
    /// all runs are checked.
    pub async fn measure(
        mut self,
        effort: Effort,
        go_on: &dyn Fn() -> ControlFlow<()>,
    ) -> Result<super::GroupResult, Error> {
        let mut expected = HashMap::new();
        for contender in &self.contenders {
            expected.entry(contender.steps).or_insert_with_key(|&steps| (self.expected)(steps));
        }
        let mut seen: Vec<Seen> = self.contenders.iter().map(|_| Seen::default()).collect();
        for (contender, seen) in self.contenders.iter_mut().zip(&mut seen) {
            sample(contender, &expected[&contender.steps], go_on, seen).await?;
            // Caches, clocks and drivers are warm now.
            seen.times.clear();
            seen.device_times.clear();
        }
        let (start, mut rounds) = (Instant::now(), 0);
        while !effort.is_met(rounds, start.elapsed()) {
            // Everybody comes first, and after everybody else, about equally often.
            let count = self.contenders.len();
            for index in (0..count).map(|place| (rounds as usize + place) % count) {
                let contender = &mut self.contenders[index];
                sample(contender, &expected[&contender.steps], go_on, &mut seen[index]).await?;
            }
            rounds += 1;
        }
        let rows = seen.into_iter().zip(&self.contenders).map(|(seen, of)| seen.row(of));
        let mut rows: Vec<Row> = rows.collect();
        let baseline = rows[0].network_steps_per_s;
        for row in &mut rows {
            row.ratio = row.network_steps_per_s / baseline;
        }
        Ok(super::GroupResult { name: self.name, rows })
    }
}

/// One run, checked and put down.
async fn sample(
    contender: &mut Contender<'_>,
    expected: &[Expected],
    go_on: &dyn Fn() -> ControlFlow<()>,
    seen: &mut Seen,
) -> Result<(), Error> {
    if go_on().is_break() {
        return Err(Error::Interrupted { step: 0, steps: contender.steps });
    }
    let turn = Instant::now();
    while turn.elapsed() < SETTLING {
        (contender.run)().await?;
    }
    let Sample { losses, elapsed, device } = (contender.run)().await?;
    tracing::debug!(contender.name, ?elapsed, "run");
    let deviation = check(contender, &losses, expected)?;
    seen.deviation = seen.deviation.max(deviation);
    seen.times.push(elapsed);
    seen.device_times.extend(device);
    Ok(())
}

/// The largest deviation of a final loss, relative to the truth, if it is one of rounding.
fn check(contender: &Contender<'_>, losses: &[f32], expected: &[Expected]) -> Result<f64, Error> {
    let Contender { name, member_count, steps, .. } = contender;
    let wrong = |what: String| Err(Error::Wrong(format!("{name}, {steps} steps: {what}")));
    if losses.len() as u64 != *member_count {
        return wrong(format!("{} final losses, expected {member_count}", losses.len()));
    }
    if let Some(index) = losses.iter().position(|loss| !loss.is_finite()) {
        return wrong(format!("the final loss of member {index} is {}", losses[index]));
    }
    let mut worst = 0.0_f64;
    for &Expected { member, truth, magnified } in expected {
        let found = f64::from(losses[member]);
        let apart = (found - truth).abs();
        if apart > (RELATIVE * truth).max(FLOOR).max(magnified) {
            return wrong(format!(
                "the final loss of member {member} is {found}, expected {truth}; its time means \
                 nothing"
            ));
        }
        worst = worst.max(apart / truth);
    }
    Ok(worst)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trains so many members.
    fn contender<'a>(member_count: u64) -> Contender<'a> {
        Contender::cpu("test", [member_count, 10], || Sample::time(|| vec![0.5], |losses| losses))
    }

    #[test]
    fn a_wrong_result_is_no_row() {
        let exact = |member, truth| Expected { member, truth, magnified: 0.0 };
        let expected = [exact(0, 0.5), Expected { magnified: 1e-3, ..exact(1, 0.25) }];
        for (losses, right) in [
            (&[0.5, 0.250_01][..], true),
            (&[0.5, 0.250_9], true),
            (&[0.500_1, 0.25], false),
            (&[0.5, 0.26], false),
            (&[0.5, f32::NAN], false),
            (&[0.5], false),
        ] {
            let found = check(&contender(2), losses, &expected);
            assert_eq!(found.is_ok(), right, "{losses:?}: {found:?}");
        }
        // What is not compared must at least be a number.
        let found = check(&contender(3), &[0.5, 0.25, f32::INFINITY], &expected);
        assert!(matches!(found, Err(Error::Wrong(_))), "{found:?}");
    }
}
