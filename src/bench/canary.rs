//! Fixed pieces of work, timed between all samples: what they take says what the machine does beside.

use super::peaks::{busy, copy};
use super::sampler::Sampler;
use crate::error::Error;
use crate::file::sha256;
use crate::gpu::{Dispatch, Gpu};
use crate::kernels::{peak_arithmetic, peak_copy};

/// Values that the copy in the work moves.
const COPIED: usize = 1 << 21;

/// Values of a launch that does next to nothing.
const TINY: usize = 16;

/// Such launches in a pass.
const LAUNCHES: u32 = 64;

/// Number of readings from which on a run says how fast the machine can be.
const ENOUGH: usize = 50;

/// What the two canaries took, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading {
    pub work_us: f64,
    /// Time of one launch that does next to nothing.
    pub launch_us: f64,
}

/// Two canaries: one that works, and one that does nothing but launch.
pub(super) struct Canary {
    /// Arithmetic, and a copy, as either can be what another process slows down.
    work: [Dispatch; 2],
    launch: Dispatch,
    /// SHA-256 of its shaders and sizes: another one takes another time.
    pub identity: String,
    /// All since the clock was last changed, in their order.
    pub readings: Vec<Reading>,
}

impl Canary {
    pub async fn new(gpu: &Gpu, invocations: usize) -> Result<Self, Error> {
        let work = [busy(gpu, invocations).await?, copy(gpu, COPIED).await?];
        let launch = copy(gpu, TINY).await?;
        let texts = [peak_arithmetic::SPEC.source(), peak_copy::SPEC.source()].concat();
        let identity = sha256(format!("{texts}{invocations} {COPIED}").as_bytes());
        Ok(Self { work, launch, identity, readings: vec![] })
    }

    /// Takes a reading.
    pub async fn read(&mut self, sampler: &mut Sampler<'_>) -> Result<Reading, Error> {
        loop {
            let work = sampler.pass_of(&self.work).await?;
            let launches = sampler.pass(&self.launch, LAUNCHES).await?;
            // Both on one clock: the device's may lose its credit in between.
            if let (Some(work_us), Some(us)) = (work, launches) {
                let reading = Reading { work_us, launch_us: us / f64::from(LAUNCHES) };
                self.readings.push(reading);
                return Ok(reading);
            }
        }
    }

    /// What the canaries take where this run was quiet: a quarter of the readings take less. None
    /// without readings.
    pub fn quiet(&self) -> Option<Reading> {
        let quartile = |time: fn(&Reading) -> f64| quartile(self.readings.iter().map(time));
        let work_us = quartile(|reading| reading.work_us)?;
        Some(Reading { work_us, launch_us: quartile(|reading| reading.launch_us)? })
    }

    /// Whether there are enough readings to hold later runs against them.
    pub fn is_known_well(&self) -> bool {
        are_enough(self.readings.len())
    }
}

fn are_enough(readings: usize) -> bool {
    readings >= ENOUGH
}

fn quartile(times: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = times.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 4).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_as_fast_as_in_its_quieter_quarter() {
        let canary = [150.0, 100.0, 101.0, 99.0, 108.0, 180.0, 102.0, 103.0];
        assert_eq!(quartile(canary.into_iter()), Some(101.0));
        assert_eq!(quartile(std::iter::empty()), None);
    }

    #[test]
    fn fifty_readings_are_enough_and_one_less_are_not() {
        assert!(are_enough(50) && !are_enough(49));
    }
}
