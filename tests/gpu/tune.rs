//! The tuner: what wins is right, and is remembered.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use parity::gpu::Gpu;
use parity::kernels::product::{Epilogue, LADDER, Shape, Transpose, Variant};
use parity::kernels::{matmul_register, matmul_subgroup};
use parity::task::{Dataset, Init, Method, Parameters};
use parity::train::{Agreement, Layered, Outcome, Plan, Products, Verdict, reference};
use parity::tune::{Found, Tuner};
use serde_json::Value;

use crate::harness::{gpu, open};

const USES: [(Transpose, Epilogue); 4] = [
    (Transpose::B, Epilogue::Sigmoid),
    (Transpose::B, Epilogue::Bias),
    (Transpose::A, Epilogue::Store),
    (Transpose::Neither, Epilogue::SigmoidGrad),
];

/// Large enough to be tried, and ragged.
const SHAPE: Shape = Shape { m: 201, n: 67, k: 35 };

fn plan(steps: u64) -> Plan {
    let sizes = "8-64-64-1".parse().expect("a network");
    let start = Parameters::initialise(&sizes, Init::Torch, 48);
    let data = Dataset::parity(8).expect("data");
    Plan::new(data, Method::sgd(0.5), start, steps, 7).expect("a plan")
}

/// How the products of a run were found, and the run.
fn run(plan: &Plan, products: Products<'_, '_>) -> (Vec<Found>, Outcome) {
    pollster::block_on(async {
        let mut layered = Layered::with_products(gpu(), plan, products).await.expect("it fits");
        let found = layered.products().iter().map(|product| product.found).collect();
        let outcome = layered.train(&mut |_| ControlFlow::Continue(())).await;
        (found, outcome.expect("a run"))
    })
}

#[test]
fn runs_of_all_kinds_agree_with_the_reference_and_what_was_tuned_is_not_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = plan(100);
    let cpu_f32 = reference::<f32>(&plan, &|| ControlFlow::Continue(())).expect("a run");
    let cpu_f64 = reference::<f64>(&plan, &|| ControlFlow::Continue(())).expect("a run");
    let tuner = || Tuner::new(gpu(), Some(folder.path()));
    let runs = [
        run(&plan, Products::Plain),
        run(&plan, Products::Epilogues),
        run(&plan, Products::Tuned(&mut tuner())),
        run(&plan, Products::Tuned(&mut tuner())),
    ];
    for (found, outcome) in &runs {
        let agreement = Agreement::of(&plan, outcome, &cpu_f32, &cpu_f64);
        assert_eq!(agreement.verdict, Verdict::Agree, "{found:?}: {agreement:?}");
    }
    let count = |run: usize, found| runs[run].0.iter().filter(|other| **other == found).count();
    assert_eq!((count(0, Found::Default), count(1, Found::Default)), (8, 8));
    assert_eq!((count(2, Found::Tuned), count(2, Found::Cache)), (3, 0), "{:?}", runs[2].0);
    assert_eq!((count(3, Found::Tuned), count(3, Found::Cache)), (0, 3), "{:?}", runs[3].0);
    let [first, second] = [&runs[2], &runs[3]].map(|(_, run)| run.parameters.sha256());
    assert_eq!(first, second, "the same variants give the same bits");
}

fn variant(
    gpu: &Gpu,
    folder: &Path,
    (transpose, epilogue): (Transpose, Epilogue),
) -> (Variant, Found) {
    let mut tuner = Tuner::new(gpu, Some(folder));
    pollster::block_on(tuner.variant(transpose, epilogue, SHAPE)).expect("one is right")
}

#[test]
fn a_winner_is_found_for_each_use_and_one_that_is_not_known_any_more_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    for product in USES {
        let (won, found) = variant(gpu(), folder.path(), product);
        assert_eq!(found, Found::Tuned);
        assert_eq!(variant(gpu(), folder.path(), product), (won, Found::Cache));
    }
    let file = folder.path().join("tuned.json");
    let text = std::fs::read_to_string(&file).expect("it was written");
    let mut entries: Vec<Value> = serde_json::from_str(&text).expect("a list");
    assert_eq!(entries.len(), USES.len());
    entries[0]["variant"] = "register 1024×1024".into();
    std::fs::write(&file, serde_json::to_string(&entries).expect("text")).expect("it is ours");
    assert_eq!(variant(gpu(), folder.path(), USES[0]).1, Found::Tuned);
    assert_eq!(variant(gpu(), folder.path(), USES[0]).1, Found::Cache);
    assert_eq!(variant(gpu(), folder.path(), USES[1]).1, Found::Cache);
}

#[test]
fn a_variant_that_computes_something_else_does_not_win() {
    for (spec, right, wrong) in [
        (
            &matmul_register::SPEC,
            "across[j].w = right(l, first + 3u",
            "across[j].w = right(l, first",
        ),
        (&matmul_subgroup::SPEC, "subgroupShuffle(own, other)", "own"),
    ] {
        let mut gpu = open();
        if !gpu.can_run(spec) {
            continue;
        }
        assert!(spec.source().contains(right), "{}", spec.name);
        gpu.substitute(spec.name, spec.source().replace(right, wrong));
        let folder = tempfile::tempdir().expect("a folder");
        for product in [USES[0], USES[3]] {
            let (won, found) = variant(&gpu, folder.path(), product);
            assert_eq!(found, Found::Tuned);
            assert_ne!(won.spec().name, spec.name, "{product:?}");
        }
    }
}

/// A shader that ends at once, and so is the fastest of all.
fn idle(source: &str) -> String {
    let main = source.find("fn main(").expect("a shader has a main");
    let (before, after) = source.split_at(main);
    let idle = ") {\n    if params.m > 0u {\n        return;\n    }\n";
    before.to_owned() + &after.replacen(") {\n", idle, 1)
}

#[test]
fn a_variant_that_does_nothing_does_not_win_however_fast_it_is() {
    for (number, variant_of) in LADDER.iter().enumerate() {
        let spec = variant_of.spec();
        let is_new = LADDER[..number].iter().all(|other| other.spec().name != spec.name);
        let mut gpu = open();
        if !(is_new && gpu.can_run(spec)) {
            continue;
        }
        gpu.substitute(spec.name, idle(spec.source()));
        let folder = tempfile::tempdir().expect("a folder");
        let (won, found) = variant(&gpu, folder.path(), USES[number % 4]);
        assert_eq!(found, Found::Tuned);
        assert_ne!(won.spec().name, spec.name);
    }
}

#[test]
fn the_command_tunes_once_and_not_at_all_if_it_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
        command.args(["train", "--bits", "8", "--layers", "8-64-64-1", "--steps", "2", "--json"]);
        command.args(more).env("PARITY_CACHE", folder.path());
        let output = command.output().expect("it starts");
        assert!(output.status.success(), "{output:?}");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let products = report["products"].as_array().expect("products").clone();
        products
            .iter()
            .map(|product| product["found"].as_str().expect("a word").to_owned())
            .collect()
    };
    let none: Vec<String> = run(&["--no-tune"]);
    assert!(none.iter().all(|found| found == "default"), "{none:?}");
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
    let first: Vec<String> = run(&[]);
    assert!(first.iter().any(|found| found == "tuned"), "{first:?}");
    let second: Vec<String> = run(&[]);
    assert!(second.iter().any(|found| found == "cache"), "{second:?}");
    assert!(second.iter().all(|found| found != "tuned"), "{second:?}");
}
