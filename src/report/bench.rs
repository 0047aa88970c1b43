//! The report of `parity bench`: text, JSON and CSV of the same numbers.

use std::fmt::Write;

use indicatif::HumanCount;
use serde::Serialize;

use super::export::csv;
use super::quietness::quietness_lines;
use super::{adapter_lines, processor_line, rate, table, wrapped};
use crate::bench::{
    Bandwidth, CaseName, Cell, Change, Clock, ClockKind, Compared, GroupResult, LimitsOf, Peaks,
    Processor, Quietness, Results, Row, RunsOn, Suite, TrainingRow,
};
use crate::gpu::{AdapterSummary, DeviceType};

/// All that was measured.
#[derive(Clone, Copy)]
pub struct BenchReport<'a> {
    /// What ran the kernels, and the contenders that do not run on the CPU.
    pub adapter: &'a AdapterSummary,
    /// What ran the other contenders.
    pub processor: &'a Processor,
    /// What was asked for.
    pub suite: Suite,
    /// Whether the figures mean nothing.
    pub quick: bool,
    /// The command that repeats it, quoted for a shell.
    pub command: &'a str,
    /// What came out.
    pub results: &'a Results,
    /// What has changed since a saved run.
    pub compared: Option<BenchComparison<'a>>,
}

/// A run beside a saved one.
#[derive(Clone, Copy)]
pub struct BenchComparison<'a> {
    /// The saved one's name.
    pub name: &'a str,
    /// What else is not as it was.
    pub notes: &'a [String],
    /// Each row.
    pub compared: &'a Compared,
}

#[derive(Serialize)]
struct Json<'a> {
    version: &'static str,
    command: &'a str,
    suite: Suite,
    quick: bool,
    interrupted: bool,
    adapter: &'a AdapterSummary,
    processor: &'a Processor,
    clock: Option<&'a Clock>,
    quietness: &'a Quietness,
    peaks: &'a Peaks,
    rows: &'a [Row],
    faults: &'a [String],
    training: &'a [GroupResult],
    crossover: &'a [Cell],
    #[serde(flatten)]
    comparison: Option<ComparisonJson<'a>>,
}

#[derive(Serialize)]
struct ComparisonJson<'a> {
    changes: &'a [Change],
    missing: &'a [String],
    notes: &'a [String],
}

impl<'a> From<BenchComparison<'a>> for ComparisonJson<'a> {
    fn from(BenchComparison { notes, compared, .. }: BenchComparison<'a>) -> Self {
        Self { changes: &compared.changes, missing: &compared.missing, notes }
    }
}

impl BenchComparison<'_> {
    /// One object.
    #[must_use]
    pub fn json(&self) -> String {
        let json = ComparisonJson::from(*self);
        super::json(&json)
    }

    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        compared(*self)
    }
}

/// One sample, as a table has it.
#[derive(Serialize)]
struct SampleRow<'a> {
    version: &'static str,
    adapter: &'a str,
    driver: &'a str,
    backend: &'static str,
    clock: &'static str,
    suite: &'static str,
    kernel: &'a str,
    variant: &'a str,
    size: &'a str,
    shader: Option<&'a str>,
    launches: u32,
    us: f64,
    canary_us: Option<f64>,
}

impl BenchReport<'_> {
    /// One object, with every sample.
    #[must_use]
    pub fn json(&self) -> String {
        let Results { clock, quietness, peaks, faults, training, crossover, interrupted, .. } =
            self.results;
        let json = Json {
            version: env!("CARGO_PKG_VERSION"),
            command: self.command,
            suite: self.suite,
            quick: self.quick,
            interrupted: *interrupted,
            adapter: self.adapter,
            processor: self.processor,
            clock: clock.as_ref(),
            quietness,
            peaks,
            rows: &self.results.all_rows(),
            faults,
            training,
            crossover,
            comparison: self.compared.map(ComparisonJson::from),
        };
        super::json(&json)
    }

    /// One line a sample.
    #[must_use]
    pub fn csv(&self) -> String {
        let adapter = self.adapter;
        let clock = self.results.clock_kind().unwrap_or(ClockKind::Host).name();
        let rows = self.results.all_rows();
        let samples = rows.iter().flat_map(|row| {
            let name = &row.name;
            let clock = if name.suite == Suite::Training { "host" } else { clock };
            let canary = row.canary_us.iter().copied().map(Some).chain(std::iter::repeat(None));
            row.samples_us.iter().zip(canary).map(move |(&us, canary_us)| SampleRow {
                version: env!("CARGO_PKG_VERSION"),
                adapter: &adapter.name,
                driver: &adapter.driver,
                backend: adapter.backend.name(),
                clock,
                suite: name.suite.name(),
                kernel: &name.kernel,
                variant: &name.variant,
                size: &name.size,
                shader: row.shader.as_deref(),
                launches: row.launches,
                us,
                canary_us,
            })
        });
        csv(samples)
    }

    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        let results = self.results;
        let head = format!(
            "parity {}: bench, suite {}\n{}{}{}{}",
            env!("CARGO_PKG_VERSION"),
            self.suite.name(),
            adapter_lines(self.adapter),
            processor_line(self.processor),
            results
                .clock
                .as_ref()
                .map(|clock| format!("clock:   {}", wrapped(&clock.to_string(), 9)))
                .unwrap_or_default(),
            quietness_lines(&results.quietness)
        );
        let mut parts = vec![head];
        parts.extend((!results.rows.is_empty()).then(|| self.kernels()));
        parts.extend(results.training.iter().map(|group| self.group(group)));
        parts.extend((!results.training.is_empty()).then(|| self.about_training()));
        let place = self.place(RunsOn::Adapter);
        parts.extend(verdict(&results.training, &results.crossover, place));
        parts.extend((!results.crossover.is_empty()).then(|| self.crossover()));
        parts.extend(self.compared.map(compared));
        parts.extend(results.faults.iter().map(|fault| format!("WRONG, no times: {fault}\n")));
        let quick = "--quick: these figures mean nothing.\n";
        parts.extend(self.quick.then(|| quick.into()));
        let broken_off = "interrupted: what is above is what there was.\n";
        parts.extend(results.interrupted.then(|| broken_off.into()));
        parts.join("\n")
    }

    fn kernels(&self) -> String {
        let Results { peaks, rows, faults, .. } = self.results;
        let checked = match faults.len() {
            0 => "All results match those of the reference.".into(),
            wrong => {
                format!("{wrong} cases are wrong, or do not compile or fit, and have no times.")
            }
        };
        let mut text = format!("{}\n{checked}\n", peak_lines(peaks));
        for suite in [Suite::Peaks, Suite::Kernels, Suite::Matmul] {
            let rows: Vec<_> = rows.iter().filter(|row| row.name.suite == suite).collect();
            if !rows.is_empty() {
                let _ = write!(text, "\n{}", kernel_table(suite, &rows, peaks.limits_of));
            }
        }
        let beyond = rows.iter().any(is_beyond_peak).then(|| wrapped(BEYOND_PEAK, 0));
        text + "\n" + &wrapped(ABOUT, 0) + &beyond.unwrap_or_default()
    }

    fn group(&self, group: &GroupResult) -> String {
        let head = [&group.name, "median", "±", "rate", "ratio", "off by"].map(String::from);
        let mut rows = vec![head];
        let mut place = "";
        for row in &group.rows {
            let TrainingRow { time, network_steps_per_s, ratio, loss_deviation, .. } = row;
            if place != self.place(row.runs_on) {
                place = self.place(row.runs_on);
                rows.push([place, "", "", "", "", ""].map(String::from));
            }
            rows.push([
                name(row, &group.rows[0]),
                duration(time.median_us),
                percent(time.relative_interval),
                format!("{} /s", rate(*network_steps_per_s)),
                format!("{}×", significant(*ratio)),
                format!("{loss_deviation:.0e}"),
            ]);
        }
        table(&rows)
    }

    /// A map: rows are networks, columns ensembles, values how many times as fast the adapter is.
    fn crossover(&self) -> String {
        let cells = &self.results.crossover;
        let mut counts: Vec<_> = cells.iter().map(|cell| cell.member_count).collect();
        counts.sort_unstable();
        counts.dedup();
        let mut rows: Vec<Vec<String>> = vec![];
        let head = counts.iter().map(|&count| match count {
            1 => "one network".into(),
            count => format!("{} networks", HumanCount(count as u64)),
        });
        rows.push(std::iter::once(String::new()).chain(head).collect());
        for cell in cells {
            let name = format!("8-{}-1, {} rows", cell.hidden_size, cell.batch_size);
            if rows.last().is_none_or(|row| row[0] != name) {
                rows.push(vec![name]);
            }
            let row = rows.last_mut().expect("one was pushed");
            row.push(format!("{}×", significant(cell.ratio())));
        }
        for row in &mut rows {
            row.resize(counts.len() + 1, String::new());
        }
        let place = self.place(RunsOn::Adapter);
        let head =
            format!("The map: the rate of the fastest way on the {place}, divided by the CPU's:");
        wrapped(&head, 0) + &table(&rows)
    }

    fn place(&self, runs_on: RunsOn) -> &'static str {
        match (runs_on, self.adapter.device_type) {
            (RunsOn::Cpu, _) => "CPU",
            (RunsOn::Adapter, DeviceType::Software) => "software adapter",
            (RunsOn::Adapter, _) => "GPU",
        }
    }

    fn about_training(&self) -> String {
        let rounds = self.results.training.iter().map(|group| group.rows[0].time.samples);
        let rounds = rounds.map(|rounds| rounds.to_string()).collect::<Vec<_>>();
        let text = format!(
            "Medians of {} rounds, in which contenders took turns; ± is half of the median's 95 % \
             interval. \"rate\" is the number of steps of one network per second, summed over all \
             networks. \"ratio\" is the rate, divided by that of the first row. \"off by\" is the largest \
             deviation of a final loss from that of the same run in f64, relative to it.",
            rounds.join(", ")
        );
        wrapped(&text, 0)
    }
}

/// What ran, and how many steps it made if not as many as the first.
fn name(row: &TrainingRow, first: &TrainingRow) -> String {
    let fewer = if row.steps == first.steps {
        String::new()
    } else {
        format!(", {} steps only", row.steps)
    };
    format!("  {}{fewer}", row.name)
}

/// Who wins, in a sentence about all that was compared: the groups above the map, and the map.
fn verdict(groups: &[GroupResult], cells: &[Cell], place: &str) -> Option<String> {
    let describe = |cell: &Cell| {
        let Cell { member_count, hidden_size, batch_size, .. } = cell;
        let networks = HumanCount(*member_count as u64);
        format!("{networks} × 8-{hidden_size}-1 on {batch_size} rows")
    };
    let above =
        groups.iter().filter_map(|group| Some((group.name.clone(), group.adapter_ratio()?)));
    let above: Vec<(String, f64)> = above.collect();
    let map: Vec<_> = cells.iter().map(|cell| (describe(cell), cell.ratio())).collect();
    let wins = |pairs: &[(String, f64)]| pairs.iter().filter(|(_, ratio)| *ratio > 1.0).count();
    let all = [&above[..], &map].concat();
    let by_ratio = |a: &&(String, f64), b: &&(String, f64)| a.1.total_cmp(&b.1);
    let named = |(name, ratio): &(String, f64)| format!("{name} ({}×)", significant(*ratio));
    let [best, worst] = [all.iter().max_by(by_ratio)?, all.iter().min_by(by_ratio)?].map(named);
    let count = all.len();
    let parts = format!("{} above and {} on the map", above.len(), map.len());
    let text = match wins(&all) {
        0 => format!(
            "The CPU wins all {count} comparisons, {parts}; the {place} comes nearest with {best}."
        ),
        won if won == count => format!(
            "The {place} wins all {count} comparisons, {parts}; the CPU comes nearest with {worst}."
        ),
        won => {
            let work = |cell: &&Cell| cell.member_count * cell.hidden_size * cell.batch_size;
            let won_cells = cells.iter().filter(|cell| cell.ratio() > 1.0);
            let smallest = won_cells.min_by_key(work).map(|cell| {
                let of = named(&(describe(cell), cell.ratio()));
                format!(", the smallest on the map with {of}")
            });
            format!(
                "The {place} wins {won} of {count} comparisons, {} of the {} above and {} of the {} \
                 on the map, the clearest with {best}{}; the CPU wins the rest.",
                wins(&above),
                above.len(),
                wins(&map),
                map.len(),
                smallest.unwrap_or_default()
            )
        }
    };
    Some(wrapped(&text, 0))
}

const ABOUT: &str = "Times are of one launch, medians of samples that all cases took in turns; ± is \
    half of the median's bootstrap 95 % interval, in which samples, places in memory and stretches of \
    time are drawn anew: another process may differ by more. Flops and bytes are the least that the \
    formula asks for. The column \"of peak\" is the time that a launch and the longest part of its work \
    take at the peaks, divided by the median. The column \"limited by\" is what takes most of that time; \
    \"no peak\" means less than a quarter, so latency, occupancy or instructions that are not counted \
    limit. !: the machine was slower than its best most of the time.";

/// The note behind the tables if a row has the mark.
const BEYOND_PEAK: &str = "*: more than the peak. The code that measures the peak is slower at that \
    work than this kernel, or the machine was slower when the peak was measured: the row is at the limit, \
    and its figure is no share.";

/// Whether it says more than 100 % of peak.
fn is_beyond_peak(row: &Row) -> bool {
    row.percent_of_peak.is_some_and(|percent| percent.round() > 100.0)
}

/// What the adapter can do, or its driver's code.
fn peak_lines(peaks: &Peaks) -> String {
    let one = |rate: Option<f64>, unit: &str| {
        rate.map_or_else(|| format!("? {unit}"), |rate| format!("{} {unit}", significant(rate)))
    };
    let at = |copy: &Bandwidth| format!("{} GB/s at {}", significant(copy.gbps), copy.size());
    let copies: Vec<_> = peaks.copy.iter().map(at).collect();
    let of = match peaks.limits_of {
        LimitsOf::Hardware => "of this adapter",
        LimitsOf::DriverCode => "of the code that this driver makes; the processor can do more",
    };
    let rates = format!(
        "{} a launch; without that: {}, {}, {}, {}; copies {}",
        peaks.launch_us.map_or_else(|| "? µs".into(), duration),
        one(peaks.fma_gflops, "GFLOP/s of products and sums"),
        one(peaks.exp_gops, "G exp/s"),
        one(peaks.division_gops, "G divisions/s"),
        one(peaks.workgroup_gbps, "GB/s of workgroup memory"),
        if copies.is_empty() { "?".into() } else { copies.join(", ") }
    );
    format!("peaks:   {of}\n         {}", wrapped(&rates, 9))
}

/// With one digit; nothing of a single sample, which has no interval.
fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", 100.0 * share) } else { String::new() }
}

/// Rows below a heading each: those of a kernel, or products of one size.
fn kernel_table(suite: Suite, rows: &[&Row], limits_of: LimitsOf) -> String {
    let head = [suite.name(), "median", "±", "GFLOP/s", "GB/s", "of peak", "limited by"];
    let optional = |value: Option<f64>| value.map(significant).unwrap_or_default();
    let cells = |row: &Row| {
        let CaseName { variant, size, .. } = &row.name;
        let name =
            if suite == Suite::Matmul { variant.clone() } else { format!("{variant} {size}") };
        let drifted = if row.drifted == Some(true) { " !" } else { "" };
        let beyond = if is_beyond_peak(row) { " *" } else { "" };
        [
            format!("  {}", name.trim_start()),
            duration(row.time.median_us),
            percent(row.time.relative_interval),
            optional(row.gflops),
            optional(row.gbps),
            row.percent_of_peak
                .map(|percent| format!("{percent:.0} %{beyond}"))
                .unwrap_or_default(),
            row.bound_by
                .map(|bound| bound.name(limits_of).to_owned() + drifted)
                .unwrap_or_default(),
        ]
    };
    let heading_of = |row: &Row| {
        if suite == Suite::Matmul { row.name.size.clone() } else { row.name.kernel.clone() }
    };
    let mut headings: Vec<String> = vec![];
    for heading in rows.iter().map(|row| heading_of(row)) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    let mut table_rows = vec![head.map(String::from)];
    for heading in headings {
        let below = rows.iter().filter(|row| heading_of(row) == heading).map(|row| cells(row));
        let below: Vec<_> = below.collect();
        let mut row = [""; 7].map(String::from);
        row[0] = heading;
        table_rows.push(row);
        table_rows.extend(below);
    }
    table(&table_rows)
}

/// Each row beside the same of a saved run, how many are not the same, and which it does not have.
fn compared(BenchComparison { name, notes, compared }: BenchComparison<'_>) -> String {
    let Compared { changes, missing, left_out } = compared;
    let head = ["", "before", "now", "ratio", "95 % interval", "p", "verdict"];
    let cells = |change: &Change| {
        let comparison = &change.comparison;
        let [low, high] = comparison.ratio_ci95;
        let shader = if change.shader_changed { ", another shader" } else { "" };
        [
            change.name.path(),
            duration(change.before_us),
            duration(change.after_us),
            format!("{:.3}", comparison.ratio),
            format!("{low:.3} – {high:.3}"),
            format!("{:.0e}", comparison.p),
            format!("{}{shader}", comparison.verdict.name()),
        ]
    };
    let rows: Vec<_> =
        std::iter::once(head.map(String::from)).chain(changes.iter().map(cells)).collect();
    let same = changes.iter().filter(|change| !change.comparison.verdict.is_difference()).count();
    let count = changes.len();
    let mut text =
        format!("Compared with {name}: no difference that is sure in {same} of {count} rows\n");
    for note in notes {
        text += &wrapped(&format!("note: {note}"), 2);
    }
    if !missing.is_empty() {
        let missing = format!("note: not in {name}, so not compared: {}", missing.join(", "));
        text += &wrapped(&missing, 2);
    }
    if *left_out > 0 {
        let _ = writeln!(text, "note: {left_out} rows of {name} were not measured now");
    }
    text + &table(&rows)
}

/// With three digits, and a unit.
pub(super) fn duration(us: f64) -> String {
    match us {
        ..1e3 => format!("{} µs", significant(us)),
        ..1e6 => format!("{} ms", significant(us * 1e-3)),
        _ => format!("{} s", significant(us * 1e-6)),
    }
}

/// With three digits, unless there are more before the point, or many zeros behind it.
pub(super) fn significant(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        0.1.. => format!("{value:.2}"),
        1e-3.. => format!("{value:.4}"),
        _ => format!("{value:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::statistics::Summary;
    use crate::bench::{Bound, Fastest};
    use crate::gpu::Backend;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let times = [0.5, 74.26, 843.4, 999.0, 1_000.0, 21_940.0, 4.7e6, 1e9].map(duration);
        let expected =
            ["0.50 µs", "74.3 µs", "843 µs", "999 µs", "1.00 ms", "21.9 ms", "4.70 s", "1000 s"];
        assert_eq!(times, expected);
    }

    #[test]
    fn small_ratios_are_not_rounded_to_nothing() {
        assert_eq!([1.0, 0.0021, 0.000_04].map(significant), ["1.00", "0.0021", "4.0e-5"]);
    }

    /// A contender of a place, at a rate.
    fn contender(runs_on: RunsOn, network_steps_per_s: f64) -> TrainingRow {
        TrainingRow {
            name: "some code".into(),
            runs_on,
            member_count: 1,
            steps: 1,
            time: Summary::of(&[1.0], 1),
            device_median_us: None,
            network_steps_per_s,
            ratio: 1.0,
            loss_deviation: 0.0,
            samples_us: vec![1.0],
        }
    }

    /// A group with this ratio of the adapter's rate to the CPU's.
    fn group(name: &str, ratio: f64) -> GroupResult {
        let rows = [(RunsOn::Cpu, 50.0), (RunsOn::Adapter, 100.0 * ratio), (RunsOn::Cpu, 100.0)];
        let rows = rows.map(|(runs_on, rate)| contender(runs_on, rate)).into();
        GroupResult { name: name.into(), rows }
    }

    fn cell(member_count: usize, ratio: f64) -> Cell {
        let fastest = |network_steps_per_s| Fastest {
            name: "some code".into(),
            steps: 1,
            network_steps_per_s,
        };
        let [cpu, adapter] = [100.0, 100.0 * ratio].map(fastest);
        Cell { batch_size: 16, hidden_size: 4, member_count, cpu, adapter }
    }

    #[test]
    fn the_verdict_speaks_of_all_that_was_compared_and_not_of_the_map_alone() {
        let of = |groups: &[f64], cells: &[f64]| {
            let groups: Vec<_> = groups.iter().map(|&ratio| group("a run", ratio)).collect();
            let cells: Vec<_> = cells
                .iter()
                .zip([1, 32, 1_024])
                .map(|(&ratio, count)| cell(count, ratio))
                .collect();
            verdict(&groups, &cells, "GPU").map(|text| text.replace('\n', " "))
        };
        for (groups, cells, expected) in [
            (
                &[0.5, 1.06][..],
                &[0.1, 0.3][..],
                "The GPU wins 1 of 4 comparisons, 1 of the 2 above and 0 of the 2 on the map, the \
                 clearest with a run (1.06×); the CPU wins the rest. ",
            ),
            (
                &[0.5],
                &[0.1, 2.0, 3.0],
                "The GPU wins 2 of 4 comparisons, 0 of the 1 above and 2 of the 3 on the map, the \
                 clearest with 1,024 × 8-4-1 on 16 rows (3.00×), the smallest on the map with 32 × \
                 8-4-1 on 16 rows (2.00×); the CPU wins the rest. ",
            ),
            (
                &[0.5, 0.8],
                &[0.1],
                "The CPU wins all 3 comparisons, 2 above and 1 on the map; the GPU comes nearest with \
                 a run (0.80×). ",
            ),
            (
                &[5.0],
                &[4.0, 1.5],
                "The GPU wins all 3 comparisons, 1 above and 2 on the map; the CPU comes nearest with \
                 32 × 8-4-1 on 16 rows (1.50×). ",
            ),
        ] {
            assert_eq!(of(groups, cells).as_deref(), Some(expected), "{groups:?}, {cells:?}");
        }
        assert!(of(&[], &[]).is_none());
    }

    fn row(variant: &str, percent_of_peak: f64) -> Row {
        let name = CaseName {
            suite: Suite::Kernels,
            kernel: "train_workgroup".into(),
            variant: variant.into(),
            size: "16384 × 2-2-1, 4 rows, 100 steps".into(),
        };
        let time = Summary::of(&[1.0, 1.1, 1.2], 1);
        let (percent_of_peak, bound_by) = (Some(percent_of_peak), Some(Bound::Copy));
        let drifted = Some(true);
        let row = Row::of_times(name, time, vec![1.0, 1.1, 1.2]);
        Row { gflops: Some(1e4), gbps: Some(0.5), percent_of_peak, bound_by, drifted, ..row }
    }

    fn text_of(rows: Vec<Row>, limits_of: LimitsOf) -> String {
        let results =
            Results { rows, peaks: Peaks { limits_of, ..Peaks::default() }, ..Results::default() };
        let adapter = &AdapterSummary {
            name: "an adapter".into(),
            backend: Backend::Vulkan,
            driver: "a driver".into(),
            device_type: DeviceType::Discrete,
        };
        let processor = &Processor { name: "a processor".into(), threads: 2 };
        let (suite, results) = (Suite::Kernels, &results);
        let (quick, command, compared) = (false, "", None);
        BenchReport { adapter, processor, suite, quick, command, results, compared }.text()
    }

    #[test]
    fn what_is_beyond_the_peak_is_marked_and_explained_and_nothing_else_is() {
        let limits_of = LimitsOf::Hardware;
        let found = text_of(vec![row("a", 99.9), row("b", 105.2), row("c", 100.4)], limits_of);
        let lines: Vec<_> =
            found.lines().filter(|line| line.contains(" rows, 100 steps")).collect();
        assert_eq!(lines.len(), 3, "{found}");
        assert!(lines[1].contains("105 % *"), "{found}");
        assert!(
            [lines[0], lines[2]].iter().all(|line| line.contains("100 %") && !line.contains('*'))
        );
        assert!(found.contains("\n*: more than the peak"), "{found}");
        let found = text_of(vec![row("a", 99.9)], limits_of);
        assert!(!found.contains('*'), "{found}");
    }

    #[test]
    fn lines_of_the_report_have_100_columns_at_most() {
        let long = "subgroup 128×128 by 16×16";
        for limits_of in [LimitsOf::Hardware, LimitsOf::DriverCode] {
            let found = text_of(vec![row("a", 99.9), row(long, 105.2)], limits_of);
            for line in found.lines() {
                assert!(line.chars().count() <= 100, "{line}");
            }
            let names = ["memory !", "copy code !"];
            let is_code = limits_of == LimitsOf::DriverCode;
            let [is, is_not] = if is_code { [names[1], names[0]] } else { names };
            assert!(found.contains(is) && !found.contains(is_not), "{found}");
            assert_eq!(found.contains("of the code that this driver makes"), is_code, "{found}");
        }
    }
}
