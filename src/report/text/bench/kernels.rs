//! Kernels beside the peaks of the adapter.

use std::fmt::Write;

use super::super::{duration, percent_of_median, significant, table, wrapped};
use crate::bench::{Bandwidth, CaseName, LimitsOf, Peaks, Results, Row, Suite};
use crate::report::BenchReport;

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

impl BenchReport<'_> {
    pub(super) fn kernels(&self) -> String {
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
}

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

fn heading_of(row: &Row) -> &str {
    if row.name.suite == Suite::Matmul { &row.name.size } else { &row.name.kernel }
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
            percent_of_median(row.time.relative_interval),
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
    let mut table_rows: Vec<Vec<String>> = vec![];
    for heading in rows.iter().map(|row| heading_of(row)) {
        if !table_rows.iter().any(|row| row[0] == heading) {
            table_rows.push(vec![heading.into()]);
            let below = rows.iter().filter(|row| heading_of(row) == heading);
            table_rows.extend(below.map(|row| cells(row).into()));
        }
    }
    table(head, table_rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::statistics::Summary;
    use crate::bench::{Bound, Processor};
    use crate::gpu::{AdapterSummary, Backend, DeviceType};

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
