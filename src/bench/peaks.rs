//! What the adapter can do at most, measured in the same run as what is compared with it.

use std::time::Instant;

use serde::Serialize;

use super::case::Case;
use crate::error::Error;
use crate::gpu::{DeviceType, Dispatch, Gpu, Kernel};
use crate::kernels::peak_arithmetic::{self, Operation};
use crate::kernels::{Cost, as_f64, peak_copy};

/// The rates of an adapter, each the best of its samples, less what a launch takes by itself.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Peaks {
    /// What these rates are limits of.
    pub limits_of: LimitsOf,
    /// 10⁹ products and sums a second.
    pub fma_gflops: Option<f64>,
    /// 10⁹ exponentials a second.
    pub exp_gops: Option<f64>,
    /// 10⁹ divisions a second.
    pub division_gops: Option<f64>,
    /// From smaller working sets to larger ones; without those that a launch hides.
    pub copy: Vec<Bandwidth>,
    /// 10⁹ bytes a second that invocations read from the memory of their workgroup.
    pub workgroup_gbps: Option<f64>,
    /// What a launch takes that does next to nothing, in microseconds.
    pub launch_us: Option<f64>,
}

/// What the rates of an adapter are limits of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitsOf {
    /// The units of a GPU.
    #[default]
    Hardware,
    /// The code that a software driver makes of a shader: the processor below can do more.
    DriverCode,
}

impl LimitsOf {
    fn of(device_type: DeviceType) -> Self {
        if device_type == DeviceType::Software { Self::DriverCode } else { Self::Hardware }
    }
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

/// What a result is held against: named after the work that was timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The time of a launch that does next to nothing.
    Launch,
    /// A copy of as many bytes.
    Copy,
    /// Products and sums.
    MultiplyAdd,
    /// Exponentials.
    Exp,
    /// Divisions.
    Divide,
    /// Reads from the memory of a workgroup.
    WorkgroupRead,
    /// None of these: less than a quarter of each is reached.
    None,
}

/// Below this share of the nearest peak, no peak is what limits.
const NEAR: f64 = 0.25;

impl Bound {
    /// What limits, in words: a unit of the hardware, or the driver's code.
    #[must_use]
    pub fn name(self, limits_of: LimitsOf) -> &'static str {
        match (self, limits_of) {
            (Self::Launch, _) => "launch",
            (Self::Copy, LimitsOf::Hardware) => "memory",
            (Self::Copy, LimitsOf::DriverCode) => "copy code",
            (Self::MultiplyAdd, LimitsOf::Hardware) => "arithmetic",
            (Self::MultiplyAdd, LimitsOf::DriverCode) => "product code",
            (Self::Exp, LimitsOf::Hardware) => "exp",
            (Self::Exp, LimitsOf::DriverCode) => "exp code",
            (Self::Divide, LimitsOf::Hardware) => "division",
            (Self::Divide, LimitsOf::DriverCode) => "division code",
            (Self::WorkgroupRead, LimitsOf::Hardware) => "workgroup memory",
            (Self::WorkgroupRead, LimitsOf::DriverCode) => "workgroup code",
            (Self::None, _) => "no peak",
        }
    }
}

/// The share of its time that work must take beyond a launch, for a rate of that work to be known.
const BEYOND_LAUNCH: f64 = 0.2;

impl Peaks {
    /// The peaks from the cases that measure them.
    pub(super) fn of<'a>(
        device_type: DeviceType,
        cases: impl IntoIterator<Item = &'a Case>,
    ) -> Self {
        let best = |case: &Case| case.samples.us.iter().copied().fold(f64::INFINITY, f64::min);
        let best = cases.into_iter().map(|case| (case.cost, best(case)));
        let timed: Vec<_> = best.filter(|(_, us)| us.is_finite()).collect();
        Self::of_times(device_type, &timed)
    }

    /// The peaks from the shortest time of each kind of work.
    fn of_times(device_type: DeviceType, timed: &[(Cost, f64)]) -> Self {
        let mut peaks = Self { limits_of: LimitsOf::of(device_type), ..Self::default() };
        let is_launch = |cost: &Cost| *cost == Cost { bytes: cost.bytes, ..Cost::default() };
        let launch = timed.iter().find(|(cost, _)| is_launch(cost) && cost.bytes < LAUNCH_BYTES);
        peaks.launch_us = launch.map(|(_, us)| *us);
        let launch_us = peaks.launch_us.unwrap_or(0.0);
        for &(cost, us) in timed {
            let beyond = us - launch_us;
            let rate = |work: f64| (beyond >= BEYOND_LAUNCH * us).then(|| work / beyond * 1e-3);
            let Cost { flops, exponentials, divisions, bytes, workgroup_bytes } = cost;
            if workgroup_bytes > 0.0 {
                peaks.workgroup_gbps = rate(workgroup_bytes);
            } else if exponentials > 0.0 {
                peaks.exp_gops = rate(exponentials);
            } else if divisions > 0.0 {
                peaks.division_gops = rate(divisions);
            } else if flops > 0.0 {
                peaks.fma_gflops = rate(flops);
            } else if let (true, Some(gbps)) = (bytes >= LAUNCH_BYTES, rate(bytes)) {
                peaks.copy.push(Bandwidth { working_set_bytes: bytes, gbps });
            }
        }
        peaks.copy.sort_by(|a, b| a.working_set_bytes.total_cmp(&b.working_set_bytes));
        peaks
    }

    /// The bandwidth for a working set: of the smallest copy that is not smaller.
    #[must_use]
    pub fn copy_gbps(&self, working_set_bytes: f64) -> Option<f64> {
        let fits = |copy: &&Bandwidth| copy.working_set_bytes >= working_set_bytes;
        self.copy.iter().find(fits).or(self.copy.last()).map(|copy| copy.gbps)
    }

    /// The least time of a launch with this work on `bytes` bytes of memory, in
    /// microseconds: what a launch takes by itself, and the longest part of the work. With the peak
    /// that has the largest part of it; none without peaks.
    #[must_use]
    pub fn least_us(&self, cost: Cost, working_set_bytes: f64) -> Option<(f64, Bound)> {
        let at = |work: f64, rate: Option<f64>| rate.map(|rate| work / rate * 1e-3);
        let parts = [
            (at(cost.bytes, self.copy_gbps(working_set_bytes)), Bound::Copy),
            (at(cost.flops, self.fma_gflops), Bound::MultiplyAdd),
            (at(cost.exponentials, self.exp_gops), Bound::Exp),
            (at(cost.divisions, self.division_gops), Bound::Divide),
            (at(cost.workgroup_bytes, self.workgroup_gbps), Bound::WorkgroupRead),
        ];
        let parts = parts.into_iter().filter_map(|(time, bound)| Some((time?, bound)));
        let work = parts.max_by(|a, b| a.0.total_cmp(&b.0));
        match (self.launch_us, work) {
            (Some(launch), Some((work, bound))) if work > launch => Some((launch + work, bound)),
            (Some(launch), work) => Some((launch + work.map_or(0.0, |work| work.0), Bound::Launch)),
            (None, work) => work,
        }
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

/// The arithmetic of a number of invocations.
pub(super) async fn busy(gpu: &Gpu, invocations: usize) -> Result<Dispatch, Error> {
    let kernel = peak_arithmetic::kernel(gpu, Operation::MultiplyAdd).await?;
    let out = gpu.zeros("out", invocations).await?;
    peak_arithmetic::dispatch(gpu, &kernel, ITERATIONS, [0.75, 0.5], &out).await
}

/// A copy of this number of values.
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
            limits_of: LimitsOf::Hardware,
            fma_gflops: Some(100.0),
            exp_gops: Some(1.0),
            division_gops: Some(4.0),
            copy: copy.into(),
            workgroup_gbps: Some(50.0),
            launch_us: Some(2.0),
        }
    }

    const NONE: Cost =
        Cost { flops: 0.0, exponentials: 0.0, divisions: 0.0, bytes: 0.0, workgroup_bytes: 0.0 };

    #[test]
    fn the_slowest_part_of_the_work_binds() {
        for (cost, us, bound) in [
            (NONE, 2.0, Bound::Launch),
            (Cost { flops: 1e5, ..NONE }, 3.0, Bound::Launch),
            (Cost { flops: 1e6, ..NONE }, 12.0, Bound::MultiplyAdd),
            (Cost { flops: 1e6, exponentials: 5e4, divisions: 5e4, ..NONE }, 52.0, Bound::Exp),
            (Cost { flops: 1e6, exponentials: 5e4, divisions: 4e5, ..NONE }, 102.0, Bound::Divide),
            (Cost { bytes: 1e6, flops: 1e6, ..NONE }, 102.0, Bound::Copy),
            (Cost { workgroup_bytes: 1e6, flops: 1e6, ..NONE }, 22.0, Bound::WorkgroupRead),
        ] {
            let (least, found) = peaks().least_us(cost, cost.bytes).expect("there are peaks");
            assert!((least / us - 1.0).abs() < 1e-12 && found == bound, "{cost:?}: {least}");
        }
        let twice = Cost { bytes: 2e5, ..NONE };
        let (least, _) = peaks().least_us(twice, 1e3).expect("there are peaks");
        assert!((least - 7.0).abs() < 1e-12, "what is read twice is in the same cache: {least}");
        assert!(Peaks::default().least_us(NONE, 0.0).is_none());
    }

    #[test]
    fn a_working_set_has_the_bandwidth_of_the_cache_that_holds_it() {
        let found = [1.0, 1e3, 1.1e3, 1e6, 1e9].map(|bytes| peaks().copy_gbps(bytes));
        assert_eq!(found, [40.0, 40.0, 10.0, 10.0, 10.0].map(Some));
    }

    #[test]
    fn what_is_far_from_every_peak_is_bound_by_none() {
        let cost = Cost { flops: 1e6, ..NONE };
        let share = |us| peaks().share(cost, 0.0, us).expect("there are peaks");
        assert_eq!(
            (share(12.0), share(24.0)),
            ((1.0, Bound::MultiplyAdd), (0.5, Bound::MultiplyAdd))
        );
        assert_eq!(share(100.0).1, Bound::None);
    }

    /// Times of an adapter whose launches take 20 µs and whose rates are these.
    fn timed() -> Vec<(Cost, f64)> {
        let at = |cost: Cost, rate: f64, work: f64| (cost, 20.0 + work / rate * 1e-3);
        let copy = |bytes: f64| at(Cost { bytes, ..NONE }, 8.0, bytes);
        vec![
            copy(16.0),
            copy(1e6),
            copy(8e4),
            copy(4e3),
            at(Cost { flops: 3e7, bytes: 4e3, ..NONE }, 100.0, 3e7),
            at(Cost { flops: 15.0, exponentials: 1e6, bytes: 4e3, ..NONE }, 1.0, 1e6),
            at(Cost { flops: 2e6, divisions: 2e6, bytes: 4e3, ..NONE }, 3.0, 2e6),
            at(Cost { flops: 1e6, workgroup_bytes: 1e7, bytes: 4e3, ..NONE }, 50.0, 1e7),
        ]
    }

    #[test]
    fn a_rate_is_without_the_launch_and_unknown_where_the_launch_hides_it() {
        let Peaks {
            limits_of,
            fma_gflops,
            exp_gops,
            division_gops,
            copy,
            workgroup_gbps,
            launch_us,
        } = Peaks::of_times(DeviceType::Discrete, &timed());
        assert_eq!(limits_of, LimitsOf::Hardware);
        assert!((launch_us.expect("known") - 20.0).abs() < 0.1);
        for (found, rate) in
            [(fma_gflops, 100.0), (exp_gops, 1.0), (division_gops, 3.0), (workgroup_gbps, 50.0)]
        {
            assert!((found.expect("known") / rate - 1.0).abs() < 0.01, "{found:?}, {rate}");
        }
        let found: Vec<_> = copy.iter().map(|copy| copy.working_set_bytes).collect();
        assert_eq!(found, [8e4, 1e6], "a copy of 4 kB takes no longer than a launch");
        assert!(copy.iter().all(|copy| (copy.gbps / 8.0 - 1.0).abs() < 0.01), "{copy:?}");
    }

    #[test]
    fn the_best_run_of_each_peak_is_all_of_it() {
        let peaks = Peaks::of_times(DeviceType::Discrete, &timed());
        for (cost, us) in timed() {
            let (share, bound) = peaks.share(cost, cost.bytes, us).expect("there are peaks");
            assert!((0.99..1.001).contains(&share), "{cost:?}: {share} of {bound:?}");
        }
    }

    #[test]
    fn limits_of_a_software_driver_are_named_as_its_code() {
        use Bound::{Copy, Divide, Exp, MultiplyAdd, WorkgroupRead};
        let bounds = [Copy, MultiplyAdd, Exp, Divide, WorkgroupRead];
        let peaks = Peaks::of_times(DeviceType::Software, &timed());
        assert_eq!(peaks.limits_of, LimitsOf::DriverCode);
        for bound in bounds {
            assert!(bound.name(peaks.limits_of).ends_with(" code"), "{bound:?}");
            assert!(!bound.name(LimitsOf::Hardware).contains("code"), "{bound:?}");
        }
    }
}
