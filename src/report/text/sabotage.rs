//! The text about wrong kernels.

use std::fmt::Write;

use super::{heading, table};
use crate::report::SabotageReport;
use crate::verify::mutants::{Count, Fate, Sabotage, Specimen};

/// Characters of a case that the text shows.
const CASE_SHOWN: usize = 50;

impl SabotageReport {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        let head = heading("verify --sabotage", &self.adapter);
        let part = self.part.map(|part| {
            format!("Part {part} of the wrong kernels made by rule, and all written by hand.\n")
        });
        let part = part.unwrap_or_default();
        let parts = [head, part, self.by_hand(), self.counts(), self.survivors(), self.verdict()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    }

    fn by_hand(&self) -> String {
        let rows = self.found.by_hand().map(|specimen| {
            [specimen.kernel.into(), specimen.rule.into(), caught_by(&specimen.fate)]
        });
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return String::new();
        }
        let table = table(["kernel", "what is wrong with it", "caught by"], rows);
        format!("Wrong kernels written by hand:\n{table}")
    }

    fn counts(&self) -> String {
        let Sabotage { count, by_kernel, by_rule, .. } = &self.found;
        format!(
            "All, and below those made by rule, one at a time:\n{}\n{}\n{}",
            counts("kernel", by_kernel),
            counts("rule", by_rule),
            counts("all", [(&"together", count)]),
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
        let of_crashed = (crashed > 0).then(|| format!(" {crashed} of them crashed the driver."));
        let of_crashed = of_crashed.unwrap_or_default();
        if self.found.is_proof() {
            format!(
                "All {all} wrong kernels were caught, in {:.0} s.{of_crashed} {equivalent} more \
                 compute the same (--json has the reasons), {stillborn} do not compile.\n",
                self.wall_s
            )
        } else {
            let (tried, total) = (self.found.specimens.len(), self.found.total);
            let interrupted = || format!("interrupted after {tried} of {total}: ");
            let why = self.found.interrupted.then(interrupted).unwrap_or_default();
            let seconds = self.wall_s;
            format!(
                "{why}{noticed} of {all} wrong kernels were caught, in {seconds:.0} s.{of_crashed}\n"
            )
        }
    }
}

/// A table with a row for each count.
fn counts<'a>(name: &str, counts: impl IntoIterator<Item = (&'a &'a str, &'a Count)>) -> String {
    let outcomes =
        ["mutants", "caught", "crashed", "survived", "compute the same", "do not compile"];
    let rows = counts.into_iter().map(|(name, count)| {
        let Count { killed, crashed, survived, stillborn, equivalent } = *count;
        let numbers = [count.all(), killed, crashed, survived, equivalent, stillborn];
        let numbers = numbers.map(|number| number.to_string());
        [&[(*name).to_owned()], &numbers[..]].concat()
    });
    table([name].into_iter().chain(outcomes), rows)
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
