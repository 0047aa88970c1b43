//! What must be the same everywhere, by figures that were computed elsewhere: initial parameters,
//! a file in PyTorch's format with what its network answers, and tables of parity.

use std::path::Path;

use parity::cpu::Reference;
use parity::file::sha256;
use parity::numeric::Stream;
use parity::task::{Dataset, Init, LayerSizes, Method, Parameters, state_dict};

use crate::figures::{DRAWS, SQUARE_ANSWERS, SQUARE_LOSS, check_uniform, tensor};

#[test]
fn members_of_more_than_24_bits_draw_what_philox_says() {
    for (seed, member, steps) in DRAWS {
        let stream = Stream::new(seed).of_member(member);
        for (index, step) in (0..).zip(steps) {
            let found = f64::from(stream.uniform(index)) * 8_388_608.0;
            assert_eq!(found, f64::from(step), "seed {seed}, member {member}, draw {index}");
        }
    }
}

/// The file was written byte by byte by a Python program, in the order in which PyTorch's
/// `save_file` puts tensors; its two square weights are no mirror of themselves.
const SQUARE: &str = "square_3-3-3-1.safetensors";

fn square() -> Parameters {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(SQUARE);
    let sizes: LayerSizes = "3-3-3-1".parse().expect("a network");
    state_dict::load(&path, &sizes).expect("it is good").parameters
}

#[test]
fn square_weights_of_a_file_are_rows_of_outputs_and_answer_as_elsewhere() {
    let parameters = square();
    let [first, second, _] = &parameters.layers[..] else { panic!("three layers") };
    assert_eq!(first.weight, [1.25, -2.5, 0.75, 3.5, 0.125, -1.625, -0.375, 2.25, 4.5]);
    assert_eq!(second.weight, [-3.25, 1.5, 2.75, 0.625, -4.125, 1.875, 2.125, 3.75, -0.875]);
    let data = Dataset::parity(3).expect("data");
    let mut network = Reference::<f64>::new(&data, Method::sgd(1.0), &parameters);
    let loss = network.forward();
    assert!((loss - SQUARE_LOSS).abs() < 1e-13, "{loss}");
    for (row, (&found, expected)) in network.probabilities().iter().zip(SQUARE_ANSWERS).enumerate()
    {
        assert!((found - expected).abs() < 1e-13, "row {row}: {found}, expected {expected}");
    }
}

#[test]
fn square_weights_are_written_as_they_were_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("saved.safetensors");
    state_dict::save(&path, &square()).expect("it is writable");
    let saved = std::fs::read(path).expect("it is there");
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(SQUARE);
    let original = std::fs::read(case).expect("it is there");
    let weight = tensor(&saved, "2.weight");
    assert_eq!(weight, [-3.25, 1.5, 2.75, 0.625, -4.125, 1.875, 2.125, 3.75, -0.875]);
    for layer in ["0", "2", "4"] {
        for name in [format!("{layer}.weight"), format!("{layer}.bias")] {
            assert_eq!(tensor(&saved, &name), tensor(&original, &name), "{name}");
        }
    }
}

/// Targets in counting order: the first terms of the sequence of Thue and Morse (OEIS A010060).
const THUE_MORSE: &str = concat!(
    "0110100110010110100101100110100110010110011010010110100110010110",
    "1001011001101001011010011001011001101001100101101001011001101001",
    "1001011001101001011010011001011001101001100101101001011001101001",
    "0110100110010110100101100110100110010110011010010110100110010110",
);

/// Patterns and targets as lines such as `00101 0`.
fn table(bits: u32) -> String {
    let data = Dataset::parity(bits).expect("data");
    let digit = |value: &f32| match *value {
        0.0 => '0',
        1.0 => '1',
        other => panic!("{other} is no bit"),
    };
    let rows = data.inputs.chunks_exact(data.input_size).zip(&data.targets);
    let line = |(row, target): (&[f32], &f32)| {
        format!("{} {}\n", row.iter().map(digit).collect::<String>(), digit(target))
    };
    rows.map(line).collect::<Vec<_>>().concat()
}

#[test]
fn tables_of_parity_are_those_of_counting() {
    for bits in [2, 3, 5, 8] {
        let rows = (0..1_u32 << bits).zip(THUE_MORSE.chars());
        let line = |(row, odd)| format!("{row:0width$b} {odd}\n", width = bits as usize);
        let expected = rows.map(line).collect::<Vec<_>>().concat();
        assert_eq!(table(bits), expected, "{bits} bits");
    }
    // Python: hashlib.sha256("".join(f"{r:016b} {r.bit_count() % 2}\n" for r in range(65536))…)
    for (bits, hash) in [
        (8, "4c8cc65d77b1d30042df767751e14f0c52877b1976f6e6330a10e2334c2dc914"),
        (16, "65d27eeac7c317c8d4ac2f62e3fa7bcfd8cf9dea0cd700a847d33669812c1035"),
    ] {
        assert_eq!(sha256(table(bits).as_bytes()), hash, "{bits} bits");
    }
}

#[test]
fn starting_parameters_fill_the_bounds_of_their_law() {
    let sizes: LayerSizes = "16-64-4-1".parse().expect("a network");
    for (init, extents) in [(Init::Torch, [0.25, 0.125, 0.5]), (Init::Uniform, [1.0; 3])] {
        let starts: Vec<_> =
            (0..150).map(|seed| Parameters::initialise(&sizes, init, seed)).collect();
        for (layer, extent) in extents.into_iter().enumerate() {
            let all = |of: fn(&parity::task::Layer) -> &Vec<f32>| -> Vec<f32> {
                starts.iter().flat_map(|start| of(&start.layers[layer])).copied().collect()
            };
            check_uniform(&format!("{init:?}, {layer}, weights"), &all(|of| &of.weight), extent);
            check_uniform(&format!("{init:?}, {layer}, biases"), &all(|of| &of.bias), extent);
        }
    }
}
