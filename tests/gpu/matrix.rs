//! Combinations of what a recipe can say, each run: every pair of values that goes together occurs.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use parity::task::Method;
use parity::train::{
    Agreement, Engine, Fused, Layered, LoopLimit, Outcome, Plan, Products, Verdict, reference,
};
use parity::verify::matrix::{Cell, cells};
use pollster::block_on;

use crate::harness::gpu;

/// The most runs that the pairs may take.
const MOST_RUNS: usize = 80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Epilogues,
    Fused,
}

struct Run {
    cell: Cell,
    form: Form,
    /// Pairs of values of different dimensions, the engine among these.
    pairs: BTreeSet<(String, String)>,
}

impl Run {
    fn new(cell: Cell, form: Form) -> Self {
        let Method { hidden_activation, output_activation, loss, backprop, rounding, .. } =
            cell.method;
        let values = [
            cell.network.into(),
            format!("{hidden_activation:?} hidden"),
            format!("{output_activation:?} output"),
            format!("{loss:?}"),
            format!("{:?}", cell.coding),
            format!("{:?}", cell.method.schedule),
            format!("{:?}", cell.method.optimizer),
            format!("{rounding:?}"),
            format!("{backprop:?}"),
            format!("{form:?}"),
        ];
        let pair = |(index, one): (usize, &String)| {
            let others = values[index + 1..].iter();
            others.map(|other| (one.clone(), other.clone())).collect::<Vec<_>>()
        };
        let pairs = values.iter().enumerate().flat_map(pair).collect();
        Self { cell, form, pairs }
    }
}

/// All runs that an engine takes.
fn runs() -> Vec<Run> {
    let mut runs = vec![];
    for cell in cells() {
        let Ok(recipe) = cell.recipe() else { continue };
        for form in [Form::Plain, Form::Epilogues, Form::Fused] {
            let engine = if form == Form::Fused { Engine::Fused } else { Engine::Layered };
            if engine.resolve(&recipe).is_ok() {
                runs.push(Run::new(cell.clone(), form));
            }
        }
    }
    runs
}

/// As few as a greedy choice finds, in which every pair of the others occurs.
fn covering(runs: Vec<Run>) -> Vec<Run> {
    let mut missing: BTreeSet<_> = runs.iter().flat_map(|run| run.pairs.clone()).collect();
    let mut rest = runs;
    let mut chosen = vec![];
    while !missing.is_empty() {
        let gain = |run: &Run| run.pairs.intersection(&missing).count();
        let best = (0..rest.len()).max_by_key(|&index| gain(&rest[index])).expect("a run");
        let run = rest.swap_remove(best);
        missing.retain(|pair| !run.pairs.contains(pair));
        chosen.push(run);
    }
    chosen
}

fn train(plan: &Plan, form: Form) -> Outcome {
    let go_on = &mut |_| ControlFlow::Continue(());
    let products = match form {
        Form::Plain => Products::Plain,
        Form::Epilogues => Products::Epilogues,
        Form::Fused => {
            let fused =
                async { Fused::new(gpu(), plan, LoopLimit::Hopeful).await?.train(go_on).await };
            return block_on(fused).expect("a run");
        }
    };
    let layered = async { Layered::with_products(gpu(), plan, products).await?.train(go_on).await };
    block_on(layered).expect("a run")
}

#[test]
fn every_pair_of_what_a_recipe_can_say_is_run_and_agrees_with_the_reference() {
    let chosen = covering(runs());
    assert!((16..=MOST_RUNS).contains(&chosen.len()), "{} runs", chosen.len());
    for Run { cell, form, .. } in &chosen {
        let recipe = cell.recipe().expect("a recipe");
        let plan = Cell::plan(recipe).expect("a plan");
        let outcome = train(&plan, *form);
        let go_on = || ControlFlow::Continue(());
        let cpu_f32 = reference::<f32>(&plan, &go_on).expect("a run");
        let cpu_f64 = reference::<f64>(&plan, &go_on).expect("a run");
        let agreement = Agreement::of(&plan, &outcome, &cpu_f32, &cpu_f64);
        assert_eq!(agreement.verdict, Verdict::Agree, "{cell:?}, {form:?}: {agreement:?}");
    }
}
