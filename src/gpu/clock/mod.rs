//! The judgement whether a device's clock is reliable, from passes of more and more equal
//! dispatches, which the host timed too.
//!
//! WebGPU promises nothing of timestamps: they may be zero, run backwards, and be coarse on purpose
//! (its specification, "Timestamp Query"). So a clock is trusted only once nothing speaks against
//! it. Pure: the passes come from elsewhere.

mod clock_fault;
mod fit;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

pub use clock_fault::ClockFault;
use clock_fault::nanoseconds;
pub(super) use clock_fault::{elapsed, fault_of};
pub use fit::{FEWEST_COUNTS, Fit};

/// What a pass lasts, about, that is to be timed: so much longer than a submission takes that it
/// does not matter, and short enough for many of them.
pub const SAMPLE_TIME: Duration = Duration::from_millis(10);

/// The largest part of a sample's time that one step of the clock may be. A time is off by a step
/// at most, so this keeps what the clock adds well below the 2 % that are worth a word.
pub const COARSE: f64 = 0.005;

/// How far the time of a pass may be from the line of its dispatches, relative to it, beyond one
/// step of the clock. A software driver on a busy processor was up to 0.18 from it; a clock that
/// makes its times up, or moves in steps as long as a pass, is further off.
pub const NONLINEAR: f64 = 0.25;

/// By which factor the clocks of device and host may differ. Crystals agree to 10⁻⁴, and lines
/// through noisy times to a few percent; a wrong period is wrong by its unit, as 52.08 for 1, or 2.
pub const DISAGREES: f64 = 1.2;

/// The largest standard error of what a dispatch takes on the host's clock, relative to it, with
/// which that clock can still judge another: a factor of [`DISAGREES`] is two of them.
pub const UNSURE: f64 = 0.1;

/// A pass that was timed on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Number of equal dispatches in the pass.
    pub dispatches: u32,
    /// The timestamp before them, in ticks.
    pub begin: u64,
    /// The timestamp behind them.
    pub end: u64,
    /// Time that the host waited, from the encoding to the end.
    pub wall: Duration,
}

/// A clock without a known fault.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trusted {
    /// The times of passes on it.
    #[serde(flatten)]
    pub device: Fit,
    /// The same on the host's clock: see [`on_host`].
    pub host: Fit,
    /// Nanoseconds that the clock moves at a time: the greatest common divisor of all differences
    /// of timestamps. That is what it is at most; times that vary soon bring it down.
    pub step_ns: f64,
    /// What a dispatch takes on the device's clock, divided by what it takes on the host's.
    pub agreement: f64,
}

/// Judges a clock by passes in the order in which they ran, of which the shortest of each count
/// makes the line. `period_ns` is what the driver says a tick takes, if there are timestamps;
/// `sample_time` is how long those runs will take at least that the clock shall time.
///
/// The passes should come in rounds of all counts, so that a change of the device's own speed meets
/// all, and the longest should take several times what a submission does, or the host's clock
/// cannot tell.
///
/// A coarse clock whose steps are not whole ticks hides them from the common divisor; short passes
/// are then far from the line.
///
/// # Errors
/// The first [`ClockFault`], in the order of [`ClockFault`], but for [`ClockFault::Still`], which comes behind
/// [`ClockFault::Coarse`]: a coarse clock stands still in short passes, and why is worth more.
///
/// # Panics
/// With passes of fewer than [`FEWEST_COUNTS`] counts.
pub fn judge(
    passes: &[Pass],
    period_ns: Option<f64>,
    sample_time: Duration,
) -> Result<Trusted, ClockFault> {
    let period_ns = period_ns.filter(|period| period.is_finite() && *period > 0.0);
    let (false, Some(period_ns)) = (passes.is_empty(), period_ns) else {
        return Err(ClockFault::Absent);
    };
    let step = nanoseconds(step_ticks(passes), period_ns);
    let doubts = impossible(passes, period_ns, step);
    if let Some(&doubt) =
        [ClockFault::Zero, ClockFault::Backwards].iter().find(|it| doubts.contains(it))
    {
        return Err(doubt);
    }
    let (step_ns, sample_ns) = (step, sample_time.as_secs_f64() * 1e9);
    if step_ns > COARSE * sample_ns {
        return Err(ClockFault::Coarse { step_us: step_ns * 1e-3 });
    }
    if let Some(&doubt) =
        [ClockFault::Still, ClockFault::TooLong].iter().find(|it| doubts.contains(it))
    {
        return Err(doubt);
    }
    let times = shortest(passes, |pass| nanoseconds(pass.end - pass.begin, period_ns) * 1e-3);
    let device = Fit::of(&times);
    let off = |&(count, time): &(f64, f64)| device.off(count, time) - step_ns * 1e-3;
    if times.iter().any(|point| off(point) > NONLINEAR * point.1) {
        return Err(ClockFault::Nonlinear { worst_share: device.worst_share });
    }
    let host = on_host(passes);
    let sure = host.dispatch_error_us <= UNSURE * host.dispatch_us;
    if !sure {
        return Err(ClockFault::Unchecked);
    }
    let agreement = device.dispatch_us / host.dispatch_us;
    if !(1.0 / DISAGREES..=DISAGREES).contains(&agreement) {
        return Err(ClockFault::Disagrees { ratio: agreement });
    }
    Ok(Trusted { device, host, step_ns, agreement })
}

/// The line of the host's own times: its [`Fit::pass_us`] is what it takes to submit and to wait.
///
/// # Panics
/// With passes of fewer than [`FEWEST_COUNTS`] counts.
#[must_use]
pub fn on_host(passes: &[Pass]) -> Fit {
    Fit::of(&shortest(passes, |pass| pass.wall.as_secs_f64() * 1e6))
}

/// What is impossible of each pass, if anything is. As far as the clock can tell, a pass may take a
/// step more than it did.
fn impossible(passes: &[Pass], period_ns: f64, step_ns: f64) -> Vec<ClockFault> {
    let lasts = std::iter::once(0).chain(passes.iter().map(|pass| pass.end));
    let step = Duration::from_secs_f64((step_ns * 1e-9).min(1e9));
    let doubt = |(pass, last): (&Pass, u64)| {
        fault_of(last, [pass.begin, pass.end], period_ns, pass.wall.saturating_add(step))
    };
    passes.iter().zip(lasts).filter_map(doubt).collect()
}

/// The greatest common divisor of the differences of timestamps; 0 if there are no differences.
fn step_ticks(passes: &[Pass]) -> u64 {
    let stamps: Vec<u64> = passes.iter().flat_map(|pass| [pass.begin, pass.end]).collect();
    stamps.windows(2).fold(0, |divisor, pair| gcd(divisor, pair[0].abs_diff(pair[1])))
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The shortest time of each count of dispatches: what disturbs a pass makes it longer.
fn shortest(passes: &[Pass], time: impl Fn(&Pass) -> f64) -> Vec<(f64, f64)> {
    let mut times = BTreeMap::new();
    for pass in passes {
        let shortest = times.entry(pass.dispatches).or_insert(f64::INFINITY);
        *shortest = time(pass).min(*shortest);
    }
    times.into_iter().map(|(count, time)| (f64::from(count), time)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Stream;

    const COUNTS: [u32; 6] = [1, 2, 4, 8, 16, 32];
    const SAMPLE_TIME: Duration = Duration::from_millis(5);

    /// What is true of the passes: this much a pass, a dispatch and a submission.
    const PASS_NS: f64 = 4_000.0;
    const DISPATCH_NS: f64 = 25_000.0;
    const SUBMISSION_NS: f64 = 60_000.0;

    /// Eight rounds of passes on a clock that shows `ticks` of the true nanoseconds, all of which
    /// are up to `noise` longer.
    fn passes(noise: f64, ticks: impl Fn(f64) -> u64) -> Vec<Pass> {
        let mut now = 1e6;
        let mut passes = vec![];
        for round in 0..8 {
            for dispatches in COUNTS {
                let draw =
                    |number| f64::from(Stream::new(round).of_member(number).uniform(dispatches));
                let longer = |number| 1.0 + noise * draw(number).midpoint(1.0);
                let elapsed = (PASS_NS + DISPATCH_NS * f64::from(dispatches)) * longer(0);
                let waits = SUBMISSION_NS * longer(1);
                let stamps = [now + 0.5 * waits, now + 0.5 * waits + elapsed];
                let [begin, end] = stamps.map(&ticks);
                now += elapsed + waits + 1_234.5;
                let wall = Duration::from_secs_f64((elapsed + waits) * 1e-9);
                passes.push(Pass { dispatches, begin, end, wall });
            }
        }
        passes
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times are neither"
    )]
    fn whole(ticks: f64) -> u64 {
        ticks as u64
    }

    /// A clock of this period that tells the truth.
    fn honest(period_ns: f64) -> impl Fn(f64) -> u64 {
        move |time| whole(time / period_ns)
    }

    fn judged(passes: &[Pass], period_ns: f64) -> Result<Trusted, ClockFault> {
        judge(passes, Some(period_ns), SAMPLE_TIME)
    }

    #[test]
    fn an_honest_clock_is_trusted_whatever_its_period() {
        // 1 GHz; 19.2 MHz, of Qualcomm and Apple; 24 MHz; 100 MHz; 27 MHz.
        for period_ns in [1.0, 52.083_333, 41.666_667, 10.0, 37.037_037] {
            for noise in [0.0, 0.05, 0.3] {
                let found = judged(&passes(noise, honest(period_ns)), period_ns);
                let Trusted { device, host, step_ns, agreement } =
                    found.unwrap_or_else(|doubt| panic!("{period_ns} ns, {noise}: {doubt}"));
                assert!((device.dispatch_us / 25.0 - 1.0).abs() < 0.1, "{device:?}");
                assert!((device.pass_us - 4.0).abs() < 4.0, "{device:?}");
                assert!((host.pass_us - 64.0).abs() < 20.0, "{host:?}");
                assert_eq!(step_ns, period_ns);
                assert!((agreement - 1.0).abs() < 0.1 && device.worst_share < NONLINEAR);
            }
        }
    }

    #[test]
    fn no_timestamps_are_absent() {
        let good = passes(0.05, honest(1.0));
        assert_eq!(judge(&good, None, SAMPLE_TIME), Err(ClockFault::Absent));
        assert_eq!(judged(&[], 1.0), Err(ClockFault::Absent));
        for period_ns in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(judged(&good, period_ns), Err(ClockFault::Absent));
        }
    }

    #[test]
    fn zeros_and_reversals_are_found_among_good_passes() {
        let good = passes(0.05, honest(1.0));
        assert_eq!(judged(&passes(0.05, |_| 0), 1.0), Err(ClockFault::Zero));
        for index in [0, 20, good.len() - 1] {
            let mut bad = good.clone();
            bad[index].end = 0;
            assert_eq!(judged(&bad, 1.0), Err(ClockFault::Zero), "{index}");
            let Pass { begin, end, .. } = good[index];
            bad[index] = Pass { begin: end, end: begin, ..good[index] };
            assert_eq!(judged(&bad, 1.0), Err(ClockFault::Backwards), "{index}");
        }
        let reversed = passes(0.05, |time| whole(1e12 - time));
        assert_eq!(judged(&reversed, 1.0), Err(ClockFault::Backwards));
        let mut swapped = good.clone();
        swapped.swap(7, 8);
        assert_eq!(judged(&swapped, 1.0), Err(ClockFault::Backwards));
    }

    #[test]
    fn a_counter_of_36_bits_that_begins_anew_runs_backwards() {
        let good = passes(0.05, honest(1.0));
        let wrapped = |at: u64| -> Vec<Pass> {
            let short = |ticks: u64| (ticks + (1 << 36) - at) % (1 << 36);
            let of = |pass: &Pass| Pass { begin: short(pass.begin), end: short(pass.end), ..*pass };
            good.iter().map(of).collect()
        };
        assert!(judged(&wrapped(0), 1.0).is_ok());
        for [before, behind] in [[good[9].begin, good[9].end], [good[9].end, good[10].begin]] {
            assert_eq!(judged(&wrapped(before.midpoint(behind)), 1.0), Err(ClockFault::Backwards));
        }
    }

    #[test]
    fn steps_of_65_us_are_too_coarse_for_short_samples_only() {
        let coarse = passes(0.05, |time| whole(time) >> 16 << 16);
        let doubt = judged(&coarse, 1.0).expect_err("it is coarse");
        assert_eq!(doubt, ClockFault::Coarse { step_us: 65.536 });
        assert_eq!(doubt.to_string(), "timestamps move in steps of 65.5 µs: too coarse");
        // The same clock would do for a second, but not with passes that are shorter than a step.
        let still = judge(&coarse, Some(1.0), Duration::from_secs(1));
        assert_eq!(still, Err(ClockFault::Still));
        let longer = |pass: Pass| Pass { wall: 40 * pass.wall, ..pass };
        let slow = passes(0.05, |time| whole(40.0 * time) >> 16 << 16).into_iter().map(longer);
        let slow: Vec<_> = slow.collect();
        let found = judge(&slow, Some(1.0), Duration::from_secs(1)).expect("steps are short");
        assert_eq!(found.step_ns, 65_536.0);
        assert!((found.agreement - 1.0).abs() < 0.1);
    }

    #[test]
    fn steps_that_are_not_whole_ticks_hide_but_do_not_pass() {
        let hidden = passes(0.05, |time| whole((time / 65_104.17).floor() * 65_104.17));
        assert!(matches!(
            judged(&hidden, 1.0),
            Err(ClockFault::Still | ClockFault::Nonlinear { .. })
        ));
    }

    #[test]
    fn a_clock_that_stands_still_does_so() {
        assert_eq!(judged(&passes(0.05, |_| 1_000_000), 1.0), Err(ClockFault::Still));
        let mut good = passes(0.05, honest(1.0));
        good[17].end = good[17].begin;
        assert_eq!(judged(&good, 1.0), Err(ClockFault::Still));
    }

    /// Each pass of the good ones, with another time.
    fn retimed(ticks: impl Fn(&Pass) -> u64) -> Vec<Pass> {
        let longer = |pass: &Pass| Pass { end: pass.begin + ticks(pass), ..*pass };
        passes(0.05, honest(1.0)).iter().map(longer).collect()
    }

    #[test]
    fn one_pass_of_hours_is_too_long() {
        let mut good = passes(0.05, honest(1.0));
        let last = good.last_mut().expect("there are passes");
        last.end += 1 << 42;
        assert_eq!(judged(&good, 1.0), Err(ClockFault::TooLong));
    }

    #[test]
    fn times_that_do_not_grow_with_the_work_are_doubted() {
        let odd = retimed(|pass| 5_000 + 40_001 * u64::from(pass.dispatches % 3));
        assert!(
            matches!(judged(&odd, 1.0), Err(ClockFault::Nonlinear { worst_share }) if worst_share > NONLINEAR)
        );
        // A line, too, but not that of the work.
        let flat = retimed(|pass| 20_000 + pass.begin % 97);
        assert!(
            matches!(judged(&flat, 1.0), Err(ClockFault::Disagrees { ratio }) if ratio.abs() < 0.01)
        );
        let falling = retimed(|pass| 70_001 - 1_000 * u64::from(pass.dispatches));
        assert!(
            matches!(judged(&falling, 1.0), Err(ClockFault::Disagrees { ratio }) if ratio < 0.0)
        );
    }

    #[test]
    fn a_clock_of_another_speed_disagrees() {
        // Twice too fast, where what the submission takes leaves room for it; and too slow.
        let patient = |pass: Pass| Pass { wall: pass.wall + Duration::from_millis(1), ..pass };
        for (speed, right) in [(2.0, false), (1.3, false), (1.1, true), (0.9, true), (0.5, false)] {
            let fast = passes(0.02, |time| whole(speed * time)).into_iter().map(patient);
            let found = judged(&fast.collect::<Vec<_>>(), 1.0);
            let ratio = match found {
                Ok(trusted) => trusted.agreement,
                Err(ClockFault::Disagrees { ratio }) => ratio,
                Err(doubt) => panic!("{speed}: {doubt}"),
            };
            assert!(
                (ratio / speed - 1.0).abs() < 0.05 && found.is_ok() == right,
                "{speed}: {ratio}"
            );
        }
        // Without that room it is longer than the host waited.
        let fast = passes(0.02, |time| whole(2.0 * time));
        assert_eq!(judged(&fast, 1.0), Err(ClockFault::TooLong));
    }

    #[test]
    fn a_host_that_is_disturbed_judges_nothing() {
        let of = |pass: &Pass| {
            let disturbed = Duration::from_micros(u64::from(pass.dispatches * 7 % 5) * 700);
            Pass { wall: pass.wall + disturbed, ..*pass }
        };
        let passes: Vec<_> = passes(0.05, honest(1.0)).iter().map(of).collect();
        assert_eq!(judged(&passes, 1.0), Err(ClockFault::Unchecked));
    }

    #[test]
    fn what_a_submission_costs_needs_no_timestamps() {
        let host = on_host(&passes(0.02, |_| 0));
        assert!((host.pass_us - 64.0).abs() < 3.0 && (host.dispatch_us - 25.0).abs() < 1.0);
    }

    /// The share that [`COARSE`] allows: 0.5 %.
    #[test]
    fn a_step_may_be_half_a_per_cent_of_a_sample_and_no_more() {
        let coarse = passes(0.05, |time| whole(time) >> 16 << 16);
        let found = |ms| judge(&coarse, Some(1.0), Duration::from_secs_f64(ms * 1e-3));
        assert!(matches!(found(13.09), Err(ClockFault::Coarse { .. })), "{:?}", found(13.09));
        assert_eq!(found(13.12), Err(ClockFault::Still), "13.11 ms are 200 steps");
    }

    /// Passes with more and more of a fault: the last that are trusted and the first that are not.
    fn edge(passes: impl Fn(f64) -> Vec<Pass>) -> (Trusted, ClockFault) {
        let mut last = None;
        for thousandth in 0..2_000 {
            match judged(&passes(f64::from(thousandth) / 1_000.0), 1.0) {
                Ok(trusted) => last = Some(trusted),
                Err(doubt) => return (last.expect("without a fault it is trusted"), doubt),
            }
        }
        panic!("whatever the fault is, it is trusted");
    }

    /// Without noise, with what a submission takes so long that no pass is too long.
    fn exact(speed: f64, longer: impl Fn(u32) -> f64) -> Vec<Pass> {
        let of = |pass: Pass| {
            let ticks =
                (speed * longer(pass.dispatches) * nanoseconds(pass.end - pass.begin, 1.0)) + 0.5;
            let wall = pass.wall + Duration::from_millis(5);
            Pass { begin: 2 * pass.begin, end: 2 * pass.begin + whole(ticks), wall, ..pass }
        };
        passes(0.0, honest(1.0)).into_iter().map(of).collect()
    }

    #[test]
    fn times_may_be_a_quarter_from_their_line_and_no_more() {
        let (trusted, doubt) =
            edge(|fault| exact(1.0, |count| 1.0 + if count == 4 { fault } else { 0.0 }));
        assert!((0.24..=0.25).contains(&trusted.device.worst_share), "{trusted:?}");
        let ClockFault::Nonlinear { worst_share } = doubt else { panic!("{doubt}") };
        assert!(worst_share > 0.25 && worst_share < 0.26, "{doubt}");
    }

    #[test]
    fn clocks_may_differ_by_a_fifth_and_no_more() {
        let (trusted, doubt) = edge(|fault| exact(1.0 + fault, |_| 1.0));
        assert!((1.19..=1.2).contains(&trusted.agreement), "{trusted:?}");
        let ClockFault::Disagrees { ratio } = doubt else { panic!("{doubt}") };
        assert!(ratio > 1.2 && ratio < 1.21, "{doubt}");
        let (trusted, doubt) = edge(|fault| exact(1.0 / (1.0 + fault), |_| 1.0));
        assert!((1.0 / 1.2..1.0 / 1.19).contains(&trusted.agreement), "{trusted:?}");
        assert!(matches!(doubt, ClockFault::Disagrees { ratio } if ratio < 1.0 / 1.2), "{doubt}");
    }

    #[test]
    fn the_host_judges_up_to_a_tenth_of_doubt_about_its_own_times_and_no_further() {
        let (trusted, doubt) = edge(|fault| {
            let of = |pass: Pass| {
                let sign = if pass.dispatches % 3 == 1 { 1.0 } else { -1.0 };
                let us = 5_000.0 + sign * fault * 1_000.0;
                Pass { wall: pass.wall + Duration::from_secs_f64(us * 1e-6), ..pass }
            };
            passes(0.0, honest(1.0)).into_iter().map(of).collect()
        });
        let share = trusted.host.dispatch_error_us / trusted.host.dispatch_us;
        assert!((0.09..=0.1).contains(&share), "{share}: {trusted:?}");
        assert_eq!(doubt, ClockFault::Unchecked);
    }
}
