//! The reference against PyTorch, and `f32` against `f64`.

use std::path::Path;

use parity::cpu::Reference;
use parity::numeric::Scalar;
use parity::task::{Dataset, Method, state_dict};

use crate::golden::{self, Golden};

/// Both are float64 with its 2⁻⁵³; what separates them is the order of their sums, magnified by
/// 10,000 steps.
const RELATIVE: f64 = 1e-9;

fn check(what: &str, found: f64, expected: f64) {
    // A hinge loss comes to 0.
    let deviation = (found - expected).abs() / expected.abs().max(f64::MIN_POSITIVE);
    assert!(deviation <= RELATIVE, "{what}: {found}, PyTorch has {expected}: {deviation:e} apart");
}

/// The loss before each update at a mark, and the network after the last.
fn run<S: Scalar>(golden: &Golden) -> (Vec<f64>, Reference<S>) {
    let plan = &golden.plan;
    let mut network = Reference::<S>::new(&plan.recipe.data, plan.recipe.method, &plan.start);
    let losses: Vec<f64> = (0..plan.recipe.steps).map(|_| network.step().to_f64()).collect();
    let at = |mark| losses[usize::try_from(mark).expect("it fits")];
    (plan.marks().map(at).collect(), network)
}

#[test]
fn the_reference_stays_as_close_to_the_truth_as_pytorch_float32() {
    for golden in golden::all() {
        golden.assert_close(&run::<f32>(&golden).0);
    }
}

/// 65,536 rows: term by term their sums in `f32` were 1.7e-4 off after three steps.
#[test]
fn sums_of_many_rows_stay_within_2e_5_of_f64() {
    let data = Dataset::parity(16).expect("data");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/big_16-64-1.safetensors");
    let sizes = "16-64-1".parse().expect("a network");
    let start = state_dict::load(&path, &sizes).expect("a network").parameters;
    let mut f32 = Reference::<f32>::new(&data, Method::sgd(1.0), &start);
    let mut f64 = Reference::<f64>::new(&data, Method::sgd(1.0), &start);
    for step in 0..4 {
        let deviation = (f32.step().to_f64() - f64.step()).abs();
        assert!(deviation <= 2e-5, "step {step}: {deviation:e}");
    }
}

#[test]
fn the_reference_repeats_pytorch_in_float64() {
    for golden in golden::all() {
        let (losses, mut network) = run::<f64>(&golden);
        let expected = &golden.float64;
        let marks = losses.iter().zip(&expected.losses).take(golden.comparable);
        for (mark, (&found, &expected)) in marks.enumerate() {
            check(&format!("{}, mark {mark}", golden.name), found, expected);
        }
        if golden.ends_comparable() {
            check(&golden.name, network.forward(), expected.final_loss);
            for (&found, &expected) in network.probabilities().iter().zip(&expected.probabilities) {
                check(&golden.name, found, expected);
            }
        }
    }
}

/// What accepts a run accepts one at its limit, and none beyond, at any mark and to either side.
#[test]
fn a_run_is_close_up_to_its_limit_and_no_further() {
    for golden in golden::all() {
        let is_close = |mark: usize, change: f64| {
            let mut losses = golden.float64.losses.clone();
            losses[mark] += change;
            std::panic::catch_unwind(|| golden.assert_close(&losses)).is_ok()
        };
        for mark in [0, 40, golden.comparable - 1].map(|mark| mark.min(golden.comparable - 1)) {
            for sign in [1.0, -1.0] {
                let limit = sign * golden.limit(mark);
                assert!(!is_close(mark, 1.001 * limit), "{}, mark {mark}", golden.name);
                assert!(is_close(mark, 0.999 * limit), "{}, mark {mark}", golden.name);
            }
        }
    }
}
