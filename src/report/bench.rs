//! The report of `parity bench`: text and JSON of the same numbers.

use serde::Serialize;

use super::{adapter_lines, table};
use crate::bench::{GroupResult, Row, RunsOn, Suite};
use crate::gpu::{AdapterSummary, DeviceType};

/// All that was measured.
#[derive(Clone, Copy, Serialize)]
pub struct BenchReport<'a> {
    /// What ran the contenders that do not run on the CPU.
    pub adapter: &'a AdapterSummary,
    /// What was asked for.
    pub suite: Suite,
    /// Whether the figures mean nothing.
    pub quick: bool,
    /// What came out.
    pub groups: &'a [GroupResult],
}

#[derive(Serialize)]
struct Json<'a> {
    version: &'static str,
    #[serde(flatten)]
    report: BenchReport<'a>,
}

impl BenchReport<'_> {
    /// One object.
    #[must_use]
    pub fn json(&self) -> String {
        let json = Json { version: env!("CARGO_PKG_VERSION"), report: *self };
        serde_json::to_string_pretty(&json).expect("every key is a string") + "\n"
    }

    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        let head = format!(
            "parity {}: bench, suite {}\n{}",
            env!("CARGO_PKG_VERSION"),
            self.suite.name(),
            adapter_lines(self.adapter)
        );
        let groups = self.groups.iter().map(|group| self.group(group));
        let quick = self.quick.then(|| "--quick: these figures mean nothing.\n".into());
        let parts = std::iter::once(head).chain(groups).chain([self.closing()]).chain(quick);
        parts.collect::<Vec<_>>().join("\n")
    }

    fn group(&self, group: &GroupResult) -> String {
        let head = ["", "median", "95 % interval", "network-steps/s", "ratio", "off by"];
        let rows = group.rows.iter().map(|row| {
            let Row { time, network_steps_per_s, ratio, loss_deviation, .. } = row;
            [
                self.name(row, &group.rows[0]),
                duration(time.median_us),
                format!("{} – {}", duration(time.low_us), duration(time.high_us)),
                format!("{network_steps_per_s:.2e}"),
                format!("{}×", significant(*ratio)),
                format!("{loss_deviation:.0e}"),
            ]
        });
        let rows: Vec<_> = std::iter::once(head.map(String::from)).chain(rows).collect();
        format!("{}\n{}", group.name, table(&rows))
    }

    /// What ran it and where, and how many steps it made if not as many as the first.
    fn name(&self, row: &Row, first: &Row) -> String {
        let place = match (row.runs_on, self.adapter.device_type) {
            (RunsOn::Cpu, _) => "CPU",
            (RunsOn::Adapter, DeviceType::Software) => "software adapter",
            (RunsOn::Adapter, _) => "GPU",
        };
        let fewer = if row.steps == first.steps {
            String::new()
        } else {
            format!(", {} steps only", row.steps)
        };
        format!("{place}: {}{fewer}", row.name)
    }

    fn closing(&self) -> String {
        let rounds = self.groups.iter().map(|group| group.rows[0].time.rounds.to_string());
        format!(
            "Medians of {} rounds, in which contenders took turns; the intervals are of the \
             median, from\norder statistics. The ratio is of network-steps/s, to the first row. \
             \"Off by\" is the largest\ndeviation of a final loss from that of the same run in \
             f64, relative to it.\n",
            rounds.collect::<Vec<_>>().join(", ")
        )
    }
}

/// With three digits, and a unit.
fn duration(us: f64) -> String {
    match us {
        ..1e3 => format!("{} µs", significant(us)),
        ..1e6 => format!("{} ms", significant(us * 1e-3)),
        _ => format!("{} s", significant(us * 1e-6)),
    }
}

/// With three digits, unless there are more before the point, or many zeros behind it.
fn significant(value: f64) -> String {
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
