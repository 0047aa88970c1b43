//! What the adapter can do at most, measured in the same run as what is compared with it.

use std::time::Instant;

use serde::Serialize;

use super::case::Case;
use crate::error::Error;
use crate::gpu::{DeviceType, Dispatch, Gpu, Kernel};
use crate::kernels::{Cost, as_f64, peak_arithmetic, peak_copy};

/// The rates of an adapter, each the best of its samples.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Peaks {
    /// 10⁹ products and sums a second.
    pub fma_gflops: Option<f64>,
    /// 10⁹ exponentials a second.
    pub special_gops: Option<f64>,
    /// From smaller working sets to larger ones.
    pub copy: Vec<Bandwidth>,
    /// 10⁹ bytes a second that invocations read from the memory of their workgroup.
    pub workgroup_gbps: Option<f64>,
    /// What a launch takes that does next to nothing, in microseconds.
    pub launch_us: Option<f64>,
}

/// How fast memory is, or the cache that a working set fits.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bandwidth {
    /// Bytes that a copy reads, and those that it writes.
    pub working_set_bytes: f64,
    /// 10⁹ bytes a second, those that are read and those that are written.
    pub gbps: f64,
}

impl Bandwidth {
    /// The working set, in a unit that people know.
    #[must_use]
    pub fn size(&self) -> String {
        bytes(self.working_set_bytes)
    }
}

/// What a result is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The time of a launch that does next to nothing.
    Launch,
    /// A copy of as many bytes.
    Memory,
    /// Products and sums.
    Arithmetic,
    /// Exponentials, divisions and logarithms.
    Special,
    /// The memory of workgroups.
    Workgroup,
    /// None of these: less than a quarter of each is reached.
    None,
}

/// Below this share of the nearest peak, no peak is what limits.
const NEAR: f64 = 0.25;

impl Bound {
    /// What limits, in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Launch => "launch",
            Self::Memory => "memory",
            Self::Arithmetic => "arithmetic",
            Self::Special => "exp and /",
            Self::Workgroup => "workgroup memory",
            Self::None => "no peak",
        }
    }
}

impl Peaks {
    /// Puts down what a case reached at best: of that peak which its work is made for.
    pub(super) fn add(&mut self, case: &Case) {
        let best = case.samples.us.iter().copied().fold(f64::INFINITY, f64::min);
        if !best.is_finite() {
            return;
        }
        let per_us = |work: f64| work / best * 1e-3;
        let Cost { flops, special, bytes, workgroup_bytes } = case.cost;
        if workgroup_bytes > 0.0 {
            self.workgroup_gbps = Some(per_us(workgroup_bytes));
        } else if special > 0.0 {
            self.special_gops = Some(per_us(special));
        } else if flops > 0.0 {
            self.fma_gflops = Some(per_us(flops));
        } else if bytes < LAUNCH_BYTES {
            self.launch_us = Some(best);
        } else {
            self.copy.push(Bandwidth { working_set_bytes: bytes, gbps: per_us(bytes) });
            self.copy.sort_by(|a, b| a.working_set_bytes.total_cmp(&b.working_set_bytes));
        }
    }

    /// The bandwidth for a working set: of the smallest copy that is not smaller.
    #[must_use]
    pub fn copy_gbps(&self, working_set_bytes: f64) -> Option<f64> {
        let fits = |copy: &&Bandwidth| copy.working_set_bytes >= working_set_bytes;
        self.copy.iter().find(fits).or(self.copy.last()).map(|copy| copy.gbps)
    }

    /// The time that work on so many bytes of memory takes at least, in microseconds, and the peak
    /// that says so; none without peaks.
    #[must_use]
    pub fn least_us(&self, cost: Cost, working_set_bytes: f64) -> Option<(f64, Bound)> {
        let at = |work: f64, rate: Option<f64>| rate.map(|rate| work / rate * 1e-3);
        let times = [
            (self.launch_us, Bound::Launch),
            (at(cost.bytes, self.copy_gbps(working_set_bytes)), Bound::Memory),
            (at(cost.flops, self.fma_gflops), Bound::Arithmetic),
            (at(cost.special, self.special_gops), Bound::Special),
            (at(cost.workgroup_bytes, self.workgroup_gbps), Bound::Workgroup),
        ];
        let times = times.into_iter().filter_map(|(time, bound)| Some((time?, bound)));
        times.max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// The share of the nearest peak that a time is, and which peak that is.
    #[must_use]
    pub fn share(
        &self,
        cost: Cost,
        working_set_bytes: f64,
        median_us: f64,
    ) -> Option<(f64, Bound)> {
        let (least, bound) = self.least_us(cost, working_set_bytes)?;
        let share = least / median_us;
        Some((share, if share < NEAR { Bound::None } else { bound }))
    }
}

/// A copy of fewer bytes measures what a launch takes by itself.
const LAUNCH_BYTES: f64 = 1_024.0;

/// Numbers of invocations that do arithmetic, of processors, of what is beside one, and of large GPUs:
/// about a millisecond of work.
const INVOCATIONS: [usize; 3] = [1 << 12, 1 << 17, 1 << 20];

/// Iterations of each of them.
const ITERATIONS: u32 = 256;

/// Invocations whose time tells how fast an adapter is.
const LOOK: usize = 1 << 16;

/// What a launch may take: the clock is tested with 32 of them, and drivers give up after 2 s.
const MOST_S: f64 = 0.03;

/// How many invocations do arithmetic on an adapter: as its kind can, or fewer if it is slow.
pub(super) async fn invocations(gpu: &Gpu) -> Result<usize, Error> {
    let most = match gpu.adapter.device_type {
        DeviceType::Software => return Ok(INVOCATIONS[0]),
        DeviceType::Integrated => INVOCATIONS[1],
        _ => INVOCATIONS[2],
    };
    let (dispatch, mut nothing) = (busy(gpu, LOOK).await?, gpu.readback(0).await?);
    let mut least_s = f64::INFINITY;
    // The first of them may wait for a compiler.
    for _ in 0..4 {
        let start = Instant::now();
        gpu.submit([&dispatch], &[], &mut nothing, None).await?;
        least_s = least_s.min(start.elapsed().as_secs_f64());
    }
    let fits = |count: &usize| as_f64(*count) / as_f64(LOOK) * least_s <= MOST_S && *count <= most;
    Ok(INVOCATIONS.into_iter().rev().find(fits).unwrap_or(INVOCATIONS[0]))
}

/// Arithmetic of so many invocations.
pub(super) async fn busy(gpu: &Gpu, invocations: usize) -> Result<Dispatch, Error> {
    let kernel = peak_arithmetic::kernel(gpu, false).await?;
    let out = gpu.zeros("out", invocations).await?;
    peak_arithmetic::dispatch(gpu, &kernel, ITERATIONS, [0.75, 0.5], &out).await
}

/// A copy of so many values.
pub(super) async fn copy(gpu: &Gpu, len: usize) -> Result<Dispatch, Error> {
    let kernel = Kernel::new(gpu, &peak_copy::SPEC, &[]).await?;
    let [input, out] = [gpu.zeros("input", len).await?, gpu.zeros("out", len).await?];
    peak_copy::dispatch(gpu, &kernel, [&input, &out]).await
}

/// As a number of KiB or MiB.
fn bytes(bytes: f64) -> String {
    let (scale, unit) = if bytes < 1_048_576.0 { (1_024.0, "KiB") } else { (1_048_576.0, "MiB") };
    format!("{} {unit}", bytes / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peaks() -> Peaks {
        let copy = [(1e3, 40.0), (1e6, 10.0)];
        let copy = copy.map(|(working_set_bytes, gbps)| Bandwidth { working_set_bytes, gbps });
        Peaks {
            fma_gflops: Some(100.0),
            special_gops: Some(1.0),
            copy: copy.into(),
            workgroup_gbps: Some(50.0),
            launch_us: Some(2.0),
        }
    }

    #[test]
    fn the_slowest_part_of_the_work_binds() {
        let none = Cost::default();
        for (cost, us, bound) in [
            (none, 2.0, Bound::Launch),
            (Cost { flops: 1e6, ..none }, 10.0, Bound::Arithmetic),
            (Cost { flops: 1e6, special: 5e4, ..none }, 50.0, Bound::Special),
            (Cost { bytes: 1e6, flops: 1e6, ..none }, 100.0, Bound::Memory),
            (Cost { workgroup_bytes: 1e6, flops: 1e6, ..none }, 20.0, Bound::Workgroup),
        ] {
            let (least, found) = peaks().least_us(cost, cost.bytes).expect("there are peaks");
            assert!((least / us - 1.0).abs() < 1e-12 && found == bound, "{cost:?}: {least}");
        }
        let twice = Cost { bytes: 2e3, ..none };
        let (least, _) = peaks().least_us(twice, 1e3).expect("there are peaks");
        assert!((least - 2.0).abs() < 1e-12, "what is read twice is in the same cache: {least}");
        assert!(Peaks::default().least_us(none, 0.0).is_none());
    }

    #[test]
    fn a_working_set_has_the_bandwidth_of_the_cache_that_holds_it() {
        let found = [1.0, 1e3, 1.1e3, 1e6, 1e9].map(|bytes| peaks().copy_gbps(bytes));
        assert_eq!(found, [40.0, 40.0, 10.0, 10.0, 10.0].map(Some));
    }

    #[test]
    fn what_is_far_from_every_peak_is_bound_by_none() {
        let cost = Cost { flops: 1e6, ..Cost::default() };
        let share = |us| peaks().share(cost, 0.0, us).expect("there are peaks");
        assert_eq!(
            (share(10.0), share(20.0)),
            ((1.0, Bound::Arithmetic), (0.5, Bound::Arithmetic))
        );
        assert_eq!(share(100.0).1, Bound::None);
    }
}
