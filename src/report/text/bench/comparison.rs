//! A benchmark beside a saved one.

use std::fmt::Write;

use super::super::{duration, table, wrapped};
use crate::bench::{Change, Compared};
use crate::report::BenchComparison;

impl BenchComparison<'_> {
    /// Each row beside the same of a saved run, how many are not the same, and which it does not
    /// have.
    #[must_use]
    pub fn text(&self) -> String {
        let BenchComparison { name, notes, compared } = *self;
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
        let same =
            changes.iter().filter(|change| !change.comparison.verdict.is_difference()).count();
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
        text + &table(head, changes.iter().map(cells))
    }
}
