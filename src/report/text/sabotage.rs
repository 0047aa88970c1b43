//! The text about wrong kernels.

use std::fmt::Write;

use super::{adapter_lines, table};
use crate::report::SabotageReport;
use crate::verify::mutants::{Count, Fate, Specimen};

/// Characters of a case that the text shows.
const CASE_SHOWN: usize = 50;

impl SabotageReport {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        let head = format!(
            "parity {}: verify --sabotage\n{}",
            env!("CARGO_PKG_VERSION"),
            adapter_lines(&self.adapter)
        );
        let part = self.part.map(|part| {
            format!("Part {part} of the wrong kernels made by rule, and all written by hand.\n")
        });
        let part = part.unwrap_or_default();
        let parts = [head, part, self.by_hand(), self.counts(), self.survivors(), self.verdict()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    }

    fn by_hand(&self) -> String {
        let head = ["kernel", "what is wrong with it", "caught by"].map(String::from);
        let rows = self.found.by_hand().map(|specimen| {
            [specimen.kernel.into(), specimen.rule.into(), caught_by(&specimen.fate)]
        });
        let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
        if rows.len() == 1 {
            return String::new();
        }
        format!("Wrong kernels written by hand:\n{}", table(&rows))
    }

    fn counts(&self) -> String {
        let head =
            ["", "mutants", "caught", "crashed", "survived", "compute the same", "do not compile"];
        let row = |name: &str, count: &Count| {
            let Count { killed, crashed, survived, stillborn, equivalent } = *count;
            let numbers = [count.all(), killed, crashed, survived, equivalent, stillborn];
            let [all, killed, crashed, survived, equivalent, stillborn] =
                numbers.map(|n| n.to_string());
            [name.to_owned(), all, killed, crashed, survived, equivalent, stillborn]
        };
        let heading =
            |name: &str| head.map(|cell| if cell.is_empty() { name } else { cell }.into());
        let of = |name, counts: &std::collections::BTreeMap<&str, Count>| {
            let rows = counts.iter().map(|(name, count)| row(name, count));
            table(&std::iter::once(heading(name)).chain(rows).collect::<Vec<_>>())
        };
        let total = table(&[heading("all"), row("together", &self.found.count)]);
        let by_kernel = of("kernel", &self.found.by_kernel);
        let by_rule = of("rule", &self.found.by_rule);
        format!(
            "All, and below those made by rule, one at a time:\n{by_kernel}\n{by_rule}\n{total}"
        )
    }

    fn survivors(&self) -> String {
        let mut text = String::new();
        for Specimen { kernel, rule, line, before, after, fate, .. } in self.found.survivors() {
            let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
            let _ = writeln!(text, "SURVIVED, {kernel}{line}, {rule}:");
            let _ = writeln!(text, "  {before}\n  {after}");
            if let Fate::Crashed { .. } = fate {
                let _ = writeln!(text, "  {}", caught_by(fate));
            }
        }
        for fault in &self.found.list_faults {
            let _ = writeln!(text, "WRONG LIST: {fault}");
        }
        text
    }

    fn verdict(&self) -> String {
        let count @ Count { crashed, equivalent, stillborn, .. } = self.found.count;
        let (all, noticed) = (count.all(), count.noticed());
        let of_crashed = if crashed > 0 {
            format!(" {crashed} of them crashed the driver.")
        } else {
            String::new()
        };
        if self.found.is_proof() {
            format!(
                "All {all} wrong kernels were caught, in {:.0} s.{of_crashed} {equivalent} more \
                 compute the same (--json has the reasons), {stillborn} do not compile.\n",
                self.wall_s
            )
        } else {
            let (tried, total) = (self.found.specimens.len(), self.found.total);
            let why = if self.found.interrupted {
                format!("interrupted after {tried} of {total}: ")
            } else {
                String::new()
            };
            let seconds = self.wall_s;
            format!(
                "{why}{noticed} of {all} wrong kernels were caught, in {seconds:.0} s.{of_crashed}\n"
            )
        }
    }
}

/// In words, what happened to a wrong kernel.
fn caught_by(fate: &Fate) -> String {
    match fate {
        Fate::Caught { fault, .. } => {
            let case: String = fault.case.chars().take(CASE_SHOWN).collect();
            format!("{}[{}] of {case}", fault.tensor, fault.index)
        }
        Fate::Failed { error } => error.clone(),
        Fate::Crashed { how, confirmed: true } => format!("the driver crashed: {how}"),
        Fate::Crashed { how, confirmed: false } => {
            format!("NOTHING: the driver crashed, and with the shipped kernel, too: {how}")
        }
        Fate::Stillborn { .. } => "NOT COMPILED".into(),
        Fate::Equivalent { reason } => format!("nothing: {reason}"),
        Fate::Survived => "NOTHING".into(),
    }
}
