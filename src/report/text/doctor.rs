//! The text about an adapter's health.

use indicatif::HumanCount;

use super::{heading, number, processor_line, table, wrapped};
use crate::report::DoctorReport;
use crate::report::records::findings;
use crate::verify::{Accuracy, Check, Diagnosis, Fault, Fingerprint};

impl DoctorReport<'_> {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        let head = heading("doctor", self.adapter) + &processor_line(self.processor);
        [head, examination(self.diagnosis), self.closing()].join("\n")
    }

    fn closing(&self) -> String {
        let faults: Vec<_> = self.diagnosis.faults().map(fault).collect();
        if faults.is_empty() {
            return "Nothing is wrong with this adapter.\n".into();
        }
        format!("This adapter is not fit to train on:\n{}", faults.concat())
    }
}

/// All but the verdict.
pub(super) fn examination(diagnosis: &Diagnosis) -> String {
    let Diagnosis { fingerprint, checks } = diagnosis;
    let line = |check: &Check| {
        let verdict = match (&check.fault, check.is_needed) {
            (None, _) => "right",
            (Some(_), true) => "WRONG",
            (Some(_), false) => "habit",
        };
        let values = HumanCount(check.values).to_string();
        format!("  {verdict}  {values:>9}  {}\n", check.name)
    };
    let findings = findings(fingerprint).into_iter();
    let findings = findings.map(|finding| wrapped(&format!("- {finding}"), 2));
    let parts = [
        format!("fingerprint: {}\n", fingerprint.line),
        checks.iter().map(line).collect(),
        accuracies(fingerprint),
        format!("What that means here:\n{}", findings.collect::<String>()),
    ];
    parts.join("\n")
}

/// The worst results of each operation, in a table.
fn accuracies(fingerprint: &Fingerprint) -> String {
    let head = ["", "results", "of WGSL's table", "in ULP", "worst at", "where it gives"];
    let rows = [
        ("exp", &fingerprint.exp),
        ("log", &fingerprint.log),
        ("log, from 0.5 to 2", &fingerprint.log_middle),
        ("a / b", &fingerprint.division),
    ];
    let rows = rows.map(|(name, worst)| {
        let Accuracy { cases, share, ulp, operands, found } = worst;
        let operands: Vec<_> = operands.iter().map(|operand| single(*operand)).collect();
        [
            name.into(),
            HumanCount(*cases).to_string(),
            format!("{share:.3}"),
            number(*ulp, 2),
            operands.join(" / "),
            single(*found),
        ]
    });
    table(head, rows)
}

/// With all digits that an `f32` has.
fn single(value: f32) -> String {
    let readable = value == 0.0 || (1e-4..1e6).contains(&value.abs());
    if readable { value.to_string() } else { format!("{value:e}") }
}

fn fault(fault: &Fault) -> String {
    let Fault { kernel, case, tensor, index, found, expected, bound, .. } = fault;
    format!(
        "  {kernel}: {case}, {tensor}[{index}]: found {found:e}, expected {expected:e} ± {bound:e}\n"
    )
}
