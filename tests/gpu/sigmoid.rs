use parity::cpu::sigmoid::sigmoid as twin;
use parity::gpu::Kernel;
use parity::kernels::sigmoid;
use parity::scalar::Enclosure;

use crate::harness::{LENGTHS, Output, assert_within, exact, gpu, input, run, values};

fn check(case: &str, pre_activations: &[f32]) -> Vec<f32> {
    let out = Output::poisoned(pre_activations.len());
    let dispatch = pollster::block_on(async {
        let kernel = Kernel::new(gpu(), &sigmoid::SPEC, &[]).await?;
        sigmoid::dispatch(gpu(), &kernel, [&input(pre_activations), &out.tensor]).await
    });
    run(&[dispatch.expect("it binds")]);
    let mut expected = vec![Enclosure::new(0.0, 0.0); pre_activations.len()];
    twin(&exact(pre_activations), &mut expected);
    let found = out.read();
    assert_within(case, &found, &expected);
    found
}

#[test]
fn sigmoid_matches_its_twin_on_ragged_lengths() {
    for len in LENGTHS {
        check(&format!("sigmoid [{len}]"), &values(1, len));
    }
}

#[test]
fn sigmoid_stays_right_from_one_saturation_to_the_other() {
    let grid: Vec<f32> = (-9_000_i16..=9_000).map(|step| f32::from(step) / 100.0).collect();
    check("sigmoid from −90 to 90", &grid);
    let finite = check("sigmoid of the largest numbers", &[f32::MAX, f32::MIN, 1e4, -1e4]);
    assert_eq!(finite, [1.0, 0.0, 1.0, 0.0]);
}

#[test]
fn sigmoid_is_symmetric_where_its_formula_changes() {
    let around = [1.499_999_9, 1.5, 1.500_000_1, 0.0, -0.0, 1e-30];
    let mirrored = around.map(|z: f32| -z);
    let right = check("sigmoid around 3/2", &around);
    let left = check("sigmoid around −3/2", &mirrored);
    for (right, left) in right.iter().zip(&left) {
        assert!((right + left - 1.0).abs() <= f32::EPSILON / 2.0, "{right} + {left}");
    }
}
