//! Which engine takes what, and that each combination is taken or refused by name.

use std::fmt::Write;

use parity::task::{Activation, Backprop, Coding, Loss, Method, Rounding};
use parity::train::Engine;
use parity::verify::matrix::{Cell, SCHEDULES, cells, optimizers};

#[test]
fn every_combination_is_taken_or_refused_by_name() {
    let mut counts = [0; 3];
    for cell in cells() {
        let recipe = match cell.recipe() {
            Ok(recipe) => recipe,
            Err(error) => {
                assert!(error.to_string().len() > 20, "{cell:?}: {error}");
                counts[0] += 1;
                continue;
            }
        };
        let [auto, layered, fused] =
            [Engine::Auto, Engine::Layered, Engine::Fused].map(|engine| engine.resolve(&recipe));
        for resolved in [&layered, &fused] {
            let why =
                resolved.as_ref().map_or_else(|refused| refused.why.clone(), |it| it.1.clone());
            assert!(!why.is_empty(), "{cell:?}");
        }
        let expected = fused.as_ref().ok().or(layered.as_ref().ok()).map(|(engine, _)| *engine);
        assert_eq!(auto.ok().map(|(engine, _)| engine), expected, "{cell:?}");
        assert!(layered.is_ok(), "the layered engine takes all that is not measured: {cell:?}");
        counts[1 + usize::from(fused.is_ok())] += 1;
    }
    assert_eq!(counts.iter().sum::<u32>(), 5 * 2 * 16 * 3 * 6 * 2 * 2 * 3);
    assert!(counts.iter().all(|&count| count > 50), "{counts:?}");
}

/// A row of the table: what it says, and the combination.
fn rows() -> Vec<(&'static str, Cell)> {
    let sgd = Method::PLAIN;
    let squared = sgd.with_loss(Loss::SquaredError);
    let momentum = sgd.with_momentum(0.5);
    let tanh = sgd.with_activations(Activation::Tanh, Activation::Sigmoid);
    let cell = |network, method: Method| Cell { network, coding: method.loss.coding(), method };
    let hinge = sgd.with_loss(Loss::Hinge).with_activations(Activation::Relu, Activation::Identity);
    let signs = Coding::PlusMinusOne;
    let by_hand = Backprop::ByHand { hidden_derivative: true };
    vec![
        ("2-3-1, sigmoids, cross-entropy, plain rounding", cell("2-3-1", sgd)),
        ("the same, compensated", cell("2-3-1", sgd.with_rounding(Rounding::Compensated))),
        ("tanh, relu or identity in the hidden layer", cell("2-3-1", tanh)),
        (
            "tanh, relu or identity as output, with the cross-entropy",
            cell("2-3-1", sgd.with_activations(Activation::Sigmoid, Activation::Tanh)),
        ),
        (
            "the same, with the squared error",
            cell("2-3-1", squared.with_activations(Activation::Sigmoid, Activation::Tanh)),
        ),
        (
            "targets -1 and 1, tanh output, squared error",
            Cell {
                coding: signs,
                ..cell("2-3-1", squared.with_activations(Activation::Sigmoid, Activation::Tanh))
            },
        ),
        ("targets -1 and 1, sigmoid output", Cell { coding: signs, ..cell("2-3-1", squared) }),
        ("the hinge loss, identity output", cell("2-3-1", hinge)),
        ("5-9-1 with the hinge loss", cell("5-9-1", hinge)),
        ("momentum", cell("2-3-1", momentum)),
        ("momentum, compensated", cell("2-3-1", momentum.with_rounding(Rounding::Compensated))),
        ("Nesterov's momentum, weight decay", cell("2-3-1", optimizers(sgd)[3])),
        ("Adam, AdamW", cell("2-3-1", optimizers(sgd)[5])),
        (
            "Adam, compensated",
            cell("2-3-1", optimizers(sgd)[4].with_rounding(Rounding::Compensated)),
        ),
        (
            "a warm-up, a schedule of the learning rate",
            cell("2-3-1", sgd.with_schedule(SCHEDULES[1])),
        ),
        ("no hidden layer: 2-1", cell("2-1", sgd)),
        ("two hidden layers: 2-4-3-1", cell("2-4-3-1", sgd)),
        ("more of them than one invocation takes: 2-9-9-1", cell("2-9-9-1", sgd)),
        ("more than one invocation takes: 5-9-1 on 32 rows", cell("5-9-1", sgd)),
        ("5-9-1 with another activation", cell("5-9-1", tanh)),
        ("5-9-1 with the squared error", cell("5-9-1", squared)),
        ("5-9-1 with momentum", cell("5-9-1", momentum)),
        (
            "5-9-1 by Adam, with a schedule",
            cell("5-9-1", optimizers(sgd)[4].with_schedule(SCHEDULES[1])),
        ),
        ("measures of convergence (sweeps)", cell("2-3-1", sgd.measuring(true))),
        ("backpropagation by hand", cell("2-3-1", sgd.with_backprop(by_hand))),
        ("5-9-1, by hand", cell("5-9-1", sgd.with_backprop(by_hand))),
        ("backpropagation by hand, with momentum", cell("2-3-1", momentum.with_backprop(by_hand))),
    ]
}

fn table() -> String {
    let mut text = String::from("| | layered engine | fused engine |\n| --- | --- | --- |\n");
    for (what, cell) in rows() {
        let answer = |engine: Engine| match cell.recipe().map(|recipe| engine.resolve(&recipe)) {
            Err(error) => format!("no: {error}"),
            Ok(Err(refused)) => format!("no: {}", refused.why),
            Ok(Ok(_)) => "yes".into(),
        };
        let (layered, fused) = (answer(Engine::Layered), answer(Engine::Fused));
        let _ = writeln!(text, "| {what} | {layered} | {fused} |");
    }
    text
}

/// The documentation has the table that `Engine::resolve` makes.
#[test]
fn the_table_of_engines_in_the_documentation_is_what_they_say() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/engines.md");
    let text = std::fs::read_to_string(path).expect("it is there");
    let table = table();
    assert!(text.contains(&table), "docs/engines.md must have this table:\n{table}");
}
