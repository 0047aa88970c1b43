//! A run beside one that was saved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::case::CaseName;
use super::quietness::Quietness;
use super::row::SavedRow;
use super::statistics::{self, Comparison, Verdict, mann_whitney, median};
use super::{ClockKind, Suite};

/// The largest probability of chance with which placements still count as different.
const CHANCE: f64 = 0.05;

/// By how much the canary may differ between two runs that are compared.
const STATE: f64 = 0.05;

/// By how much what a launch costs by itself may differ where that of the canary is the same, relative
/// to the canary's. A launch that has work for several threads costs more than the canary's, which has
/// none: in six runs of one binary the slowest of a launch of 150 µs took 1.33 times the fastest, while
/// the canary's took 45 to 51 µs (`docs/measured/llvmpipe.md`).
const LAUNCH_STATE: f64 = 1.0;

/// Number of bytes from which on a launch that is bound to them is a large one.
const LARGE_BYTES: f64 = 4e6;

/// By how much a large launch may differ between two runs of one binary, in all its places at once:
/// which pages of memory a process gets, and what neighbours leave of a shared cache, is the same for
/// all of a run and another matter in the next. Medians of six runs were at most 4.2 % apart; in
/// earlier ones a row differed by 10 to 14 % in three of six comparisons, and once by 67 %
/// (`docs/measured/llvmpipe.md`).
const LARGE_STATE: f64 = 0.15;

/// With fewer placements than these, one alone may be what differs, by [`PLACE`].
const ENOUGH_PLACES: usize = 4;

/// By how much the time in one place may differ from that in another.
const PLACE: f64 = 0.12;

/// What a run left behind: the parts of its JSON that are compared.
#[derive(Clone, Debug, Deserialize)]
pub struct Saved {
    /// Version of the program.
    pub version: String,
    /// What was asked for.
    pub suite: Suite,
    /// The adapter that it ran on.
    pub adapter: SavedAdapter,
    /// What kernels were timed with, if any were.
    pub clock: Option<SavedClock>,
    /// Whether its figures mean nothing.
    pub quick: bool,
    /// Whether it had the machine for itself.
    pub quietness: Quietness,
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
    /// The run that a JSON report is of.
    ///
    /// # Errors
    /// Why it cannot be compared.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let saved: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let is_time = |us: &f64| *us > 0.0 && us.is_finite();
        let is_right =
            |row: &&SavedRow| !row.samples_us.is_empty() && row.samples_us.iter().all(is_time);
        match saved.rows.iter().find(|row| !is_right(row)) {
            None => Ok(saved),
            Some(row) => Err(format!(
                "{} has no times, or one that is not positive and finite",
                row.name.path()
            )),
        }
    }

    /// What is not as it is in a later run, so that rows differ for another reason than their kernels.
    #[must_use]
    pub fn differences(&self, later: &Self) -> Vec<String> {
        let pairs = [
            ("clock", self.clock_name(), later.clock_name()),
            ("adapter", &self.adapter.name, &later.adapter.name),
            ("driver", &self.adapter.driver, &later.adapter.driver),
            ("backend", &self.adapter.backend, &later.adapter.backend),
            ("version", &self.version, &later.version),
        ];
        let differ = pairs.into_iter().filter(|(_, then, now)| then != now);
        let differ = differ.map(|(what, then, now)| format!("{what} was {then}, is {now}"));
        let quick = self.quick.then(|| "that was a quick run, whose figures mean nothing".into());
        let runs = [("that", self), ("this", later)];
        let is_loud = |(_, run): &(&str, &Self)| run.quietness.is_quiet() == Some(false);
        let loud = runs.into_iter().filter(is_loud);
        let loud =
            loud.map(|(which, _)| format!("{which} run did not have the machine for itself"));
        let canary = self.canary_ratio(later).filter(|ratio| has_changed(*ratio));
        let canary = canary.map(|ratio| {
            format!("the canary takes {ratio:.2} times as long as then: no difference is sure")
        });
        quick.into_iter().chain(differ).chain(loud).chain(canary).collect()
    }

    fn clock_name(&self) -> &'static str {
        self.clock.map_or("none", |clock| clock.used.name())
    }

    /// How many times as long the canary takes in a later run.
    fn canary_ratio(&self, later: &Self) -> Option<f64> {
        Some(later.quietness.canary_us? / self.quietness.canary_us?)
    }

    /// Whether a row decides: peaks are there to hold others against, unless they were asked for.
    fn decides_by(&self, name: &CaseName) -> bool {
        name.suite != Suite::Peaks || self.suite == Suite::Peaks
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
    /// Whether it counts as a regression: peaks that were not asked for do not.
    pub decides: bool,
    /// How they differ.
    #[serde(flatten)]
    pub comparison: Comparison,
}

impl Change {
    fn is_regression(&self, percent: f64) -> bool {
        let is_slower = self.comparison.verdict == Verdict::Slower;
        self.decides && is_slower && self.comparison.ratio_ci95[0] > 1.0 + percent / 100.0
    }
}

/// A run beside a saved one, row by row.
#[derive(Debug, Default)]
pub struct Compared {
    /// Every row that both have.
    pub changes: Vec<Change>,
    /// The paths of rows that the saved run does not have; whether they are slower is not known.
    pub missing: Vec<String>,
    /// How many rows only the saved run has.
    pub left_out: usize,
}

impl Compared {
    /// Whether no row that decides is slower by more than `percent` per cent, beyond doubt, and
    /// none is missing.
    #[must_use]
    pub fn passes(&self, percent: f64) -> bool {
        self.missing.is_empty() && !self.changes.iter().any(|change| change.is_regression(percent))
    }
}

/// Whether the machine is another than it was.
fn has_changed(canary_ratio: f64) -> bool {
    (canary_ratio - 1.0).abs() > STATE
}

/// Every row of a run beside the same of an earlier one.
#[must_use]
pub fn compare(before: &Saved, after: &Saved) -> Compared {
    let rows: BTreeMap<_, _> = before.rows.iter().map(|row| (&row.name, row)).collect();
    let has_changed = before.canary_ratio(after).is_some_and(has_changed);
    let launch_us = [before, after].map(|run| run.quietness.launch_us);
    let mut compared = Compared::default();
    for row in &after.rows {
        let decides = after.decides_by(&row.name);
        match rows.get(&row.name) {
            Some(earlier) => {
                // Whole runs are always timed on the host's clock.
                let has_same_clock =
                    row.name.suite == Suite::Training || before.clock_name() == after.clock_name();
                let is_same = has_same_clock && !has_changed;
                let change = change([earlier, row], is_same, launch_us);
                compared.changes.push(Change { decides, ..change });
            }
            None if decides => compared.missing.push(row.name.path()),
            None => {}
        }
    }
    compared.left_out = rows.len() - compared.changes.len();
    compared
}

/// How a row differs, by its quiet samples. What looks like a difference is none that is sure where
/// clock and machine are not the same, where no sample was quiet, where the same launch in other
/// places of memory differs as much, or where what any launch takes does, or any large one.
fn change(rows: [&SavedRow; 2], is_same: bool, launch_us: [Option<f64>; 2]) -> Change {
    let all = rows.map(|row| (&row.samples_us, &row.placements, &row.quiet));
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
    let [before, after] = rows;
    let doubt = of_places(&places)
        .max(of_launches(launch_us, before_us))
        .max(of_memory(before.working_set_bytes));
    let is_beyond = comparison.is_beyond(doubt);
    let is_whole_run = places.iter().all(Vec::is_empty);
    let is_apart =
        if is_whole_run { whole_runs_are_apart([&then.0, &now.0]) } else { are_apart(&places) };
    let is_sure = were_quiet && is_same && is_beyond && is_apart;
    if comparison.verdict.is_difference() && !is_sure {
        comparison.verdict = Verdict::Unclear;
    }
    Change {
        before_us,
        after_us: median(&now.0),
        shader_changed: before.shader != after.shader,
        decides: true,
        name: after.name.clone(),
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

/// The difference that must be there so that it is one of the kernel where it was timed in few places.
fn of_places(places: &[Vec<f64>; 2]) -> f64 {
    let fewest = places[0].len().min(places[1].len());
    if (1..ENOUGH_PLACES).contains(&fewest) { PLACE } else { 0.0 }
}

/// The same of a launch that is short against what the canary's launches take by themselves: as much as
/// these differ between the two runs, and more.
fn of_launches(launch_us: [Option<f64>; 2], before_us: f64) -> f64 {
    let [Some(then), Some(now)] = launch_us else { return 0.0 };
    let differ = then.max(now) / then.min(now) - 1.0;
    (LAUNCH_STATE + differ) * (then.max(now) / before_us).min(1.0)
}

/// The same of a large launch.
fn of_memory(working_set_bytes: Option<f64>) -> f64 {
    if working_set_bytes.is_some_and(|bytes| bytes >= LARGE_BYTES) { LARGE_STATE } else { 0.0 }
}

/// Whether the placements of one run are slower than those of the other, beyond chance. Samples of
/// one placement are not independent, so each counts once, by its median: with nine of each, Mann and
/// Whitney's exact test leaves chance less than 5 % if no more than 17 of the 81 pairs are the other
/// way round, as when one or two places in nine are slow. With few that test can never say so: then
/// all must be on one side.
fn are_apart([before, after]: &[Vec<f64>; 2]) -> bool {
    if before.len().min(after.len()) < ENOUGH_PLACES {
        let below = |a: &[f64], b: &[f64]| a.iter().all(|us| b.iter().all(|other| us < other));
        return below(before, after) || below(after, before);
    }
    mann_whitney(before, after).p < CHANCE
}

/// Whether whole training runs are slower than others beyond what a neighbour explains. They take
/// seconds in all, have no other places in memory, and no canary beside them: a state of the
/// machine may last as long as all of one contender. So all but one of the slower must be above all
/// but one of the faster: where a neighbour comes and goes, some of the slower are as fast as the
/// faster. Among 150 comparisons of one binary on a shared machine that left one
/// (`docs/measured/llvmpipe.md`), and Mann and Whitney's test 18.
fn whole_runs_are_apart(samples_us: [&[f64]; 2]) -> bool {
    let [[low, high], [other_low, other_high]] = samples_us.map(|samples| {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len() - 1;
        [sorted[1.min(last)], sorted[last.saturating_sub(1)]]
    });
    high < other_low || other_high < low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Stream;

    #[test]
    fn runs_differ_only_if_their_placements_do() {
        let before = [1.0, 1.1, 1.2, 1.3, 1.4];
        let apart = |after: &[f64]| are_apart(&[before.into(), after.into()]);
        assert!(apart(&[1.5, 1.6, 1.7, 1.8, 1.9]), "all");
        assert!(apart(&[1.25, 1.6, 1.7, 1.8, 1.9]), "two of 25 pairs are the other way round");
        assert!(!apart(&[1.15, 1.6, 1.7, 1.8, 1.9]), "three");
        assert!(apart(&[1.5, 1.6]) && !apart(&[1.3, 1.6]), "few must all be on one side");
    }

    #[test]
    fn whole_runs_differ_only_if_all_but_one_do() {
        let before = [1.0, 1.1, 1.2, 1.3, 5.0];
        let apart = |after: &[f64]| {
            let found = whole_runs_are_apart([&before, after]);
            assert_eq!(found, whole_runs_are_apart([after, &before]));
            found
        };
        assert!(apart(&[1.4, 1.5, 1.6, 1.7, 1.8]) && apart(&[1.0, 1.5, 1.6, 1.7, 1.8]));
        assert!(!apart(&[1.0, 1.25, 1.6, 1.7, 1.8]), "two are as fast");
        assert!(apart(&[0.7, 0.8, 0.9, 0.9, 1.3]) && !apart(&[0.7, 0.8, 0.9, 1.3, 1.3]));
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
    fn few_places_and_short_or_large_launches_ask_for_larger_differences() {
        let places = |count| of_places(&[vec![1.0; count], vec![1.0; count]]);
        assert_eq!([9, 2, 4, 0].map(places), [0.0, 0.12, 0.0, 0.0]);
        let launches = |then, now, before_us| of_launches([Some(then), Some(now)], before_us);
        assert_eq!(launches(20.0, 20.0, 40.0), 0.5);
        assert_eq!(launches(20.0, 20.0, 10.0), 1.0);
        assert!((launches(20.0, 30.0, 30.0) - 1.5).abs() < 1e-12, "launches differ by half");
        assert!((launches(30.0, 20.0, 300.0) - 0.15).abs() < 1e-12, "of which this is a tenth");
        assert_eq!(of_launches([Some(20.0), None], 10.0), 0.0);
        assert_eq!([None, Some(3.9e6), Some(4.2e6)].map(of_memory), [0.0, 0.0, LARGE_STATE]);
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
    fn run(seed: u64, factor: f64, canary_us: f64) -> Saved {
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
        let (shader, working_set_bytes) = (None, Some(32_768.0));
        let row = SavedRow { name, shader, working_set_bytes, samples_us, placements, quiet };
        let quietness = Quietness { canary_us: Some(canary_us), ..Quietness::default() };
        let [name, driver, backend] = ["a", "b", "c"].map(Into::into);
        Saved {
            version: "0.1.0".into(),
            suite: Suite::Kernels,
            adapter: SavedAdapter { name, driver, backend },
            clock: None,
            quick: false,
            quietness,
            rows: vec![row],
        }
    }

    fn verdict(before: &Saved, after: &Saved) -> Verdict {
        compare(before, after).changes[0].comparison.verdict
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
        let change = &compare(&before, &run(2, 1.2, 50.0)).changes[0];
        assert!(change.is_regression(10.0) && !change.is_regression(30.0));
        assert!((change.before_us - 101.0).abs() < 2.0, "only quiet samples: {}", change.before_us);
    }

    #[test]
    fn nothing_is_sure_of_samples_none_of_which_was_quiet() {
        let (before, mut after) = (run(1, 1.0, 50.0), run(2, 1.2, 50.0));
        after.rows[0].quiet.fill(false);
        let change = &compare(&before, &after).changes[0];
        assert_eq!(change.comparison.verdict, Verdict::Unclear);
        assert!(change.after_us > 115.0, "all samples: {}", change.after_us);
    }

    #[test]
    fn a_difference_that_a_launch_or_a_place_explains_is_not_sure() {
        let (mut before, mut after) = (run(1, 1.0, 50.0), run(2, 1.1, 50.0));
        assert_eq!(verdict(&before, &after), Verdict::Slower);
        let mut launches = |then, now| {
            before.quietness.launch_us = Some(then);
            after.quietness.launch_us = Some(now);
            verdict(&before, &after)
        };
        assert_eq!(launches(12.0, 12.0), Verdict::Unclear, "12 % of it are of the launch");
        assert_eq!(launches(6.0, 6.0), Verdict::Slower, "6 %");
        assert_eq!(launches(6.0, 10.0), Verdict::Unclear, "launches take 4 µs more now");
        before.quietness.launch_us = None;
        for place in &mut after.rows[0].placements {
            *place %= 2;
        }
        assert_eq!(verdict(&before, &after), Verdict::Unclear, "two places");
    }

    #[test]
    fn large_launches_of_one_binary_differ_by_more_before_that_is_sure() {
        let large = |seed, factor| {
            let mut run = run(seed, factor, 50.0);
            run.rows[0].working_set_bytes = Some(8e6);
            run
        };
        let before = large(1, 1.0);
        assert_eq!(verdict(&before, &large(2, 1.1)), Verdict::Unclear);
        assert_eq!(verdict(&before, &large(2, 1.25)), Verdict::Slower);
    }

    #[test]
    fn a_peak_decides_only_if_peaks_were_asked_for() {
        let peak = |seed, factor, suite| {
            let mut run = Saved { suite, ..run(seed, factor, 50.0) };
            run.rows[0].name.suite = Suite::Peaks;
            run
        };
        for (suite, decides) in [(Suite::Kernels, false), (Suite::All, false), (Suite::Peaks, true)]
        {
            let (before, mut after) = (peak(1, 1.0, suite), peak(2, 1.5, suite));
            let compared = compare(&before, &after);
            assert_eq!(compared.changes[0].comparison.verdict, Verdict::Slower);
            assert_eq!(compared.passes(10.0), !decides, "{suite:?}");
            after.rows[0].name.size = "[5]".into();
            assert_eq!(compare(&before, &after).passes(10.0), !decides, "{suite:?}");
        }
    }

    #[test]
    fn nothing_is_sure_on_another_clock_and_a_quick_run_is_named() {
        let (mut before, after) = (run(1, 1.0, 50.0), run(2, 1.2, 50.0));
        assert_eq!(verdict(&before, &after), Verdict::Slower);
        before.clock = Some(SavedClock { used: ClockKind::Host });
        before.quick = true;
        assert_eq!(verdict(&before, &after), Verdict::Unclear);
        let notes = before.differences(&after).join("; ");
        assert!(
            notes.contains("quick run") && notes.contains("clock was host, is none"),
            "{notes}"
        );
    }

    #[test]
    fn a_run_beside_a_constant_neighbour_is_named() {
        let (before, mut after) = (run(1, 1.0, 50.0), run(2, 1.0, 50.0));
        assert!(before.differences(&after).is_empty());
        after.quietness.best_canary_us = Some(30.0);
        assert_eq!(before.differences(&after), ["this run did not have the machine for itself"]);
        assert_eq!(after.differences(&before), ["that run did not have the machine for itself"]);
    }

    #[test]
    fn a_row_without_times_is_refused() {
        let json = |samples: &str| {
            let quietness =
                r#"{"canary_us": null, "best_canary_us": null, "launch_us": null, "load": null}"#;
            format!(
                r#"{{"version": "0", "suite": "all", "quick": false, "clock": null, "quietness": {quietness},
                "adapter": {{"name": "a", "driver": "b", "backend": "c"}}, "rows": [{{"suite": "kernels",
                "kernel": "k", "variant": "", "size": "[1]", "shader": null, "working_set_bytes": null,
                "samples_us": {samples}, "placements": [], "quiet": []}}]}}"#
            )
        };
        assert!(Saved::parse(json("[1.0]").as_bytes()).is_ok());
        for samples in ["[]", "[1.0, -1.0]", "[null]"] {
            assert!(Saved::parse(json(samples).as_bytes()).is_err(), "{samples}");
        }
    }

    #[test]
    fn what_is_slower_or_missing_in_the_saved_run_does_not_pass() {
        let (before, mut after) = (run(1, 1.0, 50.0), run(2, 1.0, 50.0));
        assert!(compare(&before, &after).passes(0.0));
        assert!(!compare(&before, &run(2, 1.2, 50.0)).passes(10.0));
        after.rows[0].name.size = "[5]".into();
        let compared = compare(&before, &after);
        assert!(compared.changes.is_empty() && !compared.passes(1e9));
        assert_eq!(
            (&compared.missing[..], compared.left_out),
            (&["kernels/sigmoid/[5]".into()][..], 1)
        );
    }

    #[test]
    fn each_limit_of_a_comparison_holds_and_just_beyond_it_nothing_is_sure() {
        for (ratio, changed) in [(1.049, false), (1.051, true), (0.951, false), (0.949, true)] {
            assert_eq!(has_changed(ratio), changed, "{ratio}");
        }
        let places = |count| of_places(&[vec![1.0; count], vec![1.0; count]]);
        assert_eq!([3, 4].map(places), [PLACE, 0.0]);
        assert_eq!([3_999_999.0, 4e6].map(|bytes| of_memory(Some(bytes))), [0.0, LARGE_STATE]);
        let before = run(1, 1.0, 50.0);
        let mut change = compare(&before, &run(2, 1.2, 50.0)).changes.remove(0);
        change.comparison.ratio_ci95 = [1.1, 1.3];
        assert!(change.is_regression(9.99) && !change.is_regression(10.01));
        for verdict in [Verdict::Same, Verdict::Faster, Verdict::Unclear] {
            change.comparison.verdict = verdict;
            assert!(!change.is_regression(0.0), "{verdict:?}");
        }
        change.comparison.verdict = Verdict::Slower;
        change.decides = false;
        assert!(!change.is_regression(0.0), "it does not decide");
    }
}
