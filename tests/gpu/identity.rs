//! What must be the same everywhere, as the device and the command have it: the figures are those of
//! `tests/figures`, which says where they are from.

use std::path::Path;

use parity::numeric::Stream;
use parity::sweep::{Chunk, EnsemblePlan, Population, Starts};
use parity::task::{Dataset, Init, Method, Recipe};
use serde_json::Value;

use crate::figures::{DRAWS, SQUARE_ANSWERS, SQUARE_LOSS, check_uniform, tensor};
use crate::harness::{gpu, json};

fn population(layers: &str, init: Init) -> Population {
    let sizes: parity::task::LayerSizes = layers.parse().expect("a network");
    let data = Dataset::parity(u32::try_from(sizes.input_size()).expect("few")).expect("data");
    Population::new(Recipe::new(data, sizes, Method::PLAIN, 1).expect("a recipe"), init)
}

#[test]
fn the_device_draws_for_members_of_more_than_24_bits_what_philox_says() {
    for (seed, member, steps) in DRAWS {
        let (networks, vary, sample) = (1 << 32, vec![], vec![]);
        let population = population("2-2-1", Init::Uniform);
        let plan = EnsemblePlan { population, networks, seed, vary, sample };
        let (start, _) = pollster::block_on(plan.start_of(gpu(), member)).expect("a start");
        let found: Vec<f64> = start.values().map(|value| 8_388_608.0 * f64::from(value)).collect();
        assert_eq!(found, steps.map(f64::from), "seed {seed}, member {member}");
    }
}

/// All numbers in a value, in their order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

#[test]
fn the_command_starts_members_of_more_than_24_bits_where_philox_says() {
    // The command takes numbers of 32 bits.
    for (seed, member, steps) in DRAWS.into_iter().filter(|(_, member, _)| *member < 1 << 32) {
        let [seed, member] = [seed.to_string(), member.to_string()];
        let init = ["--init", "uniform", "--steps", "1"];
        let report =
            json(&[&["train", "--json", "--seed", &seed, "--member", &member], &init[..]].concat());
        let values = &report["start"]["values"];
        let found: Vec<f64> = ["0.weight", "0.bias", "2.weight", "2.bias"]
            .into_iter()
            .flat_map(|name| numbers(&values[name]))
            .map(|value| 8_388_608.0 * value)
            .collect();
        assert_eq!(found, steps.map(f64::from), "seed {seed}, member {member}");
    }
}

/// By steps that change nothing.
#[test]
fn the_command_answers_with_square_weights_as_elsewhere_and_writes_them_as_they_were() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/square_3-3-3-1.safetensors");
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("saved.safetensors");
    let report = json(&[
        "train",
        "--json",
        "--init-from",
        case.to_str().expect("text"),
        "--save",
        saved.to_str().expect("text"),
        "--layers=3-3-3-1",
        "--bits=3",
        "--steps=1",
        "--learning-rate=1e-30",
    ]);
    for (row, (found, expected)) in
        numbers(&report["predictions"]).into_iter().zip(SQUARE_ANSWERS).enumerate()
    {
        assert!((found - expected).abs() < 1e-6, "row {row}: {found}, expected {expected}");
    }
    let loss = report["final_loss"].as_f64().expect("a number");
    assert!((loss - SQUARE_LOSS).abs() < 1e-6, "{loss}");
    let original = std::fs::read(case).expect("it is there");
    let saved = std::fs::read(saved).expect("it is there");
    for name in ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"] {
        let values = tensor(&original, name);
        assert_eq!(tensor(&saved, name), values, "{name}");
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        assert_eq!(numbers(&report["start"]["values"][name]), values, "{name}");
    }
}

#[test]
fn starts_on_the_device_fill_the_bounds_of_their_law() {
    const COUNT: usize = 2_000;
    for (init, extents) in
        [(Init::Torch, [1.0 / 3.0_f64.sqrt(), 1.0 / 5.0_f64.sqrt()]), (Init::Uniform, [1.0; 2])]
    {
        let population = population("3-5-1", init);
        let mut starts = Starts::new(2, COUNT, 1.0);
        for (index, member) in (0..COUNT).zip(0..) {
            starts.draw(index, Stream::new(11).of_member(member), 1.0);
        }
        let mut chunk = pollster::block_on(Chunk::new(gpu(), &population, COUNT)).expect("room");
        pollster::block_on(chunk.start(&starts)).expect("a start");
        let all = pollster::block_on(chunk.all_parameters()).expect("parameters");
        let rows = |from: usize, to: usize| &all[from * COUNT..to * COUNT];
        check_uniform(&format!("{init:?}, hidden weights"), rows(0, 15), extents[0]);
        check_uniform(&format!("{init:?}, hidden biases"), rows(15, 20), extents[0]);
        check_uniform(&format!("{init:?}, output weights"), rows(20, 25), extents[1]);
        check_uniform(&format!("{init:?}, output bias"), rows(25, 26), extents[1]);
    }
}
