//! Contenders that do the same work: checked against the reference, then timed in turns.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::case::CaseName;
use super::row::SEED;
use super::statistics::{Summary, median};
use super::{Row, Suite};
use crate::error::Error;
use crate::train::Outcome;

/// How far a final loss may be from that of the same run in `f64`, relative to it, and in nats:
/// the tolerances of whole runs.
const RELATIVE: f64 = 1e-4;
const FLOOR: f64 = 1e-6;

/// The device that a contender runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunsOn {
    /// This processor.
    Cpu,
    /// The adapter, whether that is a GPU or not.
    Adapter,
}

/// What was measured of one contender.
#[derive(Clone, Debug, Serialize)]
pub struct TrainingRow {
    /// What it is called.
    pub name: String,
    /// The device that it ran on.
    pub runs_on: RunsOn,
    /// Networks that one run trains.
    pub member_count: u64,
    /// Updates that one run makes to each.
    pub steps: u64,
    /// Times of whole runs, from the first step to the last parameter read back, on the clock of
    /// the host.
    #[serde(flatten)]
    pub time: Summary,
    /// The median on the device's own clock, if it has one that can be believed.
    pub device_median_us: Option<f64>,
    /// `member_count` · `steps` / median.
    pub network_steps_per_s: f64,
    /// That, divided by the group's first row's.
    pub ratio: f64,
    /// The largest deviation of a final loss from that of the same run in `f64`, relative to it.
    pub loss_deviation: f64,
    /// Every run.
    #[serde(skip)]
    pub samples_us: Vec<f64>,
}

/// Contenders that did the same work.
#[derive(Clone, Debug, Serialize)]
pub struct GroupResult {
    /// The work.
    pub name: String,
    /// The first is what the others are compared with.
    pub rows: Vec<TrainingRow>,
}

impl GroupResult {
    /// The fastest contender of a place, if there is one.
    #[must_use]
    pub fn fastest(&self, place: RunsOn) -> Option<&TrainingRow> {
        let rows = self.rows.iter().filter(|row| row.runs_on == place);
        rows.max_by(|a, b| a.network_steps_per_s.total_cmp(&b.network_steps_per_s))
    }

    /// How many times as fast as the CPU the adapter was, each with its fastest contender; none if
    /// one of them has none.
    #[must_use]
    pub fn adapter_ratio(&self) -> Option<f64> {
        let [cpu, adapter] = [RunsOn::Cpu, RunsOn::Adapter].map(|place| self.fastest(place));
        Some(adapter?.network_steps_per_s / cpu?.network_steps_per_s)
    }

    /// The same as rows like those of kernels.
    pub fn plain_rows(&self) -> impl Iterator<Item = Row> + '_ {
        self.rows.iter().map(|row| {
            let name = CaseName {
                suite: Suite::Training,
                kernel: "train".into(),
                variant: row.name.clone(),
                size: self.name.clone(),
            };
            Row::of_times(name, row.time, row.samples_us.clone())
        })
    }
}

/// How often the contenders of a group take turns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Never fewer rounds than these.
    pub fewest: u32,
    /// Least number of rounds, which must also take `time` in all.
    pub rounds: u32,
    /// Least time of all rounds.
    pub time: Duration,
    /// After this time no further round begins, once there are the fewest.
    pub most_time: Duration,
}

impl Effort {
    /// For figures that are to be quoted. The median of fewer than six lies outside of all of them in
    /// more than 5 % of cases, and two runs of fewer than seven can never differ beyond doubt.
    pub const FULL: Self = Self {
        fewest: 7,
        rounds: 15,
        time: Duration::from_millis(1_500),
        most_time: Duration::from_secs(15),
    };

    /// For a map, in which only factors count.
    pub const MAP: Self =
        Self { fewest: 3, rounds: 3, time: Duration::ZERO, most_time: Duration::from_secs(1) };

    /// For a look at whether it works.
    pub const QUICK: Self =
        Self { fewest: 2, rounds: 2, time: Duration::ZERO, most_time: Duration::ZERO };

    /// Whether it was enough.
    fn is_met(self, rounds: u32, elapsed: Duration) -> bool {
        let enough = rounds >= self.rounds && elapsed >= self.time;
        rounds >= self.fewest && (enough || elapsed >= self.most_time)
    }
}

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
    /// The final losses after a number of steps: of all members, or of some.
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
    fn row(self, contender: &Contender<'_>) -> TrainingRow {
        let samples_us = microseconds(&self.times);
        let time = Summary::of_turns(&samples_us, &[], SEED);
        let all_timed = self.device_times.len() == self.times.len();
        let Contender { ref name, runs_on, member_count, steps, .. } = *contender;
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
        let network_steps = (member_count * steps) as f64;
        let on_device = || median(&microseconds(&self.device_times));
        TrainingRow {
            name: name.clone(),
            runs_on,
            member_count,
            steps,
            device_median_us: all_timed.then(on_device),
            network_steps_per_s: network_steps / (time.median_us * 1e-6),
            ratio: 1.0,
            loss_deviation: self.deviation,
            time,
            samples_us,
        }
    }
}

fn microseconds(times: &[Duration]) -> Vec<f64> {
    times.iter().map(|time| time.as_secs_f64() * 1e6).collect()
}

impl Group<'_> {
    /// Runs every contender once without counting it, then all of them in turns; the results of
    /// all runs are checked.
    pub async fn measure(
        mut self,
        effort: Effort,
        go_on: &dyn Fn() -> ControlFlow<()>,
    ) -> Result<GroupResult, Error> {
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
        let mut rows: Vec<TrainingRow> = rows.collect();
        let baseline = rows[0].network_steps_per_s;
        for row in &mut rows {
            row.ratio = row.network_steps_per_s / baseline;
        }
        Ok(GroupResult { name: self.name, rows })
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

    /// Trains `member_count` members.
    fn contender<'a>(member_count: u64) -> Contender<'a> {
        Contender::cpu("test", [member_count, 10], || Sample::time(|| vec![0.5], |losses| losses))
    }

    #[test]
    fn rounds_end_by_count_and_time_and_never_before_the_fewest() {
        let second = Duration::from_secs(1);
        let effort = Effort { fewest: 6, rounds: 15, time: second, most_time: 10 * second };
        assert!(!effort.is_met(15, second / 2) && !effort.is_met(14, 2 * second));
        assert!(effort.is_met(15, second));
        assert!(!effort.is_met(5, 60 * second) && effort.is_met(6, 10 * second));
        assert!(!Effort::MAP.is_met(2, 2 * second) && Effort::QUICK.is_met(2, Duration::ZERO));
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

    #[test]
    fn each_limit_of_a_final_loss_holds_and_just_beyond_it_is_wrong() {
        let of = |truth, magnified, found: f32| {
            let expected = [Expected { member: 0, truth, magnified }];
            check(&contender(1), &[found], &expected).is_ok()
        };
        // 10⁻⁴ of the truth, 10⁻⁶, and what training magnifies.
        assert!(of(0.5, 0.0, 0.500_049) && !of(0.5, 0.0, 0.500_051));
        assert!(of(0.5, 0.0, 0.499_951) && !of(0.5, 0.0, 0.499_949));
        assert!(of(1e-6, 0.0, 1.98e-6) && !of(1e-6, 0.0, 2.02e-6));
        assert!(of(0.5, 1e-3, 0.500_99) && !of(0.5, 1e-3, 0.501_01));
    }
}
