//! The text about a benchmark.

mod comparison;
mod kernels;
mod training;

use super::quietness::quietness_lines;
use super::{heading, processor_line, wrapped};
use crate::report::BenchReport;

impl BenchReport<'_> {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        let results = self.results;
        let clock = results.clock.as_ref();
        let clock = clock.map(|clock| format!("clock:   {}", wrapped(&clock.to_string(), 9)));
        let head = [
            heading(&format!("bench, suite {}", self.suite.name()), self.adapter),
            processor_line(self.processor),
            clock.unwrap_or_default(),
            quietness_lines(&results.quietness),
        ];
        let mut parts = vec![head.concat()];
        parts.extend((!results.rows.is_empty()).then(|| self.kernels()));
        parts.extend(self.training());
        parts.extend(self.compared.map(|compared| compared.text()));
        parts.extend(results.faults.iter().map(|fault| format!("WRONG, no times: {fault}\n")));
        let quick = "--quick: these figures mean nothing.\n";
        parts.extend(self.quick.then(|| quick.into()));
        let broken_off = "interrupted: what is above is what there was.\n";
        parts.extend(results.interrupted.then(|| broken_off.into()));
        parts.join("\n")
    }
}
