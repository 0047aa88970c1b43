//! `parity verify`: what it says of a device that is right, and of kernels that are wrong.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Output};

use parity::gpu::Gpu;
use parity::kernels::{activation_grad, probe_arithmetic, sgd_update, train_invocation};
use parity::task::{Dataset, Init, Method, Parameters, Preset, state_dict};
use parity::train::Plan;
use parity::verify::{
    Effort, EngineForm, Failure, Request, Section, Trial, Unchecked, Verification, by_arithmetic,
    lockstep, on_device, verify,
};
use pollster::block_on;
use serde_json::{Value, json};

use crate::harness::{gpu, open};

fn parity(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    command.arg("verify").args(arguments).output().expect("the binary is there")
}

fn found(gpu: &Gpu, layers: &str, kernel: Option<&str>) -> Verification {
    let sizes = layers.parse().expect("a network");
    let start = Parameters::initialise(&sizes, Init::Torch, 48);
    let plan = plan(Method::sgd(1.0), start).with_steps(60);
    let effort = Effort { seed: 1, cases: 100, quick: true, thorough: false };
    let request = Request {
        plan,
        effort,
        every: None,
        kernels: kernel.map(String::from).into_iter().collect(),
    };
    let go_on = &mut |_, _, _| ControlFlow::Continue(());
    pollster::block_on(verify(gpu, &request, go_on)).expect("the device goes on")
}

#[test]
fn a_right_device_passes_with_figures_that_are_no_zeros() {
    let output = parity(&["--quick", "--json", "--steps", "300", "--cases", "500"]);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["passed"], true);
    let repeated =
        ["bits", "init", "learning_rate", "seed", "steps", "cases"].map(|key| &report[key]);
    assert_eq!(
        Value::from(repeated.map(Clone::clone).to_vec()),
        json!([2, "torch", 1.0, 48, 300, 500])
    );
    assert_eq!(report["start"]["values"].as_object().map(serde_json::Map::len), Some(4));
    for run in report["lockstep"].as_array().expect("runs") {
        let share = run["worst_share"].as_f64().expect("a share");
        assert!(share > 0.01 && share <= 1.0, "{run}");
        assert!(run["checked"].as_u64().expect("a count") >= 60, "{run}");
    }
    assert_eq!(report["lockstep"].as_array().map(Vec::len), Some(4));
    assert_eq!(report["engines"]["members"], 3);
}

#[test]
fn a_rule_whose_gradient_is_wrong_fails_in_words() {
    let output = parity(&["--preset", "backprop", "--quick", "--steps", "50", "--cases", "100"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("lacks the derivative of its sigmoid"), "{text}");
    assert!(text.contains("--preset backprop --quick --steps 50 --cases 100"), "{text}");
    let arguments = ["--preset", "backprop-corrected", "--quick", "--steps", "50"];
    assert!(parity(&arguments).status.success());
}

fn plan(method: Method, start: Parameters) -> Plan {
    let data = Dataset::parity(2).expect("XOR");
    Plan::new(data, method, start, 20, u64::MAX).expect("a plan")
}

/// Gradients and lockstep of the engines that can run the plan: what could not be checked.
fn check(plan: &Plan) -> Result<Vec<Unchecked>, Failure> {
    let effort = Effort { seed: 1, cases: 100, quick: true, thorough: false };
    let mut trial = Trial::new(gpu(), "backward pass", effort);
    let (mut gradients, failure) = by_arithmetic(&mut trial, plan, 1);
    failure.map_or(Ok(()), Err)?;
    let takes_all = parity::train::Engine::fused_kernel(&plan.recipe).is_ok();
    let engines = [EngineForm::Layered, EngineForm::Epilogues, EngineForm::Fused];
    for engine in engines.into_iter().take(if takes_all { 3 } else { 2 }) {
        block_on(on_device(&mut trial, plan, engine, &mut gradients))?;
        let go_on = &mut |_| ControlFlow::Continue(());
        block_on(lockstep(&mut trial, plan, engine, 3, go_on))?;
    }
    Ok(trial.unchecked)
}

#[test]
fn a_right_device_is_not_wrong_where_a_tolerance_was_no_number() {
    let sizes = "2-2-1".parse().expect("a network");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let drawn = Parameters::initialise(&sizes, Init::Torch, 48);
    let from =
        |file: &str| state_dict::load(&folder.join(file), &sizes).expect("a network").parameters;
    let by_hand = |rate| Preset::BackpropCorrected.method().with_learning_rate(rate);
    let saturated = from("saturated_by_training_seed3_lr100.safetensors");
    let mut far = drawn.clone();
    far.layers[1].bias[0] = 1e9;
    for (name, plan) in [
        ("a saturated output", plan(Method::sgd(1.0), saturated.clone())),
        ("a logit of 200", plan(Method::sgd(1.0), from("logit_plus_200.safetensors"))),
        ("logits times 50", plan(Method::sgd(1.0), from("logit_scale_50.safetensors"))),
        ("a logit of 1e9", plan(Method::sgd(1.0), far)),
        ("an epsilon below the rounding of p(1 - p)", plan(by_hand(100.0), drawn.clone())),
        ("the same, saturated", plan(by_hand(0.1), saturated)),
        ("a large rate", plan(Method::sgd(1e30), drawn)),
    ] {
        let unchecked = check(&plan).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        assert!(unchecked.is_empty(), "{name}: {unchecked:?}");
    }
}

#[test]
fn what_could_not_be_checked_is_printed_and_counted_and_no_failure() {
    let arguments = ["--quick", "--steps", "20", "--cases", "1", "--learning-rate", "3e38"];
    let output = parity(&arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let head = "NOT CHECKED, engines: train_invocation,";
    for words in [head, "training diverges", "All that could be checked", "could not be."] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let output = parity(&[&arguments[..], &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["passed"], true);
    let entries = report["unchecked"].as_array().expect("a list");
    let values = entries.iter().map(|entry| entry["values"].as_u64().expect("a count"));
    assert_eq!(report["unchecked_values"], values.sum::<u64>());
    assert!(
        entries.iter().all(|entry| entry["reason"].as_str().is_some_and(|why| !why.is_empty()))
    );
}

#[test]
fn a_wrong_kernel_is_wrong_beside_values_that_cannot_be_checked() {
    let mut gpu = open();
    let (right, wrong) = ("params.learning_rate *", "1.001 * params.learning_rate *");
    gpu.substitute("sgd_update", sgd_update::SPEC.source().replace(right, wrong));
    let start = Parameters::initialise(&"2-2-1".parse().expect("a network"), Init::Torch, 48);
    let plan = plan(Method::sgd(3e38), start);
    let effort = Effort { seed: 1, cases: 100, quick: true, thorough: false };
    let mut trial = Trial::new(&gpu, "sgd_update", effort);
    let go_on = &mut |_| ControlFlow::Continue(());
    let failure = block_on(lockstep(&mut trial, &plan, EngineForm::Layered, 1, go_on));
    assert!(matches!(failure, Err(Failure::Fault(_))), "{failure:?}");
}

#[test]
fn a_kernel_that_is_not_there_is_a_mistake_of_the_user() {
    let output = parity(&["--kernel", "softmax"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8(output.stderr).expect("text");
    assert!(text.contains("softmax") && text.contains("activation_grad"), "{text}");
}

/// WGSL lets the `exp` of two kernels differ: a kernel that is within its bound is right, and what it
/// differs by is printed.
#[test]
fn kernels_that_differ_in_exp_are_a_habit_and_no_fault() {
    let mut gpu = open();
    let (right, wrong) = ("bitcast<u32>(exp(x))", "bitcast<u32>(1.00000095 * exp(x))");
    assert_eq!(probe_arithmetic::SPEC.source().matches(right).count(), 1);
    gpu.substitute("probe_arithmetic", probe_arithmetic::SPEC.source().replace(right, wrong));
    for kernel in ["loss", "activation", "train_invocation", "train_workgroup"] {
        let found = found(&gpu, "2-2-1", Some(kernel));
        assert!(found.troubles.is_empty(), "{kernel}: {:?}", found.troubles);
        let of_kernel = found.habits.iter().filter(|habit| habit.kernel == kernel);
        assert!(of_kernel.count() > 0, "{kernel}: {:?}", found.habits);
    }
}

/// Each section on its own notices, and names the first kernel that is wrong.
#[test]
fn a_wrong_kernel_is_named_wherever_it_is_met() {
    let mut gpu = open();
    let source = activation_grad::SPEC.source().replace("return a * (1.0 - a)", "return a");
    gpu.substitute("activation_grad", source);
    let lockstep = found(&gpu, "2-9-9-1", None);
    let of = |section| lockstep.troubles.iter().find(move |found| found.section == section);
    for section in [Section::Kernels, Section::Gradients, Section::Lockstep] {
        let fault = of(section).and_then(|trouble| trouble.fault.as_ref());
        let fault = fault.unwrap_or_else(|| panic!("{section:?}: {:?}", lockstep.troubles));
        let expected = if section == Section::Gradients { "sgd_update" } else { "activation_grad" };
        assert_eq!(fault.kernel, expected, "{section:?}");
    }
    gpu.restore();
    let restored = found(&gpu, "2-2-1", None);
    assert!(restored.troubles.is_empty(), "{:?}", restored.troubles);
}

#[test]
fn lockstep_names_the_step_and_the_parameter() {
    let mut gpu = open();
    for (spec, right, wrong) in [
        (&sgd_update::SPEC, "params.learning_rate *", "1.001 * params.learning_rate *"),
        (&train_invocation::SPEC, "= d_logit;", "= 1.001 * d_logit;"),
    ] {
        assert!(spec.source().contains(right), "{}", spec.name);
        gpu.substitute(spec.name, spec.source().replace(right, wrong));
        let found = found(&gpu, "2-2-1", None);
        let mut faults = found.troubles.iter().filter(|found| found.section == Section::Lockstep);
        let fault = faults.find_map(|trouble| trouble.fault.as_ref());
        let fault = fault.unwrap_or_else(|| panic!("{}: {:?}", spec.name, found.troubles));
        assert_eq!((&*fault.kernel, fault.step), (spec.name, Some(0)));
        assert!(["0.weight", "2.bias"].contains(&fault.tensor.as_str()), "{fault:?}");
        gpu.restore();
    }
}

/// With a kernel goes the training that launches it, and no other.
#[test]
fn a_kernel_alone_is_checked_with_what_of_training_launches_it() {
    let engines = |found: &Verification| {
        let runs = found.lockstep.iter().map(|run| run.lockstep.engine.name());
        runs.collect::<Vec<_>>()
    };
    let fused = found(gpu(), "2-2-1", Some("train_invocation"));
    assert_eq!(engines(&fused), ["fused", "fused"]);
    assert_eq!(fused.engines.map(|engines| engines.members), Some(3));
    let layered = found(gpu(), "2-2-1", Some("bias_add"));
    assert_eq!(engines(&layered), ["layered"]);
    assert!(layered.gradients.is_some_and(|gradients| gradients.directions > 0));
    let drawn = found(gpu(), "2-2-1", Some("uniform_draw"));
    assert!(drawn.lockstep.is_empty() && drawn.gradients.is_none());
    assert_eq!(drawn.engines.map(|engines| engines.members), Some(3));
    let neither = found(gpu(), "2-2-1", Some("peak_copy"));
    assert!(neither.lockstep.is_empty() && neither.engines.is_none());
}
