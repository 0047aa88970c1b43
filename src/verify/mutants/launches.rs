//! Mutants of launches: the text is the shipped one, what the host says beside it is wrong.

use super::mutant::Mutant;
use crate::gpu::{Field, KernelSpec, Mistake, Off, Place, WrongLaunch};

/// The dispatches of a layered step of 2-2-1, which is what the short run of training makes: with
/// one for each formula, and with products that take over what follows them.
pub const STEPS: [&[&str]; 2] = [
    &[
        "matmul_register",
        "bias_add",
        "activation",
        "matmul_register",
        "bias_add",
        "activation",
        "loss",
        "loss_grad",
        "matmul_register",
        "bias_grad",
        "matmul_register",
        "activation_grad",
        "matmul_register",
        "bias_grad",
        "sgd_update",
    ],
    &[
        "matmul_register",
        "matmul_register",
        "activation",
        "loss",
        "loss_grad",
        "matmul_register",
        "bias_grad",
        "matmul_register",
        "matmul_register",
        "bias_grad",
        "sgd_update",
    ],
];

/// What training launches besides steps: a kernel's own check has other code around it.
const IN_TRAINING: [&str; 2] = ["train_invocation", "uniform_draw"];

/// Every mutant of a kernel's launches: of all of them, of those in training alone, and of each
/// dispatch of a step.
#[must_use]
pub fn launches(spec: &'static KernelSpec) -> Vec<Mutant> {
    let mut found = mistakes(spec, Place::Everywhere);
    if IN_TRAINING.contains(&spec.name) {
        found.extend(mistakes(spec, Place::Training));
    }
    for kernels in STEPS {
        for index in (0..kernels.len()).filter(|&index| kernels[index] == spec.name) {
            found.extend(mistakes_in_step(spec, kernels, index));
        }
    }
    found
}

/// Those of all launches of a place.
fn mistakes(spec: &'static KernelSpec, place: Place) -> Vec<Mutant> {
    // In training, another count in y or z launches nothing, or the same again.
    let dimensions = if place == Place::Everywhere { 3 } else { 1 };
    let counts = (0..dimensions)
        .flat_map(|dimension| [Off::More, Off::Less].map(|off| Mistake::Count { dimension, off }));
    let words = words(spec, |field| match (field.name, field.kind) {
        ("padding" | "zero", _) => &[Off::More],
        (_, "f32") => &[Off::More, Off::Zero],
        _ => &[Off::More, Off::Less, Off::Zero],
    });
    let all = counts.chain(words).chain(bindings(spec));
    let all = all.chain([Mistake::LeftOut, Mistake::Doubled]);
    all.map(|mistake| mutant(spec, place, mistake)).collect()
}

/// Those of one dispatch of a step. What the clamps of its indices make of one row or column more
/// depends on the order in which a device stores, so sizes are only made smaller.
fn mistakes_in_step(
    spec: &'static KernelSpec,
    kernels: &'static [&'static str],
    index: usize,
) -> Vec<Mutant> {
    let fewer = Mistake::Count { dimension: 0, off: Off::Less };
    let words = words(spec, |field| match (field.name, field.kind) {
        ("padding", _) => &[],
        ("zero", _) => &[Off::More],
        (_, "f32") => &[Off::More, Off::Zero],
        _ => &[Off::Less, Off::Zero],
    });
    let order = [Mistake::LeftOut, Mistake::Doubled, Mistake::Late];
    // Behind the last there is the first of the next step.
    let order = order.into_iter().take(if index + 1 == kernels.len() { 2 } else { 3 });
    let all = std::iter::once(fewer).chain(words).chain(bindings(spec)).chain(order);
    all.map(|mistake| mutant(spec, Place::Step { kernels, index }, mistake)).collect()
}

/// Every word of the parameters, with what is asked for of its field.
fn words(
    spec: &'static KernelSpec,
    offs: impl Fn(&Field) -> &'static [Off],
) -> impl Iterator<Item = Mistake> {
    (0..spec.params.len()).flat_map(move |index| {
        offs(&spec.params[index]).iter().map(move |&off| Mistake::Word { index, off })
    })
}

/// Every two tensors that wgpu would take for each other.
fn bindings(spec: &'static KernelSpec) -> impl Iterator<Item = Mistake> {
    let tensors = &spec.bindings[1..];
    let pairs = (0..tensors.len())
        .flat_map(move |one| (one + 1..tensors.len()).map(move |other| [one, other]));
    let is_alike = move |&[one, other]: &[usize; 2]| tensors[one].kind == tensors[other].kind;
    pairs.filter(is_alike).map(Mistake::Bindings)
}

fn mutant(spec: &'static KernelSpec, place: Place, mistake: Mistake) -> Mutant {
    let launch = WrongLaunch { kernel: spec.name, place, mistake };
    let (rule, before, after) = described(spec, place, mistake);
    let function = match place {
        Place::Everywhere => String::new(),
        Place::Training => "in training".into(),
        Place::Step { kernels, index } => {
            format!("dispatch {} of a step of {}", index + 1, kernels.len())
        }
    };
    let head = if function.is_empty() { String::new() } else { format!("{function}: ") };
    Mutant {
        kernel: spec.name,
        rule,
        by_hand: false,
        function,
        line: 0,
        before: head.clone() + &before,
        after: head + &after,
        source: spec.source().to_owned(),
        launch: Some(launch),
    }
}

/// The rule, and in words what is right and what is there.
fn described(spec: &KernelSpec, place: Place, mistake: Mistake) -> (&'static str, String, String) {
    let other = |name: &str, off| match off {
        Off::More => format!("{name} + 1"),
        Off::Less => format!("{name} - 1"),
        Off::Zero => "0".into(),
    };
    let twice = |name: &str| format!("{name}, {name}");
    match mistake {
        Mistake::Count { dimension, off } => {
            let name = format!("workgroup_count.{}", ["x", "y", "z"][dimension]);
            ("workgroup count changed", name.clone(), other(&name, off))
        }
        Mistake::Word { index, off } => {
            let name = format!("params.{}", spec.params[index].name);
            ("parameter changed", name.clone(), other(&name, off))
        }
        Mistake::Bindings([one, other]) => {
            let [one, other] = [one, other].map(|number| spec.bindings[number + 1].name);
            ("bindings exchanged", format!("{one}, {other}"), format!("{other}, {one}"))
        }
        Mistake::LeftOut => ("dispatch left out", spec.name.into(), "nothing".into()),
        Mistake::Doubled => ("dispatch doubled", spec.name.into(), twice(spec.name)),
        Mistake::Late => {
            let Place::Step { kernels, index } = place else { panic!("only a step has an order") };
            let after = format!("{} behind the next, {}", spec.name, kernels[index + 1]);
            ("dispatches exchanged", spec.name.into(), after)
        }
    }
}
