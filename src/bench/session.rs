//! Cases in turns, a canary between them, until each has enough samples or time is up.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::canary::Canary;
use super::case::{Case, Samples};
use super::sampler::Sampler;
use super::{Options, Progress};
use crate::error::Error;
use crate::numeric::Stream;

/// The time that the samples of one case may take, where there is no hurry.
const MOST: Duration = Duration::from_secs(15);

/// What samples are taken with.
pub(super) struct Session<'a> {
    pub sampler: Sampler<'a>,
    pub canary: Canary,
    pub options: Options<'a>,
}

impl Session<'_> {
    /// Takes samples of all cases within about so much time; breaks off when asked to, with what
    /// there is.
    pub async fn measure(
        &mut self,
        cases: &mut [Case],
        budget: Duration,
    ) -> Result<ControlFlow<()>, Error> {
        if self.prepare_all(cases).await?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let most = MOST.min(budget / u32::try_from(cases.len().max(1)).expect("few"));
        let start = Instant::now();
        let mut before = self.read_canary().await?;
        for round in 0.. {
            let order = shuffled(cases, round);
            if order.is_empty() {
                break;
            }
            for index in order {
                let (done, total) = (start.elapsed().min(budget).as_secs(), budget.as_secs());
                if (self.options.observe)(Progress { unit: "second", done, total }).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                before = self.sample(&mut cases[index], before, most).await?;
                if self.sampler.has_changed_clocks() {
                    // What was taken on the other clock is worth nothing.
                    self.canary.readings.clear();
                    for case in &mut *cases {
                        case.samples = Samples::default();
                    }
                    if self.prepare_all(cases).await?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                    before = self.read_canary().await?;
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    async fn prepare_all(&mut self, cases: &mut [Case]) -> Result<ControlFlow<()>, Error> {
        let total = cases.len() as u64;
        for (done, case) in (0..).zip(cases) {
            if (self.options.observe)(Progress { unit: "preparation", done, total }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            self.prepare(case).await?;
            self.read_canary().await?;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Finds how many launches a sample takes.
    async fn prepare(&mut self, case: &mut Case) -> Result<(), Error> {
        for placement in case.placements.iter().rev() {
            case.launches = self.sampler.launches(placement).await?;
        }
        if let Some(percent) = self.handicap(case) {
            // So many that this share of them is a whole number.
            let divides = |count: &u32| (count * percent).is_multiple_of(100);
            let multiple = (1..=100).find(divides).expect("100 does");
            case.launches = case.launches.next_multiple_of(multiple);
        }
        Ok(())
    }

    /// Takes a sample, and one of the canary behind it.
    async fn sample(&mut self, case: &mut Case, before: f64, most: Duration) -> Result<f64, Error> {
        let start = Instant::now();
        let more = self.handicap(case).map_or(0, |percent| case.launches * percent / 100);
        let launches = case.launches + more;
        let number = case.samples.us.len() % case.placements.len();
        let time = self.sampler.pass(&case.placements[number], launches).await?;
        let after = self.read_canary().await?;
        if let Some(us) = time {
            let canary = f64::midpoint(before, after);
            let us = us / f64::from(case.launches);
            case.samples.add(number, us, canary, start.elapsed());
        }
        case.samples.look(most, self.options.quick);
        Ok(after)
    }

    /// By how many per cent the case is to be made slower.
    fn handicap(&self, case: &Case) -> Option<u32> {
        let (kernel, percent) = self.options.handicap?;
        (kernel == case.name.kernel).then_some(percent)
    }

    /// What the canary takes now, in microseconds.
    pub async fn read_canary(&mut self) -> Result<f64, Error> {
        Ok(self.canary.read(&mut self.sampler).await?.work_us)
    }
}

/// The cases that need more samples, in an order that is another one each round: so that none
/// always runs behind the same one.
fn shuffled(cases: &[Case], round: u32) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..cases.len()).filter(|&index| !cases[index].samples.are_enough).collect();
    let stream = Stream::new(round.into());
    let place = |index: &usize| stream.uniform(u32::try_from(*index).expect("few"));
    order.sort_by(|a, b| place(a).total_cmp(&place(b)));
    order
}
