//! A run beside one that was saved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::case::CaseName;
use super::row::{Row, SavedRow};
use super::statistics::{self, Comparison, Verdict, mann_whitney, median};
use super::{ClockKind, Results, Suite};
use crate::gpu::AdapterSummary;

/// The largest probability of chance with which placements still count as different.
const CHANCE: f64 = 0.05;

/// By how much the canary may differ between two runs that are compared.
const STATE: f64 = 0.05;

/// By how much a launch that does next to nothing may: of fifteen runs on one machine, between which
/// nothing had changed, the slowest had 1.18 times the fastest.
const LAUNCH_STATE: f64 = 0.2;

/// With fewer placements than these, one alone may be what differs, by [`PLACE`].
const ENOUGH_PLACES: usize = 4;

/// By how much the time in one place may differ from that in another.
const PLACE: f64 = 0.12;

/// What a run left behind: the parts of its JSON that are compared.
#[derive(Clone, Debug, Deserialize)]
pub struct Saved {
    /// Of the program.
    pub version: String,
    /// Where it ran.
    pub adapter: SavedAdapter,
    /// What kernels were timed with, if any were.
    pub clock: Option<SavedClock>,
    /// Whether its figures mean nothing.
    pub quick: bool,
    /// What the canary took while the machine was quiet.
    pub quiet_canary_us: Option<f64>,
    /// What it measured.
    pub rows: Vec<SavedRow>,
}

/// An adapter in a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SavedAdapter {
    /// As the driver names it.
    pub name: String,
    /// Driver and version.
    pub driver: String,
    /// How it was reached.
    pub backend: String,
}

/// A clock in a file.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct SavedClock {
    /// Whose.
    pub used: ClockKind,
}

impl Saved {
    /// Whether it can be compared with; if not, why.
    ///
    /// # Errors
    /// The first row that cannot.
    pub fn check(&self) -> Result<(), String> {
        let is_time = |us: &f64| *us > 0.0 && us.is_finite();
        let is_right =
            |row: &&SavedRow| !row.samples_us.is_empty() && row.samples_us.iter().all(is_time);
        match self.rows.iter().find(|row| !is_right(row)) {
            None => Ok(()),
            Some(row) => Err(format!("{} has no times, or one that is none", row.name.path())),
        }
    }

    /// What is not as it is now, so that rows differ for another reason than their kernels.
    #[must_use]
    pub fn differences(&self, adapter: &AdapterSummary, results: &Results) -> Vec<String> {
        let clock = |used: Option<ClockKind>| used.map_or("none", ClockKind::name);
        let pairs = [
            ("clock", clock(self.clock.map(|then| then.used)), clock(results.clock_kind())),
            ("adapter", self.adapter.name.as_str(), adapter.name.as_str()),
            ("driver", &self.adapter.driver, &adapter.driver),
            ("backend", &self.adapter.backend, adapter.backend.name()),
            ("version", &self.version, env!("CARGO_PKG_VERSION")),
        ];
        let differ = pairs.into_iter().filter(|(_, then, now)| then != now);
        let differ = differ.map(|(what, then, now)| format!("{what} was {then}, is {now}"));
        let quick = self.quick.then(|| "that was a --quick run, whose figures mean nothing".into());
        let canary = self.canary_ratio(results).filter(|ratio| has_changed(*ratio));
        let canary = canary.map(|ratio| {
            format!("the canary takes {ratio:.2} times as long as then: no difference is sure")
        });
        quick.into_iter().chain(differ).chain(canary).collect()
    }

    /// Whether kernels were timed on the clock that they are timed on now.
    fn has_same_clock(&self, results: &Results) -> bool {
        self.clock.map(|then| then.used) == results.clock_kind()
    }

    /// How many times as long the canary takes now.
    fn canary_ratio(&self, results: &Results) -> Option<f64> {
        Some(results.quiet_canary_us? / self.quiet_canary_us?)
    }
}

/// A row beside the same row of a saved run.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// Which one.
    #[serde(flatten)]
    pub name: CaseName,
    /// The median that was saved.
    pub before_us: f64,
    /// The median now.
    pub after_us: f64,
    /// Whether the shader's text is another one.
    pub shader_changed: bool,
    /// How they differ.
    #[serde(flatten)]
    pub comparison: Comparison,
}

impl Change {
    fn is_regression(&self, percent: f64) -> bool {
        let is_slower = self.comparison.verdict == Verdict::Slower;
        is_slower && self.comparison.ratio_ci95[0] > 1.0 + percent / 100.0
    }
}

/// A run beside a saved one, row by row.
#[derive(Debug, Default)]
pub struct Compared {
    /// Every row that both have.
    pub changes: Vec<Change>,
    /// The paths of those that the saved run does not have: whether they are slower nobody knows.
    pub missing: Vec<String>,
    /// How many rows only the saved run has.
    pub left_out: usize,
}

impl Compared {
    /// Whether no row is slower by more than so many per cent, beyond doubt, and none is missing.
    #[must_use]
    pub fn passes(&self, percent: f64) -> bool {
        self.missing.is_empty() && !self.changes.iter().any(|change| change.is_regression(percent))
    }
}

/// Whether the machine is another than it was.
fn has_changed(canary_ratio: f64) -> bool {
    (canary_ratio - 1.0).abs() > STATE
}

/// Every row beside the same of a saved run.
#[must_use]
pub fn compare(saved: &Saved, results: &Results) -> Compared {
    let before: BTreeMap<_, _> = saved.rows.iter().map(|row| (&row.name, row)).collect();
    let has_changed = saved.canary_ratio(results).is_some_and(has_changed);
    let mut compared = Compared::default();
    for after in results.all_rows() {
        match before.get(&after.name) {
            Some(before) => {
                // Whole runs are always timed on the host's clock.
                let has_same_clock =
                    after.name.suite == Suite::Training || saved.has_same_clock(results);
                let is_same = has_same_clock && !has_changed;
                compared.changes.push(change(before, after, is_same, results.peaks.launch_us));
            }
            None => compared.missing.push(after.name.path()),
        }
    }
    compared.left_out = before.len() - compared.changes.len();
    compared
}

/// How a row differs, by its quiet samples. What looks like a difference is none that is sure where
/// clock and machine are not the same, where no sample was quiet, where the same launch in other
/// places of memory differs as much, or where what any launch takes does.
fn change(before: &SavedRow, after: Row, is_same: bool, launch_us: Option<f64>) -> Change {
    let all = [
        (&before.samples_us, &before.placements, &before.quiet),
        (&after.samples_us, &after.placements, &after.quiet),
    ];
    let quiet = all.map(|(us, placements, quiet)| only_quiet(us, placements, quiet));
    let were_quiet = quiet.iter().all(|(us, _)| !us.is_empty());
    let [then, now] = if were_quiet {
        quiet
    } else {
        all.map(|(us, placements, _)| only_quiet(us, placements, &[]))
    };
    let mut comparison = statistics::compare(&then.0, &now.0, statistics::FLOOR);
    let before_us = median(&then.0);
    let places = [medians(&then), medians(&now)];
    let is_beyond = comparison.is_beyond(doubt(&places, launch_us, before_us));
    let is_sure = were_quiet && is_same && is_beyond && are_apart(&places);
    if comparison.verdict.is_difference() && !is_sure {
        comparison.verdict = Verdict::Unclear;
    }
    Change {
        before_us,
        after_us: median(&now.0),
        shader_changed: before.shader != after.shader,
        name: after.name,
        comparison,
    }
}

/// Samples, and where in memory each was taken.
type Placed = (Vec<f64>, Vec<usize>);

/// Those that are quiet; all, where no canary ran.
fn only_quiet(samples_us: &[f64], placements: &[usize], quiet: &[bool]) -> Placed {
    if quiet.is_empty() {
        return (samples_us.to_vec(), placements.to_vec());
    }
    let all = samples_us.iter().zip(placements).zip(quiet);
    all.filter(|(_, quiet)| **quiet).map(|((us, placement), _)| (*us, *placement)).unzip()
}

/// The median of each placement.
fn medians((samples_us, placements): &Placed) -> Vec<f64> {
    let mut of: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (us, placement) in samples_us.iter().zip(placements) {
        of.entry(*placement).or_default().push(*us);
    }
    of.values().map(|samples| median(samples)).collect()
}

/// The difference that must be there so that it is one of the kernel: of a launch that is short
/// against what a launch takes by itself, or was timed in few places, a small one is not.
fn doubt(places: &[Vec<f64>; 2], launch_us: Option<f64>, before_us: f64) -> f64 {
    let fewest = places[0].len().min(places[1].len());
    let of_place = if (1..ENOUGH_PLACES).contains(&fewest) { PLACE } else { 0.0 };
    let of_launch = LAUNCH_STATE * (launch_us.unwrap_or(0.0) / before_us).min(1.0);
    of_launch.max(of_place)
}

/// Whether the placements of one run are slower than those of the other, beyond chance. Samples of
/// one placement are not independent, so each counts once, by its median: with nine of each, Mann and
/// Whitney's exact test leaves chance less than 5 % if no more than 17 of the 81 pairs are the other
/// way round, as when one or two places in nine are slow. With few that test can never say so: then
/// all must be on one side. Where there are no placements, as with whole training runs, nothing speaks
/// against the samples.
fn are_apart([before, after]: &[Vec<f64>; 2]) -> bool {
    if before.len().min(after.len()) < ENOUGH_PLACES {
        let below = |a: &[f64], b: &[f64]| a.iter().all(|us| b.iter().all(|other| us < other));
        return below(before, after) || below(after, before);
    }
    mann_whitney(before, after).p < CHANCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Row;
    use crate::bench::statistics::Summary;
    use crate::gpu::{Backend, DeviceType};
    use crate::rng::Stream;

    #[test]
    fn runs_differ_only_if_their_placements_do() {
        let before = [1.0, 1.1, 1.2, 1.3, 1.4];
        let apart = |after: &[f64]| are_apart(&[before.into(), after.into()]);
        assert!(apart(&[1.5, 1.6, 1.7, 1.8, 1.9]), "all");
        assert!(apart(&[1.25, 1.6, 1.7, 1.8, 1.9]), "two of 25 pairs are the other way round");
        assert!(!apart(&[1.15, 1.6, 1.7, 1.8, 1.9]), "three");
        assert!(apart(&[1.5, 1.6]) && !apart(&[1.3, 1.6]), "few must all be on one side");
        assert!(apart(&[]));
    }

    #[test]
    fn a_slow_place_in_nine_hides_no_difference() {
        let before = [1.0, 1.0, 1.1, 1.0, 1.01, 1.0, 1.01, 1.0, 1.11];
        let apart = |factor: f64| {
            let after = before.map(|us| us * factor * 1.001);
            are_apart(&[before.into(), after.into()])
        };
        assert!(apart(1.05) && !apart(1.0));
    }

    #[test]
    fn few_places_and_short_launches_ask_for_larger_differences() {
        let places = |count| [vec![1.0; count], vec![1.0; count]];
        assert_eq!(doubt(&places(9), Some(20.0), 40.0), 0.1);
        assert_eq!(doubt(&places(9), Some(20.0), 10.0), 0.2);
        assert_eq!([2, 4, 0].map(|count| doubt(&places(count), None, 1.0)), [0.12, 0.0, 0.0]);
    }

    #[test]
    fn each_placement_has_its_median() {
        let samples = [1.0, 10.0, 2.0, 11.0, 3.0, 30.0];
        let quiet = [true, true, true, true, true, false];
        let placed = only_quiet(&samples, &[0, 1, 0, 1, 0, 1], &quiet);
        assert_eq!(medians(&placed), [2.0, 10.5]);
        assert_eq!(only_quiet(&samples, &[], &[]).0, samples);
    }

    /// The run of one kernel: samples of 100 µs times `factor` with 2 % of noise, in nine places that
    /// are 1 % apart, a quarter of them beside a canary that was slow, and twice as long.
    fn run(seed: u64, factor: f64, quiet_canary_us: f64) -> Results {
        let stream = Stream::new(seed);
        let mut placements = vec![];
        let (mut samples_us, mut quiet) = (vec![], vec![]);
        for number in 0..216_u32 {
            let placement = number % 9;
            let place = 1.0 + 0.01 * f64::from(stream.normal(1_000 + placement)).clamp(-1.0, 1.0);
            let is_quiet = number % 4 != 3;
            let slow = if is_quiet { 1.0 } else { 2.0 };
            let noise = 1.0 + 0.02 * f64::from(stream.normal(number)).abs();
            samples_us.push(100.0 * factor * place * noise * slow);
            placements.push(placement as usize);
            quiet.push(is_quiet);
        }
        let name = CaseName {
            suite: Suite::Kernels,
            kernel: "sigmoid".into(),
            variant: String::new(),
            size: "[4096]".into(),
        };
        let time = Summary::of(&samples_us, seed);
        let row = Row { placements, quiet, ..Row::of_times(name, time, samples_us) };
        let quiet_canary_us = Some(quiet_canary_us);
        Results { rows: vec![row], quiet_canary_us, ..Results::default() }
    }

    /// As it is read from the file that it was saved in.
    fn saved(results: &Results) -> Saved {
        let [name, driver, backend] = ["a", "b", "c"].map(Into::into);
        let adapter = SavedAdapter { name, driver, backend };
        let rows = serde_json::to_value(&results.rows).expect("rows are JSON");
        let rows = serde_json::from_value(rows).expect("and can be read");
        let quiet_canary_us = results.quiet_canary_us;
        let version = "0.1.0".into();
        Saved { version, adapter, clock: None, quick: false, quiet_canary_us, rows }
    }

    fn verdict(before: &Results, after: &Results) -> Verdict {
        compare(&saved(before), after).changes[0].comparison.verdict
    }

    #[test]
    fn a_kernel_that_is_5_per_cent_slower_is_found_and_the_same_one_is_not() {
        let (mut slower, mut different) = (0, 0);
        for seed in 0..20 {
            let before = run(2 * seed, 1.0, 50.0);
            slower +=
                u32::from(verdict(&before, &run(2 * seed + 1, 1.05, 50.0)) == Verdict::Slower);
            let same = verdict(&before, &run(2 * seed + 1, 1.0, 50.0));
            different += u32::from(same.is_difference());
        }
        assert!(slower >= 19, "found {slower} of 20");
        assert!(different <= 1, "found {different} where there is none");
    }

    #[test]
    fn nothing_is_sure_on_a_machine_that_has_changed() {
        let before = run(1, 1.0, 50.0);
        assert_eq!(verdict(&before, &run(2, 1.2, 50.0)), Verdict::Slower);
        assert_eq!(verdict(&before, &run(2, 1.2, 53.0)), Verdict::Unclear);
        let change = &compare(&saved(&before), &run(2, 1.2, 50.0)).changes[0];
        assert!(change.is_regression(10.0) && !change.is_regression(30.0));
        assert!((change.before_us - 101.0).abs() < 2.0, "only quiet samples: {}", change.before_us);
    }

    #[test]
    fn nothing_is_sure_of_samples_none_of_which_was_quiet() {
        let (before, mut after) = (run(1, 1.0, 50.0), run(2, 1.2, 50.0));
        after.rows[0].quiet.fill(false);
        let change = &compare(&saved(&before), &after).changes[0];
        assert_eq!(change.comparison.verdict, Verdict::Unclear);
        assert!(change.after_us > 115.0, "all samples: {}", change.after_us);
    }

    #[test]
    fn a_difference_that_a_launch_or_a_place_explains_is_not_sure() {
        let (before, mut after) = (run(1, 1.0, 50.0), run(2, 1.1, 50.0));
        assert_eq!(verdict(&before, &after), Verdict::Slower);
        after.peaks.launch_us = Some(60.0);
        assert_eq!(verdict(&before, &after), Verdict::Unclear, "12 % of it are of the launch");
        after.peaks.launch_us = Some(30.0);
        assert_eq!(verdict(&before, &after), Verdict::Slower, "6 %");
        for place in &mut after.rows[0].placements {
            *place %= 2;
        }
        assert_eq!(verdict(&before, &after), Verdict::Unclear, "two places");
    }

    #[test]
    fn nothing_is_sure_on_another_clock_and_a_quick_run_is_named() {
        let (before, after) = (run(1, 1.0, 50.0), run(2, 1.2, 50.0));
        let mut saved = saved(&before);
        assert_eq!(compare(&saved, &after).changes[0].comparison.verdict, Verdict::Slower);
        saved.clock = Some(SavedClock { used: ClockKind::Host });
        saved.quick = true;
        assert_eq!(compare(&saved, &after).changes[0].comparison.verdict, Verdict::Unclear);
        let adapter = AdapterSummary {
            name: saved.adapter.name.clone(),
            backend: Backend::Vulkan,
            driver: saved.adapter.driver.clone(),
            device_type: DeviceType::Software,
        };
        let notes = saved.differences(&adapter, &after).join("; ");
        assert!(notes.contains("--quick") && notes.contains("clock was host, is none"), "{notes}");
    }

    #[test]
    fn a_row_without_times_is_refused() {
        let mut saved = saved(&run(1, 1.0, 50.0));
        assert_eq!(saved.check(), Ok(()));
        saved.rows[0].samples_us.clear();
        assert!(saved.check().is_err());
    }

    #[test]
    fn what_is_slower_or_missing_in_the_saved_run_does_not_pass() {
        let (before, mut after) = (run(1, 1.0, 50.0), run(2, 1.0, 50.0));
        assert!(compare(&saved(&before), &after).passes(0.0));
        assert!(!compare(&saved(&before), &run(2, 1.2, 50.0)).passes(10.0));
        after.rows[0].name.size = "[5]".into();
        let compared = compare(&saved(&before), &after);
        assert!(compared.changes.is_empty() && !compared.passes(1e9));
        assert_eq!(
            (&compared.missing[..], compared.left_out),
            (&["kernels/sigmoid/[5]".into()][..], 1)
        );
    }
}
