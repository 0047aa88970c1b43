//! The report of `parity verify --sabotage`: text and JSON of the same figures.

use std::fmt::Write;

use serde::Serialize;

use super::{adapter_lines, table};
use crate::gpu::AdapterSummary;
use crate::verify::sabotage::{Count, Fate, Sabotage, Specimen};

/// Characters of a case that the text shows.
const CASE_SHOWN: usize = 50;

/// What became of all wrong kernels.
#[derive(Clone, Copy, Serialize)]
pub struct SabotageReport<'a> {
    /// Where they were run.
    pub adapter: &'a AdapterSummary,
    /// What became of them.
    #[serde(flatten)]
    pub found: &'a Sabotage,
    /// How long that took.
    pub wall_s: f64,
}

#[derive(Serialize)]
struct Json<'a> {
    version: &'static str,
    passed: bool,
    score: f64,
    #[serde(flatten)]
    report: SabotageReport<'a>,
}

impl SabotageReport<'_> {
    /// One object.
    #[must_use]
    pub fn json(&self) -> String {
        let json = Json {
            version: env!("CARGO_PKG_VERSION"),
            passed: self.found.is_proof(),
            score: self.found.count.score(),
            report: *self,
        };
        super::json(&json)
    }

    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        let head = format!(
            "parity {}: verify --sabotage\n{}",
            env!("CARGO_PKG_VERSION"),
            adapter_lines(self.adapter)
        );
        let parts = [head, self.by_hand(), self.counts(), self.survivors(), self.verdict()];
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
        format!("Wrong kernels that somebody thought of:\n{}", table(&rows))
    }

    fn counts(&self) -> String {
        let head = ["", "mutants", "caught", "survived", "compute the same", "do not compile"];
        let row = |name: &str, count: &Count| {
            let Count { killed, survived, stillborn, equivalent } = *count;
            let numbers = [killed + survived, killed, survived, equivalent, stillborn];
            let [all, killed, survived, equivalent, stillborn] = numbers.map(|n| n.to_string());
            [name.to_owned(), all, killed, survived, equivalent, stillborn]
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
        for Specimen { kernel, rule, line, before, after, .. } in self.found.survivors() {
            let _ = writeln!(text, "SURVIVED, {kernel}, line {line}, {rule}:");
            let _ = writeln!(text, "  {before}\n  {after}");
        }
        for fault in &self.found.list_faults {
            let _ = writeln!(text, "WRONG LIST: {fault}");
        }
        text
    }

    fn verdict(&self) -> String {
        let Count { killed, survived, equivalent, stillborn } = self.found.count;
        let all = killed + survived;
        if self.found.is_proof() {
            format!(
                "All {all} wrong kernels were caught, in {:.0} s. {equivalent} more compute the \
                 same (--json has the reasons), {stillborn} do not compile.\n",
                self.wall_s
            )
        } else {
            let why = if self.found.interrupted { "interrupted: " } else { "" };
            let seconds = self.wall_s;
            format!("{why}{killed} of {all} wrong kernels were caught, in {seconds:.0} s.\n")
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
        Fate::Stillborn { .. } => "NOT COMPILED".into(),
        Fate::Equivalent { reason } => format!("nothing: {reason}"),
        Fate::Survived => "NOTHING".into(),
    }
}
