//! What a person reads: one file for each report, and what several share.

mod bench;
mod curve;
mod devices;
mod diagnosis;
mod doctor;
mod ensemble;
mod matrix;
mod numbers;
mod progress;
mod quietness;
mod sabotage;
mod sweep;
mod table;
mod train;
mod verify;

pub use progress::{PartsDisplay, ProgressDisplay};

pub(super) use numbers::{duration, significant};
use numbers::{number, percent, percent_of_median, plain, rate};
use table::{table, wrapped};

use indicatif::HumanCount;

use crate::bench::Processor;
use crate::gpu::{AdapterSummary, DeviceType};
use crate::report::records::name;
use crate::sweep::Population;
use crate::task::{Activation, Adam, Decay, Loss, Method, Rounding, Schedule};
use crate::train::KernelChoice;

/// The first lines of a report: what parity did, and where.
fn heading(what: &str, adapter: &AdapterSummary) -> String {
    let AdapterSummary { name, backend, driver, device_type } = adapter;
    let software = match device_type {
        DeviceType::Software => "software: this processor, not a GPU",
        hardware => hardware.name(),
    };
    format!(
        "parity {}: {what}\nadapter: {name} ({software})\ndriver:  {driver}, through {backend}\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// The first lines about many networks; `what` says how many, `rule` what a step does.
fn population_heading(
    what: &str,
    population: &Population,
    seed: &str,
    adapter: &AdapterSummary,
    side_by_side: u64,
    rule: &str,
) -> String {
    let recipe = &population.recipe;
    let (data, rows) = (recipe.data.name(), HumanCount(recipe.data.row_count() as u64));
    let what = format!("{what} networks {} on {data} ({rows} rows), {seed}", recipe.sizes);
    format!(
        "{}engine:  fused ({}, {} side by side)\nrule:    {} steps, {rule}\n",
        heading(&what, adapter),
        population.kernel_choice().map_or("", KernelChoice::name),
        HumanCount(side_by_side),
        HumanCount(recipe.steps),
    )
}

/// What an optimizer has beside its rate, and the schedule of that.
pub(super) fn optimizer(method: &Method) -> Option<String> {
    let (momentum, weight_decay) = (method.momentum(), method.weight_decay());
    let name = if method.is_nesterov() { "Nesterov's momentum" } else { "momentum" };
    let adam =
        method.adam().map(|Adam { betas: [first, second], epsilon, is_decoupled, .. }| {
            let name = if is_decoupled { "AdamW" } else { "Adam" };
            format!("{name} (betas {first} and {second}, epsilon {epsilon:e})")
        });
    let parts = [
        adam,
        (momentum != 0.0).then(|| format!("{name} {momentum}")),
        (weight_decay != 0.0).then(|| format!("weight decay {weight_decay}")),
        schedule(method.schedule),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What a schedule makes of a learning rate; nothing of one that is constant.
fn schedule(Schedule { warmup, decay }: Schedule) -> Option<String> {
    let warmup = (warmup > 0).then(|| format!("warm-up of {} steps", HumanCount(warmup)));
    let decay = match decay {
        Decay::Constant => None,
        Decay::Step { every, factor } => {
            Some(format!("times {factor} every {} steps", HumanCount(every)))
        }
        Decay::Cosine { least, .. } => Some(format!("along a cosine to {least} of it")),
    };
    let parts: Vec<_> = [warmup, decay].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What distinguishes a method from gradient descent on the cross-entropy of sigmoids with the usual
/// rounding, behind a comma.
fn peculiarities(method: &Method, usual: Rounding) -> String {
    let Method { hidden_activation: hidden, output_activation: output, loss, .. } = method;
    let parts = [
        optimizer(method),
        (*hidden != Activation::Sigmoid).then(|| format!("{} (hidden)", name(hidden))),
        (*output != Activation::Sigmoid).then(|| format!("{} (output)", name(output))),
        (*loss != Loss::CrossEntropy).then(|| name(loss)),
        (method.rounding != usual).then(|| match method.rounding {
            Rounding::Compensated => "compensated rounding".into(),
            Rounding::Plain => "plain rounding".into(),
        }),
    ];
    parts.into_iter().flatten().fold(String::new(), |text, part| text + ", " + &part)
}

/// The line that says what the host code ran on.
fn processor_line(processor: &Processor) -> String {
    format!("CPU:     {processor}\n")
}
