//! The text about the combinations that were run.

use indicatif::HumanCount;

use super::{heading, table};
use crate::report::MatrixReport;

/// The most combinations that are shown of those that are wrong.
const SHOWN: usize = 10;

impl MatrixReport<'_> {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        let found = self.found;
        let what = format!("verify --matrix, {} combinations", HumanCount(found.cells));
        let contradictions = format!(
            "{} have parts that do not go together, and are refused by name.\n",
            HumanCount(found.contradictions)
        );
        let head = ["engine", "refused", "agree", "unstable", "wrong", "worst, of the loss"];
        let rows = found.engines.iter().map(|row| {
            [
                row.engine.name().into(),
                HumanCount(row.refused).to_string(),
                HumanCount(row.agree).to_string(),
                HumanCount(row.unstable).to_string(),
                HumanCount(row.wrong.len() as u64).to_string(),
                format!("{:.1e}", row.worst),
            ]
        });
        let parts =
            [heading(&what, self.adapter) + &contradictions, table(head, rows), self.closing()];
        parts.join("\n")
    }

    fn closing(&self) -> String {
        let wrong = self.found.engines.iter().flat_map(|row| {
            row.wrong.iter().map(|wrong| format!("WRONG, {}: {wrong}\n", row.engine.name()))
        });
        let wrong: String = wrong.take(SHOWN).collect();
        match (self.found.interrupted, wrong.is_empty()) {
            (true, _) => wrong + "Interrupted: not all combinations were run.\n",
            (false, false) => wrong,
            (false, true) => {
                "Every run agrees with the reference in f64, or parts from it as f32 does on the \
                 processor (unstable).\n"
                    .into()
            }
        }
    }
}
