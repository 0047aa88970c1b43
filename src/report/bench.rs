//! The report of `parity bench`: text, JSON and CSV of the same numbers.

use std::fmt::Write;

use indicatif::HumanCount;
use serde::Serialize;

use super::quietness::quietness_lines;
use super::{adapter_lines, processor_line, table};
use crate::bench::{
    Bandwidth, Cell, Change, Clock, ClockKind, Compared, GroupResult, Peaks, Quietness, Results,
    Row, RunsOn, Suite, TrainingRow,
};
use crate::error::Error;
use crate::gpu::{AdapterSummary, DeviceType};
use crate::processor::Processor;

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
        serde_json::to_string_pretty(&json).expect("every key is a string") + "\n"
    }

    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        compared(*self)
    }
}

impl BenchReport<'_> {
    /// One object, with every sample.
    #[must_use]
    pub fn json(&self) -> String {
        let Results { clock, quietness, peaks, faults, training, crossover, interrupted, .. } =
            self.results;
        let json = Json {
            version: env!("CARGO_PKG_VERSION"),
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
        serde_json::to_string_pretty(&json).expect("every key is a string") + "\n"
    }

    /// One line a sample.
    ///
    /// # Errors
    /// [`Error::Usage`] if a sample is no text, which none is.
    pub fn csv(&self) -> Result<Vec<u8>, Error> {
        let unwritable = |error: &dyn std::fmt::Display| Error::Usage(format!("CSV: {error}"));
        let mut writer = csv::Writer::from_writer(vec![]);
        let adapter = self.adapter;
        let clock = self.results.clock_kind().unwrap_or(ClockKind::Host).name();
        writer
            .write_record([
                "version",
                "adapter",
                "driver",
                "backend",
                "clock",
                "suite",
                "kernel",
                "variant",
                "size",
                "shader",
                "launches",
                "us",
                "canary_us",
            ])
            .map_err(|error| unwritable(&error))?;
        for row in self.results.all_rows() {
            let name = &row.name;
            let clock = if name.suite == Suite::Training { "host" } else { clock };
            let canary = row.canary_us.iter().map(ToString::to_string);
            let canary = canary.chain(std::iter::repeat(String::new()));
            for (us, canary) in row.samples_us.iter().zip(canary) {
                writer
                    .write_record([
                        env!("CARGO_PKG_VERSION"),
                        &adapter.name,
                        &adapter.driver,
                        adapter.backend.name(),
                        clock,
                        name.suite.name(),
                        &name.kernel,
                        &name.variant,
                        &name.size,
                        row.shader.as_deref().unwrap_or_default(),
                        &row.launches.to_string(),
                        &us.to_string(),
                        &canary,
                    ])
                    .map_err(|error| unwritable(&error))?;
            }
        }
        writer.into_inner().map_err(|error| unwritable(&error))
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
            results.clock.as_ref().map(|clock| format!("clock:   {clock}\n")).unwrap_or_default(),
            quietness_lines(&results.quietness)
        );
        let mut parts = vec![head];
        parts.extend((!results.rows.is_empty()).then(|| self.kernels()));
        parts.extend(results.training.iter().map(|group| self.group(group)));
        parts.extend((!results.training.is_empty()).then(|| self.about_training()));
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
                let _ = write!(text, "\n{}\n{}", suite.name(), kernel_table(&rows));
            }
        }
        text + "\n" + ABOUT
    }

    fn group(&self, group: &GroupResult) -> String {
        let head = ["", "median", "95 % interval", "network-steps/s", "ratio", "off by"];
        let rows = group.rows.iter().map(|row| {
            let TrainingRow { time, network_steps_per_s, ratio, loss_deviation, .. } = row;
            let [low, high] = time.ci95_us.map(duration);
            [
                self.name(row, &group.rows[0]),
                duration(time.median_us),
                format!("{low} – {high}"),
                format!("{network_steps_per_s:.2e}"),
                format!("{}×", significant(*ratio)),
                format!("{loss_deviation:.0e}"),
            ]
        });
        let rows: Vec<_> = std::iter::once(head.map(String::from)).chain(rows).collect();
        format!("{}\n{}", group.name, table(&rows))
    }

    /// What ran it and where, and how many steps it made if not as many as the first.
    fn name(&self, row: &TrainingRow, first: &TrainingRow) -> String {
        let place = self.place(row.runs_on);
        let fewer = if row.steps == first.steps {
            String::new()
        } else {
            format!(", {} steps only", row.steps)
        };
        format!("{place}: {}{fewer}", row.name)
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
        format!(
            "{}

The fastest way on the {place} by the fastest on the CPU, in network-steps/s:\n{}",
            verdict(cells, place),
            table(&rows)
        )
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
        format!(
            "Medians of {} rounds, in which contenders took turns, with bootstrap intervals. The \
             ratio is of\nnetwork-steps/s, to the first row. \"Off by\" is the largest deviation of \
             a final loss from that of\nthe same run in f64, relative to it.\n",
            rounds.join(", ")
        )
    }
}

/// Where the adapter wins, in a sentence.
fn verdict(cells: &[Cell], place: &str) -> String {
    let describe = |cell: &Cell| {
        let Cell { member_count, hidden_size, batch_size, .. } = cell;
        let networks = HumanCount(*member_count as u64);
        format!(
            "{networks} × 8-{hidden_size}-1 on {batch_size} rows ({}×)",
            significant(cell.ratio())
        )
    };
    let work = |cell: &Cell| cell.member_count * cell.hidden_size * cell.batch_size;
    let (won, lost): (Vec<_>, Vec<_>) = cells.iter().partition(|cell| cell.ratio() > 1.0);
    let best = |cells: &[&Cell]| {
        cells.iter().copied().max_by(|a, b| a.ratio().total_cmp(&b.ratio())).map(describe)
    };
    match (won.iter().copied().min_by_key(|cell| work(cell)), best(&lost)) {
        (None, nearest) => format!(
            "The CPU wins everywhere on this map; the {place} comes nearest with {}.",
            nearest.unwrap_or_default()
        ),
        (Some(_), None) => format!("The {place} wins everywhere on this map."),
        (Some(first), Some(_)) => format!(
            "The {place} wins {} of {} fields, the smallest of them {}, the clearest {}; the CPU wins \
             the rest.",
            won.len(),
            cells.len(),
            describe(first),
            best(&won).unwrap_or_default()
        ),
    }
}

const ABOUT: &str = "\
Times are of one launch, medians of samples that all cases took in turns; ± is half of the median's
bootstrap 95 % interval, in which samples, places in memory and stretches of time are drawn anew:
another process may differ by more. cv is the standard deviation over the mean. Flops and bytes are the
least that the formula asks for. Of peak: how near that comes to the nearest of the peaks above, all
measured in this run; no peak: less than a quarter of each, so latency, occupancy or instructions that
are not counted. !: the machine was slower than its best most of the time.
";

/// What the adapter can do.
fn peak_lines(peaks: &Peaks) -> String {
    let one = |rate: Option<f64>, unit: &str| {
        rate.map_or_else(|| "not measured".into(), |rate| format!("{} {unit}", significant(rate)))
    };
    let at = |copy: &Bandwidth| format!("{} at {}", significant(copy.gbps), copy.size());
    let copies = peaks.copy.iter().map(at);
    format!(
        "peaks:   {}, {}, {}, {} a launch\n         copies of {} GB/s\n",
        one(peaks.fma_gflops, "GFLOP/s of products and sums"),
        one(peaks.special_gops, "G exp/s"),
        one(peaks.workgroup_gbps, "GB/s of workgroup memory"),
        peaks.launch_us.map_or_else(|| "not measured".into(), duration),
        copies.collect::<Vec<_>>().join(", ")
    )
}

fn kernel_table(rows: &[&Row]) -> String {
    let head = [
        "kernel",
        "size",
        "median",
        "±",
        "min",
        "cv",
        "GFLOP/s",
        "GB/s",
        "flop/B",
        "of peak",
        "limited by",
    ];
    let optional = |value: Option<f64>| value.map(significant).unwrap_or_default();
    // Of a single sample neither is known.
    let percent = |share: f64, digits: usize| {
        if share.is_finite() { format!("{:.digits$} %", 100.0 * share) } else { String::new() }
    };
    let cells = |row: &&Row| {
        let time = &row.time;
        let mark = if row.drifted == Some(true) { " !" } else { "" };
        [
            format!("{} {}", row.name.kernel, row.name.variant).trim_end().to_owned(),
            row.name.size.clone(),
            duration(time.median_us),
            percent(time.relative_interval, 1),
            duration(time.min_us),
            percent(time.cv, 0),
            optional(row.gflops),
            optional(row.gbps),
            optional(row.intensity),
            row.percent_of_peak.map(|percent| format!("{percent:.0} %")).unwrap_or_default(),
            row.bound_by.map(|bound| format!("{}{mark}", bound.name())).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> =
        std::iter::once(head.map(String::from)).chain(rows.iter().map(cells)).collect();
    table(&rows)
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
        let _ = writeln!(text, "note: {note}");
    }
    if !missing.is_empty() {
        let _ = writeln!(text, "note: not in {name}, so not compared: {}", missing.join(", "));
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
}
