//! What is said of a benchmark, as JSON and as CSV.

use serde::Serialize;

use super::{csv, json, versioned_json};
use crate::bench::{
    Cell, Change, Clock, ClockKind, Compared, GroupResult, Peaks, Processor, Quietness, Results,
    Row, Suite,
};
use crate::gpu::AdapterSummary;

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
        json(&ComparisonJson::from(*self))
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
        versioned_json(&Json {
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
        })
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
}
