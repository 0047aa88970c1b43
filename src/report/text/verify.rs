//! The text about a verification.

use std::collections::BTreeSet;
use std::fmt::Write;

use indicatif::HumanCount;

use super::doctor::examination;
use super::{heading, number, percent, table};
use crate::report::VerifyReport;
use crate::verify::{
    Engines, Fault, Gradients, KernelResult, LockstepResult, Request, Skipped, Trouble, Unchecked,
};

impl VerifyReport<'_> {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        let Request { plan, effort, .. } = self.request;
        let (preset, data) = (self.preset.name(), plan.recipe.data.name());
        let (sizes, seed) = (&plan.start.sizes, effort.seed);
        let what = format!("verify, {preset} ({sizes} on {data}), seed {seed}");
        let mut parts = vec![heading(&what, self.adapter)];
        parts.extend(self.found.adapter.as_ref().map(examination));
        if !self.found.kernels.is_empty() {
            parts.push(kernels(&self.found.kernels));
        }
        parts.extend(self.found.gradients.as_ref().map(gradients));
        if !self.found.lockstep.is_empty() {
            parts.push(lockstep(&self.found.lockstep));
        }
        parts.extend(self.found.engines.as_ref().map(engines));
        parts.extend(self.found.habits.iter().map(habit));
        parts.extend(self.found.unchecked.iter().map(skipped));
        parts.extend(self.found.troubles.iter().map(trouble));
        let diagnosis = self.found.gradients.as_ref().and_then(|found| found.diagnosis.as_ref());
        parts.extend(diagnosis.map(|words| format!("{words}.\n")));
        parts.push(self.verdict());
        parts.join("\n")
    }

    fn verdict(&self) -> String {
        match self.found.troubles.len() {
            0 if self.found.interrupted => {
                "interrupted: nothing is wrong with what is above, which is not all.\n".into()
            }
            0 if !self.found.unchecked.is_empty() => format!(
                "All that could be checked is within what the WGSL specification allows; {} values \
                 could not be.\n",
                HumanCount(self.found.unchecked_values())
            ),
            0 => "All is within what the WGSL specification allows.\n".into(),
            1 => format!("1 check failed. To repeat it: {}\n", self.command),
            count => format!("{count} checks failed. To repeat them: {}\n", self.command),
        }
    }
}

fn kernels(results: &[KernelResult]) -> String {
    let head = ["kernel", "cases", "values", "worst, of its bound", "in ULP", "time"];
    let rows = results.iter().map(|result| {
        let tally = &result.tally;
        [
            result.kernel.into(),
            tally.cases.to_string(),
            tally.values.to_string(),
            percent(tally.worst_share),
            number(tally.worst_ulp, 2),
            format!("{:.1} s", result.wall_s),
        ]
    });
    format!("Each kernel against its f64 twin:\n{}", table(head, rows))
}

fn gradients(found: &Gradients) -> String {
    let head = ["", "compared", "worst, of its bound"];
    let rows = [
        ("the backward pass against dual numbers", found.parameters, found.worst_share_of_dual),
        ("and central differences", found.differences, found.worst_share_of_differences),
        ("the device's own against its losses", found.directions, found.worst_share_of_directions),
    ]
    .map(|(name, count, share)| [name.into(), count.to_string(), percent(share)]);
    format!("Gradients against derivatives, at {} points:\n{}", found.points, table(head, rows))
}

/// What ran in lockstep, in words.
fn form(result: &LockstepResult) -> String {
    let form = if result.lockstep.compensated { "" } else { ", plain" };
    format!("{}{form}", result.lockstep.engine.name())
}

fn lockstep(results: &[LockstepResult]) -> String {
    let head = ["engine", "steps", "compared", "worst, of its bound", "in ULP", "time"];
    let rows = results.iter().map(|result| {
        let LockstepResult { lockstep, tally, wall_s } = result;
        [
            form(result),
            lockstep.steps.to_string(),
            lockstep.checked.to_string(),
            percent(tally.worst_share),
            number(tally.worst_ulp, 2),
            format!("{wall_s:.1} s"),
        ]
    });
    format!(
        "Lockstep: each step from the device's own state, against one step in f64:\n{}\n{}",
        table(head, rows),
        growth(results)
    )
}

/// How far the runs drift, a line a step.
fn growth(results: &[LockstepResult]) -> String {
    let text = "Left to themselves, which is no check: how far parameters are from those in f64\n";
    let steps = results.iter().flat_map(|result| &result.lockstep.growth).map(|row| row.step);
    let steps: BTreeSet<u64> = steps.collect();
    let at = |result: &LockstepResult, step| {
        result.lockstep.growth.iter().find(|row| row.step == step).copied()
    };
    let cell = |value: Option<f64>| value.map(|value| format!("{value:.1e}")).unwrap_or_default();
    let head = ["after step".into(), "f32 on this CPU".into()].into_iter();
    let head = head.chain(results.iter().map(form));
    let rows = steps.into_iter().map(|step| {
        let cpu = results.iter().find_map(|result| at(result, step)).map(|row| row.cpu_f32);
        let gpu = results.iter().map(|result| cell(at(result, step).map(|row| row.gpu)));
        [step.to_string(), cell(cpu)].into_iter().chain(gpu).collect::<Vec<_>>()
    });
    format!("{text}{}", table(head, rows))
}

fn engines(found: &Engines) -> String {
    let mut text = format!(
        "Engines against each other:\n  {} steps in parts: the same bits as whole\n",
        found.cut_steps
    );
    if found.problems > 0 {
        let _ = writeln!(text, "  {} random networks: each step within its bound", found.problems);
    }
    if found.common_steps > 0 {
        let _ = writeln!(
            text,
            "  {} steps of both engines from the same states: {} of both bounds\n  {} members of \
             an ensemble: the same bits alone",
            found.common_steps,
            percent(found.worst_share),
            found.members
        );
    }
    text
}

fn skipped(Skipped { section, unchecked }: &Skipped) -> String {
    let Unchecked { kernel, case, step, tensor, values, reason } = unchecked;
    let step = step.map(|step| format!("from step {step} on, ")).unwrap_or_default();
    format!(
        "NOT CHECKED, {}: {step}{kernel}, {case}:\n  {tensor}, {} values: {reason}\n",
        section.name(),
        HumanCount(*values)
    )
}

/// What WGSL allows, or what no kernel of training needs.
fn habit(habit: &Fault) -> String {
    let Fault { kernel, case, tensor, index, found, expected, bound, .. } = habit;
    format!(
        "A habit of this device, not a fault: {kernel}, {case}:\n  {tensor}[{index}] is {found:e}; \
         most devices have {expected:e} ± {bound:.1e}\n"
    )
}

fn trouble(trouble: &Trouble) -> String {
    let section = trouble.section.name();
    let Some(fault) = &trouble.fault else {
        return format!("WRONG, {section}: {}\n", trouble.message());
    };
    let Fault { kernel, case, step, tensor, index, found, expected, bound, .. } = fault;
    let step = step.map(|step| format!("step {step}, ")).unwrap_or_default();
    let off = (*bound > 0.0).then(|| {
        let times = (found - expected).abs() / bound;
        format!("; off by {:.1} ULP, {times:.1} times its bound", fault.ulp())
    });
    let off = off.unwrap_or_default();
    format!(
        "WRONG, {section}: {step}{kernel}, {case}:\n  {tensor}[{index}] {}{off}\n",
        fault.values(),
    )
}
